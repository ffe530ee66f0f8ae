//! Starts the emulator as a child process, waits until it answers, and stops it so that its state is saved. Nothing survives us: the
//! child watches its standard input and ends, with every function process, when we close it or die.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::process::{Child, Command};

use crate::plain;
use crate::state::State;

/// The region the local cloud says it is in.
pub const REGION: &str = "ap-northeast-2";
/// How long the emulator may take until it answers.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// How long it may take to save its state and end. The launcher itself gives up a little earlier.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
/// The program that runs inside the virtual environment.
const LAUNCHER: &str = include_str!("launcher.py");

/// A running emulator.
#[derive(Debug)]
pub struct MiniStack {
    child: Child,
    endpoint: String,
    log: PathBuf,
}

impl MiniStack {
    /// Starts the emulator on `port` with its state under `state`, and waits until it answers.
    /// Errors: it ends early or stays silent; the message carries the last lines of its log.
    pub async fn start(python: &Path, state: &State, port: u16) -> Result<Self> {
        let (log, output, state) = (state.log(), state.output()?, state.folder());
        for folder in ["services", "objects", "tmp"] {
            let folder = state.join(folder);
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        move_to_port(state, port)?;
        let launcher = state.join("launcher.py");
        std::fs::write(&launcher, LAUNCHER)
            .with_context(|| format!("cannot write {}", launcher.display()))?;
        let child = Command::new(python)
            .arg(&launcher)
            // Functions inherit this environment: nothing of the person's own AWS settings may reach them.
            .env_clear()
            .envs(kept_environment())
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            // Every call is signed and checked against the policies of its role, as on AWS.
            .env("AUTH", "true")
            .env("PERSIST_STATE", "1")
            .env("STATE_DIR", state.join("services"))
            .env("S3_PERSIST", "1")
            .env("S3_DATA_DIR", state.join("objects"))
            .env("TMPDIR", state.join("tmp"))
            .env("SFTP_ENABLED", "0")
            .env("IOT_MTLS_ENABLED", "0")
            // No container is ever needed: keep it from talking to a daemon.
            .env("DOCKER_HOST", "unix:///nonexistent/baro")
            .stdin(Stdio::piped())
            .stdout(output.try_clone().context("cannot share the log file")?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let mut started = Self { child, endpoint: format!("http://127.0.0.1:{port}"), log };
        started.wait_until_ready().await?;
        Ok(started)
    }

    /// Where the emulator listens.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Stops the emulator: it saves its state and takes the function processes along.
    pub async fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        if tokio::time::timeout(STOPPED_WITHIN, self.child.wait()).await.is_err() {
            self.child.kill().await.context("the emulator does not end")?;
            bail!(
                "the emulator did not end within {} s and was killed; its latest state is lost",
                STOPPED_WITHIN.as_secs()
            );
        }
        Ok(())
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let http = plain::client();
        let url = format!("{}/_ministack/ready", self.endpoint);
        let began = Instant::now();
        while began.elapsed() < READY_WITHIN {
            if let Some(status) = self.child.try_wait().context("cannot watch the emulator")? {
                bail!("the emulator ended at once ({status}); its log says:\n{}", self.last_lines());
            }
            if plain::get(&http, &url).await.is_ok_and(|answer| answer.status.is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        bail!(
            "the emulator does not answer after {} s; its log says:\n{}",
            READY_WITHIN.as_secs(),
            self.last_lines()
        )
    }

    fn last_lines(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(15).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// Whoever forgets to stop it, or fails on the way, still leaves nothing behind: this waits for the end.
impl Drop for MiniStack {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let began = Instant::now();
        while began.elapsed() < STOPPED_WITHIN && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The saved state names its own address in queue URLs and the like; a state that now lives at another port is told so.
fn move_to_port(state: &Path, port: u16) -> Result<()> {
    let note = state.join("port");
    let before = std::fs::read_to_string(&note).unwrap_or_default();
    if before != port.to_string() {
        for entry in std::fs::read_dir(state.join("services")).context("cannot list the saved state")? {
            let file = entry.context("cannot list the saved state")?.path();
            if before.is_empty() || file.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let moved = with_port(&text, &before, port);
            if moved != text {
                std::fs::write(&file, moved).with_context(|| format!("cannot write {}", file.display()))?;
            }
        }
    }
    std::fs::write(&note, port.to_string()).with_context(|| format!("cannot write {}", note.display()))
}

/// Replaces `localhost:BEFORE` and `127.0.0.1:BEFORE`, where no further digit follows.
fn with_port(text: &str, before: &str, port: u16) -> String {
    let mut moved = text.to_owned();
    for host in ["localhost", "127.0.0.1"] {
        let (old, new) = (format!("{host}:{before}"), format!("{host}:{port}"));
        let mut parts = moved.split(&old);
        let mut joined = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let is_longer_number = part.starts_with(|c: char| c.is_ascii_digit());
            joined.push_str(if is_longer_number { &old } else { &new });
            joined.push_str(part);
        }
        moved = joined;
    }
    moved
}

/// What a process needs of the person's environment to run at all.
fn kept_environment() -> impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)> {
    const KEPT: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH"];
    std::env::vars_os().filter(|(name, _)| KEPT.iter().any(|kept| name == kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_moves_to_another_port_takes_its_own_addresses_along_and_no_others() {
        let saved =
            r#"{"a":"http://localhost:4566/q","b":"http://127.0.0.1:4566","c":"localhost:45660","d":"4566"}"#;
        let moved =
            r#"{"a":"http://localhost:70/q","b":"http://127.0.0.1:70","c":"localhost:45660","d":"4566"}"#;
        assert_eq!(with_port(saved, "4566", 70), moved);
    }
}
