//! Errors as JavaScript sees them.

use std::io;

use napi::{Env, Error, JsValue, Result, Status, bindgen_prelude::Object};
use napi_derive::napi;

use crate::engine::{error::TABLE, limits, metrics, payload::to_json, server::StartError};

/// The engine's table of error codes, as JSON.
#[napi(catch_unwind)]
pub fn error_table() -> String {
    to_json(TABLE)
}

/// The engine's table of limits, as JSON.
#[napi(catch_unwind)]
pub fn limits_table() -> String {
    to_json(limits::TABLE)
}

/// The engine's table of metrics, as JSON.
#[napi(catch_unwind)]
pub fn metrics_table() -> String {
    to_json(metrics::TABLE)
}

/// Text from JavaScript that the face should not have let through.
pub fn malformed(what: &str, error: &serde_json::Error) -> Error {
    Error::new(Status::InvalidArg, format!("{what}: {error}"))
}

/// An `Error` with a `code`, to be thrown, or for a promise to reject with.
pub fn start_error(env: &Env, error: &StartError) -> Result<Error> {
    let code = match error {
        StartError::PortInUse(_) => "PORT_IN_USE",
        StartError::Io(error) => match error.kind() {
            io::ErrorKind::PermissionDenied => "EACCES",
            io::ErrorKind::AddrNotAvailable => "EADDRNOTAVAIL",
            _ => "INTERNAL",
        },
        StartError::Running => "INTERNAL",
    };
    let mut object: Object<'_> = env.create_error(Error::new(Status::GenericFailure, error.to_string()))?;
    object.set("code", code)?;
    Ok(Error::from(object.to_unknown()))
}
