//! Packages a template as `aws cloudformation package` does: code and nested templates go to a bucket, and the template names them
//! there. The template is otherwise left as it is.

use std::path::Path;

use anyhow::{Context, Result, bail};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::functions::Package;
use crate::ministack::REGION;
use crate::template::{Template, local_path};

/// The bucket for packages; CloudFormation does not own it.
pub const ARTIFACTS: &str = "baro-local-artifacts";

/// A template that CloudFormation can read without this machine's files.
#[derive(Debug, Clone)]
pub struct Packaged {
    /// Where the template is.
    pub url: String,
    /// SHA-256 of the packaged template: equal when nothing it names has changed.
    pub sha256: String,
}

/// The names of the functions whose code the template takes from this repository, as `CodeUri: target/lambda/NAME/` says.
pub fn function_names(template: &Template) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for function in template.resources_of("AWS::Serverless::Function") {
        let uri = function
            .property(&["CodeUri"])
            .as_str()
            .with_context(|| format!("{} has no CodeUri", function.name))?;
        let name = Path::new(uri).file_name().and_then(|name| name.to_str());
        names.push(name.with_context(|| format!("{uri} names no function"))?.to_owned());
    }
    Ok(names)
}

/// Uploads the functions' packages and all templates, and gives the address of the root template.
pub async fn upload(
    s3: &Client,
    endpoint: &str,
    template: Template,
    packages: &[Package],
) -> Result<Packaged> {
    if s3.head_bucket().bucket(ARTIFACTS).send().await.is_err() {
        let here = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(REGION))
            .build();
        let create = s3.create_bucket().bucket(ARTIFACTS).create_bucket_configuration(here);
        create.send().await.context("cannot create the bucket for packages")?;
    }
    Uploader { s3, endpoint, packages }.template(template).await
}

struct Uploader<'a> {
    s3: &'a Client,
    endpoint: &'a str,
    packages: &'a [Package],
}

impl Uploader<'_> {
    /// Uploads what the template names on this machine, then the template itself.
    async fn template(&self, mut template: Template) -> Result<Packaged> {
        for (name, nested) in template.nested()? {
            let packaged = Box::pin(self.template(nested)).await?;
            template.document_mut()["Resources"][&name]["Properties"]["TemplateURL"] =
                Value::String(packaged.url);
        }
        let functions: Vec<(String, String)> = template
            .resources_of("AWS::Serverless::Function")
            .filter_map(|function| {
                Some((function.name.to_owned(), local_path(function.property(&["CodeUri"]))?.to_owned()))
            })
            .collect();
        for (logical_id, uri) in functions {
            let name = uri.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let Some(package) = self.packages.iter().find(|package| package.name == name) else {
                bail!("{logical_id} wants the code of {uri}, and nothing of that name was built");
            };
            let key = format!("functions/{name}/{}.zip", package.sha256);
            let bytes = tokio::fs::read(&package.zip)
                .await
                .with_context(|| format!("cannot read {}", package.zip.display()))?;
            self.put(&key, bytes).await?;
            template.document_mut()["Resources"][&logical_id]["Properties"]["CodeUri"] =
                json!({"Bucket": ARTIFACTS, "Key": key});
        }
        let body =
            serde_json::to_vec(template.document()).context("the template can't be written as JSON")?;
        let sha256 = hex::encode(Sha256::digest(&body));
        let file = template.path().file_stem().and_then(|stem| stem.to_str()).unwrap_or("template");
        let key = format!("templates/{file}-{sha256}.json");
        self.put(&key, body).await?;
        Ok(Packaged { url: format!("{}/{ARTIFACTS}/{key}", self.endpoint), sha256 })
    }

    /// Puts an object whose key carries its hash: one that is there already is the same.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        if self.s3.head_object().bucket(ARTIFACTS).key(key).send().await.is_ok() {
            return Ok(());
        }
        let put = self.s3.put_object().bucket(ARTIFACTS).key(key).body(ByteStream::from(bytes));
        // The key already vouches for the content; hashing it again to sign it takes seconds in a debug build.
        put.customize()
            .disable_payload_signing()
            .send()
            .await
            .with_context(|| format!("cannot upload {key}"))?;
        Ok(())
    }
}
