//! The payment gateway's side: what was asked for, paid, charged and given back there. It never forgets and never errs; what
//! is lost is what it is told and what it answers.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use baro_clients::portone::{
    BillingKeyCharge, CancelRequest, Cancellation, ChargedPayment, GatewayError, GatewayPayment,
    PaymentGateway, PaymentListing, Refusal, RefusalKind,
};
use baro_domain::{PaymentId, Won};
use baro_runtime::Clock;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The bank lets this card pay on few days.
pub const REFUSED_CARD: &str = "card-refused";
/// A charge that arrives late arrives so much later.
const LATE_BY: SignedDuration = SignedDuration::from_mins(7);

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing is done, and that is said.
    Down,
    /// It never arrives.
    Lost,
    /// It is carried out, and the answer is lost.
    Unheard,
    /// A charge arrives when its caller has long given up; anything else never.
    Late,
    /// The bank says no.
    No,
    /// The bank says no to a charge, and takes the money later all the same.
    NoThenYes,
}

/// Where a payment stands at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// An account is given out.
    Issued,
    /// The bank said no.
    Failed,
    /// Money came.
    Paid,
}

/// A payment as the gateway has it.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Where it stands.
    pub standing: Standing,
    /// What was paid, or is awaited.
    pub amount: Won,
    /// What was given back of it.
    pub returned: Won,
    /// What of that the gateway's own staff gave back.
    pub by_hand: Won,
    /// How often a card was charged for it.
    pub charges: u32,
    /// When it was asked for, and each time that it changed.
    pub moved: Vec<Timestamp>,
    order_name: String,
    paid_at: Option<Timestamp>,
    /// Whether it comes by deposit, and so goes back only to an account that somebody names.
    pub is_deposit: bool,
    cancellations: Vec<Value>,
}

/// Money on its way to the gateway.
#[derive(Debug, Clone)]
struct Coming {
    at: Timestamp,
    id: PaymentId,
    amount: Won,
    /// The order's name, where a card is charged.
    charge: Option<String>,
}

#[derive(Debug, Default)]
struct Books {
    payments: BTreeMap<PaymentId, Taken>,
    coming: Vec<Coming>,
    troubles: VecDeque<Option<Trouble>>,
    /// Payments that webhooks are to tell of.
    told: Vec<PaymentId>,
    /// Whether there is money behind the poor card today.
    is_filled: bool,
}

/// The gateway.
#[derive(Debug)]
pub struct Shop {
    books: Mutex<Books>,
    clock: Clock,
}

impl Taken {
    fn new(amount: Won, order_name: &str, now: Timestamp) -> Self {
        Self {
            standing: Standing::Failed,
            amount,
            returned: Won::ZERO,
            by_hand: Won::ZERO,
            charges: 0,
            moved: vec![now],
            order_name: order_name.to_owned(),
            paid_at: None,
            is_deposit: false,
            cancellations: Vec::new(),
        }
    }

    fn take(&mut self, now: Timestamp) {
        (self.standing, self.paid_at) = (Standing::Paid, Some(now));
        self.moved.push(now);
    }

    fn give(&mut self, amount: Won, reason: &str, now: Timestamp) -> Value {
        self.returned = self.returned.plus(amount).unwrap();
        self.moved.push(now);
        let id = format!("c-{}", self.cancellations.len());
        let done = json!({"status": "SUCCEEDED", "id": id, "totalAmount": amount, "reason": reason, "cancelledAt": now});
        self.cancellations.push(done.clone());
        done
    }

    /// Whether something was given back for this reason.
    pub fn has_given(&self, reason: &str) -> bool {
        self.cancellations.iter().any(|given| given["reason"] == reason)
    }

    fn rest(&self) -> Won {
        self.amount.remaining_after(self.returned)
    }

    fn seen(&self, id: &PaymentId) -> GatewayPayment {
        let status = match (self.standing, self.returned) {
            (Standing::Issued, _) => "VIRTUAL_ACCOUNT_ISSUED",
            (Standing::Failed, _) => "FAILED",
            (Standing::Paid, Won::ZERO) => "PAID",
            (Standing::Paid, back) if back == self.amount => "CANCELLED",
            (Standing::Paid, _) => "PARTIAL_CANCELLED",
        };
        let method = if self.is_deposit {
            json!({"type": "PaymentMethodVirtualAccount", "bank": "KOOKMIN", "accountNumber": "000"})
        } else {
            json!({"type": "PaymentMethodCard"})
        };
        let paid = if self.standing == Standing::Paid { self.rest() } else { Won::ZERO };
        let mut seen = json!({
            "status": status, "id": id, "transactionId": "t", "storeId": "store-1", "method": method,
            "channel": {"type": "TEST", "key": "channel-key"}, "orderName": self.order_name, "currency": "KRW",
            "amount": {"total": self.amount, "paid": paid, "cancelled": self.returned},
            "requestedAt": self.moved.first(), "statusChangedAt": self.moved.last(),
            "cancellations": self.cancellations
        });
        if let Some(paid_at) = self.paid_at {
            seen["paidAt"] = json!(paid_at);
        }
        serde_json::from_value(seen).unwrap()
    }
}

