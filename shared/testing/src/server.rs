//! The endpoint: tells services apart as AWS clients address them, records, and makes calls fail when told to.
//! Reached through a socket or in the same process; only the way to the tables differs.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State as Extract},
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use baro_clients::http::{HttpClient, HttpTimeouts};
use md5::Md5;
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::{Call, Fault, Message, State, embedded};

/// Bodies larger than this are a defect of the test.
const MAX_BODY_BYTES: usize = 32 << 20;

/// The way to the embedded DynamoDB.
#[derive(Clone)]
pub(crate) enum Tables {
    /// Through its own server.
    Served { url: String, client: HttpClient },
    /// By a call.
    InProcess(embedded::Tables),
}

#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) tables: Tables,
}

/// Starts the embedded DynamoDB and the endpoint before it; answers the endpoint's URL.
pub(crate) async fn start(state: Arc<Mutex<State>>) -> String {
    let database = dynoxide::Database::memory().unwrap();
    let dynamodb = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dynamodb_url = format!("http://{}/", dynamodb.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(dynamodb, database));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = HttpClient::new(HttpTimeouts::default()).unwrap();
    let endpoint = Endpoint { state, tables: Tables::Served { url: dynamodb_url, client } };
    let app = Router::new().fallback(answer).with_state(endpoint);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

pub(crate) async fn answer(Extract(endpoint): Extract<Endpoint>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY_BYTES).await.unwrap();
    let target =
        parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let (service, operation) = match target.split_once('.') {
        Some((name, operation)) if name.starts_with("DynamoDB") => ("dynamodb", operation.to_owned()),
        Some(("AmazonSQS", operation)) => ("sqs", operation.to_owned()),
        Some((_, operation)) => ("secretsmanager", operation.to_owned()),
        None => ("s3", parts.method.to_string()),
    };
    if parts.uri.path() == "/" && target.is_empty() {
        return reply(StatusCode::OK, &json!({})); // A connection being warmed up.
    }
    let fault = endpoint.take_fault(&operation);
    if fault == Some(Fault::CrashBefore) {
        return endpoint.crash().await;
    }
    if let Some(refused) = fault.and_then(|fault| refusal(fault, &operation, &body)) {
        endpoint.record(service, &operation, 0, 0);
        return refused;
    }
    let response = match service {
        "dynamodb" => endpoint.dynamodb(&operation, &parts.headers, body).await,
        "sqs" => endpoint.sqs(&operation, &body),
        "s3" => endpoint.s3(&parts.method, parts.uri.path(), &body),
        _ => endpoint.secret(&operation, &body),
    };
    match fault {
        Some(Fault::CrashAfter) => endpoint.crash().await,
        Some(Fault::Silent) => std::future::pending().await,
        Some(Fault::After) => {
            reply(StatusCode::INTERNAL_SERVER_ERROR, &json!({"__type": "InternalServerError"}))
        }
        _ => response,
    }
}

