//! How alike two plates look to a reader: a weighted edit distance over the characters that cameras confuse.
//!
//! The confusion model is ours, from the shapes: digits whose strokes differ by one (0–8, 3–8, 5–6, …), Hangul letters
//! whose initial or vowel differ by a stroke or are mirrored (가–거, 고–구, 마–바, 사–자, 아–하, …), the small region line,
//! which is often not read at all, and a character that is lost. It is to be replaced by counted misreads once operators'
//! corrections give them. After the matchers in the field (gates.md), plates must also share five characters, four of
//! them in a row, where confusable ones count as equal.

use super::{MAX_PLATE_CHARS, PlateNumber, Region};

/// How unlike two plates look, in thousandths of one wholly different character. 0 is the same text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlateDistance(u16);

impl PlateDistance {
    /// One confusable character, or an unread region: up to here a read may pass for the other plate, if no other
    /// plate is near.
    pub const ALIKE: Self = Self(300);
    /// Up to here a person should see the plate among the candidates.
    pub const CANDIDATE: Self = Self(700);

    /// In thousandths of a character.
    pub fn get(self) -> u16 {
        self.0
    }
}

/// What a read resembles among a lot's open visits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resemblance<'a> {
    /// One plate is [`PlateDistance::ALIKE`], and no other is even a candidate.
    One(&'a PlateNumber, PlateDistance),
    /// Candidates for a person to choose from, nearest first.
    Several(Vec<(&'a PlateNumber, PlateDistance)>),
    /// Nothing near.
    None,
}

const WHOLE: u16 = 1000;
const CONFUSABLE: u16 = 300;
/// Both parts of a Hangul letter are confusable.
const BOTH_PARTS: u16 = 600;
const LOST: u16 = 650;
const REGION_UNREAD: u16 = 300;
const REGION_MISREAD: u16 = 500;
const MIN_COMMON: usize = 5;
const MIN_RUN: usize = 4;

/// The lower digit first.
const DIGITS: [(char, char); 14] = [
    ('0', '6'),
    ('0', '8'),
    ('0', '9'),
    ('1', '4'),
    ('1', '7'),
    ('2', '7'),
    ('3', '5'),
    ('3', '8'),
    ('3', '9'),
    ('5', '6'),
    ('5', '8'),
    ('5', '9'),
    ('6', '8'),
    ('8', '9'),
];
/// Initials by their place in Unicode's order: ㄱㄴ ㄴㄷ ㄷㄹ ㅁㅂ ㅁㅇ ㅂㅎ ㅅㅈ ㅇㅎ.
const INITIALS: [(u32, u32); 8] = [(0, 2), (2, 3), (3, 5), (6, 7), (6, 11), (7, 18), (9, 12), (11, 18)];
/// Vowels likewise: ㅏㅐ ㅏㅓ ㅓㅔ ㅗㅜ ㅗㅡ ㅜㅠ ㅜㅡ.
const VOWELS: [(u32, u32); 7] = [(0, 1), (0, 4), (4, 5), (8, 13), (8, 18), (13, 17), (13, 18)];

/// How unlike two plates look, or `None` when they do not share enough characters to be called alike at all.
/// Symmetric; 0 for equal texts. A plate of which nothing was read is like no other.
pub fn distance(a: &PlateNumber, b: &PlateNumber) -> Option<PlateDistance> {
    if a.is_unread() || b.is_unread() {
        return None;
    }
    let ((a_region, a), (b_region, b)) = (split(a), split(b));
    let region = match (a_region, b_region) {
        (one, other) if one == other => 0,
        (Some(_), Some(_)) => REGION_MISREAD,
        _ => REGION_UNREAD,
    };
    let (common, run) = shared(&a, &b);
    let enough = a == b || (common >= MIN_COMMON && run >= MIN_RUN);
    enough.then(|| PlateDistance(region + edits(&a, &b)))
}

/// What a read resembles among `open`. The order of `open` is irrelevant.
pub fn resemblance<'a>(
    read: &PlateNumber,
    open: impl IntoIterator<Item = &'a PlateNumber>,
) -> Resemblance<'a> {
    let measured =
        open.into_iter().filter_map(|plate| distance(read, plate).map(|distance| (plate, distance)));
    let mut near: Vec<_> = measured.filter(|(_, distance)| *distance <= PlateDistance::CANDIDATE).collect();
    near.sort_by_key(|(plate, distance)| (*distance, *plate));
    near.dedup_by_key(|(plate, _)| *plate);
    match near[..] {
        [] => Resemblance::None,
        [(plate, distance)] if distance <= PlateDistance::ALIKE => Resemblance::One(plate, distance),
        _ => Resemblance::Several(near),
    }
}

