//! Batches as Lambda hands them over.

use super::*;
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const FIFO: &str = "arn:aws:sqs:ap-northeast-2:1:gate-backlog.fifo";
const STANDARD: &str = "arn:aws:sqs:ap-northeast-2:1:payments";

/// (id, group) pairs as a batch of that queue; the body repeats the id.
fn batch(arn: &str, messages: &[(&str, &str)]) -> SqsEvent {
    let records: Vec<_> = messages
        .iter()
        .map(|(id, group)| {
            json!({"messageId": id, "body": id, "eventSourceARN": arn, "attributes": {"MessageGroupId": group}})
        })
        .collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}

fn failed(response: &SqsBatchResponse) -> Vec<&str> {
    let mut ids: Vec<_> =
        response.batch_item_failures.iter().map(|item| item.item_identifier.as_str()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn one_bad_message_fails_alone() {
    let response = sqs(batch(STANDARD, &[("a", "g"), ("bad", "g"), ("c", "g")]), 2, async |message| {
        if message.body.as_deref() == Some("bad") { Err("no such payment") } else { Ok(()) }
    })
    .await
    .unwrap();
    assert_eq!(failed(&response), ["bad"]);
}

#[tokio::test]
async fn a_panic_fails_its_message_alone_wherever_it_happens() {
    #[allow(clippy::manual_async_fn, reason = "the first panic must come before there is a future")]
    fn handle(message: SqsMessage) -> impl Future<Output = Result<(), String>> {
        assert_ne!(message.body.as_deref(), Some("early"));
        async move {
            tokio::task::yield_now().await;
            assert_ne!(message.body.as_deref(), Some("late"));
            Ok(())
        }
    }
    let response =
        sqs(batch(STANDARD, &[("early", ""), ("b", ""), ("late", ""), ("d", "")]), 4, handle).await.unwrap();
    assert_eq!(failed(&response), ["early", "late"]);
}

#[tokio::test]
async fn a_fifo_group_stops_at_its_first_failure_and_others_go_on() {
    let tried = Mutex::new(Vec::new());
    let messages = [("a1", "a"), ("b1", "b"), ("a2-bad", "a"), ("b2", "b"), ("a3", "a"), ("a4", "a")];
    let response = sqs(batch(FIFO, &messages), 8, |message| {
        let id = message.message_id.unwrap();
        tried.lock().unwrap().push(id.clone());
        async move { if id.ends_with("bad") { Err("refused") } else { Ok(()) } }
    })
    .await
    .unwrap();
    assert_eq!(failed(&response), ["a2-bad", "a3", "a4"]);
    let tried = tried.into_inner().unwrap();
    assert!(!tried.contains(&"a3".to_owned()), "a3 must not overtake a2");
    assert!(tried.contains(&"b2".to_owned()));
}

#[tokio::test]
async fn a_fifo_group_is_handled_in_order_one_at_a_time() {
    let (running, order) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let response =
        sqs(batch(FIFO, &[("1", "lot/plate"), ("2", "lot/plate"), ("3", "lot/plate")]), 8, |message| {
            let (running, order) = (&running, &order);
            async move {
                assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0);
                tokio::task::yield_now().await;
                order.lock().unwrap().push(message.body.unwrap());
                running.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, String>(())
            }
        })
        .await
        .unwrap();
    assert!(response.batch_item_failures.is_empty());
    assert_eq!(*order.lock().unwrap(), ["1", "2", "3"]);
}

#[tokio::test]
async fn no_more_than_the_allowed_number_run_at_once() {
    let ids: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let messages: Vec<_> = ids.iter().map(|id| (id.as_str(), "")).collect();
    let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    sqs(batch(STANDARD, &messages), 3, |_| {
        let (running, most) = (&running, &most);
        async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            running.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, String>(())
        }
    })
    .await
    .unwrap();
    assert_eq!(most.into_inner(), 3);
}

#[tokio::test]
async fn a_failed_message_without_id_fails_the_batch_rather_than_being_deleted() {
    let event: SqsEvent = serde_json::from_value(json!({"Records": [{"body": "x"}]})).unwrap();
    let outcome = sqs(event.clone(), 1, async |_| Err("no")).await;
    assert_eq!(outcome, Err(BatchError::NoMessageId));
    let outcome = sqs(event, 1, async |_| Ok::<_, String>(())).await;
    assert!(outcome.unwrap().batch_item_failures.is_empty());
}

fn changes(numbers: &[&str]) -> StreamEvent {
    let records: Vec<_> = numbers
        .iter()
        .map(|number| {
            json!({"awsRegion": "r", "eventID": number, "eventName": "MODIFY",
                   "dynamodb": {"SequenceNumber": number, "SizeBytes": 1, "Keys": {"pk": {"S": "p"}}}})
        })
        .collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}

#[tokio::test]
async fn a_stream_batch_stops_at_its_first_failure_and_names_it() {
    let tried = Mutex::new(Vec::new());
    let response = stream(changes(&["1", "2", "3", "4"]), |record| {
        let number = record.change.sequence_number.unwrap();
        tried.lock().unwrap().push(number.clone());
        async move {
            assert_ne!(number, "3", "a panic counts as a failure");
            Ok::<_, String>(())
        }
    })
    .await
    .unwrap();
    let named: Vec<_> =
        response.batch_item_failures.iter().map(|item| item.item_identifier.as_deref()).collect();
    assert_eq!(named, [Some("3")]);
    assert_eq!(*tried.lock().unwrap(), ["1", "2", "3"]);
}

#[tokio::test]
async fn a_stream_batch_without_failures_reports_none() {
    let response = stream(changes(&["1", "2"]), async |_| Ok::<_, String>(())).await.unwrap();
    assert_eq!(serde_json::to_value(&response).unwrap(), json!({"batchItemFailures": []}));
}
