//! What a person reads, once for all channels: the texts that Kakao approves as AlimTalk templates, and that push and SMS say too.
//!
//! A text that is changed here must be approved anew under a new id, or Kakao refuses what does not fit the approved one.

use super::Language;

/// A text with places for variables, written `#{name}` as Kakao does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Its name here. In an account of Solapi the approved text has an id of the account's own, which the messenger secret
    /// (`solapi.templates`: name → id) tells; where it tells none the name itself is the id, as in the sandbox.
    pub code: &'static str,
    /// Language of the text.
    pub language: Language,
    /// Title of a push.
    pub title: &'static str,
    /// The text.
    pub body: &'static str,
}

impl Template {
    /// The names of its variables, in the order of the text.
    pub fn variables(&self) -> impl Iterator<Item = &'static str> {
        self.body.split("#{").skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
    }

    /// The text with its variables filled in. A value is never looked through for variables itself.
    pub(super) fn fill<'v>(&self, value_of: impl Fn(&str) -> Option<&'v str>) -> String {
        let mut pieces = self.body.split("#{");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}').unwrap_or((piece, ""));
            text.push_str(value_of(name).unwrap_or_default());
            text.push_str(rest);
        }
        text
    }
}

const fn ko(code: &'static str, title: &'static str, body: &'static str) -> Template {
    Template { code, language: Language::Ko, title, body }
}

const fn en(code: &'static str, title: &'static str, body: &'static str) -> Template {
    Template { code, language: Language::En, title, body }
}

pub(super) const ENTERED: [Template; 2] = [
    ko("entered-ko", "입차 안내", "#{주차장}\n차량 #{차량} #{시각} 입차했습니다."),
    en("entered-en", "Car entered", "#{lot}\nYour car #{car} entered on #{time}."),
];

pub(super) const PAYMENT_RECEIVED: [Template; 2] = [
    ko(
        "payment-received-ko",
        "결제 완료",
        "#{주차장}\n차량 #{차량} #{금액} 결제 완료. #{시각}까지 출차해 주세요.",
    ),
    en(
        "payment-received-en",
        "Payment received",
        "#{lot}\n#{amount} paid for your car #{car}. Please leave by #{time}.",
    ),
];

pub(super) const DEPOSIT_AWAITED: [Template; 2] = [
    ko(
        "deposit-awaited-ko",
        "입금 안내",
        "#{주차장}\n차량 #{차량} 주차요금을 아래 계좌로 입금해 주세요.\n금액: #{금액}\n계좌: #{은행} #{계좌}",
    ),
    en(
        "deposit-awaited-en",
        "Deposit awaited",
        "#{lot}\nPlease deposit the parking fee of your car #{car}.\nAmount: #{amount}\nAccount: #{bank} #{account}",
    ),
];

pub(super) const PAYMENT_RETURNED: [Template; 2] = [
    ko("payment-returned-ko", "환불 안내", "#{주차장}\n차량 #{차량} 결제하신 #{금액}이 환불됩니다."),
    en(
        "payment-returned-en",
        "Payment returned",
        "#{lot}\n#{amount} paid for your car #{car} goes back to you.",
    ),
];

pub(super) const LEFT: [Template; 2] = [
    ko("left-ko", "출차 안내", "#{주차장}\n차량 #{차량} #{시각} 출차했습니다."),
    en("left-en", "Car left", "#{lot}\nYour car #{car} left on #{time}."),
];

pub(super) const LEFT_OWING: [Template; 2] = [
    ko(
        "left-owing-ko",
        "미납 요금 안내",
        "#{주차장}\n차량 #{차량} #{시각} 출차. 미납 주차요금 #{금액}이 있습니다.",
    ),
    en(
        "left-owing-en",
        "Parking fee unpaid",
        "#{lot}\nYour car #{car} left on #{time}. #{amount} of the parking fee is unpaid.",
    ),
];

pub(super) const DISPUTE_ACCEPTED: [Template; 2] = [
    ko(
        "dispute-accepted-ko",
        "이의 신청 결과",
        "#{주차장}\n차량 #{차량} 이의 신청이 인정되었습니다. 내실 요금: #{금액}",
    ),
    en(
        "dispute-accepted-en",
        "Your dispute is decided",
        "#{lot}\nYour dispute for car #{car} was accepted. Due now: #{amount}.",
    ),
];

pub(super) const DISPUTE_REFUSED: [Template; 2] = [
    ko(
        "dispute-refused-ko",
        "이의 신청 결과",
        "#{주차장}\n차량 #{차량} 이의 신청이 인정되지 않았습니다. 내실 요금: #{금액}",
    ),
    en(
        "dispute-refused-en",
        "Your dispute is decided",
        "#{lot}\nYour dispute for car #{car} was not accepted. Due now: #{amount}.",
    ),
];

