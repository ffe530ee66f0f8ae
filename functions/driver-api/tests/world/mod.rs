//! A lot, a car, a clock, the test cloud and a payment gateway that remembers what was pinned.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it stands")]
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::IntoResponse as _,
    routing::post,
};
use baro_domain::{
    Passage, PaymentId, PlateNumber, Won,
    payment::{DepositAccount, Method, Payment, Report, ReportState, decide},
};
use baro_driver_api::{DriverApi, handle};
use baro_runtime::{Clock, Config};
use baro_store::Committed;
use baro_testing::{ACTIVITY, BILLING, Cloud, DIRECTORY, PARKING, at, lot_record, observation, plate};
use serde_json::{Value, json};

/// The payment that the sample events name.
pub(crate) const SAMPLE_PAYMENT: &str = "pay_e147de0b159756e681a7";

/// What was pinned: payment, amount, authorization.
type Pinned = Vec<(String, Value, String)>;

/// The gateway's `pre-register`.
#[derive(Clone, Default)]
pub(crate) struct Gateway {
    pinned: Arc<Mutex<Pinned>>,
    status: Arc<Mutex<u16>>,
}

impl Gateway {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app =
            Router::new().route("/payments/{id}/pre-register", post(pre_register)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        url
    }

    /// What was asked to be pinned so far.
    pub(crate) fn pinned(&self) -> Pinned {
        self.pinned.lock().unwrap().clone()
    }

    /// From now on it answers with this status.
    pub(crate) fn refuse_with(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }
}

async fn pre_register(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> axum::response::Response {
    let authorization = headers["authorization"].to_str().unwrap().to_owned();
    gateway.pinned.lock().unwrap().push((id, body["totalAmount"].clone(), authorization));
    let status = StatusCode::from_u16(*gateway.status.lock().unwrap()).unwrap_or(StatusCode::OK);
    let body = if status.is_success() { json!({}) } else { json!({"type": "UNAUTHORIZED", "message": "no"}) };
    (status, Json(body)).into_response()
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    headers: HeaderMap,
}

impl Answer {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of an error.
    pub(crate) fn problem(&self) -> (u16, &str) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        assert_eq!(self.body["status"], self.status);
        (self.status, self.body["code"].as_str().unwrap())
    }
}

/// All of it.
pub(crate) struct World {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Clock,
    pub(crate) gateway: Gateway,
    api: Arc<DriverApi>,
}

impl World {
    /// The lot of the fixtures is there; it is 10:25.
    pub(crate) async fn start() -> Self {
        Self::of_contract("V2").await
    }

    /// The same with a shop of this contract of the gateway.
    pub(crate) async fn of_contract(api: &str) -> Self {
        let cloud = Cloud::start().await;
        let gateway = Gateway::default();
        let clock = Clock::at(at(25));
        cloud.put_secret("portone", r#"{"apiSecret":"api-secret","webhookSecrets":[]}"#);
        let gateway_url = gateway.start().await;
        let config = Config::from_pairs([
            ("PARKING_TABLE", PARKING),
            ("BILLING_TABLE", BILLING),
            ("DIRECTORY_TABLE", DIRECTORY),
            ("ACTIVITY_TABLE", ACTIVITY),
            ("PAYMENT_QUEUE_URL", "http://queues/payments"),
            ("PORTONE_BASE_URL", &gateway_url),
            ("PORTONE_STORE_ID", "store-1"),
            ("PORTONE_CHANNEL_KEY", "channel-1"),
            ("PORTONE_CHANNEL_TYPE", "TEST"),
            ("PORTONE_SECRET_ID", "portone"),
            ("PORTONE_API", api),
        ]);
        cloud.directory().put_lots(&[lot_record()]).await.unwrap();
        let api = Arc::new(DriverApi::new(&config, &cloud.aws, clock.clone()).unwrap());
        Self { cloud, clock, gateway, api }
    }

    /// Sends the sample event of that name.
    pub(crate) async fn ask(&self, name: &str) -> Answer {
        self.ask_with(name, |_| ()).await
    }

    /// Sends the sample event of that name, changed.
    pub(crate) async fn ask_with(&self, name: &str, change: impl FnOnce(&mut Value)) -> Answer {
        let path = format!("{}/../../events/driver-api/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let mut event: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        change(&mut event);
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let api = self.api.clone();
        let response = baro_runtime::answer(request, |request| handle(api, request)).await;
        let (parts, body) = response.into_parts();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Answer { status: parts.status.as_u16(), body, headers: parts.headers }
    }

    /// The car comes in, so many minutes after ten.
    pub(crate) async fn enter(&self, minutes: i64) {
        self.record("in", Passage::Entered, minutes).await;
    }

    /// A read of the car.
    pub(crate) async fn record(&self, name: &str, passage: Passage, minutes: i64) {
        self.cloud.parking().record(&observation(name, passage, minutes), &plate(), None).await.unwrap();
    }

    /// So many other cars come in.
    pub(crate) async fn count_cars(&self, cars: i32) {
        for car in 0..cars {
            let read = observation(&format!("other{car}"), Passage::Entered, 0);
            let plate = PlateNumber::parse(&format!("34나{:04}", 1_000 + car));
            self.cloud.parking().record(&read, &plate, None).await.unwrap();
        }
    }

    fn payment_id() -> PaymentId {
        SAMPLE_PAYMENT.parse().unwrap()
    }

    /// The payment of the sample event as it is stored.
    pub(crate) async fn payment(&self) -> Payment {
        self.cloud.billing().payment(&Self::payment_id()).await.unwrap().unwrap().value
    }

    /// The gateway took the money of the sample event's payment.
    pub(crate) async fn pay(&self, minutes: i64) {
        self.report(ReportState::Paid, minutes).await;
    }

    /// The gateway reports a state of that payment, and `payment-sync` writes what follows.
    pub(crate) async fn report(&self, state: ReportState, minutes: i64) {
        self.report_of(&Self::payment_id(), state, minutes).await;
    }

    /// As [`Self::report`], of any payment.
    pub(crate) async fn report_of(&self, id: &PaymentId, state: ReportState, minutes: i64) {
        let stored = self.cloud.billing().payment(id).await.unwrap().unwrap();
        let order = &stored.value.order;
        let paid = state == ReportState::Paid;
        let report = Report {
            state,
            store_id: order.store_id.clone(),
            channel_type: order.channel_type.clone(),
            total: order.amount,
            paid: if paid { order.amount } else { Won::ZERO },
            cancelled: Won::ZERO,
            currency: order.currency.clone(),
            order_name: order.order_name.clone(),
            paid_at: paid.then(|| at(minutes)),
            changed_at: at(minutes),
            deposit_account: (!paid).then(|| DepositAccount {
                bank: "KOOKMIN".into(),
                number: "9102-1234".into(),
                expires_at: None,
            }),
            method: paid.then_some(Method::Card),
            returns: Vec::new(),
            failure: None,
            pg_tx_id: None,
            slip: None,
        };
        let decision = decide(&stored.value, &report).unwrap().unwrap();
        let (payment, fact) = (&decision.payment, decision.fact.as_ref());
        let billing = self.cloud.billing();
        let done =
            billing.commit(payment, stored.revision, &decision.entries, fact, at(minutes)).await.unwrap();
        assert_eq!(done, Committed::Done);
    }
}
