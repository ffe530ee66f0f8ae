//! How a visit stands at a moment: what it costs, what of that is due, and until when that stays true. The barrier
//! decides by the same rules (`baro_domain::visit::decide_exit`); a property test holds the two together.

use baro_domain::{
    PricedLot, Quote, Won,
    tariff::BookError,
    visit::{Timeline, Visit, VisitStatus},
};
use jiff::{SignedDuration, Timestamp};

/// A car that left is shown for this long: its driver may look for the receipt, or owe something.
pub(crate) const SHOWN_AFTER_LEAVING: SignedDuration = SignedDuration::from_hours(24);

/// A visit with its price.
#[derive(Debug, Clone)]
pub(crate) struct Standing<'a> {
    pub(crate) visit: &'a Visit,
    /// Price of the stay until [`Standing::until`].
    pub(crate) quote: Quote,
    /// The moment it is computed for: the one asked for, or when the car left.
    pub(crate) until: Timestamp,
    /// What must be paid to leave at that moment.
    pub(crate) due: Won,
    /// Leaving up to this moment asks for no more than `due`; `None` while no such moment is in sight.
    pub(crate) leave_by: Option<Timestamp>,
}

/// The visit that a driver means: the newest, unless it ended long ago.
pub(crate) fn newest(timeline: &Timeline, now: Timestamp) -> Option<&Visit> {
    timeline.visits.last().filter(|visit| match visit.status {
        VisitStatus::Over { left_at, .. } => now.duration_since(left_at) <= SHOWN_AFTER_LEAVING,
        _ => true,
    })
}

/// Prices a visit for leaving at `at`; one that is over, for when it ended.
pub(crate) fn standing<'a>(
    lot: &PricedLot,
    visit: &'a Visit,
    at: Timestamp,
) -> Result<Standing<'a>, BookError> {
    let until = match visit.status {
        VisitStatus::Over { left_at, .. } => left_at,
        // A gate's clock may be ahead of ours by a little.
        _ => at.max(visit.entered_at),
    };
    let quote = lot.quote(visit, until)?;
    let open = quote.total.remaining_after(visit.settled());
    let within_grace = visit.leave_by.filter(|leave_by| until <= *leave_by);
    let (due, leave_by) = match (open.is_zero(), within_grace) {
        (true, None) => (Won::ZERO, quote.leave_by),
        (true, Some(grace)) => (Won::ZERO, quote.leave_by.map(|step| step.max(grace))),
        (false, Some(grace)) => (Won::ZERO, Some(grace)),
        (false, None) => (open, quote.leave_by),
    };
    Ok(Standing { visit, quote, until, due, leave_by })
}

#[cfg(test)]
mod tests {
    use baro_domain::{
        Passage, RulingId,
        lot::LongStay,
        visit::{
            DisputeReason, ExitDecision, Facts, PaidFact, RuledBy, Ruling, RulingKind, decide_exit, fold,
        },
    };
    use baro_testing::{at, lot_record, observation, plate};
    use proptest::prelude::*;

    use super::*;

    fn lot() -> PricedLot {
        lot_record().priced().unwrap()
    }

    /// A lot where ten hours are usual.
    fn guarded() -> PricedLot {
        let mut record = lot_record();
        record.lot.rules.long_stay = Some(LongStay { usual_s: 36_000, close_after_s: None });
        record.priced().unwrap()
    }

    fn facts(paid: Option<(i64, i64)>) -> Facts {
        let mut facts = Facts::none(plate());
        facts.observations.push(observation("in", Passage::Entered, 0));
        facts.payments.extend(paid.map(|(minute, won)| PaidFact {
            payment: baro_domain::PaymentId::derive(&["p"]),
            amount: Won::new(won),
            quoted_until: at(minute),
            paid_at: at(minute),
            promised_at: None,
        }));
        facts
    }

    fn dispute(minute: i64) -> Ruling {
        let kind = RulingKind::disputed(DisputeReason::WrongPrice);
        let (id, at) = (RulingId::derive(&["d"]), at(minute));
        Ruling { id, at, by: RuledBy::Driver, note: String::new(), kind }
    }

