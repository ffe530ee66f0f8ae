//! When the price changes next: "leave by", and "in 4 min: +300원".

use super::meter::Terms;
use super::pricing::Pricing;

/// How far to look where the price can only rise: over the longest run of free days.
const HORIZON_MINUTES: i64 = 15 * 24 * 60;
/// How far where a rule can make it fall, and every minute must be tried.
const FALLING_HORIZON_MINUTES: i64 = 2 * 24 * 60;

/// The first length of stay, in minutes, after `now` at which the price is not `total`, and by how much it differs.
pub(crate) fn next_step(pricing: &mut Pricing<'_>, now: i64, total: i64) -> Option<(i64, i64)> {
    let found = if pricing.plan.may_fall {
        first_by_trial(pricing, now, total)
    } else {
        first_by_halving(pricing, now, total)
    };
    found.map(|(at, changed)| (at, changed - total))
}

fn total_at(pricing: &mut Pricing<'_>, minute: i64) -> i64 {
    pricing.timeline.extend_to(minute);
    pricing.total(minute)
}

/// The minute, and the price from it on.
fn first_by_trial(pricing: &mut Pricing<'_>, now: i64, total: i64) -> Option<(i64, i64)> {
    (now + 1..=now + FALLING_HORIZON_MINUTES)
        .map(|minute| (minute, total_at(pricing, minute)))
        .find(|(_, changed)| *changed != total)
}

/// Doubles the step until the price has risen, then halves the last one.
fn first_by_halving(pricing: &mut Pricing<'_>, now: i64, total: i64) -> Option<(i64, i64)> {
    // Nearly always the price changes when the unit begun last is used up.
    let ahead = pricing.unexplained(now, Terms::default()).totals.paid_ahead;
    let used_up = now + ahead;
    let beyond = total_at(pricing, used_up + 1);
    if beyond != total && (ahead == 0 || total_at(pricing, used_up) == total) {
        return Some((used_up + 1, beyond));
    }
    let (mut same, mut step) = (now, 1);
    let mut risen = loop {
        let probe = now + step;
        let changed = total_at(pricing, probe);
        if changed != total {
            break (probe, changed);
        }
        if step >= HORIZON_MINUTES {
            return None;
        }
        (same, step) = (probe, step * 2);
    };
    while risen.0 - same > 1 {
        let middle = same + (risen.0 - same) / 2;
        let changed = total_at(pricing, middle);
        if changed == total {
            same = middle;
        } else {
            risen = (middle, changed);
        }
    }
    Some(risen)
}
