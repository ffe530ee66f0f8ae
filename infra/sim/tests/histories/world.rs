//! The lot as deliveries make it, of the pure parts that the functions are made of: adapters, facts, fold, payments, events, notices.

use std::collections::BTreeMap;

use baro_domain::{
    EntryId, GateObservation, GateVendor, NoticeId, PaymentId, PlateNumber, PricedLot, TrackId, VisitId, Won,
    ledger::JournalEntry,
    notice::{Notice, NoticeKind},
    payment::{self, Payment, Report, ReportState, VisitFact},
    visit::{
        Facts, Timeline, TrackRead, VisitEvent, VisitEventKind, events_between, fold, superseded_plates,
    },
};
use baro_gates::{GateRequest, adapt_backlog};
use baro_stream_router::notices;
use baro_testing::{at, lot_record};
use jiff::Timestamp;

use super::story::{Happening, History, What, gate};

/// Everything has happened by then.
const END: i64 = 600;

/// What a plate's visits come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) timeline: Timeline,
    /// Of each visit its fee until it ended, or until the end of the day, and what of it is due.
    pub(crate) money: Vec<(Option<Won>, Option<Won>)>,
}

/// The last word of what was published of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    Inside,
    /// Over, owing so much; whether it was told at once or put right later is no difference.
    Left {
        at: Timestamp,
        owing: Won,
    },
    ExitMissed,
}

/// A lot.
pub(crate) struct World {
    lot: PricedLot,
    facts: BTreeMap<PlateNumber, Facts>,
    trackings: BTreeMap<TrackId, Vec<TrackRead>>,
    payments: BTreeMap<PaymentId, Payment>,
    journal: BTreeMap<EntryId, JournalEntry>,
    published: Vec<VisitEvent>,
    told: Vec<Notice>,
}

impl World {
    /// After these deliveries, so many at a time.
    pub(crate) fn after(history: &History, deliveries: &[usize], batch: usize) -> Self {
        let mut world = Self {
            lot: lot_record().priced().unwrap(),
            facts: BTreeMap::new(),
            trackings: BTreeMap::new(),
            payments: BTreeMap::new(),
            journal: BTreeMap::new(),
            published: Vec::new(),
            told: Vec::new(),
        };
        deliveries.chunks(batch).for_each(|places| world.take(history, places));
        world
    }

    /// Takes what comes together, then publishes what has changed.
    fn take(&mut self, history: &History, places: &[usize]) {
        let before = self.timelines();
        let mut posted: BTreeMap<String, (GateVendor, Vec<serde_json::Value>)> = BTreeMap::new();
        for place in places {
            let happening = &history.happenings[*place];
            if let Some((vendor, body)) = happening.posted() {
                posted.entry(format!("{vendor:?}")).or_insert_with(|| (vendor, Vec::new())).1.push(body);
            } else {
                self.money(history, *place, happening);
            }
        }
        for (vendor, bodies) in posted.into_values() {
            for read in adapted(vendor, bodies) {
                self.file(read);
            }
        }
        self.publish(&before);
    }

    fn file(&mut self, read: GateObservation) {
        let tracked = TrackRead::of(&read, &read.plate);
        self.facts_of(&read.plate.clone()).observations.push(read);
        let Some(tracked) = tracked else { return };
        let known = self.trackings.entry(tracked.track.id.clone()).or_default();
        known.push(tracked);
        for (wrong, corrections) in superseded_plates(known) {
            self.facts_of(&wrong).superseded.extend(corrections);
        }
    }

    fn facts_of(&mut self, plate: &PlateNumber) -> &mut Facts {
        self.facts.entry(plate.clone()).or_insert_with(|| Facts::none(plate.clone()))
    }

    /// A hint comes; the gateway is asked and tells what has become of the payment by that moment of the history.
    fn money(&mut self, history: &History, place: usize, happening: &Happening) {
        let paid = |(place, one): (usize, &Happening)| match one.what {
            What::Pays { won } if one.plate == happening.plate => Some((place, one.at(), won)),
            _ => None,
        };
        let before = history.happenings[..=place].iter().enumerate();
        let Some((paying, at, won)) = before.filter_map(paid).next_back() else { return };
        let id = PaymentId::derive(&[&paying.to_string()]);
        let known = self.payments.remove(&id);
        let known = known.unwrap_or_else(|| asked_for(&id, &happening.plate(), at, won));
        let back = if matches!(happening.what, What::Refunded) { won } else { 0 };
        // There is one refund, whoever tells of it how often: the first after the payment.
        let refunded = |one: &&Happening| one.plate == happening.plate && matches!(one.what, What::Refunded);
        let refund = history.happenings[paying..].iter().find(refunded).filter(|_| back > 0);
        let changed = refund.map_or(at, Happening::at);
        let decided = payment::decide(&known, &report(&known, back, at, changed)).unwrap();
        let Some(decision) = decided else {
            self.payments.insert(id, known);
            return;
        };
        self.journal.extend(decision.entries.into_iter().map(|entry| (entry.id.clone(), entry)));
        if let Some(VisitFact::Paid(fact)) = decision.fact {
            let facts = self.facts_of(&happening.plate());
            facts.payments.retain(|known| known.payment != fact.payment);
            facts.payments.push(fact);
        }
        self.payments.insert(id, decision.payment);
    }

