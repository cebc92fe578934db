//! What says where the subject must be: the oracle, how far it has come, and the events that are due.
//!
//! Nothing here knows of a checker, and nothing is reported from here.

pub(crate) mod ahead;
pub mod breakpoints;
pub mod calls;
pub mod choices;
pub(crate) mod component_calls;
pub mod components;
pub mod deadlines;
pub(crate) mod epoch;
pub(crate) mod exceptions;
pub(crate) mod exhaustion;
pub(crate) mod growth;
pub(crate) mod handler;
pub(crate) mod history;
pub(crate) mod horizon;
pub(crate) mod host_roots;
pub(crate) mod instantiation;
pub mod interrupts;
pub(crate) mod invocation;
pub(crate) mod places;
pub mod program;
pub(crate) mod setting;
pub(crate) mod shapes;
pub mod sight;
pub(crate) mod stack_search;
pub mod wasi_calls;

use crate::observe::Place;
use crate::rules::RuleId;
use breakpoints::Breakpoints;
use components::ComponentRun;
use epoch::Epoch;
use growth::Sizes;
use handler::Handler;
use history::History;
use host_roots::HostRoots;
use instantiation::Instantiation;
use invocation::Invocation;
use lockstep_oracles::machine::Machine;
use program::Program;
use setting::DriverConfig;
use setting::Setting;

/// Sequence points that the oracle passes between two events before it gives up: more than any program
/// executes while a person waits.
pub(crate) const POINTS_BETWEEN_EVENTS: u64 = 1 << 30;

/// Sequence points that the oracle looks ahead to tell a lost event from other differences.
pub(crate) const LOOKAHEAD: u32 = 100_000;

/// Where the subject must be.
pub struct Following {
    /// The oracle.
    pub machine: Machine,
    /// Which events must come.
    pub breakpoints: Breakpoints,
    /// Where the current invocation stands.
    pub(crate) invocation: Invocation,
    /// What is known of the instances that are being made, and were.
    pub(crate) instantiation: Instantiation,
    /// What is known of the epoch, and of the events that it causes.
    pub(crate) epoch: Epoch,
    /// What is known of the store's handler.
    pub(crate) handler: Handler,
    /// What the oracle needs to know to grow as the subject did.
    pub(crate) sizes: Sizes,
    /// The component that is instantiated, or called: the last one, if the case has any.
    pub(crate) component: Option<Box<ComponentRun>>,
    /// The case's others.
    pub(crate) other_components: Vec<ComponentRun>,

    /// What is fixed for the execution.
    pub(crate) setting: Setting,
    /// What is known of the case's code.
    pub(crate) program: Program,
    /// What the program has executed, as far as a cause asks for it.
    pub(crate) history: History,
    /// What was allocated where a collection visits roots twice.
    pub(crate) host_roots: HostRoots,
}

impl Following {
    /// An empty oracle, and nothing known of a program.
    pub(crate) fn new(config: &DriverConfig) -> Following {
        let setting = Setting::of(config);
        let mut machine = Machine::new(config.limits);
        if setting.conventions.fuses_relaxed_madd {
            machine.fuse_relaxed_madd();
        }
        machine.set_dot_sums(setting.conventions.dot_sums);
        Following {
            machine,
            breakpoints: Breakpoints::new(setting.causes, setting.conventions),
            invocation: Invocation::default(),
            instantiation: Instantiation::default(),
            epoch: Epoch::default(),
            handler: Handler::default(),
            sizes: Sizes::default(),
            component: None,
            other_components: Vec::new(),
            setting,
            program: Program::default(),
            history: History::default(),
            host_roots: HostRoots::default(),
        }
    }

    /// The rule for an event that must not come, at this place.
    pub(crate) fn spurious_rule(&self, shown: Option<Place>) -> RuleId {
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
    pub(crate) fn is_at_breakpoint(&self) -> bool {
        let view = self.machine.top();
        view.is_some_and(|view| self.breakpoints.selects(view.instance, view.pc().0))
    }
}
