//! Every target: the binary's name says which function of `baro-fuzz` gets the bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| baro_fuzz::run(env!("CARGO_BIN_NAME"), data));