    fn publish(&mut self, before: &BTreeMap<PlateNumber, Timeline>) {
        for (plate, after) in self.timelines() {
            let none = Timeline::default();
            let events = events_between(&self.lot.fees, before.get(&plate).unwrap_or(&none), &after);
            // News of the moment: how late it may be told is another rule (D-016).
            for event in &events {
                self.tell(event);
            }
            self.published.extend(events);
        }
    }

    fn tell(&mut self, event: &VisitEvent) {
        self.told.extend(notices::of_visit(event, &self.lot.lot, at(0)));
        // Another sum for the same end is a word of its own (D-076): it is what was told last of that end.
        let VisitEventKind::Owes { left_at: when, outstanding: sum } = event.kind else { return };
        for notice in self.told.iter_mut().filter(|notice| notice.plate == event.plate) {
            if let NoticeKind::Left { left_at, outstanding } = &mut notice.kind
                && *left_at == when
            {
                *outstanding = sum;
            }
        }
    }

    fn timelines(&self) -> BTreeMap<PlateNumber, Timeline> {
        let context = self.lot.context();
        self.facts.iter().map(|(plate, facts)| (plate.clone(), fold(&context, facts))).collect()
    }

    pub(crate) fn state(&self) -> BTreeMap<PlateNumber, State> {
        let money = |visit: &baro_domain::visit::Visit| {
            let left = match visit.status {
                baro_domain::visit::VisitStatus::Over { left_at, .. } => left_at,
                _ => at(END),
            };
            let fee = baro_domain::visit::FeeSchedule::fee(&self.lot.fees, visit.entered_at, left);
            (fee, visit.due(&self.lot.fees, left))
        };
        let state = |(plate, timeline): (PlateNumber, Timeline)| {
            let money = timeline.visits.iter().map(money).collect();
            (plate, State { timeline, money })
        };
        self.timelines().into_iter().map(state).collect()
    }

    pub(crate) fn journal(&self) -> &BTreeMap<EntryId, JournalEntry> {
        &self.journal
    }

    pub(crate) fn payments(&self) -> &BTreeMap<PaymentId, Payment> {
        &self.payments
    }

    /// The last word on each visit that was not taken back.
    pub(crate) fn last_words(&self) -> BTreeMap<VisitId, Word> {
        let mut words = BTreeMap::new();
        for event in &self.published {
            match &event.kind {
                VisitEventKind::Withdrawn => drop(words.remove(&event.visit)),
                VisitEventKind::Opened | VisitEventKind::Reopened => {
                    words.insert(event.visit.clone(), Word::Inside);
                }
                VisitEventKind::Closed { left_at, outstanding, .. }
                | VisitEventKind::Owes { left_at, outstanding } => {
                    words.insert(event.visit.clone(), Word::Left { at: *left_at, owing: *outstanding });
                }
                VisitEventKind::ExitMissed => {
                    words.insert(event.visit.clone(), Word::ExitMissed);
                }
            }
        }
        words
    }

    /// The newest wording of each notice.
    pub(crate) fn told(&self) -> BTreeMap<NoticeId, NoticeKind> {
        self.told.iter().map(|notice| (notice.id.clone(), notice.kind.clone())).collect()
    }
}

/// What a vendor's gate posts at once, as observations.
fn adapted(vendor: GateVendor, bodies: Vec<serde_json::Value>) -> Vec<GateObservation> {
    let body = serde_json::Value::from(bodies).to_string();
    let request = GateRequest {
        path_hint: None,
        content_type: Some("application/json"),
        charset: None,
        body: body.as_bytes(),
    };
    let reports = adapt_backlog(&gate(vendor), &request, at(END)).unwrap();
    reports.into_iter().flat_map(|report| report.unwrap().observations).collect()
}

fn asked_for(id: &PaymentId, plate: &PlateNumber, asked: Timestamp, won: i64) -> Payment {
    let mut payment = baro_testing::payment(id);
    payment.order.amount = Won::new(won);
    payment.created_at = asked;
    let stay = baro_testing::stay_of(&mut payment);
    (stay.plate, stay.quoted_until) = (plate.clone(), asked);
    payment
}

fn report(payment: &Payment, back: i64, paid_at: Timestamp, changed_at: Timestamp) -> Report {
    let total = payment.order.amount;
    Report {
        state: if back > 0 { ReportState::Cancelled } else { ReportState::Paid },
        store_id: payment.order.store_id.clone(),
        channel_type: payment.order.channel_type.clone(),
        total,
        paid: Won::new(total.get() - back),
        cancelled: Won::new(back),
        currency: payment.order.currency.clone(),
        order_name: payment.order.order_name.clone(),
        paid_at: Some(paid_at),
        changed_at,
        deposit_account: None,
        method: None,
        returns: Vec::new(),
        failure: None,
        pg_tx_id: None,
        slip: None,
    }
}
