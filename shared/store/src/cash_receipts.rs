//! Cash receipts in the Billing table: beside the payment, under its key. A change is conditional on the revision, so of two who
//! would ask the gateway one does.

use baro_domain::{PaymentId, cash_receipt::CashReceipt};

use crate::{
    Billing, StoreError, Stored,
    directory::put_over,
    item::{Item, REV, SK, doc, key, n, number, text, with_doc},
};

const CASH_RECEIPT: &str = "CASHRECEIPT";

/// Whether an item of this table is a cash receipt.
pub(crate) fn is_cash_receipt(item: &Item) -> bool {
    text(item, SK) == Some(CASH_RECEIPT)
}

pub(crate) fn stored_receipt(item: &Item) -> Result<Stored<CashReceipt>, StoreError> {
    let revision = number(item, REV).ok_or_else(|| StoreError::corrupt("cash receipt", "no revision"))?;
    Ok(Stored { value: doc("cash receipt", item)?, revision })
}

impl Billing {
    /// The cash receipt that was asked for of a payment, strongly consistent.
    pub async fn cash_receipt(&self, payment: &PaymentId) -> Result<Option<Stored<CashReceipt>>, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(payment.as_str(), CASH_RECEIPT)))
            .consistent_read(true)
            .send()
            .await?;
        output.item.as_ref().map(stored_receipt).transpose()
    }

    /// Writes a cash receipt over the one of `revision`, 0 for none; `false` if it has changed since.
    pub async fn put_cash_receipt(&self, receipt: &CashReceipt, revision: i64) -> Result<bool, StoreError> {
        let mut item = with_doc(receipt.payment.as_str(), CASH_RECEIPT, receipt)?;
        item.insert(REV.to_owned(), n(revision + 1));
        put_over(&self.client, &self.table, item, revision).await
    }
}
