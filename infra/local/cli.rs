//! What can be asked of the `baro` command. Without a subcommand it is the local cloud itself.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::workbench::{CheckArgs, QuoteArgs};

/// Where the payment gateway's sandbox answers.
pub const PORTONE_PORT: u16 = 8081;
/// Where the messengers' sandbox answers.
pub const MESSENGER_PORT: u16 = 8082;

/// Baro on one machine: builds, deploys and plays the whole platform.
#[derive(Debug, Parser)]
#[command(name = "baro", version, about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Something else than the local cloud.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to start the local cloud.
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// How the local cloud is started.
#[derive(Debug, Clone, Args)]
pub struct CloudArgs {
    /// End after the table, with a true exit status, instead of staying up.
    #[arg(long)]
    pub once: bool,
    /// Forget the state of earlier starts.
    #[arg(long)]
    pub fresh: bool,
    /// Port of the address people use (0: any free one) [default: 8080].
    #[arg(long)]
    pub port: Option<u16>,
    /// Folder of the state, one for each cloud that runs at a time [default: target/local/state].
    #[arg(long)]
    pub state: Option<PathBuf>,
    /// Port of the emulator behind it (0: any free one) [default: 4566].
    #[arg(long)]
    pub cloud_port: Option<u16>,
    /// Port of the payment gateway's sandbox (0: any free one).
    #[arg(long, default_value_t = PORTONE_PORT)]
    pub portone_port: u16,
    /// Port of the messengers' sandbox (0: any free one).
    #[arg(long, default_value_t = MESSENGER_PORT)]
    pub messenger_port: u16,
    /// Port of the barrier controller's sandbox (0: any free one).
    #[arg(long, default_value_t = 0)]
    pub controller_port: u16,
    /// File of the national standard whose lots are taken in [default: that of Daejeon].
    #[arg(long)]
    pub lots: Option<PathBuf>,
}

/// The other things `baro` can do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Print the addresses and names the template hands out, one `NAME=VALUE` a line, once the local cloud is deployed.
    Outputs,
    /// Take the lots of a file of the national standard (전국주차장정보표준데이터, CP949 or UTF-8) into the local cloud's Directory,
    /// with a line for each row: taken (등록), taken with a remark (비고), refused (거부) and why.
    ImportLots {
        /// The file.
        file: PathBuf,
        /// Only say what would be taken.
        #[arg(long)]
        dry_run: bool,
    },
    /// Say what a stay costs by a tariff file, line by line. Needs no cloud.
    Quote(QuoteArgs),
    /// Say whether tariff files hold together, and what their operators should know. Needs no cloud.
    Check(CheckArgs),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_subcommand_it_is_the_local_cloud() {
        let cli = Cli::try_parse_from(["baro", "--once", "--port", "0"]).unwrap();
        assert!(cli.command.is_none() && cli.cloud.once);
        assert_eq!(cli.cloud.port, Some(0));
    }
}
