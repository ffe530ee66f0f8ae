//! Points in the town: drivers buy some, pay fees with them, and have money back; what must hold of them when nothing waits.

use std::collections::BTreeMap;

use baro_domain::{
    DriverId, PaymentId, PlateNumber, RefundId, Won,
    ledger::Account,
    payment::{Payment, Purpose, RefundState, TopUp, cash_out},
    points::{CashOut, Points},
};
use baro_store::{CashedOut, Opened, Written};
use jiff::SignedDuration;

use crate::{
    books::OnFile,
    check::{Result, require},
    sim::Sim,
    town,
};

/// The cars whose drivers have a wallet: the last of the town, for whom nobody else pays.
const WITH_WALLET: usize = 3;
const TOP_UPS_LOOKED_AT: usize = 100;

/// Whose points pay for a car, where somebody has some.
fn driver_of(plate: &PlateNumber) -> Option<DriverId> {
    let of = town::plates().into_iter().rev().take(WITH_WALLET).find(|with| with == plate)?;
    Some(DriverId::derive(&["wallet", of.as_str()]))
}

fn drivers() -> Vec<DriverId> {
    town::plates().iter().filter_map(driver_of).collect()
}

impl Sim {
    /// A driver buys points, or wants money back for them.
    pub(crate) async fn move_points(&mut self) {
        let driver = self.chance.pick(&drivers()).clone();
        if self.chance.one_in(4) { self.cash_out(&driver).await } else { self.top_up(&driver).await }
    }

    async fn top_up(&mut self, driver: &DriverId) {
        let (billing, now) = (self.world.cloud.billing(), self.world.now());
        let amount = Won::new(1_000 * self.chance.seconds(1, 12));
        let Ok(bonus) = billing.wallet(driver).await.unwrap().bonus_of_top_up(amount) else { return };
        let id = PaymentId::derive(&[driver.as_str(), &now.to_string()]);
        let mut payment = baro_testing::payment(&id);
        payment.order.amount = amount;
        payment.created_at = now;
        payment.purpose = Purpose::TopUp(TopUp { driver: driver.clone(), bonus });
        billing.create(&payment).await.unwrap();
        self.payments.insert(id.clone(), payment);
        let taken = if self.chance.one_in(10) { amount.plus(Won::new(100)).unwrap() } else { amount };
        if self.chance.one_in(4) {
            let later = now + SignedDuration::from_secs(self.chance.seconds(60, 7_200));
            self.world.shop.issue(&id, taken, later);
        } else {
            self.world.shop.pay(&id, taken);
        }
        self.tell("top-up", &format!("{taken} for {amount}, {id}"));
    }

    async fn cash_out(&mut self, driver: &DriverId) {
        let (billing, now) = (self.world.cloud.billing(), self.world.now());
        let wallet = billing.wallet(driver).await.unwrap();
        let stored = billing.top_ups(driver, TOP_UPS_LOOKED_AT).await.unwrap();
        let top_ups: Vec<Payment> = stored.iter().map(|one| one.value.clone()).collect();
        let id = RefundId::derive(&[driver.as_str(), &self.step.to_string()]);
        let asked = (!self.chance.one_in(3)).then(|| Won::new(100 * self.chance.seconds(1, 40)));
        let Ok(parts) = cash_out(&wallet, &top_ups, (&id, asked), now) else { return };
        let written = parts.into_iter().map(|(old, next)| Written {
            revision: stored.iter().find(|one| one.value.id == old.id).unwrap().revision,
            entries: next.postings_since(old, now).unwrap(),
            payment: next,
        });
        let written: Vec<Written> = written.collect();
        let amounts = written.iter().map(|part| part.payment.refunds.last().unwrap().amount);
        let amount = Won::sum(amounts).unwrap();
        let record = CashOut {
            id,
            driver: driver.clone(),
            asked,
            amount,
            asked_at: now,
            payments: written.iter().map(|part| part.payment.id.clone()).collect(),
        };
        assert_eq!(billing.cash_out(&record, &written, now).await.unwrap(), CashedOut::Done);
        self.tell("cash-out", &format!("{amount} of {} top-ups", written.len()));
    }

    /// Writes a fee down: most drivers who have points pay a part of it with them, or all.
    pub(crate) async fn begun(&mut self, fee: Payment, plate: &PlateNumber) -> Payment {
        let (billing, now) = (self.world.cloud.billing(), self.world.now());
        if let Some(driver) = driver_of(plate).filter(|_| !self.chance.one_in(4)) {
            let wallet = billing.wallet(&driver).await.unwrap();
            let share = wallet.share_of(fee.order.amount, Won::new(100 * self.chance.seconds(1, 60)));
            if !share.is_zero() {
                let decision = fee.begin_with_points(&driver, share, now).unwrap();
                assert_eq!(billing.open(&decision, now).await.unwrap(), Opened::New);
                let left = decision.payment.order.amount;
                self.tell("points", &format!("{share:?} of a fee, {left} are left, {}", fee.id));
                return decision.payment;
            }
        }
        billing.create(&fee).await.unwrap();
        fee
    }

    /// Each wallet stands at what the journal posted to it, nothing is held any more, and what points paid is with its visit.
    pub(crate) async fn points_are_right(
        &mut self,
        posted: &BTreeMap<Account, Won>,
        on_file: &OnFile,
    ) -> Result {
        let billing = self.world.cloud.billing();
        let said = |account: Account| posted.get(&account).map_or(0, |won| -won.get());
        for driver in drivers() {
            let balance = billing.wallet(&driver).await.map_err(|error| error.to_string())?.balance;
            let held = said(Account::PointsHeld(driver.clone()));
            require(held == 0, || format!("{driver}: {held} are held, and nothing waits"))?;
            let journal = Points {
                paid: Won::new(said(Account::PointsPaid(driver.clone()))),
                bonus: Won::new(said(Account::PointsBonus(driver.clone()))),
            };
            require(balance == journal, || format!("{driver}: has {balance:?}, posted {journal:?}"))?;
            require(!balance.bonus.is_negative(), || format!("{driver}: {} of bonus", balance.bonus))?;
        }
        let of_points = self.payments.values().filter(|payment| payment.order.amount.is_zero());
        for payment in of_points {
            let stored = billing.payment(&payment.id).await.map_err(|error| error.to_string())?;
            let stored = stored.ok_or_else(|| format!("{} is gone", payment.id))?.value;
            let open = stored.refunds.iter().any(|refund| !matches!(refund.state, RefundState::Done { .. }));
            require(!open, || format!("{}: points are not back", payment.id))?;
            crate::books::visit_knows(&stored, on_file)?;
        }
        Ok(())
    }
}
