//! Lambda `gate-events`: what a gate saw, and what it is told. What it does is in the library.

use std::process::ExitCode;

use baro_gate_events::{GateEvents, handle};

fn main() -> ExitCode {
    baro_runtime::run_http(GateEvents::from_config, handle)
}
