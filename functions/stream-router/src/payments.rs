//! What a change means for money: promises to be charged, money paid a second time, refunds that somebody wrote down.

use baro_domain::{
    LotFees, PricedLot, RulingId,
    cash_receipt::CashReceipt,
    payment::{PaidStay, Payment, PromisedOrder, Refund, RefundState},
    visit::{
        Facts, FoldContext, Pledge, Promise, RuledBy, Ruling, RulingKind, Timeline, Visit, VisitEvent,
        surplus,
    },
};
use jiff::Timestamp;

use crate::queue::PaymentHint;

/// What a bank prints of an order's name is short.
const MAX_LOT_NAME_CHARS: usize = 30;

/// A plate's facts and what they fold to.
pub(crate) type Folded<'a> = (&'a Facts, &'a Timeline);

/// What this change shows to have been paid a second time.
pub(crate) fn paid_twice(
    context: &FoldContext<'_, LotFees>,
    (old, before): Folded<'_>,
    (new, after): Folded<'_>,
) -> Vec<PaymentHint> {
    // Nearly every stay has one payment, or none.
    if new.payments.len() < 2 {
        return Vec::new();
    }
    let known = surplus(context, old, before);
    let found = surplus(context, new, after).into_iter();
    let fresh = found.filter(|(payment, keep)| known.get(payment) != Some(keep));
    fresh.map(|(payment, keep)| PaymentHint::surplus(payment, keep)).collect()
}

/// Whether a refund waits to be brought to the gateway since this change.
pub(crate) fn asks_for_refund(old: Option<&Payment>, new: &Payment) -> bool {
    let before = |refund: &Refund| old.and_then(|old| old.refunds.iter().find(|known| known.id == refund.id));
    new.refunds.iter().any(|refund| {
        refund.state == RefundState::Requested
            && before(refund).is_none_or(|before| before.state != refund.state)
    })
}

/// Whether a payer asked for a cash receipt by this change, or for one to another number.
pub(crate) fn wishes_receipt(old: Option<&CashReceipt>, new: &CashReceipt) -> bool {
    old.is_none_or(|old| old.wishes != new.wishes)
}

/// The orders of all promises that stand. They are sent with every change of the facts, since an order is good only for the
/// revision it was made of; the payment's id makes them one.
pub(crate) fn promised(lot: &PricedLot, after: &Timeline, revision: i64) -> Vec<PaymentHint> {
    let orders = after.promises().filter_map(|(visit, promise)| order(lot, visit, promise, revision));
    orders.map(PaymentHint::promise).collect()
}

/// `None` where the stay can't be quoted: then no promise was made either.
fn order(lot: &PricedLot, visit: &Visit, promise: &Promise, revision: i64) -> Option<PromisedOrder> {
    let quote = lot.quote(visit, promise.at).ok()?;
    let name: String = lot.lot.name.chars().take(MAX_LOT_NAME_CHARS).collect();
    Some(PromisedOrder {
        stay: PaidStay {
            lot: visit.lot.clone(),
            plate: visit.plate.clone(),
            visit: visit.id.clone(),
            entered_at: visit.entered_at,
            quoted_until: promise.at,
            time_zone: lot.lot.time_zone.clone(),
            promised_at: Some(promise.read.clone()),
            owed: None,
        },
        amount: promise.amount,
        order_name: format!("{name} 주차요금"),
        quote: serde_json::to_value(&quote).ok()?,
        payer: promise.payer.clone(),
        revision,
    })
}

/// What is filed under a visit whose plate somebody pays for.
pub(crate) fn pledged(opened: &VisitEvent, pledge: &Pledge, now: Timestamp) -> Ruling {
    Ruling {
        id: RulingId::derive(&["pledge", opened.visit.as_str(), pledge.payer.as_str()]),
        // The stay that begins then is meant, whenever its news arrives.
        at: opened.entered_at.min(now),
        by: RuledBy::Platform,
        note: String::new(),
        kind: RulingKind::Pledged(pledge.clone()),
    }
}
