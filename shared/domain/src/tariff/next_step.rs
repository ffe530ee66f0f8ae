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

/// The minute, and the price from it on: tries each minute at which a price under some terms can change.
fn first_by_trial(pricing: &mut Pricing<'_>, now: i64, total: i64) -> Option<(i64, i64)> {
    let mut minute = now;
    // The quote has just priced these minutes, though not under this count of what they pay ahead.
    pricing.total(minute);
    while minute < now + FALLING_HORIZON_MINUTES {
        pricing.timeline.extend_to(minute + 1);
        minute += 1 + quiet_after(pricing, minute);
        let changed = total_at(pricing, minute);
        if changed != total {
            return Some((minute, changed));
        }
    }
    None
}

/// How many minutes after the length priced last surely cost nothing more or less, under whatever terms it was priced: those
/// that units begun already pay for, as long as they lie in the same stretch of a band.
fn quiet_after(pricing: &Pricing<'_>, priced: i64) -> i64 {
    let meter = &pricing.meter;
    let daily_grace = meter.grace.is_some_and(|grace| grace.each.is_day());
    // Rules that look at the whole stay or day can change the price at any minute.
    if pricing.plan.reaches_back
        || daily_grace
        || !pricing.spec.stay_rules.is_empty()
        || meter.is_free_by_grace(&pricing.timeline, priced)
    {
        return 0;
    }
    let segments = &pricing.timeline.segments;
    let next = segments.partition_point(|segment| segment.end <= priced);
    segments.get(next).map_or(0, |segment| {
        if segment.start < priced {
            pricing.paid_ahead().min(segment.end - priced)
        } else {
            segment.start - priced
        }
    })
}

/// Doubles the step until the price has risen, then halves the last one.
fn first_by_halving(pricing: &mut Pricing<'_>, now: i64, total: i64) -> Option<(i64, i64)> {
    // Nearly always the price changes when the unit begun last is used up.
    let ahead = pricing.base(now, Terms::default()).totals.paid_ahead;
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
