//! Local cloud.
fn main() {}
