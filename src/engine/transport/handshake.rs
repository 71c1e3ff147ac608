//! The front door: which request opens a session, belongs to one, or is refused.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use hyper::{body::Body, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;
use tungstenite::handshake::derive_accept_key;

use super::{
    Frame, Head, Options, Session, Transport, polling,
    reader::{FrameReader, Incoming},
    session::Link,
    unix_millis, upgrade, websocket,
};
use crate::engine::{config::TransportName, ids::Id, payload::to_json};

/// Why a request is refused, with Engine.IO's own codes.
#[derive(Clone, Copy, Debug)]
pub enum Refused {
    UnknownTransport,
    UnknownSession,
    BadMethod,
    BadRequest,
    UnsupportedVersion,
    TooLarge,
    Crowded,
    Full,
}

/// The answer to a refused request: a status, and `{ code, message }` as Engine.IO has it.
pub fn refuse(reason: Refused) -> Response<Bytes> {
    let (status, code, message) = match reason {
        Refused::UnknownTransport => (StatusCode::BAD_REQUEST, 0, "Transport unknown"),
        Refused::UnknownSession => (StatusCode::BAD_REQUEST, 1, "Session ID unknown"),
        Refused::BadMethod => (StatusCode::BAD_REQUEST, 2, "Bad handshake method"),
        Refused::BadRequest => (StatusCode::BAD_REQUEST, 3, "Bad request"),
        Refused::UnsupportedVersion => (StatusCode::BAD_REQUEST, 5, "Unsupported protocol version"),
        Refused::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 3, "Payload too large"),
        Refused::Crowded => (StatusCode::TOO_MANY_REQUESTS, 3, "Too many connections from this address"),
        Refused::Full => (StatusCode::SERVICE_UNAVAILABLE, 3, "Too many connections"),
    };
    let mut response = Response::new(Bytes::from(format!(r#"{{"code":{code},"message":"{message}"}}"#)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The query parameters that matter here.
#[derive(Default)]
struct Query<'a> {
    version: Option<&'a str>,
    transport: Option<&'a str>,
    session: Option<&'a str>,
}

impl<'a> Query<'a> {
    fn parse(query: &'a str) -> Self {
        let mut parsed = Self::default();
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match key {
                "EIO" => parsed.version = Some(value),
                "transport" => parsed.transport = Some(value),
                "sid" => parsed.session = Some(value),
                _ => {}
            }
        }
        parsed
    }
}

impl Transport {
    /// Answers one request to the transport's path.
    pub async fn handle<B>(
        self: &Arc<Self>,
        mut request: Request<B>,
        address: SocketAddr,
        xdomain: bool,
    ) -> Response<Bytes>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let transport = match query.transport {
            Some("polling") => TransportName::Polling,
            Some("websocket") => TransportName::Websocket,
            _ => return refuse(Refused::UnknownTransport),
        };
        if !self.options.offers(transport) {
            return refuse(Refused::UnknownTransport);
        }
        let session = match query.session {
            Some(id) => match Id::parse(id).and_then(|id| self.find(&id)) {
                Some(session) => Some(session),
                None => return refuse(Refused::UnknownSession),
            },
            None if request.method() != Method::GET => return refuse(Refused::BadMethod),
            None if query.version != Some("4") => return refuse(Refused::UnsupportedVersion),
            None => None,
        };
        if session.is_none() && self.is_crowded(address.ip()) {
            return refuse(Refused::Crowded);
        }
        match (transport, session) {
            (TransportName::Polling, Some(session)) => match *request.method() {
                Method::GET => polling::get(session).await,
                Method::POST => {
                    let (parts, body) = request.into_parts();
                    let declared = parts
                        .headers
                        .get(header::CONTENT_LENGTH)
                        .and_then(|length| length.to_str().ok()?.parse().ok());
                    if declared.is_some_and(|length: u64| length > self.options.socket.max_http_buffer_size) {
                        session.close(super::CloseReason::TooLarge);
                        return refuse(Refused::TooLarge);
                    }
                    polling::post(session, &parts.headers, body).await
                }
                _ => refuse(Refused::BadRequest),
            },
            (TransportName::Polling, None) => {
                let link = Link::Polling { waiting: false, receiving: false };
                match self.open(head(&request, address, xdomain), link) {
                    Some(session) => polling::get(session).await,
                    None => refuse(Refused::Full),
                }
            }
            (TransportName::Websocket, session) => {
                let Some(accept) = websocket_accept(&request) else { return refuse(Refused::BadRequest) };
                if session.is_none() && self.is_full() {
                    return refuse(Refused::Full);
                }
                let head = session.is_none().then(|| head(&request, address, xdomain));
                let upgrade = hyper::upgrade::on(&mut request);
                let transport = self.clone();
                self.tasks.spawn(async move { transport.switch(upgrade, session, head).await });
                switching_protocols(accept)
            }
        }
    }

    /// Whether there is no place for another session.
    fn is_full(&self) -> bool {
        self.tasks.is_stopping() || self.count() as u64 >= self.options.connections
    }

    /// Runs a WebSocket once its handshake is over.
    async fn switch(self: Arc<Self>, upgrade: OnUpgrade, session: Option<Arc<Session>>, head: Option<Head>) {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else { return };
        let stream = Arc::new(parts.io.into_inner());
        let mut early = parts.read_buf.to_vec();
        match (session, head) {
            (Some(session), _) => upgrade::run(session, stream, early).await,
            (None, Some(head)) => {
                let Some(session) = self.open(head, Link::WebSocket(stream.clone())) else { return };
                let mut reader = FrameReader::new(self.options.max_payload());
                let mut incoming: Vec<Incoming> = Vec::new();
                if let Err(reason) = reader.feed(&mut early, &mut |message| incoming.push(message)) {
                    session.close(reason);
                }
                // Boxed apart from this future, which every open connection would otherwise carry.
                session.clone().spawn(websocket::run(session, stream, reader, incoming));
            }
            (None, None) => {}
        }
    }
}

