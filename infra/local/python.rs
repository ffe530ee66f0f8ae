//! Finds Python and keeps a virtual environment of our own under `target/local`, with the emulator pinned in it. The person's own
//! Python installation is never changed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, anyhow, bail};
use tokio::process::Command;

use crate::progress::Step;

/// The emulator, pinned: the launcher touches its internals.
pub const MINISTACK: &str = "ministack[full]==1.5.33";
/// The oldest Python the emulator runs on.
const OLDEST: (u32, u32) = (3, 9);

/// Makes the virtual environment when it is missing or holds another version, and gives its Python.
/// Errors: no Python, too old a Python, no `venv` module, no network for the first installation.
pub async fn environment(local: &Path, step: &Step) -> Result<PathBuf> {
    tokio::fs::create_dir_all(local).await.with_context(|| format!("cannot create {}", local.display()))?;
    let _only_one_installs = lock(local.join("venv.lock")).await?;
    let folder = local.join("venv");
    let python = folder.join("bin").join("python");
    let stamp = folder.join("baro-installed");
    if tokio::fs::read_to_string(&stamp).await.is_ok_and(|installed| installed == MINISTACK)
        && python.exists()
    {
        return Ok(python);
    }
    let system = find().await?;
    step.busy_with("making a virtual environment");
    if folder.exists() {
        tokio::fs::remove_dir_all(&folder)
            .await
            .with_context(|| format!("cannot replace {}", folder.display()))?;
    }
    run(Command::new(&system).args(["-m", "venv"]).arg(&folder)).await.map_err(|error| {
        error.context("Python cannot make a virtual environment; on Debian or Ubuntu, `apt install python3-venv` adds what is missing")
    })?;
    step.busy_with(&format!("installing {MINISTACK} (once)"));
    run(Command::new(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        MINISTACK,
    ]))
    .await
    .map_err(|error| {
        error.context(format!("pip cannot install {MINISTACK}; the first start needs a package index"))
    })?;
    tokio::fs::write(&stamp, MINISTACK).await.with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

/// Waits until no other local cloud is installing.
async fn lock(path: PathBuf) -> Result<std::fs::File> {
    let locked = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::options().create(true).append(true).open(path)?;
        file.lock().map(|()| file)
    });
    locked
        .await
        .context("the wait for another installation broke off")?
        .context("cannot lock the virtual environment")
}

/// The first Python on the path that is new enough.
async fn find() -> Result<PathBuf> {
    let mut too_old = None;
    for name in ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"] {
        let Ok(output) = Command::new(name)
            .args(["-c", "import sys; print(*sys.version_info[:2])"])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
        else {
            continue;
        };
        match version(&String::from_utf8_lossy(&output.stdout)) {
            Some(found) if found >= OLDEST => return Ok(PathBuf::from(name)),
            Some(found) => too_old = Some(found),
            None => {}
        }
    }
    match too_old {
        Some((major, minor)) => {
            bail!("Python {major}.{minor} is too old for the local cloud; install Python 3.9 or newer")
        }
        None => bail!(
            "the local cloud needs Python 3.9 or newer, and there is no `python3` on the PATH; install it and start again"
        ),
    }
}

fn version(printed: &str) -> Option<(u32, u32)> {
    let (major, minor) = printed.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Runs a command to its end; on failure the error carries the last lines it wrote.
async fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.context("cannot start it")?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = said.lines().rev().take(5).collect();
    Err(anyhow!("{}: {}", output.status, last.into_iter().rev().collect::<Vec<_>>().join(" | ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_two_numbers_and_compares_as_such() {
        assert_eq!(version("3 11\n"), Some((3, 11)));
        assert!(version("3 8").unwrap() < OLDEST);
        assert_eq!(version("Python 2"), None);
    }
}
