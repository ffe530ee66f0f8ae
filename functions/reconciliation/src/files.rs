//! A day's report in S3: `reconciliation/DAY/` has `report.csv` and `report.xlsx` for people and `summary.json`, which is also
//! what the next run remembers. The summary is written last and names the other two by SHA-256, so that a run that
//! breaks off leaves no report that passes for whole.

use aws_sdk_s3::{error::DisplayErrorContext, primitives::ByteStream};
use baro_domain::reconcile::DayReport;
use baro_runtime::Aws;
use jiff::civil::Date;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::{ReconcileError, sheet};

/// The bucket.
pub(crate) struct Files {
    s3: aws_sdk_s3::Client,
    bucket: String,
}

/// A report with the files that belong to it.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    report: &'a DayReport,
    #[serde(rename = "csvSha256")]
    csv: String,
    #[serde(rename = "xlsxSha256")]
    xlsx: String,
}

fn key(day: Date, name: &str) -> String {
    format!("reconciliation/{day}/{name}")
}

impl Files {
    pub(crate) fn new(aws: &Aws, bucket: &str) -> Self {
        let config =
            aws_sdk_s3::config::Builder::from(aws.as_ref()).force_path_style(aws.s3_path_style()).build();
        Self { s3: aws_sdk_s3::Client::from_conf(config), bucket: bucket.to_owned() }
    }

    /// What the last run left; `None` before the first.
    pub(crate) async fn last_report(&self, day: Date) -> Result<Option<DayReport>, ReconcileError> {
        let asked = self.s3.get_object().bucket(&self.bucket).key(key(day, "summary.json")).send().await;
        let object = match asked {
            Ok(object) => object,
            Err(error) if error.raw_response().is_some_and(|said| said.status().as_u16() == 404) => {
                return Ok(None);
            }
            Err(error) => return Err(ReconcileError::S3(DisplayErrorContext(error).to_string())),
        };
        let body = object.body.collect().await.map_err(|error| ReconcileError::S3(error.to_string()))?;
        let report = serde_json::from_slice(&body.into_bytes());
        report.map(Some).map_err(|error| ReconcileError::Report { day, cause: error.to_string() })
    }

    /// Writes a report over the last one. All files are made before the first is sent.
    pub(crate) async fn write(&self, report: &DayReport) -> Result<(), ReconcileError> {
        let sheet = sheet::sheet(report);
        let (csv, xlsx) = (sheet.csv()?, sheet.xlsx()?);
        let sha256 = |bytes: &[u8]| hex::encode(Sha256::digest(bytes));
        let written = Written { report, csv: sha256(&csv), xlsx: sha256(&xlsx) };
        let summary = serde_json::to_vec(&written)
            .map_err(|error| ReconcileError::Report { day: report.day, cause: error.to_string() })?;
        self.put(key(report.day, "report.csv"), baro_sheets::CSV, csv).await?;
        self.put(key(report.day, "report.xlsx"), baro_sheets::XLSX, xlsx).await?;
        self.put(key(report.day, "summary.json"), "application/json", summary).await
    }

    async fn put(&self, key: String, content_type: &str, bytes: Vec<u8>) -> Result<(), ReconcileError> {
        let put = self.s3.put_object().bucket(&self.bucket).key(key).content_type(content_type);
        let sent = put.body(ByteStream::from(bytes)).send().await;
        sent.map(drop).map_err(|error| ReconcileError::S3(DisplayErrorContext(error).to_string()))
    }
}
