//! `dialogue_rs::engine::fuzzing::frames` says what the bytes are, and what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dialogue_rs::engine::fuzzing::frames(data));
