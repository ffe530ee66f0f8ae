//! One shop's state at the gateway and the changes that more than one door (API, payment window, machine routes) makes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use baro_clients::webhook::WebhookSecrets;
use baro_clients::{HttpClient, HttpTimeouts};
use baro_domain::Won;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;

use super::billing::BillingKey;
use super::cards::Card;
use super::clock::Clock;
use super::error::ApiError;
use super::faults::FaultMenu;
use super::payments::{CancelOrder, Event, Method, Order, PaymentRecord, Version};
use super::receipts::Receipt;
use super::schedules::Schedule;
use super::webhooks::{self, Delivery};
use super::{PortOneSandboxConfig, V1Webhook, json};
use crate::sandbox::support::{Dice, lock, random_id, silence};

/// For how long a virtual account takes a deposit when the shop does not say, hours.
pub(super) const DEPOSIT_HOURS: i64 = 24;

/// What was fixed by pre-registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prepared {
    pub(super) total: Won,
    pub(super) currency: String,
}

/// What the gateway remembers.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) payments: BTreeMap<String, PaymentRecord>,
    pub(super) prepared: BTreeMap<String, Prepared>,
    pub(super) billing_keys: BTreeMap<String, BillingKey>,
    pub(super) schedules: BTreeMap<String, Schedule>,
    pub(super) receipts: BTreeMap<String, Receipt>,
    pub(super) windows: BTreeMap<String, super::checkout::Window>,
    pub(super) issuing: BTreeMap<String, super::issuing::IssueWindow>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) faults: FaultMenu,
    pub(super) webhook_url: Option<String>,
    pub(super) v1_webhook: Option<V1Webhook>,
    /// V1's access token and when it ends.
    pub(super) v1_token: Option<(String, Timestamp)>,
    /// Whether the channel waits for the shop's `confirm` before it takes the money.
    pub(super) manual_confirm: bool,
    /// Tokens of payers who have pressed the button, by payment, with how they want to pay.
    pub(super) to_confirm: BTreeMap<String, (String, Choice)>,
    created: u64,
}

/// One shop.
#[derive(Debug)]
pub(super) struct Shop {
    pub(super) config: PortOneSandboxConfig,
    pub(super) secrets: WebhookSecrets,
    pub(super) state: Mutex<State>,
    pub(super) dice: Dice,
    pub(super) clock: Clock,
    pub(super) stop: watch::Sender<bool>,
    pub(super) http: HttpClient,
}

/// What a payer chose in the payment window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    Card,
    EasyPay(String),
    VirtualAccount,
}

impl Choice {
    /// Reads `CARD`, `EASY_PAY`, `EASY_PAY:KAKAOPAY`, `VIRTUAL_ACCOUNT`.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        match text.split_once(':').unwrap_or((text, "KAKAOPAY")) {
            ("CARD", _) => Ok(Self::Card),
            ("EASY_PAY", provider) => Ok(Self::EasyPay(provider.to_owned())),
            ("VIRTUAL_ACCOUNT", _) => Ok(Self::VirtualAccount),
            (other, _) => Err(ApiError::invalid(format!("the sandbox takes no {other}"))),
        }
    }

    fn method(&self, at: Timestamp, deposit_hours: i64) -> Method {
        match self {
            Self::Card => Method::Card(Card::standard()),
            Self::EasyPay(provider) => Method::EasyPay { provider: provider.clone() },
            Self::VirtualAccount => Method::VirtualAccount {
                account_number: digits(14),
                expired_at: at.saturating_add(SignedDuration::from_hours(deposit_hours)).unwrap_or(at),
                issued_at: at,
            },
        }
    }
}

impl Shop {
    pub(super) fn new(config: PortOneSandboxConfig, secrets: WebhookSecrets) -> anyhow::Result<Self> {
        let state = State {
            webhook_url: config.webhook_url.clone(),
            v1_webhook: config.v1.webhook.clone(),
            manual_confirm: config.manual_confirm,
            ..State::default()
        };
        Ok(Self {
            dice: Dice::new(config.seed),
            clock: Clock::default(),
            http: HttpClient::new(HttpTimeouts::default())?,
            state: Mutex::new(state),
            stop: watch::Sender::new(false),
            secrets,
            config,
        })
    }

    /// The payer's browser opened the payment window.
    pub(super) fn open(self: &Arc<Self>, order: Order) -> Result<(), ApiError> {
        if order.store_id != self.config.store_id {
            return Err(ApiError::new("STORE_NOT_FOUND", "no such store"));
        }
        if order.channel_key != self.config.channel_key {
            return Err(ApiError::new("CHANNEL_NOT_FOUND", "no such channel"));
        }
        if order.total.is_negative() || order.total.is_zero() || order.tax_free > order.total {
            return Err(ApiError::invalid("totalAmount must be positive and hold its parts"));
        }
        let event = {
            let mut state = lock(&self.state);
            if let Some(prepared) = state.prepared.get(&order.payment_id)
                && (prepared.total != order.total || prepared.currency != order.currency)
            {
                return Err(ApiError::invalid("the amount differs from the pre-registered one"));
            }
            state.to_confirm.remove(&order.payment_id);
            state.attempt(order, self.clock.now())?.event("Transaction.Ready")
        };
        webhooks::emit(self, &event);
        Ok(())
    }

