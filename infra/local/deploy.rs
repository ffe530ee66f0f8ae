//! Brings the packaged template into the emulator with the real CloudFormation calls, and then sets what the emulator ignores.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{DisplayErrorContext, ErrorMetadata, ProvideErrorMetadata};
use aws_sdk_cloudformation::types::{Capability, Parameter, Stack, StackEvent, Tag};

use crate::clients::Clients;
use crate::package::Packaged;
use crate::template::Template;

/// The stack's name; it is the prefix of most resources' names.
pub const STACK: &str = "baro-local";
/// How long a deployment may take.
const DEPLOYED_WITHIN: Duration = Duration::from_mins(3);
/// The stack's tag that says from what it was made.
const FINGERPRINT: &str = "baro:fingerprint";

/// What a deployment came to.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// The stack's outputs by their names.
    pub outputs: BTreeMap<String, String>,
    /// The logical ids of the stack's resources and their physical ids.
    pub resources: BTreeMap<String, String>,
    /// False when the stack was already exactly this.
    pub changed: bool,
}

/// Creates or updates the stack and waits for its end. Errors: a resource that fails, with its reason.
pub async fn stack(
    client: &Client,
    packaged: &Packaged,
    parameters: &BTreeMap<String, String>,
) -> Result<Deployed> {
    let fingerprint = format!("{} {parameters:?}", packaged.sha256);
    let fingerprint = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(fingerprint));
    let mut present = describe(client).await?;
    if present.as_ref().is_some_and(is_beyond_update) {
        client.delete_stack().stack_name(STACK).send().await.context("cannot remove the failed stack")?;
        present = None;
    }
    if present.as_ref().is_some_and(|stack| status(stack).ends_with("FAILED")) {
        bail!(
            "an earlier update of the local stack broke and cannot be mended; begin anew with `cargo run -- --fresh`"
        );
    }
    let changed = !present.as_ref().is_some_and(|stack| is_made_from(stack, &fingerprint));
    if changed {
        put(client, present.is_some(), packaged, parameters, &fingerprint).await?;
        present = Some(settled(client).await?);
    }
    let stack = present.context("the stack is gone")?;
    let outputs = stack
        .outputs()
        .iter()
        .filter_map(|output| Some((output.output_key()?.to_owned(), output.output_value()?.to_owned())))
        .collect();
    Ok(Deployed { outputs, resources: resources(client).await?, changed })
}

async fn put(
    client: &Client,
    update: bool,
    packaged: &Packaged,
    parameters: &BTreeMap<String, String>,
    fingerprint: &str,
) -> Result<()> {
    let parameters: Vec<Parameter> = parameters
        .iter()
        .map(|(key, value)| Parameter::builder().parameter_key(key).parameter_value(value).build())
        .collect();
    let capabilities = vec![Capability::CapabilityNamedIam, Capability::CapabilityAutoExpand];
    let tag = Tag::builder().key(FINGERPRINT).value(fingerprint).build();
    let sent = if update {
        let request = client.update_stack().stack_name(STACK).template_url(&packaged.url).tags(tag);
        let request = request.set_parameters(Some(parameters)).set_capabilities(Some(capabilities));
        request.send().await.err().map(|error| told(error.meta(), &error))
    } else {
        let request = client.create_stack().stack_name(STACK).template_url(&packaged.url).tags(tag);
        let request = request.set_parameters(Some(parameters)).set_capabilities(Some(capabilities));
        request.send().await.err().map(|error| told(error.meta(), &error))
    };
    match sent {
        None => Ok(()),
        Some(message) if message.contains("No updates are to be performed") => Ok(()),
        Some(message) => bail!("CloudFormation refuses the template: {message}"),
    }
}

/// What the service said, or what came between when it said nothing.
fn told(meta: &ErrorMetadata, error: &(impl std::error::Error + Send + Sync)) -> String {
    meta.message().map_or_else(|| DisplayErrorContext(error).to_string(), str::to_owned)
}

