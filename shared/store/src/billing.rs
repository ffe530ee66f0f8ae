//! The Billing table: payments, the journal, statements. Money moves in one transaction or not at all.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{query::builders::QueryFluentBuilder, transact_write_items::TransactWriteItemsError},
    types::{CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use baro_domain::{
    EntryId, LotId, PaymentId,
    ledger::JournalEntry,
    payment::{Payment, VisitFact},
};
use jiff::{Timestamp, civil::Date};

use crate::{
    MAX_CONFLICT_RETRIES, StoreError,
    accounts::account_item,
    books::late_month_item,
    item::{Item, PK, REV, SK, all_docs, doc, key, n, number, s, shard_of, with_doc},
    parking::{payment_update, ruling_update},
    statements,
};

pub(crate) const PAYMENT: &str = "PAYMENT";
pub(crate) const STATUS: &str = "status";
/// A day's journal is spread over this many partitions, so that no day is a hot one. One-way door.
const JOURNAL_SHARDS: u8 = 16;
/// Concurrent reads of a day's journal.
const MAX_PAGE: i32 = 1_000;

/// Something stored, with its revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<T> {
    /// It.
    pub value: T,
    /// Revision, for the next conditional write.
    pub revision: i64,
}

/// Answer to creating a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It is new.
    New,
    /// There is one of this id already; here it is.
    Existing(Box<Stored<Payment>>),
}

/// Answer to a change of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// Written.
    Done,
    /// Somebody was faster: decide again on this.
    LostRace(Box<Stored<Payment>>),
    /// The wallet lacks the points that the entries take: nothing was written. Read it, and decide again.
    WalletShort,
}

/// The Billing table, and the Parking table's part in paying a visit.
#[derive(Debug, Clone)]
pub struct Billing {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) parking_table: String,
}

fn journal_key(day: Date, shard: u8) -> String {
    format!("JD#{day}#{shard:02}")
}

/// What is no lot's business sorts before all lots.
fn entry_sort_key(lot: Option<&LotId>, entry: &EntryId) -> String {
    lot.map_or_else(|| format!("-#{entry}"), |lot| format!("{lot}#{entry}"))
}

pub(crate) fn payment_item(payment: &Payment, revision: i64) -> Result<Item, StoreError> {
    let mut item = with_doc(payment.id.as_str(), PAYMENT, payment)?;
    let status =
        serde_json::to_value(payment.status).map_err(|error| StoreError::corrupt("payment", error))?;
    item.insert(STATUS.to_owned(), s(status.as_str().unwrap_or_default()));
    item.insert(REV.to_owned(), n(revision));
    Ok(item)
}

pub(crate) fn stored_payment(item: &Item) -> Result<Stored<Payment>, StoreError> {
    let revision = number(item, REV).ok_or_else(|| StoreError::corrupt("payment", "no revision"))?;
    Ok(Stored { value: doc("payment", item)?, revision })
}

/// Whether an item of this table is a payment.
pub(crate) fn is_payment(item: &Item) -> bool {
    crate::item::text(item, SK) == Some(PAYMENT)
}

impl Billing {
    /// On these tables. `parking_table` may be empty where no payment is committed.
    pub fn new(client: Client, table: impl Into<String>, parking_table: impl Into<String>) -> Self {
        Self { client, table: table.into(), parking_table: parking_table.into() }
    }

    /// Creates a payment, unless there is one of its id: one request either way.
    pub async fn create(&self, payment: &Payment) -> Result<Created, StoreError> {
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(payment_item(payment, 1)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Created::New),
            Err(SdkError::ServiceError(context)) if context.err().is_conditional_check_failed_exception() => {
                let item = match context.into_err() {
                    aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
                        failed,
                    ) => failed.item.unwrap_or_default(),
                    other => return Err(StoreError::corrupt("payment", other)),
                };
                Ok(Created::Existing(Box::new(stored_payment(&item)?)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A payment, strongly consistent.
    pub async fn payment(&self, id: &PaymentId) -> Result<Option<Stored<Payment>>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(id.as_str(), PAYMENT)))
            .consistent_read(true)
            .send()
            .await?;
        output.item.as_ref().map(stored_payment).transpose()
    }