impl Shop {
    /// An empty one on this clock.
    pub fn new(clock: Clock) -> Self {
        Self { books: Mutex::default(), clock }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    /// A driver pays in the window: once, whatever the window does afterwards.
    pub fn pay(&self, id: &PaymentId, amount: Won) {
        self.books().pay(id, amount, self.clock.now());
    }

    /// An account is given out; the deposit comes at `at`.
    pub fn issue(&self, id: &PaymentId, amount: Won, at: Timestamp) {
        let (now, mut books) = (self.clock.now(), self.books());
        let issued = Taken {
            standing: Standing::Issued,
            is_deposit: true,
            ..Taken::new(amount, baro_testing::payment(id).order.order_name.as_str(), now)
        };
        books.payments.entry(id.clone()).or_insert(issued);
        books.told.push(id.clone());
        books.coming.push(Coming { at, id: id.clone(), amount, charge: None });
    }

    /// A driver leaves the window open and pays in it at `at`.
    pub fn pay_at(&self, id: &PaymentId, amount: Won, at: Timestamp) {
        self.books().coming.push(Coming { at, id: id.clone(), amount, charge: None });
    }

    /// What was on its way until `until` has come; answers of how many payments.
    pub fn land(&self, until: Timestamp) -> usize {
        let (now, mut books) = (self.clock.now(), self.books());
        let (landed, waits) = std::mem::take(&mut books.coming).into_iter().partition(|one| one.at <= until);
        let landed: Vec<Coming> = landed;
        books.coming = waits;
        for one in &landed {
            match &one.charge {
                // The merchant's id is the key: what was charged meanwhile is not charged again.
                Some(name) => drop(books.charge(&one.id, one.amount, name, now)),
                None => books.pay(&one.id, one.amount, now),
            }
        }
        landed.len()
    }

    /// The gateway's own staff gives a part back, or all that is left.
    pub fn give_back(&self, id: &PaymentId, part: Option<Won>) {
        let (now, mut books) = (self.clock.now(), self.books());
        let Some(taken) = books.payments.get_mut(id) else { return };
        let amount = part.unwrap_or(taken.rest()).min(taken.rest());
        if taken.standing != Standing::Paid || amount.is_zero() {
            return;
        }
        taken.by_hand = taken.by_hand.plus(amount).unwrap();
        taken.give(amount, "콘솔", now);
        books.told.push(id.clone());
    }

    /// There is money behind the poor card, or there is none.
    pub fn fill(&self, is_filled: bool) {
        self.books().is_filled = is_filled;
    }

    /// All it has.
    pub fn books_of(&self) -> BTreeMap<PaymentId, Taken> {
        self.books().payments.clone()
    }

    /// The next calls meet this, one each; nothing planned is no trouble.
    pub fn plan(&self, troubles: &[Option<Trouble>]) {
        self.books().troubles = troubles.iter().copied().collect();
    }

    /// Payments of which webhooks are to tell since the last look.
    pub fn take_told(&self) -> Vec<PaymentId> {
        std::mem::take(&mut self.books().told)
    }

    fn reads(&self) -> Result<(), GatewayError> {
        match self.books().troubles.pop_front().flatten() {
            None | Some(Trouble::No | Trouble::NoThenYes) => Ok(()),
            Some(trouble) => Err(GatewayError::Retry(format!("{trouble:?}"))),
        }
    }
}

impl Books {
    fn pay(&mut self, id: &PaymentId, amount: Won, now: Timestamp) {
        let name = baro_testing::payment(id).order.order_name;
        let taken = self.payments.entry(id.clone()).or_insert_with(|| Taken::new(amount, &name, now));
        if taken.standing != Standing::Paid {
            taken.take(now);
            self.told.push(id.clone());
        }
    }

    fn charge(
        &mut self,
        id: &PaymentId,
        amount: Won,
        name: &str,
        now: Timestamp,
    ) -> Result<(), GatewayError> {
        let taken = self.payments.entry(id.clone()).or_insert_with(|| Taken::new(amount, name, now));
        if taken.standing == Standing::Paid {
            return Err(refused(RefusalKind::AlreadyPaid));
        }
        taken.charges += 1;
        taken.take(now);
        self.told.push(id.clone());
        Ok(())
    }

