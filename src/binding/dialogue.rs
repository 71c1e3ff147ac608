//! `NativeDialogue`: made, started, stopped, and its queue.

use std::sync::Arc;

use napi::{
    Env, Result,
    bindgen_prelude::{Buffer, BufferSlice, Function, Object},
};
use napi_derive::napi;

use super::{
    callback::{Alive, JsHost},
    calls::Batch,
    error::{malformed, start_error},
    values,
};
use crate::engine::{
    core::Core,
    host::Answer,
    payload::Payload,
    server::{Behind, Server},
};

/// One engine.
#[napi]
pub struct NativeDialogue {
    pub(super) server: Arc<Server>,
    alive: Arc<Alive>,
}

/// Calls taken from the queue.
#[napi(object)]
pub struct Drained {
    /// A JSON array of calls, oldest first.
    pub json: String,
    /// The attachments of all of them, in order.
    pub attachments: Vec<Buffer>,
}

impl NativeDialogue {
    pub(super) fn core(&self) -> &Arc<Core> {
        self.server.core()
    }
}

#[napi]
impl NativeDialogue {
    /// An engine without rooms, not started. `wake` is called when the queue has something.
    #[napi(constructor, catch_unwind)]
    pub fn new(config_json: String, wake: Function<'_, (), ()>) -> Result<Self> {
        let config = serde_json::from_str(&config_json).map_err(|error| malformed("config", &error))?;
        let host = Arc::new(JsHost::new(&wake)?);
        Ok(Self { server: Arc::new(Server::new(config, host)), alive: Arc::new(Alive::new(&wake)?) })
    }

    /// Which hooks are installed: a bit each.
    #[napi(catch_unwind)]
    pub fn set_hooks(&self, mask: u32) {
        self.core().hooks.set(mask);
    }

    /// Listens; the promise has the bound port, or rejects with an error that has a `code`.
    #[napi(catch_unwind, ts_return_type = "Promise<number>")]
    pub fn start<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let (deferred, promise) = env.create_deferred()?;
        self.alive.hold(env)?;
        let (server, alive) = (self.server.clone(), self.alive.clone());
        // Binding blocks, for the time of a name look-up at worst.
        std::thread::spawn(move || {
            let started = server.start();
            deferred.resolve(move |env| match started {
                Ok(address) => Ok(u32::from(address.port())),
                Err(error) => {
                    alive.release();
                    Err(start_error(&env, &error)?)
                }
            });
        });
        Ok(promise)
    }

    /// Listens on this host and port at once, in place of the configuration's; the address as JSON `{ address, family, port }`.
    /// Throws an error that has a `code`.
    #[napi(catch_unwind)]
    pub fn listen(&self, env: &Env, port: u16, host: Option<String>) -> Result<String> {
        let address =
            self.server.listen(host.as_deref(), port).or_else(|error| Err(start_error(env, &error)?))?;
        self.alive.hold(env)?;
        Ok(values::address(address))
    }

    /// Closes the listening socket before it returns. Open connections live on until `stop`.
    #[napi(catch_unwind)]
    pub fn close_listener(&self) {
        self.server.close_listener();
    }

    /// From the next start on, what is not Socket.IO's goes to the server at this local socket; `null`: to the app.
    #[napi(catch_unwind)]
    pub fn set_behind(&self, path: Option<String>, token: String) {
        self.server.set_behind(path.map(|path| Behind { path: path.into(), token }));
    }

    /// Whether a started engine keeps the process alive; from `start` to `stop` it does unless told otherwise.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: &Env, on: bool) -> Result<()> {
        match on {
            true if self.server.address().is_some() => self.alive.hold(env)?,
            true => {}
            false => self.alive.release(),
        }
        Ok(())
    }

    /// Stops; the promise has the number of connections that were cut, once every socket and task is gone.
    #[napi(catch_unwind, ts_return_type = "Promise<number>")]
    pub fn stop<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let (deferred, promise) = env.create_deferred()?;
        let (server, alive) = (self.server.clone(), self.alive.clone());
        std::thread::spawn(move || {
            let cut = server.stop();
            deferred.resolve(move |_| {
                alive.release();
                Ok(u32::try_from(cut).unwrap_or(u32::MAX))
            });
        });
        Ok(promise)
    }

    /// What the engine has counted and holds now, as JSON: `metricsTable()` says what each number means.
    #[napi(catch_unwind)]
    pub fn metrics(&self) -> String {
        self.core().read_metrics().to_json().to_string()
    }

    /// Takes up to `max` calls from the queue.
    #[napi(catch_unwind)]
    pub fn drain(&self, max: u32) -> Option<Drained> {
        let calls = self.core().drain(max as usize);
        if calls.is_empty() {
            return None;
        }
        let mut batch = Batch::default();
        for call in calls {
            batch.add(self.core(), call);
        }
        let (json, attachments) = batch.finish();
        Some(Drained { json, attachments: attachments.iter().map(values::buffer).collect() })
    }

    /// `onCleanup` settled.
    #[napi(catch_unwind)]
    pub fn cleanup_done(&self, token: f64) {
        self.core().tickets.answer(token as u64, Answer::Cleaned);
    }

    /// `onLoad` answered with a JSON array of messages; `null`: it failed.
    #[napi(catch_unwind)]
    pub fn load_done(&self, token: f64, messages_json: Option<String>, attachments: Vec<BufferSlice<'_>>) {
        let loaded =
            messages_json.and_then(|text| Payload::elements(text, values::attachments(&attachments)));
        self.core().tickets.answer(token as u64, loaded.map_or(Answer::Failed, Answer::Loaded));
    }
}
