//! Puts the site's assets into its bucket, with the content types that a browser needs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;

/// Uploads every file under `folder`; without the folder there is nothing to do.
pub async fn upload(s3: &Client, folder: &Path, bucket: &str) -> Result<()> {
    for file in files(folder)? {
        let key = file
            .strip_prefix(folder)
            .context("a file outside its folder")?
            .to_string_lossy()
            .replace('\\', "/");
        let body = ByteStream::from(
            tokio::fs::read(&file).await.with_context(|| format!("cannot read {}", file.display()))?,
        );
        let put = s3.put_object().bucket(bucket).key(&key).content_type(content_type(&key)).body(body);
        put.send().await.with_context(|| format!("cannot upload {key}"))?;
    }
    Ok(())
}

/// Puts the settings that a browser needs to know of this deployment.
pub async fn configure(s3: &Client, bucket: &str, config: &serde_json::Value) -> Result<()> {
    let body = ByteStream::from(config.to_string().into_bytes());
    let put = s3.put_object().bucket(bucket).key("config.json").content_type("application/json").body(body);
    put.send().await.context("cannot put the site's config.json")?;
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// The content type by the file's ending.
fn content_type(key: &str) -> &'static str {
    match key.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
