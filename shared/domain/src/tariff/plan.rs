//! A schedule made ready for pricing: bands laid out per kind of day, tiers with their ends. Built once per tariff from a
//! document that [`super::check`] has accepted, so its numbers are within the limits there.

use super::clock_time::DAY_MINUTES;
use super::label::TierWords;
use super::spec::{
    Band, Cap, CapHolds, CapPer, Counting, DiscountPolicy, DiscountRule, DiscountShape, Schedule, TariffSpec,
    VehicleClass,
};
use crate::calendar::{DayKind, DaySet, epoch_day};

/// A stretch of one band within one day of the wall clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    /// Minutes after midnight.
    pub(crate) from: i64,
    /// First minute after, at most 1440.
    pub(crate) until: i64,
    /// Index of its band.
    pub(crate) band: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct TierPlan {
    pub(crate) from: i64,
    /// Where the next tier begins.
    pub(crate) until: i64,
    pub(crate) unit: i64,
    pub(crate) price: i64,
    pub(crate) words: TierWords,
}

#[derive(Debug, Clone)]
pub(crate) struct BandPlan {
    pub(crate) tiers: Vec<TierPlan>,
    /// `i64::MAX` when nothing bounds it.
    pub(crate) at_most: i64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct CapPlan {
    pub(crate) amount: i64,
    pub(crate) days: DaySet,
    pub(crate) from_minutes: i64,
    pub(crate) counting: Counting,
    pub(crate) holds: CapHolds,
    pub(crate) per: CapPer,
}

#[derive(Debug, Clone)]
pub(crate) struct SchedulePlan {
    /// By kind of day: pieces of the bands that begin on such a day, ascending.
    own: [Vec<Piece>; 8],
    /// By kind of day: what bands that began on such a day still cover of the next, ascending.
    spill: [Vec<Piece>; 8],
    pub(crate) bands: Vec<BandPlan>,
    pub(crate) caps: Vec<CapPlan>,
}

/// What [`super::Tariff`] computes with.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    base: SchedulePlan,
    vehicles: Vec<(Vec<VehicleClass>, SchedulePlan)>,
    /// Free dates as days since 1970-01-01, ascending.
    pub(crate) free_days: Vec<i64>,
    /// Whether some rule changes the price of minutes already priced (a threshold, a time of exit).
    pub(crate) reaches_back: bool,
    /// Whether some rule can make the price fall as time grows.
    pub(crate) may_fall: bool,
}

impl Plan {
    pub(crate) fn new(spec: &TariffSpec) -> Self {
        let base = SchedulePlan::new(&spec.schedule);
        let vehicles =
            spec.vehicles.iter().map(|it| (it.classes.clone(), SchedulePlan::new(&it.schedule))).collect();
        let mut free_days: Vec<i64> = spec.free_dates.iter().map(|date| epoch_day(*date)).collect();
        free_days.sort_unstable();
        free_days.dedup();
        let schedules = std::iter::once(&spec.schedule).chain(spec.vehicles.iter().map(|it| &it.schedule));
        let reaches_back = schedules.flat_map(|schedule| &schedule.caps).any(retroactive)
            || spec.stay_rules.iter().any(|rule| rule.left.is_some());
        let may_fall = reaches_back || stack_may_fall(spec);
        Self { base, vehicles, free_days, reaches_back, may_fall }
    }

    pub(crate) fn schedule_of(&self, class: VehicleClass) -> &SchedulePlan {
        let own = self.vehicles.iter().find(|(classes, _)| classes.contains(&class));
        own.map_or(&self.base, |(_, schedule)| schedule)
    }
}

/// Whether a cap changes the price of minutes already metered.
pub(crate) fn retroactive(cap: &Cap) -> bool {
    cap.from_minutes > 0 || cap.holds == CapHolds::Exactly
}

/// Whether discounts are stacked of which one takes a share of certain minutes only, frees minutes of what others have left, or is
/// bounded by a merchant's budget: the ones around it then weigh minutes unlike each other, and a further unit can add less than
/// they take off, if only by rounding.
pub(crate) fn stack_may_fall(spec: &TariffSpec) -> bool {
    let first = spec.discounts.iter().min_by_key(|rule| (rule.order, &rule.code));
    let uneven = |rule: &DiscountRule| match rule.shape {
        DiscountShape::PercentOf { .. } => true,
        DiscountShape::FreeMinutes { .. } => {
            rule.voucher || first.is_some_and(|first| first.code != rule.code)
        }
        DiscountShape::Percent { .. } | DiscountShape::Amount { .. } => false,
    };
    let stacked = spec.discount_policy != DiscountPolicy::default() && spec.discounts.len() > 1;
    stacked && spec.discounts.iter().any(uneven)
}

