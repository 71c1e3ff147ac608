//! What a program configures. Every field has its default here; the face sends what the program gave.

use std::{net::IpAddr, time::Duration};

use serde::Deserialize;

use super::{jwt::JwtConfig, limits::Limits, tls::TlsConfig};

/// Configuration of an engine.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Config {
    /// TCP port; 0 takes any free one.
    pub port: u16,
    /// Address to listen on; absent: all interfaces, IPv6 and IPv4.
    pub host: Option<String>,
    /// Threads of the engine; absent: one less than there are cores, at least one.
    pub threads: Option<usize>,
    /// Without Dialogue: `/` is a namespace of the program's own, like any other.
    pub bare: bool,
    /// Whether the host answers HTTP requests outside the Socket.IO path.
    pub has_app: bool,
    /// The transport.
    pub socket: SocketOptions,
    /// The limits.
    pub limits: Limits,
    /// Who may call from a page of another origin.
    pub cors: Cors,
    /// The same in the terms of Socket.IO's option, where the engine is `bare`; absent: nothing is said of origins.
    pub socket_cors: Option<SocketCors>,
    /// Which tokens say who connects; absent: none do.
    pub jwt: Option<JwtConfig>,
    /// The certificate to speak TLS with; absent: there is none.
    pub tls: Option<TlsConfig>,
}

/// Transport options, under Socket.IO's names. Times are milliseconds, sizes bytes.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SocketOptions {
    /// Path that the transport answers; default `/socket.io`.
    pub path: String,
    /// Time between two pings; default 25,000.
    pub ping_interval: u64,
    /// Time within which a ping must be answered; default 20,000.
    pub ping_timeout: u64,
    /// Most bytes of one message, over all its fragments and attachments; default 1,000,000.
    pub max_http_buffer_size: u64,
    /// Time from the Engine.IO handshake to the first Socket.IO connect; default 10,000.
    pub connect_timeout: u64,
    /// Time within which an upgrade must be completed; default 10,000.
    pub upgrade_timeout: u64,
    /// Transports that are offered; default both.
    pub transports: Vec<TransportName>,
    /// Whether a polling session is offered a WebSocket; default yes.
    pub allow_upgrades: bool,
    /// Whether only what follows `path` and a slash is the transport's; default yes. Where the engine is `bare`.
    pub trailing_slash: bool,
    /// The cookie that tells a polling client its session id; absent: none.
    pub cookie: Option<Cookie>,
    /// Names of files below `path` that the host answers.
    pub client_files: Vec<String>,
    /// Whether clients of Socket.IO 2 are let in, which speak Engine.IO 3; default no. Where the engine is `bare`.
    pub allow_eio3: bool,
}

/// A cookie with the session id.
#[derive(Clone, Debug, Deserialize)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// What follows the value: `; Path=/; HttpOnly`.
    pub attributes: String,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            path: "/socket.io".to_owned(),
            ping_interval: 25_000,
            ping_timeout: 20_000,
            max_http_buffer_size: 1_000_000,
            connect_timeout: 10_000,
            upgrade_timeout: 10_000,
            transports: vec![TransportName::Polling, TransportName::Websocket],
            allow_upgrades: true,
            trailing_slash: true,
            cookie: None,
            client_files: Vec::new(),
            allow_eio3: false,
        }
    }
}

/// An Engine.IO transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportName {
    /// HTTP long-polling.
    Polling,
    /// WebSocket.
    Websocket,
}

impl TransportName {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Websocket => "websocket",
        }
    }
}

/// What a browser is told of other origins, as the npm package `cors` does. It forbids nothing: that is for browsers to do.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketCors {
    /// Which origins are told that they may.
    pub origin: SocketOrigin,
    /// `Access-Control-Allow-Methods` of a preflight.
    #[serde(default)]
    pub methods: Option<String>,
    /// `Access-Control-Allow-Headers` of a preflight; absent: those it asks for.
    #[serde(default)]
    pub allowed_headers: Option<String>,
    /// `Access-Control-Expose-Headers`.
    #[serde(default)]
    pub exposed_headers: Option<String>,
    /// Whether cookies may be sent.
    #[serde(default)]
    pub credentials: bool,
    /// `Access-Control-Max-Age` of a preflight.
    #[serde(default)]
    pub max_age: Option<String>,
    /// Status of the answer to a preflight.
    pub options_success_status: u16,
    /// Whether a preflight is handled like any other request.
    #[serde(default)]
    pub preflight_continue: bool,
}

/// Origins in the terms of the npm package `cors`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SocketOrigin {
    /// `*`.
    Any,
    /// Whichever asks.
    Asking,
    /// That one, whoever asks.
    Fixed(String),
    /// One of those, if it asks.
    Listed(Vec<String>),
}

/// Origins that may call. The default is any, without credentials.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Cors {
    /// Any origin.
    pub any: bool,
    /// Only the server's own origin (the `Host` it was reached by).
    pub same_origin: bool,
    /// The origins that may call, when neither of the above.
    pub origins: Vec<String>,
    /// Methods that a preflight allows; absent: GET and POST.
    pub methods: Option<Vec<String>>,
    /// Whether cookies may be sent; only with listed origins.
    pub credentials: bool,
}

impl Default for Cors {
    fn default() -> Self {
        Self { any: true, same_origin: false, origins: Vec::new(), methods: None, credentials: false }
    }
}

/// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum TrustProxy {
    /// All of them, or none.
    Switch(bool),
    /// So many, one behind the other, are in front of the server.
    Hops(usize),
    /// Those at these addresses.
    Listed(Vec<Network>),
}

impl Default for TrustProxy {
    fn default() -> Self {
        Self::Switch(false)
    }
}

