//! The double-entry journal: append-only entries whose postings sum to zero. A correction is a new entry.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{CompanyId, DriverId, EntryId, LotId, PaymentId, Won, money::MoneyOverflow, points::Points};

/// An account of the chart (infra/docs/ledger.md).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "account", content = "of")]
pub enum Account {
    /// Asset: what the payment gateway has taken and will pay out to the platform.
    PgClearing,
    /// Asset: what a company on deferred payment owes for its people's visits.
    CompanyReceivable(CompanyId),
    /// Liability: what the platform owes the operator of a lot.
    LotPayable(LotId),
    /// Liability: points that a driver has paid for.
    PointsPaid(DriverId),
    /// Liability: points that a driver was given on top.
    PointsBonus(DriverId),
    /// Liability: a driver's points, of both kinds, that wait for a payment or a cash-out to end.
    PointsHeld(DriverId),
    /// Cost: what bonus points cost the platform.
    Promotion,
    /// Liability: money that arrived and matches no order; it is on its way back.
    Suspense,
}

impl Account {
    /// The account's number and name, as the export shows it.
    pub fn code(&self) -> String {
        match self {
            Self::PgClearing => "1110 pg-clearing".to_owned(),
            Self::CompanyReceivable(company) => format!("1210 company-receivable {company}"),
            Self::LotPayable(lot) => format!("2110 lot-payable {lot}"),
            Self::PointsPaid(driver) => format!("2210 points-paid {driver}"),
            Self::PointsBonus(driver) => format!("2220 points-bonus {driver}"),
            Self::PointsHeld(driver) => format!("2230 points-held {driver}"),
            Self::Promotion => "5110 promotion".to_owned(),
            Self::Suspense => "2910 suspense".to_owned(),
        }
    }
}

/// One side of an entry: a debit is positive, a credit negative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Posting {
    /// Account.
    #[serde(flatten)]
    pub account: Account,
    /// Debit positive, credit negative, won.
    pub amount: Won,
}

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A parking fee was captured.
    Sale,
    /// (Part of) a captured fee was given back.
    Refund,
    /// A surcharge on an unpaid fee was captured: lots' money like the fee, but no price of a service, so without VAT.
    Surcharge,
    /// (Part of) a captured surcharge was given back.
    SurchargeReturn,
    /// Money arrived that matches no order.
    HeldReceipt,
    /// Held money went back.
    HeldReturn,
    /// Points were paid for, and a bonus given on top.
    TopUp,
    /// Points that were paid for were given back as money by the gateway's staff: nobody had held them.
    CashOut,
    /// A parking fee was put on a company's account.
    OnAccount,
    /// (Part of) it was taken off again.
    OnAccountReturned,
    /// The bonus of a top-up that was given back is withdrawn.
    BonusForfeited,
    /// Points are held for a payment.
    PointsHeld,
    /// Held points paid a fee.
    PointsSpent,
    /// Held points are back in the wallet: the payment was not made.
    PointsReleased,
    /// Points that had paid a fee were given back.
    PointsReturned,
    /// Points are held to be given back as money, with the bonus on them.
    CashOutHeld,
    /// They were given back, and their bonus is gone.
    CashOutDone,
    /// They were not, and are back in the wallet with their bonus.
    CashOutReleased,
}

impl EntryKind {
    /// As people read it: Korean first.
    pub fn title(self) -> &'static str {
        match self {
            Self::Sale => "매출 (sale)",
            Self::Refund => "환불 (refund)",
            Self::Surcharge => "가산금 (surcharge)",
            Self::SurchargeReturn => "가산금 환불 (surcharge returned)",
            Self::HeldReceipt => "보류 (held)",
            Self::HeldReturn => "보류 반환 (returned)",
            Self::TopUp => "포인트 충전 (top-up)",
            Self::CashOut => "포인트 환급 (cash-out)",
            Self::OnAccount => "외상 매출 (on account)",
            Self::OnAccountReturned => "외상 취소 (off account)",
            Self::BonusForfeited => "보너스 회수 (bonus forfeited)",
            Self::PointsHeld => "포인트 사용 대기 (points held)",
            Self::PointsSpent => "포인트 사용 (points spent)",
            Self::PointsReleased => "포인트 사용 취소 (points released)",
            Self::PointsReturned => "포인트 반환 (points returned)",
            Self::CashOutHeld => "포인트 환급 대기 (cash-out held)",
            Self::CashOutDone => "포인트 환급 완료 (cash-out done)",
            Self::CashOutReleased => "포인트 환급 취소 (cash-out released)",
        }
    }
}

