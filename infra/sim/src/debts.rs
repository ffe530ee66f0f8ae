//! What visits that are over owe: the mornings that ask for it, drivers who pay it by link, cards that are charged again, and what
//! must hold of that.

use std::collections::BTreeMap;

use baro_domain::{
    PaymentId, Won,
    payment::{Means, Payment},
    receivable::{Kept, TryOutcome},
};
use jiff::SignedDuration;

use crate::{
    check::{Result, require},
    shop::Taken,
    sim::Sim,
    world::Ran,
};

const DAY_S: i64 = 86_400;

impl Sim {
    /// The morning's look at what is owed, in the middle of everything.
    pub(crate) async fn ask_for_owed(&mut self) {
        self.plan_fault();
        let ran = self.world.ask_for_owed().await;
        self.tell("asks for owed", &format!("{ran:?}"));
    }

    /// So many seconds pass, and on each morning of them what is owed is asked for.
    pub(crate) async fn mornings(&mut self, mut pass: i64) -> Result {
        while pass > 0 {
            let until = pass.min(DAY_S);
            self.world.clock.advance(SignedDuration::from_secs(until));
            pass -= until;
            let is_filled = self.chance.one_in(3);
            self.world.shop.fill(is_filled);
            let ran = self.world.ask_for_owed().await;
            let Ran::Answered(Some(done)) = &ran else { return Err(format!("what is owed: {ran:?}")) };
            self.tell("morning", &format!("{done:?}"));
            self.drain().await?;
        }
        Ok(())
    }

    /// A driver pays by the link of a notice, as driver-api begins it; most at the hour at which cards are charged again.
    pub(crate) async fn pay_by_link(&mut self) {
        let open: Vec<_> = self.debts.values().filter(|owed| owed.is_open()).cloned().collect();
        if open.is_empty() {
            return;
        }
        let owed = self.chance.pick(&open).clone();
        let now = self.world.now();
        let id = PaymentId::derive(&["link", owed.id.as_str(), &now.to_string()]);
        let mut payment = baro_testing::payment(&id);
        (payment.order.amount, payment.created_at) = (owed.principal(), now);
        *baro_testing::stay_of(&mut payment) = owed.stay(&self.lots[&owed.lot].lot, Won::ZERO);
        payment.contact.phone = Some("01000001234".into());
        self.world.cloud.billing().create(&payment).await.unwrap();
        let due = payment.order.amount;
        self.payments.insert(id.clone(), payment);
        self.tell("link", id.as_str());
        self.pays(&id, due);
    }

    /// A card is charged again only for a try that was ordered, while its debt is open and no money came for it, for no more than
    /// is owed, by who gave the word and up to the limit of then.
    pub(crate) fn is_owed(&self, begun: &Payment) -> Result {
        let (stay, id) = (begun.stay().unwrap(), &begun.id);
        let owed = self.debts.get(&stay.owed.as_ref().unwrap().receivable);
        let owed = owed.ok_or_else(|| format!("{id}: nothing is owed"))?;
        let last = owed.tries.last().filter(|tried| owed.payment_of(tried) == *id);
        let last = last.ok_or_else(|| format!("{id}: no such try was ordered"))?;
        require(owed.outcome(last) == TryOutcome::Pending, || format!("{id}: its try is over"))?;
        require(owed.is_open() && owed.payments.is_empty(), || format!("{id}: money came, or it is closed"))?;
        let amount = begun.order.amount;
        let most = owed.principal().min(last.pledge.limit);
        require(amount > Won::ZERO && amount <= most, || format!("{id}: {amount} of {most}"))?;
        let by = matches!(&begun.means, Means::Card { payer, .. } if *payer == last.pledge.payer);
        require(by, || format!("{id}: charged to somebody else"))
    }

    /// A charge for a debt is that of a try, by who pays for the plate.
    pub(crate) fn is_a_try(&self, stored: &Payment) -> Result {
        let stay = stored.stay().unwrap();
        let owed = stay.owed.as_ref().and_then(|part| self.debts.get(&part.receivable));
        let known = owed.is_some_and(|owed| owed.tries.iter().any(|of| owed.payment_of(of) == stored.id));
        require(known, || format!("{}: charged for no try", stored.id))?;
        let pledge = self.pledges.get(&stay.plate);
        let by =
            matches!(&stored.means, Means::Card { payer, .. } if pledge.is_some_and(|p| p.payer == *payer));
        require(by, || format!("{}: who was charged does not pay for {}", stored.id, stay.plate.as_str()))
    }

    /// When nothing waits any more every try has its end, and each debt knows what is held of the payments made for it.
    pub(crate) async fn debts_are_right(&mut self, books: &BTreeMap<PaymentId, Taken>) -> Result {
        let (mut tried, mut refused) = (0, 0);
        for owed in self.debts.values() {
            for one in &owed.tries {
                let outcome = owed.outcome(one);
                require(outcome != TryOutcome::Pending, || {
                    format!("{}: try {} has no end", owed.id, one.number)
                })?;
                tried += 1;
                refused += u64::from(matches!(outcome, TryOutcome::Refused(_)));
            }
        }
        for id in books.keys() {
            let stored = self.world.cloud.billing().payment(id).await.map_err(|error| error.to_string())?;
            let Some(stored) = stored.map(|stored| stored.value) else { continue };
            let Some(part) = stored.stay().and_then(|stay| stay.owed.as_ref()) else { continue };
            let known = self.debts.get(&part.receivable).and_then(|owed| owed.payments.get(id)).copied();
            require(known == Kept::of(&stored), || format!("{id}: {known:?} is known of it"))?;
        }
        self.tally.0.insert("tries", tried);
        self.tally.0.insert("tries refused", refused);
        Ok(())
    }
}
