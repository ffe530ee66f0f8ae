//! Lambda `payment-sync`: looks at the gateway when something moved there, and decides. What it does is in the library.

use std::process::ExitCode;

use baro_payment_sync::PaymentSync;

fn main() -> ExitCode {
    baro_runtime::run_events(
        async |config| PaymentSync::from_config(&config),
        |sync, event| async move { sync.handle(event).await },
    )
}