    fn refuse(&mut self, id: &PaymentId, amount: Won, name: &str, now: Timestamp) -> GatewayError {
        let taken = self.payments.entry(id.clone()).or_insert_with(|| Taken::new(amount, name, now));
        if taken.standing == Standing::Paid {
            return refused(RefusalKind::AlreadyPaid);
        }
        taken.moved.push(now);
        self.told.push(id.clone());
        refused(RefusalKind::PgProvider)
    }
}

#[async_trait]
impl PaymentGateway for Shop {
    async fn get_payment(&self, id: &PaymentId) -> Result<Option<GatewayPayment>, GatewayError> {
        on_the_way().await;
        self.reads()?;
        Ok(self.books().payments.get(id).map(|taken| taken.seen(id)))
    }

    async fn cancel(&self, id: &PaymentId, asked: &CancelRequest) -> Result<Cancellation, GatewayError> {
        on_the_way().await;
        let (now, mut books) = (self.clock.now(), self.books());
        let trouble = books.troubles.pop_front().flatten();
        match trouble {
            Some(Trouble::Down) => return Err(GatewayError::Retry("503".into())),
            Some(Trouble::Lost | Trouble::Late) => return Err(GatewayError::Unknown("timed out".into())),
            Some(Trouble::No | Trouble::NoThenYes) => return Err(refused(RefusalKind::PgProvider)),
            Some(Trouble::Unheard) | None => {}
        }
        let Some(taken) = books.payments.get_mut(id).filter(|taken| taken.standing == Standing::Paid) else {
            return Err(refused(RefusalKind::PaymentNotPaid));
        };
        if taken.rest().is_zero() {
            return Err(refused(RefusalKind::PaymentAlreadyCancelled));
        }
        if asked.current_cancellable_amount != taken.rest() {
            return Err(refused(RefusalKind::CancellableAmountConsistencyBroken));
        }
        let amount = asked.amount.unwrap_or(taken.rest());
        if amount > taken.rest() {
            return Err(refused(RefusalKind::CancelAmountExceedsCancellableAmount));
        }
        if taken.is_deposit && asked.refund_account.is_none() {
            return Err(refused(RefusalKind::InvalidRequest));
        }
        let done = taken.give(amount, &asked.reason, now);
        books.told.push(id.clone());
        match trouble {
            Some(_) => Err(GatewayError::Unknown("timed out".into())),
            None => Ok(serde_json::from_value(done).unwrap()),
        }
    }

    async fn pre_register(&self, _: &PaymentId, _: Won) -> Result<(), GatewayError> {
        self.reads()
    }

    async fn charge(&self, id: &PaymentId, asked: &BillingKeyCharge) -> Result<ChargedPayment, GatewayError> {
        on_the_way().await;
        let (now, mut books) = (self.clock.now(), self.books());
        let (trouble, name) = (books.troubles.pop_front().flatten(), asked.order_name.as_str());
        let later = |books: &mut Books| {
            let (charge, at) = (Some(name.to_owned()), now + LATE_BY);
            books.coming.push(Coming { at, id: id.clone(), amount: asked.total, charge });
        };
        match trouble {
            Some(Trouble::Down) => return Err(GatewayError::Retry("503".into())),
            Some(Trouble::Lost) => return Err(GatewayError::Unknown("timed out".into())),
            Some(Trouble::Late) => {
                later(&mut books);
                return Err(GatewayError::Unknown("timed out".into()));
            }
            _ if asked.billing_key.expose() == REFUSED_CARD && !books.is_filled => {
                return Err(books.refuse(id, asked.total, name, now));
            }
            Some(Trouble::No) => return Err(books.refuse(id, asked.total, name, now)),
            Some(Trouble::NoThenYes) => {
                later(&mut books);
                return Err(books.refuse(id, asked.total, name, now));
            }
            Some(Trouble::Unheard) | None => {}
        }
        books.charge(id, asked.total, name, now)?;
        match trouble {
            Some(_) => Err(GatewayError::Unknown("timed out".into())),
            None => Ok(ChargedPayment { pg_tx_id: "tx".into(), paid_at: now }),
        }
    }
}

#[async_trait]
impl PaymentListing for Shop {
    async fn touched_within(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<GatewayPayment>, GatewayError> {
        self.reads()?;
        let within = |at: Option<&Timestamp>| at.is_some_and(|at| (from..until).contains(at));
        let touched = |taken: &Taken| within(taken.moved.first()) || within(taken.moved.last());
        let books = self.books();
        let listed = books.payments.iter().filter(|(_, taken)| touched(taken));
        Ok(listed.map(|(id, taken)| taken.seen(id)).collect())
    }
}

/// A call takes its time, and others run meanwhile.
async fn on_the_way() {
    tokio::task::yield_now().await;
}

fn refused(kind: RefusalKind) -> GatewayError {
    GatewayError::Final(Refusal { status: 409, kind, message: String::new(), pg_code: None })
}
