//! A lot, its lanes and its gates: what an operator configures. The tariff is in [`crate::tariff`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Coordinate, GateId, LaneId, LotId, OperatorId, occupancy::OccupancyRules};

/// A car park.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lot {
    /// Its id.
    pub id: LotId,
    /// Its name as published, Korean.
    pub name: String,
    /// Who operates it.
    pub operator: OperatorId,
    /// Road address (도로명주소), or the lot-number address where there is none.
    pub address: String,
    /// Where it is; `None` when the source did not say.
    pub position: Option<Coordinate>,
    /// Number of spaces.
    pub capacity: u32,
    /// IANA name of the zone its tariff is read in. A setting, not an assumption.
    pub time_zone: String,
    /// The lot's own settings of the visit fold.
    #[serde(default)]
    pub rules: LotRules,
    /// The controller that takes commands for its barriers; `None` where barriers move only as answers to their reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<BarrierController>,
    /// How its cars are counted.
    #[serde(default, skip_serializing_if = "OccupancyRules::is_empty")]
    pub occupancy: OccupancyRules,
    /// What the import remarked on the source row, in Korean, for the operator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Settings of a lot that the visit fold and the exit decision read. Times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LotRules {
    /// Two reads of one plate in one direction closer than this are one passage.
    pub same_passage_s: u32,
    /// After paying, this long to reach the barrier before more falls due.
    pub leave_grace_s: u32,
    /// What becomes of a visit that outlasts what is usual; `None`: nothing, it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_stay: Option<LongStay>,
    /// How it asks for what visits that are over still owe.
    #[serde(skip_serializing_if = "UnpaidRules::is_usual")]
    pub unpaid: UnpaidRules,
}

/// How a lot asks for unpaid fees (미납): when each notice goes, and what the third adds. Times in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UnpaidRules {
    /// The first notice goes so long after the car left.
    pub first_after_days: u16,
    /// Each further one so long after the one before.
    pub then_after_days: u16,
    /// So many at most; after them the municipality seizes, or a person decides.
    pub notices: u16,
    /// The surcharge (가산금) from the third notice on, in times the fee: 4 at most. It is public lots' right alone (주차장법
    /// 제9조): 0 elsewhere, and until a lot says otherwise.
    pub surcharge_times: u8,
}

impl UnpaidRules {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature of skip_serializing_if")]
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for UnpaidRules {
    fn default() -> Self {
        Self { first_after_days: 1, then_after_days: 14, notices: 3, surcharge_times: 0 }
    }
}

/// Settings against phantom visits: a car whose exit was missed, or that was never there because somebody else's plate
/// was misread as this one. Times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LongStay {
    /// A stay up to this long is usual. Beyond it the price stays where it is, and a person is asked.
    pub usual_s: u32,
    /// So long after the last sign of it a car counts as gone; `None`: only a person may say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_after_s: Option<u32>,
}

impl LongStay {
    /// A day is usual where nobody parks by the month, and a car counts as gone after three more: until then the backlog
    /// of an offline controller may still bring the read of its exit.
    pub const OF_A_DAY: Self = Self { usual_s: 24 * 3_600, close_after_s: Some(96 * 3_600) };
}

impl Default for LotRules {
    fn default() -> Self {
        Self { same_passage_s: 120, leave_grace_s: 15 * 60, long_stay: None, unpaid: UnpaidRules::default() }
    }
}

/// One lane of a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lane {
    /// Its id.
    pub id: LaneId,
    /// What the vendor calls it (`lprID`, `channelID`, `camera_id`); matched exactly. `*` matches any.
    pub vendor_code: String,
    /// Which way cars go.
    pub direction: LaneDirection,
    /// Where on the lane the read is taken.
    pub point: LanePoint,
}

/// Which way cars go in a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneDirection {
    /// Into the lot.
    Entry,
    /// Out of the lot.
    Exit,
    /// Both; the vendor's report must say which.
    Both,
}

/// Where on the lane a car is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LanePoint {
    /// Before the barrier: the read asks for a decision.
    Approach,
    /// Behind the barrier: the read says that the car has passed.
    Passage,
    /// One read does both: once the barrier was told to open, the car counts as passed.
    Single,
}

/// A device or controller that reports to Baro.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gate {
    /// Its id, in the address it posts to.
    pub id: GateId,
    /// The lot it stands in.
    pub lot: LotId,
    /// The dialect it speaks.
    pub vendor: GateVendor,
    /// IANA zone of its local times, where the dialect has none.
    pub time_zone: String,
    /// SHA-256 of its secret, hex. The secret itself has 256 random bits and is kept nowhere.
    pub secret_sha256: String,
    /// Its lanes; none where it reads no plates.
    pub lanes: Vec<Lane>,
}

/// A controller that takes commands for the barriers of a whole lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BarrierController {
    /// The dialect it speaks.
    pub dialect: ControllerDialect,
    /// Its address: scheme, IP address and port (`http://10.20.0.5:9948`).
    pub address: String,
    /// Name of the secret with its user and password. They themselves are kept only there.
    pub secret_id: String,
    /// The number the controller has for the lot.
    pub area: u32,
    /// What the controller calls each barrier, by our lane.
    #[serde(default)]
    pub barriers: BTreeMap<LaneId, String>,
    /// How it is asked to raise one; `None` where it can only keep passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenRequest>,
}

/// The request that raises a barrier. Vendors do not publish it and installations differ: it comes from the
/// installation's own manual.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenRequest {
    /// Name of the resource.
    pub resource: String,
    /// Name of the field that takes the barrier.
    pub barrier_field: String,
    /// Fields that are always the same.
    #[serde(default)]
    pub fixed: BTreeMap<String, String>,
}

/// The dialects of controllers that take commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControllerDialect {
    /// `/interop/RESOURCE.do`, HTTP Basic, refusals inside HTTP 200.
    Amano,
}

impl BarrierController {
    /// Whether it can raise the barrier of a lane.
    pub fn opens(&self, lane: &LaneId) -> bool {
        self.open.is_some() && self.barriers.contains_key(lane)
    }
}

/// The dialects of gates.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateVendor {
    /// `alert_incar` / `alert_outcar`, UTF-8 or CP949.
    Nexpa,
    /// `COME_IN` / `GO_OUT` push.
    LotPush,
    /// `/car/entrance`, `/car/exit`, ISO 8601 with offset.
    Iso,
    /// parkIn with resultcode.
    Glnt,
    /// Two reads a lane.
    Bnids,
    /// ISAPI multipart ANPR.
    Hikvision,
    /// ITSAPI JSON.
    Dahua,
    /// Stream webhook.
    PlateRecognizer,
    /// License Plate Verifier push events: NEW, UPDATE, LOST.
    Axis,
    /// Reads no plates and has no lanes: a counter, a camera over spaces or a guidance system, which tells in Baro's own
    /// words how full the lot is.
    Occupancy,
}
