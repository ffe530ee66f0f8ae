//! Lambda `stream-router`.
fn main() {}
