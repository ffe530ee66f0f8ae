//! Which events a person is told of, and what they are told.

use baro_domain::{
    EventId, Lot, PricedLot, Won,
    notice::{Contact, Notice, NoticeKind},
    payment::{Payment, PaymentStatus},
    receivable::{Receivable, Try, TryOutcome},
    tariff::Demand,
    visit::{Facts, RulingKind, Timeline, VisitEvent, VisitEventKind},
};
use jiff::{SignedDuration, Timestamp};

/// News older than this is no news: the event came out of an offline controller's backlog.
const NEWS_FOR: SignedDuration = SignedDuration::from_mins(30);

/// A short name for logs.
pub(crate) fn name(event: &VisitEvent) -> &'static str {
    match event.kind {
        VisitEventKind::Opened => "opened",
        VisitEventKind::Closed { .. } => "closed",
        VisitEventKind::Owes { .. } => "owes",
        VisitEventKind::ExitMissed => "exit-missed",
        VisitEventKind::Withdrawn => "withdrawn",
        VisitEventKind::Reopened => "reopened",
    }
}

pub(crate) fn notice(
    event: EventId,
    plate: baro_domain::PlateNumber,
    lot: &Lot,
    contact: Contact,
    kind: NoticeKind,
) -> Notice {
    Notice {
        id: Notice::id_for(&event),
        event,
        plate,
        lot_name: lot.name.clone(),
        time_zone: lot.time_zone.clone(),
        contact,
        kind,
    }
}

/// The notice of a visit's event, still without the person. `None` for what nobody is told of, and for old news (D-016).
pub fn of_visit(event: &VisitEvent, lot: &Lot, now: Timestamp) -> Option<Notice> {
    let (at, kind) = match event.kind {
        VisitEventKind::Opened => (event.entered_at, NoticeKind::Entered { entered_at: event.entered_at }),
        VisitEventKind::Closed { left_at, outstanding, .. } => {
            (left_at, NoticeKind::Left { left_at, outstanding })
        }
        VisitEventKind::Owes { .. }
        | VisitEventKind::ExitMissed
        | VisitEventKind::Withdrawn
        | VisitEventKind::Reopened => return None,
    };
    if now.duration_since(at) > NEWS_FOR {
        return None;
    }
    Some(notice(event.id.clone(), event.plate.clone(), lot, Contact::default(), kind))
}

/// The notices of disputes that were decided between `old` and `new`, each to whom its dispute names. What is due is what it
/// is at the decision, so that a repetition says the same.
pub(crate) fn of_decisions(
    lot: &PricedLot,
    (old, new): (&Facts, &Facts),
    after: &Timeline,
    now: Timestamp,
) -> Vec<Notice> {
    let mut notices = Vec::new();
    for ruling in new.rulings.iter().filter(|ruling| !old.rulings.contains(ruling)) {
        let RulingKind::Decided { dispute, upheld } = &ruling.kind else { continue };
        let Some((disputed, contact)) = new.dispute(dispute) else { continue };
        if now.duration_since(ruling.at) > NEWS_FOR {
            continue;
        }
        // A visit that a verdict made vanish, or none, owes nothing.
        let visit = after.visit_at(disputed.at);
        let due = visit.map_or(Some(Won::ZERO), |visit| visit.owed(&lot.fees, ruling.at));
        let event = EventId::derive(&["decided", dispute.as_str()]);
        let kind = NoticeKind::DisputeDecided { accepted: *upheld, due };
        notices.push(notice(event, new.plate.clone(), &lot.lot, contact.clone(), kind));
    }
    notices
}

/// The notice of a payment's new state, addressed to whom the payment names.
pub fn of_payment(payment: &Payment, lot: &Lot) -> Option<Notice> {
    let kind = match payment.status {
        // The car has left long ago: nobody is told to leave.
        PaymentStatus::Paid if payment.stay()?.owed.is_some() => {
            NoticeKind::UnpaidSettled { amount: payment.captured }
        }
        PaymentStatus::Paid => {
            let fact = payment.paid_fact()?;
            NoticeKind::PaymentReceived { amount: payment.paid(), leave_by: fact.leave_by(lot.rules) }
        }
        PaymentStatus::AwaitingDeposit => {
            let account = payment.deposit_account.as_ref()?;
            NoticeKind::DepositAwaited {
                amount: payment.order.amount,
                bank: account.bank.clone(),
                number: account.number.clone(),
            }
        }
        PaymentStatus::Refunded | PaymentStatus::PartlyRefunded if payment.given_back() > Won::ZERO => {
            NoticeKind::PaymentReturned { amount: payment.given_back() }
        }
        _ => return None,
    };
    let status = format!("{:?}@{}", payment.status, payment.given_back().get());
    let event = EventId::derive(&[payment.id.as_str(), &status]);
    Some(notice(event, payment.stay()?.plate.clone(), lot, payment.contact.clone(), kind))
}

/// The notices of what is owed that this change gives out: those of the lot's rule, and of each charge that was refused again.
pub fn of_receivable(old: Option<&Receivable>, new: &Receivable, lot: &Lot, site_url: &str) -> Vec<Notice> {
    let link = format!("{site_url}/#/owed/{}", new.id);
    let told = |name: &str, number: u32, kind| {
        let event = EventId::derive(&[new.id.as_str(), name, &number.to_string()]);
        notice(event, new.plate.clone(), lot, Contact::default(), kind)
    };
    let mut notices = Vec::new();
    for sent in new.notices.iter().skip(old.map_or(0, |old| old.notices.len())) {
        let Demand { notice: number, principal, surcharge } = sent.demand;
        let kind = NoticeKind::Unpaid { number, principal, surcharge, link: link.clone() };
        notices.push(told("notice", number, kind));
    }
    let refused = |owed: &Receivable, tried: &Try| matches!(owed.outcome(tried), TryOutcome::Refused(_));
    for tried in new.tries.iter().filter(|tried| refused(new, tried)) {
        // What was paid meanwhile, or given up, is nothing to speak of.
        if old.is_some_and(|old| refused(old, tried)) || !new.is_open() {
            continue;
        }
        let (number, again) = (tried.number, new.tries_again());
        let kind = NoticeKind::RetryRefused { number, principal: new.principal(), again, link: link.clone() };
        notices.push(told("retry", number, kind));
    }
    notices
}