/// Waits until nothing is in progress.
async fn settled(client: &Client) -> Result<Stack> {
    let began = Instant::now();
    while began.elapsed() < DEPLOYED_WITHIN {
        let stack = describe(client).await?.context("the stack vanished while it was deployed")?;
        let status = status(&stack);
        if !status.ends_with("IN_PROGRESS") {
            if matches!(status, "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
                return Ok(stack);
            }
            bail!("the deployment ended as {status}:\n{}", reasons(client, &stack).await);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("the deployment is not done after {} s", DEPLOYED_WITHIN.as_secs())
}

async fn describe(client: &Client) -> Result<Option<Stack>> {
    match client.describe_stacks().stack_name(STACK).send().await {
        Ok(answer) => Ok(answer.stacks.unwrap_or_default().into_iter().next()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.meta().message().is_some_and(|m| m.contains("does not exist"))) =>
        {
            Ok(None)
        }
        Err(error) => Err(error).context("cannot ask for the stack"),
    }
}

fn status(stack: &Stack) -> &str {
    stack.stack_status().map_or("", |status| status.as_str())
}

/// A stack whose creation failed can only be deleted.
fn is_beyond_update(stack: &Stack) -> bool {
    matches!(
        status(stack),
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" | "DELETE_COMPLETE" | "DELETE_FAILED"
    )
}

fn is_made_from(stack: &Stack, fingerprint: &str) -> bool {
    matches!(status(stack), "CREATE_COMPLETE" | "UPDATE_COMPLETE")
        && stack.tags().iter().any(|tag| tag.key() == Some(FINGERPRINT) && tag.value() == Some(fingerprint))
}

async fn resources(client: &Client) -> Result<BTreeMap<String, String>> {
    let answer = client
        .describe_stack_resources()
        .stack_name(STACK)
        .send()
        .await
        .context("cannot list the stack's resources")?;
    let pairs = answer.stack_resources().iter().filter_map(|resource| {
        Some((resource.logical_resource_id()?.to_owned(), resource.physical_resource_id()?.to_owned()))
    });
    Ok(pairs.collect())
}

/// The reasons of all failed resources, those of nested stacks included, first failure first.
async fn reasons(client: &Client, stack: &Stack) -> String {
    let mut lines = Vec::new();
    let mut stacks = vec![STACK.to_owned()];
    while let Some(name) = stacks.pop() {
        let Ok(answer) = client.describe_stack_events().stack_name(&name).send().await else { continue };
        for event in answer.stack_events().iter().rev() {
            let status = event.resource_status().map_or("", |status| status.as_str());
            if event.resource_type() == Some("AWS::CloudFormation::Stack")
                && let Some(nested) = event.physical_resource_id()
                && nested != name
                && nested != event.stack_id().unwrap_or_default()
                && !stacks.iter().any(|known| known == nested)
            {
                stacks.push(nested.to_owned());
            }
            if status.ends_with("FAILED") {
                lines.push(failure(event));
            }
        }
    }
    if lines.is_empty() {
        stack.stack_status_reason().unwrap_or("no reason given").to_owned()
    } else {
        lines.join("\n")
    }
}

fn failure(event: &StackEvent) -> String {
    format!(
        "  {} ({}): {}",
        event.logical_resource_id().unwrap_or("?"),
        event.resource_type().unwrap_or("?"),
        event.resource_status_reason().unwrap_or("no reason given")
    )
}

/// Sets what the emulator's CloudFormation ignores: the tables' time to live.
pub async fn complete(clients: &Clients, template: &Template, deployed: &Deployed) -> Result<()> {
    for table in template.resources_of("AWS::DynamoDB::Table") {
        let (Some(attribute), Some(name)) = (
            table.property(&["TimeToLiveSpecification", "AttributeName"]).as_str(),
            deployed.resources.get(table.name),
        ) else {
            continue;
        };
        let wanted = aws_sdk_dynamodb::types::TimeToLiveSpecification::builder()
            .attribute_name(attribute)
            .enabled(true)
            .build()?;
        let set = clients
            .dynamodb
            .update_time_to_live()
            .table_name(name)
            .time_to_live_specification(wanted)
            .send()
            .await;
        if let Err(error) = set {
            let message = told(error.meta(), &error);
            if !message.contains("already enabled") {
                bail!("cannot set the time to live of {name}: {message}");
            }
        }
    }
    Ok(())
}
