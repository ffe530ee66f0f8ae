//! Many payments at once, as reconciliation reads them.

use std::collections::BTreeSet;

use baro_domain::{PaymentId, payment::Payment};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::{
    Billing, StoreError,
    billing::{PAYMENT, stored_payment},
    directory::{MAX_BATCH_READ, batch_read},
    item::key,
};

/// Batches read at a time.
const CONCURRENT_BATCHES: usize = 4;

impl Billing {
    /// Those of these payments that there are, strongly consistent: one request for each hundred.
    pub async fn payments(&self, ids: &BTreeSet<PaymentId>) -> Result<Vec<Payment>, StoreError> {
        let ids: Vec<&PaymentId> = ids.iter().collect();
        let batches: Vec<_> = ids
            .chunks(MAX_BATCH_READ)
            .map(|batch| batch.iter().map(|id| key(id.as_str(), PAYMENT)).collect::<Vec<_>>())
            .collect();
        let read: Vec<_> = futures::stream::iter(batches)
            .map(|keys| batch_read(&self.client, &self.table, keys, true))
            .buffered(CONCURRENT_BATCHES)
            .try_collect()
            .await?;
        read.iter().flatten().map(|item| stored_payment(item).map(|stored| stored.value)).collect()
    }
}
