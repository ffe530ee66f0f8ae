//! Points in payments: any history of top-ups, fees, refunds and cash-outs keeps wallet, payments and journal together.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{
    tests::{now, payment, report},
    *,
};
use crate::{
    RefundId,
    ledger::Account,
    points::{Points, PointsReport, Wallet, bonus_on, change_of_wallet},
};

fn driver() -> DriverId {
    DriverId::derive(&["d"])
}

fn top_up(name: &str, amount: i64) -> Payment {
    let mut payment = payment();
    payment.id = PaymentId::derive(&[name]);
    payment.order.amount = Won::new(amount);
    payment.purpose = Purpose::TopUp(TopUp { driver: driver(), bonus: bonus_on(Won::new(amount)) });
    payment
}

fn paid(payment: &Payment, back: i64) -> Report {
    let state = match back {
        0 => ReportState::Paid,
        all if all == payment.order.amount.get() => ReportState::Cancelled,
        _ => ReportState::PartlyCancelled,
    };
    Report { total: payment.order.amount, paid: payment.order.amount, ..report(state, back) }
}

fn points(paid: i64, bonus: i64) -> Points {
    Points { paid: Won::new(paid), bonus: Won::new(bonus) }
}

fn kinds(entries: &[JournalEntry]) -> Vec<EntryKind> {
    entries.iter().map(|entry| entry.kind).collect()
}

fn refund(name: &str, amount: Option<i64>) -> RefundOrder {
    RefundOrder {
        id: RefundId::derive(&[name]),
        amount: amount.map(Won::new),
        reason: "고객 요청".into(),
        by: RequestedBy::Platform,
        account: None,
    }
}

#[test]
fn a_fee_that_points_cover_is_paid_at_once() {
    let decision = payment().begin_with_points(&driver(), points(1_200, 100), now()).unwrap();
    assert_eq!(kinds(&decision.entries), [EntryKind::PointsHeld, EntryKind::PointsSpent]);
    assert_eq!((decision.payment.status, decision.payment.order.amount), (PaymentStatus::Paid, Won::ZERO));
    let Some(VisitFact::Paid(fact)) = decision.fact else { panic!("its visit is not told") };
    assert_eq!(fact.amount, Won::new(1_300));
    let lot = Account::LotPayable(LotId::derive(&["l"]));
    assert_eq!(decision.entries[1].change_of(&lot).unwrap(), Won::new(-1_300), "the lot is owed all of it");
}

#[test]
fn points_beside_a_card_are_spent_when_the_card_has_paid() {
    let held = payment().begin_with_points(&driver(), points(300, 0), now()).unwrap();
    assert_eq!((kinds(&held.entries), held.fact), (vec![EntryKind::PointsHeld], None));
    assert_eq!((held.payment.order.amount, held.payment.asked()), (Won::new(1_000), Won::new(1_300)));
    let done = decide(&held.payment, &paid(&held.payment, 0)).unwrap().unwrap();
    assert_eq!(kinds(&done.entries), [EntryKind::Sale, EntryKind::PointsSpent]);
    assert_eq!(done.payment.paid_fact().unwrap().amount, Won::new(1_300));
    assert_eq!(done.payment.release_points(), None, "what is spent is not released");
}

#[test]
fn money_that_comes_after_its_points_were_released_counts_for_what_it_is() {
    let held = payment().begin_with_points(&driver(), points(300, 0), now()).unwrap().payment;
    let released = held.release_points().unwrap();
    assert_eq!(kinds(&released.postings_since(&held, now()).unwrap()), [EntryKind::PointsReleased]);
    let late = decide(&released, &paid(&released, 0)).unwrap().unwrap();
    assert_eq!(kinds(&late.entries), [EntryKind::Sale]);
    assert_eq!(late.payment.paid_fact().unwrap().amount, Won::new(1_000), "300 won are still due");
}

#[test]
fn points_beside_money_that_is_not_ours_to_keep_are_released() {
    let held = payment().begin_with_points(&driver(), points(300, 0), now()).unwrap().payment;
    let mut wrong = paid(&held, 0);
    wrong.total = Won::new(1_300);
    let decision = decide(&held, &wrong).unwrap().unwrap();
    assert_eq!(decision.payment.status, PaymentStatus::Held);
    assert_eq!(kinds(&decision.entries), [EntryKind::HeldReceipt, EntryKind::PointsReleased]);
    let gone = decide(&held, &paid(&held, 1_000)).unwrap().unwrap();
    assert_eq!(gone.payment.status, PaymentStatus::Refunded);
    assert!(kinds(&gone.entries).contains(&EntryKind::PointsReleased), "taken and given back in one");
}

