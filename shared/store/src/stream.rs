//! What a record of a table's stream says, in the domain's words.

use aws_sdk_dynamodb::types::AttributeValue;
use baro_domain::{LotId, payment::Payment, visit::Facts};

use crate::{
    StoreError, billing, facts,
    item::{Item, PK, REV, number, text},
    parking,
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
    },
    /// A payment.
    Payment {
        /// Before; `None` when it is new.
        old: Option<Box<Payment>>,
        /// After.
        new: Box<Payment>,
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
        let old = old.as_ref().map(|item| facts::facts_of(item).map(Box::new)).transpose()?;
        let lot = text(&new, PK)
            .and_then(|pk| LotId::parse(pk).ok())
            .ok_or_else(|| StoreError::corrupt("facts", "no lot"))?;
        let revision = number(&new, REV).ok_or_else(|| StoreError::corrupt("facts", "no revision"))?;
        Ok(Some(Change::Facts { lot, old, new: Box::new(facts::facts_of(&new)?), revision }))
    } else if billing::is_payment(&new) {
        let payment = |item: &Item| billing::stored_payment(item).map(|stored| Box::new(stored.value));
        let old = old.as_ref().map(payment).transpose()?;
        Ok(Some(Change::Payment { old, new: payment(&new)? }))
    } else {
        Ok(None)
    }
}

fn sdk_item(item: serde_dynamo::Item) -> Item {
    item.into_inner().into_iter().map(|(name, value)| (name, AttributeValue::from(value))).collect()
}
