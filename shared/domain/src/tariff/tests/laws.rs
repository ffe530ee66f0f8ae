//! What must hold for every tariff and every stay.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::random::{Case, a_spec, case, discount, shape, steady_case};
use super::*;

fn total(tariff: &Tariff, case: &Case, minutes: i64) -> i64 {
    let (claims, passes) = (case.claims(), case.passes());
    let left = case.entered + SignedDuration::from_mins(minutes);
    let stay = Stay::new(case.entered, left, &case.zone, Calendar::korea()).claims(&claims).passes(&passes);
    tariff.quote(&stay.without_look_ahead()).unwrap().total.get()
}

fn three_discounts() -> impl Strategy<Value = Vec<DiscountRule>> {
    prop::collection::vec((shape(), 0_u16..2, any::<bool>()), 3).prop_map(|shapes| {
        let rule = |(index, (shape, order, voucher)): (usize, (DiscountShape, u16, bool))| DiscountRule {
            voucher,
            order,
            ..discount(&format!("discount-{index}"), shape)
        };
        shapes.into_iter().enumerate().map(rule).collect()
    })
}

fn policy() -> impl Strategy<Value = DiscountPolicy> {
    (any::<bool>(), any::<bool>()).prop_map(|(in_order, added)| DiscountPolicy {
        combine: if in_order { Combine::InOrder } else { Combine::Best },
        vouchers: if added { Vouchers::Added } else { Vouchers::Alone },
    })
}

fn says_it_may_fall(tariff: &Tariff) -> bool {
    let codes = [FindingCode::PriceCanFall, FindingCode::PriceMayFall];
    tariff.findings().iter().any(|it| codes.contains(&it.code))
}