/// Whose business an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Book<'a> {
    /// A lot's.
    Lot(&'a LotId),
    /// A driver's points.
    Points(&'a DriverId),
    /// A lot's, on a company's account.
    Account(&'a LotId, &'a CompanyId),
}

/// Why postings are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnbalancedEntry {
    /// Debits and credits differ.
    #[error("the postings sum to {0}, not to zero")]
    Sum(Won),
    /// Fewer than two postings, or one of nothing.
    #[error("an entry has at least two postings, none of zero")]
    Empty,
    /// A kind of entry that this book does not have.
    #[error("{0:?} is no entry of this book")]
    Book(EntryKind),
    /// The sum does not fit 64 bits.
    #[error(transparent)]
    Overflow(#[from] MoneyOverflow),
}

/// An entry of the journal. Its id is derived from its cause, so that the same cause is posted once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "UncheckedEntry")]
pub struct JournalEntry {
    /// Derived from the cause.
    pub id: EntryId,
    /// What it is about.
    pub kind: EntryKind,
    /// The lot it belongs to; none where it is no lot's business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotId>,
    /// The payment it comes from.
    pub payment: PaymentId,
    /// When it happened at the payment gateway.
    pub occurred_at: Timestamp,
    /// The lot's local day of `occurred_at`: what settlement groups by.
    pub day: Date,
    /// When it was put into the journal; entries of old do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted_at: Option<Timestamp>,
    /// Its sides.
    pub postings: Vec<Posting>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UncheckedEntry {
    id: EntryId,
    kind: EntryKind,
    #[serde(default)]
    lot: Option<LotId>,
    payment: PaymentId,
    occurred_at: Timestamp,
    day: Date,
    #[serde(default)]
    posted_at: Option<Timestamp>,
    postings: Vec<Posting>,
}

impl TryFrom<UncheckedEntry> for JournalEntry {
    type Error = UnbalancedEntry;
    fn try_from(raw: UncheckedEntry) -> Result<Self, UnbalancedEntry> {
        check_balance(&raw.postings)?;
        let UncheckedEntry { id, kind, lot, payment, occurred_at, day, posted_at, postings } = raw;
        Ok(Self { id, kind, lot, payment, occurred_at, day, posted_at, postings })
    }
}

fn check_balance(postings: &[Posting]) -> Result<(), UnbalancedEntry> {
    if postings.len() < 2 || postings.iter().any(|posting| posting.amount.is_zero()) {
        return Err(UnbalancedEntry::Empty);
    }
    let sum = Won::sum(postings.iter().map(|posting| posting.amount))?;
    if sum.is_zero() { Ok(()) } else { Err(UnbalancedEntry::Sum(sum)) }
}

/// What an entry is posted for.
#[derive(Debug, Clone)]
pub struct Cause<'a> {
    /// Whose business it is.
    pub book: Book<'a>,
    /// Payment.
    pub payment: &'a PaymentId,
    /// What tells this cause from others of the same payment and kind (the total cancelled so far, say).
    pub discriminant: String,
    /// When.
    pub occurred_at: Timestamp,
    /// The lot's local day.
    pub day: Date,
}

impl JournalEntry {
    /// An entry of this kind over `amount` won (positive).
    pub fn post(kind: EntryKind, cause: &Cause<'_>, amount: Won) -> Result<Self, UnbalancedEntry> {
        let payable = |lot: &LotId| Account::LotPayable(lot.clone());
        let owed_by = |company: &CompanyId| Account::CompanyReceivable(company.clone());
        let points = |driver: &DriverId| Account::PointsPaid(driver.clone());
        let (debit, credit) = match (kind, cause.book) {
            (EntryKind::Sale | EntryKind::Surcharge, Book::Lot(lot)) => (Account::PgClearing, payable(lot)),
            (EntryKind::Refund | EntryKind::SurchargeReturn, Book::Lot(lot)) => {
                (payable(lot), Account::PgClearing)
            }
            (EntryKind::CashOut, Book::Points(driver)) => (points(driver), Account::PgClearing),
            (EntryKind::OnAccount, Book::Account(lot, company)) => (owed_by(company), payable(lot)),
            (EntryKind::OnAccountReturned, Book::Account(lot, company)) => (payable(lot), owed_by(company)),
            (EntryKind::HeldReceipt, _) => (Account::PgClearing, Account::Suspense),
            (EntryKind::HeldReturn, _) => (Account::Suspense, Account::PgClearing),
            _ => return Err(UnbalancedEntry::Book(kind)),
        };
        Self::of(kind, cause, vec![(debit, amount), (credit, amount.negated()?)])
    }

    /// An entry of this kind over a driver's points (neither kind negative). What it moves of a lot belongs to the book of that lot.
    pub fn post_points(
        kind: EntryKind,
        cause: &Cause<'_>,
        driver: &DriverId,
        points: Points,
    ) -> Result<Self, UnbalancedEntry> {
        use Account::{PgClearing, Promotion};
        use EntryKind as Kind;
        let (add, total) = (points, points.total()?);
        let take = Points::ZERO.minus(points)?;
        let paid = Account::PointsPaid(driver.clone());
        let bonus = Account::PointsBonus(driver.clone());
        let held = Account::PointsHeld(driver.clone());
        let sides = match (kind, cause.book) {
            (Kind::TopUp, Book::Points(_)) => {
                vec![(PgClearing, add.paid), (paid, take.paid), (Promotion, add.bonus), (bonus, take.bonus)]
            }
            (Kind::BonusForfeited, Book::Points(_)) => vec![(bonus, add.bonus), (Promotion, take.bonus)],
            (Kind::PointsHeld | Kind::CashOutHeld, Book::Points(_)) => {
                vec![(paid, add.paid), (bonus, add.bonus), (held, total.negated()?)]
            }
            (Kind::PointsReleased | Kind::CashOutReleased, Book::Points(_)) => {
                vec![(held, total), (paid, take.paid), (bonus, take.bonus)]
            }
            (Kind::CashOutDone, Book::Points(_)) => {
                vec![(held, total), (PgClearing, take.paid), (Promotion, take.bonus)]
            }
            (Kind::PointsSpent, Book::Lot(lot)) => {
                vec![(held, total), (Account::LotPayable(lot.clone()), total.negated()?)]
            }
            (Kind::PointsReturned, Book::Lot(lot)) => {
                vec![(Account::LotPayable(lot.clone()), total), (paid, take.paid), (bonus, take.bonus)]
            }
            _ => return Err(UnbalancedEntry::Book(kind)),
        };
        Self::of(kind, cause, sides.into_iter().filter(|(_, amount)| !amount.is_zero()).collect())
    }

    fn of(kind: EntryKind, cause: &Cause<'_>, sides: Vec<(Account, Won)>) -> Result<Self, UnbalancedEntry> {
        let name = serde_json::to_string(&kind).unwrap_or_default();
        let postings: Vec<Posting> =
            sides.into_iter().map(|(account, amount)| Posting { account, amount }).collect();
        check_balance(&postings)?;
        Ok(Self {
            id: EntryId::derive(&[cause.payment.as_str(), &name, &cause.discriminant]),
            kind,
            lot: match cause.book {
                Book::Lot(lot) | Book::Account(lot, _) => Some(lot.clone()),
                Book::Points(_) => None,
            },
            payment: cause.payment.clone(),
            occurred_at: cause.occurred_at,
            day: cause.day,
            posted_at: None,
            postings,
        })
    }

    /// The change of one account by this entry, won, debit positive.
    pub fn change_of(&self, account: &Account) -> Result<Won, MoneyOverflow> {
        Won::sum(
            self.postings.iter().filter(|posting| posting.account == *account).map(|posting| posting.amount),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: EntryKind, amount: i64) -> Result<JournalEntry, UnbalancedEntry> {
        let (lot, payment) = (LotId::derive(&["l"]), PaymentId::derive(&["p"]));
        let cause = Cause {
            book: Book::Lot(&lot),
            payment: &payment,
            discriminant: String::new(),
            occurred_at: Timestamp::UNIX_EPOCH,
            day: jiff::civil::date(1970, 1, 1),
        };
        JournalEntry::post(kind, &cause, Won::new(amount))
    }

    #[test]
    fn every_kind_of_entry_balances() {
        for kind in [EntryKind::Sale, EntryKind::Refund, EntryKind::HeldReceipt, EntryKind::HeldReturn] {
            let entry = entry(kind, 1_300).unwrap();
            assert_eq!(Won::sum(entry.postings.iter().map(|posting| posting.amount)).unwrap(), Won::ZERO);
        }
    }

    #[test]
    fn an_entry_over_nothing_is_refused() {
        assert_eq!(entry(EntryKind::Sale, 0), Err(UnbalancedEntry::Empty));
    }

    #[test]
    fn an_unbalanced_entry_cannot_be_read_back() {
        let mut json = serde_json::to_value(entry(EntryKind::Sale, 1_300).unwrap()).unwrap();
        json["postings"][0]["amount"] = 1_301.into();
        assert!(serde_json::from_value::<JournalEntry>(json).is_err());
    }

    #[test]
    fn the_same_cause_gives_the_same_entry() {
        assert_eq!(entry(EntryKind::Sale, 5).unwrap().id, entry(EntryKind::Sale, 5).unwrap().id);
        assert_ne!(entry(EntryKind::Sale, 5).unwrap().id, entry(EntryKind::Refund, 5).unwrap().id);
    }
}
