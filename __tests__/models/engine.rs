//! The engine's own files, where its modules are.

#![allow(dead_code, reason = "the engine uses the rest")]

#[path = "../../src/engine/back_pressure.rs"]
pub mod back_pressure;
#[path = "../../src/engine/gate.rs"]
pub mod gate;
#[path = "host.rs"]
pub mod host;
#[path = "../../src/engine/transport/marks.rs"]
pub mod marks;
#[path = "sync.rs"]
pub mod sync;
#[path = "../../src/engine/transport/told.rs"]
pub mod told;
