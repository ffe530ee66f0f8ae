//! Lambda `tariffs`: the tariff workbench over HTTP. What it does is in the library.

use std::process::ExitCode;

use baro_tariffs::{Workbench, handle};

fn main() -> ExitCode {
    baro_runtime::run_http(Workbench::from_config, handle)
}
