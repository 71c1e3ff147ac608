//! `dialogue:refresh { token }`.

use super::{Context, Fields, Responder};
use crate::engine::error::Refusal;

/// Longest token in bytes.
const MAX_TOKEN: u64 = 16_384;

/// Without `jwt` in the configuration, no token governs a connection.
pub fn run(_context: &Context<'_>, fields: Fields<'_>, responder: Responder) {
    let refusal = match fields.id("token", MAX_TOKEN) {
        Ok(_) => Refusal::invalid("token", "no token governs this connection"),
        Err(refusal) => refusal,
    };
    responder.answer(Err(refusal));
}