    /// Writes a decision: the payment, the entries of the journal, what they move in a wallet and what the visit learns, in
    /// one transaction that only happens if the payment still has `revision`. Repeating it after an unknown end loses the
    /// race to itself and changes nothing.
    pub async fn commit(
        &self,
        next: &Payment,
        revision: i64,
        entries: &[JournalEntry],
        fact: Option<&VisitFact>,
        now: Timestamp,
    ) -> Result<Committed, StoreError> {
        self.commit_with((next, revision), entries, fact, None, now).await
    }

    /// As [`Self::commit`], for a payment that lies on a company's account: the change is a line there.
    pub async fn commit_on_account(
        &self,
        (before, revision): (&Payment, i64),
        next: &Payment,
        entries: &[JournalEntry],
        fact: Option<&VisitFact>,
        now: Timestamp,
    ) -> Result<Committed, StoreError> {
        let line = account_item(&self.table, next, Some(before), now)?;
        self.commit_with((next, revision), entries, fact, line, now).await
    }

    async fn commit_with(
        &self,
        (next, revision): (&Payment, i64),
        entries: &[JournalEntry],
        fact: Option<&VisitFact>,
        besides: Option<Put>,
        now: Timestamp,
    ) -> Result<Committed, StoreError> {
        let mut items = vec![self.payment_put(next, Some(revision))?];
        let wallets = self.wallet_updates(entries)?;
        let has_wallet = !wallets.is_empty();
        items.extend(wallets);
        items.extend(self.postings(entries, now)?);
        items.extend(besides.map(|put| TransactWriteItem::builder().put(put).build()));
        items.extend(self.fact_update(next, fact, now)?);
        match self.transact(items).await? {
            Ok(()) => Ok(Committed::Done),
            Err(reasons) => match failed_payment(&reasons) {
                Some(item) => Ok(Committed::LostRace(Box::new(stored_payment(item)?))),
                None if has_wallet && has_failed(&reasons, 1) => Ok(Committed::WalletShort),
                None => Err(StoreError::Refused(
                    "an entry of the journal exists though its payment has not moved",
                )),
            },
        }
    }

    /// A payment as part of a transaction: over the one of `revision`, or where there is none.
    pub(crate) fn payment_put(
        &self,
        next: &Payment,
        revision: Option<i64>,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(payment_item(next, revision.unwrap_or(0) + 1)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match revision {
            Some(revision) => put
                .condition_expression("#rev = :rev")
                .expression_attribute_names("#rev", REV)
                .expression_attribute_values(":rev", n(revision)),
            None => put.condition_expression("attribute_not_exists(pk)"),
        };
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    /// What a visit learns, as part of a transaction.
    pub(crate) fn fact_update(
        &self,
        payment: &Payment,
        fact: Option<&VisitFact>,
        now: Timestamp,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let Some(fact) = fact else { return Ok(None) };
        let stay = payment.stay().ok_or(StoreError::Refused("a fact of a payment that is for no visit"))?;
        let update = match fact {
            VisitFact::Paid(fact) => payment_update(&self.parking_table, &stay.lot, &stay.plate, fact, now)?,
            VisitFact::Broken(ruling) => ruling_update(&self.parking_table, &stay.lot, &stay.plate, ruling)?,
        };
        Ok(Some(TransactWriteItem::builder().update(update).build()))
    }

    /// Writes all of these or none; the reasons where a condition did not hold.
    pub(crate) async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
    ) -> Result<Result<(), Vec<CancellationReason>>, StoreError> {
        for attempt in 0..MAX_CONFLICT_RETRIES {
            match self.client.transact_write_items().set_transact_items(Some(items.clone())).send().await {
                Ok(_) => return Ok(Ok(())),
                Err(error) => match cancelled_by(error)? {
                    Cancelled::Conflict => tokio::time::sleep(Duration::from_millis(10 << attempt)).await,
                    Cancelled::Condition(reasons) => return Ok(Err(reasons)),
                },
            }
        }
        Err(StoreError::Contended(MAX_CONFLICT_RETRIES))
    }

    /// The journal's part in a transaction, with the copies that drivers find again and those of days that were confirmed.
    pub(crate) fn postings(
        &self,
        entries: &[JournalEntry],
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut items = Vec::with_capacity(entries.len());
        for entry in entries {
            let entry = &JournalEntry { posted_at: Some(now), ..entry.clone() };
            if let Some(late) = statements::late_item(&self.table, entry, now)? {
                items.push(TransactWriteItem::builder().put(late).build());
            }
            items.extend(self.drivers_copy(entry, now)?);
            if let Some(late) = late_month_item(&self.table, entry)? {
                items.push(TransactWriteItem::builder().put(late).build());
            }
            let shard = entry.lot.as_ref().map_or(0, |lot| shard_of(lot, JOURNAL_SHARDS));
            let pk = journal_key(entry.day, shard);
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(with_doc(&pk, &entry_sort_key(entry.lot.as_ref(), &entry.id), entry)?))
                .condition_expression("attribute_not_exists(pk)")
                .build()?;
            items.push(TransactWriteItem::builder().put(put).build());
        }
        Ok(items)
    }

