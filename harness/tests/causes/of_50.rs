//! Each cause that Wasmtime 50 has is still there: a version that no longer does what it says fails here.

mod every;
mod handles;

use handles::ask;
use lockstep_tests::causes::assert_complete;

#[test]
fn every_cause_has_the_test_that_it_names() {
    assert_complete(&[every::TESTS, handles::TESTS]);
}
