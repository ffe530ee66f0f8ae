//! Lambda `notifier`.
fn main() {}
