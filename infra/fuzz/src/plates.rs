//! Plates: normal form, grammar, mask, likeness.

use baro_domain::{
    PlateNumber,
    plate::{
        MAX_PLATE_CHARS,
        similar::{PlateDistance, distance},
    },
};

/// An input is a text; its lines are plates that are compared with each other.
pub(crate) fn plate(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let whole = parsed(&text);
    let mut lines = text.lines().map(parsed);
    let (first, second) = (lines.next().unwrap_or_else(PlateNumber::unread), lines.next());
    let second = second.unwrap_or(whole);
    assert_eq!(distance(&first, &second), distance(&second, &first), "likeness has a direction");
    if !first.is_unread() {
        assert_eq!(distance(&first, &first).map(PlateDistance::get), Some(0), "unlike itself");
    }
}

fn parsed(text: &str) -> PlateNumber {
    let plate = PlateNumber::parse(text);
    let kept = plate.as_str();
    assert_eq!(PlateNumber::parse(kept), plate, "the normal form of a normal form is another");
    assert!(kept.chars().count() <= MAX_PLATE_CHARS, "too long for a key");
    assert!(!kept.contains(['-', ' ', '\n', '\0']), "a separator was left");
    let mask = plate.masked();
    assert_eq!(mask.chars().count(), kept.chars().count());
    let hidden = mask.chars().filter(|c| *c == '*').count();
    assert!(hidden >= kept.chars().count().saturating_sub(3), "the mask shows too much");
    let json = serde_json::to_string(&plate).unwrap_or_default();
    assert_eq!(serde_json::from_str::<PlateNumber>(&json).ok(), Some(plate.clone()), "lost on the way");
    plate
}
