//! Who pays for a plate without being asked (Directory), what they pay with (Billing), and the payment that begins with a
//! promise (Billing and Parking in one transaction).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, put_item::PutItemError},
    types::{ConditionCheck, TransactWriteItem},
};
use baro_domain::{
    PlateNumber,
    notice::Contact,
    payment::Payment,
    purse::Purse,
    visit::{Payer, Pledge},
};

use crate::{
    Billing, Directory, StoreError, Stored,
    billing::{failed_payment, stored_payment},
    directory::{CONTACT, MAX_BATCH_READ, batch_get, contact_key, put_over, unless_changed},
    facts::plate_key,
    item::{Item, PK, REV, SK, doc, key, n, number, s, text, with_doc},
};

pub(crate) const PAYER: &str = "PAYER";
const PURSE: &str = "PURSE";
/// Whose pledge it is: only they may change it.
pub(crate) const OWNER: &str = "owner";
pub(crate) const OWNED_OR_FREE: &str = "attribute_not_exists(pk) OR #owner = :owner";

/// What is pledged for a plate.
pub(crate) fn pledge_item(plate: &PlateNumber, pledge: &Pledge) -> Result<Item, StoreError> {
    let mut item = with_doc(&contact_key(plate), PAYER, pledge)?;
    item.insert(OWNER.to_owned(), s(pledge.payer.as_str()));
    Ok(item)
}

/// A purse.
pub(crate) fn purse_item(purse: &Purse, revision: i64) -> Result<Item, StoreError> {
    let mut item = with_doc(purse.payer.as_str(), PURSE, purse)?;
    item.insert(REV.to_owned(), n(revision));
    Ok(item)
}

/// What is registered for plates.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// How their drivers can be reached.
    pub contacts: BTreeMap<PlateNumber, Contact>,
    /// Who pays for them without being asked.
    pub pledges: BTreeMap<PlateNumber, Pledge>,
}

/// Answer to beginning a payment that was promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is written down.
    New,
    /// It was before; here it is.
    Existing(Box<Stored<Payment>>),
    /// The facts that the promise follows from have changed: a newer order comes, or none.
    Outdated,
}

impl Directory {
    /// Registers who pays for a plate. `false` if somebody else does.
    pub async fn put_pledge(&self, plate: &PlateNumber, pledge: &Pledge) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(pledge_item(plate, pledge)?))
            .condition_expression(OWNED_OR_FREE)
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_values(":owner", s(pledge.payer.as_str()));
        unless_changed(put.send().await, PutItemError::is_conditional_check_failed_exception)
    }

    /// Forgets who pays for a plate, if it is this payer. Answers whether it was.
    pub async fn delete_pledge(&self, plate: &PlateNumber, payer: &Payer) -> Result<bool, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(&contact_key(plate), PAYER)))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_values(":owner", s(payer.as_str()));
        unless_changed(delete.send().await, DeleteItemError::is_conditional_check_failed_exception)
    }

    /// How the drivers of some plates can be reached, and who pays for others without being asked, where that is known: one
    /// request for both.
    pub async fn people(&self, told: &[PlateNumber], paid_for: &[PlateNumber]) -> Result<People, StoreError> {
        let ends = |plates: &[PlateNumber], sk: &'static str| {
            plates.iter().map(|plate| (contact_key(plate), sk)).collect::<BTreeSet<_>>()
        };
        let wanted: Vec<(String, &str)> =
            ends(told, CONTACT).into_iter().chain(ends(paid_for, PAYER)).collect();
        let mut found = People::default();
        for chunk in wanted.chunks(MAX_BATCH_READ) {
            let keys = chunk.iter().map(|(pk, sk)| key(pk, sk)).collect();
            for item in batch_get(&self.client, &self.table, keys).await? {
                let plate = text(&item, PK).and_then(|pk| pk.strip_prefix("PLATE#")).map(PlateNumber::parse);
                let Some(plate) = plate else { continue };
                if text(&item, SK) == Some(CONTACT) {
                    found.contacts.insert(plate, doc("contact", &item)?);
                } else {
                    found.pledges.insert(plate, doc("pledge", &item)?);
                }
            }
        }
        Ok(found)
    }
}

impl Directory {
    /// Who pays for these plates without being asked, where somebody does.
    pub async fn pledges(&self, plates: &[PlateNumber]) -> Result<Vec<(PlateNumber, Pledge)>, StoreError> {
        Ok(self.people(&[], plates).await?.pledges.into_iter().collect())
    }
}

impl Billing {
    /// What a payer pays with; nothing on file is an empty purse of revision 0.
    pub async fn purse(&self, payer: &Payer) -> Result<Stored<Purse>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(payer.as_str(), PURSE)))
            .consistent_read(true)
            .send()
            .await?;
        match output.item {
            None => Ok(Stored { value: Purse::empty(payer.clone()), revision: 0 }),
            Some(item) => {
                let revision =
                    number(&item, REV).ok_or_else(|| StoreError::corrupt("purse", "no revision"))?;
                Ok(Stored { value: doc("purse", &item)?, revision })
            }
        }
    }

    /// Writes a purse over the one of `revision`; `false` if it has changed since.
    pub async fn put_purse(&self, purse: &Purse, revision: i64) -> Result<bool, StoreError> {
        let item = purse_item(purse, revision + 1)?;
        put_over(&self.client, &self.table, item, revision).await
    }

    /// Writes down a payment that was promised at an exit, if the facts are still those that the promise follows from: what a
    /// driver paid by phone in between is among newer ones.
    pub async fn begin(&self, payment: &Payment, facts_revision: i64) -> Result<Begun, StoreError> {
        let stay = payment.stay().ok_or(StoreError::Refused("a promise is made for a stay"))?;
        let check = ConditionCheck::builder()
            .table_name(&self.parking_table)
            .set_key(Some(key(stay.lot.as_str(), &plate_key(&stay.plate))))
            .condition_expression("#rev = :rev")
            .expression_attribute_names("#rev", REV)
            .expression_attribute_values(":rev", n(facts_revision))
            .build()?;
        let items = vec![
            self.payment_put(payment, None)?,
            TransactWriteItem::builder().condition_check(check).build(),
        ];
        self.begun_by(items).await
    }

    /// Begins a payment by a transaction whose first item puts it; the others say whether the facts are still the same.
    pub(crate) async fn begun_by(&self, items: Vec<TransactWriteItem>) -> Result<Begun, StoreError> {
        match self.transact(items).await? {
            Ok(()) => Ok(Begun::New),
            Err(reasons) => match failed_payment(&reasons) {
                Some(item) => Ok(Begun::Existing(Box::new(stored_payment(item)?))),
                None => Ok(Begun::Outdated),
            },
        }
    }
}
