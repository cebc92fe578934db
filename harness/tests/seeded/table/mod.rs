//! The table of faults, by what they are about.

mod edits;
mod events;
mod state;
mod values;

use crate::layer::Fault;

/// Every row.
pub(crate) fn faults() -> Vec<Fault> {
    [values::ROWS, events::ROWS, edits::ROWS, state::ROWS].concat()
}