    /// All that lies under a partition key.
    pub(crate) fn partition(&self, pk: String) -> QueryFluentBuilder {
        let request = self.client.query().table_name(&self.table).consistent_read(true);
        let request = request.key_condition_expression("#pk = :pk").expression_attribute_names("#pk", PK);
        request.expression_attribute_values(":pk", s(pk))
    }

    /// All entries of a day, of one lot or of all, sorted by lot.
    pub async fn journal(&self, day: Date, lot: Option<&LotId>) -> Result<Vec<JournalEntry>, StoreError> {
        let shards = match lot {
            Some(lot) => vec![shard_of(lot, JOURNAL_SHARDS)],
            None => (0..JOURNAL_SHARDS).collect(),
        };
        let pages = shards.into_iter().map(|shard| self.journal_shard(day, shard, lot));
        let mut entries: Vec<JournalEntry> =
            futures::future::try_join_all(pages).await?.into_iter().flatten().collect();
        entries.sort_by(|a, b| (&a.lot, a.occurred_at, &a.id).cmp(&(&b.lot, b.occurred_at, &b.id)));
        Ok(entries)
    }

    async fn journal_shard(
        &self,
        day: Date,
        shard: u8,
        lot: Option<&LotId>,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let mut request = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .limit(MAX_PAGE)
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", s(journal_key(day, shard)));
        request = match lot {
            Some(lot) => request
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :lot)")
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":lot", s(format!("{lot}#"))),
            None => request.key_condition_expression("#pk = :pk"),
        };
        all_docs("journal entry", &request).await
    }
}

/// Why a transaction was cancelled.
#[derive(Debug)]
pub(crate) enum Cancelled {
    /// Another transaction was at the same items: try again.
    Conflict,
    /// A condition did not hold.
    Condition(Vec<CancellationReason>),
}

/// Tells a lost race from a collision by the reasons' codes; every other error stays one.
pub(crate) fn cancelled_by<R: std::fmt::Debug + Send + Sync + 'static>(
    error: SdkError<TransactWriteItemsError, R>,
) -> Result<Cancelled, StoreError> {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            cancelled.cancellation_reasons().to_vec()
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => return Ok(Cancelled::Conflict),
        _ => return Err(error.into()),
    };
    let any = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
    if any("ConditionalCheckFailed") {
        Ok(Cancelled::Condition(reasons))
    } else if any("TransactionConflict") || any("ThrottlingError") || any("ProvisionedThroughputExceeded") {
        Ok(Cancelled::Conflict)
    } else {
        Err(error.into())
    }
}

/// Whether the condition of this item of the transaction did not hold.
pub(crate) fn has_failed(reasons: &[CancellationReason], index: usize) -> bool {
    reasons.get(index).is_some_and(|reason| reason.code() == Some("ConditionalCheckFailed"))
}

/// The first item of the transaction as it is in the table, where its condition did not hold.
pub(crate) fn failed_payment(reasons: &[CancellationReason]) -> Option<&Item> {
    reasons.first().filter(|_| has_failed(reasons, 0)).and_then(|reason| reason.item.as_ref())
}
