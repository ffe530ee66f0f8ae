//! Who pays for a plate without being asked (Directory), what they pay with (Billing), and the payment that begins with a
//! promise (Billing and Parking in one transaction).

use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, put_item::PutItemError},
    types::{ConditionCheck, TransactWriteItem},
};
use baro_domain::{
    PlateNumber,
    payment::Payment,
    purse::Purse,
    visit::{Payer, Pledge},
};

use crate::{
    Billing, Directory, StoreError, Stored,
    billing::{failed_payment, stored_payment},
    directory::{MAX_BATCH_READ, batch_get, contact_key, unless_changed},
    facts::plate_key,
    item::{PK, REV, SK, doc, key, n, number, s, text, with_doc},
};

const PAYER: &str = "PAYER";
const PURSE: &str = "PURSE";
/// Whose pledge it is: only they may change it.
const OWNER: &str = "owner";

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
        let mut item = with_doc(&contact_key(plate), PAYER, pledge)?;
        item.insert(OWNER.to_owned(), s(pledge.payer.as_str()));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR #owner = :owner")
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

    /// The pledges for these plates, where there are any.
    pub async fn pledges(&self, plates: &[PlateNumber]) -> Result<Vec<(PlateNumber, Pledge)>, StoreError> {
        let mut wanted: Vec<&PlateNumber> = plates.iter().collect();
        wanted.sort();
        wanted.dedup();
        let mut found = Vec::new();
        for chunk in wanted.chunks(MAX_BATCH_READ) {
            let keys = chunk.iter().map(|plate| key(&contact_key(plate), PAYER)).collect();
            for item in batch_get(&self.client, &self.table, keys).await? {
                let plate = text(&item, PK).and_then(|pk| pk.strip_prefix("PLATE#")).map(PlateNumber::parse);
                if let (Some(plate), Some(PAYER)) = (plate, text(&item, SK)) {
                    found.push((plate, doc("pledge", &item)?));
                }
            }
        }
        Ok(found)
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
        let mut item = with_doc(purse.payer.as_str(), PURSE, purse)?;
        item.insert(REV.to_owned(), n(revision + 1));
        let mut put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put = if revision == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("#rev = :rev")
                .expression_attribute_names("#rev", REV)
                .expression_attribute_values(":rev", n(revision))
        };
        unless_changed(put.send().await, PutItemError::is_conditional_check_failed_exception)
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
        match self.transact(items).await? {
            Ok(()) => Ok(Begun::New),
            Err(reasons) => match failed_payment(&reasons) {
                Some(item) => Ok(Begun::Existing(Box::new(stored_payment(item)?))),
                None => Ok(Begun::Outdated),
            },
        }
    }
}