/// The part of a band on the day it begins, and the part on the next day, as minutes after the respective midnight.
fn halves(band: &Band) -> [Option<(i64, i64)>; 2] {
    let (from, until) = band.hours.span();
    let first = (from < DAY_MINUTES).then_some((from, until.min(DAY_MINUTES)));
    let second = (until > DAY_MINUTES).then_some(((from - DAY_MINUTES).max(0), until - DAY_MINUTES));
    [first, second]
}

impl SchedulePlan {
    pub(crate) fn new(schedule: &Schedule) -> Self {
        let lay_out = |half: usize| {
            DayKind::ALL.map(|kind| {
                let begins = schedule.bands.iter().enumerate().filter(|(_, band)| band.days.contains(kind));
                let mut pieces: Vec<Piece> = begins
                    .filter_map(|(band, it)| {
                        halves(it)[half].map(|(from, until)| Piece { from, until, band })
                    })
                    .collect();
                pieces.sort_by_key(|piece| piece.from);
                pieces
            })
        };
        let caps = schedule.caps.iter().map(|cap| CapPlan {
            amount: cap.amount.get(),
            days: cap.days,
            from_minutes: cap.from_minutes,
            counting: cap.counting,
            holds: cap.holds,
            per: cap.per,
        });
        let bands = schedule.bands.iter().map(BandPlan::new).collect();
        Self { own: lay_out(0), spill: lay_out(1), bands, caps: caps.collect() }
    }

    /// The charged pieces of a day, ascending, and for each whether its band began the day before.
    pub(crate) fn pieces(&self, yesterday: DayKind, today: DayKind) -> impl Iterator<Item = (Piece, bool)> {
        let spill = self.spill[yesterday as usize].iter().map(|piece| (*piece, true));
        spill.chain(self.own[today as usize].iter().map(|piece| (*piece, false)))
    }

    pub(crate) fn caps_per(&self, per: CapPer) -> impl Iterator<Item = (usize, &CapPlan)> {
        self.caps.iter().enumerate().filter(move |(_, cap)| cap.per == per)
    }
}

impl BandPlan {
    fn new(band: &Band) -> Self {
        let ends = band.tiers.iter().skip(1).map(|tier| tier.from_minute).chain([i64::MAX]);
        let tiers = band.tiers.iter().zip(ends).map(|(tier, until)| TierPlan {
            from: tier.from_minute,
            until,
            unit: tier.unit_minutes,
            price: tier.unit_price.get(),
            // Where one price holds throughout, there is no base to tell apart.
            words: TierWords::new(
                tier.unit_minutes,
                tier.unit_price.get(),
                tier.from_minute == 0 && band.tiers.len() > 1,
            ),
        });
        Self { tiers: tiers.collect(), at_most: band.at_most.map_or(i64::MAX, crate::Won::get) }
    }

    /// The index of the tier in force at a reading of the meter.
    pub(crate) fn tier_at(&self, reading: i64) -> usize {
        self.tiers.iter().rposition(|tier| tier.from <= reading).unwrap_or(0)
    }
}

/// Whether some minute of some day belongs to both bands.
pub(crate) fn overlap(a: &Band, b: &Band) -> bool {
    let clash = |x: Option<(i64, i64)>, y: Option<(i64, i64)>| matches!((x, y), (Some(x), Some(y)) if x.0 < y.1 && y.0 < x.1);
    let ([a_own, a_spill], [b_own, b_spill]) = (halves(a), halves(b));
    let same_day = DayKind::ALL.iter().any(|kind| a.days.contains(*kind) && b.days.contains(*kind));
    // Any kind of day can follow any other once a holiday lies between, so spills are compared with every day.
    let follows = |first: &Band, second: &Band| {
        DayKind::ALL.iter().any(|yesterday| {
            first.days.contains(*yesterday)
                && DayKind::ALL
                    .iter()
                    .any(|today| can_follow(*yesterday, *today) && second.days.contains(*today))
        })
    };
    (same_day && (clash(a_own, b_own) || clash(a_spill, b_spill)))
        || (clash(a_spill, b_own) && follows(a, b))
        || (clash(b_spill, a_own) && follows(b, a))
}

/// Whether a day of one kind can come right after one of another.
fn can_follow(yesterday: DayKind, today: DayKind) -> bool {
    let holiday = DayKind::Holiday;
    yesterday == holiday || today == holiday || (yesterday as usize + 1) % 7 == today as usize
}
