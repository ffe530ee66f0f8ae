//! The only place that knows DynamoDB: tables, keys, expressions, items.
//!
//! Four tables, one per context (why: infra/docs/decisions.md, D-003): Parking (facts of visits), Billing (payments,
//! journal, statements), Directory (what operators configure), Activity (counters and deliveries that may be lost with
//! no harm to money). A condition that failed is an answer, never an error, and carries the item as it is now, so that
//! a lost race costs no read. Errors are told apart by type, never by text.

mod accounts;
mod activity;
mod billing;
mod books;
mod cache;
mod cards;
mod cash_receipts;
mod directory;
mod error;
mod facts;
mod gates;
mod health;
mod item;
mod lots;
mod members;
mod occupancy;
mod open_visits;
mod parking;
mod payers;
mod raw;
mod receivables;
mod reconciliation;
mod recount;
pub mod schema;
mod statements;
pub mod stream;
mod tasks;
mod tracks;
mod tries;
mod wallets;

pub use activity::{Activity, CommandRecord, NoticeRecord};
pub use billing::{Billing, Committed, Created, Stored};
pub use cache::Cached;
pub use cards::CardRecord;
pub use directory::Directory;
pub use error::StoreError;
pub use facts::RawBody;
pub use gates::GateRecord;
pub use health::{GateTallies, KnownHealth, TallyWrite};
pub use lots::{LotRecord, MAX_RADIUS_M};
pub use members::PlateChanged;
pub use occupancy::{OccupancyChange, SpacesTaken};
pub use open_visits::{InvalidCursor, MAX_OPEN_PAGE, OpenCursor};
pub use parking::{MAX_OPEN_PLATES, Parking, Recorded};
pub use payers::{Begun, People};
pub use receivables::{MAX_OWED_PAGE, Moved, OwedCursor};
pub use statements::Drafted;
pub use tasks::{Ended, FileEntry, FiledTask, Tasks};
pub use wallets::{CashedOut, Opened, Written};

/// How often a transaction that met another one is tried again.
const MAX_CONFLICT_RETRIES: u32 = 6;