#[test]
fn a_refund_takes_the_money_first_and_then_the_points() {
    let held = payment().begin_with_points(&driver(), points(200, 100), now()).unwrap().payment;
    let paid_for = decide(&held, &paid(&held, 0)).unwrap().unwrap().payment;
    assert_eq!(paid_for.refundable(), Won::new(1_300));
    let asked = paid_for.request_refund(refund("a", Some(1_150)), now()).unwrap().unwrap();
    assert_eq!((asked.refunds[0].amount, asked.refunds[0].points), (Won::new(1_000), points(50, 100)));
    assert_eq!(asked.refundable(), Won::new(150));
    assert_eq!(asked.request_refund(refund("a", Some(1_150)), now()), Ok(None), "the same again");
    let mut back = paid(&asked, 1_000);
    let reason = asked.refunds[0].tagged_reason();
    back.returns.push(ReportedReturn { reason, state: ReturnState::Done, at: now() });
    let done = decide(&asked, &back).unwrap().unwrap();
    assert_eq!(kinds(&done.entries), [EntryKind::Refund, EntryKind::PointsReturned]);
    assert_eq!((done.payment.status, done.payment.kept()), (PaymentStatus::PartlyRefunded, Won::new(150)));
    let rest = done.payment.request_refund(refund("b", None), now()).unwrap().unwrap();
    let Some(RefundStep::Points(gone)) = rest.next_refund(now()) else { panic!("the gateway is asked") };
    assert_eq!(kinds(&gone.postings_since(&rest, now()).unwrap()), [EntryKind::PointsReturned]);
    assert_eq!((gone.status, gone.kept()), (PaymentStatus::Refunded, Won::ZERO));
    assert_eq!(gone.next_refund(now()), None);
}

#[test]
fn a_top_up_that_the_gateways_staff_give_back_takes_its_bonus_as_far_as_it_is_there() {
    let mine = decide(&top_up("t", 10_000), &paid(&top_up("t", 10_000), 0)).unwrap().unwrap().payment;
    let decision = decide(&mine, &paid(&mine, 4_000)).unwrap().unwrap();
    assert_eq!(kinds(&decision.entries), [EntryKind::CashOut]);
    let lost = |there| decision.payment.forfeited_since(&mine, Won::new(there), now()).unwrap();
    assert_eq!(change_of_wallet(&lost(1_000).unwrap()).unwrap().unwrap().1, points(0, -400));
    assert_eq!(change_of_wallet(&lost(150).unwrap()).unwrap().unwrap().1, points(0, -150));
    assert_eq!(lost(0), None);
}

#[test]
fn a_cash_out_takes_the_newest_top_ups_first_and_no_more_than_was_paid_for() {
    let tops = ["new", "old"].map(|name| {
        let asked = top_up(name, 10_000);
        decide(&asked, &paid(&asked, 0)).unwrap().unwrap().payment
    });
    let wallet = Wallet { driver: driver(), balance: points(15_000, 2_000) };
    let id = RefundId::derive(&["c"]);
    let parts = cash_out(&wallet, &tops, (&id, None), now()).unwrap();
    let taken: Vec<Points> = parts.iter().map(|(_, next)| next.refunds[0].points).collect();
    assert_eq!(taken, [points(10_000, 1_000), points(5_000, 500)]);
    let too_much = cash_out(&wallet, &tops, (&id, Some(Won::new(15_001))), now());
    assert_eq!(too_much.unwrap_err(), CashOutError::TooMuch(Won::new(15_000)));
    let other = Wallet { driver: DriverId::derive(&["e"]), ..wallet };
    assert_eq!(
        cash_out(&other, &tops, (&id, None), now()).unwrap_err(),
        CashOutError::TooMuch(Won::ZERO),
        "another driver's top-ups"
    );
}

/// A driver, a gateway and the books, without tables.
#[derive(Default)]
struct World {
    balance: Points,
    tops: Vec<Payment>,
    stays: Vec<Payment>,
    ids: BTreeSet<crate::EntryId>,
    books: BTreeMap<Account, i64>,
    journal: Vec<JournalEntry>,
}

impl World {
    fn post(&mut self, entries: Vec<JournalEntry>) {
        for entry in entries {
            assert!(self.ids.insert(entry.id.clone()), "posted twice: {:?}", entry.kind);
            if let Some((_, change)) = change_of_wallet(&entry).unwrap() {
                self.balance = self.balance.plus(change).unwrap();
            }
            for posting in &entry.postings {
                *self.books.entry(posting.account.clone()).or_default() += posting.amount.get();
            }
            self.journal.push(entry);
        }
    }

    fn wallet(&self) -> Wallet {
        Wallet { driver: driver(), balance: self.balance }
    }

