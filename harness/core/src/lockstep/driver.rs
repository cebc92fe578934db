//! The driver's state, and what begins an invocation.

use super::breakpoints::Breakpoints;
use super::budget::Budget;
use super::components::ComponentRun;
use super::daring::Daring;
use super::entity_looks::EntityLooks;
use super::epoch::Epoch;
use super::frames::expected_place;
use super::growth::Sizes;
use super::handler::Handler;
use super::history::History;
use super::host_roots::HostRoots;
use super::instantiation::Instantiation;
use super::invocation::Invocation;
use super::nans::OpenNans;
use super::policy::FramePolicy;
use super::precedents::Precedents;
use super::program::{ModuleFacts, Program};
use super::recorder::Recorder;
use super::references::{Depth, Fault, NoObjects, References, Scope};
use super::registers::Registers;
use super::setting::Setting;
use super::taint::Taint;
use crate::causes::Cause;
use crate::configuration::Configuration;
use crate::divergence::Execution;
use crate::observe::Place;
use crate::outcome::HostFailure;
use crate::rules::RuleId;
use crate::seen::Seen;
use crate::version::Version;
use lockstep_oracles::address::{ExnAddr, FuncAddr, InstanceAddr};
use lockstep_oracles::limits::Limits;
use lockstep_oracles::machine::{InvokeError, Machine, Segments};
use lockstep_oracles::trap::{Exhaustion, Trap};
use lockstep_oracles::value::Value;
use std::time::Duration;

/// Whether the subject goes on after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop the guest: control diverged, or a limit of the harness is reached.
    Stop,
}

/// Why a case ends early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The two sides are no longer at the same place.
    Control(RuleId),
    /// A cause explains a difference after which nothing can be compared
    Known(Cause),
    /// What this cause forbids was done on purpose.
    Dared(Cause),
    /// More events than the case may have.
    EventLimit(u64),
    /// More values were compared than the case may have.
    ValueLimit(u64),
    /// The oracle reached a limit of its own.
    OracleLimit(Exhaustion),
    /// The oracle passed so many sequence points without an event that it is not run on.
    PointLimit(u64),
    /// The program is about to wait: for longer than it is waited for, or for ever.
    Wait(Duration),
    /// The oracle is about to use a NaN that the specification leaves open and that was not seen.
    UnseenNan,
    /// An earlier exhaustion left the two sides in different states, and the program shows it.
    OtherState,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ended::Control(rule) => write!(f, "control diverged earlier in this case ({rule})"),
            Ended::Known(cause) => write!(f, "a known cause ends this execution ({cause})"),
            Ended::Dared(cause) => write!(f, "the case dares {cause}, and ends there"),
            Ended::EventLimit(n) => write!(f, "the case reached its limit of {n} events"),
            Ended::ValueLimit(n) => {
                write!(f, "the case reached its limit of {n} values compared")
            }
            Ended::PointLimit(n) => {
                write!(f, "the oracle passed {n} sequence points without an event")
            }
            Ended::Wait(Duration::MAX) => f.write_str("the program waits for ever"),
            Ended::Wait(time) => write!(f, "the program waits for {} s", time.as_secs()),
            Ended::UnseenNan => f.write_str(
                "a NaN that the specification leaves open is used, and its slot cannot be read",
            ),
            Ended::OtherState => {
                f.write_str("an earlier exhaustion left the two executions in different states")
            }
            Ended::OracleLimit(limit) => write!(f, "the oracle reached its limit ({limit:?})"),
        }
    }
}

/// How an invocation compares with the oracle's.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Both ended alike (or a divergence of data was recorded): what the oracle says.
    Ended(Expected),
    /// The subject used up a resource where the oracle allows it.
    Exhausted,
    /// The debugger dropped the call.
    Dropped,
    /// Lockstep could not be kept to the end; the reason is in [`Driver::ended`].
    Lost,
}

/// How the oracle says an invocation ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// With these results.
    Returned(Vec<Value>),
    /// With this trap.
    Trapped(Trap),
    /// With the error of a host function.
    HostFailed(HostFailure),
    /// With this exception.
    Thrown(ExnAddr),
}

