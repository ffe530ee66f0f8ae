//! Lambda `gate-health`: looks every minute who has gone silent and whose clock is wrong. What it does is in the library.

use std::process::ExitCode;

use baro_gate_health::GateWarden;

fn main() -> ExitCode {
    baro_runtime::run_events(
        async |config| GateWarden::from_config(&config),
        |warden, _: baro_gate_health::Asked| async move { warden.run().await },
    )
}
