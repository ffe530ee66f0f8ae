//! Lambda `occupancy`: what counters, cameras and sensors say of a lot. What it does is in the library.

use std::process::ExitCode;

use baro_occupancy::{Occupancy, handle};

fn main() -> ExitCode {
    baro_runtime::run_http(Occupancy::from_config, handle)
}
