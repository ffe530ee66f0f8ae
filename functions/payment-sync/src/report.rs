//! The gateway's payment in the domain's words.

use baro_clients::portone::{
    Cancellation, CancellationStatus, ChannelType, GatewayPayment, PayFailure, PaymentMethod, PaymentStatus,
};
use baro_domain::payment::{DepositAccount, Method, Report, ReportState, ReportedReturn, ReturnState, Slip};
use jiff::Timestamp;

/// What the gateway reports, or `None` for a status that this version does not know.
pub fn report_of(seen: &GatewayPayment, now: Timestamp) -> Option<Report> {
    let state = match &seen.status {
        PaymentStatus::Ready | PaymentStatus::PayPending => ReportState::Pending,
        PaymentStatus::VirtualAccountIssued => ReportState::AwaitingDeposit,
        PaymentStatus::Failed => ReportState::Failed,
        PaymentStatus::Paid => ReportState::Paid,
        PaymentStatus::PartialCancelled => ReportState::PartlyCancelled,
        PaymentStatus::Cancelled => ReportState::Cancelled,
        PaymentStatus::Other(_) => return None,
    };
    let channel_type = match seen.channel.as_ref().map(|channel| &channel.kind) {
        Some(ChannelType::Live) => "LIVE".to_owned(),
        Some(ChannelType::Test) => "TEST".to_owned(),
        Some(ChannelType::Other(other)) => other.clone(),
        None => String::new(),
    };
    let changed_at = seen.status_changed_at.or(seen.paid_at).unwrap_or(now);
    Some(Report {
        state,
        store_id: seen.store_id.clone(),
        channel_type,
        total: seen.amount.total,
        paid: seen.amount.paid,
        cancelled: seen.amount.cancelled,
        currency: seen.currency.clone(),
        order_name: seen.order_name.clone(),
        // A PAID without a time is still paid.
        paid_at: seen.paid_at.or_else(|| (state == ReportState::Paid).then_some(changed_at)),
        changed_at,
        deposit_account: deposit_account(seen),
        method: seen.method.as_ref().map(method),
        returns: seen
            .cancellations
            .iter()
            .filter_map(|cancellation| returned(cancellation, changed_at))
            .collect(),
        failure: seen.failure.as_ref().map(failure),
        pg_tx_id: seen.pg_tx_id.clone(),
        slip: slip(seen),
    })
}

/// The issuer is a card's, a service's or a bank's name as the gateway writes it.
fn slip(seen: &GatewayPayment) -> Option<Slip> {
    let mut slip = Slip { url: seen.receipt_url.clone(), ..Slip::default() };
    match seen.method.as_ref()? {
        PaymentMethod::Card { card, approval_number } => {
            slip.issuer = card.as_ref().and_then(|card| card.name.clone());
            slip.card_number = card.as_ref().and_then(|card| card.number.clone());
            slip.approval_number.clone_from(approval_number);
        }
        PaymentMethod::EasyPay { provider } => slip.issuer.clone_from(provider),
        PaymentMethod::Transfer { bank } | PaymentMethod::VirtualAccount { bank, .. } => {
            slip.issuer.clone_from(bank);
        }
        _ => {}
    }
    (slip != Slip::default()).then_some(slip)
}

fn deposit_account(seen: &GatewayPayment) -> Option<DepositAccount> {
    match seen.method.as_ref()? {
        PaymentMethod::VirtualAccount { bank, account_number, expired_at, .. } => Some(DepositAccount {
            bank: bank.clone().unwrap_or_default(),
            number: account_number.clone()?,
            expires_at: *expired_at,
        }),
        _ => None,
    }
}

fn method(method: &PaymentMethod) -> Method {
    match method {
        PaymentMethod::Card { .. } => Method::Card,
        PaymentMethod::EasyPay { .. } => Method::EasyPay,
        PaymentMethod::Transfer { .. } => Method::Transfer,
        PaymentMethod::VirtualAccount { .. } => Method::VirtualAccount,
        _ => Method::Other,
    }
}

/// `None` for a status that this version does not know: of it nothing is certain.
fn returned(cancellation: &Cancellation, changed_at: Timestamp) -> Option<ReportedReturn> {
    let state = match cancellation.status {
        CancellationStatus::Succeeded => ReturnState::Done,
        CancellationStatus::Requested => ReturnState::Pending,
        CancellationStatus::Failed => ReturnState::Failed,
        CancellationStatus::Other(_) => return None,
    };
    let at = cancellation.cancelled_at.or(cancellation.requested_at).unwrap_or(changed_at);
    Some(ReportedReturn { reason: cancellation.reason.clone(), state, at })
}

fn failure(failure: &PayFailure) -> String {
    failure.pg_code.clone().or_else(|| failure.reason.clone()).unwrap_or_else(|| "failed".to_owned())
}
