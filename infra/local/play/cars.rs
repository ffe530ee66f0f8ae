//! The cast: who comes, how long they stay, and what goes wrong for them.

/// What happens to a car.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Story {
    /// Pays by card on the phone before leaving.
    PaidInAdvance,
    /// The same with easy-pay.
    EasyPay,
    /// Leaves within the free minutes.
    FreeGrace,
    /// Pays, lingers until more is due, pays the difference at the barrier.
    Overrun,
    /// Drives to the barrier first and pays there.
    PaysAtBarrier,
    /// The same where the lot's controller takes commands: the barrier opens without another read.
    OpenedByCommand,
    /// Gets a virtual account, deposits later.
    VirtualAccount,
    /// The first attempt fails, the second succeeds.
    FailsThenPays,
    /// A tampered page pays less than was asked.
    PaysTooLittle,
    /// The gateway's webhook is lost; the browser's return makes it good.
    WebhookLost,
    /// The gateway's webhook comes twice at once.
    WebhookTwice,
    /// Each report of the gate comes twice.
    DuplicateReads,
    /// The entry is told only after the car has left, from the controller's backlog.
    LateEntry,
    /// The exit camera mistakes one digit: the car is found by similarity.
    MisreadAtExit,
    /// The exit camera reads nothing: a person decides.
    UnreadAtExit,
    /// Its driver has registered a card: the barrier opens at once, the charge runs behind the car.
    ChargedBehind,
    /// The same for a company with its own card.
    CompanyCard,
    /// A company pays by the month's invoice: no card is asked.
    OnAccount,
    /// The bank refuses the registered card behind the car; the driver pays by the link of the notice.
    RefusedThenLink,
    /// Afterwards the operator gives half of it back.
    PartlyRefunded,
    /// Buys points and pays with them alone.
    PaidWithPoints,
    /// Pays a part with points and the rest by card.
    PointsAndCard,
}

impl Story {
    /// For the table.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::PaidInAdvance => "사전 결제 · paid in advance",
            Self::EasyPay => "간편 결제 · easy-pay",
            Self::FreeGrace => "무료 회차 · free grace",
            Self::Overrun => "결제 후 초과 · overrun",
            Self::PaysAtBarrier => "출구 결제 · at the barrier",
            Self::OpenedByCommand => "출구 결제 즉시 개방 · opened by command",
            Self::VirtualAccount => "가상계좌 · virtual account",
            Self::FailsThenPays => "결제 실패 후 성공 · failed once",
            Self::PaysTooLittle => "금액 변조 · wrong amount",
            Self::WebhookLost => "웹훅 유실 · webhook lost",
            Self::WebhookTwice => "웹훅 중복 · webhook twice",
            Self::DuplicateReads => "중복 인식 · duplicate reads",
            Self::LateEntry => "늦은 입차 · late entry",
            Self::MisreadAtExit => "출구 오인식 · misread",
            Self::UnreadAtExit => "미인식 · unread plate",
            Self::ChargedBehind => "등록 카드 자동 결제 · charged behind the car",
            Self::CompanyCard => "법인 카드 · a company's own card",
            Self::OnAccount => "법인 후불 · on account",
            Self::RefusedThenLink => "자동 결제 거절, 미납 링크 납부 · refused, paid by link",
            Self::PartlyRefunded => "일부 환불 · half given back",
            Self::PaidWithPoints => "포인트 결제 · with points",
            Self::PointsAndCard => "포인트와 카드 · points and a card",
        }
    }

    /// Whether somebody has given the word to pay for the car before it comes.
    pub(super) fn is_promised(self) -> bool {
        matches!(self, Self::ChargedBehind | Self::CompanyCard | Self::OnAccount | Self::RefusedThenLink)
    }
}

/// A car of the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Car {
    /// Its plate.
    pub plate: String,
    /// Which lot of the stage.
    pub lot: usize,
    /// How long it has been there when it leaves, minutes.
    pub stay_minutes: i64,
    /// What happens to it.
    pub story: Story,
}

/// How many cars of each story come, for the three metered lots of the stage; the fourth gives free minutes.
const CAST: [(Story, usize); 22] = [
    (Story::PaidInAdvance, 9),
    (Story::EasyPay, 3),
    (Story::FreeGrace, 4),
    (Story::Overrun, 2),
    (Story::PaysAtBarrier, 3),
    (Story::OpenedByCommand, 2),
    (Story::VirtualAccount, 2),
    (Story::FailsThenPays, 1),
    (Story::PaysTooLittle, 1),
    (Story::WebhookLost, 1),
    (Story::WebhookTwice, 2),
    (Story::DuplicateReads, 3),
    (Story::LateEntry, 2),
    (Story::MisreadAtExit, 2),
    (Story::UnreadAtExit, 1),
    (Story::ChargedBehind, 2),
    (Story::CompanyCard, 1),
    (Story::OnAccount, 2),
    (Story::PartlyRefunded, 1),
    (Story::RefusedThenLink, 1),
    (Story::PaidWithPoints, 1),
    (Story::PointsAndCard, 1),
];
/// The lot with free minutes.
pub(super) const FREE_LOT: usize = 3;
/// The lot that gives no time to leave after paying.
pub(super) const STRICT_LOT: usize = 4;
/// The lot whose controller speaks the Korean dialect, keeps a backlog, and takes commands. It asks for unpaid fees on the same day,
/// and its operator's desk is open.
pub(super) const CONTROLLER_LOT: usize = 0;
const LETTERS: [char; 12] = ['가', '나', '다', '라', '마', '거', '너', '더', '러', '머', '버', '서'];
/// Serials so far apart that no two plates of the cast look alike to the matcher.
const SERIALS: [u32; 6] = [1_234, 5_678, 9_012, 3_456, 7_890, 2_468];

/// The cast of a run; `run` sets its plates apart from those of earlier runs, whose state may still be there.
pub(super) fn cast(run: u32) -> Vec<Car> {
    let stories = CAST.iter().flat_map(|(story, count)| std::iter::repeat_n(*story, *count));
    (0_u32..)
        .zip(stories)
        .map(|(index, story)| {
            let lot = match story {
                Story::FreeGrace => FREE_LOT,
                Story::Overrun => STRICT_LOT,
                Story::LateEntry
                | Story::OpenedByCommand
                | Story::RefusedThenLink
                | Story::PartlyRefunded => CONTROLLER_LOT,
                _ => usize::try_from(index % 3).unwrap_or(0),
            };
            let class = 100 + (index * 13 + run * 41) % 580;
            let letter = LETTERS[usize::try_from(index + run).unwrap_or(0) % LETTERS.len()];
            let serial =
                (SERIALS[usize::try_from(index).unwrap_or(0) % SERIALS.len()] + run * 37 + index * 611)
                    % 10_000;
            // The overrun starts 4 s before a minute ends that begins another unit: see `overrun`.
            let stay_minutes = if story == Story::Overrun { 61 } else { 23 + i64::from(index * 7 % 36) };
            Car { plate: format!("{class}{letter}{serial:04}"), lot, stay_minutes, story }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use baro_domain::PlateNumber;
    use std::collections::BTreeSet;

    #[test]
    fn at_least_thirty_cars_come_each_with_a_plate_of_its_own() {
        for run in [0, 1, 977] {
            let cars = cast(run);
            assert!(cars.len() >= 30);
            let plates: BTreeSet<&str> = cars.iter().map(|car| car.plate.as_str()).collect();
            assert_eq!(plates.len(), cars.len());
            assert!(cars.iter().all(|car| PlateNumber::parse(&car.plate).is_recognised()));
        }
    }
}
