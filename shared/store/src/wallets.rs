//! Wallets: what a driver's points stand at, and each entry that moved them, in the same transaction as the entries.
//!
//! The balance is never written by itself: it changes by what the entries of a transaction post to the driver's accounts, so it
//! can't differ from the journal. An entry that takes points for spending is guarded by the balance itself.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use baro_domain::{
    DriverId, PaymentId, RefundId, Won,
    ledger::{EntryKind, JournalEntry},
    payment::{Payment, PaymentDecision},
    points::{CashOut, Points, Wallet, change_of_wallet},
};
use jiff::Timestamp;

use crate::{
    Billing, StoreError, Stored,
    billing::{PAYMENT, failed_payment, has_failed, is_payment, stored_payment},
    directory::{MAX_BATCH_READ, batch_read},
    item::{PK, SK, doc, key, n, number, s, with_doc},
};

const WALLET: &str = "WALLET";
const PAID: &str = "paid";
const BONUS: &str = "bonus";
/// Top-ups are looked for among so many of a driver's newest entries.
const MAX_ENTRIES_LOOKED_AT: i32 = 1_000;

/// Answer to asking for a payment with points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// It is new, and its points are held.
    New,
    /// There is one of this id already; here it is.
    Existing(Box<Stored<Payment>>),
    /// The wallet lacks the points: nothing was written.
    WalletShort,
}

/// Answer to a cash-out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CashedOut {
    /// It is written down; the stream of its payments brings it to the gateway.
    Done,
    /// It was before; here it is.
    Existing(Box<CashOut>),
    /// The wallet or a top-up has changed: read them, and decide again.
    Changed,
}

/// A payment as it is to be written, over the one of `revision`, with what it posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// As it will be.
    pub payment: Payment,
    /// Of the one it was made from.
    pub revision: i64,
    /// To be posted.
    pub entries: Vec<JournalEntry>,
}

/// What a transaction does to one wallet.
#[derive(Debug, Clone, Copy, Default)]
struct Movement {
    change: Points,
    /// What must be there for it; `None` where it may go below zero.
    needed: Option<Points>,
    /// The bonus that must be there, won.
    bonus_needed: Option<Won>,
}

impl Movement {
    fn with(mut self, kind: EntryKind, change: Points) -> Result<Self, StoreError> {
        let unfit = |error| StoreError::corrupt("wallet", error);
        self.change = self.change.plus(change).map_err(unfit)?;
        let taken = Points::ZERO.minus(change).map_err(unfit)?;
        match kind {
            EntryKind::PointsHeld | EntryKind::CashOutHeld => {
                self.needed = Some(self.needed.unwrap_or_default().plus(taken).map_err(unfit)?);
            }
            EntryKind::BonusForfeited => {
                self.bonus_needed =
                    Some(self.bonus_needed.unwrap_or_default().plus(taken.bonus).map_err(unfit)?);
            }
            _ => {}
        }
        Ok(self)
    }
}

fn entry_prefix() -> String {
    format!("{WALLET}#")
}

fn cash_out_key(id: &RefundId) -> String {
    format!("CASHOUT#{id}")
}

