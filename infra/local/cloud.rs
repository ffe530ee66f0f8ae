//! The whole local cloud as one value: start it, use its addresses, stop it. Tests and `cargo run` use the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;

use crate::clients::Clients;
use crate::deploy::{self, Deployed};
use crate::front::{Front, Origins};
use crate::functions::{self, Package};
use crate::ministack::MiniStack;
use crate::package;
use crate::ports::{Addresses, CLOUD_PORT, FRONT_PORT};
use crate::progress::Progress;
use crate::state::{PATIENCE, State};
use crate::template::Template;
use crate::{paths, python, site};

/// What a local cloud is started with.
#[derive(Debug)]
pub struct Options {
    /// The folder of the state; it survives a restart unless `fresh`.
    pub state: PathBuf,
    /// Forget the state and begin anew.
    pub fresh: bool,
    /// The ports, already reserved, so that a sandbox can be told the front door's address before the start.
    pub addresses: Addresses,
    /// Template parameters beside those the local cloud sets itself (`AwsEndpointUrl`, `Architecture`, `Stage`).
    pub parameters: BTreeMap<String, String>,
    /// Values of secrets to be put after the deployment: the template's logical id of the secret, and its JSON.
    pub secrets: BTreeMap<String, Value>,
    /// `config.json` of the site; null = as it lies in the folder.
    pub site_config: Value,
    /// How to tell what goes on.
    pub progress: Progress,
}

impl Options {
    /// The cloud of `cargo run`: lasting state, ports that stay the same from start to start.
    pub fn lasting(front_port: Option<u16>, cloud_port: Option<u16>) -> Result<Self> {
        let addresses =
            Addresses::reserve(front_port.unwrap_or(FRONT_PORT), cloud_port.unwrap_or(CLOUD_PORT))?;
        Ok(Self::with(paths::default_state(), addresses, Progress::new()))
    }

    /// A cloud of its own for a test: free ports, and a state folder that the test removes.
    pub fn for_test(state: &Path) -> Result<Self> {
        Ok(Self::with(state.to_path_buf(), Addresses::free()?, Progress::silent()))
    }

    fn with(state: PathBuf, addresses: Addresses, progress: Progress) -> Self {
        Self {
            state,
            fresh: false,
            addresses,
            parameters: BTreeMap::new(),
            secrets: BTreeMap::new(),
            site_config: Value::Null,
            progress,
        }
    }
}

/// A running local cloud.
#[derive(Debug)]
pub struct LocalCloud {
    /// The address people use.
    pub front_url: String,
    /// The API behind it, as clients on AWS without CloudFront would use it.
    pub api_url: String,
    /// The emulator's AWS endpoint.
    pub endpoint: String,
    /// The stack's outputs by name.
    pub outputs: BTreeMap<String, String>,
    /// The stack's resources: logical id → physical id.
    pub resources: BTreeMap<String, String>,
    /// SDK clients for the endpoint.
    pub clients: Clients,
    /// The file with everything the emulator and the functions print.
    pub log: PathBuf,
    /// True when the state of an earlier start was found and taken up.
    pub resumed: bool,
    front: Front,
    ministack: MiniStack,
    // Held until the emulator has ended.
    state: State,
}

