//! What drivers, the gateway and its hints do.

use baro_domain::{PaymentId, PlateNumber, Won, payment::Payment};

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
            self.hints.push(id);
            return;
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
        let waits = |payment: &Payment| payment.stay.visit == visit.id && payment.stay.plate == plate;
        if self
            .payments
            .values()
            .any(|payment| waits(payment) && !facts.payments.iter().any(|f| f.payment == payment.id))
        {
            return;
        }
        let id = PaymentId::derive(&[visit.id.as_str(), &now.to_string()]);
        let mut payment = baro_testing::payment(&id);
        payment.order.amount = due;
        (payment.stay.lot, payment.stay.plate, payment.stay.visit) = (lot, plate, visit.id.clone());
        (payment.stay.entered_at, payment.stay.quoted_until, payment.created_at) =
            (visit.entered_at, now, now);
        payment.contact.phone = Some("01000001234".into());
        self.world.cloud.billing().create(&payment).await.unwrap();
        let taken = if self.chance.one_in(10) { due.plus(Won::new(100)).unwrap() } else { due };
        self.world.shop.pay(&id, taken, now);
        self.days.insert(now.in_tz("Asia/Seoul").unwrap().date());
        self.payments.insert(id.clone(), payment);
        for _ in 0..self.chance.below(4) {
            self.hints.push(id.clone());
        }
        self.tell("pay", &format!("{taken} for {due}, {id}"));
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
            let done =
                |id: &PaymentId| batch.iter().any(|(message, of)| of == id && !failed.contains(message));
            let chance = &mut self.chance;
            self.hints.retain(|id| !done(id) || chance.one_in(4));
        }
        self.tell("sync", &format!("{} hints: {ran:?}", batch.len()));
    }

    pub(crate) async fn look_at(&mut self, batch: &[(String, PaymentId)]) -> Ran<Vec<String>> {
        let body = |id: &PaymentId| serde_json::json!({"paymentId": id}).to_string();
        let messages: Vec<_> = batch.iter().map(|(message, id)| (message.clone(), body(id), None)).collect();
        self.days.insert(self.world.now().in_tz("Asia/Seoul").unwrap().date());
        self.world.sync(sqs_event(messages)).await
    }
}
