//! `dialogue_rs::engine::fuzzing::jwt` says what the bytes are, and what must hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dialogue_rs::engine::fuzzing::jwt(data));
