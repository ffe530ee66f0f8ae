use proptest::prelude::*;

use super::*;

fn parts(text: &str) -> Registration {
    PlateNumber::parse(text).registration().expect("of the grammar").clone()
}

#[test]
fn an_everyday_plate_is_taken_apart() {
    let plate = parts("12가3456");
    assert_eq!((plate.class_digits(), plate.letter(), plate.serial()), ("12", "가", "3456"));
    assert_eq!((plate.region(), plate.plate_use()), (None, PlateUse::Private));
    assert_eq!(plate.vehicle_class(), Some(VehicleClass::Car));
    assert!(!plate.is_old());
    assert_eq!(parts("123가4568").class_digits(), "123");
}

#[test]
fn a_commercial_plate_needs_its_region() {
    let plate = parts("울산53사1110");
    assert_eq!((plate.region().map(Region::as_str), plate.letter()), (Some("울산"), "사"));
    assert_eq!((plate.plate_use(), plate.is_old()), (PlateUse::Commercial, false));
    assert!(!PlateNumber::parse("53사1110").is_recognised());
}

#[test]
fn every_use_has_its_letters() {
    for (text, wanted) in [
        ("01주0001", PlateUse::Private),
        ("12허3456", PlateUse::Rental),
        ("80배1234", PlateUse::Parcel),
        ("경기80배1234", PlateUse::Parcel),
        ("12육3456", PlateUse::Military),
        ("12합3456", PlateUse::Military),
        ("제주70바1234", PlateUse::Commercial),
        ("외교 001-002", PlateUse::Diplomatic),
    ] {
        assert_eq!(parts(text).plate_use(), wanted, "{text}");
    }
    for text in ["12갸3456", "12ㄱ3456", "12A3456", "12차3456", "12배배3456"] {
        assert!(!PlateNumber::parse(text).is_recognised(), "{text}");
    }
}

#[test]
fn there_are_as_many_private_letters_as_the_ordinance_lists() {
    let recognised =
        ('가'..='힣').filter(|c| PlateNumber::parse(&format!("12{c}3456")).is_recognised()).count();
    assert_eq!(
        recognised,
        32 + 3 + 1 + 5,
        "private, rental, parcel, military; commercial only with a region"
    );
    let with_region =
        ('가'..='힣').filter(|c| PlateNumber::parse(&format!("부산12{c}3456")).is_recognised()).count();
    assert_eq!(with_region, recognised + 4);
}

#[test]
fn class_digits_say_the_kind_of_vehicle_at_every_boundary() {
    use VehicleClass::{Car, Emergency, Special, Truck, Van};
    for (digits, wanted) in [
        ("01", Car),
        ("69", Car),
        ("70", Van),
        ("79", Van),
        ("80", Truck),
        ("97", Truck),
        ("98", Special),
        ("99", Special),
        ("100", Car),
        ("699", Car),
        ("700", Van),
        ("799", Van),
        ("800", Truck),
        ("979", Truck),
        ("980", Special),
        ("997", Special),
        ("998", Emergency),
        ("999", Emergency),
    ] {
        assert_eq!(parts(&format!("{digits}가1234")).vehicle_class(), Some(wanted), "{digits}");
    }
    for digits in ["", "0", "1", "00", "000", "012", "099", "1000"] {
        assert!(!PlateNumber::parse(&format!("{digits}가1234")).is_recognised(), "{digits}");
    }
}

#[test]
fn old_plates_are_still_driven() {
    let plate = parts("서울1가2345");
    assert!(plate.is_old());
    assert_eq!((plate.class_digits(), plate.serial(), plate.vehicle_class()), ("1", "2345", None));
    assert!(parts("대전 52 가 1234").is_old());
    assert!(!PlateNumber::parse("서울0가2345").is_recognised());
}

#[test]
fn a_diplomatic_plate_has_six_digits_and_no_class() {
    let plate = parts("준영012034");
    assert_eq!((plate.letter(), plate.class_digits(), plate.serial()), ("준영", "012", "034"));
    assert_eq!(plate.vehicle_class(), None);
    assert!(!PlateNumber::parse("외교1234").is_recognised());
    assert!(!PlateNumber::parse("외교12가3456").is_recognised());
}

#[test]
fn one_plate_has_one_spelling() {
    let plate = PlateNumber::parse("12가3456");
    for other in [
        "12가 3456",
        " 12-가-3456\n",
        "１２가３４５６",
        "12\u{1100}\u{1161}3456",
        "12가\u{2013}3456",
        "12가\u{FF0D}3456",
        "\u{FEFF}12가\u{3000}3456\0",
    ] {
        assert_eq!(PlateNumber::parse(other), plate, "{other:?}");
    }
    assert_eq!(PlateNumber::parse("ａbc-123").as_str(), "ABC123");
}

