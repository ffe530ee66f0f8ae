//! Rulings beside reads: what a person or a rule says stands, until the car itself says otherwise.

use jiff::Timestamp;
use proptest::prelude::*;

use super::{
    fold_tests::{at, facts, fee, lot, paid, read},
    *,
};
use crate::{CardId, CompanyId, DriverId, EventId, OperatorId, Passage, RulingId, Won, lot::LongStay};

const HOUR: i64 = 60;

fn rules() -> LotRules {
    let guard = LongStay { usual_s: 10 * 3_600, close_after_s: Some(40 * 3_600) };
    LotRules { long_stay: Some(guard), ..LotRules::default() }
}

fn ruling(name: &str, minute: i64, kind: RulingKind) -> Ruling {
    let by = RuledBy::Operator { operator: OperatorId::parse("opr_1").unwrap(), name: "당직".into() };
    Ruling { id: RulingId::derive(&[name]), at: at(minute), by, note: String::new(), kind }
}

fn left(name: &str, minute: i64) -> Ruling {
    ruling(name, 9_999, RulingKind::Left { left_at: at(minute) })
}

fn folded(facts: &Facts) -> Timeline {
    fold(&FoldContext { lot: &lot(), rules: rules(), fees: &fee }, facts)
}

fn with(reads: Vec<GateObservation>, rulings: Vec<Ruling>) -> Facts {
    Facts { rulings, ..facts(reads, Vec::new()) }
}

fn decide(facts: &Facts, read: &GateObservation) -> ExitDecision {
    let lot = lot();
    let context = FoldContext { lot: &lot, rules: rules(), fees: &fee };
    decide_exit(&context, &fold(&context, facts), read)
}

fn entered() -> GateObservation {
    read("in", Passage::Entered, 0)
}

fn over(minute: i64, ended: Ended) -> VisitStatus {
    VisitStatus::Over { left_at: at(minute), ended }
}

#[test]
fn a_person_says_when_a_car_left_whose_exit_nobody_saw() {
    let timeline = folded(&with(vec![entered()], vec![left("gone", 30)]));
    assert_eq!(timeline.visits[0].status, over(30, Ended::Ruled));
    let told = events_between(&fee, &folded(&with(vec![entered()], vec![])), &timeline);
    assert_eq!(told.iter().map(VisitEvent::outstanding).collect::<Vec<_>>(), [Won::new(2_000)]);
}

#[test]
fn an_exit_after_a_person_said_that_the_car_had_left_asks_a_person_again() {
    let ask = read("ask", Passage::AtExit, 300);
    let all = with(vec![entered(), ask.clone()], vec![left("gone", 30)]);
    assert_eq!(folded(&all).orphans.len(), 1);
    assert!(matches!(decide(&all, &ask), ExitDecision::AskOperator { .. }));
}

#[test]
fn a_late_exit_read_explains_the_stay_better_than_the_person_did() {
    let all = with(vec![entered(), read("out", Passage::Left, 20)], vec![left("gone", 30)]);
    assert_eq!(folded(&all).visits[0].status, over(20, Ended::SeenLeaving));
}

#[test]
fn a_car_presumed_gone_owes_nothing_and_is_welcome_again() {
    let gone = ruling("rule", 40 * HOUR, RulingKind::PresumedGone);
    let back = read("back", Passage::Entered, 50 * HOUR);
    let timeline = folded(&with(vec![entered(), back], vec![gone.clone()]));
    assert_eq!(timeline.visits[0].status, over(0, Ended::Presumed));
    assert!(timeline.visits[1].is_open());
    let before = folded(&with(vec![entered()], vec![]));
    let told = events_between(&fee, &before, &folded(&with(vec![entered()], vec![gone])));
    assert_eq!(told[0].kind, VisitEventKind::ExitMissed);
}

