//! What is fixed for an execution: its subject, which of the two it is, and how its code is compiled.

use crate::causes::{Cause, Causes, Known};
use crate::configuration::{Collector, Configuration, Epochs, Fuel, Inlining, Target};
use crate::conventions::Conventions;
use crate::divergence::Execution;
use crate::lockstep::policy::FramePolicy;
use crate::version::Version;
use lockstep_oracles::limits::Limits;

/// Settings of a driver.
#[derive(Clone, Copy, Debug)]
pub struct DriverConfig {
    /// The subject.
    pub subject: Version,
    /// Which execution it drives.
    pub execution: Execution,
    /// The subject's configuration.
    pub configuration: Configuration,
    /// Which frames are compared.
    pub frames: FramePolicy,
    /// The oracle's limits.
    pub limits: Limits,
    /// Events after which the case ends as inconclusive, or three hundred times as many values compared.
    pub max_events: u64,
    /// Bytes of stack that the subject's Wasm code may use.
    pub subject_stack: usize,
}

/// What is fixed for an execution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// What the subject is known to do otherwise.
    pub(crate) causes: Causes,
    /// How the subject shows what it shows.
    pub(crate) conventions: &'static Conventions,
    /// Which execution it is.
    pub(crate) execution: Execution,
    /// Whether callees are inlined.
    pub(crate) inlined: bool,
    /// Whether another store of the engine runs at the same time.
    pub(crate) neighbour: bool,
    configuration: Configuration,
    /// Bytes of stack that the subject's Wasm code may use.
    subject_stack: usize,
}

impl Setting {
    pub(crate) fn of(config: &DriverConfig) -> Setting {
        Setting {
            causes: Causes::of(config.subject),
            conventions: config.subject.conventions(),
            execution: config.execution,
            inlined: config.configuration.inlining == Inlining::On,
            neighbour: false,
            configuration: config.configuration,
            subject_stack: config.subject_stack,
        }
    }

    /// The cause, if the subject is known to have it.
    pub(crate) fn cause(&self, cause: Cause) -> Option<Known> {
        self.causes.get(cause)
    }

    /// Whether guest-debug support is on.
    #[inline]
    pub(crate) fn is_instrumented(&self) -> bool {
        self.execution == Execution::Instrumented
    }

    /// Whether the guest is bytecode: events change its registers (`PULLEY-REGISTERS`).
    pub(crate) fn is_on_pulley(&self) -> bool {
        self.configuration.target == Target::Pulley64
    }

    /// Whether fuel or the epoch may interrupt code between two opcodes.
    pub(crate) fn counts(&self) -> bool {
        self.consumes_fuel() || self.advances_epoch()
    }

    /// Whether the epoch is advanced.
    pub(crate) fn advances_epoch(&self) -> bool {
        self.configuration.epochs != Epochs::Off
    }

    /// Whether the subject's code consumes fuel.
    pub(crate) fn consumes_fuel(&self) -> bool {
        self.configuration.fuel != Fuel::Off
    }

    /// The cause by which the counting collector frees what an array that was left half made seems to refer to
    /// (`HALF-MADE-ARRAY`).
    pub(crate) fn frees_half_made(&self) -> Option<Known> {
        let known = self.cause(Cause::HalfMadeArray);
        known.filter(|_| self.configuration.collector == Collector::Drc)
    }

    /// The collector by which an opcode may collect with the roots of another (`COLLECT-SLOT`).
    #[inline]
    pub(crate) fn collects_wrong(&self) -> Option<(Known, Collector)> {
        let known = self.cause(Cause::CollectSlot)?;
        let collector = self.configuration.collector;
        (self.is_instrumented() && collector != Collector::Null).then_some((known, collector))
    }

    /// The cause by which a collection frees an exception that the host threw, while it is on its way.
    pub(crate) fn frees_thrown(&self) -> Option<Known> {
        let counts = self.configuration.collector == Collector::Drc;
        self.cause(Cause::ThrownRoot).filter(|_| counts)
    }

    /// The cause of these, where a collection that visits a root twice moves its object twice.
    pub(crate) fn moves_twice(&self, cause: Cause) -> Option<Known> {
        self.cause(cause).filter(|_| self.moves_objects())
    }

    /// Whether the collector moves objects.
    pub(crate) fn moves_objects(&self) -> bool {
        self.configuration.collector == Collector::Copying
    }

    /// Whether frames at guarded calls may lose their objects (ledger: `TRY-ROOT`).
    pub(crate) fn may_lose_roots(&self) -> bool {
        self.cause(Cause::TryRoot).is_some()
            && !self.is_instrumented()
            && self.configuration.collector == Collector::Drc
    }

    /// The cause by which events of this execution change registers.
    pub(crate) fn changed_by(&self) -> Option<Known> {
        let known = self.cause(Cause::PulleyVectors);
        known.filter(|_| self.is_instrumented() && self.is_on_pulley())
    }

    /// Whether calls so deep, of frames so large, can use up the subject's stack.
    pub(crate) fn exhausts_stack(&self, depth: usize, frame: usize) -> bool {
        depth * frame >= self.subject_stack
    }
}
