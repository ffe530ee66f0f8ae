//! One shop's state at the gateway and the changes that more than one door (API, payment window, machine routes) makes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use baro_clients::webhook::WebhookSecrets;
use baro_clients::{HttpClient, HttpTimeouts};
use baro_domain::Won;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;

use super::error::ApiError;
use super::faults::FaultMenu;
use super::payments::{CancelOrder, Event, Method, Order, PaymentRecord};
use super::schedules::Schedule;
use super::webhooks::{self, Delivery};
use super::{PortOneSandboxConfig, json};
use crate::sandbox::support::{Dice, lock, now, random_id};

/// For how long a virtual account takes a deposit when the shop does not say, hours.
pub(super) const DEPOSIT_HOURS: i64 = 24;

/// What was fixed by pre-registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prepared {
    pub(super) total: Won,
    pub(super) currency: String,
}

/// A card registered for automatic charges.
#[derive(Debug, Clone)]
pub(super) struct BillingKey {
    pub(super) customer: Value,
    pub(super) issued_at: Timestamp,
    pub(super) deleted_at: Option<Timestamp>,
}

/// What the gateway remembers.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) payments: BTreeMap<String, PaymentRecord>,
    pub(super) prepared: BTreeMap<String, Prepared>,
    pub(super) billing_keys: BTreeMap<String, BillingKey>,
    pub(super) schedules: BTreeMap<String, Schedule>,
    pub(super) windows: BTreeMap<String, super::checkout::Window>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) faults: FaultMenu,
    pub(super) webhook_url: Option<String>,
    created: u64,
}

/// One shop.
#[derive(Debug)]
pub(super) struct Shop {
    pub(super) config: PortOneSandboxConfig,
    pub(super) secrets: WebhookSecrets,
    pub(super) state: Mutex<State>,
    pub(super) dice: Dice,
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
            Self::Card => Method::Card,
            Self::EasyPay(provider) => Method::EasyPay { provider: provider.clone() },
            Self::VirtualAccount => Method::VirtualAccount {
                account_number: random_id("")
                    .chars()
                    .map(|c| char::from(b'0' + (c as u8) % 10))
                    .take(14)
                    .collect(),
                expired_at: at.saturating_add(SignedDuration::from_hours(deposit_hours)).unwrap_or(at),
                issued_at: at,
            },
        }
    }
}

impl Shop {
    pub(super) fn new(config: PortOneSandboxConfig, secrets: WebhookSecrets) -> anyhow::Result<Self> {
        let state = State { webhook_url: config.webhook_url.clone(), ..State::default() };
        Ok(Self {
            dice: Dice::new(config.seed),
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
            let id = order.payment_id.clone();
            let attempt = random_id("tx-");
            if let Some(record) = state.payments.get_mut(&id) {
                record.reopen(order, attempt, now())?;
            } else {
                state.created += 1;
                let record = PaymentRecord::open(order, state.created, attempt, now());
                state.payments.insert(id.clone(), record);
            }
            state.payments.get(&id).map(|record| record.event("Transaction.Ready"))
        };
        if let Some(event) = event {
            webhooks::emit(self, &event);
        }
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
        self.change(payment_id, |record, at| record.fail(code, message, at))
    }

    /// Money arrived on the virtual account; `amount` plays a bank that took another sum.
    pub(super) fn deposit(
        self: &Arc<Self>,
        payment_id: &str,
        amount: Option<Won>,
        late: bool,
    ) -> Result<(), ApiError> {
        self.change(payment_id, |record, at| {
            let event = record.deposit(late, at)?;
            record.order.total = amount.unwrap_or(record.order.total);
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
        let (event, cancellation) = {
            let mut state = lock(&self.state);
            let record = find(&mut state, payment_id)?;
            let event = record.cancel(order, random_id("cancel-"), now())?;
            (event, record.cancellations.last().map(json::cancellation).unwrap_or_default())
        };
        if !quiet {
            webhooks::emit(self, &event);
        }
        Ok(cancellation)
    }

    /// Charges a registered card; answers the PG's id and the time.
    pub(super) fn charge(
        self: &Arc<Self>,
        order: Order,
        key: &str,
        refused: bool,
    ) -> Result<(String, Timestamp), ApiError> {
        let at = now();
        let (event, pg_tx_id) = {
            let mut state = lock(&self.state);
            match state.billing_keys.get(key) {
                None => return Err(ApiError::new("BILLING_KEY_NOT_FOUND", "no such billing key")),
                Some(key) if key.deleted_at.is_some() => {
                    return Err(ApiError::new("BILLING_KEY_ALREADY_DELETED", "the billing key is deleted"));
                }
                Some(_) => {}
            }
            if order.tax_free > order.total {
                return Err(ApiError::new("SUM_OF_PARTS_EXCEEDS_TOTAL_AMOUNT", "taxFree exceeds total"));
            }
            let id = order.payment_id.clone();
            let pg_tx_id = random_id("pg-");
            if let Some(record) = state.payments.get_mut(&id) {
                record.reopen(order, random_id("tx-"), at)?;
            } else {
                state.created += 1;
                let record = PaymentRecord::open(order, state.created, random_id("tx-"), at);
                state.payments.insert(id.clone(), record);
            }
            let record = find(&mut state, &id)?;
            let event = if refused {
                record.fail("REJECT_CARD_PAYMENT", "한도초과 혹은 잔액부족으로 결제에 실패했습니다.", at)?
            } else {
                record.pay(Method::Card, pg_tx_id.clone(), at)?
            };
            (event, pg_tx_id)
        };
        webhooks::emit(self, &event);
        if refused {
            return Err(ApiError::pg(
                "REJECT_CARD_PAYMENT",
                "한도초과 혹은 잔액부족으로 결제에 실패했습니다.",
            ));
        }
        Ok((pg_tx_id, at))
    }

    /// The payment as the API answers it.
    pub(super) fn payment(&self, payment_id: &str) -> Result<Value, ApiError> {
        let mut state = lock(&self.state);
        let record = find(&mut state, payment_id)?.clone();
        let webhooks: Vec<_> = state.deliveries.iter().filter(|one| one.payment_id == payment_id).collect();
        Ok(json::payment(&record, &self.config, &webhooks))
    }

    fn change(
        self: &Arc<Self>,
        payment_id: &str,
        change: impl FnOnce(&mut PaymentRecord, Timestamp) -> Result<Event, ApiError>,
    ) -> Result<(), ApiError> {
        let event = change(find(&mut lock(&self.state), payment_id)?, now())?;
        webhooks::emit(self, &event);
        Ok(())
    }
}

fn find<'a>(state: &'a mut State, payment_id: &str) -> Result<&'a mut PaymentRecord, ApiError> {
    state.payments.get_mut(payment_id).ok_or_else(|| ApiError::new("PAYMENT_NOT_FOUND", "no such payment"))
}
