//! Asks for unpaid fees (미납): orders that a card that was refused is charged again, and gives out the notices that are due. Each
//! is written into its receivable, whose stream brings it to payment-sync or to a person. So a notice counts exactly when it is
//! told, and a run that is repeated orders and gives out none twice.

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
    /// Cards to be charged again.
    pub tries: usize,
    /// Notices given out.
    pub notices: usize,
}

/// What was done about one.
enum Step {
    Nothing,
    Tried,
    Told,
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
        let (mut summary, mut failed) = (Summary { open: owed.len(), ..Summary::default() }, 0);
        for one in &owed {
            match self.look(one, &mut rules).await {
                Ok(Step::Nothing) => {}
                Ok(Step::Tried) => summary.tries += 1,
                Ok(Step::Told) => summary.notices += 1,
                Err(error) => {
                    tracing::error!(visit = %one.visit, lot = %one.lot, cause = chain(&error), "looked at with the next run");
                    failed += 1;
                }
            }
        }
        tracing::info!(
            open = summary.open,
            tries = summary.tries,
            notices = summary.notices,
            failed,
            "asked for what is owed"
        );
        if failed == 0 { Ok(summary) } else { Err(ReceivablesError::Some(failed)) }
    }

    /// A card is charged again before anybody is asked to pay: one of the two a day.
    async fn look(
        &self,
        owed: &Receivable,
        known: &mut BTreeMap<LotId, UnpaidRules>,
    ) -> Result<Step, StoreError> {
        if self.try_again(owed).await? {
            return Ok(Step::Tried);
        }
        Ok(if self.notice(owed, known).await? { Step::Told } else { Step::Nothing })
    }

    /// Orders the try that is due, where who gave the word still pays for the plate and has a card that may pass. Three requests
    /// and the write; none where no try is due.
    async fn try_again(&self, owed: &Receivable) -> Result<bool, StoreError> {
        let now = self.clock.now();
        if owed.next_try_at().is_none_or(|due| due > now) {
            return Ok(false);
        }
        let pledges = self.directory.pledges(std::slice::from_ref(&owed.plate)).await?;
        let Some((_, pledge)) = pledges.into_iter().next() else { return Ok(false) };
        let purse = self.billing.purse(&pledge.payer).await?.value;
        if owed.takes_card(purse.card().map(|card| &card.id)).is_err() {
            return Ok(false);
        }
        let moved = self.billing.move_receivable(&owed.id, &Command::Try(pledge), now).await?;
        Ok(moved.is_some())
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
