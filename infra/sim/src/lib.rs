//! The real handlers over the embedded DynamoDB, without sockets and with a clock that only moves when told to.
//!
//! [`sim`] draws a history with every fault from a seed and checks after each step what must hold; [`backlog`] sends an
//! offline day through the queue; [`world`] is what both stand on. Nothing here is deployed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a simulation stops where it stands"
)]
#![recursion_limit = "256"] // Futures of SDK calls within joined futures nest deeper than the default.

pub mod backlog;
mod books;
mod calm;
mod cars;
pub mod chance;
mod check;
mod debts;
mod money;
mod payers;
mod published;
mod queues;
pub mod shop;
pub mod sim;
pub mod town;
pub mod truth;
mod wallets;
pub mod world;

/// Futures of whole functions within each other are large in an unoptimised build, bytes.
const STACK_BYTES: usize = 64 << 20;

/// Plays to the end on a thread of its own, whose timers run only when nothing else is left to do.
pub fn played<T: Send, F: Future<Output = T>>(play: impl FnOnce() -> F + Send) -> T {
    let on_a_clock_of_its_own = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(play())
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        thread.spawn_scoped(scope, on_a_clock_of_its_own).unwrap().join().unwrap()
    })
}
