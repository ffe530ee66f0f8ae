//! What happens at a lot with a gate of each vendor, and in which order it is delivered. Printed, a history reads one line an event.

use std::fmt;

use baro_domain::{Gate, GateId, GateVendor, Lane, LaneDirection, LaneId, LanePoint, PlateNumber};
use baro_testing::{at, lot_record};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Two that look alike, and one that does not.
const PLATES: [&str; 3] = ["12가3456", "12가3458", "34나5678"];
/// Events of a history lie at so many times, [`APART`] minutes or up to [`NEAR`] more apart: many at the same moment, many within one passage.
const TIMES: i64 = 20;
const APART: i64 = 20;
const NEAR: i64 = 3;

/// Lanes, by the code that every vendor has for them.
const LANES: [(&str, LaneDirection, LanePoint); 4] = [
    ("in", LaneDirection::Entry, LanePoint::Single),
    ("ask", LaneDirection::Exit, LanePoint::Approach),
    ("out", LaneDirection::Exit, LanePoint::Passage),
    ("lone", LaneDirection::Exit, LanePoint::Single),
];

const VENDORS: [GateVendor; 8] = [
    GateVendor::Nexpa,
    GateVendor::LotPush,
    GateVendor::Glnt,
    GateVendor::Bnids,
    GateVendor::Hikvision,
    GateVendor::Dahua,
    GateVendor::PlateRecognizer,
    GateVendor::Axis,
];

/// How a camera's report stands in its tracking of a car.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    New,
    Update,
    Lost,
}

/// What happens to a car.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// A gate reads it in one of [`LANES`].
    Read { vendor: GateVendor, lane: usize },
    /// An Axis camera reports one of its trackings; later reports of it may bear another plate.
    Tracked { car: u8, sight: Sight, lane: usize },
    /// The driver pays so many won.
    Pays { won: i64 },
    /// The newest payment before it goes back.
    Refunded,
}

/// One event.
#[derive(Clone)]
pub(crate) struct Happening {
    pub(crate) minute: i64,
    pub(crate) plate: usize,
    pub(crate) what: What,
}

/// A history with its deliveries.
#[derive(Clone)]
pub(crate) struct History {
    /// What happened, oldest first.
    pub(crate) happenings: Vec<Happening>,
    /// What is delivered, in order: places in `happenings`, each at least once.
    pub(crate) deliveries: Vec<usize>,
    /// So many deliveries come together.
    pub(crate) batch: usize,
}

impl Happening {
    pub(crate) fn plate(&self) -> PlateNumber {
        PlateNumber::parse(PLATES[self.plate])
    }

    pub(crate) fn at(&self) -> Timestamp {
        at(self.minute)
    }

    /// The event as its vendor posts it; `None` for what no gate sees.
    pub(crate) fn posted(&self) -> Option<(GateVendor, Value)> {
        match self.what {
            What::Read { vendor, lane } => Some((vendor, self.read(vendor, LANES[lane].0))),
            What::Tracked { car, sight, lane } => Some((GateVendor::Axis, self.tracked(car, sight, lane))),
            What::Pays { .. } | What::Refunded => None,
        }
    }

    fn local(&self, format: &str) -> String {
        let zone = TimeZone::get("Asia/Seoul").unwrap();
        zone.to_datetime(self.at()).strftime(format).to_string()
    }

    fn read(&self, vendor: GateVendor, lane: &str) -> Value {
        let (car, wall) = (PLATES[self.plate], self.local("%Y-%m-%d %H:%M:%S"));
        match vendor {
            GateVendor::Nexpa => {
                let command = if lane == "in" { "alert_incar" } else { "alert_outcar" };
                json!({"command": command, "data": {"car_number": car, "lprID": lane, "date_time": self.local("%Y%m%d%H%M%S")}})
            }
            GateVendor::LotPush => {
                let kind = if lane == "in" { "COME_IN" } else { "GO_OUT" };
                json!({"parkingLotId": lane, "type": kind, "carNo": car, "eventDt": wall})
            }
            GateVendor::Bnids => {
                json!({"lprCarNo": "12", "accuracy": 40, "lprCarNo2": car, "accuracy2": 97, "gateId": lane, "eventDt": wall})
            }
            GateVendor::Hikvision => json!(format!(
                "<EventNotificationAlert><channelID>{lane}</channelID><dateTime>{}</dateTime><eventType>ANPR</eventType>\
                 <eventState>active</eventState><ANPR><licensePlate>{car}</licensePlate></ANPR></EventNotificationAlert>",
                self.at()
            )),
            GateVendor::Dahua => {
                json!({"Picture": {"Plate": {"PlateNumber": car}, "SnapInfo": {"DeviceID": lane, "AccurateTime": wall}}})
            }
            GateVendor::PlateRecognizer => {
                json!({"data": {"camera_id": lane, "timestamp": self.at().to_string(), "results": [{"plate": car, "score": 0.95}]}})
            }
            // Glnt; the others of the registry send no plain reads here.
            _ => {
                json!({"vehicleNo": car, "dtFacilitiesId": lane, "date": wall, "resultcode": "0"})
            }
        }
    }

