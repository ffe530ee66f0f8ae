//! Lambda `gate-backlog`: files what gates kept while they were offline. What it does is in the library.

use std::process::ExitCode;

use baro_gate_backlog::GateBacklog;

fn main() -> ExitCode {
    baro_runtime::run_events(
        async |config| GateBacklog::from_config(&config),
        |backlog, event| async move { backlog.handle(event).await },
    )
}
