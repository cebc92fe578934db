//! A built-in module under any sequence of edits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_fuzz::{keep, settle};

fuzz_target!(init: lockstep_fuzz::leave_panics_to_lockstep(), |bytes: &[u8]| -> libfuzzer_sys::Corpus {
    settle(lockstep::fuzzing::breakpoints(bytes, keep()))
});
