//! Requests outside the Socket.IO path: to the host's app.

use std::sync::Arc;

use axum::response::IntoResponse;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::{Body as _, Incoming};

use super::{
    address::Remote,
    answering::Answering,
    app_cors::AppCors,
    app_response::{AppBody, AppResponse},
    exchange::{Pending, Waiting},
    places::Places,
    request_head,
    unread::Unread,
};
use crate::engine::{
    core::Core,
    host::{Call, Hooks, HttpCall, HttpRequest, RequestBody},
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
        let response = (StatusCode::NOT_FOUND, body).into_response().map(AppBody::from);
        return refuse(core, request, response);
    }
    let Some(place) = places.take() else { return refuse(core, request, busy()) };
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
        let response = match taken(&core, &head.headers, body).await {
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
    unread: Option<Unread>,
) -> Option<Waiting> {
    let exchange = core.exchanges.open(outgoing.way().clone(), unread);
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
    core: &Core,
    headers: &HeaderMap,
    body: Incoming,
) -> Result<(RequestBody, Option<Unread>), StatusCode> {
    if body.is_end_stream() {
        return Ok((RequestBody::None, None));
    }
    let limits = core.limits();
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let mut unread = Unread::new(headers, body, limits.http_body);
    match length {
        Some(length) if length > limits.http_body => {
            core.exchanges.drain(unread, limits);
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        Some(length) if length <= SMALL => {
            if let Some(body) = unread.read_ahead().await? {
                return Ok((RequestBody::Whole(body), None));
            }
        }
        _ => {}
    }
    Ok((RequestBody::Pieces, Some(unread)))
}

/// Answers a request of which nobody wants the body.
pub(super) fn refuse(core: &Core, request: Request<Incoming>, response: Response<AppBody>) -> Answering {
    if !request.body().is_end_stream() {
        let (head, body) = request.into_parts();
        let limits = core.limits();
        core.exchanges.drain(Unread::new(&head.headers, body, limits.http_body), limits);
    }
    Answering::ready(response)
}

fn busy() -> Response<AppBody> {
    let retry = [(header::RETRY_AFTER, HeaderValue::from_static("1"))];
    (StatusCode::SERVICE_UNAVAILABLE, retry).into_response().map(AppBody::from)
}
