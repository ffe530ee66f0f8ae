//! What travels from the gate's address to the queue of kept reads.

use baro_domain::{GateObservation, ids::digest};
use baro_store::RawBody;
use serde::{Deserialize, Serialize};

/// One read that no barrier waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BacklogMessage {
    /// The read.
    pub observation: GateObservation,
    /// The S3 key of the body it came in.
    pub raw_key: String,
}

impl BacklogMessage {
    /// The FIFO group: reads of one plate at one lot follow each other, so that they do not race for one item. A
    /// digest, since a plate has no place in a queue's metrics and logs.
    pub fn group(&self) -> String {
        let read = &self.observation;
        if read.plate.is_unread() {
            return digest(&[read.lot.as_str(), "unread", read.event_id.as_str()]);
        }
        digest(&[read.lot.as_str(), read.plate.as_str()])
    }

    /// Where the body lies.
    pub fn raw(&self) -> RawBody {
        RawBody::Stored(self.raw_key.clone())
    }
}
