//! Members (Directory): a driver or a company with its plates, and the word that is given for each plate. Both are written in
//! one transaction, so that a member's list and the pledge that the gates go by can't part.

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{Delete, Put, TransactWriteItem},
};
use baro_domain::{
    Member, PlateNumber,
    visit::{Payer, Pledge},
};

use crate::{
    Directory, MAX_CONFLICT_RETRIES, StoreError, Stored,
    billing::{Cancelled, cancelled_by},
    directory::{contact_key, unless_changed},
    item::{Item, REV, doc, key, n, number, s, with_doc},
    payers::{OWNED_OR_FREE, OWNER, PAYER, pledge_item},
};

const MEMBER: &str = "MEMBER";

/// Answer to a change of a member's plates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlateChanged {
    /// Written.
    Done,
    /// The plate is another payer's.
    Taken,
    /// The member has changed since it was read: decide again.
    LostRace,
}

fn member_item(member: &Member, revision: i64) -> Result<Item, StoreError> {
    let mut item = with_doc(member.payer.as_str(), MEMBER, member)?;
    item.insert(REV.to_owned(), n(revision));
    Ok(item)
}

impl Directory {
    /// A member, strongly consistent.
    pub async fn member(&self, payer: &Payer) -> Result<Option<Stored<Member>>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(payer.as_str(), MEMBER)))
            .consistent_read(true)
            .send()
            .await?;
        let Some(item) = output.item else { return Ok(None) };
        let revision = number(&item, REV).ok_or_else(|| StoreError::corrupt("member", "no revision"))?;
        Ok(Some(Stored { value: doc("member", &item)?, revision }))
    }

    /// Writes down a new member, a driver who came or a company with a contract; `false` if there is one of its id.
    pub async fn create_member(&self, member: &Member) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(member_item(member, 1)?))
            .condition_expression("attribute_not_exists(pk)");
        unless_changed(put.send().await, PutItemError::is_conditional_check_failed_exception)
    }

    /// Writes a member over the one of `revision`, and with it what is pledged for this plate: this, or nothing any more.
    pub async fn change_plate(
        &self,
        member: &Member,
        revision: i64,
        plate: &PlateNumber,
        pledge: Option<&Pledge>,
    ) -> Result<PlateChanged, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(member_item(member, revision + 1)?))
            .condition_expression("#rev = :rev")
            .expression_attribute_names("#rev", REV)
            .expression_attribute_values(":rev", n(revision))
            .build()?;
        let items = vec![
            TransactWriteItem::builder().put(put).build(),
            self.pledge_write(&member.payer, plate, pledge)?,
        ];
        for attempt in 0..MAX_CONFLICT_RETRIES {
            match self.client.transact_write_items().set_transact_items(Some(items.clone())).send().await {
                Ok(_) => return Ok(PlateChanged::Done),
                Err(error) => match cancelled_by(error)? {
                    Cancelled::Conflict => {
                        tokio::time::sleep(std::time::Duration::from_millis(10 << attempt)).await;
                    }
                    Cancelled::Condition(reasons) => {
                        let failed = |at: usize| {
                            reasons.get(at).and_then(|reason| reason.code()) == Some("ConditionalCheckFailed")
                        };
                        return Ok(if failed(0) { PlateChanged::LostRace } else { PlateChanged::Taken });
                    }
                },
            }
        }
        Err(StoreError::Contended(MAX_CONFLICT_RETRIES))
    }

    fn pledge_write(
        &self,
        payer: &Payer,
        plate: &PlateNumber,
        pledge: Option<&Pledge>,
    ) -> Result<TransactWriteItem, StoreError> {
        let owner = s(payer.as_str());
        Ok(if let Some(pledge) = pledge {
            let put = Put::builder()
                .table_name(&self.table)
                .set_item(Some(pledge_item(plate, pledge)?))
                .condition_expression(OWNED_OR_FREE)
                .expression_attribute_names("#owner", OWNER)
                .expression_attribute_values(":owner", owner)
                .build()?;
            TransactWriteItem::builder().put(put).build()
        } else {
            let delete = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(key(&contact_key(plate), PAYER)))
                .condition_expression(OWNED_OR_FREE)
                .expression_attribute_names("#owner", OWNER)
                .expression_attribute_values(":owner", owner)
                .build()?;
            TransactWriteItem::builder().delete(delete).build()
        })
    }
}
