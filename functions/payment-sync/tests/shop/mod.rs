//! A gateway that keeps books of one payment and guards them as PortOne does; what its answers lose is set by the test.
#![allow(dead_code, reason = "not every test file uses all of it")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use aws_lambda_events::sqs::SqsEvent;
use baro_clients::portone::{
    BillingKeyCharge, CancelRequest, Cancellation, ChargedPayment, GatewayError, GatewayPayment,
    PaymentGateway, Refusal, RefusalKind,
};
use baro_domain::{PaymentId, PlateNumber, Won, ledger::Account, payment::Payment};
use baro_payment_sync::PaymentSync;
use baro_runtime::Clock;
use baro_testing::{Cloud, at};
use serde_json::{Value, json};

/// What happens to the next call that moves money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It never arrives.
    Request,
    /// It is carried out and the answer is lost.
    Answer,
}

#[derive(Debug, Default)]
struct Books {
    taken: Option<(Won, &'static str)>,
    cancellations: Vec<Value>,
    losses: Vec<Loss>,
    refusal: Option<RefusalKind>,
    calls: usize,
    charged: usize,
    pending: bool,
    /// A status without money, where the gateway has one.
    standing: Option<&'static str>,
}

impl Books {
    fn cancelled(&self) -> i64 {
        let done = self.cancellations.iter().filter(|c| c["status"] == "SUCCEEDED");
        done.map(|c| c["totalAmount"].as_i64().unwrap()).sum()
    }
}

/// The gateway.
#[derive(Debug, Default)]
pub(crate) struct Shop(Mutex<Books>);

impl Shop {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap()
    }

    /// Has taken so much by this kind of method.
    pub(crate) fn taken(amount: i64, method: &'static str) -> Arc<Self> {
        let books = Books { taken: Some((Won::new(amount), method)), ..Books::default() };
        Arc::new(Self(Mutex::new(books)))
    }

    /// Has an account given out for so much, or lets it run out: a status without money.
    pub(crate) fn stands(&self, status: &'static str) {
        self.books().standing = Some(status);
    }

    /// The money comes, by this kind of method.
    pub(crate) fn takes(&self, amount: i64, method: &'static str) {
        let mut books = self.books();
        (books.taken, books.standing) = (Some((Won::new(amount), method)), None);
    }

    pub(crate) fn lose(&self, losses: &[Loss]) {
        self.books().losses = losses.to_vec();
    }

    pub(crate) fn refuse(&self, refusal: Option<RefusalKind>) {
        self.books().refusal = refusal;
    }

    /// Cancellations stay with the bank for a while, or are through by now.
    pub(crate) fn bank_takes_its_time(&self, pending: bool) {
        let mut books = self.books();
        books.pending = pending;
        if !pending {
            books.cancellations.iter_mut().for_each(|c| c["status"] = "SUCCEEDED".into());
        }
    }

    /// The gateway's own staff gives money back.
    pub(crate) fn give_back_by_hand(&self, amount: i64) {
        self.gives_back(amount, "콘솔");
    }

    /// Money goes back for this reason.
    pub(crate) fn gives_back(&self, amount: i64, reason: &str) {
        let id = format!("console-{}", self.books().cancellations.len());
        let done = json!({"status": "SUCCEEDED", "id": id, "totalAmount": amount, "reason": reason});
        self.books().cancellations.push(done);
    }

    /// What went back, one by one.
    pub(crate) fn returns(&self) -> Vec<i64> {
        self.books().cancellations.iter().map(|c| c["totalAmount"].as_i64().unwrap()).collect()
    }

    /// How often it has charged a card.
    pub(crate) fn charged(&self) -> usize {
        self.books().charged
    }

    /// How often it was asked to move money.
    pub(crate) fn calls(&self) -> usize {
        self.books().calls
    }
}

fn refused(kind: RefusalKind) -> GatewayError {
    GatewayError::Final(Refusal { status: 409, kind, message: "no".into(), pg_code: None })
}

#[async_trait]
impl PaymentGateway for Shop {
    async fn get_payment(&self, id: &PaymentId) -> Result<Option<GatewayPayment>, GatewayError> {
        // Lets others look at the same moment, as a network does.
        tokio::task::yield_now().await;
        let books = self.books();
        if let Some(status) = books.standing {
            let issued = json!({
                "status": status, "id": id, "transactionId": "t", "storeId": "store-1", "currency": "KRW",
                "channel": {"type": "TEST", "key": "channel-key"}, "orderName": "주차요금",
                "method": {"type": "PaymentMethodVirtualAccount", "bank": "KOOKMIN", "accountNumber": "1"},
                "amount": {"total": 1_300, "paid": 0, "cancelled": 0},
                "statusChangedAt": "2026-11-20T02:00:30Z",
            });
            return Ok(Some(serde_json::from_value(issued).unwrap()));
        }
        let Some((total, method)) = books.taken else { return Ok(None) };
        let cancelled = books.cancelled();
        let status = match cancelled {
            0 => "PAID",
            all if all == total.get() => "CANCELLED",
            _ => "PARTIAL_CANCELLED",
        };
        let seen = json!({
            "status": status, "id": id, "transactionId": "t", "storeId": "store-1", "method": {"type": method},
            "channel": {"type": "TEST", "key": "channel-key"}, "orderName": "주차요금", "currency": "KRW",
            "amount": {"total": total, "paid": total.get() - cancelled, "cancelled": cancelled},
            "paidAt": "2026-11-20T02:01:00Z", "statusChangedAt": "2026-11-20T02:05:00Z",
            "cancellations": books.cancellations,
        });
        Ok(Some(serde_json::from_value(seen).unwrap()))
    }

