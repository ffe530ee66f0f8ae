//! The price of a stay of any length up to the one asked for: meter, stay rules, passes, discounts, rounding.

use std::cell::RefCell;

use super::clock_time::{DAY_MINUTES, Hours};
use super::discount::{Claims, Due, Settled};
use super::meter::{Checkpoint, Meter, Sink, Terms, Totals};
use super::plan::Plan;
use super::quote::Stay;
use super::spec::{Rounding, RoundingMode, StayRule, TariffSpec};
use super::timeline::{Clock, Timeline};
use crate::calendar::Calendar;

/// Everything a price is computed from, apart from the length of the stay.
pub(crate) struct Pricing<'a> {
    pub(crate) spec: &'a TariffSpec,
    pub(crate) plan: &'a Plan,
    pub(crate) meter: Meter<'a>,
    pub(crate) timeline: Timeline<'a>,
    pub(crate) claims: Claims<'a>,
    pub(crate) calendar: &'a Calendar,
    /// The length asked for. Lengths from it on are priced from the beginning of its last charging day.
    pub(crate) now: i64,
    checkpoints: RefCell<Vec<(Terms, Checkpoint)>>,
}

/// A price before discounts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Base<'a> {
    pub(crate) totals: Totals,
    /// The stay rule that lowered it, and by how much.
    pub(crate) rule: Option<(&'a StayRule, i64)>,
    /// After stay rules, as if there were no pass.
    pub(crate) all: i64,
    /// After stay rules and passes.
    pub(crate) due: i64,
}

impl<'a> Pricing<'a> {
    pub(crate) fn new(
        spec: &'a TariffSpec,
        plan: &'a Plan,
        stay: &Stay<'a>,
        timeline: Timeline<'a>,
        now: i64,
    ) -> Self {
        let schedule = plan.schedule_of(stay.vehicle);
        let meter = Meter { schedule, grace: spec.grace, restart: spec.meter };
        let has_pass = !timeline.layout.covered.is_empty();
        let entry_kind =
            timeline.layout.calendar.kind_of_epoch_day(timeline.layout.clock.wall(0).div_euclid(1440));
        let claims = Claims::new(spec, stay, entry_kind, has_pass);
        Self {
            spec,
            plan,
            meter,
            timeline,
            claims,
            calendar: stay.calendar,
            now,
            checkpoints: RefCell::default(),
        }
    }

    /// The price before discounts of the first `until` minutes, reported to a sink.
    pub(crate) fn base<S: Sink>(&self, until: i64, terms: Terms, sink: &mut S) -> Base<'a> {
        self.after_rules(self.meter.run(&self.timeline, until, terms, sink), until)
    }

    /// The same, unreported, and not from the start where it was priced before.
    pub(crate) fn unexplained(&self, until: i64, terms: Terms) -> Base<'a> {
        if self.plan.reaches_back || until < self.now {
            return self.base(until, terms, &mut ());
        }
        let known = self.checkpoints.borrow().iter().find(|(of, _)| *of == terms).map(|(_, it)| *it);
        let totals = if let Some(checkpoint) = known {
            self.meter.resume(&self.timeline, until, terms, &checkpoint)
        } else {
            let day = self.timeline.days.iter().rposition(|day| day.start <= self.now).unwrap_or(0);
            let (totals, checkpoint) = self.meter.run_to_checkpoint(&self.timeline, until, terms, day);
            self.checkpoints.borrow_mut().extend(checkpoint.map(|checkpoint| (terms, checkpoint)));
            totals
        };
        self.after_rules(totals, until)
    }

    fn after_rules(&self, totals: Totals, until: i64) -> Base<'a> {
        let clock = &self.timeline.layout.clock;
        let lowest = self
            .spec
            .stay_rules
            .iter()
            .filter(|rule| rule.at_most.get() < totals.all && holds(rule, clock, self.calendar, until))
            .min_by_key(|rule| rule.at_most);
        let all = lowest.map_or(totals.all, |rule| rule.at_most.get());
        let rule = lowest.map(|rule| (rule, totals.all - all));
        Base { totals, rule, all, due: totals.due.min(all) }
    }

    /// What is to pay for the first `until` minutes.
    pub(crate) fn total(&self, until: i64) -> i64 {
        let base = self.unexplained(until, Terms::default());
        round(self.settle(until, base.due).left, self.spec.rounding)
    }

    /// What is due under other terms.
    pub(crate) fn due(&self, until: i64, terms: Terms) -> Due {
        let base = self.unexplained(until, terms);
        // Under a stay rule's bound the first units count, as under a cap.
        let in_window = match base.rule {
            Some((rule, _)) if terms.window.is_some() => {
                let bounded = Terms { stay_at_most: Some(rule.at_most.get()), ..terms };
                self.meter.run(&self.timeline, until, bounded, &mut ()).in_window
            }
            _ => base.totals.in_window,
        };
        Due { due: base.due, in_window: in_window.min(base.due) }
    }

    /// What discounts leave of it.
    pub(crate) fn settle(&self, until: i64, due: i64) -> Settled {
        self.claims.settle(due, |terms| self.due(until, terms))
    }
}

/// The result rounded as the tariff says; `to_won` is at least 1.
pub(crate) fn round(amount: i64, rounding: Rounding) -> i64 {
    let unit = rounding.to_won.max(1);
    let over = amount % unit;
    let up = over > 0
        && match rounding.mode {
            RoundingMode::Down => false,
            RoundingMode::Up => true,
            RoundingMode::HalfUp => over * 2 >= unit,
        };
    amount - over + if up { unit } else { 0 }
}

/// Whether a stay rule holds for a stay of so many minutes.
fn holds(rule: &StayRule, clock: &Clock<'_>, calendar: &Calendar, until: i64) -> bool {
    let entry = clock.wall(0);
    let (mut day, minute) = (entry.div_euclid(DAY_MINUTES), entry.rem_euclid(DAY_MINUTES));
    if let Some(hours) = rule.entered {
        let Some(day_offset) = within(hours, minute) else { return false };
        day -= day_offset;
    }
    if !rule.entered_on.contains(calendar.kind_of_epoch_day(day)) {
        return false;
    }
    if let Some(leave) = rule.leave_before {
        let deadline =
            clock.minute_at(day + i64::from(leave.days_later), i64::from(leave.time.minute_of_day()));
        if until >= deadline {
            return false;
        }
    }
    rule.left.is_none_or(|hours| within(hours, clock.wall(until).rem_euclid(DAY_MINUTES)).is_some())
}

/// Whether a minute of the day lies in hours, and how many days before they began (0 or 1).
fn within(hours: Hours, minute: i64) -> Option<i64> {
    let (from, until) = hours.span();
    if (from..until).contains(&minute) {
        return Some(0);
    }
    (from..until).contains(&(minute + DAY_MINUTES)).then_some(1)
}
