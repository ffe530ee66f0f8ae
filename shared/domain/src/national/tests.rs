//! The national file as it really is.

use jiff::SignedDuration;
use jiff::civil::date;
use jiff::tz::TimeZone;

use super::*;
use crate::calendar::Calendar;
use crate::tariff::{DiscountShape, Each, Eligibility, Stay};
use crate::{Coordinate, Won};

type Outcome = Result<NationalLot, RowRefused>;

fn fixture() -> Vec<Outcome> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/national/tricky.cp949.csv");
    let bytes = std::fs::read(path).unwrap();
    read(&bytes).unwrap().map(|(_, outcome)| outcome).collect()
}

fn named(name: &str) -> Outcome {
    let mut found = fixture().into_iter().filter(|outcome| match outcome {
        Ok(lot) => lot.lot.name == name,
        Err(refused) => refused.name == name,
    });
    found.next().unwrap()
}

fn codes(lot: &NationalLot) -> Vec<RemarkCode> {
    lot.remarks.iter().map(|remark| remark.code).collect()
}

/// The price of a stay that begins on a Tuesday at 09:00.
fn price(lot: &NationalLot, minutes: i64) -> i64 {
    let seoul = TimeZone::get(&lot.lot.time_zone).unwrap();
    let entered = seoul.to_timestamp(date(2026, 11, 17).at(9, 0, 0, 0)).unwrap();
    let stay = Stay::new(entered, entered + SignedDuration::from_mins(minutes), &seoul, Calendar::korea());
    lot.tariff.quote(&stay).unwrap().total.get()
}

fn threshold(lot: &NationalLot) -> Option<i64> {
    lot.tariff.spec().passes.iter().find(|offer| offer.code == "day")?.published_threshold_minutes
}

#[test]
fn a_real_row_becomes_a_lot_that_charges_as_its_sign_says() {
    let lot = named("선화동제2노외").unwrap();
    for (minutes, won) in [(10, 300), (11, 500), (60, 1_300), (430, 8_700), (480, 8_700)] {
        assert_eq!(price(&lot, minutes), won, "{minutes} min");
    }
    assert_eq!(
        (lot.lot.capacity, lot.lot.time_zone.as_str(), lot.tariff.spec().grade),
        (33, "Asia/Seoul", Some(2))
    );
    assert_eq!(lot.lot.position, Coordinate::from_degrees(36.329_146_8, 127.422_045_5));
    assert_eq!(threshold(&lot), Some(300), "the day ticket's five hours are kept apart from its price");
    assert!(codes(&lot).contains(&RemarkCode::DayTicketThresholdDiffers), "{:?}", lot.remarks);
    assert_eq!(lot.lot.operator.as_str(), "opr_3650000");
    assert_eq!(lot.lot.remarks.len(), lot.remarks.len());
}

#[test]
fn a_free_lot_costs_nothing() {
    let lot = named("산성동제2노상").unwrap();
    assert_eq!(price(&lot, 10 * 1_440), 0);
}

#[test]
fn a_day_may_end_at_24_00() {
    let lot = named("스물네시 노외").unwrap();
    assert_eq!(threshold(&lot), Some(1_440));
    let bands = &lot.tariff.spec().schedule.bands;
    assert_eq!((bands.len(), bands[0].hours.until.minute_of_day()), (1, 1_440));
}

#[test]
fn midnight_to_midnight_is_all_day_and_remarked() {
    let lot = named("종일인지 모를 노상").unwrap();
    assert!(codes(&lot).contains(&RemarkCode::HoursAllDayOrUnknown));
    assert!(lot.tariff.spec().schedule.bands[0].days.is_all());
    assert!(lot.tariff.spec().passes.is_empty());
}

#[test]
fn without_a_base_fee_the_base_time_is_free() {
    let lot = named("기본요금 없는 노외").unwrap();
    assert!(codes(&lot).contains(&RemarkCode::BaseFeeMissing));
    assert_eq!((price(&lot, 30), price(&lot, 31)), (0, 200));
    assert_eq!(threshold(&lot), Some(300), "300 can only be minutes");
}

#[test]
fn a_paid_lot_without_any_price_is_refused_and_says_so() {
    assert_eq!(named("요금 없는 유료 노상").unwrap_err().code, RefusalCode::PaidWithoutPrice);
}

#[test]
fn swapped_coordinates_are_turned_round_and_half_ones_left_out() {
    let swapped = named("좌표가 뒤바뀐 노외").unwrap();
    assert_eq!(swapped.lot.position, named("선화동제2노외").unwrap().lot.position);
    assert!(codes(&swapped).contains(&RemarkCode::PositionSwapped));
    assert_eq!(threshold(&swapped), Some(210));
    let half = named("세 시간 반 노외").unwrap();
    assert_eq!(half.lot.position, None);
    assert!(codes(&half).contains(&RemarkCode::PositionUnreadable));
    assert_eq!((threshold(&half), price(&half, 10)), (Some(210), 1_000), "3.5 hours; 1,000원");
}

