use super::*;
use crate::{EventId, PlateNumber, notice::Contact, notice::TEMPLATES};
use encoding_rs::EUC_KR;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn kinds() -> [NoticeKind; 13] {
    let (came, goes) = (at("2026-11-20T10:00:00+09:00"), at("2026-11-20T11:16:40+09:00"));
    let amount = Won::new(8_700);
    [
        NoticeKind::Entered { entered_at: came },
        NoticeKind::PaymentReceived { amount, leave_by: goes },
        NoticeKind::DepositAwaited { amount, bank: "HANA".into(), number: "12345678901234".into() },
        NoticeKind::PaymentReturned { amount },
        NoticeKind::Left { left_at: goes, outstanding: Won::ZERO },
        NoticeKind::Left { left_at: goes, outstanding: amount },
        NoticeKind::DisputeDecided { accepted: true, due: Some(Won::ZERO) },
        NoticeKind::DisputeDecided { accepted: false, due: Some(amount) },
        unpaid(1, amount, Won::ZERO),
        unpaid(3, amount, Won::new(34_800)),
        NoticeKind::RetryRefused { number: 1, principal: amount, again: true, link: LINK.into() },
        NoticeKind::RetryRefused { number: 3, principal: amount, again: false, link: LINK.into() },
        NoticeKind::UnpaidSettled { amount },
    ]
}

fn unpaid(number: u32, principal: Won, surcharge: Won) -> NoticeKind {
    NoticeKind::Unpaid { number, principal, surcharge, link: LINK.into() }
}

/// As long as a link gets: no letter of it may be cut.
const LINK: &str =
    "https://d111111abcdef8.cloudfront.net/#/owed/rcv_01234567890123456789_0123456789abcdefghjkmnpqrstvwxyz";

fn notice(kind: NoticeKind, language: Language) -> Notice {
    let event = EventId::derive(&["e"]);
    Notice {
        id: Notice::id_for(&event),
        event,
        plate: PlateNumber::parse("12가3456"),
        lot_name: "법원·검찰청앞".into(),
        time_zone: "Asia/Seoul".into(),
        contact: Contact { language, ..Contact::default() },
        kind,
    }
}

fn bodies(language: Language) -> Vec<String> {
    kinds().into_iter().map(|kind| wording(&notice(kind, language)).unwrap().body).collect()
}

#[test]
fn each_kind_of_notice_in_korean() {
    assert_eq!(
        bodies(Language::Ko),
        [
            "법원·검찰청앞\n차량 1****56 11월 20일 10:00 입차했습니다.",
            "법원·검찰청앞\n차량 1****56 8,700원 결제 완료. 11월 20일 11:16까지 출차해 주세요.",
            "법원·검찰청앞\n차량 1****56 주차요금을 아래 계좌로 입금해 주세요.\n금액: 8,700원\n계좌: 하나은행 12345678901234",
            "법원·검찰청앞\n차량 1****56 결제하신 8,700원이 환불됩니다.",
            "법원·검찰청앞\n차량 1****56 11월 20일 11:16 출차했습니다.",
            "법원·검찰청앞\n차량 1****56 11월 20일 11:16 출차. 미납 주차요금 8,700원이 있습니다.",
            "법원·검찰청앞\n차량 1****56 이의 신청이 인정되었습니다. 내실 요금: 0원",
            "법원·검찰청앞\n차량 1****56 이의 신청이 인정되지 않았습니다. 내실 요금: 8,700원",
            &format!("법원·검찰청앞\n차량 1****56 미납 주차요금 8,700원 (1차 안내)\n확인 및 납부: {LINK}"),
            &format!(
                "법원·검찰청앞\n차량 1****56 미납 주차요금 43,500원, 가산금 34,800원 포함 (3차 안내)\n확인 및 납부: {LINK}"
            ),
            &format!(
                "법원·검찰청앞\n차량 1****56 미납 주차요금 8,700원 자동결제가 거절되었습니다 (재시도 1회). 다음 날 다시 결제를 시도합니다.\n확인 및 납부: {LINK}"
            ),
            &format!(
                "법원·검찰청앞\n차량 1****56 미납 주차요금 8,700원 자동결제가 거절되었습니다 (재시도 3회). 더 이상 자동으로 결제하지 않습니다.\n확인 및 납부: {LINK}"
            ),
            "법원·검찰청앞\n차량 1****56 미납 주차요금 8,700원 결제 완료.",
        ]
    );
}

