//! The fault menu: what can go wrong at a gateway, for one payment or at a rate.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sandbox::support::Dice;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Fault {
    /// The API answers late.
    Latency {
        /// How late.
        millis: u64,
    },
    /// The API answers 500 and has done nothing.
    ServerError,
    /// The PG behind PortOne refuses (502 with its code).
    PgRefusal,
    /// The API does what it was asked and then says nothing for so long, ending with a 504.
    TimeoutAfterSuccess {
        /// For how long.
        millis: u64,
    },
    /// The webhook is sent twice at once.
    WebhookDuplicate,
    /// The webhook is never sent.
    WebhookDrop,
    /// The webhook waits so long that later ones overtake it.
    WebhookReorder {
        /// How long.
        millis: u64,
    },
    /// The payer pays another amount than was asked: a tampered page, or a wrong deposit.
    WrongAmount {
        /// Added to the amount.
        delta_won: i64,
    },
    /// A payment that was never paid is paid after all, so long after the shop cancelled it or the attempt failed.
    LateCapture {
        /// How long after.
        millis: u64,
    },
    /// The bank takes a deposit on a virtual account after its time.
    LateDeposit,
    /// The bank takes a deposit of another sum.
    WrongDeposit {
        /// Added to the sum.
        delta_won: i64,
    },
}

/// The calls that faults can be ordered for; both APIs' calls of one purpose have one name (`token` is V1's alone).
pub const OPERATIONS: [&str; 10] = [
    "get",
    "list",
    "cancel",
    "preRegister",
    "confirm",
    "billingKey",
    "schedule",
    "cashReceipt",
    "resendWebhook",
    "token",
];

/// A fault and when it strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// For this payment (or billing key) only; absent = for all.
    #[serde(default)]
    pub payment_id: Option<String>,
    /// For this call only, one of [`OPERATIONS`]; absent = for all.
    #[serde(default)]
    pub operation: Option<String>,
    /// In so many of a thousand cases.
    #[serde(default = "always")]
    pub rate_permille: u32,
    /// At most so many times; absent = without end.
    #[serde(default)]
    pub times: Option<u32>,
}

fn always() -> u32 {
    1_000
}

/// What strikes one call.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct CallFaults {
    pub(super) latency: Duration,
    pub(super) server_error: bool,
    pub(super) pg_refusal: bool,
    pub(super) silence_after: Option<Duration>,
}

/// What strikes one webhook.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct WebhookFaults {
    pub(super) duplicate: bool,
    pub(super) drop: bool,
    pub(super) delay: Duration,
}

/// The rules in force.
#[derive(Debug, Default)]
pub(super) struct FaultMenu(Vec<FaultRule>);

impl FaultMenu {
    /// The rules in force.
    pub(super) fn rules(&self) -> &[FaultRule] {
        &self.0
    }

    /// Adds a rule.
    pub(super) fn add(&mut self, rule: FaultRule) {
        self.0.push(rule);
    }

    /// Ends all faults.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Ends one, by its place in the list. False: there is none at that place.
    pub(super) fn remove(&mut self, place: usize) -> bool {
        let known = place < self.0.len();
        if known {
            self.0.remove(place);
        }
        known
    }

    /// What strikes a call.
    pub(super) fn for_call(&mut self, operation: &str, payment_id: &str, dice: &Dice) -> CallFaults {
        let mut faults = CallFaults::default();
        for fault in self.strikes(payment_id, Some(operation), dice, is_of_call) {
            match fault {
                Fault::Latency { millis } => faults.latency += Duration::from_millis(millis),
                Fault::ServerError => faults.server_error = true,
                Fault::PgRefusal => faults.pg_refusal = true,
                Fault::TimeoutAfterSuccess { millis } => {
                    faults.silence_after = Some(Duration::from_millis(millis));
                }
                _ => {}
            }
        }
        faults
    }

    /// What strikes a webhook.
    pub(super) fn for_webhook(&mut self, payment_id: &str, dice: &Dice) -> WebhookFaults {
        let mut faults = WebhookFaults::default();
        for fault in self.strikes(payment_id, None, dice, is_of_webhook) {
            match fault {
                Fault::WebhookDuplicate => faults.duplicate = true,
                Fault::WebhookDrop => faults.drop = true,
                Fault::WebhookReorder { millis } => faults.delay += Duration::from_millis(millis),
                _ => {}
            }
        }
        faults
    }

    /// What is added to the amount that is paid, won.
    pub(super) fn for_amount(&mut self, payment_id: &str, dice: &Dice) -> i64 {
        let strikes =
            self.strikes(payment_id, None, dice, |fault| matches!(fault, Fault::WrongAmount { .. }));
        strikes
            .iter()
            .map(|fault| if let Fault::WrongAmount { delta_won } = fault { *delta_won } else { 0 })
            .sum()
    }

    /// Whether a deposit is taken after its time, and what is added to its sum, won.
    pub(super) fn for_deposit(&mut self, payment_id: &str, dice: &Dice) -> (bool, i64) {
        let of = |fault: &Fault| matches!(fault, Fault::LateDeposit | Fault::WrongDeposit { .. });
        let (mut late, mut delta) = (false, 0);
        for fault in self.strikes(payment_id, None, dice, of) {
            match fault {
                Fault::LateDeposit => late = true,
                Fault::WrongDeposit { delta_won } => delta += delta_won,
                _ => {}
            }
        }
        (late, delta)
    }

    /// How long after it was given up an unpaid payment is captured all the same.
    pub(super) fn for_capture(&mut self, payment_id: &str, dice: &Dice) -> Option<Duration> {
        let strikes =
            self.strikes(payment_id, None, dice, |fault| matches!(fault, Fault::LateCapture { .. }));
        strikes.iter().find_map(|fault| match fault {
            Fault::LateCapture { millis } => Some(Duration::from_millis(*millis)),
            _ => None,
        })
    }

    fn strikes(
        &mut self,
        payment_id: &str,
        operation: Option<&str>,
        dice: &Dice,
        of: fn(&Fault) -> bool,
    ) -> Vec<Fault> {
        let mut struck = Vec::new();
        for rule in self.0.iter_mut().filter(|rule| of(&rule.fault)) {
            let meant = rule.payment_id.as_deref().is_none_or(|id| id == payment_id)
                && rule.operation.as_deref().is_none_or(|name| Some(name) == operation);
            if meant && rule.times != Some(0) && dice.falls(rule.rate_permille) {
                rule.times = rule.times.map(|times| times - 1);
                struck.push(rule.fault);
            }
        }
        struck
    }
}

fn is_of_call(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Latency { .. } | Fault::ServerError | Fault::PgRefusal | Fault::TimeoutAfterSuccess { .. }
    )
}

fn is_of_webhook(fault: &Fault) -> bool {
    matches!(fault, Fault::WebhookDuplicate | Fault::WebhookDrop | Fault::WebhookReorder { .. })
}
