//! Typed ids with prefixes, so that a visit's id can never be passed where a lot's is wanted.
//! An id that stands for a cause (an event, an entry of the journal) is derived from it, never drawn.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Why a text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not an id of the form {prefix}… (4–80 ASCII letters, digits, '-' or '_')")]
pub struct InvalidId {
    prefix: &'static str,
    value: String,
}

/// The longest id accepted, prefix included, in bytes.
pub const MAX_ID_BYTES: usize = 80;

fn check(prefix: &'static str, value: &str) -> Result<(), InvalidId> {
    let rest = value.strip_prefix(prefix).unwrap_or("");
    let legal = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    if rest.is_empty() || value.len() > MAX_ID_BYTES || !rest.bytes().all(legal) {
        return Err(InvalidId { prefix, value: value.chars().take(MAX_ID_BYTES).collect() });
    }
    Ok(())
}

/// 20 hex digits (80 bits) of SHA-256 over the parts, each closed by a byte that no part contains.
pub fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..10])
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// Takes an id as it came from outside.
            pub fn parse(value: impl Into<String>) -> Result<Self, InvalidId> {
                let value = value.into();
                check(Self::PREFIX, &value)?;
                Ok(Self(value))
            }

            /// The id that stands for these causes: the same parts always give the same id.
            pub fn derive(parts: &[&str]) -> Self {
                Self(format!("{}{}", Self::PREFIX, digest(parts)))
            }

            /// The id as text, prefix included.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(value: String) -> Result<Self, InvalidId> {
                Self::parse(value)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(value: &str) -> Result<Self, InvalidId> {
                Self::parse(value)
            }
        }
    };
}

typed_id!(/// A car park.
    LotId, "lot_");
typed_id!(/// One lane of a lot: one direction, one barrier.
    LaneId, "lane_");
typed_id!(/// A device or controller that reports passages and obeys barrier decisions.
    GateId, "gate_");
typed_id!(/// One stay of one car in one lot, derived from its first observation.
    VisitId, "vis_");
typed_id!(/// A payment; also the payment gateway's `paymentId`, which is its idempotency key.
    PaymentId, "pay_");
typed_id!(/// An entry of the journal, derived from its cause.
    EntryId, "je_");
typed_id!(/// A domain event or a gate's report of one passage, derived from its cause.
    EventId, "evt_");
typed_id!(/// One tracking of one car by one camera, derived from the vendor's id of it.
    TrackId, "trk_");
typed_id!(/// A message to a person, derived from the event it tells of.
    NoticeId, "ntc_");
typed_id!(/// A command to a barrier controller, derived from what caused it.
    CommandId, "cmd_");
typed_id!(/// A settlement statement: one lot, one day.
    StatementId, "stm_");
typed_id!(/// The operator of lots, often a city.
    OperatorId, "opr_");
typed_id!(/// A driver who registered a plate.
    DriverId, "drv_");
typed_id!(/// What a person or a rule says about a visit, derived from its cause.
    RulingId, "rul_");
typed_id!(/// Money asked to be given back, derived from who asked and their key.
    RefundId, "rfd_");
typed_id!(/// A card that a driver or a company registered, derived from its billing key.
    CardId, "crd_");
typed_id!(/// A company that pays for visits of its people.
    CompanyId, "cmp_");
typed_id!(/// What a visit that is over still owes: its visit, and random letters that nobody can guess.
    ReceivableId, "rcv_");
typed_id!(/// A task for a lot's operator, derived from the event that asks for one.
    TaskId, "tsk_");

impl ReceivableId {
    /// For a visit. The visit's id is derived from plate, lot and time, which others may know; `token` is what is secret in it:
    /// random, of letters and digits alone.
    pub fn of(visit: &VisitId, token: &str) -> Result<Self, InvalidId> {
        let rest = visit.as_str().strip_prefix(VisitId::PREFIX).unwrap_or_default();
        Self::parse(format!("{}{rest}_{token}", Self::PREFIX))
    }

    /// The visit it names; `None` for an id that was not made by [`ReceivableId::of`].
    pub fn visit(&self) -> Option<VisitId> {
        let (visit, _) = self.0.strip_prefix(Self::PREFIX)?.rsplit_once('_')?;
        VisitId::parse(format!("{}{visit}", VisitId::PREFIX)).ok()
    }
}

impl TaskId {
    /// As [`TaskId::derive`], for a cause of that moment: ids of a lot's tasks sort by it.
    pub fn since(at: Timestamp, parts: &[&str]) -> Self {
        Self(format!("{}{:010}_{}", Self::PREFIX, at.as_second().max(0), digest(parts)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_refused_without_its_prefix() {
        assert!(LotId::parse("vis_1").is_err());
        assert!(LotId::parse("lot_").is_err());
        assert!(LotId::parse("lot_a b").is_err());
        assert!(LotId::parse(format!("lot_{}", "a".repeat(MAX_ID_BYTES))).is_err());
        assert_eq!(LotId::parse("lot_a-1").unwrap().as_str(), "lot_a-1");
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(EventId::derive(&["ab", "c"]), EventId::derive(&["a", "bc"]));
        assert_eq!(EventId::derive(&["ab", "c"]), EventId::derive(&["ab", "c"]));
    }

    #[test]
    fn a_receivables_id_names_its_visit_and_is_not_told_by_it() {
        let visit = VisitId::derive(&["v"]);
        let (one, other) =
            (ReceivableId::of(&visit, "abc").unwrap(), ReceivableId::of(&visit, "abd").unwrap());
        assert_eq!((one.visit(), other.visit()), (Some(visit.clone()), Some(visit)));
        assert_ne!(one, other);
        assert_eq!(ReceivableId::parse("rcv_x").unwrap().visit(), None);
    }

    #[test]
    fn serde_refuses_what_parse_refuses() {
        assert!(serde_json::from_str::<LotId>("\"lane_1\"").is_err());
        assert_eq!(serde_json::to_string(&LotId::parse("lot_1").unwrap()).unwrap(), "\"lot_1\"");
    }
}
