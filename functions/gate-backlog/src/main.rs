//! Lambda `gate-backlog`.
fn main() {}