    async fn cancel(&self, _: &PaymentId, asked: &CancelRequest) -> Result<Cancellation, GatewayError> {
        // Lets others run in between, as a network does.
        tokio::task::yield_now().await;
        let mut books = self.books();
        books.calls += 1;
        let loss = (!books.losses.is_empty()).then(|| books.losses.remove(0));
        if loss == Some(Loss::Request) {
            return Err(GatewayError::Unknown("timed out".into()));
        }
        if let Some(kind) = books.refusal.clone() {
            return Err(refused(kind));
        }
        let (total, method) = books.taken.expect("it has taken something");
        let left =
            total.get() - books.cancellations.iter().map(|c| c["totalAmount"].as_i64().unwrap()).sum::<i64>();
        let amount = asked.amount.expect("an amount is always named").get();
        if left == 0 {
            return Err(refused(RefusalKind::PaymentAlreadyCancelled));
        }
        if asked.current_cancellable_amount.get() != left {
            return Err(refused(RefusalKind::CancellableAmountConsistencyBroken));
        }
        if amount > left {
            return Err(refused(RefusalKind::CancelAmountExceedsCancellableAmount));
        }
        if method == "PaymentMethodVirtualAccount" && asked.refund_account.is_none() {
            return Err(refused(RefusalKind::InvalidRequest));
        }
        let status = if books.pending { "REQUESTED" } else { "SUCCEEDED" };
        let id = format!("c-{}", books.cancellations.len());
        let done = json!({"status": status, "id": id, "totalAmount": amount, "reason": asked.reason});
        books.cancellations.push(done.clone());
        match loss {
            Some(_) => Err(GatewayError::Unknown("timed out".into())),
            None => Ok(serde_json::from_value(done).unwrap()),
        }
    }

    async fn pre_register(&self, _: &PaymentId, _: Won) -> Result<(), GatewayError> {
        Ok(())
    }

    async fn charge(&self, _: &PaymentId, asked: &BillingKeyCharge) -> Result<ChargedPayment, GatewayError> {
        tokio::task::yield_now().await;
        let mut books = self.books();
        books.calls += 1;
        let loss = (!books.losses.is_empty()).then(|| books.losses.remove(0));
        if loss == Some(Loss::Request) {
            return Err(GatewayError::Unknown("timed out".into()));
        }
        if let Some(kind) = books.refusal.clone() {
            return Err(refused(kind));
        }
        if books.taken.is_some() {
            return Err(refused(RefusalKind::AlreadyPaid));
        }
        books.taken = Some((asked.total, "PaymentMethodCard"));
        books.charged += 1;
        match loss {
            Some(_) => Err(GatewayError::Unknown("timed out".into())),
            None => Ok(ChargedPayment { pg_tx_id: "tx".into(), paid_at: at(61) }),
        }
    }
}

/// Everything together, a payment of 1,300 won asked for.
pub(crate) struct Till {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) id: PaymentId,
    pub(crate) shop: Arc<Shop>,
    pub(crate) sync: PaymentSync,
}

impl Till {
    pub(crate) async fn start(shop: Arc<Shop>) -> Self {
        Self::within(Arc::new(Cloud::start().await), "p", shop).await
    }

    /// Another payment in the same cloud.
    pub(crate) async fn within(cloud: Arc<Cloud>, name: &str, shop: Arc<Shop>) -> Self {
        let id = PaymentId::derive(&[name]);
        let mut payment = baro_testing::payment(&id);
        if name != "p" {
            baro_testing::stay_of(&mut payment).plate = PlateNumber::parse(name);
        }
        cloud.billing().create(&payment).await.unwrap();
        let sync = PaymentSync::new(
            (cloud.billing(), cloud.parking()),
            baro_testing::shop(),
            shop.clone(),
            Clock::at(at(62)),
        );
        cloud.forget_calls();
        Self { cloud, id, shop, sync }
    }

    /// Nothing is asked for yet; this payment is looked at.
    pub(crate) fn idle(cloud: Arc<Cloud>, id: PaymentId) -> Self {
        Self::over(cloud, id, Arc::new(Shop::default()))
    }

    /// A payment that is there already, with what the gateway has of it.
    pub(crate) fn over(cloud: Arc<Cloud>, id: PaymentId, shop: Arc<Shop>) -> Self {
        let parts = (cloud.billing(), cloud.parking());
        let sync = PaymentSync::new(parts, baro_testing::shop(), shop.clone(), Clock::at(at(62)));
        cloud.forget_calls();
        Self { cloud, id, shop, sync }
    }

    pub(crate) async fn payment(&self) -> Payment {
        self.cloud.billing().payment(&self.id).await.unwrap().unwrap().value
    }

    /// A message about the payment; whether it was handled.
    pub(crate) async fn hears(&self, more: Value) -> bool {
        let mut body = json!({"paymentId": self.id});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        let record =
            json!({"messageId": "m", "body": body.to_string(), "attributes": {}, "messageAttributes": {}});
        let event: SqsEvent = serde_json::from_value(json!({"Records": [record]})).unwrap();
        self.sync.handle(event).await.unwrap().batch_item_failures.is_empty()
    }

    /// What the lot is owed for it by the journal.
    pub(crate) async fn lot_is_owed(&self) -> i64 {
        owed(&self.cloud).await.remove(&self.id).unwrap_or_default()
    }
}

/// What the lot is owed by the journal, for each payment.
pub(crate) async fn owed(cloud: &Cloud) -> BTreeMap<PaymentId, i64> {
    let payable = Account::LotPayable(baro_testing::lot_record().lot.id);
    let mut owed = BTreeMap::new();
    for entry in cloud.billing().journal(jiff::civil::date(2026, 11, 20), None).await.unwrap() {
        *owed.entry(entry.payment.clone()).or_default() -= entry.change_of(&payable).unwrap().get();
    }
    owed
}
