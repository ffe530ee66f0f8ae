//! Lambda `reconciliation`: holds our books against the payment gateway's. What it does is in the library.

use std::process::ExitCode;

use baro_reconciliation::Reconciliation;

fn main() -> ExitCode {
    baro_runtime::run_events(
        async |config| Reconciliation::from_config(&config),
        |reconciliation, asked| async move { reconciliation.run(asked).await },
    )
}