/// The packet that opens a session.
pub fn open_packet(session: &Session, options: &Options) -> Frame {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Open<'a> {
        sid: &'a str,
        upgrades: &'a [&'static str],
        ping_interval: u64,
        ping_timeout: u64,
        max_payload: u64,
    }
    let upgradable = session.transport_name() == "polling" && options.offers(TransportName::Websocket);
    let id = session.id();
    let open = Open {
        sid: id.as_str(),
        upgrades: if upgradable { &["websocket"] } else { &[] },
        ping_interval: options.socket.ping_interval,
        ping_timeout: options.socket.ping_timeout,
        max_payload: options.socket.max_http_buffer_size,
    };
    Frame::text(&["0", &to_json(&open)])
}

/// The value of `Sec-WebSocket-Accept`, where the request is a WebSocket handshake of version 13.
fn websocket_accept<B>(request: &Request<B>) -> Option<String> {
    let headers = request.headers();
    let has = |name: header::HeaderName, token: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
    };
    let valid = request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    (valid && key.len() == 24).then(|| derive_accept_key(key.as_bytes()))
}

fn switching_protocols(accept: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

fn head<B>(request: &Request<B>, address: SocketAddr, xdomain: bool) -> Head {
    let url = request.uri().path_and_query().map_or("", |url| url.as_str());
    Head {
        url: url.into(),
        headers: headers_json(request.headers()).into(),
        address,
        issued: unix_millis(),
        xdomain,
    }
}

/// Headers as Node's `IncomingMessage` has them: one object, repeated ones joined.
fn headers_json(headers: &HeaderMap) -> String {
    let object: serde_json::Map<String, serde_json::Value> = headers
        .keys()
        .map(|name| {
            let values: Vec<_> =
                headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
            let separator = if name == header::COOKIE { "; " } else { ", " };
            (name.as_str().to_owned(), values.join(separator).into())
        })
        .collect();
    to_json(&object)
}
