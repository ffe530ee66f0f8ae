//! A notice in words: which template, with what in its places. Times are the lot's, plates are masked, money has its unit.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use super::{Language, Notice, NoticeKind, banks, templates, templates::Template};
use crate::Won;

/// A value is cut to so many characters, so that a text with all its values stays within the 1,000 characters that
/// Kakao allows an AlimTalk.
const MAX_VALUE_CHARS: usize = 60;
/// Half a link leads nowhere.
const MAX_LINK_CHARS: usize = 200;

/// A notice in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// The text and its language, as approved by Kakao.
    pub template: Template,
    /// What stands in the template's places, by name without `#{}`.
    pub variables: BTreeMap<&'static str, String>,
    /// The text with its variables filled in: what an AlimTalk says, and the body of a push.
    pub body: String,
}

impl Wording {
    /// Title of a push.
    pub fn title(&self) -> &'static str {
        self.template.title
    }

    /// Language.
    pub fn language(&self) -> Language {
        self.template.language
    }

    /// What an SMS says: unlike a push and an AlimTalk it comes from a bare number, so it says first who speaks.
    pub fn text(&self) -> String {
        let sender = match self.language() {
            Language::Ko => "[바로]",
            Language::En => "[Baro]",
        };
        format!("{sender} {}", self.body)
    }
}

/// Why there are no words for a notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordingError {
    /// The lot's zone is not one: its times can't be told.
    #[error("unknown time zone {0:?}")]
    UnknownTimeZone(String),
}

/// The words of a notice in the language of whom it is for.
pub fn wording(notice: &Notice) -> Result<Wording, WordingError> {
    let zone = TimeZone::get(&notice.time_zone)
        .map_err(|_| WordingError::UnknownTimeZone(notice.time_zone.clone()))?;
    let language = notice.contact.language;
    let template = pick(&notice.kind)[match language {
        Language::Ko => 0,
        Language::En => 1,
    }];
    let variables: BTreeMap<&'static str, String> =
        template.variables().map(|name| (name, clean(name, &value(name, notice, &zone, language)))).collect();
    let body = template.fill(|name| variables.get(name).map(String::as_str));
    Ok(Wording { template, variables, body })
}

/// The two languages of what a kind of notice says.
fn pick(kind: &NoticeKind) -> [Template; 2] {
    match kind {
        NoticeKind::Entered { .. } => templates::ENTERED,
        NoticeKind::PaymentReceived { .. } => templates::PAYMENT_RECEIVED,
        NoticeKind::DepositAwaited { .. } => templates::DEPOSIT_AWAITED,
        NoticeKind::PaymentReturned { .. } => templates::PAYMENT_RETURNED,
        NoticeKind::Left { outstanding, .. } if *outstanding > Won::ZERO => templates::LEFT_OWING,
        NoticeKind::Left { .. } => templates::LEFT,
        NoticeKind::DisputeDecided { accepted: true, .. } => templates::DISPUTE_ACCEPTED,
        NoticeKind::DisputeDecided { .. } => templates::DISPUTE_REFUSED,
        NoticeKind::Unpaid { surcharge: Won::ZERO, .. } => templates::UNPAID,
        NoticeKind::Unpaid { .. } => templates::UNPAID_SURCHARGED,
        NoticeKind::RetryRefused { again: true, .. } => templates::RETRY_REFUSED,
        NoticeKind::RetryRefused { .. } => templates::RETRIES_ENDED,
        NoticeKind::UnpaidSettled { .. } => templates::UNPAID_SETTLED,
    }
}

/// What stands in a place; nothing for a place that a notice of this kind has nothing for, which a test excludes.
fn value(name: &str, notice: &Notice, zone: &TimeZone, language: Language) -> String {
    match (name, &notice.kind) {
        ("주차장" | "lot", _) => notice.lot_name.clone(),
        ("차량" | "car", _) => notice.plate.masked(),
        (
            "시각" | "time",
            NoticeKind::Entered { entered_at: at }
            | NoticeKind::PaymentReceived { leave_by: at, .. }
            | NoticeKind::Left { left_at: at, .. },
        ) => time(*at, zone, language),
        (
            "금액" | "amount",
            NoticeKind::PaymentReceived { amount, .. }
            | NoticeKind::DepositAwaited { amount, .. }
            | NoticeKind::PaymentReturned { amount }
            | NoticeKind::UnpaidSettled { amount }
            | NoticeKind::RetryRefused { principal: amount, .. }
            | NoticeKind::Left { outstanding: amount, .. }
            | NoticeKind::DisputeDecided { due: Some(amount), .. },
        ) => money(*amount, language),
        ("금액" | "amount", NoticeKind::Unpaid { principal, surcharge, .. }) => {
            money(principal.plus(*surcharge).unwrap_or(*principal), language)
        }
        ("가산금" | "surcharge", NoticeKind::Unpaid { surcharge, .. }) => money(*surcharge, language),
        ("횟수" | "number", NoticeKind::Unpaid { number, .. } | NoticeKind::RetryRefused { number, .. }) => {
            number.to_string()
        }
        ("링크" | "link", NoticeKind::Unpaid { link, .. } | NoticeKind::RetryRefused { link, .. }) => {
            link.clone()
        }
        ("금액", NoticeKind::DisputeDecided { due: None, .. }) => "주차장에 문의".to_owned(),
        ("amount", NoticeKind::DisputeDecided { due: None, .. }) => "ask the lot".to_owned(),
        ("은행", NoticeKind::DepositAwaited { bank, .. }) => banks::korean_name(bank).to_owned(),
        ("bank", NoticeKind::DepositAwaited { bank, .. }) => bank.clone(),
        ("계좌" | "account", NoticeKind::DepositAwaited { number, .. }) => number.clone(),
        _ => String::new(),
    }
}

/// To the minute: a person who must leave by 11:16:40 is told 11:16.
fn time(at: Timestamp, zone: &TimeZone, language: Language) -> String {
    let at = at.to_zoned(zone.clone());
    let format = match language {
        Language::Ko => "%-m월 %-d일 %H:%M",
        Language::En => "%-d %b %H:%M",
    };
    at.strftime(format).to_string()
}

fn money(amount: Won, language: Language) -> String {
    let korean = amount.to_string();
    match language {
        Language::Ko => korean,
        Language::En => format!("{} won", korean.trim_end_matches('원')),
    }
}

/// One line of at most [`MAX_VALUE_CHARS`] (a link: [`MAX_LINK_CHARS`]) that is not empty (Kakao refuses an empty variable) and opens no variable.
fn clean(name: &str, value: &str) -> String {
    let most = if matches!(name, "링크" | "link") { MAX_LINK_CHARS } else { MAX_VALUE_CHARS };
    let one_line = value.split(|c: char| c.is_control() || c == ' ').filter(|word| !word.is_empty());
    let line = one_line.collect::<Vec<_>>().join(" ").replace("#{", "# {");
    if line.is_empty() {
        return "-".to_owned();
    }
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
#[path = "wording_tests.rs"]
mod tests;
