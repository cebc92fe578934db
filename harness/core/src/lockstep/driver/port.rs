//! What a subject's adapter, and a case, ask of one part of a driver alone.

use super::Driver;
use crate::causes::Known;
use crate::causes::hazard::Dare;
use crate::divergence::{Execution, Moment};
use crate::hosting::MemoryWrite;
use crate::lockstep::checkers::daring::Dared;
use crate::lockstep::checkers::entities::Entities;
use crate::lockstep::following::deadlines::Deadline;
use crate::lockstep::following::wasi_calls::ProgramMemory;
use crate::lockstep::recording::findings::Findings;
use crate::observe::Observation;
use crate::outcome::HostFailure;
use crate::schedule::action::Action;
use crate::schedule::action::visit_store::VisitStore;
use crate::seen::SeenObject;
use crate::snapshot::Snapshot;
use crate::wasi::memory::Alter;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::address::{FuncAddr, InstanceAddr, TagAddr};
use lockstep_oracles::value::Value;

impl Driver {
    /// All instances are asked again when entities are compared next.
    pub fn ask_instances_again(&mut self) {
        self.comparison.precedents.ask_instances_again();
    }

    /// The core instances that the component that was instantiated last has in the oracle so far.
    pub fn component_instances(&self) -> &[InstanceAddr] {
        self.following.component_instances()
    }

    /// Has this execution dare something.
    pub fn set_dare(&mut self, dare: Option<Dare>) {
        self.comparison.set_dare(dare);
    }

    /// What was dared.
    pub fn dared(&self) -> Option<Dared> {
        self.comparison.daring.dared()
    }

    /// The callback for the epoch's deadline is about to end the program.
    pub fn deadline_ends(&mut self, deadline: Deadline) {
        self.following.invocation.deadline_ends(deadline);
    }

    /// Whether a deadline ended the program whose event is due.
    pub fn is_deadline_due(&self) -> bool {
        self.following.invocation.is_deadline_due()
    }

    /// Which execution this is.
    pub fn execution(&self) -> Execution {
        self.following.setting.execution
    }

    /// Whether guest-debug support is on in this execution.
    pub fn is_instrumented(&self) -> bool {
        self.following.setting.is_instrumented()
    }

    /// Another store of the engine runs at the same time.
    pub fn add_neighbour(&mut self) {
        self.following.setting.neighbour = true;
    }

    /// Whether another store may be visited: what it did to the engine's epoch would be this store's, too.
    pub fn may_visit(&self) -> bool {
        let epoch = self.following.setting.advances_epoch();
        self.ended.is_none() && self.following.invocation.takes_calls() && !epoch
    }

    /// Another store was visited, and this was found there.
    pub fn visited(&mut self, found: Findings) {
        self.recorder
            .tally
            .acted
            .note(Action::VisitStore(VisitStore));
        self.recorder.findings.join(found);
    }

    /// How many instances the driver knows the modules of.
    pub fn known_instances(&self) -> usize {
        self.following.program.known_instances()
    }

    /// The subject is looked at again. What it showed without events is no longer binding: what no
    /// frame shows may have been freed.
    pub fn look(&mut self) {
        self.comparison.look(&self.following);
    }

    /// The epoch was advanced: by the debugger or the host, at an event of another kind than its own.
    pub fn epoch_was_advanced(&mut self, own: bool) {
        self.following.epoch_was_advanced(own);
    }

    /// The debugger put this exception in the place of the one that was thrown.
    pub fn replaced(&mut self, tag: TagAddr, payload: &[Value]) {
        self.following.replaced(tag, payload);
    }

    /// The debugger took the exception that was thrown: nothing catches it, and the call ends.
    pub fn exception_was_taken(&mut self) {
        self.following.invocation.exception_was_taken();
    }

    /// The cause that explains why a module is accepted that must be rejected, if one does.
    pub fn explain_accepted(&self, module: &[u8], features: WasmFeatures) -> Option<Known> {
        self.following.setting.explain_accepted(module, features)
    }

