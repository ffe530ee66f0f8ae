//! What gates, phones and people on duty say to the deployed platform, over HTTP as they do.

use anyhow::{Context, Result, bail};
use baro_clients::{HttpClient, HttpTimeouts};
use baro_domain::{GateId, LotId, PaymentId, ReceivableId};
use reqwest::Method;
use serde_json::{Value, json};

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body, or null.
    pub body: Value,
}

impl Answer {
    /// The body of a 2xx answer. Errors: any other status, with its code.
    pub fn ok(self) -> Result<Value> {
        if (200..300).contains(&self.status) {
            return Ok(self.body);
        }
        bail!("{} {}: {}", self.status, self.body["code"], self.body["detail"])
    }
}

/// The platform as seen from outside.
#[derive(Debug, Clone)]
pub struct Api {
    http: HttpClient,
    front: String,
    portone: String,
}

impl Api {
    /// At these addresses.
    pub fn new(front: &str, portone: &str) -> Result<Self> {
        let timeouts = HttpTimeouts { whole: std::time::Duration::from_secs(40), ..HttpTimeouts::default() };
        Ok(Self { http: HttpClient::new(timeouts)?, front: front.to_owned(), portone: portone.to_owned() })
    }

    async fn call(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let response = request.send().await.context("no answer")?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }

