//! Long-polling: a GET that waits for what there is to say, a POST that carries what the client says.

use std::{pin::pin, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use socketioxide_core::Str;
use tokio::time::timeout;

use super::{
    CloseReason, PollAnswer, Refused, Revision, Session,
    revision::{Part, Payload},
    session::{PollError, Polled},
    websocket,
};

/// What bytes are called that are no text.
const BYTES: &str = "application/octet-stream";

/// Answers a GET once there is something to say.
pub async fn get(session: Arc<Session>) -> Response<Bytes> {
    match session.begin_poll() {
        Ok(()) => {}
        Err(PollError::Overlap) => {
            // The pending one is told that the session is over, this one that it was wrong.
            session.close(CloseReason::TransportError);
            return Refused::BadRequest.response();
        }
        Err(PollError::WrongTransport) => return Refused::BadRequest.response(),
    }
    let pending = PendingPoll(&session);
    let mut waited = false;
    loop {
        let mut woken = pin!(session.wake().notified());
        woken.as_mut().enable();
        if let Some(Polled { payload: Payload { body, binary }, counts }) = session.take_poll(waited) {
            std::mem::forget(pending);
            let mut response = answer(if binary { BYTES } else { "text/plain; charset=UTF-8" }, body.into());
            if counts {
                response.extensions_mut().insert(PollAnswer::new(session.clone()));
            }
            return response;
        }
        woken.await;
        waited = true;
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
            return Refused::BadRequest.response();
        }
        Err(PollError::WrongTransport) => return Refused::BadRequest.response(),
    }
    let _pending = PendingPost(&session);
    let binary = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == BYTES);
    // In version 4, binary travels as base64 text.
    if binary && session.revision() == Revision::V4 {
        session.close(CloseReason::TransportError);
        return Refused::BadRequest.response();
    }
    let options = &session.transport().options;
    let collected = timeout(options.body_timeout, Limited::new(body, options.max_payload()).collect()).await;
    let body = match collected {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            session.close(CloseReason::TooLarge);
            return Refused::TooLarge.response();
        }
        Ok(Err(_)) | Err(_) => {
            session.close(CloseReason::TransportError);
            return Refused::BadRequest.response();
        }
    };
    if let Err(reason) = receive(&session, &body, binary) {
        session.close(reason);
        if reason != CloseReason::TransportClose {
            return Refused::BadRequest.response();
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

/// Takes the packets of a payload, in order. `binary`: it is bytes and no text.
pub(super) fn receive(session: &Arc<Session>, body: &[u8], binary: bool) -> Result<(), CloseReason> {
    let Some(receiver) = session.receiver() else { return Ok(()) };
    session.revision().read(body, binary, &mut |part| {
        match part {
            // Of one that has ended nothing more is heard.
            _ if !session.is_open() => {}
            Part::Text(packet) => websocket::packet(session, &*receiver, Str::copy_from_slice(packet))?,
            Part::Binary(bytes) => receiver.binary(Bytes::copy_from_slice(bytes)),
        }
        Ok(())
    })
}

fn answer(kind: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    *response.status_mut() = StatusCode::OK;
    response
}