#[test]
fn discounts_in_the_notes_are_proposed_and_never_applied() {
    let lot = named("할인이 적힌 노외").unwrap();
    let found: Vec<_> = lot.proposals.iter().map(|it| (it.eligibility.clone(), it.shape.clone())).collect();
    let half = DiscountShape::Percent { percent: 50 };
    let exempt = DiscountShape::FreeMinutes { minutes: 120, each: Each::Stay, then_percent: 50 };
    let children =
        DiscountShape::PercentOf { from_minute: 0, until_minute: Some(180), percent: 50, each: Each::Stay };
    assert_eq!(
        found,
        [
            (Eligibility::Compact, half.clone()),
            (Eligibility::LowEmission, half),
            (Eligibility::Disabled, exempt.clone()),
            (Eligibility::Merit, exempt),
            (Eligibility::MultiChild, children),
        ]
    );
    assert!(lot.tariff.spec().discounts.is_empty());
    assert!(codes(&lot).contains(&RemarkCode::DiscountsProposed));
    assert!(
        codes(&lot).contains(&RemarkCode::DayTicketTimeAmbiguous),
        "30 is neither hours nor minutes for sure"
    );
}

#[test]
fn a_management_number_used_twice_makes_two_lots_and_a_row_given_twice_one() {
    let (first, second) = (named("선화동제2노외").unwrap(), named("유천시장공영주차장").unwrap());
    assert_eq!(first.management_number, second.management_number);
    assert_ne!(first.lot.id, second.lot.id);
    let refused: Vec<_> = fixture().into_iter().filter_map(Result::err).map(|refused| refused.code).collect();
    let expected = [RefusalCode::PaidWithoutPrice, RefusalCode::Duplicate, RefusalCode::WrongColumnCount];
    assert_eq!(refused, expected);
}

#[test]
fn hours_on_a_closed_day_are_remarked_and_not_charged() {
    let lot = named("닫는 날에 여는 노외").unwrap();
    assert!(codes(&lot).contains(&RemarkCode::HoursOnClosedDay));
    assert_eq!(lot.tariff.spec().schedule.bands.len(), 1);
    assert!(lot.tariff.spec().schedule.bands[0].hours.crosses_midnight());
}

#[test]
fn a_lot_with_only_a_day_ticket_sells_days() {
    let lot = named("1일권만 있는 노외").unwrap();
    let expected = [
        RemarkCode::DayTicketOnly,
        RemarkCode::DateMissing,
        RemarkCode::GradeUnknown,
        RemarkCode::CapacityMissing,
        RemarkCode::NumberUnreadable,
    ];
    assert!(expected.iter().all(|code| codes(&lot).contains(code)), "{:?}", lot.remarks);
    assert_eq!(price(&lot, 60), 5_000);
}

#[test]
fn a_file_with_other_columns_is_refused_by_their_names() {
    let error = read("주차장명,요금정보\n가,무료\n".as_bytes()).map(Iterator::count).unwrap_err();
    assert!(matches!(&error, FileRefused::MissingColumns(missing) if missing.len() == 31), "{error}");
    assert!(read(b"").is_err());
}

#[test]
fn utf_8_with_a_byte_order_mark_reads_the_same() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/national/tricky.cp949.csv");
    let bytes = std::fs::read(path).unwrap();
    let utf8 = format!("\u{feff}{}", decode(&bytes));
    let names = |bytes: &[u8]| -> Vec<String> {
        read(bytes).unwrap().filter_map(|(_, outcome)| outcome.ok()).map(|lot| lot.lot.name).collect()
    };
    assert_eq!(names(utf8.as_bytes()), names(&bytes));
}

/// The whole real file, as the local cloud plays with it.
#[test]
fn every_real_lot_of_daejeon_is_taken_and_prices_ten_days() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/data/parking_lots_daejeon.cp949.csv");
    let bytes = std::fs::read(path).unwrap();
    let outcomes: Vec<_> = read(&bytes).unwrap().collect();
    assert_eq!(outcomes.len(), 857);
    let seoul = TimeZone::get("Asia/Seoul").unwrap();
    // Chuseok 2026: a Thursday, two holidays and a weekend to come.
    let entered = seoul.to_timestamp(date(2026, 9, 23).at(7, 53, 0, 0)).unwrap();
    let lengths: Vec<i64> = (0..=180).chain((181..=14_400).step_by(97)).chain([14_400]).collect();
    let mut ids = std::collections::HashSet::new();
    for (number, outcome) in outcomes {
        let lot = outcome.unwrap();
        assert!(ids.insert(lot.lot.id.clone()), "row {number}: two lots have one id");
        let mut before = Won::ZERO;
        for minutes in &lengths {
            let left = entered + SignedDuration::from_mins(*minutes);
            let stay = Stay::new(entered, left, &seoul, Calendar::korea()).without_look_ahead();
            let quote = lot.tariff.quote(&stay).unwrap();
            assert!(quote.total >= before, "row {number}, {minutes} min: the price fell");
            assert_eq!(Won::sum(quote.lines.iter().map(|line| line.amount)).unwrap(), quote.total);
            before = quote.total;
        }
    }
}
