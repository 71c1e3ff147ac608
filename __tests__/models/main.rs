//! The small protocols between threads, each in every order that two or three threads can take it in.
//!
//! Where a protocol is a file of its own, it is that file which is compiled here, on loom's locks and atomics instead of the standard
//! library's; `flush` and `memberships` say again, in a few lines, what `session.rs` and `membership.rs` do step by step.

mod back_pressure;
mod engine;
mod flush;
mod gate;
mod marks;
mod memberships;
mod told;

/// Runs a model in every order; by default without those of more than three preemptions, with `DIALOGUE_TEST_LONG=1` of more than five.
fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    let is_long = std::env::var_os("DIALOGUE_TEST_LONG").is_some();
    builder.preemption_bound = Some(if is_long { 5 } else { 3 });
    builder.check(model);
}