impl Billing {
    /// A driver's points, strongly consistent; nothing on file is an empty wallet.
    pub async fn wallet(&self, driver: &DriverId) -> Result<Wallet, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(driver.as_str(), WALLET)))
            .consistent_read(true)
            .send()
            .await?;
        let Some(item) = output.item else { return Ok(Wallet::empty(driver.clone())) };
        let part = |name| number(&item, name).map(Won::new);
        let (Some(paid), Some(bonus)) = (part(PAID), part(BONUS)) else {
            return Err(StoreError::corrupt("wallet", "no balance"));
        };
        Ok(Wallet { driver: driver.clone(), balance: Points { paid, bonus } })
    }

    /// The entries that moved a driver's points, newest first, at most so many.
    pub async fn points_entries(
        &self,
        driver: &DriverId,
        limit: i32,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", s(driver.as_str()))
            .expression_attribute_values(":prefix", s(entry_prefix()))
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(limit)
            .send()
            .await?;
        output.items().iter().map(|item| doc("points entry", item)).collect()
    }

    /// A driver's newest top-ups that were paid, newest first, at most so many (up to 100).
    pub async fn top_ups(&self, driver: &DriverId, limit: usize) -> Result<Vec<Stored<Payment>>, StoreError> {
        let entries = self.points_entries(driver, MAX_ENTRIES_LOOKED_AT).await?;
        let paid = entries.into_iter().filter(|entry| entry.kind == EntryKind::TopUp);
        let wanted: Vec<PaymentId> =
            paid.map(|entry| entry.payment).take(limit.min(MAX_BATCH_READ)).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let keys = wanted.iter().map(|id| key(id.as_str(), PAYMENT)).collect();
        let mut found = BTreeMap::new();
        for item in
            batch_read(&self.client, &self.table, keys, true).await?.iter().filter(|item| is_payment(item))
        {
            let stored = stored_payment(item)?;
            found.insert(stored.value.id.clone(), stored);
        }
        Ok(wanted.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Writes down a payment whose points are held, with what it posts and what its visit learns, in one transaction that only
    /// happens if the points are there and there is no payment of its id.
    pub async fn open(&self, decision: &PaymentDecision, now: Timestamp) -> Result<Opened, StoreError> {
        let mut items = vec![self.payment_put(&decision.payment, None)?];
        let wallets = self.wallet_updates(&decision.entries)?;
        let has_wallet = !wallets.is_empty();
        items.extend(wallets);
        items.extend(self.postings(&decision.entries, now)?);
        items.extend(self.fact_update(&decision.payment, decision.fact.as_ref(), now)?);
        match self.transact(items).await? {
            Ok(()) => Ok(Opened::New),
            Err(reasons) => match failed_payment(&reasons) {
                Some(item) => Ok(Opened::Existing(Box::new(stored_payment(item)?))),
                None if has_wallet && has_failed(&reasons, 1) => Ok(Opened::WalletShort),
                None => Err(StoreError::Refused("an entry of the journal exists, and its payment does not")),
            },
        }
    }

    /// A cash-out that was written down.
    pub async fn cash_out_of(&self, driver: &DriverId, id: &RefundId) -> Result<Option<CashOut>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(driver.as_str(), &cash_out_key(id))))
            .consistent_read(true)
            .send()
            .await?;
        output.item.as_ref().map(|item| doc("cash-out", item)).transpose()
    }

    /// Writes down a cash-out: the refunds in its top-ups, their postings, and the points out of the wallet, all or nothing.
    pub async fn cash_out(
        &self,
        cash_out: &CashOut,
        parts: &[Written],
        now: Timestamp,
    ) -> Result<CashedOut, StoreError> {
        let record = Put::builder()
            .table_name(&self.table)
            .set_item(Some(with_doc(cash_out.driver.as_str(), &cash_out_key(&cash_out.id), cash_out)?))
            .condition_expression("attribute_not_exists(pk)")
            .build()?;
        let mut items = vec![TransactWriteItem::builder().put(record).build()];
        for part in parts {
            items.push(self.payment_put(&part.payment, Some(part.revision))?);
        }
        let entries: Vec<JournalEntry> = parts.iter().flat_map(|part| part.entries.clone()).collect();
        items.extend(self.wallet_updates(&entries)?);
        items.extend(self.postings(&entries, now)?);
        match self.transact(items).await? {
            Ok(()) => Ok(CashedOut::Done),
            Err(reasons) if has_failed(&reasons, 0) => {
                let known = self.cash_out_of(&cash_out.driver, &cash_out.id).await?;
                let known = known.ok_or_else(|| StoreError::corrupt("cash-out", "it is gone"))?;
                Ok(CashedOut::Existing(Box::new(known)))
            }
            Err(_) => Ok(CashedOut::Changed),
        }
    }

    /// What these entries do to wallets, as part of a transaction.
    pub(crate) fn wallet_updates(
        &self,
        entries: &[JournalEntry],
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut movements: BTreeMap<&DriverId, Movement> = BTreeMap::new();
        for entry in entries {
            let change = change_of_wallet(entry).map_err(|error| StoreError::corrupt("entry", error))?;
            if let Some((driver, change)) = change {
                let movement = movements.remove(driver).unwrap_or_default().with(entry.kind, change)?;
                movements.insert(driver, movement);
            }
        }
        movements.into_iter().map(|(driver, movement)| self.wallet_update(driver, movement)).collect()
    }

    fn wallet_update(&self, driver: &DriverId, movement: Movement) -> Result<TransactWriteItem, StoreError> {
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(driver.as_str(), WALLET)))
            .update_expression("ADD #paid :paid, #bonus :bonus")
            .expression_attribute_names("#paid", PAID)
            .expression_attribute_names("#bonus", BONUS)
            .expression_attribute_values(":paid", n(movement.change.paid.get()))
            .expression_attribute_values(":bonus", n(movement.change.bonus.get()));
        // Nothing is spent from a wallet below zero, be it nothing of what is below zero.
        if let Some(needed) = movement.needed {
            update = update
                .condition_expression("#paid >= :needPaid AND #bonus >= :needBonus")
                .expression_attribute_values(":needPaid", n(needed.paid.get()))
                .expression_attribute_values(":needBonus", n(needed.bonus.get()));
        } else if let Some(bonus) = movement.bonus_needed {
            update = update
                .condition_expression("#bonus >= :needBonus")
                .expression_attribute_values(":needBonus", n(bonus.get()));
        }
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    /// An entry as its driver finds it again; none where it does not move their wallet.
    pub(crate) fn drivers_copy(
        &self,
        entry: &JournalEntry,
        now: Timestamp,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let change = change_of_wallet(entry).map_err(|error| StoreError::corrupt("entry", error))?;
        let Some((driver, _)) = change else { return Ok(None) };
        let sort_key = format!("{}{:015}#{}", entry_prefix(), now.as_millisecond().max(0), entry.id);
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(with_doc(driver.as_str(), &sort_key, entry)?))
            .build()?;
        Ok(Some(TransactWriteItem::builder().put(put).build()))
    }
}