    /// The payer paid. `amount` plays a tampered page: another amount than was asked.
    pub(super) fn pay(
        self: &Arc<Self>,
        payment_id: &str,
        choice: &Choice,
        amount: Option<Won>,
    ) -> Result<(), ApiError> {
        let skew = lock(&self.state).faults.for_amount(payment_id, &self.dice);
        self.change(payment_id, |record, at| {
            let event = record.pay(choice.method(at, record.order.deposit_hours), random_id("pg-"), at)?;
            let asked = amount.unwrap_or(record.order.total);
            record.order.total = asked.plus(Won::new(skew)).unwrap_or(asked);
            Ok(event)
        })
    }

    /// The attempt failed.
    pub(super) fn fail(
        self: &Arc<Self>,
        payment_id: &str,
        code: &str,
        message: &str,
    ) -> Result<(), ApiError> {
        self.change(payment_id, |record, at| record.fail(code, message, at))?;
        self.capture_late(payment_id);
        Ok(())
    }

    /// Money arrived on the virtual account; `amount` plays a bank that took another sum, `late` one that takes it after
    /// its time, and the fault menu may play either.
    pub(super) fn deposit(
        self: &Arc<Self>,
        payment_id: &str,
        amount: Option<Won>,
        late: bool,
    ) -> Result<(), ApiError> {
        let (late_by_fault, delta) = lock(&self.state).faults.for_deposit(payment_id, &self.dice);
        self.change(payment_id, |record, at| {
            let event = record.deposit(late || late_by_fault, at)?;
            let taken = amount.unwrap_or(record.order.total);
            record.order.total = taken.plus(Won::new(delta)).unwrap_or(taken);
            Ok(event)
        })
    }

    /// Gives money back; answers the cancellation.
    pub(super) fn cancel(
        self: &Arc<Self>,
        payment_id: &str,
        order: CancelOrder,
        quiet: bool,
    ) -> Result<Value, ApiError> {
        let outcome = {
            let mut state = lock(&self.state);
            let record = find(&mut state, payment_id)?;
            let event = record.cancel(order, random_id("cancel-"), self.clock.now());
            event.map(|event| (event, record.cancellations.last().map(json::cancellation)))
        };
        // Also after a refusal: the shop has given the payment up either way.
        self.capture_late(payment_id);
        let (event, cancellation) = outcome?;
        if !quiet {
            webhooks::emit(self, &event);
        }
        Ok(cancellation.unwrap_or_default())
    }

    /// The PG takes the money of a payment that was never paid, whatever became of it.
    pub(super) fn capture(self: &Arc<Self>, payment_id: &str) -> Result<(), ApiError> {
        self.change(payment_id, |record, at| record.capture(random_id("pg-"), at))
    }

    /// Captures a payment that was just given up, if the menu says so.
    fn capture_late(self: &Arc<Self>, payment_id: &str) {
        let after = {
            let mut state = lock(&self.state);
            let unpaid = state.payments.get(payment_id).is_some_and(|record| record.paid_at.is_none());
            unpaid.then(|| state.faults.for_capture(payment_id, &self.dice)).flatten()
        };
        let Some(after) = after else { return };
        let (shop, id) = (self.clone(), payment_id.to_owned());
        tokio::spawn(async move {
            silence(&shop.stop, after).await;
            if let Err(error) = shop.capture(&id) {
                tracing::info!(sandbox = "portone", kind = error.kind(), "nothing left to capture late");
            }
        });
    }

    /// The payment as the API answers it.
    pub(super) fn payment(&self, payment_id: &str) -> Result<Value, ApiError> {
        let mut state = lock(&self.state);
        let record = find(&mut state, payment_id)?.clone();
        let of_payment = |one: &&Delivery| one.subject.is_payment(payment_id);
        let webhooks: Vec<_> = state.deliveries.iter().filter(of_payment).collect();
        Ok(json::payment(&record, &self.config, &webhooks, state.receipts.get(payment_id)))
    }

    /// Changes a payment and tells the shop.
    pub(super) fn change(
        self: &Arc<Self>,
        payment_id: &str,
        change: impl FnOnce(&mut PaymentRecord, Timestamp) -> Result<Event, ApiError>,
    ) -> Result<(), ApiError> {
        let event = change(find(&mut lock(&self.state), payment_id)?, self.clock.now())?;
        webhooks::emit(self, &event);
        Ok(())
    }
}

impl State {
    /// Another attempt to pay, the first one or one more under the same id.
    pub(super) fn attempt(&mut self, order: Order, at: Timestamp) -> Result<&mut PaymentRecord, ApiError> {
        let (id, attempt) = (order.payment_id.clone(), attempt_id(order.version));
        if let Some(record) = self.payments.get_mut(&id) {
            record.reopen(order, attempt, at)?;
        } else {
            self.created += 1;
            let record = PaymentRecord::open(order, self.created, attempt, at);
            self.payments.insert(id.clone(), record);
        }
        find(self, &id)
    }
}

/// The gateway's id of an attempt: V1's are what its API calls `imp_uid`.
fn attempt_id(version: Version) -> String {
    match version {
        Version::V1 => format!("imp_{}", digits(12)),
        Version::V2 => random_id("tx-"),
    }
}

/// So many digits nobody can guess, 24 at most.
fn digits(count: usize) -> String {
    random_id("").chars().map(|c| char::from(b'0' + (c as u8) % 10)).take(count).collect()
}

pub(super) fn find<'a>(state: &'a mut State, payment_id: &str) -> Result<&'a mut PaymentRecord, ApiError> {
    state.payments.get_mut(payment_id).ok_or_else(|| ApiError::new("PAYMENT_NOT_FOUND", "no such payment"))
}
