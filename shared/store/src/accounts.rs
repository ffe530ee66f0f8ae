//! Companies' accounts in the Billing table: a line for each visit that is on one, by the month in which it was put there.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use baro_domain::payment::{AccountLine, Invoice, Payment, PaymentDecision, VisitFact};
use jiff::{Timestamp, civil::Date};

use crate::{
    Begun, Billing, StoreError,
    billing::payment_item,
    item::{all_docs, with_doc},
    parking::payment_update_at,
};

/// Whose months invoices are.
const HOME_ZONE: &str = "Asia/Seoul";

fn month_of(at: Timestamp) -> Result<Date, StoreError> {
    let zoned = at.in_tz(HOME_ZONE).map_err(|error| StoreError::corrupt("account line", error))?;
    Ok(zoned.date().first_of_month())
}

fn month_key(month: Date) -> String {
    format!("ACCT#{}", month.strftime("%Y-%m"))
}

/// The line that a change of a payment puts on its company's account. A line of the same sums is the same line.
pub(crate) fn account_item(
    table: &str,
    next: &Payment,
    before: Option<&Payment>,
    now: Timestamp,
) -> Result<Option<Put>, StoreError> {
    let Some(line) = next.account_line(before, now) else { return Ok(None) };
    let sk = format!("{}#{}#{}", line.company, line.payment, next.returned.get());
    let item = with_doc(&month_key(month_of(now)?), &sk, &line)?;
    Ok(Some(Put::builder().table_name(table).set_item(Some(item)).build()?))
}

impl Billing {
    /// Writes a promised payment that a company's account bears: payment, entry, account line and the visit's fact in one
    /// transaction, if the facts are still those that the promise follows from.
    pub async fn begin_on_account(
        &self,
        decision: &PaymentDecision,
        facts_revision: i64,
        now: Timestamp,
    ) -> Result<Begun, StoreError> {
        let payment = &decision.payment;
        let stay = payment.stay().ok_or(StoreError::Refused("a promise is made for a stay"))?;
        let Some(VisitFact::Paid(fact)) = &decision.fact else {
            return Err(StoreError::Refused("what is on account is paid"));
        };
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(payment_item(payment, 1)?))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(
                aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld,
            )
            .build()?;
        let update =
            payment_update_at(&self.parking_table, &stay.lot, &stay.plate, fact, facts_revision, now)?;
        let mut items = vec![
            TransactWriteItem::builder().put(put).build(),
            TransactWriteItem::builder().update(update).build(),
        ];
        items.extend(self.postings(&decision.entries, now)?);
        items.extend(
            account_item(&self.table, payment, None, now)?
                .map(|put| TransactWriteItem::builder().put(put).build()),
        );
        self.begun_by(items).await
    }

    /// All lines that were put on accounts in a month (its first day), by company.
    pub async fn account_lines(&self, month: Date) -> Result<Vec<AccountLine>, StoreError> {
        all_docs("account line", &self.partition(month_key(month))).await
    }

    /// Writes an invoice. One that is there stays as it is: nothing can be put into a month that is over.
    pub async fn put_invoice(&self, invoice: &Invoice) -> Result<bool, StoreError> {
        let sk = format!("INVOICE#{}", invoice.month.strftime("%Y-%m"));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(with_doc(invoice.company.as_str(), &sk, invoice)?))
            .condition_expression("attribute_not_exists(pk)");
        crate::directory::unless_changed(
            put.send().await,
            aws_sdk_dynamodb::operation::put_item::PutItemError::is_conditional_check_failed_exception,
        )
    }
}
