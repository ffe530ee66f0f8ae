//! One endpoint that the real AWS SDKs talk to in tests and in the bench: an embedded DynamoDB (dynoxide) behind a
//! recorder, and as much of SQS, S3 and Secrets Manager as the functions use.
//!
//! Every call is recorded, DynamoDB's with its capacity units, so that a budget of requests is a plain assertion.
//! A call can be made to fail before or after it was carried out: what a network does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]
#![allow(clippy::disallowed_methods, reason = "tests run now")]

mod embedded;
mod fixtures;
mod raw;
mod server;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use baro_runtime::aws::Aws;
use baro_store::{Activity, Billing, Directory, Parking, Tasks, schema};

pub use fixtures::{at, gate, large_lot_record, lot_record, observation, payment, plate, shop, stay_of};

/// Name of each table of the test cloud: its logical name.
pub const PARKING: &str = schema::PARKING.logical_name;
/// Billing.
pub const BILLING: &str = schema::BILLING.logical_name;
/// Directory.
pub const DIRECTORY: &str = schema::DIRECTORY.logical_name;
/// Activity.
pub const ACTIVITY: &str = schema::ACTIVITY.logical_name;

/// A call that reached the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `dynamodb`, `sqs`, `s3` or `secretsmanager`.
    pub service: &'static str,
    /// `UpdateItem`, `SendMessage`, `PUT` …
    pub operation: String,
    /// Capacity units that DynamoDB reports, in tenths: 1.5 read units are 15.
    pub read_units_x10: u64,
    /// The same for writes.
    pub write_units_x10: u64,
}

/// A message put on a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// URL of the queue.
    pub queue: String,
    /// Body.
    pub body: String,
    /// Group, for FIFO.
    pub group: Option<String>,
    /// Deduplication id, for FIFO.
    pub deduplication: Option<String>,
}

/// How a call is made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Refused before anything happened: 500.
    Before,
    /// Carried out, but the answer is lost: 500.
    After,
    /// Refused as throttled.
    Throttled,
    /// A transaction is cancelled since another one is at its items; any other call is refused as a conflict.
    TransactionConflict,
    /// Carried out, but nothing is ever answered: the caller's time-out ends it.
    Silent,
    /// The function dies before the call is carried out: see [`Cloud::crashed`].
    CrashBefore,
    /// The function dies after the call was carried out, before it hears the answer.
    CrashAfter,
}

/// A change of an item of a streamed table, as the table's stream tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemChange {
    /// Table.
    pub table: String,
    /// Key, in DynamoDB's JSON.
    pub keys: serde_json::Value,
    /// The item before, in DynamoDB's JSON; null where there was none.
    pub old: serde_json::Value,
    /// The item after; null where it was deleted.
    pub new: serde_json::Value,
}

/// A fault of whatever call comes then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    /// After so many calls.
    pub(crate) calls: usize,
    pub(crate) fault: Fault,
    /// So often.
    pub(crate) times: usize,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) calls: Vec<Call>,
    pub(crate) messages: Vec<Message>,
    pub(crate) objects: BTreeMap<String, Vec<u8>>,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) faults: VecDeque<(String, Fault)>,
    pub(crate) planned: Option<Planned>,
    pub(crate) crashed: Arc<tokio::sync::Notify>,
    pub(crate) changes: Vec<ItemChange>,
}

/// The test cloud.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// Configuration for any SDK client.
    pub aws: Aws,
    state: Arc<Mutex<State>>,
}

impl Cloud {
    /// Starts one with empty tables, inside the current runtime.
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let endpoint = server::start(state.clone()).await;
        let aws = Aws::at_endpoint(&endpoint, "ap-northeast-2");
        let cloud = Self { endpoint, aws, state };
        for table in schema::TABLES {
            schema::create(&cloud.dynamodb(), &table, table.logical_name).await.unwrap();
        }
        cloud.forget_calls();
        cloud
    }

    /// Starts one inside the process: no sockets, no threads, nothing that a second run of the same program could find in
    /// another order. It keeps the changes of streamed tables.
    pub async fn in_process() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let aws = Aws::through(embedded::connector(state.clone()), "ap-northeast-2");
        let cloud = Self { endpoint: "http://in-process".to_owned(), aws, state };
        for table in schema::TABLES {
            schema::create(&cloud.dynamodb(), &table, table.logical_name).await.unwrap();
        }
        cloud.forget_calls();
        cloud
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// A DynamoDB client.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.aws)
    }

    /// The Parking table.
    pub fn parking(&self) -> Parking {
        Parking::new(self.dynamodb(), PARKING)
    }

    /// The Billing table.
    pub fn billing(&self) -> Billing {
        Billing::new(self.dynamodb(), BILLING, PARKING)
    }

    /// The Directory table.
    pub fn directory(&self) -> Directory {
        Directory::new(self.dynamodb(), DIRECTORY)
    }

    /// The Activity table.
    pub fn activity(&self) -> Activity {
        Activity::new(self.dynamodb(), ACTIVITY)
    }

    /// Tasks of operators.
    pub fn tasks(&self) -> Tasks {
        Tasks::new(self.dynamodb(), ACTIVITY, PARKING)
    }

    /// Calls since the start, or since they were last forgotten.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// Operations on DynamoDB since then, in order.
    pub fn dynamodb_calls(&self) -> Vec<String> {
        let calls = self.calls();
        calls.into_iter().filter(|call| call.service == "dynamodb").map(|call| call.operation).collect()
    }

    /// Starts counting anew.
    pub fn forget_calls(&self) {
        self.state().calls.clear();
    }

    /// Messages put on queues so far.
    pub fn messages(&self) -> Vec<Message> {
        self.state().messages.clone()
    }

    /// Takes the messages, so that the next look shows only newer ones.
    pub fn take_messages(&self) -> Vec<Message> {
        std::mem::take(&mut self.state().messages)
    }

    /// Objects in S3, by `bucket/key`.
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.state().objects.clone()
    }

    /// Sets a secret.
    pub fn put_secret(&self, id: &str, value: &str) {
        self.state().secrets.insert(id.to_owned(), value.to_owned());
    }

    /// The next call of `operation` fails like this. Called twice, the next two do.
    pub fn fail_next(&self, operation: &str, fault: Fault) {
        self.state().faults.push_back((operation.to_owned(), fault));
    }

    /// The call after the next `calls` ones fails like this, whatever it is, and those behind it until it were `times`.
    pub fn fail_after(&self, calls: usize, fault: Fault, times: usize) {
        self.state().planned = Some(Planned { calls, fault, times });
    }

    /// Takes back what [`Self::fail_after`] planned and did not happen, and any crash that nobody waited for.
    pub fn forget_faults(&self) {
        let mut state = self.state();
        state.planned = None;
        state.crashed = Arc::default();
    }

    /// Ends when a call finds that its function has died; the future that made the call must be dropped then.
    pub async fn crashed(&self) {
        let crashed = self.state().crashed.clone();
        crashed.notified().await;
    }

    /// Takes the changes of streamed tables since the last look, in the order they were made; only
    /// [`Self::in_process`] keeps them.
    pub fn take_changes(&self) -> Vec<ItemChange> {
        std::mem::take(&mut self.state().changes)
    }
}
