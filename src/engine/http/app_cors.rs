//! CORS of the configuration on the app's responses, where the app has not said anything itself.

use axum::{Router, body::Body};
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, header};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::app_response::AppBody;
use crate::engine::config::Cors;

/// What a preflight asks for, and the answer is made of.
const ASKED: [HeaderName; 4] = [
    header::ORIGIN,
    header::HOST,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::ACCESS_CONTROL_REQUEST_HEADERS,
];

/// The configured layer around nothing: what it says of a request is what is said of the app's response.
#[derive(Clone)]
pub struct AppCors(TowerToHyperService<Router>);

/// What of a request matters here.
pub struct Asked {
    method: Method,
    headers: HeaderMap,
}

impl std::fmt::Debug for AppCors {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("AppCors")
    }
}

impl AppCors {
    /// Says what `cors` says.
    pub fn new(cors: &Cors) -> Self {
        let nothing = Router::new().fallback(|| async { StatusCode::NO_CONTENT }).layer(cors.layer());
        Self(TowerToHyperService::new(nothing))
    }

    /// `None`: it came from no page, or from one of this server's.
    pub fn asked(&self, method: &Method, headers: &HeaderMap) -> Option<Asked> {
        headers.contains_key(header::ORIGIN).then(|| Asked {
            method: method.clone(),
            headers: ASKED
                .into_iter()
                .filter_map(|name| headers.get(&name).cloned().map(|value| (name, value)))
                .collect(),
        })
    }

    /// Puts into the app's response what it left out. A preflight that the app does not know is answered here.
    pub async fn complete(&self, asked: Asked, mut response: Response<AppBody>) -> Response<AppBody> {
        if response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            return response;
        }
        let unknown = matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
        let preflight = asked.method == Method::OPTIONS
            && asked.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if preflight && !unknown {
            return response;
        }
        let mut request = Request::new(Body::empty());
        *request.method_mut() = if preflight { Method::OPTIONS } else { Method::GET };
        *request.headers_mut() = asked.headers;
        let Ok(said) = self.0.call(request).await;
        if preflight {
            return said.map(AppBody::from);
        }
        for (name, value) in said.headers() {
            if *name == header::VARY || name.as_str().starts_with("access-control-") {
                let _ = response.headers_mut().try_append(name, value.clone());
            }
        }
        response
    }
}
