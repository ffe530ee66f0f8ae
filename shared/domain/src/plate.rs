//! Korean registration plates: what was read, normalised, taken apart, masked, compared. Nothing here decides what a
//! likeness means for a visit.
//!
//! Source of the grammar: the plate table of gates.md (Ordinance on Registration Number Plates, 자동차 등록번호판 등의
//! 기준에 관한 고시). What the table does not document is kept as [`PlateNumber::Unrecognised`], never dropped.

mod grammar;
mod normal;
pub mod similar;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use grammar::{PlateUse, Region, Registration, VehicleClass};
pub use normal::MAX_PLATE_CHARS;

/// A plate as read at a gate or typed by a person.
///
/// There is no `Display`, and `Debug` shows the mask, so that a plate reaches a log or a page only where the code
/// says [`PlateNumber::as_str`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum PlateNumber {
    /// A plate of the documented grammar.
    Recognised(Registration),
    /// What was read, normalised and cut to [`MAX_PLATE_CHARS`]; empty when nothing could be read at all. Made by
    /// [`PlateNumber::parse`] only, or keys would stop being normal.
    Unrecognised(String),
}

impl PlateNumber {
    /// Normalises and parses; never fails. Normal form: NFC, no white space, hyphens, dashes or invisible
    /// characters, full-width letters and digits as ASCII, Latin letters in upper case.
    pub fn parse(text: &str) -> Self {
        let text = normal::normalise(text);
        match Registration::parse(&text) {
            Some(registration) => Self::Recognised(registration),
            None => Self::Unrecognised(text),
        }
    }

    /// The plate of a car of which the reader could read nothing.
    pub fn unread() -> Self {
        Self::Unrecognised(String::new())
    }

    /// The normalised text: what keys are made of. Not for logs: see [`PlateNumber::masked`].
    pub fn as_str(&self) -> &str {
        match self {
            Self::Recognised(registration) => registration.as_str(),
            Self::Unrecognised(text) => text,
        }
    }

    /// The parts of a plate of the documented grammar.
    pub fn registration(&self) -> Option<&Registration> {
        match self {
            Self::Recognised(registration) => Some(registration),
            Self::Unrecognised(_) => None,
        }
    }

    /// Whether the text is a plate of the documented grammar.
    pub fn is_recognised(&self) -> bool {
        matches!(self, Self::Recognised(_))
    }

    /// Whether nothing at all could be read. Two unread plates are not the same car.
    pub fn is_unread(&self) -> bool {
        self.as_str().is_empty()
    }

    /// For logs and public pages. Korean practice hides the middle; what stays is the first digit of the class and the
    /// last two of the serial: `12가3456` → `1****56`, `울산53사1110` → `**5****10`. Such patterns number about two
    /// thousand for the country's 26 million cars, so some ten thousand share one, yet drivers know their own.
    /// Showing the letter too (`12가**56`) would leave about a hundred cars, and one in a given lot. The region is
    /// hidden, since some have few taxis; of a military, diplomatic or unrecognised plate everything is hidden,
    /// since those are few or of unknown meaning.
    pub fn masked(&self) -> String {
        let text = self.as_str();
        let count = text.chars().count();
        let kept_head = match self.registration() {
            Some(plate) if !matches!(plate.plate_use(), PlateUse::Military | PlateUse::Diplomatic) => {
                plate.region().map_or(0, |region| region.as_str().chars().count())
            }
            _ => return "*".repeat(count),
        };
        let mask = |(at, c)| if at == kept_head || at + 2 >= count { c } else { '*' };
        text.chars().enumerate().map(mask).collect()
    }
}

impl fmt::Debug for PlateNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_recognised() { "Recognised" } else { "Unrecognised" };
        write!(f, "{kind}({})", self.masked())
    }
}

impl From<String> for PlateNumber {
    fn from(text: String) -> Self {
        Self::parse(&text)
    }
}

impl From<PlateNumber> for String {
    fn from(plate: PlateNumber) -> Self {
        match plate {
            PlateNumber::Recognised(registration) => registration.into(),
            PlateNumber::Unrecognised(text) => text,
        }
    }
}

#[cfg(test)]
mod tests;