    /// The gateway tells of a payment: all its open refunds are done, or all are refused.
    fn told(&mut self, old: &Payment, is_done: bool) -> Payment {
        let mut told = paid(old, 0);
        let state = if is_done { ReturnState::Done } else { ReturnState::Failed };
        let mut back = old.returned.get();
        for refund in old.refunds.iter().filter(|refund| refund.is_open() && !refund.amount.is_zero()) {
            back += if is_done { refund.amount.get() } else { 0 };
            told.returns.push(ReportedReturn { reason: refund.tagged_reason(), state, at: now() });
        }
        let told = Report { returns: told.returns, ..paid(old, back) };
        let mut next = old.clone();
        if let Some(decision) = decide(old, &told).unwrap() {
            self.post(decision.entries);
            next = decision.payment;
        }
        while let Some(RefundStep::Points(after)) = next.next_refund(now()) {
            self.post(after.postings_since(&next, now()).unwrap());
            next = *after;
        }
        next
    }

    fn step(&mut self, number: usize, kind: u8, amount: i64, is_done: bool) {
        match kind {
            0 => {
                let asked = top_up(&format!("t{number}"), amount.max(1_000));
                let decision = decide(&asked, &paid(&asked, 0)).unwrap().unwrap();
                self.post(decision.entries);
                self.tops.insert(0, decision.payment);
            }
            1 => {
                let mut fee = payment();
                (fee.id, fee.order.amount) = (PaymentId::derive(&[&number.to_string()]), Won::new(amount));
                let share = self.wallet().share_of(fee.order.amount, Won::new(amount / 2 + 100));
                if !share.is_zero() {
                    let decision = fee.begin_with_points(&driver(), share, now()).unwrap();
                    self.post(decision.entries);
                    self.stays.push(decision.payment);
                }
            }
            2 => {
                if let Some(stay) = self.stays.pop() {
                    let moved = if is_done || !stay.holds_points() {
                        if stay.order.amount.is_zero() { stay } else { self.told(&stay, true) }
                    } else {
                        let released = stay.release_points().unwrap();
                        self.post(released.postings_since(&stay, now()).unwrap());
                        released
                    };
                    self.stays.insert(0, moved);
                }
            }
            3 => {
                if let Some(stay) = self.stays.pop() {
                    let order = refund(&format!("r{number}"), Some(amount.min(stay.refundable().get())));
                    let asked = stay.request_refund(order, now()).ok().flatten();
                    let next = asked.map(|asked| self.told(&asked, is_done));
                    self.stays.insert(0, next.unwrap_or(stay));
                }
            }
            _ => {
                let id = RefundId::derive(&["c", &number.to_string()]);
                let wish = (&id, (amount % 2 == 0).then_some(Won::new(amount)));
                let tops = self.tops.clone();
                for (old, next) in cash_out(&self.wallet(), &tops, wish, now()).unwrap_or_default() {
                    self.post(next.postings_since(old, now()).unwrap());
                    let told = self.told(&next, is_done);
                    *self.tops.iter_mut().find(|top| top.id == old.id).unwrap() = told;
                }
            }
        }
    }

    fn account(&self, account: &Account) -> i64 {
        self.books.get(account).copied().unwrap_or_default()
    }
}

proptest! {
    #[test]
    fn any_history_keeps_wallet_and_journal_together_and_gives_no_bonus_for_nothing(
        steps in prop::collection::vec((0_u8..5, 1_i64..30_000, any::<bool>()), 1..60)
    ) {
        let mut world = World::default();
        for (number, (kind, amount, is_done)) in steps.into_iter().enumerate() {
            world.step(number, kind, amount, is_done);
            prop_assert!(!world.balance.paid.is_negative() && !world.balance.bonus.is_negative());
            prop_assert_eq!(world.account(&Account::PointsPaid(driver())), -world.balance.paid.get());
            prop_assert_eq!(world.account(&Account::PointsBonus(driver())), -world.balance.bonus.get());
            let waiting = world.stays.iter().filter(|stay| stay.holds_points());
            let held: i64 = waiting.map(|stay| stay.points.as_ref().unwrap().held_total().get()).sum();
            prop_assert_eq!(world.account(&Account::PointsHeld(driver())), -held);
        }
        prop_assert_eq!(world.books.values().sum::<i64>(), 0);
        let kept: i64 = world.stays.iter().map(|stay| stay.kept().get()).sum();
        prop_assert_eq!(world.account(&Account::LotPayable(LotId::derive(&["l"]))), -kept);
        let report = PointsReport::default().after(&world.journal).unwrap();
        prop_assert_eq!(report.outstanding, world.balance);
        // Whoever takes back all that can be taken has not had more bonus than a tenth of what stayed with us.
        let money_kept: i64 = world.tops.iter().map(|top| top.kept().get()).sum();
        let bonus_out = world.account(&Account::Promotion);
        prop_assert!(bonus_out * 10 <= money_kept, "{} of bonus on {} won", bonus_out, money_kept);
    }
}
