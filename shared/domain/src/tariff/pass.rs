//! Passes: how long one is valid, and which minutes of a stay the held ones cover.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::check::TariffError;
use super::clock_time::DAY_MINUTES;
use super::quote::{HeldPass, Stay};
use super::spec::{PassKind, PassOffer, TariffSpec};
use super::timeline::Clock;

/// Days beyond the stay for which coverage is laid out: as far as the next price step is looked for.
const LOOK_AHEAD_DAYS: i64 = 16;

impl PassOffer {
    /// A pass of this offer sold at a moment, in the lot's zone. `None` beyond the calendar's end.
    pub fn sell(&self, valid_from: Timestamp, zone: &TimeZone) -> Option<HeldPass> {
        let date = zone.to_datetime(valid_from).date();
        let midnight = |date: jiff::civil::Date| zone.to_timestamp(date.at(0, 0, 0, 0)).ok();
        let valid_until = match self.kind {
            PassKind::Minutes(minutes) => valid_from.checked_add(SignedDuration::from_mins(minutes)).ok(),
            PassKind::Day => midnight(date.tomorrow().ok()?),
            PassKind::Hours24 => valid_from.checked_add(SignedDuration::from_hours(24)).ok(),
            PassKind::CalendarMonth => midnight(date.last_of_month().tomorrow().ok()?),
            PassKind::Month => midnight(date.checked_add(1.month()).ok()?),
        }?;
        Some(HeldPass { offer: self.code.clone(), valid_from, valid_until })
    }
}

/// The minutes after entry that the held passes cover, ascending and apart.
pub(crate) fn coverage(
    spec: &TariffSpec,
    stay: &Stay<'_>,
    clock: &Clock<'_>,
    minutes: i64,
) -> Result<Vec<(i64, i64)>, TariffError> {
    let mut covered = Vec::with_capacity(stay.passes.len());
    for pass in stay.passes {
        let Some(offer) = spec.passes.iter().find(|offer| offer.code == pass.offer) else {
            return Err(TariffError::UnknownPass(pass.offer.clone()));
        };
        // A pass that ends within a minute covers that minute.
        let from = clock.minute_of(pass.valid_from);
        let until =
            clock.minute_of(pass.valid_until) + i64::from(pass.valid_until.as_second().rem_euclid(60) > 0);
        if offer.hours.is_none() && offer.days.is_all() {
            covered.push((from, until));
        } else {
            let last = until.min(minutes + LOOK_AHEAD_DAYS * DAY_MINUTES);
            within_hours(offer, stay, clock, (from.max(0), last), &mut covered);
        }
    }
    covered.retain(|(from, until)| from < until);
    covered.sort_unstable();
    covered.dedup_by(|next, kept| {
        let joins = next.0 <= kept.1;
        if joins {
            kept.1 = kept.1.max(next.1);
        }
        joins
    });
    Ok(covered)
}

/// The part of a pass's validity that lies in its days and hours.
fn within_hours(
    offer: &PassOffer,
    stay: &Stay<'_>,
    clock: &Clock<'_>,
    (from, until): (i64, i64),
    covered: &mut Vec<(i64, i64)>,
) {
    let (begin, end) = offer.hours.unwrap_or_default().span();
    // Hours that began the day before may still run.
    let mut day = clock.wall(from).div_euclid(DAY_MINUTES) - 1;
    loop {
        let start = clock.minute_at(day, begin);
        if start >= until {
            break;
        }
        if offer.days.contains(stay.calendar.kind_of_epoch_day(day)) {
            covered.push((start.max(from), clock.minute_at(day, end).min(until)));
        }
        day += 1;
    }
}
