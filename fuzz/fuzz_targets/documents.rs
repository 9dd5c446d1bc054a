#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| metertap_fuzz::run(data, metertap_fuzz::documents::check));
