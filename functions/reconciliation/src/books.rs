//! Both sides of a day, read: the gateway's list first, then ours, so that what moves in between makes ours the newer.

use std::collections::{BTreeMap, BTreeSet};

use baro_clients::portone::{ChannelType, GatewayPayment, PaymentStatus};
use baro_domain::{
    PaymentId, Won,
    ledger::{Account, JournalEntry},
    payment::ReportState,
    reconcile::{DayBooks, OurPayment, TheirPayment},
};
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::{Timestamp, civil::Date};

use crate::{ReconcileError, Reconciliation};

/// Single payments asked for at the gateway at a time.
const CONCURRENT_LOOKS: usize = 8;

/// What was read of a day.
#[derive(Debug, Default)]
pub(crate) struct Books {
    theirs: Vec<TheirPayment>,
    ours: Vec<OurPayment>,
    entries: Vec<JournalEntry>,
    /// Payments in a state at the gateway that this version does not know: compared with nothing.
    unreadable: BTreeSet<String>,
}

impl Books {
    pub(crate) fn of_day(&self, day: Date) -> DayBooks<'_> {
        DayBooks { day, theirs: &self.theirs, ours: &self.ours, entries: &self.entries }
    }

    fn take(&mut self, seen: &GatewayPayment) {
        if let Some(their) = their(seen) {
            self.theirs.push(their);
        } else {
            tracing::warn!(payment = seen.id, status = ?seen.status, "a status this version does not know");
            self.unreadable.insert(seen.id.clone());
        }
    }

    fn without_the_unreadable(&mut self) {
        let unreadable = &self.unreadable;
        self.ours.retain(|one| !unreadable.contains(one.id.as_str()));
        self.entries.retain(|one| !unreadable.contains(one.payment.as_str()));
    }
}

/// The gateway's payment in the domain's words; `None` for a status that this version does not know.
fn their(seen: &GatewayPayment) -> Option<TheirPayment> {
    let state = match &seen.status {
        PaymentStatus::Ready | PaymentStatus::PayPending => ReportState::Pending,
        PaymentStatus::VirtualAccountIssued => ReportState::AwaitingDeposit,
        PaymentStatus::Failed => ReportState::Failed,
        PaymentStatus::Paid => ReportState::Paid,
        PaymentStatus::PartialCancelled => ReportState::PartlyCancelled,
        PaymentStatus::Cancelled => ReportState::Cancelled,
        PaymentStatus::Other(_) => return None,
    };
    let took_money =
        seen.paid_at.is_some() || matches!(state, ReportState::Paid | ReportState::PartlyCancelled);
    let captured = if took_money { seen.amount.total } else { Won::ZERO };
    Some(TheirPayment { id: seen.id.clone(), state, captured, returned: seen.amount.cancelled.min(captured) })
}

fn channel_type(seen: &GatewayPayment) -> &str {
    match seen.channel.as_ref().map(|channel| &channel.kind) {
        Some(ChannelType::Live) => "LIVE",
        Some(ChannelType::Test) => "TEST",
        Some(ChannelType::Other(other)) => other,
        None => "",
    }
}

/// Payments whose money our journal moved at the gateway.
fn posted(entries: &[JournalEntry]) -> impl Iterator<Item = &PaymentId> {
    let moves =
        |entry: &&JournalEntry| entry.postings.iter().any(|posting| posting.account == Account::PgClearing);
    entries.iter().filter(moves).map(|entry| &entry.payment)
}

impl Reconciliation {
    /// Reads a day: the gateway's list, our journal, the gateway's payments that only the journal names, and ours of all
    /// these. All of it, or an error.
    pub(crate) async fn read(
        &self,
        day: Date,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Books, ReconcileError> {
        let listed = self.listing.touched_within(from, until).await?;
        let entries = self.billing.journal(day, None).await?;
        let mut seen: BTreeMap<String, GatewayPayment> =
            listed.into_iter().map(|one| (one.id.clone(), one)).collect();
        let unlisted: BTreeSet<PaymentId> =
            posted(&entries).filter(|id| !seen.contains_key(id.as_str())).cloned().collect();
        seen.extend(self.look_at(unlisted).await?.into_iter().map(|one| (one.id.clone(), one)));
        let named = seen.keys().filter_map(|id| PaymentId::parse(id.as_str()).ok());
        let ids: BTreeSet<PaymentId> = named.chain(posted(&entries).cloned()).collect();
        let ours: Vec<OurPayment> = self.billing.payments(&ids).await?.iter().map(OurPayment::of).collect();
        let known: BTreeSet<&str> = ours.iter().map(|one| one.id.as_str()).collect();
        let mut books = Books { entries, ..Books::default() };
        for one in seen.values() {
            // Tests beside a live shop (or the reverse) are nobody's money, unless we have an order for them.
            if known.contains(one.id.as_str()) || channel_type(one) == self.channel_type {
                books.take(one);
            }
        }
        books.ours = ours;
        books.without_the_unreadable();
        Ok(books)
    }

    /// Looks at these payments once more, on both sides, and at the journal.
    pub(crate) async fn look_again(
        &self,
        day: Date,
        books: &mut Books,
        ids: &[String],
    ) -> Result<(), ReconcileError> {
        let ids: BTreeSet<PaymentId> =
            ids.iter().filter_map(|id| PaymentId::parse(id.as_str()).ok()).collect();
        let seen = self.look_at(ids.clone()).await?;
        let ours = self.billing.payments(&ids).await?;
        books.theirs.retain(|one| !ids.iter().any(|id| id.as_str() == one.id));
        books.ours.retain(|one| !ids.contains(&one.id));
        for one in &seen {
            books.take(one);
        }
        books.ours.extend(ours.iter().map(OurPayment::of));
        books.entries = self.billing.journal(day, None).await?;
        books.without_the_unreadable();
        Ok(())
    }

    async fn look_at(&self, ids: BTreeSet<PaymentId>) -> Result<Vec<GatewayPayment>, ReconcileError> {
        let looks = futures::stream::iter(ids).map(|id| async move { self.gateway.get_payment(&id).await });
        let seen: Vec<Option<GatewayPayment>> = looks.buffered(CONCURRENT_LOOKS).try_collect().await?;
        Ok(seen.into_iter().flatten().collect())
    }
}