impl TrustProxy {
    /// Whether no proxy is trusted.
    pub fn is_off(&self) -> bool {
        matches!(self, Self::Switch(false) | Self::Hops(0))
    }

    /// Whether what is so many hops away, at that address, is a proxy that is trusted. The peer itself is 0 hops away.
    pub fn trusts(&self, address: IpAddr, hops: usize) -> bool {
        match self {
            Self::Switch(all) => *all,
            Self::Hops(most) => hops < *most,
            Self::Listed(networks) => networks.iter().any(|network| network.contains(address)),
        }
    }
}

/// An address, or a range of them: `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    base: IpAddr,
    prefix: u32,
}

impl TryFrom<String> for Network {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const EXPECTED: &str = "must be an IP address, or a range such as 10.0.0.0/8";
        let (address, prefix) =
            text.split_once('/').map_or((text.as_str(), None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| EXPECTED)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= bits).ok_or(EXPECTED)?
            }
            Some(_) => return Err(EXPECTED),
        };
        // An IPv4 address in IPv6's clothes is what it is inside.
        Ok(match address.to_canonical() {
            base if base.is_ipv4() && address.is_ipv6() && prefix >= 96 => Self { base, prefix: prefix - 96 },
            base if base.is_ipv4() == address.is_ipv4() => Self { base, prefix },
            _ => Self { base: address, prefix },
        })
    }
}

impl Network {
    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        // Prefix 0: everything. A shift by all bits there is none.
        let outside = |differing: u128, bits: u32| self.prefix > 0 && differing >> (bits - self.prefix) != 0;
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                !outside(u128::from(base.to_bits() ^ address.to_bits()), 32)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => !outside(base.to_bits() ^ address.to_bits(), 128),
            _ => false,
        }
    }
}

/// Rooms that clients may create.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClientRooms {
    /// Rooms one user may hold at a time; 0: clients create none.
    pub max: usize,
    /// Events such a room takes; absent: any.
    pub events: Option<Vec<EventConfig>>,
    /// Subscriptions of those who join it.
    pub default_subscriptions: Vec<String>,
    /// The largest size it may ask for, and its size if it asks for none.
    pub max_size: Option<usize>,
}

/// Configuration of a room.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RoomConfig {
    /// Name for people.
    pub name: String,
    /// Description for people.
    pub description: Option<String>,
    /// Most connections in the room; absent: no bound.
    pub max_size: Option<usize>,
    /// Events that the room takes, in order.
    pub events: Vec<EventConfig>,
    /// Event names that one who joins is subscribed to; `"*"` is everything.
    pub default_subscriptions: Vec<String>,
    /// History sent to one who joins.
    pub sync_history_on_join: Sync,
    /// Whether the room is listed and announced; absent: yes.
    pub listed: Option<bool>,
}

impl RoomConfig {
    /// Whether the room is listed and announced.
    pub fn is_listed(&self) -> bool {
        self.listed.unwrap_or(true)
    }
}

/// Changes to a room: what is present replaces what was.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RoomChanges {
    /// Name for people.
    pub name: Option<String>,
    /// Description for people; `null` removes it.
    #[serde(deserialize_with = "present")]
    pub description: Option<Option<String>>,
    /// Most connections; members above it stay; `null` lifts the bound.
    #[serde(deserialize_with = "present")]
    pub max_size: Option<Option<usize>>,
    /// Events that the room takes.
    pub events: Option<Vec<EventConfig>>,
    /// Subscriptions of those who join later.
    pub default_subscriptions: Option<Vec<String>>,
    /// History sent to one who joins.
    pub sync_history_on_join: Option<Sync>,
    /// Whether the room is listed and announced.
    pub listed: Option<bool>,
}

/// Tells a field that is `null` from one that is absent.
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// An event that a room takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventConfig {
    /// Its name; `"*"` is any.
    pub name: String,
    /// What the room remembers of it.
    #[serde(default)]
    pub history: Option<HistoryConfig>,
    /// Who judges its payload; absent: nobody.
    #[serde(default)]
    pub schema: Option<super::schema::Lane>,
}

/// What a room remembers of an event.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct HistoryConfig {
    /// Whether it remembers any.
    pub enabled: bool,
    /// The newest this many.
    pub limit: usize,
}

/// History sent to one who joins a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "SyncValue")]
pub enum Sync {
    /// None.
    #[default]
    Nothing,
    /// What is in memory, up to the page limit.
    All,
    /// At most this many of each kind.
    Newest(usize),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SyncValue {
    Switch(bool),
    Count(usize),
}

impl From<SyncValue> for Sync {
    fn from(value: SyncValue) -> Self {
        match value {
            SyncValue::Switch(true) => Self::All,
            SyncValue::Switch(false) | SyncValue::Count(0) => Self::Nothing,
            SyncValue::Count(count) => Self::Newest(count),
        }
    }
}

/// Milliseconds as a duration.
pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_null_and_given_are_three_things() {
        let none: RoomChanges = serde_json::from_str("{}").unwrap();
        let lifted: RoomChanges = serde_json::from_str(r#"{"maxSize":null}"#).unwrap();
        let set: RoomChanges = serde_json::from_str(r#"{"maxSize":3}"#).unwrap();
        assert_eq!((none.max_size, lifted.max_size, set.max_size), (None, Some(None), Some(Some(3))));
    }

    #[test]
    fn history_on_join_is_a_switch_or_a_count() {
        let sync = |text: &str| serde_json::from_str::<RoomConfig>(text).unwrap().sync_history_on_join;
        assert_eq!(sync("{}"), Sync::Nothing);
        assert_eq!(sync(r#"{"syncHistoryOnJoin":true}"#), Sync::All);
        assert_eq!(sync(r#"{"syncHistoryOnJoin":20}"#), Sync::Newest(20));
    }
}
