//! The price of a stay of any length up to the one asked for: meter, stay rules, passes, discounts, rounding.

use std::cell::{Cell, RefCell};

use super::clock_time::{DAY_MINUTES, Hours};
use super::discount::{Claims, Due, Settled};
use super::meter::{Checkpoint, Meter, Sink, Terms, Totals, Window};
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
    /// Minutes that a discount claimed is a share of.
    window: Option<Window>,
    priced: RefCell<Vec<Priced>>,
    /// The fewest minutes that the runs of the price asked for last pay ahead.
    paid_ahead: Cell<i64>,
}

/// What the length asked for costs under some terms, and from where longer stays can be priced.
#[derive(Debug, Clone, Copy)]
struct Priced {
    terms: Terms,
    totals: Totals,
    checkpoint: Option<Checkpoint>,
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
        let window = claims.window();
        Self {
            spec,
            plan,
            meter,
            timeline,
            claims,
            calendar: stay.calendar,
            now,
            window,
            priced: RefCell::default(),
            paid_ahead: Cell::new(0),
        }
    }

    /// The price before discounts of the length asked for, reported to a sink.
    pub(crate) fn explained<S: Sink>(&self, sink: &mut S) -> Base<'a> {
        let totals = self.price_now(Terms::default(), sink).totals;
        self.after_rules(totals, self.now)
    }

    /// The price before discounts of the first `until` minutes.
    pub(crate) fn base(&self, until: i64, terms: Terms) -> Base<'a> {
        let totals = self.totals(until, terms);
        self.paid_ahead.set(self.paid_ahead.get().min(totals.paid_ahead));
        self.after_rules(totals, until)
    }

    /// After how many charged minutes a unit begins, at the earliest, in any of the runs that made the total asked for last.
    pub(crate) fn paid_ahead(&self) -> i64 {
        self.paid_ahead.get()
    }

    /// Not from the start where it was priced before.
    fn totals(&self, until: i64, terms: Terms) -> Totals {
        if until < self.now {
            return self.meter.run(&self.timeline, until, terms, &mut ());
        }
        let known = self.priced.borrow().iter().find(|it| it.terms.answer(&terms)).copied();
        let priced = known.unwrap_or_else(|| self.price_now(terms, &mut ()));
        match priced.checkpoint {
            _ if until == self.now => priced.totals,
            Some(checkpoint) if !self.plan.reaches_back => {
                self.meter.resume(&self.timeline, until, priced.terms, &checkpoint)
            }
            _ => self.meter.run(&self.timeline, until, terms, &mut ()),
        }
    }

    fn price_now<S: Sink>(&self, terms: Terms, sink: &mut S) -> Priced {
        // Some claim will ask for these minutes: they are summed in the same run.
        let terms = Terms { window: terms.window.or(self.window), ..terms };
        let day = self.timeline.days.iter().rposition(|day| day.start <= self.now).unwrap_or(0);
        let (totals, checkpoint) = self.meter.run_to_checkpoint(&self.timeline, self.now, terms, day, sink);
        let priced = Priced { terms, totals, checkpoint };
        self.priced.borrow_mut().push(priced);
        priced
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
        self.paid_ahead.set(i64::MAX);
        let base = self.base(until, Terms::default());
        round(self.settle(until, base.due).left, self.spec.rounding)
    }

    /// What is due under other terms.
    pub(crate) fn due(&self, until: i64, terms: Terms) -> Due {
        let base = self.base(until, terms);
        // Under a stay rule's bound the first units count, as under a cap.
        let in_window = match base.rule {
            Some(_) if terms.window.is_some() => {
                let bounded = Terms { due_at_most: Some(base.due), ..terms };
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
