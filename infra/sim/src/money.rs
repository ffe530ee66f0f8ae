//! What drivers, payers, the gateway, its webhooks and their queue do.

use baro_domain::{
    OperatorId, PaymentId, PlateNumber, RefundId, Won,
    payment::{Payment, RefundAccount, RefundOrder, RefundState, RequestedBy},
    purse::{BillingKey, RegisteredCard},
};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    payers,
    shop::Trouble,
    sim::{Place, Sim, day_of},
    world::{Ran, sqs_event, webhook_id},
};

/// A window left open, or a deposit, is paid within so many seconds.
const MAX_DELAY_S: i64 = 7_200;

impl Sim {
    /// A driver pays what the phone shows, at once, later or by deposit, or the gateway takes another amount; the gateway's
    /// staff gives something back; an operator orders a refund; a payer changes cards.
    pub(crate) async fn pay(&mut self) {
        let known: Vec<_> = self.payments.keys().chain(self.orders.keys()).cloned().collect();
        if !known.is_empty() && self.chance.one_in(8) {
            let id = self.chance.pick(&known).clone();
            let part = (!self.chance.one_in(2)).then(|| Won::new(100 * self.chance.seconds(1, 10)));
            self.world.shop.give_back(&id, part);
            return self.tell("return", id.as_str());
        }
        if !known.is_empty() && self.chance.one_in(6) {
            let id = self.chance.pick(&known).clone();
            return self.ask_for_refund(id).await;
        }
        if self.chance.one_in(12) {
            return self.change_card().await;
        }
        if self.chance.one_in(4) {
            return self.move_points().await;
        }
        if self.chance.one_in(6) {
            return self.pay_by_link().await;
        }
        self.open_window().await;
    }

    async fn open_window(&mut self) {
        let parked = |(plate, place): &(PlateNumber, Place)| match place {
            Place::Away => None,
            Place::Inside(lot) | Place::AtExit(lot) => Some((plate.clone(), self.lot_ids[*lot].clone())),
        };
        let parked: Vec<_> = self.cars.iter().filter_map(parked).collect();
        if parked.is_empty() {
            return;
        }
        let (plate, lot) = self.chance.pick(&parked).clone();
        let now = self.world.now();
        let facts = self.world.cloud.parking().facts(&lot, &plate).await.unwrap();
        let priced = &self.lots[&lot];
        let timeline = baro_domain::visit::fold(&priced.context(), &facts);
        let Some(visit) = timeline.open().filter(|visit| visit.entered_at <= now) else { return };
        let Some(due) = visit.due(&priced.fees, now).filter(|due| *due > Won::ZERO) else { return };
        // Most drivers open one window; some open a second while the first is under way, and pay in both.
        let waits = |payment: &Payment| {
            payment.stay().is_some_and(|stay| stay.visit == visit.id && stay.plate == plate)
                && !facts.payments.iter().any(|fact| fact.payment == payment.id)
        };
        if self.payments.values().any(waits) && !self.chance.one_in(3) {
            return;
        }
        let id = PaymentId::derive(&[visit.id.as_str(), &now.to_string()]);
        let mut payment = baro_testing::payment(&id);
        payment.order.amount = due;
        payment.created_at = now;
        let stay = baro_testing::stay_of(&mut payment);
        (stay.lot, stay.plate, stay.visit) = (lot, plate.clone(), visit.id.clone());
        (stay.entered_at, stay.quoted_until) = (visit.entered_at, now);
        payment.contact.phone = Some("01000001234".into());
        let payment = self.begun(payment, &plate).await;
        let due = payment.order.amount;
        self.payments.insert(id.clone(), payment);
        if !due.is_zero() {
            self.pays(&id, due);
        }
    }

    /// A driver pays in a window that is open: at once, later or by deposit, rightly or another amount.
    pub(crate) fn pays(&mut self, id: &PaymentId, due: Won) {
        let now = self.world.now();
        let taken = if self.chance.one_in(10) { due.plus(Won::new(100)).unwrap() } else { due };
        let later = now + SignedDuration::from_secs(self.chance.seconds(60, MAX_DELAY_S));
        let shop = &self.world.shop;
        let how = match self.chance.below(6) {
            0 => {
                shop.pay_at(id, taken, later);
                "later"
            }
            1 => {
                shop.issue(id, taken, later);
                "by deposit"
            }
            _ => {
                shop.pay(id, taken);
                "at once"
            }
        };
        // The browser comes back, before the webhook or behind it, and asks for a look.
        for _ in 0..self.chance.below(3) {
            self.hints.push((id.clone(), json!({"source": "refresh", "paymentId": id}).to_string()));
        }
        self.tell("pay", &format!("{taken} for {due} {how}, {id}"));
    }

