//! Requests outside the Socket.IO path: to the host's app.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, response::IntoResponse};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;

use super::{
    address::Remote,
    answering::Answering,
    app_cors::AppCors,
    app_response::{AppBody, AppResponse},
    exchange::{Pending, Waiting},
    places::Places,
    request_head,
};
use crate::engine::{
    config::ms,
    core::Core,
    host::{Call, Hooks, HttpCall, HttpRequest, RequestBody},
    limits::Limits,
    way_out::{Outgoing, WayOut},
};

/// A body of at most so many bytes crosses with its request.
const SMALL: u64 = 64 * 1024;

/// Answers with the app's response.
pub(super) fn answer(
    core: &Arc<Core>,
    cors: Option<&Arc<AppCors>>,
    places: &Places,
    way: &Arc<WayOut>,
    remote: Remote,
    request: Request<Incoming>,
) -> Answering {
    if !core.hooks.any(Hooks::HTTP) {
        // Socket.IO's own server says nothing.
        let body = if core.config.bare { "" } else { "Not Found" };
        return Answering::ready((StatusCode::NOT_FOUND, body).into_response().map(AppBody::from));
    }
    let Some(place) = places.take() else { return Answering::ready(busy()) };
    let outgoing = Outgoing::new(way.clone(), Box::new(place));
    let asked = cors.and_then(|cors| Some((cors.clone(), cors.asked(request.method(), request.headers())?)));
    if asked.is_none() && request.body().is_end_stream() {
        return match ask(core, outgoing, remote, &request, RequestBody::None, None) {
            Some(waiting) => Answering::App(waiting),
            None => Answering::ready(busy()),
        };
    }
    let core = core.clone();
    Answering::other(async move {
        let (head, body) = request.into_parts();
        let response = match taken(&head.headers, body, core.limits()).await {
            Ok((body, unread)) => {
                let head = Request::from_parts(head, ());
                match ask(&core, outgoing, remote, &head, body, unread) {
                    Some(waiting) => waiting.await,
                    None => busy(),
                }
            }
            Err(status) => AppResponse::empty(status).whole(Some(outgoing)),
        };
        match asked {
            Some((cors, asked)) => cors.complete(asked, response).await,
            None => response,
        }
    })
}

/// Asks the app. `None`: it has too much to do.
fn ask<B>(
    core: &Arc<Core>,
    outgoing: Outgoing,
    remote: Remote,
    head: &Request<B>,
    body: RequestBody,
    unread: Option<Body>,
) -> Option<Waiting> {
    let exchange = core.exchanges.open(outgoing.way().clone(), unread, core.limits().http_body);
    let scheme = if remote.secure { "https" } else { "http" };
    let call =
        HttpRequest { id: exchange.id(), head: request_head::describe(head, remote.address, scheme), body };
    let pending = Pending { core: core.clone(), exchange, outgoing: Some(outgoing) };
    if !core.ask(Call::Http(HttpCall::Request(call))) {
        pending.exchange.finish(true);
        return None;
    }
    Some(Waiting::new(pending))
}

/// What of a request's body crosses with it, and what is still to be read.
async fn taken(
    headers: &HeaderMap,
    body: Incoming,
    limits: &Limits,
) -> Result<(RequestBody, Option<Body>), StatusCode> {
    if body.is_end_stream() {
        return Ok((RequestBody::None, None));
    }
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > limits.http_body => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Some(length) if length <= SMALL => {
            let body = collect(body, SMALL, ms(limits.handshake_timeout)).await?;
            Ok((RequestBody::Whole(body), None))
        }
        _ => Ok((RequestBody::Pieces, Some(Body::new(body)))),
    }
}

async fn collect(body: Incoming, max: u64, patience: Duration) -> Result<Bytes, StatusCode> {
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    match timeout(patience, Limited::new(body, max).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

fn busy() -> Response<AppBody> {
    let retry = [(header::RETRY_AFTER, HeaderValue::from_static("1"))];
    (StatusCode::SERVICE_UNAVAILABLE, retry).into_response().map(AppBody::from)
}
