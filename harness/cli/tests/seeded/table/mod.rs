//! The table of faults, by what they are about.

mod accessors;
mod actions;
mod deliveries;
mod edits;
mod entities;
mod events;
mod hosts;
mod interruptions;
mod items;
mod kept;
mod locals;
mod opcode_sets;
mod opcodes;
mod operands;
mod places;
mod references;
mod stacks;
mod state;
mod traps;
mod values;

use crate::layer::{Fault, Hook};
use lockstep::case::Stub;

/// Every row.
pub(crate) fn faults() -> Vec<Fault> {
    [
        values::ROWS,
        locals::ROWS,
        operands::ROWS,
        places::ROWS,
        hosts::ROWS,
        events::ROWS,
        opcodes::ROWS,
        traps::ROWS,
        edits::ROWS,
        state::ROWS,
        entities::ROWS,
        accessors::ROWS,
        actions::ROWS,
        items::ROWS,
        kept::ROWS,
        references::ROWS,
        interruptions::ROWS,
    ]
    .concat()
}

/// Only such cases have more than one activation.
const RE_ENTERED: Hook = Hook::Needs(|case| {
    let mut stubs = case.host.functions.values();
    stubs.any(|stub| matches!(stub, Stub::Call(_)))
});
