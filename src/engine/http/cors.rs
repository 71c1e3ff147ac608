//! Who may call from a page of another origin. The same answer on polling and on WebSocket.

use http::{HeaderMap, HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::engine::config::Cors;

impl Cors {
    /// Whether a request may pass. One without `Origin` (a device, a server) does.
    pub(super) fn allows(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        if self.any {
            return true;
        }
        let Ok(origin) = origin.to_str() else { return false };
        if self.same_origin {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let is_own = |host: &str| {
                let (scheme, authority) = origin.split_once("://")?;
                // A browser leaves the port out that its scheme has, a proxy may put it into `Host`.
                let port = if scheme == "https" { ":443" } else { ":80" };
                Some(host.strip_suffix(port).unwrap_or(host).eq_ignore_ascii_case(authority))
            };
            return host.and_then(is_own).unwrap_or_default();
        }
        self.origins.iter().any(|listed| listed == origin)
    }

    /// The headers that tell a browser so.
    pub(super) fn layer(&self) -> CorsLayer {
        let methods = match &self.methods {
            Some(methods) => methods.iter().filter_map(|method| method.parse().ok()).collect(),
            None => vec![Method::GET, Method::POST],
        };
        let layer = CorsLayer::new().allow_methods(methods).allow_headers(AllowHeaders::mirror_request());
        if self.any {
            return layer.allow_origin(AllowOrigin::any());
        }
        let origins = if self.same_origin { &[] } else { self.origins.as_slice() };
        let listed: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
        layer.allow_origin(AllowOrigin::list(listed)).allow_credentials(self.credentials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("chat.example:3000"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_servers_own_origin_is_its_host_however_that_is_written() {
        let same = Cors { any: false, same_origin: true, ..Cors::default() };
        let passes = |host: &str, origin: &str| {
            let mut headers = headers(Some(origin));
            headers.insert(header::HOST, host.parse().unwrap());
            same.allows(&headers)
        };
        for (host, origin) in [
            ("chat.example:443", "https://chat.example"),
            ("Chat.Example", "http://chat.example"),
            ("chat.example:80", "http://chat.example"),
        ] {
            assert!(passes(host, origin), "{host} {origin}");
        }
        for (host, origin) in [
            ("chat.example:443", "http://chat.example"),
            ("chat.example:80", "https://chat.example"),
            ("chat.example:8443", "https://chat.example"),
            ("", "https://chat.example"),
        ] {
            assert!(!passes(host, origin), "{host} {origin}");
        }
    }

    #[test]
    fn origins_pass_as_configured() {
        let any = Cors::default();
        let same = Cors { any: false, same_origin: true, ..Cors::default() };
        let listed = Cors { any: false, origins: vec!["https://app.example".into()], ..Cors::default() };
        let cases = [
            (None, [true, true, true]),
            (Some("https://evil.example"), [true, false, false]),
            (Some("null"), [true, false, false]),
            (Some("https://app.example"), [true, false, true]),
            (Some("https://app.example.evil"), [true, false, false]),
            (Some("http://chat.example:3000"), [true, true, false]),
        ];
        for (origin, expected) in cases {
            let passes = [&any, &same, &listed].map(|cors| cors.allows(&headers(origin)));
            assert_eq!(passes, expected, "{origin:?}");
        }
    }
}
