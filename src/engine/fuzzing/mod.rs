//! What the fuzz targets in `fuzz/` run, one function per target: each takes any bytes, and panics where something that
//! must hold does not. The tests give them the committed corpora. `docs/design/fuzzing.md` says what each holds to.

pub(super) mod caller;
mod commands;
pub(super) mod floors;
mod frames;
mod jwt;
mod packets;
mod polling;
pub(super) mod program;
mod schema;
mod wire;

pub use self::{
    commands::commands, frames::frames, jwt::jwt, packets::packets, polling::polling, schema::schema,
};

#[cfg(test)]
mod tests;
