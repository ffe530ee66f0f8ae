//! Companies are no guests who join by themselves: whoever runs the platform puts one into its tables once a contract is signed,
//! here as at any deployment. What it does then, it does at the members' routes with the key it is given.

use anyhow::{Context, Result, ensure};
use baro_domain::{
    AccessKey, BusinessNumber, Company, CompanyId, Member,
    member::MAX_LIMIT,
    purse::{Purse, Terms},
    visit::Payer,
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    Platform,
    play::{
        api::{Api, encoded},
        secret, token,
    },
};

/// A company with a contract.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Its id.
    pub company: CompanyId,
    /// What it proves itself with, in plain: only on this machine is it ever seen beside the company.
    pub key: String,
}

impl Contract {
    /// The company registers a plate of its fleet, up to the highest limit.
    pub async fn add_plate(&self, api: &Api, plate: &str) -> Result<()> {
        let (path, limit) = (format!("/plates/{}", encoded(plate)), json!({"limit": MAX_LIMIT}));
        api.as_member(&self.key, Method::PUT, &path, Some(&limit)).await?.ok().map(drop)
    }
}

impl Platform {
    /// Writes a new company into the Directory, and how it pays into Billing. One without [`Terms::MonthlyInvoice`] registers
    /// its card itself. The id is drawn: the state may have the same company from an earlier start.
    pub async fn sign_contract(
        &self,
        name: &str,
        business_number: &str,
        terms: Terms,
        now: Timestamp,
    ) -> Result<Contract> {
        let company = CompanyId::derive(&[business_number, &token()?]);
        let payer = Payer::Company(company.clone());
        let number = BusinessNumber::parse(business_number).context("the company's business number")?;
        let secret = secret()?;
        let key = AccessKey {
            name: "총무".to_owned(),
            secret_sha256: hex::encode(Sha256::digest(secret.as_bytes())),
        };
        let known = Company { name: name.to_owned(), business_number: number };
        let member = Member::new(payer.clone(), Some(known), key, now);
        ensure!(self.directory()?.create_member(&member).await?, "there is a company {company} already");
        if terms == Terms::MonthlyInvoice {
            let purse = Purse { terms, ..Purse::empty(payer) };
            ensure!(self.billing()?.put_purse(&purse, 0).await?, "{company} has a purse already");
        }
        Ok(Contract { key: format!("{company}.{secret}"), company })
    }
}
