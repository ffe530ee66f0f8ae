//! Fixing a payment's amount at the gateway before the driver's browser opens its window.
//!
//! This is the second defence against a page that was changed to ask for less: `payment-sync` compares what arrived with
//! what was asked for anyway, and never counts another amount as paid. So a failure here is logged and stops nothing:
//! a gateway that can't pin now may well take a payment a minute later, and the driver is waiting.

use std::time::Duration;

use baro_clients::{
    http::HttpTimeouts,
    portone::{GatewayError, PaymentGateway as _, RefusalKind},
};
use baro_domain::{PaymentId, Won};
use baro_gateway::RotatingPortOne;
use baro_runtime::{Aws, Clock, Config, InitError, problem::chain};

/// The driver waits for it, so it gets little time.
const TIMEOUTS: HttpTimeouts =
    HttpTimeouts { connect: Duration::from_millis(800), whole: Duration::from_secs(2) };

/// Pins amounts at the gateway.
#[derive(Debug)]
pub(crate) struct AmountPin(RotatingPortOne);

impl AmountPin {
    /// `None` where the operator gave this function no secret: then amounts are only checked afterwards.
    pub(crate) fn from_config(config: &Config, aws: &Aws, clock: &Clock) -> Result<Option<Self>, InitError> {
        if config.optional("PORTONE_SECRET_ID").is_none() {
            return Ok(None);
        }
        RotatingPortOne::with_timeouts(aws, config, clock.clone(), TIMEOUTS).map(Self).map(Some)
    }

    /// Fixes the amount of a payment; may be repeated. A failure is logged and otherwise ignored.
    pub(crate) async fn fix(&self, payment: &PaymentId, amount: Won) {
        match self.0.pre_register(payment, amount).await {
            Ok(()) => {}
            // Paid meanwhile: there is nothing left to pin.
            Err(GatewayError::Final(refusal)) if refusal.kind == RefusalKind::AlreadyPaid => {}
            Err(error) => tracing::warn!(
                payment = payment.as_str(),
                cause = chain(&error),
                "the amount is not pinned at the gateway"
            ),
        }
    }
}
