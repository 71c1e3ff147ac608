//! HTTP requests that the app works on, each named by its number.

use std::sync::Arc;

use bytes::Bytes;
use napi::bindgen_prelude::BufferSlice;
use napi_derive::napi;

use super::dialogue::NativeDialogue;
use crate::engine::http::{AppResponse, Exchange, Taken};

impl NativeDialogue {
    fn exchange(&self, id: f64) -> Option<Arc<Exchange>> {
        self.core().exchanges.get(id as u64)
    }
}

#[napi]
impl NativeDialogue {
    /// The app answered. `headers`: name, value, name, value …, a line each.
    #[napi(catch_unwind)]
    pub fn http_respond(&self, id: f64, status: u16, headers_text: String, body: Option<BufferSlice<'_>>) {
        let body = body.map_or_else(Bytes::new, |body: BufferSlice<'_>| Bytes::copy_from_slice(&body));
        if let Some(exchange) = self.exchange(id) {
            exchange.respond(AppResponse::new(status, &headers_text.into(), body));
        }
    }

    /// As `httpRespond`, with a text.
    #[napi(catch_unwind)]
    pub fn http_respond_text(&self, id: f64, status: u16, headers_text: String, body: String) {
        if let Some(exchange) = self.exchange(id) {
            exchange.respond(AppResponse::new(status, &headers_text.into(), body.into()));
        }
    }

    /// The app answered several times: for each `id status bytes`, a line break, `headers` as above, an empty line, and so many bytes of a body.
    #[napi(catch_unwind)]
    pub fn http_respond_all(&self, answers: String) {
        self.core().exchanges.answer_all(answers.into());
    }

    /// The app answered; the body follows in pieces. `false`: nobody is there any more.
    #[napi(catch_unwind)]
    pub fn http_begin(&self, id: f64, status: u16, headers_text: String) -> bool {
        let response = AppResponse::new(status, &headers_text.into(), Bytes::new());
        self.exchange(id).is_some_and(|exchange| exchange.begin(response))
    }

    /// A piece of the body. 0: nobody is there any more; 1: go on; 2: wait until the peer took some.
    #[napi(catch_unwind)]
    pub fn http_put(&self, id: f64, piece: BufferSlice<'_>) -> u32 {
        match self.exchange(id).map_or(Taken::Gone, |exchange| exchange.put(Bytes::copy_from_slice(&piece))) {
            Taken::Gone => 0,
            Taken::More => 1,
            Taken::Wait => 2,
        }
    }

    /// The response is over; `complete`: as it should be, else the peer sees that it is not.
    #[napi(catch_unwind)]
    pub fn http_finish(&self, id: f64, complete: bool) {
        if let Some(exchange) = self.exchange(id) {
            exchange.finish(complete);
        }
    }

    /// A piece of the request's body is wanted: it comes as a call.
    #[napi(catch_unwind)]
    pub fn http_read(&self, id: f64) {
        self.server.read_request(id as u64);
    }

    /// The rest of the request's body is not wanted.
    #[napi(catch_unwind)]
    pub fn http_discard(&self, id: f64) {
        if let Some(exchange) = self.exchange(id) {
            exchange.discard(self.core());
        }
    }
}
