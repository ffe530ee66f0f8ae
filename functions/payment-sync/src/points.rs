//! Points that wait for money: released when it does not come; a bonus whose top-up went back is withdrawn.

use baro_domain::{
    PaymentId,
    ledger::JournalEntry,
    payment::{Payment, Purpose},
};
use jiff::Timestamp;

use crate::{MAX_RACES, PaymentSync, SyncError};

impl PaymentSync {
    /// Releases the points of a payment whose money has not come. To be called after a look at the gateway was decided on; money
    /// that comes later counts for what it is, and the rest of the fee is due (D-085).
    pub(crate) async fn release(&self, id: &PaymentId) -> Result<(), SyncError> {
        for _ in 0..MAX_RACES {
            let Some(stored) = self.billing.payment(id).await? else { return Ok(()) };
            let Some(next) = stored.value.release_points() else { return Ok(()) };
            if self.write(&stored, next).await?.is_ok() {
                tracing::info!(payment = %id, "the money has not come: its points are released");
                return Ok(());
            }
        }
        Err(SyncError::Races)
    }

    /// The bonus that is withdrawn because the gateway's staff gave a top-up back.
    pub(crate) async fn forfeited(
        &self,
        old: &Payment,
        new: &Payment,
        now: Timestamp,
    ) -> Result<Option<JournalEntry>, SyncError> {
        let Purpose::TopUp(top_up) = &new.purpose else { return Ok(None) };
        if new.returned == old.returned {
            return Ok(None);
        }
        let there = self.billing.wallet(&top_up.driver).await?.balance.bonus;
        Ok(new.forfeited_since(old, there, now)?)
    }
}
