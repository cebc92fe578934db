//! What the subject showed first where it may choose: from then on it must show the same.

use super::accessors::Accesses;
use super::interrupted::CodePath;
use super::items::ShownIndices;
use lockstep_oracles::address::{FuncAddr, FuncIndex, InstanceAddr};
use std::collections::{BTreeSet, HashMap};

/// What the subject showed first.
#[derive(Debug, Default)]
pub(crate) struct Precedents {
    /// Which entities are known by which identity.
    pub(crate) accesses: Accesses,
    /// Indices of instances and modules.
    pub(crate) indices: ShownIndices,
    /// Modules that the store was given to register.
    pub(crate) registered: BTreeSet<u32>,
    /// Functions of instances without a handle, by the function reference shown: the first one seen is taken
    /// at its word.
    unresolved: HashMap<usize, FuncAddr>,
    /// Which opcode's record was found for an interruption that was shown elsewhere, by the code that is
    /// interrupted and the opcode behind it.
    records: HashMap<(InstanceAddr, CodePath), usize>,
    /// Where traps of a function were shown that were shown elsewhere (`TRAP-PC`).
    traps: HashMap<(InstanceAddr, FuncIndex), usize>,
}

impl Precedents {
    /// Whether this function reference was shown for this function, if it was shown before.
    pub(crate) fn is_same_function(&mut self, reference: usize, func: FuncAddr) -> bool {
        *self.unresolved.entry(reference).or_insert(func) == func
    }

    /// Whether the record of the opcode at this position was found for the interrupted code, if one was
    /// found before.
    pub(crate) fn is_same_record(
        &mut self,
        instance: InstanceAddr,
        interrupted: CodePath,
        position: usize,
    ) -> bool {
        let found = self.records.entry((instance, interrupted));
        *found.or_insert(position) == position
    }

    /// Where the first trap of a function was shown that was shown elsewhere.
    pub(crate) fn trap_of(&self, function: (InstanceAddr, FuncIndex)) -> Option<usize> {
        self.traps.get(&function).copied()
    }

    /// A trap of a function is shown elsewhere, at this position.
    pub(crate) fn note_trap(&mut self, function: (InstanceAddr, FuncIndex), position: usize) {
        self.traps.entry(function).or_insert(position);
    }
}
