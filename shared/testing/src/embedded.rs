//! The embedded DynamoDB without a server: SDK clients call it through a connector of their own, and every change of a
//! streamed table is kept with its images.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use aws_smithy_runtime_api::{
    client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::StatusCode as SdkStatus,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use axum::{
    body::{Body, Bytes},
    extract::{Request, State as Extract},
    http::StatusCode,
};
use baro_store::schema;
use dynoxide::Database;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    ItemChange, State,
    server::{self, Endpoint},
};

/// A connector to a new, empty cloud.
pub(crate) fn connector(state: Arc<Mutex<State>>) -> SharedHttpConnector {
    let tables = Tables(Database::memory().unwrap());
    SharedHttpConnector::new(InProcess(Endpoint { state, tables: server::Tables::InProcess(tables) }))
}

struct InProcess(Endpoint);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let endpoint = self.0.clone();
        HttpConnectorFuture::new(async move {
            let failed = |cause: &'static str| ConnectorError::other(cause.into(), None);
            let mut asked = Request::builder().method(request.method()).uri(request.uri());
            for (name, value) in request.headers() {
                asked = asked.header(name, value);
            }
            let body = ByteStream::new(request.into_body()).collect().await;
            let body = body.map_err(|_| failed("the request's body"))?.into_bytes();
            let asked = asked.body(Body::from(body)).map_err(|_| failed("the request"))?;
            let (parts, body) = server::answer(Extract(endpoint), asked).await.into_parts();
            let bytes =
                axum::body::to_bytes(body, usize::MAX).await.map_err(|_| failed("the answer's body"))?;
            let status = SdkStatus::try_from(parts.status.as_u16()).map_err(|_| failed("the status"))?;
            let mut said = HttpResponse::new(status, SdkBody::from(bytes));
            for (name, value) in &parts.headers {
                let value = value.to_str().unwrap_or_default().to_owned();
                said.headers_mut().insert(name.as_str().to_owned(), value);
            }
            Ok(said)
        })
    }
}

/// The database.
#[derive(Clone)]
pub(crate) struct Tables(Database);

impl Tables {
    /// Carries out one operation, and keeps what it changed in streamed tables.
    pub(crate) fn run(&self, state: &Mutex<State>, operation: &str, asked: &Value) -> (StatusCode, Bytes) {
        let touched: Vec<(String, Value, Value)> = touched(operation, asked)
            .into_iter()
            .map(|(table, keys)| {
                let old = self.item(&table, &keys);
                (table, keys, old)
            })
            .collect();
        let (status, said) = match self.dispatch(operation, asked) {
            Ok(said) => (StatusCode::OK, said),
            Err(error) => (
                StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST),
                error.to_json(),
            ),
        };
        for (table, keys, old) in touched {
            let new = self.item(&table, &keys);
            if old != new {
                state.lock().unwrap().changes.push(ItemChange { table, keys, old, new });
            }
        }
        (status, Bytes::from(said))
    }

    fn item(&self, table: &str, keys: &Value) -> Value {
        let asked = json!({"TableName": table, "Key": keys, "ConsistentRead": true});
        let said = self.dispatch("GetItem", &asked).unwrap_or_default();
        serde_json::from_str::<Value>(&said).map(|mut said| said["Item"].take()).unwrap_or_default()
    }

    fn dispatch(&self, operation: &str, asked: &Value) -> dynoxide::Result<String> {
        let db = &self.0;
        match operation {
            "CreateTable" => run(&without_stream(asked), |asked| db.create_table(asked)),
            "GetItem" => run(asked, |asked| db.get_item(asked)),
            "PutItem" => run(asked, |asked| db.put_item(asked)),
            "UpdateItem" => run(asked, |asked| db.update_item(asked)),
            "DeleteItem" => run(asked, |asked| db.delete_item(asked)),
            "Query" => run(asked, |asked| db.query(asked)),
            "Scan" => run(asked, |asked| db.scan(asked)),
            "BatchGetItem" => run(asked, |asked| db.batch_get_item(asked)),
            "BatchWriteItem" => run(asked, |asked| db.batch_write_item(asked)),
            "TransactWriteItems" => run(asked, |asked| db.transact_write_items(asked)),
            "TransactGetItems" => run(asked, |asked| db.transact_get_items(asked)),
            _ => panic!("{operation} is not one that the functions use"),
        }
    }
}

fn run<Q: DeserializeOwned, R: Serialize>(
    asked: &Value,
    call: impl FnOnce(Q) -> dynoxide::Result<R>,
) -> dynoxide::Result<String> {
    let asked = Q::deserialize(asked).unwrap();
    Ok(serde_json::to_string(&call(asked)?).unwrap())
}

/// A table without a stream of its own: the database counts a stream's records with each write, so that each takes longer than the
/// one before. The changes are kept here.
fn without_stream(asked: &Value) -> Value {
    let mut asked = asked.clone();
    if let Some(asked) = asked.as_object_mut() {
        asked.remove("StreamSpecification");
    }
    asked
}

/// The items of streamed tables that a write is about.
fn touched(operation: &str, asked: &Value) -> Vec<(String, Value)> {
    let one = |write: &Value| {
        let table = write["TableName"].as_str()?.to_owned();
        let streamed = schema::TABLES.iter().any(|known| known.streamed && known.logical_name == table);
        let key = [&write["Key"], &write["Item"]].into_iter().find(|key| key.is_object())?;
        streamed.then(|| (table, json!({"pk": key["pk"], "sk": key["sk"]})))
    };
    match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => one(asked).into_iter().collect(),
        "TransactWriteItems" => {
            let writes = asked["TransactItems"].as_array().into_iter().flatten();
            writes.filter_map(|write| write.as_object()?.values().find_map(one)).collect()
        }
        _ => Vec::new(),
    }
}
