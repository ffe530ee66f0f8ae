//! Lambda `payment-sync`.
fn main() {}
