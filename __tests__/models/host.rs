#[path = "../../src/engine/host/account.rs"]
mod account;

pub use account::{Account, Ebb};
