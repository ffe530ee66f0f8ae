//! The folder of one local cloud's state. Only one cloud at a time may use it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What the emulator and the functions print. Whoever has it open for the emulator has the lock on it, so the folder is in use for as
/// long as an emulator writes to it, even one whose local cloud was killed and that is still saving.
const LOG: &str = "ministack.log";
/// How long an emulator that was left alone may take to save and end.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A state folder that is ours until this is dropped.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
    log: File,
}

impl State {
    /// Takes the folder, made when it is missing. Errors: another local cloud is running on it, and still is after `patience`.
    pub async fn take(folder: &Path, patience: Duration) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let path = folder.join(LOG);
        let log = File::options().create(true).append(true).open(&path);
        let log = log.with_context(|| format!("cannot write {}", path.display()))?;
        let began = Instant::now();
        loop {
            match log.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if began.elapsed() < patience => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(TryLockError::WouldBlock) => bail!(
                    "another local cloud is running on {}; end that one first (Ctrl-C in its terminal), or give this one a state of \
                     its own with `--state FOLDER`",
                    folder.display()
                ),
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", path.display()));
                }
            }
        }
        log.set_len(0).with_context(|| format!("cannot empty {}", path.display()))?;
        Ok(Self { folder: folder.to_path_buf(), log })
    }

    /// The log, for a process to write to. While it is open anywhere the folder stays taken.
    pub fn output(&self) -> Result<File> {
        self.log.try_clone().context("cannot share the log file")
    }

    /// Where the log is.
    pub fn log(&self) -> PathBuf {
        self.folder.join(LOG)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether an earlier start has left something to take up.
    pub fn is_lived_in(&self) -> bool {
        self.folder.join("services").exists()
    }

    /// Forgets everything.
    pub fn clear(&self) -> Result<()> {
        for entry in std::fs::read_dir(&self.folder)
            .with_context(|| format!("cannot list {}", self.folder.display()))?
        {
            let path = entry.context("cannot list the state")?.path();
            if path.file_name().is_some_and(|name| name == LOG) {
                continue;
            }
            let gone =
                if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            gone.with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;

    #[tokio::test]
    async fn a_second_cloud_on_the_same_state_is_refused_until_the_first_and_its_emulator_have_ended() {
        let folder = tempfile::tempdir().unwrap();
        let first = State::take(folder.path(), AT_ONCE).await.unwrap();
        let emulator = first.output().unwrap();
        let refused = State::take(folder.path(), AT_ONCE).await.unwrap_err().to_string();
        assert!(refused.contains("another local cloud") && refused.contains("--state"), "{refused}");
        drop(first);
        assert!(State::take(folder.path(), AT_ONCE).await.is_err());
        drop(emulator);
        State::take(folder.path(), AT_ONCE).await.unwrap();
    }

    #[tokio::test]
    async fn an_emulator_that_is_about_to_end_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let first = State::take(folder.path(), AT_ONCE).await.unwrap();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(first);
        });
        State::take(folder.path(), PATIENCE).await.unwrap();
    }

    #[tokio::test]
    async fn a_cleared_state_is_empty_and_still_ours() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::take(folder.path(), AT_ONCE).await.unwrap();
        std::fs::create_dir_all(folder.path().join("services/deep")).unwrap();
        std::fs::write(folder.path().join("port"), "1").unwrap();
        assert!(state.is_lived_in());
        state.clear().unwrap();
        assert!(!state.is_lived_in() && !folder.path().join("port").exists());
        assert!(State::take(folder.path(), AT_ONCE).await.is_err());
    }
}
