//! A router on the test cloud, and records as a table's stream tells them.
#![allow(dead_code, reason = "not every test file uses all of it")]

use aws_lambda_events::dynamodb::{Event, EventRecord};
use baro_domain::notice::{Contact, Language};
use baro_runtime::Clock;
use baro_stream_router::{Queues, Router, Tables};
use baro_testing::{Cloud, PARKING, at, large_lot_record, lot_record, plate};
use serde_json::json;

pub(crate) const SITE: &str = "https://baro.example";
pub(crate) const QUEUE: &str = "http://sqs/notices";
pub(crate) const COMMANDS: &str = "http://sqs/commands.fifo";
pub(crate) const PAYMENTS: &str = "http://sqs/payments";

pub(crate) fn tables(cloud: &Cloud) -> Tables {
    Tables {
        directory: cloud.directory(),
        activity: cloud.activity(),
        parking: cloud.parking(),
        tasks: cloud.tasks(),
        billing: cloud.billing(),
    }
}

pub(crate) fn queues(cloud: &Cloud) -> Queues {
    Queues::new(&cloud.aws, QUEUE, COMMANDS, PAYMENTS)
}

pub(crate) async fn start() -> (Cloud, Router) {
    let cloud = Cloud::start().await;
    cloud.directory().put_lots(&[large_lot_record()]).await.unwrap();
    let router = Router::new(tables(&cloud), queues(&cloud), SITE, Clock::at(at(1)));
    cloud.forget_calls();
    (cloud, router)
}

pub(crate) fn driver() -> Contact {
    Contact { push_token: None, phone: Some("01000001234".into()), language: Language::Ko }
}

pub(crate) fn record(sequence: u32, old: serde_dynamo::Item, new: serde_dynamo::Item) -> EventRecord {
    let mut record: EventRecord = serde_json::from_value(json!({
        "awsRegion": "ap-northeast-2", "eventID": sequence.to_string(), "eventName": "MODIFY", "eventSource": "aws:dynamodb",
        "eventSourceARN": "arn:aws:dynamodb:ap-northeast-2:000000000000:table/t/stream/s",
        "dynamodb": {"Keys": {}, "NewImage": {}, "SequenceNumber": format!("42{sequence:010}"), "SizeBytes": 1, "ApproximateCreationDateTime": 1}
    }))
    .unwrap();
    (record.change.old_image, record.change.new_image) = (old, new);
    record
}

pub(crate) fn event(records: Vec<EventRecord>) -> Event {
    let mut event: Event = serde_json::from_value(json!({"Records": []})).unwrap();
    event.records = records;
    event
}

pub(crate) async fn facts_image(cloud: &Cloud) -> serde_dynamo::Item {
    cloud.image(PARKING, lot_record().lot.id.as_str(), &format!("P#{}", plate().as_str())).await
}
