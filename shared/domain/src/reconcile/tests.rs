//! Equal books have no finding; each way in which one side can be wrong has its own.

use jiff::{Timestamp, civil::date};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn day() -> Date {
    date(2026, 11, 20)
}

/// A payment as both sides have it: its number, state and sums.
#[derive(Debug, Clone)]
struct Both {
    number: u32,
    status: PaymentStatus,
    amount: i64,
    returned: i64,
}

impl Both {
    fn id(&self) -> PaymentId {
        PaymentId::derive(&["p", &self.number.to_string()])
    }

    fn has_money(&self) -> bool {
        self.status.rank() >= PaymentStatus::Held.rank()
    }

    fn captured(&self) -> Won {
        Won::new(if self.has_money() { self.amount } else { 0 })
    }

    fn returned(&self) -> Won {
        Won::new(match self.status {
            PaymentStatus::PartlyRefunded => self.returned,
            PaymentStatus::Refunded => self.amount,
            _ => 0,
        })
    }

    fn their(&self) -> TheirPayment {
        let state = match self.status {
            PaymentStatus::Requested => ReportState::Pending,
            PaymentStatus::AwaitingDeposit => ReportState::AwaitingDeposit,
            PaymentStatus::Failed => ReportState::Failed,
            PaymentStatus::PartlyRefunded => ReportState::PartlyCancelled,
            PaymentStatus::Refunded => ReportState::Cancelled,
            _ => ReportState::Paid,
        };
        let id = self.id().as_str().to_owned();
        TheirPayment { id, state, captured: self.captured(), returned: self.returned() }
    }

    fn our(&self) -> OurPayment {
        OurPayment {
            id: self.id(),
            status: self.status,
            captured: self.captured(),
            returned: self.returned(),
            is_held: self.status == PaymentStatus::Held,
            paid_on: self.has_money().then(day),
        }
    }

    fn entries(&self) -> Vec<JournalEntry> {
        let amounts = [("receipt", self.captured().get()), ("return", -self.returned().get())];
        amounts
            .into_iter()
            .filter(|(_, amount)| *amount != 0)
            .map(|(what, amount)| self.entry(what, amount))
            .collect()
    }

    fn entry(&self, what: &str, amount: i64) -> JournalEntry {
        serde_json::from_value(json!({
            "id": crate::EntryId::derive(&[self.id().as_str(), what]), "lot": "lot_1", "payment": self.id(),
            "kind": if amount > 0 { "sale" } else { "refund" },
            "occurredAt": "2026-11-20T02:00:00Z", "day": day(),
            "postings": [{"account": "pg_clearing", "amount": amount},
                         {"account": "lot_payable", "of": "lot_1", "amount": -amount}],
        }))
        .unwrap()
    }
}

/// Both sides, to be changed by a test.
#[derive(Debug, Clone)]
struct Books {
    theirs: Vec<TheirPayment>,
    ours: Vec<OurPayment>,
    entries: Vec<JournalEntry>,
}

impl Books {
    fn of(payments: &[Both]) -> Self {
        Self {
            theirs: payments.iter().map(Both::their).collect(),
            ours: payments.iter().map(Both::our).collect(),
            entries: payments.iter().flat_map(Both::entries).collect(),
        }
    }

    fn run(&self) -> Reconciled {
        let books = DayBooks { day: day(), theirs: &self.theirs, ours: &self.ours, entries: &self.entries };
        reconcile(&books).unwrap()
    }

    fn found(&self) -> Vec<(String, FindingKind, Severity)> {
        let of = |finding: Finding| (finding.payment, finding.kind, finding.severity);
        self.run().findings.into_iter().map(of).collect()
    }
}

fn payments() -> impl Strategy<Value = Vec<Both>> {
    let status = prop::sample::select(vec![
        PaymentStatus::Requested,
        PaymentStatus::AwaitingDeposit,
        PaymentStatus::Failed,
        PaymentStatus::Held,
        PaymentStatus::Paid,
        PaymentStatus::PartlyRefunded,
        PaymentStatus::Refunded,
    ]);
    prop::collection::vec((status, 2..100_000_i64, 1..1_000_i64), 0..20).prop_map(|all| {
        let one = |(number, (status, amount, part)): (u32, (PaymentStatus, i64, i64))| Both {
            number,
            status,
            amount,
            returned: 1 + part % (amount - 1),
        };
        (1_u32..).zip(all).map(one).collect()
    })
}

