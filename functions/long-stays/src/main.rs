//! Lambda `long-stays`: looks each hour for visits that outlast what is usual. What it does is in the library.

use std::process::ExitCode;

use baro_long_stays::LongStays;

fn main() -> ExitCode {
    baro_runtime::run_events(
        async |config| LongStays::from_config(&config),
        |long_stays, asked| async move { long_stays.run(asked).await },
    )
}
