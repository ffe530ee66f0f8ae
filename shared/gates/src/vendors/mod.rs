//! The dialects of gates.md, one file each, and the registry that finds them.

mod axis;
mod bnids;
mod dahua;
mod glnt;
mod hikvision;
mod iso;
mod lot_push;
mod nexpa;
mod no_reader;
mod plate_recognizer;

use baro_domain::GateVendor;
use serde_json::{Map, Value};

use crate::desk::Desk;
use crate::json::{self, Node};
use crate::{AdaptError, AdaptErrorKind, GateRequest, MAX_BATCH_ENTRIES, Report};

/// How one vendor talks.
pub(crate) trait Dialect: Sync {
    /// Members of the answer by which the vendor knows that the report arrived.
    fn acknowledgement(&self) -> Map<String, Value> {
        object(&[("result", "ok")])
    }

    /// Reads one event.
    fn adapt_entry(&self, desk: &Desk<'_>, entry: &Node<'_>) -> Result<Report, AdaptError>;

    /// Reads a posted body. JSON dialects need not write this one.
    fn adapt(&self, desk: &Desk<'_>, request: &GateRequest<'_>) -> Result<Report, AdaptError> {
        let body = json::parse(request)?;
        let root = Node::root(&body);
        match root.items() {
            Some(entries) => each(&entries, |entry| self.adapt_entry(desk, entry)),
            None => self.adapt_entry(desk, &root),
        }
    }

    /// The events in the vendor's own form of batch, where it has one.
    fn own_batch<'a>(&self, _body: &Node<'a>) -> Option<Vec<Node<'a>>> {
        None
    }
}

/// The registry: one line a vendor.
pub(crate) fn dialect(vendor: GateVendor) -> &'static dyn Dialect {
    match vendor {
        GateVendor::Nexpa => &nexpa::Nexpa,
        GateVendor::LotPush => &lot_push::LotPush,
        GateVendor::Iso => &iso::Iso,
        GateVendor::Glnt => &glnt::Glnt,
        GateVendor::Bnids => &bnids::Bnids,
        GateVendor::Hikvision => &hikvision::Hikvision,
        GateVendor::Dahua => &dahua::Dahua,
        GateVendor::PlateRecognizer => &plate_recognizer::PlateRecognizer,
        GateVendor::Axis => &axis::Axis,
        GateVendor::Occupancy => &no_reader::NoReader,
    }
}

/// Judges each event of a body on its own.
fn each<'a>(
    entries: &[Node<'a>],
    adapt: impl Fn(&Node<'a>) -> Result<Report, AdaptError>,
) -> Result<Report, AdaptError> {
    if entries.len() > MAX_BATCH_ENTRIES {
        return Err(AdaptError::new(AdaptErrorKind::TooManyEntries));
    }
    Ok(Report::joined(entries.iter().map(adapt)))
}

/// A JSON object of text members.
fn object(members: &[(&str, &str)]) -> Map<String, Value> {
    members.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}
