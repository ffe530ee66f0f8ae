//! The folder of one local cloud's state. Only one cloud at a time may use it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The file whose lock means that a cloud is running on the folder.
const LOCK: &str = "lock";

/// A state folder that is ours until this is dropped. The system lets go of it even when we are killed.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
    _lock: File,
}

impl State {
    /// Takes the folder, made when it is missing. Errors: another local cloud is running on it.
    pub fn take(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let path = folder.join(LOCK);
        let lock = File::options().create(true).append(true).open(&path);
        let lock = lock.with_context(|| format!("cannot write {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_path_buf(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another local cloud is running on {}; end that one first (Ctrl-C in its terminal)",
                    folder.display()
                )
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
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
            if path.file_name().is_some_and(|name| name == LOCK) {
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

    #[test]
    fn a_second_cloud_on_the_same_state_is_refused_until_the_first_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let first = State::take(folder.path()).unwrap();
        assert!(State::take(folder.path()).unwrap_err().to_string().contains("another local cloud"));
        drop(first);
        State::take(folder.path()).unwrap();
    }

    #[test]
    fn a_cleared_state_is_empty_and_still_ours() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::take(folder.path()).unwrap();
        std::fs::create_dir_all(folder.path().join("services/deep")).unwrap();
        std::fs::write(folder.path().join("port"), "1").unwrap();
        assert!(state.is_lived_in());
        state.clear().unwrap();
        assert!(!state.is_lived_in() && !folder.path().join("port").exists());
        assert!(State::take(folder.path()).is_err());
    }
}
