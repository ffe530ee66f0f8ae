//! Lambda `notifier`: tells each person once, on the first channel that reaches them. What it does is in the library.

use std::process::ExitCode;

use baro_notifier::Notifier;

fn main() -> ExitCode {
    baro_runtime::run_events(
        Notifier::from_config,
        |notifier, event| async move { notifier.handle(event).await },
    )
}
