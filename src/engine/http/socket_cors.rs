//! What Socket.IO's option `cors` says to browsers: the headers of the npm package `cors`.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use crate::engine::config::{SocketCors, SocketOrigin};

/// Methods that a preflight allows where the program names none.
const METHODS: &str = "GET,HEAD,PUT,PATCH,POST,DELETE";

impl SocketCors {
    /// The answer to a preflight.
    pub(super) fn preflight(&self, request: &HeaderMap) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() =
            StatusCode::from_u16(self.options_success_status).unwrap_or(StatusCode::NO_CONTENT);
        *response.headers_mut() = self.headers(request, true);
        response
    }

    /// What the answer to a request has.
    pub(super) fn headers(&self, request: &HeaderMap, preflight: bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        self.origin(request, &mut headers);
        let mut say = |name: HeaderName, value: Option<&str>| {
            let value = value.filter(|value| !value.is_empty()).and_then(|value| value.parse().ok());
            if let Some(value) = value {
                headers.insert(name, value);
            }
        };
        say(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, self.credentials.then_some("true"));
        say(header::ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed_headers.as_deref());
        if preflight {
            say(header::ACCESS_CONTROL_ALLOW_METHODS, Some(self.methods.as_deref().unwrap_or(METHODS)));
            say(header::ACCESS_CONTROL_MAX_AGE, self.max_age.as_deref());
            if let Some(allowed) = &self.allowed_headers {
                say(header::ACCESS_CONTROL_ALLOW_HEADERS, Some(allowed));
            } else {
                let asked = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
                say(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.and_then(|asked| asked.to_str().ok()));
                headers.append(header::VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
            }
        }
        headers
    }

    fn origin(&self, request: &HeaderMap, headers: &mut HeaderMap) {
        let asking = request.get(header::ORIGIN).cloned();
        let value = match &self.origin {
            SocketOrigin::Any => Some(HeaderValue::from_static("*")),
            SocketOrigin::Asking => asking,
            SocketOrigin::Fixed(origin) => origin.parse().ok(),
            SocketOrigin::Listed(origins) => {
                asking.filter(|asking| origins.iter().any(|origin| asking == origin.as_str()))
            }
        };
        if self.origin != SocketOrigin::Any {
            headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(value) = value {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(options: &str) -> SocketCors {
        serde_json::from_str(&format!(r#"{{"optionsSuccessStatus":204,{options}}}"#)).unwrap()
    }

    fn said(cors: &SocketCors, origin: Option<&str>, preflight: bool) -> Vec<String> {
        let mut request = HeaderMap::new();
        if let Some(origin) = origin {
            request.insert(header::ORIGIN, origin.parse().unwrap());
        }
        request.insert(header::ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_static("x-own"));
        let headers = cors.headers(&request, preflight);
        let mut said: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        said.sort();
        said
    }

    #[test]
    fn any_origin_needs_no_vary() {
        assert_eq!(
            said(&cors(r#""origin":"any""#), Some("https://a.example"), false),
            ["access-control-allow-origin: *"]
        );
    }

    #[test]
    fn a_fixed_origin_is_told_to_everybody_and_a_listed_one_to_its_own_pages() {
        let fixed = cors(r#""origin":{"fixed":"https://a.example"},"credentials":true"#);
        let told = [
            "access-control-allow-credentials: true",
            "access-control-allow-origin: https://a.example",
            "vary: Origin",
        ];
        assert_eq!(said(&fixed, Some("https://evil.example"), false), told);
        assert_eq!(said(&fixed, None, false), told);
        let listed = cors(r#""origin":{"listed":["https://a.example"]}"#);
        assert_eq!(said(&listed, Some("https://evil.example"), false), ["vary: Origin"]);
        assert_eq!(
            said(&listed, Some("https://a.example"), false),
            ["access-control-allow-origin: https://a.example", "vary: Origin"]
        );
    }

    #[test]
    fn a_preflight_is_told_methods_and_headers() {
        let mirrored = said(&cors(r#""origin":"asking","maxAge":"60""#), Some("https://a.example"), true);
        assert_eq!(
            mirrored,
            [
                "access-control-allow-headers: x-own",
                "access-control-allow-methods: GET,HEAD,PUT,PATCH,POST,DELETE",
                "access-control-allow-origin: https://a.example",
                "access-control-max-age: 60",
                "vary: Access-Control-Request-Headers",
                "vary: Origin",
            ]
        );
        let given = cors(r#""origin":"any","methods":"GET,POST","allowedHeaders":"content-type""#);
        assert_eq!(
            said(&given, None, true),
            [
                "access-control-allow-headers: content-type",
                "access-control-allow-methods: GET,POST",
                "access-control-allow-origin: *",
            ]
        );
    }
}
