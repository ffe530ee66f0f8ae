//! When the price changes next: "leave by", and "in 4 min: +300원".

use super::meter::{Group, Sink, Terms};
use super::pricing::{Pricing, stay_rule_edges};
use super::spec::Each;

/// How far to look: first to the end of an ordinary day, then over the longest run of free days.
const HORIZONS_MINUTES: [i64; 2] = [24 * 60, 15 * 24 * 60];
/// Most prices tried one after the other where the price may also fall.
const MAX_TRIES: usize = 2_000;

/// Collects the minutes from which a further unit is charged.
struct UnitStarts {
    after: i64,
    minutes: Vec<i64>,
}

impl Sink for UnitStarts {
    fn group(&mut self, group: &Group) {
        if group.counted == 0 || group.price == 0 {
            return;
        }
        // A unit that starts with minute n is charged once n + 1 minutes have passed.
        let counted_units = (group.counted + group.price - 1) / group.price;
        let passed = ((self.after - group.start - 1).max(-1) / group.unit + 1).max(0);
        for unit in passed..counted_units.min(group.units) {
            let at = group.start + unit * group.unit + 1;
            if at > self.after {
                self.minutes.push(at);
            }
        }
    }
}

/// The first length of stay, in minutes, after `now` at which the price differs, and by how much.
pub(crate) fn next_step(pricing: &mut Pricing<'_>, now: i64, total: i64) -> Option<(i64, i64)> {
    for horizon in HORIZONS_MINUTES {
        let until = now + horizon;
        pricing.timeline.extend_to(until + 1);
        let candidates = candidates(pricing, now, until);
        if let Some(found) = first_change(pricing, &candidates, total) {
            return Some(found);
        }
    }
    None
}

/// Minutes in (now, until] at which something may change, ascending.
fn candidates(pricing: &Pricing<'_>, now: i64, until: i64) -> Vec<i64> {
    let mut starts = UnitStarts { after: now, minutes: Vec::with_capacity(64) };
    pricing.base(until, Terms::default(), &mut starts);
    let mut minutes = starts.minutes;
    let days = &pricing.timeline.days;
    let near = days.iter().filter(|day| day.end >= now && day.start <= until);
    if let Some(grace) = pricing.spec.grace {
        match grace.each {
            Each::Stay => minutes.extend([grace.minutes, grace.minutes + 1]),
            Each::Day => minutes.extend(
                near.clone().flat_map(|day| [day.start + grace.minutes, day.start + grace.minutes + 1]),
            ),
        }
        // Grace counted in charged minutes ends at a minute that only the meter knows.
        if grace.counting == super::spec::Counting::Charged {
            minutes.extend(pricing.timeline.segments.iter().flat_map(|segment| {
                let end = segment.start + grace.minutes;
                [segment.start + 1, end, end + 1, segment.end]
            }));
        }
    }
    if pricing.plan.may_fall {
        // A threshold may be reached at any charged minute: try them all, there are few such tariffs.
        minutes.extend((now + 1)..=until.min(now + 24 * 60));
    }
    let clock = &pricing.timeline.layout.clock;
    stay_rule_edges(pricing.spec, clock, now, &mut minutes);
    minutes.retain(|minute| (now + 1..=until).contains(minute));
    minutes.sort_unstable();
    minutes.dedup();
    minutes
}

fn first_change(pricing: &Pricing<'_>, candidates: &[i64], total: i64) -> Option<(i64, i64)> {
    let change = |minute: i64| (minute, pricing.total(minute) - total);
    let first = candidates.iter().take(4).copied().map(change).find(|(_, by)| *by != 0);
    if first.is_some() || candidates.len() <= 4 {
        return first;
    }
    if pricing.plan.may_fall {
        return candidates.iter().take(MAX_TRIES).copied().map(change).find(|(_, by)| *by != 0);
    }
    // The price only rises, so the first rise can be found by halving.
    let index = candidates.partition_point(|minute| pricing.total(*minute) == total);
    candidates.get(index).copied().map(change)
}
