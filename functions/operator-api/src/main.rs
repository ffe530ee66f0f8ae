//! Lambda `operator-api`: what a lot's operator sees and decides. What it does is in the library.

use std::process::ExitCode;

use baro_operator_api::{OperatorApi, handle};

fn main() -> ExitCode {
    baro_runtime::run_http(OperatorApi::from_config, handle)
}
