//! How Lambda hands out what waits: a FIFO queue, and the stream of a table. Both hand out again until it is done.

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::Event as StreamEvent;
use baro_testing::{ItemChange, Message};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{chance::Chance, world::Ran};

/// SQS tells repetitions of a FIFO queue's messages for so long.
const DEDUPLICATED_FOR: SignedDuration = SignedDuration::from_mins(5);
/// Lambda's largest batch of a FIFO queue.
const MAX_FIFO_BATCH: usize = 10;

/// A message that waits.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// Id.
    pub(crate) id: String,
    /// Body.
    pub(crate) body: String,
    /// Group.
    pub(crate) group: String,
}

/// A FIFO queue with one consumer.
#[derive(Debug, Default)]
pub(crate) struct Fifo {
    waiting: Vec<Waiting>,
    taken_at: BTreeMap<String, Timestamp>,
    sent: usize,
}

impl Fifo {
    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes a message, unless its like was taken a moment ago.
    pub(crate) fn put(&mut self, message: Message, now: Timestamp) {
        let (group, id) = (message.group.unwrap(), message.deduplication.unwrap());
        let lately = self.taken_at.get(&id).is_some_and(|at| now.duration_since(*at) < DEDUPLICATED_FOR);
        if lately {
            return;
        }
        self.taken_at.insert(id, now);
        self.sent += 1;
        self.waiting.push(Waiting { id: format!("m{}", self.sent), body: message.body, group });
    }

    /// The next batch: messages of a group in their order, groups in any.
    pub(crate) fn batch(&self, chance: &mut Chance) -> Vec<Waiting> {
        let wanted = 1 + chance.below(MAX_FIFO_BATCH);
        let mut batch: Vec<Waiting> = Vec::new();
        let mut passed: Vec<&str> = Vec::new();
        for message in &self.waiting {
            if batch.len() == wanted {
                break;
            }
            let group = message.group.as_str();
            if passed.contains(&group) || (!batch.iter().any(|m| m.group == group) && chance.one_in(3)) {
                passed.push(group);
                continue;
            }
            batch.push(message.clone());
        }
        batch
    }

    /// Takes away what was done of a batch: all but the failed ones, nothing if the function died.
    pub(crate) fn settle(&mut self, batch: &[Waiting], ran: &Ran<Vec<String>>) {
        let Ran::Answered(failed) = ran else { return };
        let done =
            |message: &Waiting| batch.iter().any(|of| of.id == message.id) && !failed.contains(&message.id);
        self.waiting.retain(|message| !done(message));
    }
}

/// The stream of one table, in one shard.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    changes: Vec<ItemChange>,
    /// Everything before this was routed.
    done: usize,
}

impl Stream {
    /// Whether all is routed.
    pub(crate) fn is_drained(&self) -> bool {
        self.done == self.changes.len()
    }

    /// A change is committed.
    pub(crate) fn push(&mut self, change: ItemChange) {
        self.changes.push(change);
    }

    /// The next batch of at most so many records.
    pub(crate) fn batch(&self, most: usize) -> (usize, StreamEvent) {
        let last = self.changes.len().min(self.done + most);
        let records = (self.done..last).map(|index| record(index, &self.changes[index]));
        let event = json!({"Records": records.collect::<Vec<_>>()});
        (last - self.done, serde_json::from_value(event).unwrap())
    }

    /// How many of a batch of so many were done.
    pub(crate) fn done_of(&self, count: usize, ran: &Ran<Option<String>>) -> usize {
        match ran {
            Ran::Answered(None) => count,
            Ran::Answered(Some(from)) => {
                (0..count).find(|index| sequence(self.done + index) == *from).unwrap()
            }
            Ran::Died => 0,
        }
    }

    /// What of a batch of so many need not come again.
    pub(crate) fn settle(&mut self, count: usize, ran: &Ran<Option<String>>) {
        self.done += self.done_of(count, ran);
    }
}

fn sequence(index: usize) -> String {
    format!("{}", 400_000_000_000_000_000_000_u128 + index as u128)
}

/// A change as the stream tells it.
pub(crate) fn record(index: usize, change: &ItemChange) -> Value {
    let kind = match (&change.old, &change.new) {
        (Value::Null, _) => "INSERT",
        (_, Value::Null) => "REMOVE",
        _ => "MODIFY",
    };
    let image = |item: &Value| if item.is_null() { json!({}) } else { item.clone() };
    json!({
        "awsRegion": "ap-northeast-2", "eventID": index.to_string(), "eventName": kind,
        "eventSource": "aws:dynamodb", "eventVersion": "1.1",
        "eventSourceARN": format!("arn:aws:dynamodb:ap-northeast-2:000000000000:table/{}/stream/s", change.table),
        "dynamodb": {
            "Keys": change.keys, "OldImage": image(&change.old), "NewImage": image(&change.new),
            "SequenceNumber": sequence(index), "SizeBytes": 1, "ApproximateCreationDateTime": 1,
            "StreamViewType": "NEW_AND_OLD_IMAGES"
        }
    })
}