    /// A payer registers a card, or takes one back.
    async fn change_card(&mut self) {
        let payer = payers::changing();
        let stored = self.world.cloud.billing().purse(&payer).await.unwrap();
        let next = if let Some(card) = stored.value.card() {
            stored.value.without_card(&card.id)
        } else {
            let card = RegisteredCard::new(BillingKey::new("card-of-late"), "국민 1111", self.world.now());
            stored.value.with_card(card).unwrap()
        };
        assert!(self.world.cloud.billing().put_purse(&next, stored.revision).await.unwrap());
        self.tell("card", &format!("{} cards", next.cards.len()));
    }

    /// An operator writes down that a part goes back, or all, as operator-api does it.
    async fn ask_for_refund(&mut self, id: PaymentId) {
        let billing = self.world.cloud.billing();
        let Some(stored) = billing.payment(&id).await.unwrap() else { return };
        let part = Won::new(100 * self.chance.seconds(1, 10));
        let order = RefundOrder {
            id: RefundId::derive(&[id.as_str(), &self.step.to_string()]),
            amount: (!self.chance.one_in(3)).then_some(part),
            reason: "고객 요청".into(),
            by: RequestedBy::Operator { operator: OperatorId::derive(&["o"]), name: "당직".into() },
            account: Some(account()),
        };
        let Ok(Some(next)) = stored.value.request_refund(order, self.world.now()) else { return };
        billing.commit(&next, stored.revision, &[], None, self.world.now()).await.unwrap();
        self.tell("refund", id.as_str());
        if self.chance.one_in(2) {
            // Two looks at once, before anybody has asked the gateway.
            let hint = (id.clone(), json!({"source": "refresh", "paymentId": id}).to_string());
            let ran = self.look_at(&[("h0".to_owned(), hint.clone()), ("h1".to_owned(), hint)]).await;
            self.tell("looks at once", &format!("{id}: {ran:?}"));
        }
    }

    /// Somebody says to which account deposits go back. Answers of how many payments.
    pub(crate) async fn name_accounts(&mut self) -> usize {
        let (billing, mut named) = (self.world.cloud.billing(), 0);
        for (id, taken) in self.world.shop.books_of() {
            if !taken.is_deposit {
                continue;
            }
            let Some(stored) = billing.payment(&id).await.unwrap() else { continue };
            let waits = |refund: &&baro_domain::payment::Refund| refund.state == RefundState::AwaitingAccount;
            let Some(refund) = stored.value.refunds.iter().find(waits) else { continue };
            let next = stored.value.name_account(&refund.id, account()).unwrap();
            billing.commit(&next, stored.revision, &[], None, self.world.now()).await.unwrap();
            named += 1;
            self.tell("account", id.as_str());
        }
        named
    }

    /// What a queue holds for payment-sync.
    pub(crate) fn hint(&mut self, body: String) {
        let hint: Value = serde_json::from_str(&body).unwrap();
        let id = PaymentId::parse(hint["paymentId"].as_str().unwrap()).unwrap();
        if let Some(amount) = hint["promise"]["amount"].as_i64() {
            self.orders.entry(id.clone()).or_default().insert(Won::new(amount));
        }
        if let Some(webhook) = hint["webhookId"].as_str() {
            self.queued_webhooks.insert(webhook.to_owned());
        }
        self.hints.push((id, body));
    }

    /// One of the gateway's webhooks is lost, or arrives: in any order, late, and often again.
    pub(crate) async fn webhook(&mut self) -> Result<(), String> {
        if self.webhooks.is_empty() {
            return Ok(());
        }
        let place = self.chance.below(self.webhooks.len());
        let id = self.webhooks[place].clone();
        if self.chance.one_in(8) {
            self.webhooks.swap_remove(place);
            self.tell("webhook lost", id.as_str());
            return Ok(());
        }
        self.plan_fault();
        let ran = self.world.webhook(&id).await;
        self.collect();
        let taken = matches!(&ran, Ran::Answered(said) if said.status == 200);
        if taken {
            let name = webhook_id(self.world.now());
            if !self.queued_webhooks.contains(&name) {
                return Err(format!("{name} of {id} is acknowledged and not queued"));
            }
            self.kept_webhooks.push(name);
            if !self.chance.one_in(4) {
                self.webhooks.swap_remove(place);
            }
        }
        self.tell("webhook", &format!("{id}, taken: {taken}"));
        Ok(())
    }

