//! Korean registration plates: grammar, normalisation, masking.

use serde::{Deserialize, Serialize};

/// A plate as read. (Placeholder grammar: replaced in full by the next commit.)
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum PlateNumber {
    /// A plate of the documented grammar, normalised.
    Recognised(String),
    /// What was read, normalised as far as possible; may be empty.
    Unrecognised(String),
}

impl PlateNumber {
    /// Normalises and parses; never fails.
    pub fn parse(text: &str) -> Self {
        Self::Recognised(text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect())
    }

    /// The normalised text: what keys are made of.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Recognised(text) | Self::Unrecognised(text) => text,
        }
    }

    /// For logs and public pages: all but the last two digits of the serial stay hidden.
    pub fn masked(&self) -> String {
        let n = self.as_str().chars().count();
        self.as_str().chars().enumerate().map(|(i, c)| if i + 2 < n { '*' } else { c }).collect()
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
            PlateNumber::Recognised(text) | PlateNumber::Unrecognised(text) => text,
        }
    }
}
