//! Instances that the debugger makes while the program waits, or between calls: of modules that are there,
//! with the imports that they were given before.

use super::Driver;
use crate::outcome::Outcome;
use crate::rules::RuleId;
use crate::schedule::action::instantiate::Instantiate;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::store::Extern;

/// An instance that is to be made.
#[derive(Clone, Debug)]
pub struct Another {
    /// The one whose module it is of.
    pub like: InstanceAddr,
    /// What it is given, as that one was.
    pub imports: Vec<Extern>,
}

impl Driver {
    /// The instance that an action asks for, of a module of one of these.
    ///
    /// None where there is no such module, code that the compiler makes for an instantiation could be
    /// interrupted, an exhaustion has left open what the program does, or a cause forbids a look at the frames
    /// outside, or changes registers at events.
    pub fn another(&self, action: Instantiate, made: &[InstanceAddr]) -> Option<Another> {
        if !self.may_run_code() || self.following.setting.counts() {
            return None;
        }
        let store = &self.following.machine.store;
        let like = action.instance(store, made)?;
        // An instance that went beyond a limit of the oracle's is there in part.
        (self.following.program.known_instances() == store.num_instances()).then(|| Another {
            like,
            imports: store.instance(like).imports(),
        })
    }

    /// Makes it in the oracle; the subject's follows. None where the limits of the oracle do not allow it.
    pub fn begin_instance(&mut self, another: &Another) -> Option<InstanceAddr> {
        let &Another { like, ref imports } = another;
        let number = self.following.breakpoints.module_of(like)?;
        let module = self.following.machine.store.instance(like).module.clone();
        let addr = self.following.machine.instantiate(&module, imports).ok()?;
        self.following.breakpoints.add_instance(number);
        let facts = self.following.program.facts(like).clone();
        self.add_instance(facts);
        self.set_making(Some(addr));
        self.following.instantiation.begin_instantiation();
        Some(addr)
    }

    /// The subject has made it, or has not.
    pub fn end_instance(&mut self, outcome: &Outcome) {
        self.following.instantiation.end_instantiation();
        self.set_making(None);
        self.comparison.budget.disturb();
        if *outcome == Outcome::Returned(Vec::new()) {
            self.made();
            return;
        }
        let expected = "the module is instantiated again".to_owned();
        self.report_end(RuleId::Instantiate, expected, outcome.describe());
    }
}
