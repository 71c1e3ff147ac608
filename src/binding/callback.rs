//! The way from the engine's threads to the JavaScript thread.

use std::sync::Mutex;

use napi::{
    Env, Result, Status,
    bindgen_prelude::{Function, FunctionRef},
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};

use crate::engine::host::Host;

/// Weak: it does not keep the process alive. It carries at most one outstanding wake, since the queue is the engine's own.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true, 1>;
/// Strong: while it is there, so is the process.
type Stay = ThreadsafeFunction<(), (), (), Status, false>;

/// Tells JavaScript that the queue is no longer empty.
pub struct JsHost {
    wake: Wake,
}

impl JsHost {
    /// A host whose `wake` is a JavaScript function.
    pub fn new(wake: &Function<'_, (), ()>) -> Result<Self> {
        let wake = wake
            .build_threadsafe_function()
            .weak::<true>()
            .max_queue_size::<1>()
            .callee_handled::<false>()
            .build()?;
        Ok(Self { wake })
    }
}

impl Host for JsHost {
    fn wake(&self) {
        // Refused where a wake is outstanding already, or the environment is going.
        self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }
}

/// Keeps the process alive between `start` and `stop`.
pub struct Alive {
    wake: FunctionRef<(), ()>,
    /// A std mutex: held to put the function in or take it out.
    held: Mutex<Option<Stay>>,
}

impl Alive {
    /// Holds nothing yet.
    pub fn new(wake: &Function<'_, (), ()>) -> Result<Self> {
        Ok(Self { wake: wake.create_ref()?, held: Mutex::new(None) })
    }

    /// From now on the process stays.
    pub fn hold(&self, env: &Env) -> Result<()> {
        let stay =
            self.wake.borrow_back(env)?.build_threadsafe_function().callee_handled::<false>().build()?;
        self.put(Some(stay));
        Ok(())
    }

    /// From now on the process may end.
    pub fn release(&self) {
        self.put(None);
    }

    fn put(&self, stay: Option<Stay>) {
        *self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = stay;
    }
}
