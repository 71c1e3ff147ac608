//! The certificate and its key, looked at before an engine is made of them.

use napi::Result;
use napi_derive::napi;

use super::error::malformed;
use crate::engine::tls::{TlsConfig, TlsSettings};

/// What is wrong with `{ cert, key }`, beginning with the field; `null`: nothing.
#[napi(catch_unwind)]
pub fn tls_check(settings_json: String) -> Result<Option<String>> {
    let settings: TlsSettings =
        serde_json::from_str(&settings_json).map_err(|error| malformed("tls", &error))?;
    Ok(TlsConfig::try_from(settings).err().map(|error| error.to_string()))
}
