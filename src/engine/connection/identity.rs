//! Who a client is, from what it sent with its connect.

use std::sync::Arc;

use socketioxide_core::Str;

use crate::engine::{
    client::{Identity, Meta},
    commands::Fields,
    error::{Code, Refusal},
    jwt::{Token, TokenError},
    limits::Limits,
    payload::deeper_than,
    protocol::SYSTEM,
    socketio::ConnectRequest,
};

/// What is shown of what one sent who may bring a token.
const TOKENS: Meta = Meta::AllBut(&["userId", "token"]);

/// Without `jwt` and `authenticate`: the name it gives itself, or none; everything else is its `meta`.
pub fn identify(request: &ConnectRequest, limits: &Limits) -> Result<Identity, Refusal> {
    let mut identity = read(request.auth().map_or("{}", Str::as_str), limits)?;
    if identity.user_id.is_empty() {
        identity.user_id = request.socket().id().as_str().into();
    }
    Ok(identity)
}

/// The token that a client brings: in `auth.token`, or else as a bearer. An empty or `null` one is none.
pub fn token(request: &ConnectRequest) -> Result<Option<String>, TokenError> {
    let auth = Fields::parse(request.auth().map_or("{}", Str::as_str)).map_err(|_| TokenError::Malformed)?;
    match auth.raw("token").filter(|value| !matches!(*value, "null" | r#""""#)) {
        Some(token) => serde_json::from_str(token).map(Some).map_err(|_| TokenError::Malformed),
        None => Ok(bearer(&request.socket().head().headers)),
    }
}

/// The token of an `Authorization: Bearer` header, from headers as a JSON object. Another scheme is none of ours.
fn bearer(headers: &str) -> Option<String> {
    let value: String = serde_json::from_str(Fields::parse(headers).ok()?.raw("authorization")?).ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// With `jwt` alone: the token's user. What it sent beside the token is its `meta`; the name that it gives itself is nothing.
pub fn verified(auth: Option<&Str>, token: Token, limits: &Limits) -> Result<Identity, Refusal> {
    if &*token.sub == SYSTEM {
        return Err(system_sub());
    }
    let auth = auth.map_or("{}", Str::as_str);
    parse(auth, limits)?;
    Ok(Identity { user_id: token.sub.clone(), auth: auth.into(), meta: TOKENS, token: Some(Box::new(token)) })
}

/// With `jwt` that is not required, and no token: a name that nobody chose.
pub fn guest(request: &ConnectRequest, limits: &Limits) -> Result<Identity, Refusal> {
    let auth = request.auth().map_or("{}", Str::as_str);
    parse(auth, limits)?;
    let user_id: Arc<str> = request.socket().id().as_str().into();
    Ok(Identity { user_id, auth: auth.into(), meta: TOKENS, token: None })
}

/// Who `authenticate` says it is; what the client sent is not its `meta` then.
pub fn authenticated(
    user_id: String,
    auth: Option<&Str>,
    token: Option<Token>,
    limits: &Limits,
) -> Result<Identity, Refusal> {
    if token.as_ref().is_some_and(Token::is_over) {
        // While `authenticate` made up its mind.
        return Err(TokenError::Expired.into());
    }
    if user_id == SYSTEM {
        return Err(system_sub());
    }
    if user_id.len() as u64 > limits.id_length {
        return Err(Refusal::invalid("sub", &format!("must not be longer than {} bytes", limits.id_length)));
    }
    let auth = auth.map_or("{}", Str::as_str);
    let token = token.map(Box::new);
    Ok(Identity { user_id: user_id.into(), auth: auth.into(), meta: Meta::Nothing, token })
}

fn system_sub() -> Refusal {
    Refusal::new(Code::Unauthorized, "sub: 'system' is the server's own name")
}

/// The fields of what a client sent.
fn parse<'a>(auth: &'a str, limits: &Limits) -> Result<Fields<'a>, Refusal> {
    let depth = usize::try_from(limits.json_depth).unwrap_or(usize::MAX);
    if deeper_than(auth, depth) {
        return Err(Refusal::invalid("auth", &format!("must not be nested more than {depth} levels deep")));
    }
    Fields::parse(auth).map_err(|_| Refusal::invalid("auth", "expected an object"))
}

fn read(auth: &str, limits: &Limits) -> Result<Identity, Refusal> {
    let fields = parse(auth, limits)?;
    let user_id = match fields.raw("userId") {
        Some(value) if value.starts_with('"') => {
            fields.optional_text("userId", limits.id_length)?.unwrap_or_default()
        }
        _ => String::new(),
    };
    if user_id == SYSTEM {
        return Err(Refusal::new(Code::InvalidRequest, "userId: 'system' is the server's own name"));
    }
    let meta = Meta::AllBut(&["userId"]);
    Ok(Identity { user_id: user_id.into(), auth: auth.into(), meta, token: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identify(auth: &str) -> Result<(String, String), String> {
        read(auth, &Limits::default())
            .map(|identity| (identity.user_id.to_string(), identity.meta()))
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
    fn a_bearer_is_a_token_and_other_schemes_are_not() {
        let of = |value: &str| bearer(&format!(r#"{{"host":"x","authorization":{value}}}"#));
        for value in [r#""Bearer a.b.c""#, r#""bearer  a.b.c ""#, r#""BEARER a.b.c""#] {
            assert_eq!(of(value).as_deref(), Some("a.b.c"), "{value}");
        }
        for value in [r#""Basic YTpi""#, r#""Bearer""#, r#""""#, r#"["Bearer a"]"#, "7"] {
            assert_eq!(of(value), None, "{value}");
        }
        assert_eq!(bearer("{}"), None);
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