#[test]
fn a_car_that_is_seen_leaving_after_a_rule_closed_its_visit_was_there_all_the_time() {
    let gone = ruling("rule", 40 * HOUR, RulingKind::PresumedGone);
    let ask = read("ask", Passage::AtExit, 50 * HOUR);
    let asked = with(vec![entered(), ask.clone()], vec![gone.clone()]);
    let ExitDecision::AmountDue(due) = decide(&asked, &ask) else { panic!("not due") };
    assert_eq!(due.total, Won::new((10 * HOUR - 10) * 100), "the price is that of the usual stay");
    let out = with(vec![entered(), ask, read("out", Passage::Left, 50 * HOUR + 1)], vec![gone]);
    let timeline = folded(&out);
    assert_eq!(timeline.visits[0].status, over(50 * HOUR + 1, Ended::SeenLeaving));
    assert_eq!((timeline.visits.len(), timeline.orphans.len()), (1, 0));
}

#[test]
fn a_stay_beyond_the_usual_costs_what_the_usual_costs_until_a_person_has_seen_the_car() {
    let long = folded(&with(vec![entered()], vec![]));
    let visit = &long.visits[0];
    assert_eq!(visit.priced_until(at(9 * HOUR)), at(9 * HOUR));
    assert_eq!(visit.priced_until(at(30 * HOUR)), at(10 * HOUR));
    assert_eq!(
        (visit.long_since(rules()), visit.gone_at(rules())),
        (Some(at(10 * HOUR)), Some(at(40 * HOUR)))
    );
    let seen = folded(&with(vec![entered()], vec![ruling("seen", 20 * HOUR, RulingKind::StillHere)]));
    let visit = &seen.visits[0];
    assert_eq!(visit.priced_until(at(50 * HOUR)), at(30 * HOUR));
    assert_eq!(visit.gone_at(rules()), Some(at(60 * HOUR)));
}

#[test]
fn a_missed_exit_and_a_missed_entry_read_as_one_long_stay_at_the_usual_price_until_a_person_parts_them() {
    // It left and came again unseen: the only reads are the first entry and the second exit.
    let reads = vec![entered(), read("out", Passage::AtExit, 50 * HOUR)];
    let one = folded(&with(reads.clone(), vec![]));
    assert_eq!((one.visits.len(), one.orphans.len()), (1, 0));
    assert_eq!(one.visits[0].priced_until(at(50 * HOUR)), at(10 * HOUR));
    let parted = folded(&with(reads, vec![left("cctv", 60)]));
    assert_eq!(parted.visits[0].status, over(60, Ended::Ruled));
    assert_eq!(parted.orphans.len(), 1, "the second stay's exit comes to a person");
}

#[test]
fn a_dispute_holds_the_price_until_it_is_decided() {
    let disputed = ruling("d", 60, RulingKind::disputed(DisputeReason::WrongPrice));
    let again = ruling("e", 90, RulingKind::disputed(DisputeReason::Other));
    let held = folded(&with(vec![entered()], vec![again, disputed.clone()]));
    assert_eq!(held.visits[0].priced_until(at(120)), at(60));
    assert_eq!(held.visits[0].priced_until(at(30)), at(30));
    let decided = ruling("x", 100, RulingKind::Decided { dispute: disputed.id.clone(), upheld: false });
    let lifted = folded(&with(vec![entered()], vec![disputed, decided]));
    assert_eq!(lifted.visits[0].priced_until(at(120)), at(120));
}

#[test]
fn who_leaves_on_a_held_price_owes_the_rest_once_the_dispute_is_refused() {
    let disputed = ruling("d", 60, RulingKind::disputed(DisputeReason::WrongPrice));
    let decided = ruling("x", 200, RulingKind::Decided { dispute: disputed.id.clone(), upheld: false });
    let out = vec![entered(), read("out", Passage::Left, 180)];
    let mut all = Facts { payments: vec![paid("card", 5_000, 60)], ..with(out, vec![disputed]) };
    let before = folded(&all);
    assert!(before.visits[0].is_covered(&fee, at(180)));
    all.rulings.push(decided);
    let told = events_between(&fee, &before, &folded(&all));
    assert_eq!(told[0].outstanding(), Won::new(12_000));
}

