//! Which request is the transport's and which the app's.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderValue, StatusCode, header};

use super::{
    address::client_address,
    fallback::{self, InFlight},
};
use crate::engine::{core::Core, transport::Transport};

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
pub fn router(front: Front) -> Router {
    let config = &front.core.config;
    let path = config.socket.path.trim_end_matches('/');
    let socket = Router::new().route(&format!("{path}/"), any(transport)).layer(config.cors.layer());
    // Without a path of its own, the transport has the root; a route for "" there is none.
    let socket =
        if path.is_empty() { socket } else { socket.route(path, any(transport)).layer(config.cors.layer()) };
    let in_flight = InFlight::new(config.limits.http_in_flight);
    socket.fallback(fallback::app).layer(Extension(in_flight)).with_state(front)
}

async fn transport(
    State(front): State<Front>,
    Extension(Peer(address)): Extension<Peer>,
    request: Request,
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
    let address = client_address(address, request.headers(), &front.core.limits().trust_proxy);
    let xdomain = request.headers().contains_key(header::ORIGIN);
    front.transport.handle(request, address, xdomain).await.map(Body::from)
}