impl Expected {
    /// A short description for people.
    pub fn describe(&self) -> String {
        match self {
            Expected::Returned(values) => {
                let values: Vec<_> = values.iter().map(Value::to_string).collect();
                format!("returned ({})", values.join(", "))
            }
            Expected::Trapped(trap) => format!("trapped: {trap}"),
            Expected::HostFailed(failure) => failure.to_string(),
            Expected::Thrown(exception) => format!("threw exception {exception}"),
        }
    }
}

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

/// One execution of one case in lockstep: what says where the subject must be, what its checkers keep
/// from one event to the next, and what is kept for the report.
pub struct Driver {
    /// The oracle.
    pub machine: Machine,
    /// Which events must come.
    pub breakpoints: Breakpoints,
    /// Where the current invocation stands.
    pub(super) invocation: Invocation,
    /// What is known of the instances that are being made, and were.
    pub(super) instantiation: Instantiation,
    /// What is known of the epoch, and of the events that it causes.
    pub(super) epoch: Epoch,
    /// What is known of the store's handler.
    pub(super) handler: Handler,
    /// What the oracle needs to know to grow as the subject did.
    pub(super) sizes: Sizes,
    /// The component of the case, if it has one.
    pub(super) component: Option<Box<ComponentRun>>,

    /// What is fixed for the execution.
    pub(super) setting: Setting,
    /// What is known of the case's code.
    pub(super) program: Program,
    /// What the program has executed, as far as a cause asks for it.
    pub(super) history: History,
    /// What was allocated where a collection visits roots twice.
    pub(super) host_roots: HostRoots,

    /// Which of the subject's objects is which of the oracle's.
    pub(super) references: References,
    /// What the subject showed first where it may choose.
    pub(super) precedents: Precedents,
    /// NaNs that the specification leaves open.
    pub(super) nans: OpenNans,
    /// Values that events changed.
    pub(super) registers: Registers,
    /// At which events entities are compared.
    pub(super) entity_looks: EntityLooks,
    /// What an exhaustion left to the engine.
    pub(super) taint: Taint,
    /// What is done on purpose although a cause forbids it.
    pub(super) daring: Daring,
    /// What the case may cost.
    pub(super) budget: Budget,

    /// What was compared and found.
    pub recorder: Recorder,
    /// Why the case ended early, if it did.
    pub ended: Option<Ended>,
}

/// Sequence points that the oracle passes between two events before it gives up: more than any program
/// executes while a person waits.
pub(super) const POINTS_BETWEEN_EVENTS: u64 = 1 << 30;

/// Sequence points that the oracle looks ahead to tell a lost event from other differences.
pub(super) const LOOKAHEAD: u32 = 100_000;

impl Driver {
    /// A driver with an empty oracle.
    pub fn new(config: DriverConfig) -> Driver {
        let setting = Setting::of(&config);
        let mut machine = Machine::new(config.limits);
        if setting.conventions.fuses_relaxed_madd {
            machine.fuse_relaxed_madd();
        }
        machine.set_dot_sums(setting.conventions.dot_sums);
        let segments = match setting.cause(Cause::SegmentObjects) {
            Some(_) => Segments::Made,
            None => Segments::Kept,
        };
        Driver {
            machine,
            breakpoints: Breakpoints::new(setting.causes, setting.conventions.placement),
            invocation: Invocation::default(),
            instantiation: Instantiation::default(),
            epoch: Epoch::default(),
            handler: Handler::default(),
            sizes: Sizes::default(),
            component: None,
            setting,
            program: Program::default(),
            host_roots: HostRoots::default(),
            history: History::default(),
            references: References::new(setting.moves_objects(), segments),
            precedents: Precedents::default(),
            nans: OpenNans::new(&config.configuration),
            registers: Registers::new(setting.changed_by()),
            entity_looks: EntityLooks::default(),
            taint: Taint::default(),
            daring: Daring::default(),
            budget: Budget::new(config.frames, config.max_events),
            recorder: Recorder::new(config.execution),
            ended: None,
        }
    }

    /// Which execution this is.
    pub fn execution(&self) -> Execution {
        self.setting.execution
    }

    /// Whether guest-debug support is on in this execution.
    pub fn is_instrumented(&self) -> bool {
        self.setting.is_instrumented()
    }

    /// Another store of the engine runs at the same time.
    pub fn add_neighbour(&mut self) {
        self.setting.neighbour = true;
    }

