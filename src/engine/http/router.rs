//! Which request is the transport's and which the app's.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension, Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Request, StatusCode, header};
use hyper::{body::Incoming, service::Service as _};
use hyper_util::service::TowerToHyperService;

use super::{
    answering::Answering, app_cors::AppCors, app_response::AppBody, behind::Upstream, fallback,
    places::Places, socket_path,
};
use crate::engine::{
    core::Core,
    transport::{PollAnswer, Transport},
    way_out::{Outgoing, WayOut},
};

/// The peer of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What answers requests.
#[derive(Clone, Debug)]
pub struct Front {
    /// For the app.
    pub core: Arc<Core>,
    /// For the Socket.IO path.
    pub transport: Arc<Transport>,
}

/// The routes of a running server.
#[derive(Clone, Debug)]
pub struct Routes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    front: Front,
    places: Places,
    /// What the configuration says to pages of other origins, where the app does not. The engine that is `bare` says nothing.
    cors: Option<Arc<AppCors>>,
    socket: Socket,
}

/// The way to the transport.
#[derive(Debug)]
enum Socket {
    /// What begins with the path, as Socket.IO has it.
    Below,
    /// The path itself, with and without a slash behind it, through axum's CORS. All else goes to the app without a router, whose cost is a
    /// good part of a small request's.
    Routed { path: String, router: TowerToHyperService<Router> },
}

impl Routes {
    /// Those of a server.
    pub fn new(front: Front) -> Self {
        let config = &front.core.config;
        let places = Places::new(config.limits.http_in_flight);
        let cors = (!config.bare).then(|| Arc::new(AppCors::new(&config.cors)));
        let socket = if config.bare {
            Socket::Below
        } else {
            let path = config.socket.path.trim_end_matches('/').to_owned();
            Socket::Routed { router: TowerToHyperService::new(router(front.clone())), path }
        };
        Self(Arc::new(Inner { front, places, cors, socket }))
    }

    /// Answers a request.
    pub(super) fn answer(
        &self,
        request: Request<Incoming>,
        Peer(remote): Peer,
        upstream: Option<&Upstream>,
        way: &Arc<WayOut>,
    ) -> Answering {
        let Inner { front, places, cors, socket } = &*self.0;
        way.relay(false);
        match socket {
            Socket::Below if socket_path::is_below(&front.core.config.socket, request.uri().path()) => {
                let (front, way) = (front.clone(), way.clone());
                return Answering::other(async move {
                    goes_out(respond(&front, remote, request.map(Body::new)).await, way)
                });
            }
            Socket::Routed { path, router } if is_at(path, request.uri().path()) => {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(Peer(remote));
                let (answer, way) = (router.call(request), way.clone());
                return Answering::other(async {
                    let Ok(response) = answer.await;
                    goes_out(response, way)
                });
            }
            Socket::Below | Socket::Routed { .. } => {}
        }
        let Some(upstream) = upstream else {
            let remote = front.core.remote(remote, request.headers());
            return fallback::answer(&front.core, cors.as_ref(), places, way, remote, request);
        };
        way.relay(true);
        let upstream = upstream.clone();
        Answering::Other(Box::pin(async move {
            Ok(upstream.forward(request.map(Body::new)).await?.map(AppBody::from))
        }))
    }
}

/// A response of the transport's. A poll's counts until it is out.
fn goes_out(mut response: Response, way: Arc<WayOut>) -> http::Response<AppBody> {
    let poll = response.extensions_mut().remove::<PollAnswer>().and_then(|answer| answer.goes_out_on(&way));
    response.map(|body| AppBody::new(body, poll.map(|poll| Outgoing::new(way, poll))))
}

/// Whether a request is for `path`, or for it and a slash. Without a path of its own, the transport has the root.
fn is_at(path: &str, requested: &str) -> bool {
    match requested.strip_prefix(path) {
        Some("/") => true,
        Some("") => !path.is_empty(),
        _ => false,
    }
}

/// Answers whatever gets here: what a path may hold has meanings of its own in a router's.
fn router(front: Front) -> Router {
    Router::new().fallback(transport).layer(front.core.config.cors.layer()).with_state(front)
}

async fn transport(
    State(front): State<Front>,
    Extension(Peer(address)): Extension<Peer>,
    request: Request<Body>,
) -> Response {
    if !front.core.config.cors.allows(request.headers()) {
        let body = r#"{"code":4,"message":"Forbidden"}"#;
        return (
            StatusCode::FORBIDDEN,
            [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))],
            body,
        )
            .into_response();
    }
    respond(&front, address, request).await
}

async fn respond(front: &Front, address: SocketAddr, request: Request<Body>) -> Response {
    let remote = front.core.remote(address, request.headers());
    socket_path::answer(front, request, remote).await.map(Body::from)
}
