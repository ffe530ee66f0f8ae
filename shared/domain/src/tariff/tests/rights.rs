//! Passes, discounts, vouchers, versions.

use jiff::SignedDuration;

use super::*;

fn everything() -> Tariff {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/tariffs/banded-with-everything.json");
    Tariff::from_json(&std::fs::read(path).unwrap()).unwrap()
}

/// A quote for so many minutes from Tuesday 09:00.
fn quote(tariff: &Tariff, minutes: i64, claims: &[DiscountClaim], passes: &[HeldPass]) -> Quote {
    let (seoul, from) = (seoul(), at(TUESDAY.at(9, 0, 0, 0)));
    let left = from + SignedDuration::from_mins(minutes);
    tariff.quote(&Stay::new(from, left, &seoul, Calendar::korea()).claims(claims).passes(passes)).unwrap()
}

fn sold(tariff: &Tariff, code: &str, from: Timestamp) -> HeldPass {
    let offer = tariff.spec().passes.iter().find(|offer| offer.code == code).unwrap();
    offer.sell(from, &seoul()).unwrap()
}

fn outcome(quote: &Quote, rule: &str) -> (DiscountOutcome, i64) {
    let found = quote.discounts.iter().find(|it| it.rule == rule).unwrap();
    (found.outcome, found.amount.get())
}

#[test]
fn a_pass_covers_its_time_and_an_overrun_costs_only_the_difference() {
    let tariff = everything();
    let pass = [sold(&tariff, "two-hours", at(TUESDAY.at(9, 0, 0, 0)))];
    assert_eq!(quote(&tariff, 120, &[], &pass).total, Won::ZERO);
    let overrun = quote(&tariff, 150, &[], &pass);
    assert_eq!(overrun.total, Won::new(900), "150 min cost 4,600 and 120 min 3,700: no second base fee");
    assert_eq!(overrun.lines.last().unwrap().label.ko(), "정기권·주차권 적용");
    let late = [sold(&tariff, "two-hours", at(TUESDAY.at(10, 0, 0, 0)))];
    assert_eq!(quote(&tariff, 180, &[], &late).total, Won::new(1_900), "the hour before it began");
}

#[test]
fn passes_end_when_their_kind_says() {
    let tariff = everything();
    let month = sold(&tariff, "month", at(date(2026, 2, 10).at(8, 0, 0, 0)));
    assert_eq!(month.valid_until, at(date(2026, 3, 1).at(0, 0, 0, 0)));
    let offer = |kind| PassOffer { kind, ..tariff.spec().passes[0].clone() };
    let end = |kind, from| offer(kind).sell(from, &seoul()).unwrap().valid_until;
    let noon = at(date(2026, 1, 31).at(12, 0, 0, 0));
    assert_eq!(end(PassKind::Day, noon), at(date(2026, 2, 1).at(0, 0, 0, 0)));
    assert_eq!(end(PassKind::Hours24, noon), at(date(2026, 2, 1).at(12, 0, 0, 0)));
    assert_eq!(end(PassKind::Month, noon), at(date(2026, 2, 28).at(0, 0, 0, 0)));
}

#[test]
fn a_night_pass_leaves_the_day_to_pay() {
    let tariff = everything();
    let pass = [sold(&tariff, "night-month", at(date(2026, 11, 1).at(0, 0, 0, 0)))];
    let seoul = seoul();
    let (from, left) = (at(TUESDAY.at(17, 0, 0, 0)), at(TUESDAY.tomorrow().unwrap().at(9, 0, 0, 0)));
    let stay = Stay::new(from, left, &seoul, Calendar::korea()).passes(&pass);
    assert_eq!(tariff.quote(&stay).unwrap().total, Won::new(1_900), "17:00–18:00");
}

#[test]
fn only_the_best_single_discount_counts_unless_the_operator_stacks() {
    let registry = Some(Evidence::Registry);
    let claims = [DiscountClaim::new("compact", registry), DiscountClaim::new("disabled", registry)];
    let mut spec = everything().spec().clone();
    let best = quote(&Tariff::new(spec.clone()).unwrap(), 120, &claims, &[]);
    assert_eq!(best.total, Won::ZERO);
    assert_eq!(outcome(&best, "disabled"), (DiscountOutcome::Applied, 3_700));
    assert_eq!(outcome(&best, "compact"), (DiscountOutcome::BetterOther, 1_850));
    // 300 min: 9,100; four hours free leave 1,900, half of it 950, and half of that for the compact car.
    spec.discount_policy.combine = Combine::InOrder;
    spec.discounts.iter_mut().filter(|rule| rule.code == "compact").for_each(|rule| rule.order = 9);
    let stacked = quote(&Tariff::new(spec).unwrap(), 300, &claims, &[]);
    assert_eq!(stacked.total, Won::new(400));
    assert_eq!(outcome(&stacked, "compact"), (DiscountOutcome::Applied, 475));
}