    /// Every webhook that was acknowledged since the last look is kept as it came.
    pub(crate) fn webhooks_are_kept(&mut self) -> Result<(), String> {
        let objects = self.world.cloud.objects();
        for name in std::mem::take(&mut self.kept_webhooks) {
            let file = format!("/{name}.json");
            if !objects.keys().any(|key| key.starts_with("raw/webhooks/portone/") && key.ends_with(&file)) {
                return Err(format!("{name} is acknowledged and not kept"));
            }
        }
        self.queued_webhooks.clear();
        Ok(())
    }

    /// payment-sync hears of payments: twice, late, never.
    pub(crate) async fn sync(&mut self) {
        if self.hints.is_empty() {
            return;
        }
        let mut batch: Vec<(String, (PaymentId, String))> = Vec::new();
        for index in 0..=self.chance.below(3) {
            // A message may be handed out twice at once.
            let first = batch.first().filter(|_| self.chance.one_in(3)).map(|(_, hint)| hint.clone());
            let hint = first.unwrap_or_else(|| self.chance.pick(&self.hints).clone());
            batch.push((format!("h{index}"), hint));
        }
        self.plan_fault();
        let troubles = self.plan_troubles();
        let ran = self.look_at(&batch).await;
        self.world.shop.plan(&[]);
        if let Ran::Answered(failed) = &ran {
            let done = |hint: &(PaymentId, String)| {
                batch.iter().any(|(message, of)| of == hint && !failed.contains(message))
            };
            let chance = &mut self.chance;
            self.hints.retain(|hint| !done(hint) || chance.one_in(4));
        }
        self.tell("sync", &format!("{} hints, {troubles:?}: {ran:?}", batch.len()));
    }

    /// What the gateway loses or refuses of the invocation that follows, in a third of them.
    fn plan_troubles(&mut self) -> Vec<Option<Trouble>> {
        use Trouble as T;
        const TROUBLES: [Option<Trouble>; 10] = [
            None,
            None,
            None,
            Some(T::Down),
            Some(T::Lost),
            Some(T::Unheard),
            Some(T::Unheard),
            Some(T::Late),
            Some(T::No),
            Some(T::NoThenYes),
        ];
        if !self.chance.one_in(3) {
            return Vec::new();
        }
        let planned: Vec<_> = (0..4).map(|_| *self.chance.pick(&TROUBLES)).collect();
        self.world.shop.plan(&planned);
        planned
    }

    pub(crate) async fn look_at(&mut self, batch: &[(String, (PaymentId, String))]) -> Ran<Vec<String>> {
        let message = |(message, (_, body)): &(String, (PaymentId, String))| {
            (message.clone(), body.clone(), None::<String>)
        };
        self.world.sync(sqs_event(batch.iter().map(message).collect::<Vec<_>>())).await
    }

    /// The books of today are held against the gateway's, in the middle of everything.
    pub(crate) async fn reconcile(&mut self) {
        self.plan_fault();
        let ran = self.world.reconcile(day_of(self.world.now())).await;
        self.tell("reconcile", &format!("{ran:?}"));
    }

    /// All days since the last calm are reconciled, until nothing is left to heal; then nothing may be left for a person.
    pub(crate) async fn reconcile_calmly(&mut self) -> Result<(), String> {
        for round in 0..4 {
            // The gateway's list ends before the moment at which it is asked for.
            self.world.clock.advance(SignedDuration::from_secs(2));
            let (mut healing, mut day) = (0, self.calm_day);
            while day <= day_of(self.world.now()) {
                let ran = self.world.reconcile(day).await;
                self.collect();
                let Ran::Answered(Some(summary)) = ran else { return Err(format!("{day}: {ran:?}")) };
                if summary.for_person > 0 {
                    return Err(format!("{day} has findings for a person in round {round}: {summary:?}"));
                }
                healing += summary.healing;
                day = day.tomorrow().unwrap();
            }
            if healing == 0 {
                return Ok(());
            }
            *self.tally.0.entry("healed").or_default() += u64::try_from(healing).unwrap();
            self.drain().await?;
        }
        Err("what is reconciled does not heal".into())
    }
}

fn account() -> RefundAccount {
    RefundAccount { bank: "KOOKMIN".into(), number: "1234".into(), holder_name: "김바로".into() }
}
