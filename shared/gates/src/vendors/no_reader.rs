//! A device that reads no plates: a counter, a camera over spaces, a guidance system. What it tells of a lot is no event,
//! and an event from it belongs to no lane.

use super::Dialect;
use crate::desk::Desk;
use crate::json::Node;
use crate::{AdaptError, AdaptErrorKind, Report};

pub(crate) struct NoReader;

impl Dialect for NoReader {
    fn adapt_entry(&self, _desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError> {
        Err(AdaptError::at(AdaptErrorKind::UnknownLane, entry.path()))
    }
}
