//! Gate vendors: bytes in, canonical observations out. Pure: no network, no clock, no state. What a vendor hears back,
//! which lane a report means and when it happened are decided here; what the observation means for a visit is not.
//!
//! [`passages`] is the one exception: it files observations through the store and decides what a gate is told.
//!
//! A new vendor is one file in `vendors/`, one folder in `events/gates/`, one line in [`vendors::dialect`].

mod desk;
mod error;
mod image;
mod json;
mod multipart;
pub mod passages;
mod report;
mod text;
mod time;
mod vendors;
mod xml;

use std::collections::BTreeMap;

use baro_domain::{Gate, GateObservation, LaneId};
use jiff::Timestamp;

use desk::Desk;
pub use error::{AdaptError, AdaptErrorKind};
pub use image::MAX_IMAGE_BYTES;
pub use multipart::MAX_PARTS;
pub use report::{GateImage, GateRequest, Ignored, Report, VendorReply};
pub use time::{MAX_AGE, MAX_AHEAD};

/// The most vendor events taken in one batch.
pub const MAX_BATCH_ENTRIES: usize = 1_000;
/// More reads in one body than this are no passage but a controller that was offline and sends what it missed to the
/// address it knows: they go the way of a backlog.
pub const MAX_LIVE_READS: usize = 10;

/// Reads what a gate posted.
///
/// A body with several events is judged event by event: what is good is in `observations`, what is not in `refused`.
/// `Err` only when nothing in the body could be used. No error is worth a resend; keep the raw body instead.
pub fn adapt(gate: &Gate, request: &GateRequest<'_>, received_at: Timestamp) -> Result<Report, AdaptError> {
    let dialect = vendors::dialect(gate.vendor);
    let desk = Desk::live(gate, request, received_at)?;
    let mut report = dialect.adapt(&desk, request)?;
    if report.observations.len() > MAX_LIVE_READS {
        report = dialect.adapt(&Desk::late(gate, request, received_at)?, request)?;
    }
    refuse_kept(&mut report);
    if report.observations.is_empty() && report.ignored.is_empty() && !report.refused.is_empty() {
        return Err(report.refused.swap_remove(0));
    }
    report.reply = VendorReply::accepted(dialect.acknowledgement());
    Ok(report)
}

/// Of the reads that are taken at their receipt only the newest of a lane, and what its clock puts close to it, were sent as
/// they happened. When the others were is known to nobody.
fn refuse_kept(report: &mut Report) {
    let mut newest: BTreeMap<LaneId, Timestamp> = BTreeMap::new();
    for read in &report.observations {
        if let Some(at) = read.reported_at {
            let newest = newest.entry(read.lane.clone()).or_insert(at);
            *newest = at.max(*newest);
        }
    }
    let is_live = |read: &GateObservation| {
        let Some(at) = read.reported_at else { return true };
        newest.get(&read.lane).is_none_or(|newest| newest.duration_since(at) <= passages::MAX_LATENESS)
    };
    let before = report.observations.len();
    report.observations.retain(is_live);
    let kept = before - report.observations.len();
    let refused = || AdaptError::new(AdaptErrorKind::ObservedInFuture);
    report.refused.extend(std::iter::repeat_with(refused).take(kept));
}

/// Reads what a gate kept while it was offline: a JSON array of the vendor's events (a string holds a body that is not
/// JSON), or the vendor's own batch form. One result an entry, in the order sent.
///
/// `Err` when the body is no batch, or has more than [`MAX_BATCH_ENTRIES`].
pub fn adapt_backlog(
    gate: &Gate,
    request: &GateRequest<'_>,
    received_at: Timestamp,
) -> Result<Vec<Result<Report, AdaptError>>, AdaptError> {
    let dialect = vendors::dialect(gate.vendor);
    let desk = Desk::late(gate, request, received_at)?;
    let body = json::parse(request)?;
    let root = json::Node::root(&body);
    let entries = match root.items() {
        Some(entries) => entries,
        None => {
            dialect.own_batch(&root).ok_or_else(|| AdaptError::at(AdaptErrorKind::NotABatch, root.path()))?
        }
    };
    if entries.len() > MAX_BATCH_ENTRIES {
        return Err(AdaptError::new(AdaptErrorKind::TooManyEntries));
    }
    let reply = VendorReply::accepted(dialect.acknowledgement());
    let judge = |entry: &json::Node<'_>| {
        let mut report = dialect.adapt_entry(&desk, entry)?;
        if report.observations.is_empty() && report.ignored.is_empty() && !report.refused.is_empty() {
            return Err(report.refused.swap_remove(0));
        }
        report.reply = reply.clone();
        Ok(report)
    };
    Ok(entries.iter().map(judge).collect())
}

#[cfg(test)]
mod tests;
