//! The oracle against the subject without a debugger's doing, and against `wasmi`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_fuzz::{keep, referee, settle};

fuzz_target!(init: lockstep_fuzz::leave_panics_to_lockstep(), |bytes: &[u8]| -> libfuzzer_sys::Corpus {
    if let Err(difference) = referee::agree(&lockstep::fuzzing::oracle_case(bytes)) {
        panic!("{difference}");
    }
    settle(lockstep::fuzzing::oracle(bytes, keep()))
});
