//! `cargo run`: starts the local cloud and stays up until it is told to end.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use baro::cli::{Cli, CloudArgs, Command};
use baro::{LocalCloud, Options, Platform, SandboxPorts, import, paths, play};
use baro_store::Directory;
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let run = async {
        match cli.command {
            Some(Command::Outputs) => outputs(cli.cloud).await.map(|()| true),
            Some(Command::ImportLots { file, dry_run }) => import_lots(cli.cloud, &file, dry_run).await,
            None => local_cloud(cli.cloud).await,
        }
    };
    let ended = tokio::select! {
        ended = run => ended,
        // During the start there is nothing to wait for: what was started ends with us.
        () = told_to_end() => Ok(true),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn options(args: &CloudArgs) -> Result<Options> {
    let mut options = Options::lasting(args.port, args.cloud_port)?;
    options.fresh = args.fresh;
    if let Some(state) = &args.state {
        options.state = std::path::absolute(state)?;
    }
    Ok(options)
}

/// Plays the scripted hour; answers whether everything came out as it must.
async fn local_cloud(args: CloudArgs) -> Result<bool> {
    let options = options(&args)?;
    let progress = options.progress.clone();
    let ports = SandboxPorts { portone: args.portone_port, messengers: args.messenger_port };
    let platform = Platform::start(options, ports).await?;
    let lots = args.lots.unwrap_or_else(paths::daejeon_lots);
    let played = play::hour(&platform, &lots, &progress).await;
    if let Ok(played) = &played {
        print_addresses(&platform, &played.curl);
        if !args.once {
            println!("\nCtrl-C 로 끝냅니다 · Ctrl-C ends it");
            told_to_end().await;
        }
    }
    platform.stop().await?;
    Ok(played?.true_end)
}

fn print_addresses(platform: &Platform, curl: &[String]) {
    let cloud = &platform.cloud;
    println!("\n  운전자 페이지 · driver's page   {}", cloud.front_url);
    println!("  API                            {}/v1", cloud.front_url);
    println!("  결제 샌드박스 · gateway          {}", platform.portone.url);
    println!("  메시지 샌드박스 · messages       {}/sandbox/messages", platform.messengers.url);
    println!("  AWS 에뮬레이터 · emulator        {}   (log: {})\n", cloud.endpoint, cloud.log.display());
    for line in curl {
        println!("  {line}");
    }
}

async fn import_lots(args: CloudArgs, file: &Path, dry_run: bool) -> Result<bool> {
    let imported = import::read(file)?;
    for remark in &imported.remarks {
        println!("{remark}");
    }
    println!("{}", imported.summary());
    if !dry_run {
        let cloud = LocalCloud::start(options(&args)?).await?;
        let directory = Directory::new(cloud.clients.dynamodb.clone(), cloud.output("DirectoryTable")?);
        let stored = import::store(&directory, &imported).await;
        cloud.stop().await?;
        stored?;
        println!("{} lots stored", imported.lots.len());
    }
    Ok(true)
}

async fn outputs(args: CloudArgs) -> Result<()> {
    let cloud = LocalCloud::start(options(&args)?).await?;
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
