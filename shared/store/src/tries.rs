//! A card that is charged again for what a visit owes: its payment begins only while the receivable is what it was decided on.

use aws_sdk_dynamodb::types::{ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use baro_domain::payment::Payment;

use crate::{
    Begun, Billing, StoreError,
    billing::payment_item,
    item::{REV, key, n},
    receivables::OWED,
};

impl Billing {
    /// Writes down the payment of a try, if its receivable still has this revision: whatever else was paid, asked for or given up
    /// meanwhile has changed it.
    pub async fn begin_try(&self, payment: &Payment, receivable_revision: i64) -> Result<Begun, StoreError> {
        let stay = payment.stay().ok_or(StoreError::Refused("a try is made for a stay"))?;
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(payment_item(payment, 1)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key(stay.visit.as_str(), OWED)))
            .condition_expression("#rev = :rev")
            .expression_attribute_names("#rev", REV)
            .expression_attribute_values(":rev", n(receivable_revision))
            .build()?;
        let items = [
            TransactWriteItem::builder().put(put).build(),
            TransactWriteItem::builder().condition_check(check).build(),
        ];
        self.begun_by(items.into()).await
    }
}
