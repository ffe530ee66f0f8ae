//! Lambda `driver-api`.
fn main() {}
