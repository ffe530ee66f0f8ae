use proptest::prelude::*;

use super::*;

fn between(a: &str, b: &str) -> Option<u16> {
    distance(&PlateNumber::parse(a), &PlateNumber::parse(b)).map(PlateDistance::get)
}

#[test]
fn confusable_characters_are_near_and_others_are_not() {
    assert_eq!(between("12가3456", "12 가 3456"), Some(0));
    assert_eq!(between("12가3456", "12거3456"), Some(CONFUSABLE), "a mirrored vowel");
    assert_eq!(
        between("12마3456", "12바3456"),
        Some(CONFUSABLE),
        "a stroke more, and of no grammar without a region"
    );
    assert_eq!(between("12가3456", "12너3456"), Some(BOTH_PARTS));
    assert_eq!(between("12가3456", "12가8456"), Some(CONFUSABLE));
    assert_eq!(between("12가3456", "12가3451"), Some(WHOLE), "6 and 1 are not confused");
    assert_eq!(between("12가3456", "12가345"), Some(LOST));
    assert_eq!(between("12가3456", "65나8321"), None);
}

#[test]
fn the_region_line_is_often_unread() {
    assert_eq!(between("울산53사1110", "53사1110"), Some(REGION_UNREAD));
    assert_eq!(between("울산53사1110", "부산53사1110"), Some(REGION_MISREAD));
    assert_eq!(between("울산53사1110", "울산53자1110"), Some(CONFUSABLE));
}

#[test]
fn four_characters_in_a_row_must_agree() {
    assert_eq!(between("12가3456", "12하1456"), None, "two odd ones in the middle leave no run");
    assert_eq!(between("1234", "1284"), None, "too short to tell");
    assert_eq!(between("", ""), None, "two cars that were not read are not one");
}

#[test]
fn one_near_plate_opens_and_two_are_for_a_person() {
    let open: Vec<_> = ["12거3456", "12가3458", "77나1234"].map(PlateNumber::parse).into();
    let read = PlateNumber::parse("12가3456");
    assert_eq!(resemblance(&read, &open[..1]), Resemblance::One(&open[0], PlateDistance(300)));
    let Resemblance::Several(candidates) = resemblance(&read, &open) else { panic!("two are near") };
    assert_eq!(candidates.len(), 2);
    assert_eq!(resemblance(&read, &open[2..]), Resemblance::None);
    let partly = PlateNumber::parse("12가345");
    assert!(
        matches!(resemblance(&partly, &open[1..2]), Resemblance::Several(_)),
        "a lost digit is for a person"
    );
}

fn any_plate() -> impl Strategy<Value = PlateNumber> {
    "(서울|부산|대전)?[1-9][0-9][가거나너다더마머사자아하][0-9]{4}|[0-9가나다]{0,12}"
        .prop_map(|text| PlateNumber::parse(&text))
}

proptest! {
    #[test]
    fn distance_is_symmetric_and_nought_only_for_equal_plates(a in any_plate(), b in any_plate()) {
        prop_assert_eq!(distance(&a, &b), distance(&b, &a));
        prop_assert_eq!(distance(&a, &b) == Some(PlateDistance(0)), a == b && !a.is_unread());
    }

    #[test]
    fn the_order_of_open_visits_is_irrelevant(
        read in any_plate(),
        open in prop::collection::vec(any_plate(), 0..20),
    ) {
        let reversed: Vec<_> = open.iter().rev().cloned().collect();
        prop_assert_eq!(resemblance(&read, &open), resemblance(&read, &reversed));
    }

    #[test]
    fn any_text_has_a_distance_to_any_other(a in any::<String>(), b in any::<String>()) {
        let _ = distance(&PlateNumber::parse(&a), &PlateNumber::parse(&b));
    }
}

/// A small generator, so that the measurement is the same on every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides).expect("small")).expect("small")
    }

    fn plate(&mut self) -> String {
        const PRIVATE: &str = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주";
        let letters: Vec<char> = PRIVATE.chars().collect();
        let class = if self.roll(3) == 0 { 100 + self.roll(600) } else { 10 + self.roll(60) };
        format!("{class}{}{:04}", letters[self.roll(letters.len())], self.roll(10_000))
    }

    /// Eight of ten misreads confuse one character, one confuses it with any other, one loses it.
    fn misread(&mut self, plate: &str) -> String {
        let mut text: Vec<char> = plate.chars().collect();
        let at = self.roll(text.len());
        let all: Vec<char> = if text[at].is_ascii_digit() {
            ('0'..='9').collect()
        } else {
            "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주바사아자하허호".chars().collect()
        };
        let kind = self.roll(10);
        if kind == 9 {
            text.remove(at);
        } else {
            let like: Vec<_> =
                all.iter().filter(|c| (1..WHOLE).contains(&misread(text[at], **c))).copied().collect();
            let from = if kind == 8 || like.is_empty() { &all } else { &like };
            text[at] = from[self.roll(from.len())];
        }
        text.into_iter().collect()
    }
}

/// Of misread exit plates in a lot with 300 open visits: how many find their visit, a wrong one, a person, nothing. And of
/// cars whose entry was missed, how many would leave on another's visit.
#[test]
fn measured_on_synthetic_misreads_few_are_matched_wrongly() {
    let mut dice = Dice(20_261_120);
    let (mut right, mut wrong, mut person, mut none, mut misreads) = (0, 0, 0, 0, 0);
    let (mut strangers, mut let_out) = (0, 0);
    for _ in 0..4 {
        let open: Vec<_> = (0..300).map(|_| PlateNumber::parse(&dice.plate())).collect();
        for car in &open {
            let read = PlateNumber::parse(&dice.misread(car.as_str()));
            if read == *car {
                continue;
            }
            misreads += 1;
            match resemblance(&read, &open) {
                Resemblance::One(plate, _) if plate == car => right += 1,
                Resemblance::One(..) => wrong += 1,
                Resemblance::Several(_) => person += 1,
                Resemblance::None => none += 1,
            }
        }
        for _ in 0..150 {
            strangers += 1;
            let stranger = PlateNumber::parse(&dice.plate());
            let_out += usize::from(matches!(resemblance(&stranger, &open), Resemblance::One(..)));
        }
    }
    println!("{misreads} misreads: {right} right, {wrong} wrong, {person} for a person, {none} unmatched");
    println!("{strangers} cars without a visit: {let_out} matched to another's");
    assert!(right * 100 >= misreads * 60, "{right} of {misreads} matched rightly");
    assert!(wrong * 1000 <= misreads, "{wrong} of {misreads} matched wrongly");
    assert!(let_out * 200 <= strangers, "{let_out} of {strangers} strangers matched");
}
