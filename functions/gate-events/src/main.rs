//! Lambda `gate-events`.
fn main() {}
