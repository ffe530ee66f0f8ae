//! Lambda `payment-webhook`.
fn main() {}
