//! The app's responses.

use bytes::Bytes;
use napi::bindgen_prelude::BufferSlice;
use napi_derive::napi;

use super::dialogue::NativeDialogue;
use crate::engine::host::{Answer, HttpResponse};

#[napi]
impl NativeDialogue {
    /// The app answered. `headers`: name, value, name, value …
    #[napi(catch_unwind)]
    pub fn http_respond(&self, id: f64, status: u16, headers: Vec<String>, body: Option<BufferSlice<'_>>) {
        let mut texts = headers.into_iter();
        let headers = std::iter::from_fn(|| texts.next().zip(texts.next())).collect();
        let body = body.map_or_else(Bytes::new, |body: BufferSlice<'_>| Bytes::copy_from_slice(&body));
        self.core().tickets.answer(id as u64, Answer::Response(HttpResponse { status, headers, body }));
    }
}
