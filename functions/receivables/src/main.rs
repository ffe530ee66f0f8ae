//! Lambda `receivables`: gives out each morning the notices of unpaid fees that are due. What it does is in the library.

use std::process::ExitCode;

use baro_receivables::Receivables;

fn main() -> ExitCode {
    baro_runtime::run_events(
        async |config| Receivables::from_config(&config),
        |receivables, asked| async move { receivables.run(asked).await },
    )
}
