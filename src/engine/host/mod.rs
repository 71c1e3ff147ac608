//! What the engine asks of its host: the trait, the bounded queue of calls, and which hooks are installed.

mod account;
mod call;
mod decisions;
mod hooks;
mod introductions;
mod queue;
mod tickets;

pub use self::{
    account::{Account, Ebb},
    call::{
        Call, Decision, HttpCall, HttpRequest, HttpResponse, Level, Load, RequestBody, RequestHead,
        RequestToDecide,
    },
    decisions::{Decisions, RequestVerdict, Verdict},
    hooks::Hooks,
    introductions::Introductions,
    queue::{Full, Lost, Pushed, Queue},
    tickets::{Answer, Tickets},
};

/// The program that the engine serves. The binding implements it for JavaScript, tests for plain Rust.
pub trait Host: Send + Sync + 'static {
    /// The queue is no longer empty. Called from any thread, once until the host drains; must not block.
    fn wake(&self);
}
