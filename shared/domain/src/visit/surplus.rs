//! What was paid for a stay a second time: two windows open at once, a deposit that came after all, a payment by phone while
//! another was under way. The later money goes back.

use std::collections::BTreeMap;

use super::{Facts, FeeSchedule, FoldContext, PaidFact, Timeline, Visit};
use crate::{PaymentId, Won};

/// Payments of which too much is held, each with what of it is to be kept, won. It is what must be in the end, not a step towards it: told
/// again, or after more has become known, nothing goes back that was to be kept.
///
/// Payments count in the order in which the gateway took them. What one adds beyond the fee of the moment it was quoted for was
/// covered by those before it. A visit with a single payment has no surplus: a fee that turns out smaller afterwards is a
/// person's matter, not this rule's.
pub fn surplus<F: FeeSchedule>(
    context: &FoldContext<'_, F>,
    facts: &Facts,
    timeline: &Timeline,
) -> BTreeMap<PaymentId, Won> {
    timeline.visits.iter().flat_map(|visit| of_visit(context, facts, visit)).collect()
}

fn of_visit<F: FeeSchedule>(
    context: &FoldContext<'_, F>,
    facts: &Facts,
    visit: &Visit,
) -> Vec<(PaymentId, Won)> {
    let mut counted: Vec<&PaidFact> = facts
        .payments
        .iter()
        .filter(|paid| visit.payments.contains(&paid.payment) && paid.amount > Won::ZERO)
        .collect();
    counted.sort_by(|a, b| (a.paid_at, &a.payment).cmp(&(b.paid_at, &b.payment)));
    counted.dedup_by(|a, b| a.payment == b.payment);
    let (mut kept, mut back) = (Won::ZERO, Vec::new());
    for paid in counted {
        let Ok(with_it) = kept.plus(paid.amount) else { return Vec::new() };
        let fee = context.fees.fee(visit.entered_at, visit.priced_until(paid.quoted_until));
        let beyond = match fee {
            Some(fee) if !kept.is_zero() => with_it.remaining_after(fee).min(paid.amount),
            _ => Won::ZERO,
        };
        kept = with_it.remaining_after(beyond);
        if !beyond.is_zero() {
            back.push((paid.payment.clone(), paid.amount.remaining_after(beyond)));
        }
    }
    back
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        Passage,
        lot::LotRules,
        visit::{
            fold,
            fold_tests::{at, facts, fee as fee_of, lot, paid, read},
        },
    };

    fn back(payments: Vec<PaidFact>) -> Vec<i64> {
        let facts = facts(vec![read("in", Passage::Entered, 0)], payments);
        let lot = lot();
        let context = FoldContext { lot: &lot, rules: LotRules::default(), fees: &fee_of };
        let found = surplus(&context, &facts, &fold(&context, &facts));
        let back = |paid: &PaidFact| {
            found.get(&paid.payment).map_or(Won::ZERO, |keep| paid.amount.remaining_after(*keep))
        };
        facts.payments.iter().map(|paid| back(paid).get()).collect()
    }

    fn taken(name: &str, amount: i64, quoted: i64, minute: i64) -> PaidFact {
        PaidFact { paid_at: at(minute), ..paid(name, amount, quoted) }
    }

    #[test]
    fn one_payment_is_never_too_much() {
        assert_eq!(back(vec![taken("a", 100_000, 60, 60)]), [0]);
    }

    #[test]
    fn two_windows_paid_at_once_leave_the_first() {
        let due = fee(60);
        assert_eq!(back(vec![taken("a", due, 60, 61), taken("b", due, 60, 62)]), [0, due]);
        assert_eq!(back(vec![taken("a", due, 60, 62), taken("b", due, 60, 61)]), [due, 0]);
    }

    #[test]
    fn paying_for_more_time_is_no_surplus() {
        assert_eq!(back(vec![taken("a", fee(60), 60, 61), taken("b", fee(180) - fee(60), 180, 181)]), [0, 0]);
    }

    #[test]
    fn a_window_quoted_before_the_first_money_came_gives_back_what_that_had_covered() {
        let (early, late) = (fee(60), fee(120));
        assert_eq!(back(vec![taken("a", early, 60, 125), taken("b", late, 120, 126)]), [0, early]);
    }

    fn fee(minutes: i64) -> i64 {
        fee_of(at(0), at(minutes)).unwrap().get()
    }

    proptest! {
        /// What stays is never more than the fee of the latest quote, unless the first payment alone was; and never less than it
        /// would have been with the first payment alone.
        #[test]
        fn what_stays_covers_the_fee_and_no_more(
            times in prop::collection::vec((1_i64..600, 1_i64..60), 1..5)
        ) {
            let payments: Vec<_> = times.iter().enumerate().map(|(i, (quoted, slow))| {
                taken(&i.to_string(), fee(*quoted), *quoted, quoted + slow)
            }).collect();
            let paid: i64 = payments.iter().map(|p| p.amount.get()).sum();
            let stays = paid - back(payments).iter().sum::<i64>();
            let dearest = times.iter().map(|(quoted, _)| fee(*quoted)).max().unwrap();
            prop_assert_eq!(stays, dearest);
        }
    }
}