fn reply(status: StatusCode, body: &Value) -> Response {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn refusal(fault: Fault, operation: &str, body: &Bytes) -> Option<Response> {
    match fault {
        Fault::After | Fault::Silent | Fault::CrashBefore | Fault::CrashAfter => None,
        Fault::Before => {
            Some(reply(StatusCode::INTERNAL_SERVER_ERROR, &json!({"__type": "InternalServerError"})))
        }
        Fault::Throttled => Some(reply(
            StatusCode::BAD_REQUEST,
            &json!({"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slow down"}),
        )),
        Fault::TransactionConflict if operation != "TransactWriteItems" => Some(reply(
            StatusCode::BAD_REQUEST,
            &json!({"__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException", "message": "conflict"}),
        )),
        Fault::TransactionConflict => {
            let asked: Value = serde_json::from_slice(body).unwrap_or_default();
            let count = asked["TransactItems"].as_array().map_or(0, Vec::len);
            let mut reasons = vec![json!({"Code": "None"}); count];
            if let Some(last) = reasons.last_mut() {
                *last =
                    json!({"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"});
            }
            Some(reply(
                StatusCode::BAD_REQUEST,
                &json!({
                    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "Message": "Transaction cancelled", "CancellationReasons": reasons
                }),
            ))
        }
    }
}

fn units_x10(capacity: &Value, kind: &str) -> u64 {
    let of = |one: &Value| one[kind].as_f64().or_else(|| one["CapacityUnits"].as_f64()).unwrap_or(0.0);
    let sum: f64 = capacity.as_array().map_or_else(|| of(capacity), |many| many.iter().map(of).sum());
    format!("{:.0}", sum * 10.0).parse().unwrap_or(0)
}

fn is_read(operation: &str) -> bool {
    matches!(operation, "GetItem" | "Query" | "Scan" | "BatchGetItem" | "TransactGetItems")
}

async fn served(url: &str, client: &HttpClient, headers: &HeaderMap, body: String) -> (StatusCode, Bytes) {
    let mut request = client.inner().post(url).body(body);
    for name in ["x-amz-target", "content-type", "authorization", "x-amz-date"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let response = request.send().await.unwrap();
    (response.status(), response.bytes().await.unwrap())
}

impl Endpoint {
    fn take_fault(&self, operation: &str) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        match &mut state.planned {
            Some(planned) if planned.calls > 0 => planned.calls -= 1,
            Some(planned) if planned.times > 0 => {
                planned.times -= 1;
                return Some(planned.fault);
            }
            _ => {}
        }
        let at = state.faults.iter().position(|(name, _)| name == operation)?;
        state.faults.remove(at).map(|(_, fault)| fault)
    }

    fn record(&self, service: &'static str, operation: &str, read_units_x10: u64, write_units_x10: u64) {
        let operation = operation.to_owned();
        self.state.lock().unwrap().calls.push(Call { service, operation, read_units_x10, write_units_x10 });
    }

    /// Tells whoever drives the function that it has died at this call; the call never ends.
    async fn crash(&self) -> Response {
        let crashed = self.state.lock().unwrap().crashed.clone();
        crashed.notify_one();
        std::future::pending().await
    }

    /// Hands on to the embedded DynamoDB, asking it to report what the call consumed.
    async fn dynamodb(&self, operation: &str, headers: &HeaderMap, body: Bytes) -> Response {
        let mut asked: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !operation.ends_with("Table") {
            asked["ReturnConsumedCapacity"] = "INDEXES".into();
        }
        let (status, bytes) = match &self.tables {
            Tables::Served { url, client } => served(url, client, headers, asked.to_string()).await,
            Tables::InProcess(tables) => tables.run(&self.state, operation, &asked),
        };
        let said: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let capacity = &said["ConsumedCapacity"];
        let (read, write) = if is_read(operation) {
            (units_x10(capacity, "ReadCapacityUnits"), 0)
        } else {
            (0, units_x10(capacity, "WriteCapacityUnits"))
        };
        self.record("dynamodb", operation, read, write);
        let crc_free =
            Response::builder().status(status).header(header::CONTENT_TYPE, "application/x-amz-json-1.0");
        crc_free.body(Body::from(bytes)).unwrap()
    }

    fn sqs(&self, operation: &str, body: &Bytes) -> Response {
        self.record("sqs", operation, 0, 0);
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let queue = asked["QueueUrl"].as_str().unwrap_or_default().to_owned();
        let mut put = |entry: &Value| {
            let text = |name: &str| entry[name].as_str().map(str::to_owned);
            let body = text("MessageBody").unwrap_or_default();
            let mut state = self.state.lock().unwrap();
            let id = format!("message-{}", state.messages.len() + 1);
            let md5 = hex::encode(Md5::digest(body.as_bytes()));
            let (group, deduplication) = (text("MessageGroupId"), text("MessageDeduplicationId"));
            state.messages.push(Message { queue: queue.clone(), body, group, deduplication });
            json!({"Id": entry["Id"], "MessageId": id, "MD5OfMessageBody": md5})
        };
        match operation {
            "SendMessage" => reply(StatusCode::OK, &put(&asked)),
            "SendMessageBatch" => {
                let entries = asked["Entries"].as_array().cloned().unwrap_or_default();
                let sent: Vec<Value> = entries.iter().map(&mut put).collect();
                reply(StatusCode::OK, &json!({"Successful": sent, "Failed": []}))
            }
            _ => reply(StatusCode::BAD_REQUEST, &json!({"__type": "UnknownOperationException"})),
        }
    }

    fn s3(&self, method: &Method, path: &str, body: &Bytes) -> Response {
        self.record("s3", method.as_str(), 0, 0);
        let key = path.trim_start_matches('/').to_owned();
        let mut state = self.state.lock().unwrap();
        let found = |bytes: Vec<u8>| {
            Response::builder().header(header::ETAG, "\"e\"").body(Body::from(bytes)).unwrap()
        };
        match *method {
            Method::PUT => {
                state.objects.insert(key, body.to_vec());
                found(Vec::new())
            }
            Method::GET if state.objects.contains_key(&key) => found(state.objects[&key].clone()),
            _ => Response::builder().status(StatusCode::NOT_FOUND).body(Body::empty()).unwrap(),
        }
    }

    fn secret(&self, operation: &str, body: &Bytes) -> Response {
        self.record("secretsmanager", operation, 0, 0);
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let id = asked["SecretId"].as_str().unwrap_or_default();
        match self.state.lock().unwrap().secrets.get(id) {
            Some(value) => reply(StatusCode::OK, &json!({"ARN": id, "Name": id, "SecretString": value})),
            None => reply(StatusCode::BAD_REQUEST, &json!({"__type": "ResourceNotFoundException"})),
        }
    }
}
