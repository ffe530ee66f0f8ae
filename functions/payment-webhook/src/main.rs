//! Lambda `payment-webhook`: hints of the payment gateway, believed, kept and queued. What it does is in the library.

use std::process::ExitCode;

use baro_payment_webhook::{PaymentWebhook, handle};

fn main() -> ExitCode {
    baro_runtime::run_http(PaymentWebhook::from_config, handle)
}
