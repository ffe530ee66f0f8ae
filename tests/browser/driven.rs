//! A browser that is driven: pages are opened and scripts are run in them, over Chromium's own debugging pipe.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// What has not come by then never will.
const PATIENCE: Duration = Duration::from_secs(30);
const GLANCE: Duration = Duration::from_millis(100);
/// Chromium listens at descriptor 3 and speaks at 4; a shell puts our pipes there.
const PIPED: &str = r#"exec "$@" 3<&0 4>&1 0</dev/null 1>&2"#;

/// A browser with one page.
pub(crate) struct Driven {
    _child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    calls: u64,
}

impl Driven {
    /// Starts one in Korean, with a profile of its own.
    pub(crate) async fn start(browser: &Path, profile: &Path) -> Result<Self> {
        let mut command = Command::new("sh");
        command
            .args(["-c", PIPED, "sh"])
            .arg(browser)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--lang=ko", "--accept-lang=ko", "--remote-debugging-pipe"])
            // The gateway's page stands in a frame of another origin; only a test looks into it.
            .args(["--disable-web-security", "--disable-site-isolation-trials"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let to = child.stdin.take().context("no pipe to the browser")?;
        let from = BufReader::new(child.stdout.take().context("no pipe from the browser")?);
        let mut driven = Self { _child: child, to, from, session: None, calls: 0 };
        let page = driven.call("Target.createTarget", json!({"url": "about:blank"})).await?;
        let asked = json!({"targetId": page["targetId"], "flatten": true});
        let attached = driven.call("Target.attachToTarget", asked).await?;
        driven.session = attached["sessionId"].as_str().map(str::to_owned);
        Ok(driven)
    }

    async fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).await?;
        let answer = async {
            loop {
                let mut bytes = Vec::new();
                ensure!(self.from.read_until(0, &mut bytes).await? > 0, "the browser has gone");
                bytes.pop();
                let answer: Value = serde_json::from_slice(&bytes)?;
                if answer["id"] == id {
                    return Ok(answer);
                }
            }
        };
        let answer = tokio::time::timeout(PATIENCE, answer).await.context("the browser is silent")??;
        ensure!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        Ok(answer["result"].clone())
    }

    /// Opens an address.
    pub(crate) async fn open(&mut self, url: &str) -> Result<()> {
        self.call("Page.navigate", json!({"url": url})).await.map(drop)
    }

    /// What an expression is in the page.
    pub(crate) async fn eval(&mut self, expression: &str) -> Result<Value> {
        let asked = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.call("Runtime.evaluate", asked).await?;
        ensure!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        Ok(answer["result"]["value"].clone())
    }

    /// Waits until an expression is true in the page; what a missing element throws is a no.
    pub(crate) async fn until(&mut self, expression: &str) -> Result<()> {
        let began = std::time::Instant::now();
        let safe =
            format!("(() => {{ try {{ return Boolean({expression}); }} catch {{ return false; }} }})()");
        // A page that is just being left answers nothing: asked again.
        while !self.eval(&safe).await.is_ok_and(|value| value == true) {
            if began.elapsed() > PATIENCE {
                let page = self.eval("document.body.innerText").await.unwrap_or_default();
                bail!("never: {expression}\n{page}");
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }
}
