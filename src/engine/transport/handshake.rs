//! The front door: which request opens a session, belongs to one, or is refused.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use hyper::{
    body::Body,
    upgrade::{OnUpgrade, Upgraded},
};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tungstenite::handshake::derive_accept_key;

use super::{
    Frame, Head, Options, Refused, Revision, Session, Transport, polling,
    reader::{FrameReader, Incoming},
    revision::Dialect,
    session::Link,
    stream::Stream,
    unix_millis, upgrade, websocket,
};
use crate::engine::{
    config::TransportName,
    header_text,
    ids::Id,
    metrics::Family,
    payload::{object_json, to_json},
    way_out::Watched,
};

/// The query parameters that matter here.
#[derive(Default)]
struct Query<'a> {
    version: Option<&'a str>,
    transport: Option<&'a str>,
    session: Option<&'a str>,
    /// Binary is to be text.
    base64: bool,
    /// Of version 3: answers are to be scripts.
    jsonp: bool,
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
                "b64" => parsed.base64 = !value.is_empty(),
                "j" => parsed.jsonp = true,
                _ => {}
            }
        }
        parsed
    }
}

/// A session that is about to be opened. What was announced and does not happen is told as abandoned, whatever became of its request.
#[derive(Debug)]
pub struct Opening {
    transport: Arc<Transport>,
    id: Id,
    announced: bool,
}

impl Opening {
    /// The id that the session will have.
    pub fn id(&self) -> Id {
        self.id
    }

    /// From now on somebody holds something for the session, and is told of its end.
    pub fn announce(&mut self) {
        self.announced = true;
    }

    /// The session is there, and tells of its end itself. Whether somebody wants to know of that.
    pub(super) fn happened(mut self) -> bool {
        std::mem::take(&mut self.announced)
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        if self.announced {
            self.transport.upper.abandoned(self.id);
        }
    }
}

/// A request that may be served.
#[derive(Debug)]
pub struct Admitted {
    transport: TransportName,
    session: Option<Arc<Session>>,
    dialect: Dialect,
    websocket: Option<WebSocketAnswer>,
}

/// What the handshake of a WebSocket is answered.
#[derive(Debug)]
struct WebSocketAnswer {
    /// For its key.
    accept: String,
    /// The subprotocol that goes on: the first that was offered, as in Socket.IO.
    protocol: Option<HeaderValue>,
}

impl Admitted {
    /// Whether it opens a session that begins with polling.
    pub fn begins_polling(&self) -> bool {
        self.session.is_none() && self.transport == TransportName::Polling
    }
}

/// Whether a request says which session it belongs to.
pub fn names_session<B>(request: &Request<B>) -> bool {
    Query::parse(request.uri().query().unwrap_or_default()).session.is_some()
}

/// Whether a request is the handshake of a WebSocket, good or bad: what Node calls an upgrade.
pub fn wants_websocket<B>(request: &Request<B>) -> bool {
    has_token(request.headers(), header::CONNECTION, "upgrade")
        && request.headers().contains_key(header::UPGRADE)
}

impl Transport {
    /// A session that a request may open.
    pub fn opening(self: &Arc<Self>) -> Opening {
        Opening { transport: self.clone(), id: Id::random(), announced: false }
    }

