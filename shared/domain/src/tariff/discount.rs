//! Which of the claimed discounts hold, what each takes off, and which of them are in the price.

use super::meter::{Terms, Window};
use super::quote::{ConsideredDiscount, DiscountClaim, DiscountOutcome, Stay};
use super::spec::{Combine, DiscountPolicy, DiscountRule, DiscountShape, Each, TariffSpec, Vouchers};
use crate::Won;
use crate::calendar::DayKind;

/// A claim that may be used.
#[derive(Debug, Clone, Copy)]
struct Usable<'a> {
    rule: &'a DiscountRule,
    claim: &'a DiscountClaim,
}

/// The claims of a stay, sorted so that the order in which they were given changes nothing.
#[derive(Debug)]
pub(crate) struct Claims<'a> {
    usable: Vec<Usable<'a>>,
    declined: Vec<(&'a DiscountClaim, DiscountOutcome)>,
    policy: DiscountPolicy,
}

/// What is due under some terms, and what of it the units begun within their window make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    pub(crate) due: i64,
    pub(crate) in_window: i64,
}

/// What discounts leave to pay.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) left: i64,
    /// Index of the claim (for [`Claims::rule`]) and what it took off, in order.
    pub(crate) applied: Vec<(usize, i64)>,
}

impl<'a> Claims<'a> {
    pub(crate) fn new(spec: &'a TariffSpec, stay: &Stay<'a>, entered_on: DayKind, has_pass: bool) -> Self {
        let mut claims = Self { usable: Vec::new(), declined: Vec::new(), policy: spec.discount_policy };
        for claim in stay.claims {
            let rule = spec.discounts.iter().find(|rule| rule.code == claim.rule);
            let again = |it: &Usable<'_>| it.claim.rule == claim.rule && it.claim.voucher == claim.voucher;
            let outcome = match rule {
                None => Err(DiscountOutcome::UnknownRule),
                Some(_) if claims.usable.iter().any(again) => Err(DiscountOutcome::Duplicate),
                Some(rule) => {
                    refusal(rule, claim, spec.grade, stay, entered_on, has_pass).map_or(Ok(rule), Err)
                }
            };
            match outcome {
                Ok(rule) => claims.usable.push(Usable { rule, claim }),
                Err(outcome) => claims.declined.push((claim, outcome)),
            }
        }
        claims.usable.sort_by_key(|it| (it.rule.order, it.claim));
        claims.declined.sort();
        claims
    }

    pub(crate) fn rule(&self, index: usize) -> &'a DiscountRule {
        self.usable[index].rule
    }

    /// The minutes that the first claim of a share of certain minutes is about.
    pub(crate) fn window(&self) -> Option<Window> {
        self.usable.iter().find_map(|it| window_of(&it.rule.shape))
    }

    /// What is left of `due`; `price` answers what would be due under other terms.
    pub(crate) fn settle(&self, due: i64, price: impl Fn(Terms) -> Due) -> Settled {
        if self.usable.is_empty() || due == 0 {
            return Settled { left: due, applied: Vec::new() };
        }
        let sets = self.candidate_sets();
        let settled = sets.into_iter().map(|set| self.apply(&set, due, &price));
        // The first of equally good sets stays: sets are in the order of the sorted claims.
        settled.min_by_key(|settled| settled.left).unwrap_or(Settled { left: due, applied: Vec::new() })
    }

    /// The sets of claims that the policy allows together.
    fn candidate_sets(&self) -> Vec<Vec<usize>> {
        let all = 0..self.usable.len();
        let is_voucher = |index: &usize| self.usable[*index].rule.voucher;
        let vouchers = all.clone().filter(is_voucher);
        let discounts = all.clone().filter(|index| !is_voucher(index));
        match (self.policy.combine, self.policy.vouchers) {
            (Combine::Best, Vouchers::Alone) => all.map(|index| vec![index]).collect(),
            (Combine::InOrder, Vouchers::Added) => vec![all.collect()],
            (Combine::InOrder, Vouchers::Alone) => {
                std::iter::once(discounts.collect()).chain(vouchers.map(|index| vec![index])).collect()
            }
            (Combine::Best, Vouchers::Added) => {
                let with_vouchers = |one: Option<usize>| {
                    all.clone().filter(|index| is_voucher(index) || Some(*index) == one).collect()
                };
                discounts.map(Some).chain([None]).map(with_vouchers).collect()
            }
        }
    }

    /// Takes a set off, one after the other, each on what those before it left.
    fn apply(&self, set: &[usize], due: i64, price: &impl Fn(Terms) -> Due) -> Settled {
        let mut settled = Settled { left: due, applied: Vec::with_capacity(set.len()) };
        let mut terms = Terms::default();
        for &index in set {
            let Usable { rule, claim } = self.usable[index];
            let bound = claim.budget_left.map_or(i64::MAX, Won::get).min(settled.left);
            let amount = reduction(&rule.shape, settled.left, &mut terms, price).clamp(0, bound);
            if amount > 0 {
                settled.left -= amount;
                settled.applied.push((index, amount));
            }
        }
        settled
    }

    /// Every claim and what became of it, by rule and voucher.
    pub(crate) fn considered(
        &self,
        due: i64,
        settled: &Settled,
        price: impl Fn(Terms) -> Due,
    ) -> Vec<ConsideredDiscount> {
        let entry = |claim: &DiscountClaim, outcome, amount| ConsideredDiscount {
            rule: claim.rule.clone(),
            voucher: claim.voucher.clone(),
            outcome,
            amount: Won::new(amount),
        };
        let usable = self.usable.iter().enumerate().map(|(index, it)| {
            if let Some((_, amount)) = settled.applied.iter().find(|(applied, _)| *applied == index) {
                return entry(it.claim, DiscountOutcome::Applied, *amount);
            }
            let alone = due - self.apply(&[index], due, &price).left;
            let outcome =
                if alone > 0 { DiscountOutcome::BetterOther } else { DiscountOutcome::NothingToTakeOff };
            entry(it.claim, outcome, alone)
        });
        let declined = self.declined.iter().map(|(claim, outcome)| entry(claim, *outcome, 0));
        let mut all: Vec<ConsideredDiscount> = usable.chain(declined).collect();
        all.sort_by(|a, b| (&a.rule, &a.voucher, a.outcome).cmp(&(&b.rule, &b.voucher, b.outcome)));
        all
    }
}

