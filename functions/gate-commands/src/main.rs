//! Lambda `gate-commands`: raises barriers and keeps passes at the controllers of lots. What it does is in the library.

use std::process::ExitCode;

use baro_gate_commands::GateCommands;

fn main() -> ExitCode {
    baro_runtime::run_events(
        async |config| GateCommands::from_config(&config),
        |commands, event| async move { commands.handle(event).await },
    )
}