    fn tracked(&self, car: u8, sight: Sight, lane: usize) -> Value {
        json!({
            "carState": format!("{sight:?}").to_lowercase(), "carID": format!("car-{car}"),
            "capture_timestamp": self.at().as_millisecond().to_string(), "plateUTF8": PLATES[self.plate],
            "camera_info": {"SerialNumber": LANES[lane].0},
        })
    }
}

/// The gate of a vendor, at the lot of the fixtures.
pub(crate) fn gate(vendor: GateVendor) -> Gate {
    let lane = |(code, direction, point): &(&str, LaneDirection, LanePoint)| Lane {
        id: LaneId::derive(&[code]),
        vendor_code: (*code).to_owned(),
        direction: *direction,
        point: *point,
    };
    Gate {
        id: GateId::derive(&[&format!("{vendor:?}")]),
        lot: lot_record().lot.id,
        vendor,
        time_zone: "Asia/Seoul".to_owned(),
        secret_sha256: String::new(),
        lanes: LANES.iter().map(lane).collect(),
    }
}

impl fmt::Debug for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lane, who, what) = match &self.what {
            What::Read { vendor, lane } => {
                let what = ["enters", "wants out", "leaves", "wants out and is read no more"][*lane];
                (LANES[*lane].0, format!("{vendor:?}"), what.to_owned())
            }
            What::Tracked { car, sight, lane } => {
                (LANES[*lane].0, "Axis".to_owned(), format!("{sight:?} of tracking {car}"))
            }
            What::Pays { won } => ("-", "driver".to_owned(), format!("pays {won} won")),
            What::Refunded => ("-", "gateway".to_owned(), "gives the newest payment back".to_owned()),
        };
        write!(f, "{}  {lane:<4}  {}  {who:<15}  {what}", self.local("%H:%M"), PLATES[self.plate])
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "what happened:")?;
        for (number, happening) in self.happenings.iter().enumerate() {
            writeln!(f, "  #{number:<2} {happening:?}")?;
        }
        let name = |place: &usize| format!("#{place}");
        let batches: Vec<String> = self
            .deliveries
            .chunks(self.batch)
            .map(|batch| batch.iter().map(name).collect::<Vec<_>>().join(" "))
            .collect();
        write!(f, "delivered: {}", batches.join(" | "))
    }
}

fn any_what() -> impl Strategy<Value = What> {
    let sight = prop_oneof![Just(Sight::New), Just(Sight::Update), Just(Sight::Lost)];
    let untracked = VENDORS[..VENDORS.len() - 1].to_vec();
    prop_oneof![
        8 => (prop::sample::select(untracked), prop_oneof![3 => Just(0_usize), 4 => 1..LANES.len()])
            .prop_map(|(vendor, lane)| What::Read { vendor, lane }),
        3 => (0_u8..3, sight, prop_oneof![3 => Just(0_usize), 1 => 1..LANES.len()])
            .prop_map(|(car, sight, lane)| What::Tracked { car, sight, lane }),
        2 => (1_i64..80).prop_map(|hundreds| What::Pays { won: hundreds * 100 }),
        1 => Just(What::Refunded),
    ]
}

/// Each happening has one to three arrival keys: by them the deliveries are sorted, so that a history shrinks towards one
/// delivery of each in the order in which things happened.
pub(crate) fn any_history() -> impl Strategy<Value = History> {
    let minute = (0..TIMES, 0..NEAR).prop_map(|(time, later)| time * APART + later);
    let happening = (minute, 0..PLATES.len(), any_what()).prop_map(|(minute, plate, what)| Happening {
        minute,
        plate,
        what,
    });
    let arrivals = prop::collection::vec(any::<u8>(), 1..4);
    (prop::collection::vec((happening, arrivals), 1..14), 1_usize..5).prop_map(|(mut told, batch)| {
        told.sort_by_key(|(happening, _)| happening.minute);
        let mut keys: Vec<(u8, usize)> = told
            .iter()
            .enumerate()
            .flat_map(|(place, (_, arrivals))| arrivals.iter().map(move |key| (*key, place)))
            .collect();
        keys.sort_unstable();
        let deliveries = keys.into_iter().map(|(_, place)| place).collect();
        History { happenings: told.into_iter().map(|(happening, _)| happening).collect(), deliveries, batch }
    })
}
