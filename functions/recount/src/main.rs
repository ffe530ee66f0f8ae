//! Lambda `recount`: counts the open visits of large lots anew, each hour. What it does is in the library.

use std::process::ExitCode;

use baro_recount::Recounter;

fn main() -> ExitCode {
    baro_runtime::run_events(
        async |config| Recounter::from_config(&config),
        |recounter, asked| async move { recounter.run(asked).await },
    )
}
