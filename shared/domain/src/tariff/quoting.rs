//! Builds the quote: runs the price once with its lines, then asks when it changes next.

use super::check::TariffError;
use super::lines::Lines;
use super::next_step::next_step;
use super::pass::coverage;
use super::plan::Plan;
use super::pricing::{Pricing, round};
use super::quote::{LineRule, MAX_STAY_MINUTES, PriceStep, Quote, Stay};
use super::spec::{RoundingMode, SecondsRule, TariffSpec, Tax};
use super::timeline::{Clock, Layout, Timeline};
use crate::Won;

/// The length of a stay in minutes as the tariff counts seconds.
fn minutes_of(stay: &Stay<'_>, rule: SecondsRule) -> Result<i64, TariffError> {
    let nanoseconds = stay.left_at.as_nanosecond() - stay.entered_at.as_nanosecond();
    if nanoseconds < 0 {
        return Err(TariffError::LeftBeforeEntered);
    }
    let minute: i128 = 60_000_000_000;
    let whole = match rule {
        SecondsRule::Ignored => nanoseconds / minute,
        SecondsRule::StartedMinute => (nanoseconds + minute - 1) / minute,
    };
    i64::try_from(whole).ok().filter(|minutes| *minutes <= MAX_STAY_MINUTES).ok_or(TariffError::StayTooLong)
}

pub(crate) fn quote(spec: &TariffSpec, plan: &Plan, stay: &Stay<'_>) -> Result<Quote, TariffError> {
    let minutes = minutes_of(stay, spec.seconds)?;
    let clock = Clock::new(stay.time_zone, stay.entered_at);
    let covered = coverage(spec, stay, &clock, minutes)?;
    let layout = Layout {
        clock,
        calendar: stay.calendar,
        schedule: plan.schedule_of(stay.vehicle),
        free_days: &plan.free_days,
        charging_day: spec.charging_day,
        covered,
    };
    let mut timeline = Timeline::new(layout, minutes);
    timeline.extend_to(minutes.max(1));
    let mut pricing = Pricing::new(spec, plan, stay, timeline, minutes);
    let mut quote = explain(&pricing, stay, minutes);
    if stay.look_ahead {
        let total = quote.total.get();
        if let Some((at, increase)) = next_step(&mut pricing, minutes, total) {
            let second = jiff::SignedDuration::from_secs(60);
            let moment = |minute: i64| {
                let whole = i32::try_from(minute).unwrap_or(i32::MAX);
                stay.entered_at.saturating_add(second * whole).unwrap_or(jiff::Timestamp::MAX)
            };
            quote.leave_by = Some(moment(at - 1));
            // A started minute counts from its first instant; an ignored one once it is over.
            let step_at = match spec.seconds {
                SecondsRule::Ignored => moment(at),
                SecondsRule::StartedMinute => moment(at - 1),
            };
            quote.next_step = Some(PriceStep { at: step_at, increase: Won::new(increase) });
        }
    }
    Ok(quote)
}

/// The quote without a look ahead.
fn explain(pricing: &Pricing<'_>, stay: &Stay<'_>, minutes: i64) -> Quote {
    let spec = pricing.spec;
    let clock = &pricing.timeline.layout.clock;
    let own = spec.vehicles.iter().find(|it| it.classes.contains(&stay.vehicle));
    let schedule = own.map_or(&spec.schedule, |it| &it.schedule);
    // Base and additional units of each segment, and perhaps a cap.
    let capacity = pricing.timeline.segments.len() * 3 + 2;
    let mut lines = Lines::new(clock, (schedule, pricing.meter.schedule), minutes, capacity);
    let base = pricing.explained(&mut lines);
    lines.finish(minutes);
    let span = (0, minutes);
    if let Some((rule, change)) = base.rule {
        lines.add(LineRule::StayRule, &rule.code, (&rule.label).into(), span, -change);
    }
    if base.due != base.all {
        let code = stay.passes.first().map_or("", |pass| pass.offer.as_str());
        lines.write(LineRule::Pass, code, span, base.due - base.all, |words| {
            words.each("정기권·주차권 적용", "Pass applied");
        });
    }
    let settled = pricing.settle(minutes, base.due);
    for (index, amount) in &settled.applied {
        let rule = pricing.claims.rule(*index);
        lines.add(LineRule::Discount, &rule.code, (&rule.label).into(), span, -amount);
    }
    let total = round(settled.left, spec.rounding);
    if total != settled.left {
        lines.write(LineRule::Rounding, "", span, total - settled.left, |words| {
            words.number(spec.rounding.to_won);
            match spec.rounding.mode {
                RoundingMode::Down => words.each("원 미만 절사", " won: rounded down"),
                RoundingMode::Up => words.each("원 미만 절상", " won: rounded up"),
                RoundingMode::HalfUp => words.each("원 단위 반올림", " won: rounded half up"),
            };
        });
    }
    let due = |terms| pricing.due(minutes, terms);
    let total = Won::new(total);
    Quote {
        tariff_id: spec.id.as_str().into(),
        tariff_version: spec.version,
        entered_at: stay.entered_at,
        left_at: stay.left_at,
        vehicle: stay.vehicle,
        minutes,
        charged_minutes: base.totals.charged_minutes,
        total,
        lines: lines.written,
        vat: total.vat_split(if spec.tax == Tax::Exempt { total } else { Won::ZERO }),
        leave_by: None,
        next_step: None,
        discounts: pricing.claims.considered(base.due, &settled, due),
    }
}
