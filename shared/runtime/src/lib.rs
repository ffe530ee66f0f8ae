//! What every function needs around its own logic: configuration, time, randomness, AWS, logs, HTTP, batches and the start of `main`.
//! No rule of parking, no table and no vendor is known here.

pub mod access;
pub mod aws;
pub mod batch;
pub mod clock;
pub mod config;
pub mod http;
pub mod problem;
pub mod random;
mod run;
#[cfg(feature = "secrets")]
pub mod secrets;
pub mod telemetry;

pub use aws::Aws;
pub use clock::Clock;
pub use config::{Config, ConfigError};
pub use problem::{ErrorCode, Problem, ToProblem};
pub use run::{InitError, answer, run_events, run_http};

/// The codes of this crate, for the list in `infra/docs/errors.md`.
pub use http::CODES;
