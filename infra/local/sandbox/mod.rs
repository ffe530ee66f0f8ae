//! The outside world on one machine: a payment gateway, the messengers and a barrier controller, as HTTP servers that speak the vendors'
//! published contracts, so that the real clients are exercised against authentication, states, errors and faults.
//!
//! Nothing here is deployed. The rules of Baro are not repeated here: a sandbox knows only what its vendor knows.

pub mod controller;
pub mod messenger;
pub mod portone;
mod server;
mod support;

pub use controller::{ControllerSandbox, ControllerSandboxConfig};
pub use messenger::{MessengerSandbox, MessengerSandboxConfig};
pub use portone::{PortOneSandbox, PortOneSandboxConfig};