    /// Makes a module's facts known for the oracle instance that was just made.
    pub fn add_instance(&mut self, facts: ModuleFacts) {
        let instance = InstanceAddr(self.program.instances() as u32);
        if let Some(tracer) = &mut self.recorder.tracer {
            tracer.instance(instance, &facts.bytes);
        }
        let module = &self.machine.store.instance(instance).module;
        self.sizes.add_module(module);
        self.registers.add_instance(module, &facts);
        self.program.add(module, facts);
        self.note_causes(instance);
    }

    /// How many instances the driver knows the modules of.
    pub fn known_instances(&self) -> usize {
        self.program.instances()
    }

    /// Begins an invocation in the oracle; the subject's follows.
    ///
    /// # Errors
    ///
    /// When the arguments do not fit the function's type; nothing has changed then.
    pub fn begin(&mut self, func: FuncAddr, args: &[Value]) -> Result<(), InvokeError> {
        self.disturb();
        self.history.invoked(self.machine.depth());
        self.nans.invoked(self.machine.depth());
        self.machine.invoke(func, args)?;
        self.invocation.begin();
        self.note_host_roots();
        self.machine.reset_max_depth();
        Ok(())
    }

    /// The rule for an event that must come and does not.
    pub(super) fn lost_rule(&self) -> RuleId {
        if self.breakpoints.is_single_step() {
            RuleId::StepLost
        } else {
            RuleId::BreakLost
        }
    }

    /// The rule for an event that must not come, at this place.
    pub(super) fn spurious_rule(&self, shown: Option<Place>) -> RuleId {
        if self.breakpoints.is_single_step() {
            return RuleId::StepSpurious;
        }
        let own = shown.is_none_or(|place| {
            let instance = place.instance;
            instance.is_none_or(|i| self.breakpoints.ever_selected(i, place.pc.0))
        });
        if self.setting.neighbour && !own {
            RuleId::Isolate
        } else {
            RuleId::BreakSpurious
        }
    }

    /// Where the oracle says the frames are, innermost first, in the subject's conventions.
    pub(super) fn expected_places(&self) -> Vec<Place> {
        let frames = self.machine.frames();
        let places = frames.map(|view| expected_place(&view, self.setting.conventions));
        places.collect()
    }

    /// Whether the model has an event at this place.
    pub(super) fn is_selected(&self, place: Place) -> bool {
        let instance = place.instance;
        instance.is_some_and(|i| self.breakpoints.selects(i, place.pc.0))
    }

    /// Whether the oracle is before an opcode at which a breakpoint is.
    pub(super) fn is_at_breakpoint(&self) -> bool {
        let view = self.machine.top();
        view.is_some_and(|view| self.breakpoints.selects(view.instance, view.pc().0))
    }

    /// Whether two lists of values are the same, bit for bit; of objects nothing is read.
    pub(super) fn values_agree(&mut self, expected: &[Value], seen: &[Seen]) -> bool {
        expected.len() == seen.len()
            && expected
                .iter()
                .zip(seen)
                .all(|(&value, &seen)| self.value_agrees(value, seen))
    }

    /// Whether two values of the store's scope are the same.
    pub(super) fn value_agrees(&mut self, value: Value, seen: Seen) -> bool {
        self.value_fault(value, seen).is_none()
    }

    /// How two values of the store's scope differ, if they do.
    pub(super) fn value_fault(&mut self, value: Value, seen: Seen) -> Option<Fault> {
        if seen.is(value.ty(), value.cell()) {
            return None;
        }
        let Value::Ref(expected, ty) = value else {
            return Some(Fault::Value);
        };
        let machine = &self.machine;
        let typed = (Scope::Store(machine.store.types()), ty);
        let checked = self.references.check(
            machine,
            typed,
            expected,
            seen,
            &mut NoObjects,
            Depth::Reference,
        );
        checked.err()
    }

    /// The subject is looked at again. What it showed without events is no longer binding: what no
    /// frame shows may have been freed.
    pub fn look(&mut self) {
        self.references.look();
        if !self.has_events() {
            self.references.forget();
        }
    }

    /// Ends the case because control diverged.
    pub fn end_control(&mut self, rule: RuleId) {
        self.ended.get_or_insert(Ended::Control(rule));
    }
}
