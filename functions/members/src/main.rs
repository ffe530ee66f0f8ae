//! Lambda `members`: drivers and companies that pay without being asked. What it does is in the library.

use std::process::ExitCode;

use baro_members::{Members, handle};

fn main() -> ExitCode {
    baro_runtime::run_http(Members::from_config, handle)
}
