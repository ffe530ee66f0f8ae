//! Lambda `settlement`: drafts the statements of a day. What it does is in the library.

use std::process::ExitCode;

use baro_settlement::Settlement;

fn main() -> ExitCode {
    baro_runtime::run_events(
        async |config| Settlement::from_config(&config),
        |settlement, asked| async move { settlement.run(asked).await },
    )
}
