//! Every limit: its name, unit, default and range, in one table from which options are checked and docs are written.

use serde::Serialize;

/// A limit's value where the program gives none, and the values it may give.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Row {
    /// Name of the option under `limits`.
    pub name: &'static str,
    /// What is counted.
    pub unit: &'static str,
    /// Value when the option is absent.
    pub default: u64,
    /// Smallest accepted value.
    pub min: u64,
    /// Largest accepted value.
    pub max: u64,
    /// Whether `false` switches it off; then 0 stands for that.
    pub off: bool,
    /// What happens when the limit is reached.
    pub reached: &'static str,
}

macro_rules! limits {
    ($($field:ident $name:literal $unit:literal $default:literal $min:literal ..= $max:literal $(or $off:ident)? $reached:literal;)*) => {
        /// The limits of one engine. Field docs: what happens when the limit is reached.
        #[derive(Clone, Debug, serde::Deserialize)]
        #[serde(default, rename_all = "camelCase", deny_unknown_fields)]
        pub struct Limits {
            $(#[doc = $reached] pub $field: u64,)*
            /// Rooms that a client may create.
            pub client_rooms: super::config::ClientRooms,
            /// Whose word is taken for the address of a client.
            pub trust_proxy: super::config::TrustProxy,
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: $default,)* client_rooms: Default::default(), trust_proxy: Default::default() }
            }
        }

        /// The table, without `clientRooms` and `trustProxy`, which are no plain numbers.
        pub const TABLE: &[Row] = &[
            $(Row { name: $name, unit: $unit, default: $default, min: $min, max: $max, off: limits!(@off $($off)?), reached: $reached },)*
        ];
    };
    (@off) => { false };
    (@off off) => { true };
}

limits! {
    connections "connections" "count" 100_000 1..=10_000_000 "A further handshake is answered with 503.";
    connections_per_address "connectionsPerAddress" "count" 0 1..=10_000_000 or off "A further handshake from that address is answered with 429.";
    connects "connects" "namespaces per second" 10 1..=1_000_000 or off "A further request of that connection for a namespace is RATE_LIMITED; ten times as many may come at once. Ten times over for ten seconds: closed.";
    connects_per_address "connectsPerAddress" "connects per second" 1_000 1..=1_000_000 or off "A further handshake from that address is answered with 429, a further request for a namespace with RATE_LIMITED; a hundred times as many may come at once.";
    auth_bytes "authBytes" "bytes" 16_384 2..=1_073_741_824 "A connect with a larger `auth` is INVALID_REQUEST.";
    pending_connections "pendingConnections" "count" 10_000 16..=10_000_000 "Of TCP connections on which the server waits for a TLS handshake or a request, those that have waited longest are closed. A fifth of them may have sent something before.";
    http_connections_per_address "httpConnectionsPerAddress" "count" 0 1..=10_000_000 or off "A further TCP connection from that address is closed; WebSockets count no longer once they are open, trusted proxies never.";
    handshake_timeout "handshakeTimeout" "ms" 10_000 100..=600_000 "Each of these has so long: the TLS handshake, a request's head, its body, each piece of a long one. Then its connection is closed.";
    rate "rate" "commands per second" 100 1..=1_000_000 or off "RATE_LIMITED; ten times over for ten seconds: closed.";
    burst "burst" "commands" 200 1..=1_000_000 "So many commands may come at once.";
    event_rate "eventRate" "events per second" 0 1..=1_000_000 or off "An event for listeners on io is dropped and counted.";
    history_rate "historyRate" "requests per second" 10 1..=1_000_000 or off "RATE_LIMITED; twice as many may come at once.";
    rooms "rooms" "count" 100_000 1..=100_000_000 "A client's dialogue:createRoom is OVERLOADED. The rooms of the program count, and are never refused.";
    room_rate "roomRate" "requests per second" 10 1..=1_000_000 or off "RATE_LIMITED, for rooms that a client makes or deletes; twice as many may come at once.";
    rooms_page "roomsPage" "rooms" 1_000 1..=100_000 "A list of rooms goes on in another page.";
    joins "joins" "rooms" 1_000 1..=1_000_000 "A further join is INVALID_REQUEST.";
    subscriptions "subscriptions" "count" 10_000 1..=10_000_000 "A further subscription is INVALID_REQUEST.";
    id_length "idLength" "bytes" 256 1..=4_096 "A longer room id, event name or user id is INVALID_REQUEST.";
    json_depth "jsonDepth" "levels" 64 1..=100 "A deeper payload is INVALID_REQUEST.";
    history_page "historyPage" "events" 1_000 1..=100_000 "A request for more is clamped.";
    send_buffer "sendBuffer" "bytes" 4_194_304 1_024..=1_073_741_824 "The transport of a client that does not read is closed, with a line in the log. A message that is larger is sent alone: what comes before it is out closes a client that does read, too.";
    hook_timeout "hookTimeout" "ms" 10_000 10..=600_000 "A deciding hook that is overdue is a refusal, an `onLoad` INTERNAL; what an `onCleanup` was given leaves memory.";
    hook_queue "hookQueue" "items" 10_000 1..=10_000_000 "Observers lose their oldest; what a hook would decide is refused with OVERLOADED; a connection that causes more of what must not be lost is not read on, and newcomers wait for `hookTimeout`. If so many events of all rooms wait for `onCleanup`, what history would keep is refused with OVERLOADED.";
    hook_queue_bytes "hookQueueBytes" "bytes" 67_108_864 1_024..=4_294_967_296 "As hookQueue.";
    history_bytes "historyBytes" "bytes" 16_777_216 1_024..=4_294_967_296 "The oldest events of that kind are evicted, through onCleanup.";
    http_body "httpBody" "bytes" 10_485_760 0..=4_294_967_296 "A larger request body is answered with 413; a response that has begun breaks off.";
    http_headers "httpHeaders" "bytes" 65_536 8_192..=1_048_576 "A larger request head is answered with 431.";
    http_timeout "httpTimeout" "ms" 30_000 10..=3_600_000 "A request that the app does not answer is answered with 504. A connection whose client takes nothing of an answer for so long is closed; a poll's answer too.";
    http_buffer "httpBuffer" "bytes" 33_554_432 65_536..=1_099_511_627_776 "Of the app's answers that wait for their clients to read, in all. Reached by answers of more than 512 KiB: those connections are closed whose clients have taken nothing for longest. From half of it on, those of any answer whose clients have taken nothing for a second.";
    http_in_flight "httpInFlight" "count" 10_000 1..=1_000_000 "A further request is answered with 503.";
    drain "drain" "ms" 10_000 0..=3_600_000 "What is still open when the server stops is cut; then `onCleanup` has as long again for what is left of history.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_in_range_and_absent_options_take_them() {
        for row in TABLE {
            assert!(
                (row.min..=row.max).contains(&row.default) || row.off && row.default == 0,
                "{}",
                row.name
            );
        }
        let limits: Limits = serde_json::from_str(r#"{"idLength":10}"#).unwrap();
        assert_eq!((limits.id_length, limits.json_depth), (10, 64));
    }
}
