//! Lambda `settlement`.
fn main() {}
