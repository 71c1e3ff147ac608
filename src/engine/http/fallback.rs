//! Requests outside the Socket.IO path, to the host's app. Bodies are taken whole.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

use super::router::{Front, Peer};
use crate::engine::{
    config::ms,
    core::Core,
    host::{Answer, Call, Hooks, HttpRequest, HttpResponse, Level},
};

/// Places for requests that the app is working on.
#[derive(Clone, Debug)]
pub struct InFlight(Arc<Semaphore>);

impl InFlight {
    /// So many places.
    pub fn new(places: u64) -> Self {
        Self(Arc::new(Semaphore::new(
            usize::try_from(places).unwrap_or(Semaphore::MAX_PERMITS).min(Semaphore::MAX_PERMITS),
        )))
    }
}

/// Answers with the app's response.
pub async fn app(
    State(front): State<Front>,
    Extension(Peer(remote)): Extension<Peer>,
    Extension(in_flight): Extension<InFlight>,
    request: Request,
) -> Response {
    let core = &front.core;
    if !core.hooks.any(Hooks::HTTP) {
        return (StatusCode::NOT_FOUND, "Not Found").into_response();
    }
    let Ok(_place) = in_flight.0.try_acquire() else { return busy() };
    let limits = core.limits();
    let (parts, body) = request.into_parts();
    let has_body = !matches!(parts.method, Method::GET | Method::HEAD);
    let body = match collect(body, limits.http_body, ms(limits.handshake_timeout)).await {
        Ok(body) => has_body.then_some(body),
        Err(status) => return status.into_response(),
    };
    let (sender, answer) = oneshot::channel();
    let ticket = core.tickets.issue(move |answer| {
        let _ = sender.send(answer);
    });
    let pending = Pending { core: core.clone(), ticket };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let call = HttpRequest {
        ticket,
        method: parts.method.as_str().to_owned(),
        url: parts.uri.path_and_query().map_or("/", |url| url.as_str()).to_owned(),
        headers: parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body,
        remote,
    };
    if !core.ask(Call::Http(call)) {
        return busy();
    }
    let answer = timeout(ms(limits.http_timeout), answer).await;
    drop(pending);
    match answer {
        Ok(Ok(Answer::Response(response))) => respond(response),
        Ok(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Err(_) => {
            core.log(Level::Warn, "http", "The app did not answer a request in time (limits.httpTimeout)");
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
    }
}

/// A request that waits for the app. Dropped, nobody waits any more.
struct Pending {
    core: Arc<Core>,
    ticket: u64,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.core.tickets.forget(self.ticket);
    }
}

async fn collect(body: Body, max: u64, patience: Duration) -> Result<Bytes, StatusCode> {
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    match timeout(patience, Limited::new(body, max).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

fn busy() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, HeaderValue::from_static("1"))]).into_response()
}

fn respond(answer: HttpResponse) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes()))
        {
            // The connection and the length are the server's to tell.
            if !matches!(name, header::CONNECTION | header::TRANSFER_ENCODING | header::CONTENT_LENGTH) {
                response.headers_mut().append(name, value);
            }
        }
    }
    response
}
