//! `cargo run`: starts the local cloud and stays up until it is told to end.

use std::process::ExitCode;

use anyhow::Result;
use baro::cli::{Cli, CloudArgs, Command};
use baro::{LocalCloud, Options};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let run = async {
        match cli.command {
            Some(Command::Outputs) => outputs(cli.cloud).await,
            None => local_cloud(cli.cloud).await,
        }
    };
    let ended = tokio::select! {
        ended = run => ended,
        // During the start there is nothing to wait for: what was started ends with us.
        () = told_to_end() => Ok(()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn start(args: &CloudArgs) -> Result<LocalCloud> {
    let mut options = Options::lasting(args.port, args.cloud_port)?;
    options.fresh = args.fresh;
    LocalCloud::start(options).await
}

async fn local_cloud(args: CloudArgs) -> Result<()> {
    let cloud = start(&args).await?;
    println!("{}", cloud.front_url);
    if !args.once {
        told_to_end().await;
    }
    cloud.stop().await
}

async fn outputs(args: CloudArgs) -> Result<()> {
    let cloud = start(&args).await?;
    for (name, value) in &cloud.outputs {
        println!("{name}={value}");
    }
    cloud.stop().await
}

/// Waits for Ctrl-C, the end of the terminal, or a polite kill.
async fn told_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = |kind| async move {
        match signal(kind) {
            Ok(mut signals) => signals.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = wait(SignalKind::interrupt()) => {}
        _ = wait(SignalKind::terminate()) => {}
        _ = wait(SignalKind::hangup()) => {}
    }
}
