//! A lot of Daejeon, its gate and its cars, as tests want them.

use baro_domain::{
    Coordinate, EventId, Gate, GateId, GateObservation, GateVendor, Lane, LaneDirection, LaneId, LanePoint,
    Lot, LotId, OperatorId, Passage, PaymentId, PlateNumber, TariffSpec, VisitId, Won,
    lot::LotRules,
    notice::Contact,
    occupancy::OccupancyRules,
    payment::{Means, Order, PaidStay, Payment, PaymentStatus, Purpose, Shop},
    tariff::LotTariffs,
};
use baro_store::LotRecord;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// A plate.
pub fn plate() -> PlateNumber {
    PlateNumber::parse("12가3456")
}

/// So many minutes after 10:00 on Friday, 20 November 2026, in Daejeon.
pub fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-20T10:00:00+09:00".parse().unwrap();
    start + jiff::SignedDuration::from_mins(minutes)
}

/// 법원·검찰청앞: 400 won for 10 minutes, then 300 won for each 10 minutes.
pub fn lot_record() -> LotRecord {
    let lot = Lot {
        id: LotId::parse("lot_test").unwrap(),
        name: "법원·검찰청앞".into(),
        operator: OperatorId::parse("opr_daejeon-seogu").unwrap(),
        address: "대전광역시 서구 둔산중로 78번길".into(),
        position: Coordinate::from_degrees(36.3546, 127.3836),
        capacity: 65,
        time_zone: "Asia/Seoul".into(),
        rules: LotRules::default(),
        controller: None,
        occupancy: OccupancyRules::by_visits(),
        remarks: Vec::new(),
    };
    LotRecord { lot, tariffs: LotTariffs::of(tariff()) }
}

/// The same lot with so many spaces that a counter follows its visits.
pub fn large_lot_record() -> LotRecord {
    let mut record = lot_record();
    record.lot.capacity = 300;
    record
}

fn tariff() -> TariffSpec {
    serde_json::from_str(include_str!("lot_tariff.json")).unwrap()
}

/// A gate of that lot: entry, exit approach, exit passage and a single-read exit. Its secret is `secret`.
pub fn gate(vendor: GateVendor) -> Gate {
    let lane = |id: &str, code: &str, direction, point| Lane {
        id: LaneId::parse(id).unwrap(),
        vendor_code: code.into(),
        direction,
        point,
    };
    Gate {
        id: GateId::parse("gate_test").unwrap(),
        lot: LotId::parse("lot_test").unwrap(),
        vendor,
        time_zone: "Asia/Seoul".into(),
        secret_sha256: hex::encode(Sha256::digest(b"secret")),
        lanes: vec![
            lane("lane_in", "1", LaneDirection::Entry, LanePoint::Single),
            lane("lane_ask", "2", LaneDirection::Exit, LanePoint::Approach),
            lane("lane_out", "3", LaneDirection::Exit, LanePoint::Passage),
            lane("lane_single", "4", LaneDirection::Exit, LanePoint::Single),
        ],
    }
}

/// A read of [`plate`] at [`at`]`(minutes)`.
pub fn observation(name: &str, passage: Passage, minutes: i64) -> GateObservation {
    GateObservation {
        event_id: EventId::derive(&[name]),
        lot: LotId::parse("lot_test").unwrap(),
        lane: LaneId::parse("lane_in").unwrap(),
        passage,
        plate: plate(),
        confidence: None,
        observed_at: at(minutes),
        reported_at: None,
        received_at: at(minutes),
        image_key: None,
        track: None,
        unasked: None,
    }
}

/// Our shop at the gateway, as the fixtures' payments name it.
pub fn shop() -> Shop {
    Shop { store_id: "store-1".into(), channel_type: "TEST".into() }
}

/// The stay that a payment of the fixtures is for.
pub fn stay_of(payment: &mut Payment) -> &mut PaidStay {
    match &mut payment.purpose {
        Purpose::Stay(stay) => stay,
        Purpose::TopUp(_) => panic!("it is for no stay"),
    }
}

/// A payment of 1,300 won, asked for at 11:00 for the car that came at 10:00.
pub fn payment(id: &PaymentId) -> Payment {
    Payment {
        id: id.clone(),
        status: PaymentStatus::Requested,
        order: Order {
            store_id: "store-1".into(),
            channel_type: "TEST".into(),
            amount: Won::new(1_300),
            currency: "KRW".into(),
            order_name: "주차요금".into(),
        },
        purpose: Purpose::Stay(PaidStay {
            lot: lot_record().lot.id,
            plate: plate(),
            visit: VisitId::derive(&["visit"]),
            entered_at: at(0),
            quoted_until: at(60),
            time_zone: "Asia/Seoul".into(),
            promised_at: None,
            owed: None,
        }),
        method: None,
        refunds: Vec::new(),
        means: Means::default(),
        failure: None,
        quote: serde_json::json!({"total": 1_300}),
        contact: Contact::default(),
        created_at: at(60),
        paid_at: None,
        captured: Won::ZERO,
        returned: Won::ZERO,
        deposit_account: None,
        mismatch: None,
        pg_tx_id: None,
        points: None,
        slip: None,
    }
}