/// What an example of a fall costs when it is asked for like any other stay.
fn replayed(tariff: &Tariff, fall: &Fall, minutes: i64) -> Won {
    let seoul = seoul();
    let entered = seoul.to_timestamp(fall.entered_at).unwrap();
    let rule = |code: &String| tariff.spec().discounts.iter().find(|rule| rule.code == *code).unwrap();
    let claims: Vec<DiscountClaim> = fall
        .discounts
        .iter()
        .map(|code| DiscountClaim::new(code.clone(), rule(code).evidence.first().copied()))
        .collect();
    let stay = Stay::new(entered, entered + SignedDuration::from_mins(minutes), &seoul, Calendar::korea());
    tariff.quote(&stay.vehicle(fall.vehicle).claims(&claims).without_look_ahead()).unwrap().total
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn check_names_a_rule_for_every_fall_and_a_stay_for_every_rule_it_names(case in case()) {
        let tariff = Tariff::new(case.spec.clone()).unwrap();
        for finding in tariff.findings().iter().filter(|it| it.code == FindingCode::PriceCanFall) {
            let fall = finding.example.as_ref().unwrap();
            prop_assert_eq!(replayed(&tariff, fall, fall.minutes), fall.price, "{:?}", finding);
            prop_assert_eq!(replayed(&tariff, fall, fall.minutes + 1), fall.minute_later, "{:?}", finding);
            prop_assert!(fall.minute_later < fall.price);
        }
        let prices: Vec<i64> = (0..=case.minutes.min(1_800)).map(|minutes| total(&tariff, &case, minutes)).collect();
        let falls = prices.windows(2).position(|pair| pair[1] < pair[0]);
        prop_assert!(falls.is_none() || says_it_may_fall(&tariff), "falls after {:?} min and check is silent", falls);
    }

    #[test]
    fn the_next_step_is_the_first_minute_that_costs_something_else(case in case(), rules in three_discounts(), policy in policy()) {
        let mut case = case;
        (case.spec.discounts, case.spec.discount_policy) = (rules, policy);
        let tariff = Tariff::new(case.spec.clone()).unwrap();
        let (claims, passes) = (case.claims(), case.passes());
        let stay = Stay::new(case.entered, case.left(), &case.zone, Calendar::korea()).claims(&claims).passes(&passes);
        let quote = tariff.quote(&stay).unwrap();
        let step = quote.next_step.map(|step| ((step.at.as_second() - case.entered.as_second()) / 60, step.increase.get()));
        for minutes in case.minutes + 1..=case.minutes + 300 {
            let change = total(&tariff, &case, minutes) - quote.total.get();
            if change != 0 {
                prop_assert_eq!(step, Some((minutes, change)));
                return Ok(());
            }
        }
        prop_assert!(step.is_none_or(|(minutes, _)| minutes > case.minutes + 300), "{:?}", step);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_price_never_falls_where_no_rule_says_it_may(
        case in steady_case(), step in 1_i64..45, rules in three_discounts(), policy in policy(),
    ) {
        let mut case = case;
        (case.spec.discounts, case.spec.discount_policy) = (rules, policy);
        let tariff = Tariff::new(case.spec.clone()).unwrap();
        prop_assume!(!says_it_may_fall(&tariff));
        let mut before = 0;
        for minutes in (0..=case.minutes).step_by(usize::try_from(step).unwrap()) {
            let now = total(&tariff, &case, minutes);
            prop_assert!(now >= before, "{} min cost {} after {}", minutes, now, before);
            before = now;
        }
    }

    #[test]
    fn cutting_a_stay_at_midnight_changes_nothing_where_the_tariff_says_so(spec in a_spec(true), entered in 0_i64..1_440, minutes in 0_i64..4_000) {
        let mut spec = spec;
        (spec.meter, spec.charging_day) = (MeterRestart::EachDay, ChargingDay::Calendar);
        spec.grace = spec.grace.map(|grace| Grace { each: Each::Day, ..grace });
        (spec.stay_rules, spec.discounts) = (Vec::new(), Vec::new());
        spec.schedule.caps.retain(|cap| cap.per == CapPer::Day);
        // A night band counts by the day on which it began: a free date in between would cut it.
        spec.schedule.bands.retain(|band| !band.hours.crosses_midnight() || band.at_most.is_none());
        let tariff = Tariff::new(spec).unwrap();
        prop_assert!(tariff.splits_at_midnight());
        let seoul = seoul();
        let start = at(date(2026, 6, 1).at(0, 0, 0, 0));
        let price = |from: i64, until: i64| {
            let stay = Stay::new(start + SignedDuration::from_mins(from), start + SignedDuration::from_mins(until), &seoul, Calendar::korea());
            tariff.quote(&stay.without_look_ahead()).unwrap().total.get()
        };
        let end = entered + minutes;
        let midnights = (entered / 1_440 + 1..=end / 1_440).map(|day| day * 1_440);
        let mut cuts: Vec<i64> = midnights.filter(|midnight| *midnight < end).collect();
        cuts.insert(0, entered);
        cuts.push(end);
        let pieces: i64 = cuts.windows(2).map(|cut| price(cut[0], cut[1])).sum();
        prop_assert_eq!(pieces, price(entered, end));
    }

    #[test]
    fn discounts_in_any_order_leave_the_same_price_and_never_less_than_nothing(
        case in steady_case(), rules in three_discounts(), policy in policy(), rotation in 0_usize..3,
    ) {
        let mut spec = case.spec.clone();
        (spec.discounts, spec.discount_policy) = (rules, policy);
        let mut turned = spec.clone();
        turned.discounts.rotate_left(rotation);
        let quote = |spec: TariffSpec, reversed: bool| {
            let mut claims: Vec<DiscountClaim> = spec.discounts.iter().map(|rule| DiscountClaim::new(rule.code.clone(), None)).collect();
            if reversed {
                claims.reverse();
            }
            let tariff = Tariff::new(spec).unwrap();
            let passes = case.passes();
            let stay = Stay::new(case.entered, case.left(), &case.zone, Calendar::korea()).claims(&claims).passes(&passes);
            serde_json::to_string(&tariff.quote(&stay).unwrap()).unwrap()
        };
        let first = quote(spec.clone(), false);
        prop_assert_eq!(&first, &quote(turned, true));
        let read: Quote = serde_json::from_str(&first).unwrap();
        prop_assert!(!read.total.is_negative());
        let without = quote(TariffSpec { discounts: Vec::new(), ..spec }, false);
        prop_assert!(read.total <= serde_json::from_str::<Quote>(&without).unwrap().total);
    }
}
