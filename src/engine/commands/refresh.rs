//! `dialogue:refresh { token }`: another token of the same user governs the connection from now on.

use std::sync::Arc;

use super::{Context, Fields, Reply, Responder};
use crate::engine::{
    client::Client,
    core::Core,
    error::{Code, Refusal},
    host::Call,
    jwt::{Guard, MAX_TOKEN, Token},
    payload::Payload,
    protocol::outgoing,
};

pub fn run(context: &Context<'_>, fields: Fields<'_>, mut responder: Responder) {
    let (core, client) = (context.core, context.client);
    let token = match fields.id("token", MAX_TOKEN as u64) {
        Ok(token) => token,
        Err(refusal) => return responder.answer(Err(refusal)),
    };
    let (Some(guard), Some(_)) = (&core.jwt, client.token_sub()) else {
        return responder.answer(Err(Refusal::invalid("token", "no token governs this connection")));
    };
    // Its key may have to be fetched first.
    responder.hold(client);
    let (owner, asking) = (Arc::downgrade(core), client.clone());
    core.judge(guard, token, move |judged| {
        let renewed = match (judged, owner.upgrade()) {
            (Ok(token), Some(core)) => renew(&core, &asking, token),
            (Ok(_), None) => Err(Refusal::internal()),
            (Err(error), _) => Err(error.into()),
        };
        responder.answer(renewed);
    });
}

fn renew(core: &Core, client: &Arc<Client>, token: Token) -> Result<Reply, Refusal> {
    let guard: &Guard = core.jwt.as_ref().ok_or_else(Refusal::internal)?;
    if client.token_sub().is_none_or(|sub| sub != token.sub) {
        return Err(Refusal::new(Code::Unauthorized, "The token is another user's"));
    }
    let exp = token.exp_json();
    client.renew_token(guard, token);
    if !client.socket().is_connected() {
        // It went meanwhile, and whoever saw to that may not have seen the new one.
        client.unwatch_token(guard);
    }
    if client.is_looked_at() {
        core.tell(Call::Refreshed(client.id()));
    }
    Ok(Reply::with(Some(outgoing::REFRESHED), Payload::plain(format!(r#"{{"exp":{exp}}}"#))))
}
