//! What says where the subject must be: the oracle, how far it has come, and the events that are due.
//!
//! Nothing here looks at what the subject shows, and nothing is reported from here.

use super::breakpoints::Breakpoints;
use super::components::ComponentRun;
use super::epoch::Epoch;
use super::growth::Sizes;
use super::handler::Handler;
use super::history::History;
use super::host_roots::HostRoots;
use super::instantiation::Instantiation;
use super::invocation::Invocation;
use super::program::Program;
use super::setting::DriverConfig;
use super::setting::Setting;
use crate::observe::Place;
use crate::rules::RuleId;
use lockstep_oracles::machine::Machine;

/// Sequence points that the oracle passes between two events before it gives up: more than any program
/// executes while a person waits.
pub(super) const POINTS_BETWEEN_EVENTS: u64 = 1 << 30;

/// Sequence points that the oracle looks ahead to tell a lost event from other differences.
pub(super) const LOOKAHEAD: u32 = 100_000;

/// Where the subject must be.
pub struct Following {
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
}

impl Following {
    /// An empty oracle, and nothing known of a program.
    pub(super) fn new(config: &DriverConfig) -> Following {
        let setting = Setting::of(config);
        let mut machine = Machine::new(config.limits);
        if setting.conventions.fuses_relaxed_madd {
            machine.fuse_relaxed_madd();
        }
        machine.set_dot_sums(setting.conventions.dot_sums);
        Following {
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
            history: History::default(),
            host_roots: HostRoots::default(),
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

    /// Whether the oracle is before an opcode at which a breakpoint is.
    pub(super) fn is_at_breakpoint(&self) -> bool {
        let view = self.machine.top();
        view.is_some_and(|view| self.breakpoints.selects(view.instance, view.pc().0))
    }
}