    /// Whether a request may be served. Changes nothing.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn examine<B>(&self, request: &Request<B>, address: IpAddr) -> Result<Admitted, Refused> {
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let transport = match query.transport {
            Some("polling") => TransportName::Polling,
            Some("websocket") => TransportName::Websocket,
            other => return Err(Refused::UnknownTransport(other.map(Into::into))),
        };
        if !self.options.offers(transport) {
            return Err(Refused::UnknownTransport(query.transport.map(Into::into)));
        }
        let upgrade = wants_websocket(request);
        let session = match query.session {
            Some(id) => {
                let found = Id::parse(id).and_then(|id| self.find(&id));
                let session = found.ok_or_else(|| Refused::UnknownSession(id.into()))?;
                let previous = session.transport_name();
                if !upgrade && previous != transport.as_str() {
                    return Err(Refused::TransportMismatch { transport: transport.as_str(), previous });
                }
                Some(session)
            }
            None if request.method() != Method::GET => {
                return Err(Refused::BadMethod(request.method().as_str().into()));
            }
            None => None,
        };
        let websocket = match transport {
            TransportName::Websocket => Some(websocket_answer(request).ok_or(Refused::NoWebSocketHandshake)?),
            TransportName::Polling => None,
        };
        let revision = match (&session, query.version) {
            (Some(session), _) => session.revision(),
            (None, Some("4")) => Revision::V4,
            // As Socket.IO has it: whoever does not say 4 speaks 3.
            (None, _) if self.options.socket.allow_eio3 => Revision::V3,
            (None, version) => return Err(Refused::UnsupportedVersion(version.map(Into::into))),
        };
        let dialect = Dialect { revision, base64: query.base64 };
        if session.is_none() {
            if revision == Revision::V3 && query.jsonp {
                return Err(Refused::Jsonp);
            }
            if self.is_crowded(address) {
                return Err(Refused::Crowded);
            }
            if self.is_full() {
                return Err(Refused::Full);
            }
        }
        Ok(Admitted { transport, session, dialect, websocket })
    }

    /// Serves a request that may be served. `secure`: its client came through TLS.
    ///
    /// # Errors
    /// [`Refused`]: it is the business of its session alone.
    pub async fn serve<B>(
        self: &Arc<Self>,
        mut request: Request<B>,
        admitted: Admitted,
        opening: Opening,
        address: SocketAddr,
        secure: bool,
    ) -> Result<Response<Bytes>, Refused>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match admitted {
            Admitted { websocket: Some(answer), session, dialect, .. } => {
                let head = session.is_none().then(|| (Self::head(&request, address, secure), opening));
                let upgrade = hyper::upgrade::on(&mut request);
                let transport = self.clone();
                self.tasks.spawn(async move { transport.switch(upgrade, session, dialect, head).await });
                Ok(switching_protocols(answer))
            }
            Admitted { session: Some(session), .. } => match *request.method() {
                Method::GET => Ok(polling::get(session).await),
                Method::POST => {
                    let (parts, body) = request.into_parts();
                    let declared = parts
                        .headers
                        .get(header::CONTENT_LENGTH)
                        .and_then(|length| length.to_str().ok()?.parse().ok());
                    if declared.is_some_and(|length: u64| length > self.options.socket.max_http_buffer_size) {
                        session.close(super::CloseReason::TooLarge);
                        return Err(Refused::TooLarge);
                    }
                    Ok(polling::post(session, &parts.headers, body).await)
                }
                _ => Err(Refused::BadRequest),
            },
            Admitted { session: None, dialect, .. } => {
                let link = Link::Polling { waiting: false, receiving: false };
                match self.open(opening, Self::head(&request, address, secure), dialect, link) {
                    Some(session) => Ok(polling::get(session).await),
                    None => Err(Refused::Full),
                }
            }
        }
    }

    /// What is kept of the request that opens a session.
    fn head<B>(request: &Request<B>, address: SocketAddr, secure: bool) -> Head {
        let url = request.uri().path_and_query().map_or("", |url| url.as_str());
        Head {
            url: url.into(),
            headers: headers_json(request.headers()).into(),
            address,
            issued: unix_millis(),
            xdomain: request.headers().contains_key(header::ORIGIN),
            secure,
        }
    }

    /// Whether there is no place for another session.
    fn is_full(&self) -> bool {
        self.tasks.is_stopping() || self.count() as u64 >= self.options.connections
    }

    /// Runs a WebSocket once its handshake is over.
    async fn switch(
        self: Arc<Self>,
        upgrade: OnUpgrade,
        session: Option<Arc<Session>>,
        dialect: Dialect,
        head: Option<(Head, Opening)>,
    ) {
        let Ok(upgraded) = upgrade.await else { return };
        let Some((stream, mut early)) = take_apart(upgraded) else { return };
        let stream = Arc::new(stream);
        match (session, head) {
            (Some(session), _) => upgrade::run(session, stream, dialect.base64, early).await,
            (None, Some((head, opening))) => {
                let link = Link::WebSocket(stream.clone());
                let Some(session) = self.open(opening, head, dialect, link) else {
                    // Its place was taken while it was answered.
                    return self.options.metrics.add_part(Family::SessionsRefused, Refused::Full.part(), 1);
                };
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

/// The socket below an upgraded connection, and what was read of it already.
fn take_apart(upgraded: Upgraded) -> Option<(Stream, Vec<u8>)> {
    let upgraded = match upgraded.downcast::<TokioIo<Watched<TcpStream>>>() {
        Ok(bare) => return Some((bare.io.into_inner().into_socket().into(), bare.read_buf.to_vec())),
        Err(upgraded) => upgraded,
    };
    let tls = upgraded.downcast::<TokioIo<Watched<TlsStream<TcpStream>>>>().ok()?;
    Some((tls.io.into_inner().into_socket().into(), tls.read_buf.to_vec()))
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
    let upgradable = session.transport_name() == "polling"
        && options.socket.allow_upgrades
        && options.offers(TransportName::Websocket);
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

/// The answer to a request that is a WebSocket handshake of version 13.
fn websocket_answer<B>(request: &Request<B>) -> Option<WebSocketAnswer> {
    let headers = request.headers();
    let valid = request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && has_token(headers, header::CONNECTION, "upgrade")
        && has_token(headers, header::UPGRADE, "websocket")
        && headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    if !valid || key.len() != 24 {
        return None;
    }
    Some(WebSocketAnswer { accept: derive_accept_key(key.as_bytes()), protocol: subprotocol(headers)? })
}

/// The first of the subprotocols that a client offers, if it does. `None`: its list is none of different tokens.
fn subprotocol(headers: &HeaderMap) -> Option<Option<HeaderValue>> {
    let mut offered: Vec<&str> = Vec::new();
    for list in headers.get_all(header::SEC_WEBSOCKET_PROTOCOL) {
        for name in list.to_str().ok()?.split(',').map(|name| name.trim_matches([' ', '\t'])) {
            if name.is_empty() || !name.bytes().all(is_token) || offered.contains(&name) {
                return None;
            }
            offered.push(name);
        }
    }
    Some(offered.first().and_then(|first| HeaderValue::from_str(first).ok()))
}

/// Whether a byte may stand in a token of HTTP.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Whether a header that is a list has a token.
fn has_token(headers: &HeaderMap, name: header::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
}

fn switching_protocols(WebSocketAnswer { accept, protocol }: WebSocketAnswer) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

/// How many values of a header Node keeps: of those that make no sense twice, the first.
fn most_of(name: &header::HeaderName) -> usize {
    match *name {
        header::AGE
        | header::AUTHORIZATION
        | header::CONTENT_LENGTH
        | header::CONTENT_TYPE
        | header::ETAG
        | header::EXPIRES
        | header::FROM
        | header::HOST
        | header::IF_MODIFIED_SINCE
        | header::IF_UNMODIFIED_SINCE
        | header::LAST_MODIFIED
        | header::LOCATION
        | header::MAX_FORWARDS
        | header::PROXY_AUTHORIZATION
        | header::REFERER
        | header::RETRY_AFTER
        | header::SERVER
        | header::USER_AGENT => 1,
        _ => usize::MAX,
    }
}

/// Headers as Node's `IncomingMessage` has them: one object in the order in which they came, repeated ones joined, a character for each byte.
fn headers_json(headers: &HeaderMap) -> String {
    object_json(headers.keys().map(|name| {
        let values: Vec<_> =
            headers.get_all(name).iter().map(header_text::read).take(most_of(name)).collect();
        let separator = if name == header::COOKIE { "; " } else { ", " };
        (name.as_str(), values.join(separator))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(lists: &[&'static str]) -> Option<Option<String>> {
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(list));
        }
        subprotocol(&headers).map(|first| first.map(|first| first.to_str().unwrap().to_owned()))
    }

    #[test]
    fn the_first_subprotocol_that_is_offered_goes_on() {
        assert_eq!(chosen(&[]), Some(None));
        for lists in [&["chat.v2"][..], &["chat.v2, chat.v1"], &["\tchat.v2 ,chat.v1"], &["chat.v2", "a,b"]] {
            assert_eq!(chosen(lists), Some(Some("chat.v2".into())), "{lists:?}");
        }
        for lists in [&[""][..], &["a,"], &[",a"], &["a b"], &["a,,b"], &["a,b,a"], &["a", "a"], &["a;b"]] {
            assert_eq!(chosen(lists), None, "{lists:?}");
        }
    }
}
