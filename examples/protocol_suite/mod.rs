//! The settings that the public protocol suites expect.

use std::sync::Arc;

use dialogue_rs::engine::{
    config::{Config, SocketOptions},
    host::Host,
    server::Server,
};

/// Nothing is asked of it: no room and no hook is used.
struct NoHost;

impl Host for NoHost {
    fn wake(&self) {}
}

/// A server on 127.0.0.1 at `PORT` (default 3000), which lets version 3 of Engine.IO in where `EIO3` is set.
pub fn server(path: &str) -> Server {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(3000);
    let socket = SocketOptions {
        path: path.to_owned(),
        ping_interval: 300,
        ping_timeout: 200,
        max_http_buffer_size: 1_000_000,
        connect_timeout: 1_000,
        allow_eio3: std::env::var_os("EIO3").is_some(),
        ..SocketOptions::default()
    };
    let config = Config { port, host: Some("127.0.0.1".to_owned()), socket, ..Config::default() };
    Server::new(config, Arc::new(NoHost))
}

/// Serves until the process is ended.
pub fn run_forever() -> ! {
    loop {
        std::thread::park();
    }
}