#[test]
fn what_is_no_documented_plate_is_kept() {
    let plate = PlateNumber::parse("임시 1234");
    assert_eq!((plate.as_str(), plate.is_recognised()), ("임시1234", false));
    assert_eq!(PlateNumber::parse(&"가".repeat(500)).as_str().chars().count(), MAX_PLATE_CHARS);
    assert!(PlateNumber::parse(" - ").is_unread());
    assert_eq!(PlateNumber::parse(""), PlateNumber::unread());
}

#[test]
fn a_mask_hides_the_middle_and_says_nothing_of_rare_plates() {
    for (text, mask) in [
        ("12가3456", "1****56"),
        ("123가4568", "1*****68"),
        ("울산53사1110", "**5****10"),
        ("서울1가2345", "**1***45"),
        ("12육3456", "*******"),
        ("외교001002", "********"),
        ("임시1234", "******"),
        ("", ""),
    ] {
        assert_eq!(PlateNumber::parse(text).masked(), mask);
    }
}

#[test]
fn debug_shows_the_mask_only() {
    assert_eq!(format!("{:?}", PlateNumber::parse("12가3456")), "Recognised(1****56)");
    assert_eq!(format!("{:?}", parts("12가3456")), "Recognised(1****56)");
    assert_eq!(format!("{:?}", PlateNumber::parse("임시1234")), "Unrecognised(******)");
}

#[test]
fn json_is_the_plain_text() {
    let plate = PlateNumber::parse("12가3456");
    assert_eq!(serde_json::to_string(&plate).unwrap(), "\"12가3456\"");
    assert_eq!(serde_json::from_str::<PlateNumber>("\"12가 3456\"").unwrap(), plate);
}

/// Any plate of the documented grammar, as its parts.
fn any_registration() -> impl Strategy<Value = (String, String, String, String)> {
    let region = prop::sample::select(Region::ALL.to_vec()).prop_map(|region| region.as_str().to_owned());
    let class =
        prop_oneof![(1..=99u16).prop_map(|n| format!("{n:02}")), (100..=999u16).prop_map(|n| n.to_string())];
    let free = prop::sample::select("가나다라마거너더러머하허호배육해공국합".chars().collect::<Vec<_>>());
    let hire = prop::sample::select("바사아자".chars().collect::<Vec<_>>());
    let serial = (0..=9999u16).prop_map(|n| format!("{n:04}"));
    prop_oneof![
        (prop::option::of(region.clone()), class.clone(), free, serial.clone()).prop_map(|(r, c, l, s)| (
            r.unwrap_or_default(),
            c,
            l.to_string(),
            s
        )),
        (region, class, hire, serial).prop_map(|(r, c, l, s)| (r, c, l.to_string(), s)),
    ]
}

proptest! {
    #[test]
    fn parsing_what_was_parsed_changes_nothing(text in any::<String>()) {
        let once = PlateNumber::parse(&text);
        prop_assert_eq!(PlateNumber::parse(once.as_str()), once.clone());
        prop_assert!(once.as_str().chars().count() <= MAX_PLATE_CHARS);
        prop_assert_eq!(once.masked().chars().count(), once.as_str().chars().count());
    }

    #[test]
    fn text_that_looks_like_a_plate_never_breaks_the_parser(text in "[0-9０-９가나바사외교서울\\- \u{1100}\u{1161}a]{0,40}") {
        let once = PlateNumber::parse(&text);
        prop_assert_eq!(PlateNumber::parse(once.as_str()), once);
    }

    #[test]
    fn every_documented_plate_is_recognised_with_its_parts((region, class, letter, serial) in any_registration()) {
        let plate = PlateNumber::parse(&format!("{region}{class}{letter}{serial}"));
        let parts = plate.registration().expect("of the grammar");
        prop_assert_eq!(parts.region().map_or("", Region::as_str), region);
        prop_assert_eq!(parts.class_digits(), class);
        prop_assert_eq!(parts.letter(), letter);
        prop_assert_eq!(parts.serial(), serial);
    }

    #[test]
    fn separators_are_irrelevant(
        (region, class, letter, serial) in any_registration(),
        gaps in prop::collection::vec(prop::sample::select(vec!["", " ", "-", "\u{3000}", "－", "–", "\t", "\u{200B}"]), 5),
    ) {
        let written = format!("{}{region}{}{class}{}{letter}{}{serial}{}", gaps[0], gaps[1], gaps[2], gaps[3], gaps[4]);
        prop_assert_eq!(PlateNumber::parse(&written), PlateNumber::parse(&format!("{region}{class}{letter}{serial}")));
    }

    #[test]
    fn order_and_equality_are_those_of_the_text(a in any_registration(), b in any_registration()) {
        let plate = |(r, c, l, s): &(String, String, String, String)| PlateNumber::parse(&format!("{r}{c}{l}{s}"));
        let (a, b) = (plate(&a), plate(&b));
        prop_assert_eq!(a.cmp(&b), a.as_str().cmp(b.as_str()));
    }
}
