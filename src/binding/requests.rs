//! Requests to the Socket.IO path: how they are described, and what the program decided of them.

use bytes::Bytes;
use napi::bindgen_prelude::BufferSlice;
use napi_derive::napi;

use super::dialogue::NativeDialogue;
use crate::engine::{
    host::{HttpResponse, RequestHead, RequestVerdict, Verdict},
    payload::to_json,
};

/// A request as JSON: `{ method, url, headers, address, port, secure, upgrade }`. Headers: name, value, name, value …
pub fn describe(request: &RequestHead) -> String {
    let headers: Vec<&str> =
        request.headers.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]).collect();
    format!(
        r#"{{"method":{},"url":{},"headers":{},"address":{},"port":{},"secure":{},"upgrade":{}}}"#,
        to_json(&request.method),
        to_json(&request.url),
        to_json(&headers),
        to_json(&request.remote.ip().to_string()),
        request.remote.port(),
        request.secure,
        request.upgrade,
    )
}

#[napi]
impl NativeDialogue {
    /// A request goes on, and its answer has these headers: name, value, name, value … `false`: it is no longer waited for.
    #[napi(catch_unwind)]
    pub fn request_pass(&self, ticket: f64, headers: Vec<String>) -> bool {
        self.judge_request(ticket, RequestVerdict::Pass { headers: pairs(headers) })
    }

    /// The program has answered a request itself.
    #[napi(catch_unwind)]
    pub fn request_answer(
        &self,
        ticket: f64,
        status: u16,
        headers: Vec<String>,
        body: Option<BufferSlice<'_>>,
    ) -> bool {
        let body = body.map_or_else(Bytes::new, |body: BufferSlice<'_>| Bytes::copy_from_slice(&body));
        let response = HttpResponse { status, headers: pairs(headers), body };
        self.judge_request(ticket, RequestVerdict::Answered(response))
    }

    /// A request is refused: by `allowRequest`, perhaps in its own words, or because a middleware failed.
    #[napi(catch_unwind)]
    pub fn request_bar(
        &self,
        ticket: f64,
        forbidden: bool,
        message: Option<String>,
        headers: Vec<String>,
    ) -> bool {
        self.judge_request(ticket, RequestVerdict::Barred { forbidden, message, headers: pairs(headers) })
    }
}

impl NativeDialogue {
    fn judge_request(&self, ticket: f64, verdict: RequestVerdict) -> bool {
        self.core().decisions.answer(ticket as u64, Verdict::Request(verdict))
    }
}

fn pairs(headers: Vec<String>) -> Vec<(String, String)> {
    let mut texts = headers.into_iter();
    std::iter::from_fn(|| texts.next().zip(texts.next())).collect()
}