/// The region, told by the text, since a plate whose letter was misread may be of no grammar; and the rest.
fn split(plate: &PlateNumber) -> (Option<Region>, Vec<char>) {
    let text = plate.as_str();
    let region = Region::ALL.into_iter().find(|region| text.starts_with(region.as_str()));
    let rest = region.map_or(text, |region| &text[region.as_str().len()..]);
    (region, rest.chars().take(MAX_PLATE_CHARS).collect())
}

/// The cost to read `a` as `b`.
fn misread(a: char, b: char) -> u16 {
    if a == b {
        return 0;
    }
    match (a.is_ascii_digit(), b.is_ascii_digit()) {
        (true, true) if DIGITS.contains(&(a.min(b), a.max(b))) => CONFUSABLE,
        (false, false) => hangul(a).zip(hangul(b)).map_or(WHOLE, |(a, b)| misread_letter(a, b)),
        _ => WHOLE,
    }
}

/// Initial, vowel and final of a Hangul syllable, by their places.
fn hangul(c: char) -> Option<(u32, u32, u32)> {
    let at = u32::from(c).checked_sub(0xAC00).filter(|at| *at < 11_172)?;
    Some((at / 588, at % 588 / 28, at % 28))
}

fn misread_letter(a: (u32, u32, u32), b: (u32, u32, u32)) -> u16 {
    let part = |a: u32, b: u32, table: &[(u32, u32)]| {
        if a == b {
            Some(0)
        } else {
            (table.contains(&(a, b)) || table.contains(&(b, a))).then_some(CONFUSABLE)
        }
    };
    match (part(a.0, b.0, &INITIALS), part(a.1, b.1, &VOWELS), a.2 == b.2) {
        (Some(initial), Some(vowel), true) => (initial + vowel).min(BOTH_PARTS),
        _ => WHOLE,
    }
}

/// The cheapest way from one text to the other, character by character.
fn edits(a: &[char], b: &[char]) -> u16 {
    let mut row = [0_u16; MAX_PLATE_CHARS + 1];
    for j in 1..=b.len() {
        row[j] = row[j - 1].saturating_add(LOST);
    }
    for x in a {
        let mut diagonal = row[0];
        row[0] = row[0].saturating_add(LOST);
        for (j, y) in b.iter().enumerate() {
            let read = diagonal.saturating_add(misread(*x, *y));
            diagonal = row[j + 1];
            row[j + 1] = read.min(diagonal.saturating_add(LOST)).min(row[j].saturating_add(LOST));
        }
    }
    row[b.len()]
}

/// How many characters the texts have in common in the same order, and the longest run of them; confusable ones count.
fn shared(a: &[char], b: &[char]) -> (usize, usize) {
    let (mut common, mut runs) = ([0_usize; MAX_PLATE_CHARS + 1], [0_usize; MAX_PLATE_CHARS + 1]);
    let mut longest = 0;
    for x in a {
        let (mut common_before, mut run_before) = (0, 0);
        for (j, y) in b.iter().enumerate() {
            let (common_above, run_above) = (common[j + 1], runs[j + 1]);
            if misread(*x, *y) < WHOLE {
                runs[j + 1] = run_before + 1;
                longest = longest.max(runs[j + 1]);
                common[j + 1] = common_before + 1;
            } else {
                runs[j + 1] = 0;
                common[j + 1] = common_above.max(common[j]);
            }
            (common_before, run_before) = (common_above, run_above);
        }
    }
    (common[b.len()], longest)
}

#[cfg(test)]
mod tests;
