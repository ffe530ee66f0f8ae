//! Smallest function.
fn main() {}
