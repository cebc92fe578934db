//! The driver joins who follows, who compares and who records: it is told what happens, brings the oracle
//! there, has checkers look, and records what they find.

mod activations;
mod advance;
mod calls;
mod checks;
mod classify;
mod collections;
mod component_calls;
mod components;
mod daring;
mod deadlines;
mod edits;
mod ends;
mod entities;
mod epoch;
mod evidence;
mod exceptions;
mod exhaustion;
mod explain;
mod growth;
mod history;
mod horizon;
mod host_calls;
pub mod instances;
mod instantiation;
mod interrupted;
mod interrupts;
pub mod limiter;
mod nans;
mod port;
mod readable;
mod registers;
mod reports;
mod sampled;
mod stack_search;
mod stops;
mod throws;
mod trap_frame;
pub mod traps;
mod wasi_calls;

use crate::lockstep::checkers::comparison::Comparison;
use crate::lockstep::following::Following;
use crate::lockstep::following::program::ModuleFacts;
use crate::lockstep::recording::recorder::Recorder;
use crate::rules::RuleId;
use lockstep_oracles::address::{FuncAddr, InstanceAddr};
use lockstep_oracles::machine::InvokeError;
use lockstep_oracles::value::Value;

pub use crate::lockstep::following::setting::DriverConfig;
pub use crate::lockstep::verdict::{Ended, Expected, Flow, Verdict};

/// One execution of one case in lockstep.
pub struct Driver {
    /// Where the subject must be.
    pub following: Following,
    /// What an observation is compared with.
    pub(crate) comparison: Comparison,
    /// What was compared and found.
    pub recorder: Recorder,
    /// Why the case ended early, if it did.
    pub ended: Option<Ended>,
}

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
