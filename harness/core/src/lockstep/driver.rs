//! The driver's state, and what begins an invocation.

use super::comparison::Comparison;
use super::following::Following;
use super::policy::FramePolicy;
use super::program::ModuleFacts;
use super::recorder::Recorder;
use crate::causes::Cause;
use crate::configuration::Configuration;
use crate::divergence::Execution;
use crate::outcome::HostFailure;
use crate::rules::RuleId;
use crate::version::Version;
use lockstep_oracles::address::{ExnAddr, FuncAddr, InstanceAddr};
use lockstep_oracles::limits::Limits;
use lockstep_oracles::machine::InvokeError;
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
    /// Where the subject must be.
    pub following: Following,
    /// What an observation is compared with.
    pub(super) comparison: Comparison,
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
        let following = Following::new(&config);
        let comparison = Comparison::new(&config, &following.setting);
        Driver {
            following,
            comparison,
            recorder: Recorder::new(config.execution),
            ended: None,
        }
    }

    /// Makes a module's facts known for the oracle instance that was just made.
    pub fn add_instance(&mut self, facts: ModuleFacts) {
        let instance = InstanceAddr(self.following.program.instances() as u32);
        if let Some(tracer) = &mut self.recorder.tracer {
            tracer.instance(instance, &facts.bytes);
        }
        let module = &self.following.machine.store.instance(instance).module;
        self.following.sizes.add_module(module);
        self.comparison.registers.add_instance(module, &facts);
        self.following.program.add(module, facts);
        self.following.note_causes(instance);
    }

    /// Begins an invocation in the oracle; the subject's follows.
    ///
    /// # Errors
    ///
    /// When the arguments do not fit the function's type; nothing has changed then.
    pub fn begin(&mut self, func: FuncAddr, args: &[Value]) -> Result<(), InvokeError> {
        self.comparison.budget.disturb();
        self.following
            .history
            .invoked(self.following.machine.depth());
        self.comparison.nans.invoked(self.following.machine.depth());
        self.following.machine.invoke(func, args)?;
        self.following.invocation.begin();
        self.following.note_host_roots();
        self.following.machine.reset_max_depth();
        Ok(())
    }

    /// Ends the case because control diverged.
    pub fn end_control(&mut self, rule: RuleId) {
        self.ended.get_or_insert(Ended::Control(rule));
    }
}