    /// Notes the subject's sizes if the oracle may execute a growth before its next stop. To be called
    /// before the driver is told of anything up to which the oracle runs.
    #[inline]
    pub fn note_sizes<E: Entities>(&mut self, subject: &mut E) {
        self.following.note_sizes(subject);
    }

    /// The debugger set a handler, or cleared it, or the store was made without one.
    pub fn handler_was_set(&mut self, set: bool) {
        self.following.handler_was_set(set);
    }

    /// From now on handles are kept.
    pub fn keep_handles(&mut self) {
        self.comparison.references.keep_handles();
    }

    /// How many handles are kept.
    #[inline]
    pub fn handles(&self) -> usize {
        self.comparison.references.handles()
    }

    /// Whether something has to be done before the subject is looked at anew: objects may have been
    /// moved, or offers are out of date.
    #[inline]
    pub fn follows_handles(&self) -> bool {
        self.comparison.references.follows_handles()
    }

    /// What was offered a handle can no longer be held on to.
    pub fn withdraw_handles(&mut self) {
        self.comparison.references.withdraw_handles();
    }

    /// The object of a handle now has this key.
    pub fn located(&mut self, handle: usize, key: u64) {
        self.comparison.references.located(handle, key);
    }

    /// Whether there may be an object to hold on to.
    #[inline]
    pub fn wants_handle(&self) -> bool {
        self.comparison.references.wants_handle()
    }

    /// The next object of this look to hold on to, and the number of the handle: what that one held
    /// before is let go.
    pub fn next_handle(&mut self) -> Option<(usize, SeenObject)> {
        self.comparison.next_handle(&self.following)
    }

    /// Handles are about to be checked: after a collection one of them may hold on to another object.
    pub fn begin_handles(&mut self, moment: Moment) {
        self.comparison.references.begin_handles(moment);
    }

    /// The subject instantiates a module.
    pub fn begin_instantiation(&mut self) {
        self.following.instantiation.begin_instantiation();
    }

    /// It has, or has failed to.
    pub fn end_instantiation(&mut self) {
        self.following.instantiation.end_instantiation();
    }

    /// Whether the program may make objects, so that the engine's heap may ask to grow.
    pub fn may_make_objects(&self) -> bool {
        self.following.program.may_make_objects()
    }

    /// The store's limiter is about to fail with this error.
    pub fn limiter_fails(&mut self, failure: HostFailure) {
        self.following.invocation.limiter_fails(failure);
    }

    /// Whether a growth has failed whose event is due.
    pub fn is_growth_failing(&self) -> bool {
        self.following.invocation.is_growth_failing()
    }

    /// Copies the subject's stack, reading only what is safe to read.
    pub fn snapshot<O: Observation>(&self, observed: &mut O, limit: usize) -> Snapshot {
        self.following.snapshot(observed, limit)
    }

    /// The cause that forbids events in an invocation: it may come to code that keeps a value in an
    /// integer register that an event changes. A NaN of the engine's choice needs events to be seen.
    pub fn forbids_events(&mut self, func: FuncAddr) -> Option<Known> {
        self.comparison.forbids_events(&self.following, func)
    }

    /// Something else than one opcode of the program lies between the last event and the next: an action of
    /// the debugger, say.
    #[inline]
    pub fn disturb(&mut self) {
        self.comparison.budget.disturb();
    }

    /// Whether it is known which events follow an edit at the event of the epoch that is being dealt with.
    pub fn may_edit_at_yield(&self) -> bool {
        self.following.knows_yield()
    }

    /// Whether an invocation used up stack, heap or fuel, one that a host function made included: how far it
    /// came is this execution's own.
    pub fn was_exhausted(&self) -> bool {
        self.comparison.taint.was_exhausted()
    }

    /// Whether an exhaustion left entities that are no longer compared.
    pub fn is_tainted(&self) -> bool {
        self.comparison.taint.is_tainted()
    }

    /// Makes a host function's write; whether it is all inside the memory.
    pub fn write_from_host(
        &mut self,
        write: &MemoryWrite,
        args: &[Value],
        memory: ProgramMemory<'_>,
        alter: Option<Alter<'_, '_>>,
    ) -> bool {
        self.following.write_from_host(write, args, memory, alter)
    }
}