    /// GET of a path at the front door.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.call(self.http.inner().get(format!("{}{path}", self.front))).await
    }

    /// A gate's report.
    pub async fn report(
        &self,
        gate: &GateId,
        secret: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Answer> {
        self.gate_post(&format!("/v1/gates/{gate}/events"), secret, content_type, body).await
    }

    /// What a controller kept while it was offline.
    pub async fn backlog(&self, gate: &GateId, secret: &str, body: &Value) -> Result<Answer> {
        let body = body.to_string().into_bytes();
        self.gate_post(&format!("/v1/gates/{gate}/backlog"), secret, "application/json", body).await
    }

    async fn gate_post(&self, path: &str, secret: &str, content_type: &str, body: Vec<u8>) -> Result<Answer> {
        let request = self.http.inner().post(format!("{}{path}", self.front));
        let request =
            request.header("authorization", format!("Bearer {secret}")).header("content-type", content_type);
        self.call(request.body(body)).await
    }

    /// The visit of a plate with its price now.
    pub async fn visit(&self, lot: &LotId, plate: &str) -> Result<Answer> {
        self.get(&format!("/v1/lots/{lot}/visits/{}", encoded(plate))).await
    }

    /// Asks for a payment of what is due.
    pub async fn start_payment(
        &self,
        lot: &LotId,
        plate: &str,
        key: &str,
        contact: &Value,
    ) -> Result<Answer> {
        let url = format!("{}/v1/lots/{lot}/visits/{}/payments", self.front, encoded(plate));
        let request = self.http.inner().post(url).header("idempotency-key", key);
        self.call(request.json(&json!({"contact": contact}))).await
    }

    /// The same as a member, up to so much of it with the member's points.
    pub async fn start_with_points(
        &self,
        (lot, plate): (&LotId, &str),
        wish: &str,
        points: i64,
        (member, contact): (&str, &Value),
    ) -> Result<Answer> {
        let url = format!("{}/v1/lots/{lot}/visits/{}/payments", self.front, encoded(plate));
        let request = self.http.inner().post(url).header("idempotency-key", wish);
        let request = request.header("authorization", format!("Bearer {member}"));
        self.call(request.json(&json!({"points": points, "contact": contact}))).await
    }

    /// Asks for a payment that buys a member points.
    pub async fn top_up(&self, member: &str, wish: &str, amount: i64) -> Result<Answer> {
        let request = self.http.inner().post(format!("{}/v1/members/me/points/top-ups", self.front));
        let request =
            request.header("idempotency-key", wish).header("authorization", format!("Bearer {member}"));
        self.call(request.json(&json!({"amount": amount}))).await
    }

    /// A member has money back for all points that it can be had for.
    pub async fn cash_out(&self, member: &str, wish: &str) -> Result<Answer> {
        let request = self.http.inner().post(format!("{}/v1/members/me/points/refunds", self.front));
        let request = request.header("idempotency-key", wish);
        self.call(request.header("authorization", format!("Bearer {member}"))).await
    }

    /// A payment's state.
    pub async fn payment(&self, payment: &PaymentId) -> Result<Value> {
        self.get(&format!("/v1/payments/{payment}")).await?.ok()
    }

    /// The browser came back: look at the gateway.
    pub async fn refresh(&self, payment: &PaymentId) -> Result<Value> {
        self.call(self.http.inner().post(format!("{}/v1/payments/{payment}/refresh", self.front))).await?.ok()
    }

    /// What a payer does in the gateway's window: `pay`, `fail`, `deposit`, `open`.
    pub async fn at_gateway(&self, payment: &PaymentId, action: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/sandbox/payments/{payment}/{action}", self.portone);
        self.call(self.http.inner().post(url).json(body)).await?.ok()
    }

    /// A driver becomes a member: the key that it is proved with.
    pub async fn join(&self, wish: &str) -> Result<String> {
        let request = self.http.inner().post(format!("{}/v1/members", self.front));
        let joined = self.call(request.header("idempotency-key", wish)).await?.ok()?;
        joined["key"].as_str().map(str::to_owned).context("no key")
    }

    /// What a member asks for, or does, below `/v1/members/me`.
    pub async fn as_member(
        &self,
        key: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let request = self.http.inner().request(method, format!("{}/v1/members/me{path}", self.front));
        let request = request.header("authorization", format!("Bearer {key}"));
        self.call(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// What a member's page does: has a card registered on the gateway's own page, hands its key over, and registers a plate
    /// up to this limit, won.
    pub async fn register(&self, key: &str, card: &str, plate: &str, limit: i64) -> Result<()> {
        let me = self.as_member(key, Method::GET, "", None).await?.ok()?;
        let billing_key = self.issue_card(&me["issuing"], card).await?;
        let body = json!({"billingKey": billing_key});
        self.as_member(key, Method::POST, "/cards", Some(&body)).await?.ok()?;
        let path = format!("/plates/{}", encoded(plate));
        self.as_member(key, Method::PUT, &path, Some(&json!({"limit": limit}))).await?.ok().map(drop)
    }

    /// What an operator's desk asks for below `/v1/operator`, or does: with a key by which a repetition is known.
    pub async fn as_operator(&self, key: &str, path: &str, done: Option<(&str, &Value)>) -> Result<Answer> {
        let url = format!("{}/v1/operator{path}", self.front);
        let request = match done {
            None => self.http.inner().get(url),
            Some((wish, body)) => self.http.inner().post(url).header("idempotency-key", wish).json(body),
        };
        self.call(request.header("authorization", format!("Bearer {key}"))).await
    }

    /// What the page behind a notice's link shows.
    pub async fn receivable(&self, receivable: &ReceivableId) -> Result<Value> {
        self.get(&format!("/v1/receivables/{receivable}")).await?.ok()
    }

    /// Asks for a payment of what a receivable asks for, as that page does.
    pub async fn pay_receivable(&self, receivable: &ReceivableId) -> Result<Value> {
        let url = format!("{}/v1/receivables/{receivable}/payments", self.front);
        self.call(self.http.inner().post(url).json(&json!({}))).await?.ok()
    }

    /// A person types a card's number on the gateway's issuing page; the key that the page's browser is given.
    async fn issue_card(&self, issuing: &Value, number: &str) -> Result<String> {
        let asked: Vec<(&str, &str)> = ["storeId", "channelKey", "customerId"]
            .into_iter()
            .filter_map(|name| Some((name, issuing[name].as_str()?)))
            .chain([("billingKeyMethod", "CARD"), ("window", "iframe")])
            .collect();
        let page = self.http.inner().get(format!("{}/issue", self.portone)).query(&asked).send().await?;
        let page = String::from_utf8(page.bytes().await?.to_vec())?;
        let form = page.split("action=\"/issue/").nth(1).and_then(|rest| rest.split('"').next());
        let key = form.context("no form to type a card into")?.to_owned();
        let typed = [("press", "issue"), ("number", number), ("expiry", "12/39")];
        let pressed = self.http.inner().post(format!("{}/issue/{key}", self.portone)).form(&typed);
        let status = pressed.send().await?.status();
        anyhow::ensure!(status.is_success(), "the card was not registered: {status}");
        Ok(key)
    }

    /// What goes wrong at the gateway from now on.
    pub async fn fault(&self, rule: &Value) -> Result<()> {
        self.call(self.http.inner().post(format!("{}/sandbox/faults", self.portone)).json(rule))
            .await
            .map(|_| ())
    }
}

/// What the gateway's window is opened with, of the answer to a wish to pay.
pub fn window(started: &Value) -> Value {
    json!({
        "storeId": started["storeId"], "channelKey": started["channelKey"], "orderName": started["orderName"],
        "totalAmount": started["amount"], "currency": started["currency"]
    })
}

/// The receivable that a notice's link leads to, as the person reads it.
pub fn linked(text: &str) -> Option<ReceivableId> {
    ReceivableId::parse(text.split("#/owed/").nth(1)?.split_whitespace().next()?).ok()
}

/// Percent-encoded UTF-8, as a path wants it.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}
