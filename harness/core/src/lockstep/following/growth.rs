//! Growth that fails: `memory.grow` and `table.grow` may answer -1 for want of resources, whatever the
//! type allows (Core 4.6). The oracle follows the subject, whose entity says by its size what happened.
//!
//! The subject leads, so the size is that of now, behind any growth that the oracle has still to
//! execute. Sizes never shrink: if the entity is smaller now than a growth would have made it, that
//! growth failed. If it is not, the growth is taken to have succeeded.

use super::Following;
use crate::lockstep::observed::Entities;
use lockstep_oracles::address::{InstanceAddr, MemAddr, TableAddr};
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::{Grown, Machine, Stop, StopAt, grows};
use lockstep_oracles::module::Module;
use lockstep_oracles::trap::Exhaustion;
use std::cell::Cell;

/// The sizes of the subject's memories, in bytes, and tables; `None` where it has no handle for one.
#[derive(Debug, Default)]
pub(crate) struct Sizes {
    /// Whether a function of the case has an opcode that grows.
    wanted: bool,
    /// Whether they were noted for the run that is next.
    pub(crate) noted: bool,
    memories: Vec<Option<u64>>,
    tables: Vec<Option<u64>>,
}

impl Following {
    /// Notes the subject's sizes if the oracle may execute a growth before its next stop. To be called
    /// before the driver is told of anything up to which the oracle runs.
    #[inline]
    pub fn note_sizes<E: Entities>(&mut self, subject: &mut E) {
        if self.sizes.wanted && self.may_grow() {
            self.note_all_sizes(subject);
        }
    }

    fn may_grow(&self) -> bool {
        let steps = self.has_events() && self.breakpoints.is_everywhere();
        !steps || self.machine.current_op().is_some_and(grows)
    }

    #[cold]
    #[inline(never)]
    fn note_all_sizes<E: Entities>(&mut self, subject: &mut E) {
        let store = &self.machine.store;
        let memories = (0..store.num_memories() as u32).map(MemAddr);
        let tables = (0..store.num_tables() as u32).map(TableAddr);
        let sizes = &mut self.sizes;
        sizes.memories.clear();
        sizes.tables.clear();
        let bytes = |subject: &mut E, addr| subject.memory(addr).map(|bytes| bytes.len() as u64);
        sizes
            .memories
            .extend(memories.map(|addr| bytes(subject, addr)));
        sizes
            .tables
            .extend(tables.map(|addr| subject.table_size(addr)));
        sizes.noted = true;
        // One that nobody looked at is no business of this run.
        self.machine.take_growth();
    }
}

impl Sizes {
    /// The case has a further instance, of this module.
    pub(crate) fn add_module(&mut self, module: &Module) {
        let mut instrs = module.functions().iter().flat_map(|f| &f.instrs);
        self.wanted |= instrs.any(|instr| grows(instr.op));
    }

    /// Lets the machine do with the growth that it executed last, if there was one, as the subject did.
    ///
    /// # Errors
    ///
    /// The limit that keeps the machine from growing as the subject did.
    pub(crate) fn follow(&self, machine: &mut Machine) -> Result<(), Exhaustion> {
        let Some(growth) = machine.take_growth() else {
            return Ok(());
        };
        let (sizes, at, limit) = match growth.entity {
            Grown::Memory(addr) => (&self.memories, addr.index(), Exhaustion::MemorySize),
            Grown::Table(addr) => (&self.tables, addr.index(), Exhaustion::TableSize),
        };
        // Without a handle nothing is known.
        let Some(size) = sizes.get(at).copied().flatten() else {
            return Ok(());
        };
        match (growth.succeeded, size >= growth.wanted) {
            (true, false) => machine.fail_growth(growth),
            (false, true) => return Err(limit),
            _ => {}
        }
        Ok(())
    }
}

/// Stops where another does, and after every opcode that grows.
struct AfterGrowth<'a, S> {
    inner: &'a S,
    /// Whether the other stopped.
    stopped: Cell<bool>,
}

impl<'a, S> AfterGrowth<'a, S> {
    fn new(inner: &'a S) -> AfterGrowth<'a, S> {
        AfterGrowth {
            inner,
            stopped: Cell::new(false),
        }
    }
}

impl<S: StopAt> StopAt for AfterGrowth<'_, S> {
    #[inline]
    fn stops(&self, instance: InstanceAddr, function: &Function, position: usize) -> bool {
        let stops = self.inner.stops(instance, function, position);
        self.stopped.set(stops);
        // A branch may lead here as well: then there is no growth to follow.
        stops || (position > 0 && grows(function.instrs[position - 1].op))
    }
}

/// Runs the machine to its next stop; each growth in between is as the subject's was.
///
/// # Errors
///
/// The limit that keeps the machine from growing as the subject did.
#[inline]
pub(crate) fn run_following<S: StopAt>(
    machine: &mut Machine,
    sizes: &Sizes,
    stop_at: &S,
) -> Result<Stop, Exhaustion> {
    if !sizes.wanted {
        return Ok(machine.run(stop_at));
    }
    let watched = AfterGrowth::new(stop_at);
    loop {
        let stop = machine.run(&watched);
        sizes.follow(machine)?;
        if stop != Stop::SequencePoint || watched.stopped.get() {
            return Ok(stop);
        }
    }
}
