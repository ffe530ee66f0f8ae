//! What a record of a table's stream says, in the domain's words.

use aws_sdk_dynamodb::types::AttributeValue;
use baro_domain::{
    LotId, cash_receipt::CashReceipt, occupancy::Recount, payment::Payment, receivable::Receivable,
    visit::Facts,
};

use crate::{
    StoreError, billing, cash_receipts, facts,
    item::{Item, PK, REV, number, text},
    parking, receivables, recount,
    schema::OPEN_INDEX,
};

/// A change that something follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The facts of one plate at one lot.
    Facts {
        /// The lot.
        lot: LotId,
        /// Before; `None` when the item is new.
        old: Option<Box<Facts>>,
        /// After.
        new: Box<Facts>,
        /// The item's revision after it.
        revision: i64,
        /// Whether the list of open plates has it now and had it not before, or the other way round.
        relisted: bool,
    },
    /// The open visits of a lot were counted anew.
    Recount {
        /// The lot.
        lot: LotId,
        /// What was counted.
        recount: Recount,
    },
    /// A payment.
    Payment {
        /// Before; `None` when it is new.
        old: Option<Box<Payment>>,
        /// After.
        new: Box<Payment>,
    },
    /// What a visit that is over owes.
    Receivable {
        /// Before; `None` when it is new.
        old: Option<Box<Receivable>>,
        /// After.
        new: Box<Receivable>,
    },
    /// The cash receipt of a payment.
    CashReceipt {
        /// Before; `None` when it is new.
        old: Option<Box<CashReceipt>>,
        /// After.
        new: Box<CashReceipt>,
    },
}

/// Reads the images of one record. `None` for what nothing follows from: archives, journal entries, statements, and
/// items that were deleted because their time was up.
pub fn change_of(
    old: Option<serde_dynamo::Item>,
    new: Option<serde_dynamo::Item>,
) -> Result<Option<Change>, StoreError> {
    let Some(new) = new.filter(|item| !item.is_empty()).map(sdk_item) else { return Ok(None) };
    let old = old.filter(|item| !item.is_empty()).map(sdk_item);
    if parking::is_facts(&new) {
        let is_listed = |item: &Item| item.contains_key(OPEN_INDEX.hash);
        let relisted = old.as_ref().is_some_and(is_listed) != is_listed(&new);
        let old = old.as_ref().map(|item| facts::facts_of(item).map(Box::new)).transpose()?;
        let revision = number(&new, REV).ok_or_else(|| StoreError::corrupt("facts", "no revision"))?;
        let new_facts = Box::new(facts::facts_of(&new)?);
        Ok(Some(Change::Facts { lot: lot_of(&new)?, old, new: new_facts, revision, relisted }))
    } else if recount::is_recount(&new) {
        Ok(Some(Change::Recount { lot: lot_of(&new)?, recount: recount::recount_of(&new)? }))
    } else if billing::is_payment(&new) {
        let payment = |item: &Item| billing::stored_payment(item).map(|stored| Box::new(stored.value));
        let old = old.as_ref().map(payment).transpose()?;
        Ok(Some(Change::Payment { old, new: payment(&new)? }))
    } else if receivables::is_receivable(&new) {
        let receivable = |item: &Item| receivables::stored(item).map(|stored| Box::new(stored.value));
        let old = old.as_ref().map(receivable).transpose()?;
        Ok(Some(Change::Receivable { old, new: receivable(&new)? }))
    } else if cash_receipts::is_cash_receipt(&new) {
        let receipt = |item: &Item| cash_receipts::stored_receipt(item).map(|stored| Box::new(stored.value));
        let old = old.as_ref().map(receipt).transpose()?;
        Ok(Some(Change::CashReceipt { old, new: receipt(&new)? }))
    } else {
        Ok(None)
    }
}

fn lot_of(item: &Item) -> Result<LotId, StoreError> {
    let lot = text(item, PK).and_then(|pk| LotId::parse(pk).ok());
    lot.ok_or_else(|| StoreError::corrupt("change of a lot", "no lot"))
}

fn sdk_item(item: serde_dynamo::Item) -> Item {
    item.into_inner().into_iter().map(|(name, value)| (name, AttributeValue::from(value))).collect()
}