    #[test]
    fn a_held_price_names_no_next_step() {
        let lot = guarded();
        let timeline = fold(&lot.context(), &facts(None));
        let standing = standing(&lot, newest(&timeline, at(2_000)).unwrap(), at(2_000)).unwrap();
        assert_eq!((standing.leave_by, &standing.quote.next_step), (None, &None));
        assert_eq!(standing.quote.left_at, at(600));
    }

    #[test]
    fn before_paying_the_amount_holds_until_the_next_unit_begins() {
        let lot = lot();
        let timeline = fold(&lot.context(), &facts(None));
        let standing = standing(&lot, newest(&timeline, at(25)).unwrap(), at(25)).unwrap();
        assert_eq!(standing.due, Won::new(1_000));
        assert_eq!(standing.leave_by, Some(at(30)));
    }

    #[test]
    fn after_paying_nothing_is_due_within_the_time_to_leave() {
        let lot = lot();
        let timeline = fold(&lot.context(), &facts(Some((25, 1_000))));
        let visit = newest(&timeline, at(32)).unwrap();
        let within = standing(&lot, visit, at(32)).unwrap();
        assert_eq!((within.due, within.leave_by), (Won::ZERO, Some(at(40))));
        let overrun = standing(&lot, visit, at(41)).unwrap();
        assert_eq!((overrun.due, overrun.leave_by), (Won::new(600), Some(at(50))));
    }

    #[test]
    fn a_visit_that_is_over_is_priced_for_when_it_ended_and_forgotten_after_a_day() {
        let lot = lot();
        let mut facts = facts(None);
        facts.observations.push(observation("out", Passage::Left, 15));
        let timeline = fold(&lot.context(), &facts);
        let visit = newest(&timeline, at(100)).unwrap();
        let standing = standing(&lot, visit, at(100)).unwrap();
        assert_eq!((standing.until, standing.due), (at(15), Won::new(700)));
        assert!(newest(&timeline, at(15 + 24 * 60 + 1)).is_none());
    }

    proptest! {
        #[test]
        fn nothing_is_due_exactly_when_the_barrier_opens(
            asked in 0_i64..3_000, paid in proptest::option::of((0_i64..3_000, 1_i64..5_000)),
            is_guarded in any::<bool>(), disputed in proptest::option::of(0_i64..3_000),
        ) {
            let lot = if is_guarded { guarded() } else { lot() };
            let mut facts = facts(paid);
            facts.rulings.extend(disputed.map(dispute));
            let timeline = fold(&lot.context(), &facts);
            let standing = standing(&lot, newest(&timeline, at(asked)).unwrap(), at(asked)).unwrap();
            let mut with_read = facts.clone();
            let read = observation("ask", Passage::AtExit, asked);
            with_read.observations.push(read.clone());
            let decision = decide_exit(&lot.context(), &fold(&lot.context(), &with_read), &read);
            match decision {
                ExitDecision::Open { .. } => prop_assert_eq!(standing.due, Won::ZERO),
                ExitDecision::AmountDue(amount) => prop_assert_eq!(standing.due, amount.due),
                ExitDecision::AskOperator { .. } => prop_assert!(false, "there is a visit"),
            }
        }

        #[test]
        fn leaving_by_the_time_told_asks_for_no_more(
            asked in 0_i64..3_000, paid in proptest::option::of((0_i64..3_000, 1_i64..5_000)),
            is_guarded in any::<bool>(),
        ) {
            let lot = if is_guarded { guarded() } else { lot() };
            let timeline = fold(&lot.context(), &facts(paid));
            let visit = newest(&timeline, at(asked)).unwrap();
            let now = standing(&lot, visit, at(asked)).unwrap();
            let last = now.leave_by.unwrap_or(at(9_000));
            prop_assert!(now.leave_by.is_some() || is_guarded, "a price without end");
            prop_assert_eq!(standing(&lot, visit, last).unwrap().due, now.due);
        }
    }
}
