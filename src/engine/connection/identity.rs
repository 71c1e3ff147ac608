//! Who a client is, from what it sent with its connect.

use socketioxide_core::Str;

use crate::engine::{
    client::Identity,
    commands::Fields,
    error::{Code, Refusal},
    limits::Limits,
    payload::{deeper_than, to_json},
    protocol::SYSTEM,
    socketio::ConnectRequest,
};

/// Without `jwt` and `authenticate`: the name it gives itself, or none; everything else is its `meta`.
pub fn identify(request: &ConnectRequest, limits: &Limits) -> Result<Identity, Refusal> {
    let mut identity = read(request.auth().map_or("{}", Str::as_str), limits)?;
    if identity.user_id.is_empty() {
        identity.user_id = request.socket().id().as_str().into();
    }
    Ok(identity)
}

/// Who `authenticate` says it is; what the client sent is not its `meta` then.
pub fn authenticated(user_id: String, auth: Option<&Str>, limits: &Limits) -> Result<Identity, Refusal> {
    if user_id == SYSTEM {
        return Err(Refusal::new(Code::Unauthorized, "sub: 'system' is the server's own name"));
    }
    if user_id.len() as u64 > limits.id_length {
        return Err(Refusal::invalid("sub", &format!("must not be longer than {} bytes", limits.id_length)));
    }
    let auth = auth.map_or("{}", Str::as_str);
    Ok(Identity { user_id: user_id.into(), auth: auth.into(), meta: "{}".into() })
}

fn read(auth: &str, limits: &Limits) -> Result<Identity, Refusal> {
    let depth = usize::try_from(limits.json_depth).unwrap_or(usize::MAX);
    if deeper_than(auth, depth) {
        return Err(Refusal::invalid("auth", &format!("must not be nested more than {depth} levels deep")));
    }
    let fields = Fields::parse(auth).map_err(|_| Refusal::invalid("auth", "expected an object"))?;
    let user_id = match fields.raw("userId") {
        Some(value) if value.starts_with('"') => {
            fields.optional_text("userId", limits.id_length)?.unwrap_or_default()
        }
        _ => String::new(),
    };
    if user_id == SYSTEM {
        return Err(Refusal::new(Code::InvalidRequest, "userId: 'system' is the server's own name"));
    }
    let others: Vec<String> = fields
        .iter()
        .filter(|(name, _)| *name != "userId")
        .map(|(name, value)| format!("{}:{value}", to_json(name)))
        .collect();
    Ok(Identity {
        user_id: user_id.into(),
        auth: auth.into(),
        meta: format!("{{{}}}", others.join(",")).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identify(auth: &str) -> Result<(String, String), String> {
        read(auth, &Limits::default())
            .map(|identity| (identity.user_id.to_string(), identity.meta.to_string()))
            .map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn a_name_is_taken_and_the_rest_is_meta() {
        let auth = r#"{"token":"t","userId":"ada","__proto__":{"a":1}}"#;
        assert_eq!(identify(auth).unwrap(), ("ada".into(), r#"{"token":"t","__proto__":{"a":1}}"#.into()));
        for nameless in
            ["{}", r#"{"userId":""}"#, r#"{"userId":7}"#, r#"{"userId":null}"#, r#"{"userId":{"a":1}}"#]
        {
            assert_eq!(identify(nameless).unwrap(), (String::new(), "{}".into()), "{nameless}");
        }
    }

    #[test]
    fn nobody_is_the_system_and_names_have_a_length() {
        assert!(identify(r#"{"userId":"system"}"#).unwrap_err().starts_with("INVALID_REQUEST"));
        assert!(identify(r#"{"userId":"s\u0079stem"}"#).is_err());
        assert!(
            identify(&format!(r#"{{"userId":"{}"}}"#, "x".repeat(257))).unwrap_err().contains("256 bytes")
        );
        assert!(identify(&format!(r#"{{"a":{}1{}}}"#, "[".repeat(80), "]".repeat(80))).is_err());
    }
}
