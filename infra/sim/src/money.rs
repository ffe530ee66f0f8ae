//! What drivers, the gateway and its hints do.

use baro_domain::{
    OperatorId, PaymentId, PlateNumber, RefundId, Won,
    payment::{Payment, RefundOrder, RequestedBy},
};

use crate::{
    sim::{Place, Sim},
    world::{Ran, sqs_event},
};

impl Sim {
    /// A driver pays what the phone shows, or the gateway takes another amount, or gives an old payment back.
    pub(crate) async fn pay(&mut self) {
        if self.chance.one_in(8) && !self.payments.is_empty() {
            let ids: Vec<_> = self.payments.keys().cloned().collect();
            let id = self.chance.pick(&ids).clone();
            self.world.shop.give_back(&id);
            self.tell("return", id.as_str());
            self.hints.push((id.clone(), hint_body(&id)));
            return;
        }
        if self.chance.one_in(6) && !self.payments.is_empty() {
            return self.ask_for_refund().await;
        }
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
        (stay.lot, stay.plate, stay.visit) = (lot, plate, visit.id.clone());
        (stay.entered_at, stay.quoted_until) = (visit.entered_at, now);
        payment.contact.phone = Some("01000001234".into());
        self.world.cloud.billing().create(&payment).await.unwrap();
        let taken = if self.chance.one_in(10) { due.plus(Won::new(100)).unwrap() } else { due };
        self.world.shop.pay(&id, taken, now);
        self.days.insert(now.in_tz("Asia/Seoul").unwrap().date());
        self.payments.insert(id.clone(), payment);
        for _ in 0..self.chance.below(4) {
            self.hints.push((id.clone(), hint_body(&id)));
        }
        self.tell("pay", &format!("{taken} for {due}, {id}"));
    }

    /// An operator writes down that a part goes back, or all, as operator-api does it.
    async fn ask_for_refund(&mut self) {
        let ids: Vec<_> = self.payments.keys().cloned().collect();
        let id = self.chance.pick(&ids).clone();
        let billing = self.world.cloud.billing();
        let Some(stored) = billing.payment(&id).await.unwrap() else { return };
        let part = Won::new(100 * (1 + i64::try_from(self.chance.below(10)).unwrap()));
        let order = RefundOrder {
            id: RefundId::derive(&[id.as_str(), &self.step.to_string()]),
            amount: (!self.chance.one_in(3)).then_some(part),
            reason: "고객 요청".into(),
            by: RequestedBy::Operator { operator: OperatorId::derive(&["o"]), name: "당직".into() },
            account: None,
        };
        let Ok(Some(next)) = stored.value.request_refund(order, self.world.now()) else { return };
        billing.commit(&next, stored.revision, &[], None, self.world.now()).await.unwrap();
        self.tell("refund", id.as_str());
    }

    /// What a queue holds for payment-sync.
    pub(crate) fn hint(&mut self, body: String) {
        let hint: serde_json::Value = serde_json::from_str(&body).unwrap();
        let id = PaymentId::parse(hint["paymentId"].as_str().unwrap()).unwrap();
        self.hints.push((id, body));
    }

    /// payment-sync hears of payments: twice, late, never.
    pub(crate) async fn sync(&mut self) {
        if self.hints.is_empty() {
            return;
        }
        let mut batch = Vec::new();
        for index in 0..=self.chance.below(3) {
            batch.push((format!("h{index}"), self.chance.pick(&self.hints).clone()));
        }
        self.plan_fault();
        if self.chance.one_in(6) {
            self.world.shop.fail(1);
        }
        let ran = self.look_at(&batch).await;
        if let Ran::Answered(failed) = &ran {
            let done = |hint: &(PaymentId, String)| {
                batch.iter().any(|(message, of)| of == hint && !failed.contains(message))
            };
            let chance = &mut self.chance;
            self.hints.retain(|hint| !done(hint) || chance.one_in(4));
        }
        self.tell("sync", &format!("{} hints: {ran:?}", batch.len()));
    }

    pub(crate) async fn look_at(&mut self, batch: &[(String, (PaymentId, String))]) -> Ran<Vec<String>> {
        let message = |(message, (_, body)): &(String, (PaymentId, String))| {
            (message.clone(), body.clone(), None::<String>)
        };
        self.days.insert(self.world.now().in_tz("Asia/Seoul").unwrap().date());
        self.world.sync(sqs_event(batch.iter().map(message).collect::<Vec<_>>())).await
    }
}

/// A webhook's message.
pub(crate) fn hint_body(id: &PaymentId) -> String {
    serde_json::json!({"paymentId": id}).to_string()
}