/// Payment number 0 was paid, 10,000 won, and 4,000 of them went back.
fn odd(returned: bool) -> Both {
    let status = if returned { PaymentStatus::PartlyRefunded } else { PaymentStatus::Paid };
    Both { number: 0, status, amount: 10_000, returned: 4_000 }
}

/// Ways in which one side is wrong about [`odd`], and what is found then.
type Change = fn(&mut Books, &Both);
const CHANGES: [(&str, bool, Change, FindingKind, Severity); 11] = [
    (
        "we never made the order",
        false,
        |b, p| {
            b.ours.retain(|one| one.id != p.id());
            b.entries.retain(|one| one.payment != p.id());
        },
        FindingKind::MissingHere,
        Severity::Person,
    ),
    (
        "the webhook was lost",
        false,
        |b, p| {
            requested(b, p);
            b.entries.retain(|one| one.payment != p.id());
        },
        FindingKind::MissingHere,
        Severity::Heals,
    ),
    (
        "the gateway has no such payment",
        true,
        |b, p| b.theirs.retain(|one| one.id != p.id().as_str()),
        FindingKind::MissingThere,
        Severity::Person,
    ),
    (
        "the gateway says it failed",
        false,
        |b, p| {
            let their = their(b, p);
            their.state = ReportState::Failed;
            their.captured = Won::ZERO;
        },
        FindingKind::MissingThere,
        Severity::Person,
    ),
    (
        "the refund did not happen there",
        true,
        |b, p| their(b, p).returned = Won::ZERO,
        FindingKind::MissingThere,
        Severity::Person,
    ),
    (
        "the gateway took less",
        false,
        |b, p| their(b, p).captured = Won::new(9_000),
        FindingKind::AmountDiffers,
        Severity::Person,
    ),
    (
        "a refund at the console was not heard of",
        false,
        |b, p| their(b, p).returned = Won::new(1),
        FindingKind::RefundUnknownHere,
        Severity::Heals,
    ),
    (
        "our state contradicts our sums",
        false,
        |b, p| our(b, p).status = PaymentStatus::Refunded,
        FindingKind::StateDiffers,
        Severity::Person,
    ),
    (
        "the receipt is posted twice",
        false,
        |b, p| b.entries.push(p.entry("again", 10_000)),
        FindingKind::PostedTwice,
        Severity::Person,
    ),
    (
        "the refund is posted twice",
        true,
        |b, p| b.entries.push(p.entry("again", -4_000)),
        FindingKind::PostedTwice,
        Severity::Person,
    ),
    (
        "the receipt is not posted",
        false,
        |b, p| b.entries.retain(|one| one.payment != p.id()),
        FindingKind::NotPosted,
        Severity::Person,
    ),
];

fn their<'a>(books: &'a mut Books, payment: &Both) -> &'a mut TheirPayment {
    books.theirs.iter_mut().find(|one| one.id == payment.id().as_str()).unwrap()
}

fn our<'a>(books: &'a mut Books, payment: &Both) -> &'a mut OurPayment {
    books.ours.iter_mut().find(|one| one.id == payment.id()).unwrap()
}

fn requested(books: &mut Books, payment: &Both) {
    let mut unheard = payment.clone();
    unheard.status = PaymentStatus::Requested;
    *our(books, payment) = unheard.our();
}

proptest! {
    #[test]
    fn equal_books_have_no_finding_and_no_difference(payments in payments()) {
        let run = Books::of(&payments).run();
        prop_assert_eq!(&run.findings, &Vec::new());
        prop_assert_eq!(run.totals.difference, Won::ZERO);
        prop_assert_eq!(run.totals.gateway, run.totals.clearing);
    }

    #[test]
    fn each_way_to_be_wrong_is_found_as_what_it_is_and_as_nothing_else(others in payments(), at in 0..CHANGES.len()) {
        let (what, returned, change, kind, severity) = CHANGES[at];
        let odd = odd(returned);
        let mut all = others;
        all.push(odd.clone());
        let mut books = Books::of(&all);
        change(&mut books, &odd);
        prop_assert_eq!(books.found(), vec![(odd.id().as_str().to_owned(), kind, severity)], "{}", what);
    }

    #[test]
    fn order_and_repetition_mean_nothing(others in payments(), at in 0..CHANGES.len(), turn in 0..40_usize) {
        let odd = odd(CHANGES[at].1);
        let mut all = others;
        all.push(odd.clone());
        let mut books = Books::of(&all);
        CHANGES[at].2(&mut books, &odd);
        let mut shuffled = books.clone();
        shuffled.theirs.extend(books.theirs.clone());
        shuffled.ours.extend(books.ours.clone());
        shuffled.entries.extend(books.entries.clone());
        shuffled.theirs.reverse();
        let turned = |len: usize| if len == 0 { 0 } else { turn % len };
        let (n, m) = (turned(shuffled.ours.len()), turned(shuffled.entries.len()));
        shuffled.ours.rotate_left(n);
        shuffled.entries.rotate_left(m);
        prop_assert_eq!(books.run(), shuffled.run());
    }

    #[test]
    fn a_state_without_money_that_we_lag_behind_heals(others in payments()) {
        let waiting = Both { number: 0, status: PaymentStatus::AwaitingDeposit, amount: 10, returned: 1 };
        let mut all = others;
        all.push(waiting.clone());
        let mut books = Books::of(&all);
        requested(&mut books, &waiting);
        let id = waiting.id().as_str().to_owned();
        prop_assert_eq!(books.found(), vec![(id, FindingKind::StateDiffers, Severity::Heals)]);
    }
}

