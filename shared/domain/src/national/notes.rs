//! Discounts read out of free text (특기사항), for a person to review. Never applied: the text is not a tariff.

use serde::Serialize;

use crate::tariff::{DiscountShape, Each, Eligibility};

/// A discount that a text seems to name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscountProposal {
    /// Who it seems to be for.
    pub eligibility: Eligibility,
    /// What it seems to take off.
    pub shape: DiscountShape,
    /// The words it was read from.
    pub source: String,
}

/// Words and whom they name. A longer word stands before one that it contains.
const WORDS: [(&str, Eligibility); 19] = [
    ("장애인", Eligibility::Disabled),
    ("장애우", Eligibility::Disabled),
    ("유공자", Eligibility::Merit),
    ("보훈", Eligibility::Merit),
    ("상이군경", Eligibility::Merit),
    ("경차", Eligibility::Compact),
    ("경형", Eligibility::Compact),
    ("저공해", Eligibility::LowEmission),
    ("친환경", Eligibility::LowEmission),
    ("하이브리드", Eligibility::LowEmission),
    ("전기차", Eligibility::Electric),
    ("전기자동차", Eligibility::Electric),
    ("다자녀", Eligibility::MultiChild),
    ("다둥이", Eligibility::MultiChild),
    ("경로", Eligibility::Senior),
    ("65세", Eligibility::Senior),
    ("임산부", Eligibility::Pregnant),
    ("지역주민", Eligibility::Resident),
    ("성실납세", Eligibility::ModelTaxpayer),
];

/// The discounts that a text seems to name, in the order of the text. People named without an amount belong to the
/// next amount: "장애인, 국가유공자 50 % 감면".
pub fn propose_discounts(text: &str) -> Vec<DiscountProposal> {
    let mut proposals = Vec::new();
    let mut waiting: Vec<Eligibility> = Vec::new();
    let mut source = String::new();
    for clause in text.split([',', '/', ';', '\n', '+', '(', ')', '※', '○']) {
        let clause = clause.trim();
        if clause.is_empty() {
            continue;
        }
        for (word, eligibility) in &WORDS {
            if clause.contains(word) && !waiting.contains(eligibility) {
                waiting.push(eligibility.clone());
            }
        }
        if waiting.is_empty() {
            continue;
        }
        if !source.is_empty() {
            source.push_str(", ");
        }
        source.push_str(clause);
        if let Some(shape) = shape(clause) {
            let of =
                |eligibility| DiscountProposal { eligibility, shape: shape.clone(), source: source.clone() };
            proposals.extend(waiting.drain(..).map(of));
            source.clear();
        }
    }
    proposals
}

/// What a clause takes off: "50 %", "2시간 면제", "4시간 면제 후 50 %", "면제".
fn shape(clause: &str) -> Option<DiscountShape> {
    let percent =
        number_before(clause, &["%", "%", "퍼센트", "프로"]).filter(|percent| (1..=100).contains(percent));
    let percent = percent.and_then(|percent| u8::try_from(percent).ok());
    let exempt = ["면제", "무료", "감면", "할인"].iter().any(|word| clause.contains(word));
    let hours = number_before(clause, &["시간"]).map(|hours| hours * 60);
    let minutes = hours
        .or_else(|| number_before(clause, &["분간", "분"]))
        .filter(|minutes| (1..=1_440).contains(minutes));
    match (minutes, percent) {
        (Some(minutes), percent) if exempt && (percent.is_none() || clause.contains("후")) => {
            Some(DiscountShape::FreeMinutes { minutes, each: Each::Stay, then_percent: percent.unwrap_or(0) })
        }
        (Some(minutes), Some(percent)) => Some(DiscountShape::PercentOf {
            from_minute: 0,
            until_minute: Some(minutes),
            percent,
            each: Each::Stay,
        }),
        (None, Some(percent)) => Some(DiscountShape::Percent { percent }),
        (None, None) if clause.contains("면제") || clause.contains("무료") => {
            Some(DiscountShape::Percent { percent: 100 })
        }
        _ => None,
    }
}

/// The whole number right before one of some words.
fn number_before(text: &str, words: &[&str]) -> Option<i64> {
    words.iter().find_map(|word| {
        text.match_indices(word).find_map(|(at, _)| {
            let before = text[..at].trim_end();
            let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
            before[before.len() - digits..].parse().ok()
        })
    })
}
