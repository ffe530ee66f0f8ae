//! Lambda `stream-router`: changed items become counters and messages. What it does is in the library.

use std::process::ExitCode;

use baro_stream_router::Router;

fn main() -> ExitCode {
    baro_runtime::run_events(
        async |config| Router::from_config(&config),
        |router, event| async move { router.handle(event).await },
    )
}