#[test]
fn a_person_may_waive_what_a_car_that_left_still_owes() {
    let out = vec![entered(), read("out", Passage::Left, 180)];
    let all = with(out, vec![ruling("w", 300, RulingKind::Waived)]);
    assert_eq!(folded(&all).visits[0].due(&fee, at(180)), Some(Won::ZERO));
    let inside = with(vec![entered()], vec![ruling("w", 100, RulingKind::Waived)]);
    assert_ne!(folded(&inside).visits[0].due(&fee, at(180)), Some(Won::ZERO), "it may yet stay for days");
}

#[test]
fn a_read_that_a_person_gave_to_another_car_is_no_part_of_this_ones_stay() {
    let out = read("out", Passage::Left, 30);
    let other = PlateNumber::parse("34나5678");
    let not_mine = RulingKind::NotThisCar { event: out.event_id.clone(), whose: Some(other.clone()) };
    let all = with(vec![entered(), out], vec![ruling("n", 31, not_mine)]);
    assert!(folded(&all).visits[0].is_open());
    assert_eq!(all.known_as(rules(), at(32)), Some(&other));
    assert_eq!(all.known_as(rules(), at(31 + 15)), None, "another day the plate may be its own");
}

#[test]
fn a_car_let_go_owes_nothing_and_the_barrier_opens_at_its_next_read() {
    let (ask, again) = (read("ask", Passage::AtExit, 300), read("again", Passage::AtExit, 310));
    let go = ruling("go", 305, RulingKind::LetGo);
    let all = with(vec![entered(), ask, again.clone(), read("out", Passage::Left, 311)], vec![go]);
    let timeline = folded(&all);
    assert_eq!(timeline.visits[0].status, over(311, Ended::LetGo));
    assert!(timeline.visits[0].is_covered(&fee, at(311)));
    assert_eq!(timeline.orphans, []);
    let before_it_passed = with(all.observations[..3].to_vec(), all.rulings);
    assert!(matches!(decide(&before_it_passed, &again), ExitDecision::Open { .. }));
}

#[test]
fn a_stranger_let_go_is_no_orphan_any_more() {
    let all = with(vec![read("out", Passage::Left, 305)], vec![ruling("go", 304, RulingKind::LetGo)]);
    assert_eq!(folded(&all).orphans, []);
    assert!(all.let_go(rules(), at(305)) && !all.let_go(rules(), at(320)));
}

fn any_kind() -> impl Strategy<Value = RulingKind> {
    prop_oneof![
        (0_i64..4_000).prop_map(|minute| RulingKind::Left { left_at: at(minute) }),
        Just(RulingKind::PresumedGone),
        Just(RulingKind::StillHere),
        Just(RulingKind::LetGo),
        Just(RulingKind::Waived),
        (0_u8..8).prop_map(|i| RulingKind::NotThisCar {
            event: EventId::derive(&[&format!("r{i}")]),
            whose: None
        }),
        Just(RulingKind::disputed(DisputeReason::Other)),
        (0_u8..6).prop_map(|i| RulingKind::Decided {
            dispute: RulingId::derive(&[&format!("u{i}")]),
            upheld: true
        }),
    ]
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let passage = prop_oneof![
        Just(Passage::Entered),
        Just(Passage::AtExit),
        Just(Passage::AtExitOnly),
        Just(Passage::Left)
    ];
    let reads = prop::collection::vec((passage, 0_i64..4_000), 0..10);
    let payments = prop::collection::vec((0_i64..6_000, 0_i64..4_000), 0..3);
    let rulings = prop::collection::vec((0_i64..4_000, any_kind()), 0..6);
    (reads, payments, rulings).prop_map(|(reads, payments, rulings)| {
        let name = |prefix: &str, i: usize| format!("{prefix}{i}");
        let reads = reads.iter().enumerate().map(|(i, (passage, at))| read(&name("r", i), *passage, *at));
        let payments = payments.iter().enumerate().map(|(i, (won, at))| paid(&name("p", i), *won, *at));
        let rulings = rulings.into_iter().enumerate().map(|(i, (at, kind))| ruling(&name("u", i), at, kind));
        Facts { rulings: rulings.collect(), ..facts(reads.collect(), payments.collect()) }
    })
}

