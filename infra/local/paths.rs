//! Where the local cloud keeps its things. Everything lives under `target/local`, so that removing `target` removes it all.

use std::path::{Path, PathBuf};

/// The root of the repository this binary was built from.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of everything the local cloud makes on this machine.
pub fn local() -> PathBuf {
    root().join("target").join("local")
}

/// The state of the cloud that `cargo run` starts; it survives a restart.
pub fn default_state() -> PathBuf {
    local().join("state")
}

/// The lots that the scripted hour plays in: Daejeon's file of the national standard, as published.
pub fn daejeon_lots() -> PathBuf {
    root().join("infra/data/parking_lots_daejeon.cp949.csv")
}