impl LocalCloud {
    /// Prepares the emulator, builds the functions, deploys the template and opens the front door.
    pub async fn start(options: Options) -> Result<Self> {
        let Options { state, fresh, addresses, parameters, secrets, site_config, progress } = options;
        let (front_url, endpoint, cloud_port) =
            (addresses.front_url(), addresses.endpoint(), addresses.cloud_port);
        let state = State::take(&state, PATIENCE).await?;
        if fresh {
            state.clear()?;
        }
        let resumed = state.is_lived_in();
        let front = Front::start(addresses.front)?;
        let step = progress.step("Emulator installed");
        let python = python::environment(&paths::local(), &step).await?;
        step.done(python::MINISTACK);

        let template = Template::of_project()?;
        let names = package::function_names(&template)?;
        let step = progress.step("Functions built");
        let packages = functions::build(&names, &paths::local().join("packages"), &step).await?;
        step.done(&format!("{} functions, {} MB zipped", packages.len(), megabytes(&packages)));

        let step = progress.step("Emulator started");
        let ministack = MiniStack::start(&python, &state, cloud_port).await?;
        step.done(&endpoint);

        let step = progress.step("Template deployed");
        let clients = Clients::new(&endpoint);
        let mut all = own_parameters(&endpoint);
        all.extend(parameters);
        let packaged = package::upload(&clients.s3, &endpoint, template.clone(), &packages).await?;
        let deployed = deploy::stack(&clients.cloudformation, &packaged, &all).await?;
        deploy::complete(&clients, &template, &deployed).await?;
        put_secrets(&clients, &deployed, &secrets).await?;
        let site_bucket = output(&deployed, "SiteBucket")?;
        site::upload(&clients.s3, &paths::root().join("infra/site"), site_bucket).await?;
        if !site_config.is_null() {
            site::configure(&clients.s3, site_bucket, &site_config).await?;
        }
        let words = if deployed.changed { "resources" } else { "resources, as they were" };
        step.done(&format!("{} {words}", deployed.resources.len()));

        let api_url = format!("{endpoint}/_aws/execute-api/{}", output(&deployed, "ApiId")?);
        let distribution = output(&deployed, "SiteUrl")?.trim_start_matches("https://").to_owned();
        front.open(Origins { api: api_url.clone(), edge: endpoint.clone(), distribution });
        let log = state.log();
        let Deployed { outputs, resources, .. } = deployed;
        Ok(Self {
            front_url,
            api_url,
            endpoint,
            outputs,
            resources,
            clients,
            log,
            resumed,
            front,
            ministack,
            state,
        })
    }

    /// One of the stack's outputs. Errors: the template has none of that name.
    pub fn output(&self, name: &str) -> Result<&str> {
        self.outputs
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("the template has no output {name}"))
    }

    /// What a deployed function answers, asked as its schedule asks it. `name` is the stack's output with the function's name.
    pub async fn invoke(&self, name: &str, asked: &Value) -> Result<Value> {
        let invoked = self.clients.lambda.invoke().function_name(self.output(name)?);
        let invoked = invoked.payload(Blob::new(asked.to_string())).send().await;
        let invoked = invoked.with_context(|| format!("{name} could not be asked"))?;
        let said = invoked.payload().map(|blob| String::from_utf8_lossy(blob.as_ref())).unwrap_or_default();
        ensure!(invoked.function_error().is_none(), "{name} failed: {said}");
        Ok(serde_json::from_str(&said).unwrap_or_default())
    }

    /// Stops everything: the front door, the emulator (its state is saved), the functions.
    pub async fn stop(self) -> Result<()> {
        self.front.stop().await;
        let ended = self.ministack.stop().await;
        drop(self.state);
        ended
    }
}

/// The parameters by which the one template becomes a local one.
fn own_parameters(endpoint: &str) -> BTreeMap<String, String> {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    [("Stage", "local"), ("AwsEndpointUrl", endpoint), ("Architecture", architecture)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn output<'a>(deployed: &'a Deployed, name: &str) -> Result<&'a str> {
    deployed
        .outputs
        .get(name)
        .map(String::as_str)
        .with_context(|| format!("the template has no output {name}"))
}

async fn put_secrets(
    clients: &Clients,
    deployed: &Deployed,
    secrets: &BTreeMap<String, Value>,
) -> Result<()> {
    for (logical_id, value) in secrets {
        let id = deployed
            .resources
            .get(logical_id)
            .with_context(|| format!("the template has no secret {logical_id}"))?;
        let put = clients.secrets.put_secret_value().secret_id(id).secret_string(value.to_string());
        put.send().await.with_context(|| format!("cannot put the secret {logical_id}"))?;
    }
    Ok(())
}

fn megabytes(packages: &[Package]) -> u64 {
    let bytes: u64 = packages
        .iter()
        .filter_map(|package| std::fs::metadata(&package.zip).ok())
        .map(|file| file.len())
        .sum();
    bytes.div_ceil(1_000_000)
}