proptest! {
    #[test]
    fn order_and_repetition_of_reads_payments_and_rulings_change_nothing(
        (original, shuffled) in any_facts().prop_flat_map(|facts| {
            let reads: Vec<_> = facts.observations.iter().chain(&facts.observations).cloned().collect();
            let rulings: Vec<_> = facts.rulings.iter().chain(&facts.rulings).cloned().collect();
            let base = facts.clone();
            let shuffled = (Just(reads).prop_shuffle(), Just(rulings).prop_shuffle())
                .prop_map(move |(observations, rulings)| Facts { observations, rulings, ..base.clone() });
            (Just(facts), shuffled)
        })
    ) {
        prop_assert_eq!(folded(&original), folded(&shuffled));
    }

    #[test]
    fn only_the_last_visit_is_open_none_ends_before_it_began_and_no_payment_is_lost(facts in any_facts()) {
        let timeline = folded(&facts);
        for (index, visit) in timeline.visits.iter().enumerate() {
            prop_assert!(!visit.is_open() || index + 1 == timeline.visits.len());
            if let VisitStatus::Over { left_at, .. } = visit.status {
                prop_assert!(left_at >= visit.entered_at);
            }
        }
        let counted: usize = timeline.visits.iter().map(|visit| visit.payments.len()).sum();
        prop_assert_eq!(counted + timeline.unassigned.len(), facts.payments.len());
    }

    #[test]
    fn nothing_that_holds_a_price_ever_raises_it(facts in any_facts(), minute in 0_i64..6_000) {
        for visit in folded(&facts).visits {
            prop_assert!(visit.priced_until(at(minute)) <= at(minute).max(visit.entered_at));
            prop_assert!(visit.held_at.is_none_or(|held: Timestamp| held >= visit.entered_at));
        }
    }
}

#[test]
fn every_ruling_is_read_as_it_was_written() {
    let (driver, company) = (DriverId::derive(&["d"]), CompanyId::derive(&["c"]));
    let pledged = |payer| RulingKind::Pledged(Pledge { payer, limit: Won::new(10_000) });
    let event = EventId::derive(&["e"]);
    let card = Some(CardId::derive(&["k"]));
    let word = BrokenWord { payer: Payer::Driver(driver.clone()), amount: Won::new(1_900), card };
    let kinds = [
        RulingKind::Left { left_at: at(3) },
        RulingKind::PresumedGone,
        RulingKind::StillHere,
        RulingKind::LetGo,
        RulingKind::Waived,
        RulingKind::NotThisCar { event: event.clone(), whose: None },
        RulingKind::disputed(DisputeReason::Other),
        pledged(Payer::Driver(driver)),
        pledged(Payer::Company(company)),
        RulingKind::PledgeEnded,
        RulingKind::PledgeBroken { read: event.clone(), code: "LIMIT".into(), word: None },
        RulingKind::PledgeBroken { read: event, code: "LIMIT".into(), word: Some(word) },
        RulingKind::Decided { dispute: RulingId::derive(&["r"]), upheld: true },
    ];
    for kind in kinds {
        let written = serde_json::to_string(&ruling("r", 5, kind.clone())).unwrap();
        let read: Result<Ruling, _> = serde_json::from_str(&written);
        assert_eq!(read.map_err(|error| error.to_string()), Ok(ruling("r", 5, kind)), "{written}");
    }
}
