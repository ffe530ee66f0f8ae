//! The recount of a lot's open visits: a marker among the lot's own changes in the Parking table, and the counter in the
//! Activity table that takes it over.
//!
//! A marker compared with the counter when it is written would miss a change that is written already and counted later,
//! and the change would be in the number twice. So it travels with the changes: all items of a lot lie in one partition,
//! and their stream has one order. When the marker's turn comes, every earlier change has been counted; if the counter
//! still stands where it stood before the count began, none came in between, and the number is that of this very place.

use baro_domain::{
    LotId,
    occupancy::{Recount, VisitCount, VisitCounter},
};
use jiff::Timestamp;

use crate::{
    Activity, Parking, StoreError,
    item::{Item, SK, TTL, doc, expiry, key, n, number, s, text, with_doc},
    occupancy::{COUNTED_AT, OCCUPANCY, OCCUPIED, SEQUENCE, failed_condition, padded},
};

const RECOUNT: &str = "RECOUNT";
/// A marker has done its work when the stream has told of it.
const MARKER_RETENTION_DAYS: i64 = 1;

/// Whether an item of the Parking table is a marker.
pub(crate) fn is_recount(item: &Item) -> bool {
    text(item, SK) == Some(RECOUNT)
}

pub(crate) fn recount_of(item: &Item) -> Result<Recount, StoreError> {
    doc("recount", item)
}

impl Parking {
    /// Puts what was counted among the lot's changes; the marker before it is replaced.
    pub async fn mark_recount(&self, lot: &LotId, recount: &Recount) -> Result<(), StoreError> {
        let mut item = with_doc(lot.as_str(), RECOUNT, recount)?;
        item.insert(TTL.to_owned(), expiry(recount.counted_at, MARKER_RETENTION_DAYS));
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await?;
        Ok(())
    }
}

impl Activity {
    /// The counter of a lot's open visits as it is now; `None` where nothing was ever counted.
    pub async fn visit_counter(&self, lot: &LotId) -> Result<Option<VisitCounter>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(lot.as_str(), OCCUPANCY)))
            .consistent_read(true);
        let Some(item) = get.send().await?.item else { return Ok(None) };
        let Some(newest) = text(&item, SEQUENCE) else { return Ok(None) };
        let at = number(&item, COUNTED_AT).and_then(|at| Timestamp::from_microsecond(at).ok());
        let count = VisitCount {
            occupied: number(&item, OCCUPIED).unwrap_or_default(),
            counted_at: at.unwrap_or(Timestamp::UNIX_EPOCH),
        };
        Ok(Some(VisitCounter { count, newest: newest.to_owned() }))
    }

    /// Takes a recount over, whose marker has this sequence number, if the counter still stands where it stood before
    /// the count. Answers whether it did. All earlier changes must have been counted. The marker's own number becomes the
    /// newest one, so that an earlier change which was given up and is brought again by hand is not counted on top.
    pub async fn take_recount(
        &self,
        lot: &LotId,
        sequence: &str,
        recount: &Recount,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(lot.as_str(), OCCUPANCY)))
            .update_expression("SET #seq = :seq, #at = :at, #occupied = :occupied")
            .expression_attribute_names("#seq", SEQUENCE)
            .expression_attribute_names("#at", COUNTED_AT)
            .expression_attribute_names("#occupied", OCCUPIED)
            .expression_attribute_values(":seq", s(padded(sequence)))
            .expression_attribute_values(":at", n(now.as_microsecond()))
            .expression_attribute_values(":occupied", n(recount.occupied));
        request = match &recount.after {
            Some(after) => {
                request.condition_expression("#seq = :after").expression_attribute_values(":after", s(after))
            }
            None => request.condition_expression("attribute_not_exists(#seq)"),
        };
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => failed_condition(error).map(|_| false),
        }
    }
}
