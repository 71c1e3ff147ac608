//! Long-polling: a GET that waits for what there is to say, a POST that carries what the client says.

use std::{pin::pin, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use socketioxide_core::Str;
use tokio::time::timeout;

use super::{
    CloseReason, Session,
    handshake::{Refused, refuse},
    session::PollError,
    websocket,
};

/// Answers a GET once there is something to say.
pub async fn get(session: Arc<Session>) -> Response<Bytes> {
    match session.begin_poll() {
        Ok(()) => {}
        Err(PollError::Overlap) => {
            // The pending one is told that the session is over, this one that it was wrong.
            session.close(CloseReason::TransportError);
            return refuse(Refused::BadRequest);
        }
        Err(PollError::WrongTransport) => return refuse(Refused::BadRequest),
    }
    let pending = PendingPoll(&session);
    loop {
        let mut woken = pin!(session.wake().notified());
        woken.as_mut().enable();
        if let Some(payload) = session.take_poll() {
            std::mem::forget(pending);
            return answer("text/plain; charset=UTF-8", payload.into());
        }
        woken.await;
    }
}

/// A GET that waits. Dropped while it does: its client is gone, and the session with it.
struct PendingPoll<'a>(&'a Arc<Session>);

impl Drop for PendingPoll<'_> {
    fn drop(&mut self) {
        self.0.abandon_poll();
    }
}

/// A POST that is being read or handled.
struct PendingPost<'a>(&'a Session);

impl Drop for PendingPost<'_> {
    fn drop(&mut self) {
        self.0.end_post();
    }
}

/// Takes the packets of a POST, in order.
pub async fn post<B>(session: Arc<Session>, headers: &HeaderMap, body: B) -> Response<Bytes>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match session.begin_post() {
        Ok(()) => {}
        Err(PollError::Overlap) => {
            session.close(CloseReason::TransportError);
            return refuse(Refused::BadRequest);
        }
        Err(PollError::WrongTransport) => return refuse(Refused::BadRequest),
    }
    let _pending = PendingPost(&session);
    // In version 4, binary travels as base64 text.
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream") {
        session.close(CloseReason::TransportError);
        return refuse(Refused::BadRequest);
    }
    let options = &session.transport().options;
    let collected = timeout(options.body_timeout, Limited::new(body, options.max_payload()).collect()).await;
    let body = match collected {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            session.close(CloseReason::TooLarge);
            return refuse(Refused::TooLarge);
        }
        Ok(Err(_)) | Err(_) => {
            session.close(CloseReason::TransportError);
            return refuse(Refused::BadRequest);
        }
    };
    if let Err(reason) = receive(&session, &body) {
        session.close(reason);
        if reason != CloseReason::TransportClose {
            return refuse(Refused::BadRequest);
        }
    }
    // A connection whose commands wait is not read on.
    loop {
        let mut woken = pin!(session.wake().notified());
        woken.as_mut().enable();
        if session.is_ready() {
            break;
        }
        woken.await;
    }
    answer("text/html", Bytes::from_static(b"ok"))
}

fn receive(session: &Arc<Session>, body: &[u8]) -> Result<(), CloseReason> {
    let text = std::str::from_utf8(body).map_err(|_| CloseReason::InvalidText)?;
    let Some(receiver) = session.receiver() else { return Ok(()) };
    for packet in text.split('\x1e') {
        if !session.is_open() {
            return Ok(());
        }
        websocket::packet(session, &*receiver, Str::copy_from_slice(packet))?;
    }
    Ok(())
}

fn answer(kind: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    *response.status_mut() = StatusCode::OK;
    response
}
