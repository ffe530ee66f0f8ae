//! Lambda `driver-api`: what a driver asks from the phone. What it does is in the library.

use std::process::ExitCode;

use baro_driver_api::{DriverApi, handle};

fn main() -> ExitCode {
    baro_runtime::run_http(DriverApi::from_config, handle)
}
