//! Bytes as a case and as a case file: neither panics, and both are written as they are read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_fuzz::settle;

fuzz_target!(init: lockstep_fuzz::leave_panics_to_lockstep(), |bytes: &[u8]| -> libfuzzer_sys::Corpus {
    settle(lockstep::fuzzing::case_decoder(bytes))
});