pub(super) const UNPAID: [Template; 2] = [
    ko(
        "unpaid-ko",
        "미납 요금 안내",
        "#{주차장}\n차량 #{차량} 미납 주차요금 #{금액} (#{횟수}차 안내)\n확인 및 납부: #{링크}",
    ),
    en(
        "unpaid-en",
        "Parking fee unpaid",
        "#{lot}\n#{amount} of the parking fee of your car #{car} is unpaid (notice #{number}).\nSee and pay: #{link}",
    ),
];

pub(super) const UNPAID_SURCHARGED: [Template; 2] = [
    ko(
        "unpaid-surcharged-ko",
        "미납 요금 안내",
        "#{주차장}\n차량 #{차량} 미납 주차요금 #{금액}, 가산금 #{가산금} 포함 (#{횟수}차 안내)\n확인 및 납부: #{링크}",
    ),
    en(
        "unpaid-surcharged-en",
        "Parking fee unpaid",
        "#{lot}\n#{amount} is unpaid for your car #{car}, with a surcharge of #{surcharge} (notice #{number}).\nSee and pay: #{link}",
    ),
];

pub(super) const RETRY_REFUSED: [Template; 2] = [
    ko(
        "retry-refused-ko",
        "자동결제 거절 안내",
        "#{주차장}\n차량 #{차량} 미납 주차요금 #{금액} 자동결제가 거절되었습니다 (재시도 #{횟수}회). 다음 날 다시 결제를 시도합니다.\n확인 및 납부: #{링크}",
    ),
    en(
        "retry-refused-en",
        "Your card was refused",
        "#{lot}\nThe card for your car #{car} was refused again: #{amount} is unpaid (try #{number}). We try again the next day.\nSee and pay: #{link}",
    ),
];

pub(super) const RETRIES_ENDED: [Template; 2] = [
    ko(
        "retries-ended-ko",
        "자동결제 거절 안내",
        "#{주차장}\n차량 #{차량} 미납 주차요금 #{금액} 자동결제가 거절되었습니다 (재시도 #{횟수}회). 더 이상 자동으로 결제하지 않습니다.\n확인 및 납부: #{링크}",
    ),
    en(
        "retries-ended-en",
        "Your card was refused",
        "#{lot}\nThe card for your car #{car} was refused again: #{amount} is unpaid (try #{number}). We do not charge it any more.\nSee and pay: #{link}",
    ),
];

pub(super) const UNPAID_SETTLED: [Template; 2] = [
    ko(
        "unpaid-settled-ko",
        "미납 요금 결제 완료",
        "#{주차장}\n차량 #{차량} 미납 주차요금 #{금액} 결제 완료.",
    ),
    en(
        "unpaid-settled-en",
        "Unpaid fee paid",
        "#{lot}\n#{amount} paid of the unpaid parking fee of your car #{car}.",
    ),
];

/// Every template: what is handed in to Kakao for approval, and what the messenger sandbox knows.
pub const TEMPLATES: [Template; 26] = [
    ENTERED[0],
    ENTERED[1],
    PAYMENT_RECEIVED[0],
    PAYMENT_RECEIVED[1],
    DEPOSIT_AWAITED[0],
    DEPOSIT_AWAITED[1],
    PAYMENT_RETURNED[0],
    PAYMENT_RETURNED[1],
    LEFT[0],
    LEFT[1],
    LEFT_OWING[0],
    LEFT_OWING[1],
    DISPUTE_ACCEPTED[0],
    DISPUTE_ACCEPTED[1],
    DISPUTE_REFUSED[0],
    DISPUTE_REFUSED[1],
    UNPAID[0],
    UNPAID[1],
    UNPAID_SURCHARGED[0],
    UNPAID_SURCHARGED[1],
    RETRY_REFUSED[0],
    RETRY_REFUSED[1],
    RETRIES_ENDED[0],
    RETRIES_ENDED[1],
    UNPAID_SETTLED[0],
    UNPAID_SETTLED[1],
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_template_has_a_name_of_its_own() {
        let names: BTreeSet<_> = TEMPLATES.iter().map(|template| template.code).collect();
        assert_eq!(names.len(), TEMPLATES.len());
        for template in TEMPLATES {
            assert!(template.code.ends_with(if template.language == Language::Ko { "-ko" } else { "-en" }));
        }
    }

    #[test]
    fn a_filled_in_value_is_not_looked_through_for_variables() {
        let filled = LEFT[1].fill(|name| Some(if name == "lot" { "#{car}" } else { "x" }));
        assert_eq!(filled, "#{car}\nYour car x left on x.");
    }
}