/// Why a claim may not be used; `None` when it may.
fn refusal(
    rule: &DiscountRule,
    claim: &DiscountClaim,
    grade: Option<u8>,
    stay: &Stay<'_>,
    entered_on: DayKind,
    has_pass: bool,
) -> Option<DiscountOutcome> {
    let proven = rule.evidence.is_empty() || claim.evidence.is_some_and(|it| rule.evidence.contains(&it));
    let reached = |limit: Option<u32>, used: u32| limit.is_some_and(|limit| used >= limit);
    let reasons = [
        (grade.is_some_and(|grade| rule.except_grades.contains(&grade)), DiscountOutcome::NotInThisGrade),
        (
            !rule.vehicles.is_empty() && !rule.vehicles.contains(&stay.vehicle),
            DiscountOutcome::NotThisVehicle,
        ),
        (!rule.days.contains(entered_on), DiscountOutcome::NotThisDay),
        (has_pass && !rule.with_pass, DiscountOutcome::NotWithPass),
        (!proven, DiscountOutcome::EvidenceMissing),
        (reached(rule.limits.per_day, claim.used_today), DiscountOutcome::DailyLimit),
        (reached(rule.limits.per_month, claim.used_this_month), DiscountOutcome::MonthlyLimit),
        (claim.budget_left.is_some_and(|left| left <= Won::ZERO), DiscountOutcome::BudgetSpent),
    ];
    reasons.into_iter().find(|(applies, _)| *applies).map(|(_, outcome)| outcome)
}

/// A share in percent, rounded up to a won: in the driver's favour.
fn share(amount: i64, percent: u8) -> i64 {
    (amount * i64::from(percent) + 99) / 100
}

/// A part of what is left that corresponds to `part` of `whole`, rounded down. What discounts before took off is so
/// shared by all minutes alike, and a price under several discounts never falls as time grows.
fn in_proportion(left: i64, part: i64, whole: i64) -> i64 {
    if whole == 0 {
        return 0;
    }
    // At most 5 × 10¹⁵ each: the product needs 128 bits, the quotient is not above `left`.
    let share = i128::from(left) * i128::from(part.clamp(0, whole)) / i128::from(whole);
    i64::try_from(share).unwrap_or(left)
}

/// What a shape takes off `left`; free minutes are added to the terms for those that come after.
fn reduction(shape: &DiscountShape, left: i64, terms: &mut Terms, price: &impl Fn(Terms) -> Due) -> i64 {
    match shape {
        DiscountShape::Percent { percent } => share(left, *percent),
        DiscountShape::Amount { amount } => amount.get(),
        DiscountShape::FreeMinutes { minutes, each, then_percent } => {
            let before = price(*terms).due;
            match each {
                Each::Stay => terms.exempt += minutes,
                Each::Day => terms.exempt_daily += minutes,
            }
            let kept = in_proportion(left, price(*terms).due, before);
            left - kept + share(kept, *then_percent)
        }
        DiscountShape::PercentOf { percent, .. } => {
            let priced = price(Terms { window: window_of(shape), ..*terms });
            share(in_proportion(left, priced.in_window, priced.due), *percent)
        }
    }
}

/// The minutes that a shape is a share of, where they are not all.
fn window_of(shape: &DiscountShape) -> Option<Window> {
    match shape {
        DiscountShape::PercentOf { from_minute, until_minute, each, .. } => {
            Some(Window { from: *from_minute, until: until_minute.unwrap_or(i64::MAX), each: *each })
        }
        _ => None,
    }
}