#[test]
fn each_kind_of_notice_in_english() {
    assert_eq!(
        bodies(Language::En),
        [
            "법원·검찰청앞\nYour car 1****56 entered on 20 Nov 10:00.",
            "법원·검찰청앞\n8,700 won paid for your car 1****56. Please leave by 20 Nov 11:16.",
            "법원·검찰청앞\nPlease deposit the parking fee of your car 1****56.\nAmount: 8,700 won\nAccount: HANA 12345678901234",
            "법원·검찰청앞\n8,700 won paid for your car 1****56 goes back to you.",
            "법원·검찰청앞\nYour car 1****56 left on 20 Nov 11:16.",
            "법원·검찰청앞\nYour car 1****56 left on 20 Nov 11:16. 8,700 won of the parking fee is unpaid.",
            "법원·검찰청앞\nYour dispute for car 1****56 was accepted. Due now: 0 won.",
            "법원·검찰청앞\nYour dispute for car 1****56 was not accepted. Due now: 8,700 won.",
            &format!(
                "법원·검찰청앞\n8,700 won of the parking fee of your car 1****56 is unpaid (notice 1).\nSee and pay: {LINK}"
            ),
            &format!(
                "법원·검찰청앞\n43,500 won is unpaid for your car 1****56, with a surcharge of 34,800 won (notice 3).\nSee and pay: {LINK}"
            ),
            &format!(
                "법원·검찰청앞\nThe card for your car 1****56 was refused again: 8,700 won is unpaid (try 1). We try again the next day.\nSee and pay: {LINK}"
            ),
            &format!(
                "법원·검찰청앞\nThe card for your car 1****56 was refused again: 8,700 won is unpaid (try 3). We do not charge it any more.\nSee and pay: {LINK}"
            ),
            "법원·검찰청앞\n8,700 won paid of the unpaid parking fee of your car 1****56.",
        ]
    );
}

#[test]
fn every_template_is_used_and_finds_a_value_for_each_of_its_places() {
    let mut unused: Vec<_> = TEMPLATES.iter().map(|template| template.code).collect();
    for language in [Language::Ko, Language::En] {
        for kind in kinds() {
            let wording = wording(&notice(kind, language)).unwrap();
            unused.retain(|code| *code != wording.template.code);
            assert!(wording.variables.values().all(|value| value != "-"), "{wording:?}");
            assert_eq!(wording.language(), language);
        }
    }
    assert_eq!(unused, [""; 0]);
}

#[test]
fn the_usual_korean_texts_fit_an_sms_and_say_who_speaks() {
    for kind in [0, 1, 3, 4, 5, 6, 7].map(|index| kinds()[index].clone()) {
        let text = wording(&notice(kind, Language::Ko)).unwrap().text();
        assert!(text.starts_with("[바로] "));
        let bytes = EUC_KR.encode(&text).0.len();
        assert!(bytes <= 90, "{bytes} bytes: {text}");
    }
}

#[test]
fn an_amount_that_no_tariff_can_tell_is_asked_of_the_lot() {
    let decided = NoticeKind::DisputeDecided { accepted: true, due: None };
    assert!(
        wording(&notice(decided.clone(), Language::Ko)).unwrap().body.ends_with("내실 요금: 주차장에 문의")
    );
    assert!(wording(&notice(decided, Language::En)).unwrap().body.ends_with("Due now: ask the lot."));
}

#[test]
fn times_are_the_lots_own() {
    let mut elsewhere = notice(kinds()[0].clone(), Language::Ko);
    elsewhere.time_zone = "Asia/Tokyo".into();
    assert!(wording(&elsewhere).unwrap().body.contains("10:00"));
    elsewhere.time_zone = "UTC".into();
    assert!(wording(&elsewhere).unwrap().body.contains("11월 20일 01:00"));
    elsewhere.time_zone = "Asia/Nowhere".into();
    assert_eq!(wording(&elsewhere), Err(WordingError::UnknownTimeZone("Asia/Nowhere".into())));
}

#[test]
fn a_plate_that_was_not_read_leaves_no_empty_place() {
    let mut unread = notice(kinds()[4].clone(), Language::Ko);
    unread.plate = PlateNumber::unread();
    assert!(wording(&unread).unwrap().body.contains("차량 - 11월"));
}

proptest! {
    #[test]
    fn whatever_a_lot_is_called_the_text_keeps_kakaos_limit_and_hides_the_plate(
        lot_name in ".{0,300}",
        bank in "[A-Z_]{0,100}",
        number in ".{0,200}",
        amount in 0_i64..,
        korean: bool,
    ) {
        let language = if korean { Language::Ko } else { Language::En };
        let amount = Won::new(amount);
        for kind in [
            NoticeKind::DepositAwaited { amount, bank, number },
            NoticeKind::Left { left_at: at("2026-11-20T11:16:40+09:00"), outstanding: amount },
        ] {
            let mut notice = notice(kind, language);
            notice.lot_name.clone_from(&lot_name);
            let wording = wording(&notice).unwrap();
            prop_assert!(wording.body.chars().count() <= 1_000);
            let opens_a_variable = wording.body.contains("#{");
            let shows_the_plate = wording.body.contains("12가3456");
            prop_assert!(!opens_a_variable && !shows_the_plate);
            let places: Vec<_> = wording.template.variables().collect();
            prop_assert!(places.iter().all(|place| wording.variables.contains_key(place)));
            prop_assert_eq!(wording.body.lines().count(), wording.template.body.lines().count());
        }
    }
}
