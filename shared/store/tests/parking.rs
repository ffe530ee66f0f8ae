//! Facts of visits in the table: one request a read, whatever is there already.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::{
    Passage, PlateNumber, RulingId, Won,
    visit::{FoldContext, Outworn, PaidFact, RuledBy, Ruling, RulingKind, fold, outworn},
};
use baro_store::RawBody;
use baro_testing::{Cloud, Fault, at, lot_record, observation, plate};
use jiff::Timestamp;

#[allow(clippy::unnecessary_wraps, reason = "the shape of a fee schedule")]
fn free(_: Timestamp, _: Timestamp) -> Option<Won> {
    Some(Won::ZERO)
}

#[tokio::test]
async fn entry_approach_and_passage_cost_one_request_each() {
    let cloud = Cloud::start().await;
    let parking = cloud.parking();
    for (name, passage, minute) in
        [("in", Passage::Entered, 0), ("ask", Passage::AtExit, 60), ("out", Passage::Left, 61)]
    {
        cloud.forget_calls();
        let raw =
            RawBody::inline(br#"{"command":"alert_incar","data":{"car_number":"12\uac003456"}}"#).unwrap();
        let recorded =
            parking.record(&observation(name, passage, minute), &plate(), Some(&raw)).await.unwrap();
        assert!(recorded.fresh);
        assert_eq!(recorded.listed_open, passage != Passage::Left);
        assert_eq!(cloud.dynamodb_calls(), ["UpdateItem"]);
    }
    let facts = parking.facts(&lot_record().lot.id, &plate()).await.unwrap();
    assert_eq!(facts.observations.len(), 3);
}

#[tokio::test]
async fn the_same_read_twice_changes_nothing_and_costs_one_request() {
    let cloud = Cloud::start().await;
    let parking = cloud.parking();
    let first = parking.record(&observation("in", Passage::Entered, 0), &plate(), None).await.unwrap();
    cloud.forget_calls();
    let again = parking.record(&observation("in", Passage::Entered, 0), &plate(), None).await.unwrap();
    assert!(!again.fresh);
    assert_eq!((again.facts, again.revision), (first.facts, first.revision));
    assert_eq!(cloud.dynamodb_calls().len(), 1);
}

#[tokio::test]
async fn a_read_whose_answer_was_lost_is_recorded_once() {
    let cloud = Cloud::start().await;
    cloud.fail_next("UpdateItem", Fault::After);
    let recorded =
        cloud.parking().record(&observation("in", Passage::Entered, 0), &plate(), None).await.unwrap();
    assert_eq!((recorded.facts.observations.len(), recorded.revision), (1, 1));
}

#[tokio::test]
async fn a_read_comes_back_as_it_was_with_its_raw_body() {
    let cloud = Cloud::start().await;
    let parking = cloud.parking();
    let mut read = observation("in", Passage::Entered, 0);
    read.plate = PlateNumber::parse("12가3458");
    read.image_key = Some("gates/images/x.jpg".into());
    let raw = RawBody::inline("번호 12가3458".as_bytes()).unwrap();
    parking.record(&read, &plate(), Some(&raw)).await.unwrap();
    let facts = parking.facts(&read.lot, &plate()).await.unwrap();
    assert_eq!(facts.observations, [read.clone()]);
    let bodies = parking.raw_bodies(&read.lot, &plate()).await.unwrap();
    assert_eq!(bodies[0].1.inflate().unwrap(), "번호 12가3458".as_bytes());
}

#[tokio::test]
async fn the_open_index_lists_who_is_inside() {
    let cloud = Cloud::start().await;
    let parking = cloud.parking();
    let lot = lot_record().lot.id;
    let mut other = observation("other", Passage::Entered, 5);
    other.plate = PlateNumber::parse("34나7890");
    parking.record(&observation("in", Passage::Entered, 0), &plate(), None).await.unwrap();
    parking.record(&other, &other.plate, None).await.unwrap();
    assert_eq!(parking.open_plates(&lot).await.unwrap(), [other.plate.clone(), plate()]);
    let left = parking.record(&observation("out", Passage::Left, 9), &plate(), None).await.unwrap();
    assert_eq!(parking.open_plates(&lot).await.unwrap(), [other.plate.clone()]);
    assert!(!parking.list_open(&lot, &plate(), left.revision - 1, Some(at(0))).await.unwrap());
    assert!(parking.list_open(&lot, &plate(), left.revision, Some(at(0))).await.unwrap());
    assert_eq!(parking.open_plates(&lot).await.unwrap(), [other.plate, plate()]);
}

#[tokio::test]
async fn outworn_facts_are_moved_whole_and_only_from_the_revision_they_were_computed_for() {
    let cloud = Cloud::start().await;
    let parking = cloud.parking();
    let lot = lot_record().lot.id;
    let mut last = None;
    for day in 0..9_i64 {
        parking
            .record(&observation(&format!("in{day}"), Passage::Entered, day * 1_440), &plate(), None)
            .await
            .unwrap();
        let out = observation(&format!("out{day}"), Passage::Left, day * 1_440 + 30);
        last = Some(parking.record(&out, &plate(), None).await.unwrap());
    }
    let last = last.unwrap();
    let context = FoldContext { lot: &lot, rules: lot_record().lot.rules, fees: &free };
    let before = fold(&context, &last.facts);
    let gone: Outworn = outworn(&last.facts, &before, at(9 * 1_440)).unwrap();
    assert!(!parking.archive(&lot, &plate(), last.revision - 1, &gone, at(0)).await.unwrap());
    assert!(parking.archive(&lot, &plate(), last.revision, &gone, at(0)).await.unwrap());
    let facts = parking.facts(&lot, &plate()).await.unwrap();
    assert_eq!(facts.observations.len() + gone.events.len(), 18);
    assert_eq!(facts.trimmed_until.unwrap().as_microsecond(), gone.until.as_microsecond());
    assert!(before.visits.ends_with(&fold(&context, &facts).visits));
}

#[tokio::test]
async fn a_ruling_lies_beside_the_reads_once_and_reads_back_as_it_was() {
    let cloud = Cloud::start().await;
    let parking = cloud.parking();
    let lot = lot_record().lot.id;
    parking.record(&observation("in", Passage::Entered, 0), &plate(), None).await.unwrap();
    let left = Ruling {
        id: RulingId::derive(&["r"]),
        at: at(90),
        by: RuledBy::Operator { operator: lot_record().lot.operator, name: "당직".into() },
        note: "CCTV에서 출차 확인".into(),
        kind: RulingKind::Left { left_at: at(30) },
    };
    parking.rule(&lot, &plate(), &left).await.unwrap();
    cloud.forget_calls();
    let again = parking.rule(&lot, &plate(), &left).await.unwrap();
    assert_eq!(cloud.dynamodb_calls(), ["UpdateItem"]);
    assert_eq!(again.facts.rulings, [left]);
    assert_eq!(parking.on_file(&lot, &plate()).await.unwrap().unwrap().facts, again.facts);
    let context = FoldContext { lot: &lot, rules: lot_record().lot.rules, fees: &free };
    assert!(fold(&context, &again.facts).open().is_none());
}

#[test]
fn a_large_body_is_not_kept_inline() {
    let noise: Vec<u8> =
        (0_u32..4_000).map(|i| u8::try_from(i.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    assert!(RawBody::inline(&noise).is_none());
}

#[test]
fn a_payment_fact_names_its_stay() {
    let fact = PaidFact {
        payment: baro_domain::PaymentId::derive(&["p"]),
        amount: Won::new(1_000),
        quoted_until: at(0),
        paid_at: at(3),
        promised_at: None,
    };
    assert_eq!(fact.leave_by(lot_record().lot.rules), at(18));
}
