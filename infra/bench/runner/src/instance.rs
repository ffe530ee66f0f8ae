//! One running function: its process, what it logs, what it uses.

use crate::runtime_api::{Invocation, Outcome, Poll, RuntimeApi};
use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

const START_LIMIT: Duration = Duration::from_secs(10);
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// A function that has started and polls.
pub(crate) struct Instance {
    child: Child,
    pid: u32,
    api: RuntimeApi,
    waiting: Option<Poll>,
    logged_bytes: Arc<AtomicU64>,
    invocations: u64,
    /// From the start of the process to its first poll.
    pub(crate) started_in: Duration,
}

/// What one invocation used.
pub(crate) struct Used {
    /// Time on a core, from the hand-over to the next poll.
    pub(crate) cpu: Duration,
    /// From the hand-over to the answer.
    pub(crate) wall: Duration,
    /// Bytes logged.
    pub(crate) logged_bytes: u64,
    /// Bytes of the answer.
    pub(crate) answer_bytes: u64,
    /// The answer.
    pub(crate) answer: Value,
}

/// Resident memory in KiB.
pub(crate) struct Memory {
    /// Now.
    pub(crate) resident_kib: u64,
    /// At its highest.
    pub(crate) peak_kib: u64,
}

impl Instance {
    /// Starts the binary with this environment alone and waits for its first poll.
    pub(crate) async fn start(
        binary: &Path,
        name: &str,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self> {
        let mut api = RuntimeApi::start().await?;
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .envs(environment)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        let begun = Instant::now();
        let mut child = command.spawn().with_context(|| format!("can't start {}", binary.display()))?;
        let logged_bytes = Arc::new(AtomicU64::new(0));
        if let Some(mut output) = child.stdout.take() {
            let counter = Arc::clone(&logged_bytes);
            tokio::spawn(async move {
                let mut buffer = vec![0; 8_192];
                while let Ok(read @ 1..) = output.read(&mut buffer).await {
                    counter.fetch_add(read as u64, Ordering::Relaxed);
                }
            });
        }
        let poll = tokio::select! {
            poll = api.polls.recv() => poll.context("the Runtime API has ended")?,
            status = child.wait() => bail!("{name} ended before its first poll: {}", status?),
            () = tokio::time::sleep(START_LIMIT) => bail!("{name} did not poll within {START_LIMIT:?}"),
        };
        let started_in = poll.at.duration_since(begun);
        let pid = child.id().context("the function has gone")?;
        Ok(Self { child, pid, api, waiting: Some(poll), logged_bytes, invocations: 0, started_in })
    }

    /// Hands an event over and waits for the answer and the next poll.
    pub(crate) async fn invoke(&mut self, event: String) -> Result<Used> {
        let poll = self.waiting.take().context("the function does not poll")?;
        self.invocations += 1;
        let id = format!("8476a536-e9f4-11e8-9739-{:012x}", self.invocations);
        let (cpu_before, logged_before) = (self.cpu()?, self.logged_bytes.load(Ordering::Relaxed));
        let begun = Instant::now();
        if !poll.deliver(Invocation { id, event }) {
            bail!("the function has gone");
        }
        let outcome = tokio::time::timeout(ANSWER_LIMIT, self.api.outcomes.recv()).await;
        let wall = begun.elapsed();
        let body = match outcome.map_err(|_| anyhow!("no answer within {ANSWER_LIMIT:?}"))? {
            Some(Outcome::Answer(body)) => body,
            Some(Outcome::Failure(body)) => bail!("the function failed: {}", String::from_utf8_lossy(&body)),
            None => bail!("the Runtime API has ended"),
        };
        // Until it polls again it may still use the processor for this invocation.
        self.waiting = Some(self.api.polls.recv().await.context("the function has gone")?);
        Ok(Used {
            cpu: self.cpu()?.saturating_sub(cpu_before),
            wall,
            logged_bytes: self.logged_bytes.load(Ordering::Relaxed) - logged_before,
            answer_bytes: body.len() as u64,
            answer: serde_json::from_slice(&body).context("the answer is not JSON")?,
        })
    }

    /// Time on a core of all its threads that still run, to the nanosecond (Linux: `/proc/PID/task/*/schedstat`).
    fn cpu(&self) -> Result<Duration> {
        let mut total_ns = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.pid))? {
            // A helper thread may end between the listing and the reading.
            let Ok(text) = std::fs::read_to_string(task?.path().join("schedstat")) else { continue };
            let first = text.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
            total_ns += first.context("schedstat has another form than expected")?;
        }
        Ok(Duration::from_nanos(total_ns))
    }

    /// Its memory (Linux: `/proc/PID/status`).
    pub(crate) fn memory(&self) -> Result<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let field = |name: &str| -> Result<u64> {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .with_context(|| format!("no {name}"))?;
            Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
        };
        Ok(Memory { resident_kib: field("VmRSS:")?, peak_kib: field("VmHWM:")? })
    }

    /// Ends it.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.waiting = None;
        self.child.kill().await.context("can't end the function")
    }
}
