//! The driver's state, and what begins an invocation.

use super::comparison::Comparison;
use super::following::Following;
use super::program::ModuleFacts;
use super::recorder::Recorder;
use crate::rules::RuleId;
use lockstep_oracles::address::{FuncAddr, InstanceAddr};
use lockstep_oracles::machine::InvokeError;
use lockstep_oracles::value::Value;

pub use super::setting::DriverConfig;
pub use super::verdict::{Ended, Expected, Flow, Verdict};

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
