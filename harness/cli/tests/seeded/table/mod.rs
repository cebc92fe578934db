//! The table of faults, by what they are about.

mod edits;
mod events;
mod state;
mod values;

use crate::layer::{Fault, Hook};
use lockstep::case::Stub;

/// Every row.
pub(crate) fn faults() -> Vec<Fault> {
    [values::ROWS, events::ROWS, edits::ROWS, state::ROWS].concat()
}

/// Only such cases have more than one activation.
const RE_ENTERED: Hook = Hook::Needs(|case| {
    let mut stubs = case.host.functions.values();
    stubs.any(|stub| matches!(stub, Stub::Call(_)))
});