#[test]
fn a_discount_that_does_not_hold_says_why() {
    let tariff = everything();
    let why = |claim: DiscountClaim| {
        let rule = claim.rule.clone();
        outcome(&quote(&tariff, 240, &[claim], &[]), &rule).0
    };
    let claim = |rule: &str| DiscountClaim::new(rule, Some(Evidence::Registry));
    assert_eq!(why(claim("free-for-friends")), DiscountOutcome::UnknownRule);
    assert_eq!(
        why(DiscountClaim::new("compact", Some(Evidence::Declared))),
        DiscountOutcome::EvidenceMissing
    );
    assert_eq!(
        why(DiscountClaim { used_today: 1, ..claim("first-three-hours") }),
        DiscountOutcome::DailyLimit
    );
    assert_eq!(
        why(DiscountClaim { used_this_month: 20, ..claim("first-three-hours") }),
        DiscountOutcome::MonthlyLimit
    );
    let twice = [claim("compact"), claim("compact")];
    assert_eq!(quote(&tariff, 60, &twice, &[]).discounts[1].outcome, DiscountOutcome::Duplicate);
    let first_grade = Tariff::new(TariffSpec { grade: Some(1), ..tariff.spec().clone() }).unwrap();
    let quoted = quote(&first_grade, 240, &[claim("beyond-one-hour")], &[]);
    assert_eq!(outcome(&quoted, "beyond-one-hour").0, DiscountOutcome::NotInThisGrade);
    let pass = [sold(&tariff, "two-hours", at(TUESDAY.at(9, 0, 0, 0)))];
    let quoted = quote(&tariff, 240, &[claim("compact")], &pass);
    assert_eq!(outcome(&quoted, "compact").0, DiscountOutcome::NotWithPass);
}

#[test]
fn every_shape_of_discount_takes_off_what_it_says() {
    // 1,000 for the first half hour, then 300 per ten minutes: 240 min cost 7,300; 180 min 5,500; 60 min 1,900.
    let price = |rule: &str| {
        quote(&everything(), 240, &[DiscountClaim::new(rule, Some(Evidence::Registry))], &[]).total
    };
    assert_eq!(price("compact"), Won::new(3_600), "half of 7,300 is 3,650, rounded down to 100");
    assert_eq!(price("ev-daily"), Won::new(3_700), "two hours free leave two");
    assert_eq!(price("first-three-hours"), Won::new(4_500), "half of 5,500 off");
    assert_eq!(price("beyond-one-hour"), Won::new(5_600), "30 % of 5,400 off");
    assert_eq!(price("coupon"), Won::new(6_300));
    assert_eq!(price("disabled"), Won::ZERO);
}

#[test]
fn a_shop_pays_for_its_customers_only_as_far_as_its_budget_goes() {
    let tariff = everything();
    let from = at(TUESDAY.at(9, 0, 0, 0));
    let budget = MerchantBudget {
        merchant: "bakery".into(),
        period: "2026-11".into(),
        limit: Won::new(2_500),
        spent: Won::ZERO,
    };
    let validation = |id: &str| MerchantValidation {
        id: id.into(),
        merchant: "bakery".into(),
        rule: "shop-hour".into(),
        given_at: from,
        expires_at: from + SignedDuration::from_hours(12),
    };
    let first = validation("v1");
    let quoted = quote(&tariff, 120, &[first.claim(&budget, from).unwrap()], &[]);
    assert_eq!(quoted.total, Won::new(1_900), "an hour of two");
    let used = first.used(&quoted.discounts);
    assert_eq!(used, Won::new(1_800));
    let budget = budget.spend(used).unwrap();
    let quoted = quote(&tariff, 120, &[validation("v2").claim(&budget, from).unwrap()], &[]);
    assert_eq!(quoted.total, Won::new(3_000), "700 was left");
    assert!(
        matches!(budget.spend(Won::new(701)), Err(BudgetError::Overdrawn { left, .. }) if left == Won::new(700))
    );
    let spent = budget.spend(Won::new(700)).unwrap();
    let claim = validation("v3").claim(&spent, from).unwrap();
    assert_eq!(quote(&tariff, 120, &[claim], &[]).discounts[0].outcome, DiscountOutcome::BudgetSpent);
    assert_eq!(validation("v4").claim(&spent, from + SignedDuration::from_hours(12)), None, "expired");
}

