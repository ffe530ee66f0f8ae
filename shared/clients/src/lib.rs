//! What Baro calls outside: the payment gateway, the messengers, the barrier controllers. The only crate that names a vendor's URL or field.
//!
//! One narrow trait and one real client each. Nothing here reads a clock or decides about money: time comes in as an
//! argument, and an answer says what the vendor said, told apart by what the caller may do next.

pub mod controller;
pub mod fcm;
pub mod http;
pub mod portone;
pub mod secret;
pub mod solapi;
pub mod webhook;
pub mod webhook_v1;

pub use http::{HttpClient, HttpTimeouts};
pub use secret::Secret;
