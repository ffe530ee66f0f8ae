//! The end of a stretch: the faults stop, everything that waits is delivered, and everything must be as it is in truth.

use baro_domain::PaymentId;
use jiff::Timestamp;

use crate::{
    sim::{Sim, day_of},
    world::{Ran, sqs_event},
};

/// Everything comes to rest within so many rounds of routing and looking.
const MAX_ROUNDS: usize = 50;

impl Sim {
    /// The faults are over: everything that waits is delivered, and everything must be as it is in truth.
    pub(crate) async fn calm(&mut self) -> Result<(), String> {
        for _ in 0..10_000 {
            if self.outbox.is_empty() {
                break;
            }
            self.deliver_at(0).await;
            self.collect();
        }
        while !self.fifo.is_empty() {
            self.file_backlog_calmly().await;
            self.collect();
        }
        // What is on its way to the gateway arrives, and no webhook tells of it: reconciliation finds it.
        self.world.shop.land(Timestamp::MAX);
        self.webhooks_are_kept()?;
        self.drain().await?;
        self.reconcile_calmly().await?;
        self.webhooks.clear();
        self.settled().await?;
        self.world.cloud.forget_calls();
        self.calm_day = day_of(self.world.now());
        let pass = self.chance.seconds(0, 4 * 86_400);
        self.tell("calm", &format!("all as in truth; {pass} s pass"));
        self.mornings(pass).await
    }

    /// What is routed may ask for another look at a payment, and that may change the visit again.
    pub(crate) async fn drain(&mut self) -> Result<(), String> {
        for _ in 0..MAX_ROUNDS {
            self.collect();
            for (id, body) in std::mem::take(&mut self.hints) {
                self.look_calmly(id, body).await?;
            }
            for table in 0..2 {
                self.route_calmly(table).await?;
            }
            // A charge that a last look found missing may be on its way again.
            self.world.shop.land(Timestamp::MAX);
            let waits = !self.hints.is_empty() || self.streams.iter().any(|stream| !stream.is_drained());
            if !waits && self.name_accounts().await == 0 {
                return Ok(());
            }
        }
        Err("it does not come to rest".into())
    }

    async fn look_calmly(&mut self, id: PaymentId, body: String) -> Result<(), String> {
        let ran = self.look_at(&[("h".to_owned(), (id.clone(), body.clone()))]).await;
        self.collect();
        if ran == Ran::Answered(Vec::new()) {
            Ok(())
        } else {
            Err(format!("{id} can't be looked at: {ran:?}, {body}"))
        }
    }

    async fn route_calmly(&mut self, table: usize) -> Result<(), String> {
        while !self.streams[table].is_drained() {
            let (count, event) = self.streams[table].batch(100);
            let ran = self.route_batch(table, count, event).await?;
            if ran != Ran::Answered(None) {
                return Err(format!("the stream of table {table} stands still: {ran:?}"));
            }
            self.streams[table].settle(count, &ran);
        }
        self.collect();
        Ok(())
    }

    async fn file_backlog_calmly(&mut self) {
        let batch = self.fifo.batch(&mut self.chance);
        let messages = batch.iter().map(|m| (m.id.clone(), m.body.clone(), Some(m.group.clone())));
        let ran = self.world.backlog(sqs_event(messages.collect::<Vec<_>>())).await;
        self.fifo.settle(&batch, &ran);
    }
}
