//! The pure rules of Baro: plates, visits, fees, money, payments, notices, settlement.
//!
//! Nothing here reads a clock, draws a random number, awaits or talks to AWS: time, ids and configuration
//! come in as arguments, so every rule is a function that a property test can call a million times.
#![deny(clippy::float_arithmetic)]

pub mod access;
pub mod books;
pub mod business;
pub mod calendar;
pub mod cash_receipt;
pub mod command;
pub mod fees;
pub mod geo;
pub mod health;
pub mod ids;
pub mod ledger;
pub mod lot;
pub mod member;
pub mod money;
pub mod national;
pub mod notice;
pub mod observation;
pub mod occupancy;
pub mod operator;
pub mod payment;
pub mod plate;
pub mod points;
pub mod purse;
pub mod receivable;
pub mod reconcile;
pub mod settlement;
pub mod tariff;
pub mod task;
pub mod visit;
pub mod workbench;

pub use access::AccessKey;
pub use business::BusinessNumber;
pub use calendar::Calendar;
pub use fees::{FeesError, LotFees, PricedLot};
pub use geo::Coordinate;
pub use ids::{
    CardId, CommandId, CompanyId, DriverId, EntryId, EventId, GateId, LaneId, LotId, NoticeId, OperatorId,
    PaymentId, ReceivableId, RefundId, RulingId, StatementId, TaskId, TrackId, VisitId,
};
pub use lot::{BarrierController, ControllerDialect, Gate, GateVendor, Lane, LaneDirection, LanePoint, Lot};
pub use member::{Company, Member, MemberPlate};
pub use money::Won;
pub use observation::{GateObservation, Passage, ReadConfidence, Track, Unasked};
pub use operator::Operator;
pub use plate::PlateNumber;
pub use tariff::{Quote, QuoteLine, Stay, Tariff, TariffError, TariffSpec};
