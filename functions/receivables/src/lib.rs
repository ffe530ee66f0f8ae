//! Gives out the notices of unpaid fees (미납) that are due: each is written into its receivable, whose stream brings it to a
//! person. So a notice counts exactly when it is told, and a run that is repeated gives out none twice.

use std::collections::BTreeMap;

use baro_domain::{
    LotId,
    lot::UnpaidRules,
    receivable::{Command, Receivable},
};
use baro_runtime::{Aws, Clock, Config, InitError, problem::chain};
use baro_store::{Billing, Directory, StoreError};
use serde::{Deserialize, Serialize};

/// What the schedule, or a person, asks for: there is nothing to choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Receivables that are open.
    pub open: usize,
    /// Notices given out.
    pub notices: usize,
}

/// Why a run is to be repeated.
#[derive(Debug, thiserror::Error)]
pub enum ReceivablesError {
    /// What is owed could not be read.
    #[error("store")]
    Store(#[from] StoreError),
    /// Some notices could not be given out; the others were.
    #[error("{0} receivables failed")]
    Some(usize),
}

/// The function.
#[derive(Debug)]
pub struct Receivables {
    billing: Billing,
    directory: Directory,
    clock: Clock,
}

impl Receivables {
    /// Reads the configuration and builds the clients.
    pub fn from_config(config: &Config) -> Result<Self, InitError> {
        let aws = Aws::from_config(config)?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws);
        // No payment is committed here.
        let billing = Billing::new(dynamodb.clone(), config.required("BILLING_TABLE")?, "");
        let directory = Directory::new(dynamodb, config.required("DIRECTORY_TABLE")?);
        Ok(Self::new(billing, directory, Clock::default()))
    }

    /// Of its parts.
    pub fn new(billing: Billing, directory: Directory, clock: Clock) -> Self {
        Self { billing, directory, clock }
    }

    /// Looks at all that is owed. One that fails stops no other; the run fails then, and is repeated.
    pub async fn run(&self, _: Asked) -> Result<Summary, ReceivablesError> {
        let owed = self.billing.owed_everywhere().await?;
        let mut rules: BTreeMap<LotId, UnpaidRules> = BTreeMap::new();
        let (mut summary, mut failed) = (Summary { open: owed.len(), notices: 0 }, 0);
        for one in &owed {
            match self.notice(one, &mut rules).await {
                Ok(given_out) => summary.notices += usize::from(given_out),
                Err(error) => {
                    tracing::error!(visit = %one.visit, lot = %one.lot, cause = chain(&error), "looked at with the next run");
                    failed += 1;
                }
            }
        }
        tracing::info!(open = summary.open, notices = summary.notices, failed, "asked for what is owed");
        if failed == 0 { Ok(summary) } else { Err(ReceivablesError::Some(failed)) }
    }

    /// Gives out the notice that is due. Costs nothing where none is: what the index says is new enough to see that, and the
    /// item itself is asked before one goes.
    async fn notice(
        &self,
        owed: &Receivable,
        known: &mut BTreeMap<LotId, UnpaidRules>,
    ) -> Result<bool, StoreError> {
        let rules = if let Some(rules) = known.get(&owed.lot) {
            *rules
        } else {
            let lot = self.directory.lot(&owed.lot).await?;
            let lot = lot.ok_or(StoreError::Refused("something is owed to a lot that is not known"))?;
            *known.entry(owed.lot.clone()).or_insert(lot.lot.rules.unpaid)
        };
        let now = self.clock.now();
        if owed.next_notice_at(rules).is_none_or(|due| due > now) {
            return Ok(false);
        }
        let moved = self.billing.move_receivable(&owed.id, &Command::Notice(rules), now).await?;
        Ok(moved.is_some())
    }
}
