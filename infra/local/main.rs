//! `cargo run`: starts the local cloud and stays up until it is told to end.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use baro::cli::{Cli, CloudArgs, Command};
use baro::{LocalCloud, Options, Platform, SandboxPorts, import, paths, play, workbench};
use baro_store::Directory;
use clap::Parser;
use tokio::sync::watch;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = match cli.command {
        Some(Command::Quote(args)) => workbench::quote(&args).map(|()| true),
        Some(Command::Check(args)) => workbench::check_files(&args),
        command => with_cloud(command, cli.cloud),
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

/// What a local cloud is started for.
#[tokio::main]
async fn with_cloud(command: Option<Command>, cloud: CloudArgs) -> Result<bool> {
    let told = Told::listen();
    match command {
        Some(Command::Outputs) => outputs(cloud, &told).await,
        Some(Command::ImportLots { file, dry_run }) => import_lots(cloud, &file, dry_run, &told).await,
        _ => local_cloud(cloud, &told).await,
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
async fn local_cloud(args: CloudArgs, told: &Told) -> Result<bool> {
    let options = options(&args)?;
    let progress = options.progress.clone();
    let ports = SandboxPorts {
        portone: args.portone_port,
        messengers: args.messenger_port,
        controller: args.controller_port,
    };
    let Some(platform) = told.or(Platform::start(options, ports)).await else { return Ok(true) };
    let platform = platform?;
    let lots = args.lots.unwrap_or_else(paths::daejeon_lots);
    let played = told.or(play::hour(&platform, &lots, &progress)).await;
    if let Some(Ok(played)) = &played {
        print_addresses(&platform, &played.curl);
        if !args.once {
            println!("\nCtrl-C 로 끝냅니다 · Ctrl-C ends it");
            told.wait().await;
        }
    }
    platform.stop().await?;
    played.map_or(Ok(true), |played| played.map(|played| played.true_end))
}

fn print_addresses(platform: &Platform, curl: &[String]) {
    let cloud = &platform.cloud;
    println!("\n  운전자 페이지 · driver's page   {}", cloud.front_url);
    println!("  API                            {}/v1", cloud.front_url);
    println!("  결제 샌드박스 · gateway          {}", platform.portone.url);
    println!("  메시지 샌드박스 · messages       {}/sandbox/messages", platform.messengers.url);
    println!("  차단기 샌드박스 · controller     {}/sandbox/controller", platform.controller.url);
    println!("  AWS 에뮬레이터 · emulator        {}   (log: {})\n", cloud.endpoint, cloud.log.display());
    for line in curl {
        println!("  {line}");
    }
}

async fn import_lots(args: CloudArgs, file: &Path, dry_run: bool, told: &Told) -> Result<bool> {
    let imported = import::read(file)?;
    for row in &imported.report {
        println!("{row}");
    }
    println!("{}", imported.summary());
    if !dry_run {
        let Some(cloud) = told.or(LocalCloud::start(options(&args)?)).await else { return Ok(false) };
        let cloud = cloud?;
        let directory = Directory::new(cloud.clients.dynamodb.clone(), cloud.output("DirectoryTable")?);
        let stored = told.or(import::store(&directory, &imported, now())).await;
        cloud.stop().await?;
        let Some(stored) = stored else { return Ok(false) };
        stored?;
        println!("{} lots stored", imported.lots.len());
    }
    Ok(true)
}

#[allow(clippy::disallowed_methods, reason = "a command of a person is given in real time")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

async fn outputs(args: CloudArgs, told: &Told) -> Result<bool> {
    let Some(cloud) = told.or(LocalCloud::start(options(&args)?)).await else { return Ok(false) };
    let cloud = cloud?;
    for (name, value) in &cloud.outputs {
        println!("{name}={value}");
    }
    cloud.stop().await.map(|()| true)
}

/// Whether a person or the system has told us to end: Ctrl-C, the end of the terminal, or a polite kill.
struct Told(watch::Receiver<bool>);

impl Told {
    /// Listens from now on. Told a second time, the process ends at once; what it started then ends by itself.
    fn listen() -> Self {
        let (tell, told) = watch::channel(false);
        tokio::spawn(async move {
            signal().await;
            let _ = tell.send(true);
            signal().await;
            std::process::exit(130);
        });
        Self(told)
    }

    /// Waits until it is told.
    async fn wait(&self) {
        let _ = self.0.clone().wait_for(|told| *told).await;
    }

    /// The work's result, or nothing when it was cut short.
    async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.wait() => None,
        }
    }
}

async fn signal() {
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