#[test]
fn a_proposal_brings_clearing_to_what_the_gateway_has() {
    let odd = odd(false);
    let mut books = Books::of(std::slice::from_ref(&odd));
    their(&mut books, &odd).captured = Won::new(9_000);
    let proposal = books.run().findings[0].proposal.clone().unwrap();
    assert_eq!(
        (proposal.debit.as_str(), proposal.credit.as_str()),
        ("2110 lot-payable lot_1", "1110 pg-clearing")
    );
    assert_eq!(proposal.amount, Won::new(1_000));
    books.ours.clear();
    books.entries.clear();
    let proposal = books.run().findings[0].proposal.clone().unwrap();
    assert_eq!((proposal.debit.as_str(), proposal.credit.as_str()), ("1110 pg-clearing", "2910 suspense"));
}

#[test]
fn a_stranger_without_money_is_no_finding() {
    let their = TheirPayment {
        id: "order-7".into(),
        state: ReportState::Failed,
        captured: Won::ZERO,
        returned: Won::ZERO,
    };
    let books = Books { theirs: vec![their], ours: Vec::new(), entries: Vec::new() };
    assert_eq!(books.found(), Vec::new());
}

fn moment(minutes: i64) -> Timestamp {
    "2026-11-21T00:40:00+09:00".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_mins(minutes)
}

/// Books whose webhook of one payment was lost, and those after it was made good.
fn lost_and_healed() -> (Reconciled, Reconciled) {
    let odd = odd(false);
    let healed = Books::of(std::slice::from_ref(&odd));
    let mut lost = healed.clone();
    CHANGES[1].2(&mut lost, &odd);
    (lost.run(), healed.run())
}

#[test]
fn what_healed_stays_in_the_report() {
    let (lost, healed) = lost_and_healed();
    let first = DayReport::after(None, day(), lost, moment(0));
    assert_eq!((first.to_heal().count(), first.for_person().count()), (1, 0));
    let second = DayReport::after(Some(&first), day(), healed.clone(), moment(10));
    assert_eq!((second.to_heal().count(), second.for_person().count()), (0, 0));
    assert_eq!(second.totals.difference, Won::ZERO);
    assert_eq!(second.findings[0].healed_at, Some(moment(10)));
    let third = DayReport::after(Some(&second), day(), healed, moment(1_440));
    assert_eq!(third.findings, second.findings);
}

#[test]
fn what_was_to_heal_and_did_not_is_for_a_person_and_one_that_came_back_is_asked_about_anew() {
    let (lost, healed) = lost_and_healed();
    let first = DayReport::after(None, day(), lost.clone(), moment(0));
    let soon = DayReport::after(Some(&first), day(), lost.clone(), moment(5));
    assert_eq!((soon.to_heal().count(), soon.for_person().count()), (1, 0));
    let next_night = DayReport::after(Some(&soon), day(), lost.clone(), moment(1_440));
    assert_eq!((next_night.to_heal().count(), next_night.for_person().count()), (0, 1));
    assert_eq!(next_night.findings[0].first_seen_at, moment(0));
    let well = DayReport::after(Some(&next_night), day(), healed, moment(1_500));
    let again = DayReport::after(Some(&well), day(), lost, moment(2_880));
    assert_eq!((again.to_heal().count(), again.for_person().count()), (1, 0));
}

#[test]
fn a_report_reads_back_as_it_was_written() {
    let report = DayReport::after(None, day(), lost_and_healed().0, moment(0));
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<DayReport>(&json).unwrap(), report);
}
