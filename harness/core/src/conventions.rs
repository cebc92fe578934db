//! What the debug API of each version is expected to show, where the versions differ and none is
//! wrong: what their documentation says, or, where it is silent, what a debugger has come to depend
//! on. `CONTRACT.md` says which is which.

use crate::configuration::Collector;
use crate::version::Version;
use lockstep_oracles::component::{FirstPass, LATIN1_ALIGN};
use lockstep_oracles::machine::DotSums;

/// Where a frame is said to be that waits for a call to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingPc {
    /// At the call
    Call,
    /// At the opcode behind the call, where it returns to; at the call where a `try_table` of the same
    /// function may catch what it throws
    Return,
}

/// Where a breakpoint is set that was asked for at a PC without code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// There: it is listed and never fires
    Asked,
    /// At the next opcode that has code, if there is one; else where it was asked for
    Slipped,
}

/// Whether a segment that traps at instantiation is an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentTraps {
    /// No event: the instantiation fails
    Silent,
    /// A `Trap` event, before the instantiation fails
    Events,
}

/// Who calls a start function that is a host function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartCalls {
    /// The host itself: what it passes on is no event, as where an embedder calls it
    Host,
    /// Code that is compiled for the instantiation: what it passes on is an event
    Wasm,
}

/// From where the PCs of a component's core modules are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComponentPcs {
    /// From the start of the component's binary
    OfComponent,
    /// From the start of the core module's
    OfModule,
}

/// What an edit does that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatedEdits {
    /// It patches the code once more
    Patch,
    /// Nothing
    Nothing,
}

/// The conventions of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conventions {
    /// Where waiting frames are (pinned).
    pub waiting: WaitingPc,
    /// Where breakpoints are set (documented where they slip, pinned where they do not).
    pub placement: Placement,
    /// From where PCs in components are counted (documented from 44 on, pinned before).
    pub component_pcs: ComponentPcs,
    /// What edits do that change nothing (pinned; it shows where patches are shared: ledger,
    /// `COMPONENT-PATCHES`).
    pub repeated_edits: RepeatedEdits,
    /// Whether a segment's trap is an event (pinned).
    pub segment_traps: SegmentTraps,
    /// Whether what a start function passes on is an event if it is a host function (pinned).
    pub start_calls: StartCalls,
    /// Whether relaxed multiply-adds round once although the deterministic profile, which the engine is
    /// asked for, rounds twice (ledger: `RELAXED-MADD`).
    pub fuses_relaxed_madd: bool,
    /// How relaxed dot products add, where the deterministic profile saturates (ledger:
    /// `RELAXED-DOT`).
    pub dot_sums: DotSums,
    /// The alignment with which an adapter allocates a Latin-1 string that stays one, where the Canonical ABI has 2
    /// (ledger: `LATIN1-ALIGNMENT`).
    pub latin1_align: u32,
    /// What an adapter writes into the first allocation of a string that becomes UTF-8 (pinned: the specification
    /// has said it in two ways).
    pub first_pass: FirstPass,
    /// The collectors that there are.
    pub collectors: &'static [Collector],
}

const WASMTIME_42: Conventions = Conventions {
    waiting: WaitingPc::Call,
    placement: Placement::Asked,
    component_pcs: ComponentPcs::OfComponent,
    repeated_edits: RepeatedEdits::Patch,
    segment_traps: SegmentTraps::Silent,
    start_calls: StartCalls::Host,
    fuses_relaxed_madd: true,
    dot_sums: DotSums::Wrapped,
    latin1_align: 1,
    first_pass: FirstPass::Fitting,
    collectors: &[Collector::Drc, Collector::Null],
};

const WASMTIME_44: Conventions = Conventions {
    collectors: WASMTIME_42.collectors,
    ..WASMTIME_45
};

const WASMTIME_45: Conventions = Conventions {
    segment_traps: SegmentTraps::Silent,
    start_calls: StartCalls::Host,
    ..WASMTIME_48
};

const WASMTIME_48: Conventions = Conventions {
    waiting: WaitingPc::Return,
    placement: Placement::Slipped,
    component_pcs: ComponentPcs::OfModule,
    repeated_edits: RepeatedEdits::Nothing,
    segment_traps: SegmentTraps::Events,
    start_calls: StartCalls::Wasm,
    fuses_relaxed_madd: true,
    dot_sums: DotSums::Exact,
    latin1_align: LATIN1_ALIGN,
    first_pass: FirstPass::Ascii,
    collectors: &[Collector::Drc, Collector::Null, Collector::Copying],
};

impl Version {
    /// Its conventions: those of 42.0.2 up to 43, and those of 48.0.8 from 46 on. 44 and 45 have those of
    /// 48.0.8 but for the code that is compiled for an instantiation, and 44 has no copying collector.
    pub const fn conventions(self) -> &'static Conventions {
        match self.release() {
            ..44 => &WASMTIME_42,
            44 => &WASMTIME_44,
            45 => &WASMTIME_45,
            _ => &WASMTIME_48,
        }
    }
}