#[test]
fn a_visit_is_charged_by_the_tariff_in_force_at_entry() {
    let old = always(vec![tier(0, 10, 100)]);
    let mut new = always(vec![tier(0, 10, 200)]);
    (new.version, new.valid_from) = (2, TUESDAY.tomorrow().unwrap());
    let versions = |chosen_by| LotTariffs { versions: vec![new.clone(), old.clone()], chosen_by };
    let (seoul, from, until) =
        (seoul(), at(TUESDAY.at(23, 50, 0, 0)), at(TUESDAY.tomorrow().unwrap().at(0, 10, 0, 0)));
    let stay = Stay::new(from, until, &seoul, Calendar::korea());
    let quoted = |by| TariffBook::new(versions(by)).unwrap().quote(&stay).unwrap();
    assert_eq!((quoted(ChosenBy::Entry).tariff_version, quoted(ChosenBy::Entry).total), (1, Won::new(200)));
    assert_eq!((quoted(ChosenBy::Exit).tariff_version, quoted(ChosenBy::Exit).total), (2, Won::new(400)));
    let book = TariffBook::new(versions(ChosenBy::Entry)).unwrap();
    assert_eq!(book.in_force(date(2019, 12, 31)), Err(BookError::NoneInForce(date(2019, 12, 31))));
    let twice = LotTariffs { versions: vec![old.clone(), old.clone()], chosen_by: ChosenBy::Entry };
    assert!(matches!(TariffBook::new(twice), Err(BookError::SameDay(1, 1, _))));
}

#[test]
fn a_quote_tells_its_vat_and_reads_back_as_it_was() {
    let mut spec = always(vec![tier(0, 10, 8_700)]);
    let quoted = quote(&Tariff::new(spec.clone()).unwrap(), 10, &[], &[]);
    assert_eq!((quoted.vat.supply, quoted.vat.vat), (Won::new(7_909), Won::new(791)));
    let bytes = serde_json::to_vec(&quoted).unwrap();
    let read: Quote = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(read, quoted);
    assert_eq!(serde_json::to_vec(&read).unwrap(), bytes);
    spec.tax = Tax::Exempt;
    let exempt = quote(&Tariff::new(spec).unwrap(), 10, &[], &[]);
    assert_eq!((exempt.vat.vat, exempt.vat.tax_free), (Won::ZERO, Won::new(8_700)));
}

#[test]
fn seconds_count_as_the_tariff_says() {
    let seoul = seoul();
    let from = at(TUESDAY.at(9, 0, 30, 0));
    let mut spec = always(vec![tier(0, 10, 100)]);
    let total = |spec: &TariffSpec, seconds: i64| {
        let stay = Stay::new(from, from + SignedDuration::from_secs(seconds), &seoul, Calendar::korea());
        let quote = Tariff::new(spec.clone()).unwrap().quote(&stay).unwrap();
        (quote.total.get(), quote.next_step.unwrap().at.duration_since(from).as_secs())
    };
    assert_eq!(total(&spec, 10 * 60 + 59), (100, 11 * 60));
    assert_eq!(total(&spec, 11 * 60), (200, 21 * 60));
    spec.seconds = SecondsRule::StartedMinute;
    assert_eq!(total(&spec, 10 * 60), (100, 10 * 60));
    assert_eq!(total(&spec, 10 * 60 + 1), (200, 20 * 60));
}

#[test]
fn a_night_without_an_hour_charges_an_hour_less() {
    let new_york = TimeZone::get("America/New_York").unwrap();
    let mut spec = spec(vec![band("night", DaySet::ALL, hours("00:00", "06:00"), vec![tier(0, 60, 1_000)])]);
    spec.seconds = SecondsRule::Ignored;
    let tariff = Tariff::new(spec).unwrap();
    let total = |day: Date| {
        let midnight = |day: Date| new_york.to_timestamp(day.at(0, 0, 0, 0)).unwrap();
        let stay = Stay::new(midnight(day), midnight(day.tomorrow().unwrap()), &new_york, Calendar::korea());
        tariff.quote(&stay).unwrap().total.get()
    };
    assert_eq!(total(date(2026, 3, 7)), 6_000);
    assert_eq!(total(date(2026, 3, 8)), 5_000, "the clocks went forward");
    assert_eq!(total(date(2026, 11, 1)), 7_000, "the clocks went back");
}
