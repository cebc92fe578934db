//! A module that is being instantiated: what is known by then.

use super::Following;
use crate::conventions::StartCalls;
use crate::outcome::SeenTrap;
use lockstep_oracles::address::InstanceAddr;

/// What is known of the instances that are being made, and were.
#[derive(Debug, Default)]
pub(crate) struct Instantiation {
    /// Whether a module is being instantiated.
    pub(crate) runs: bool,
    /// The instance that is being made, until the subject gives a handle.
    pub(crate) making: Option<InstanceAddr>,
    /// The `Trap` event of a segment, if there was one.
    pub(crate) segment_trap: Option<SeenTrap>,
    /// Instances that have a handle.
    pub(crate) handles: usize,
}

impl Instantiation {
    /// Whether a module is being instantiated.
    #[inline]
    pub(crate) fn runs(&self) -> bool {
        self.runs
    }

    /// The subject instantiates a module.
    pub(crate) fn begin_instantiation(&mut self) {
        self.runs = true;
    }

    /// It has, or has failed to.
    pub(crate) fn end_instantiation(&mut self) {
        self.runs = false;
    }
}

impl Following {
    /// Whether the module that is being instantiated defines a function.
    pub(crate) fn defines_functions(&self) -> bool {
        let making = self
            .instantiation
            .making
            .map(|addr| self.machine.store.instance(addr));
        making.is_none_or(|instance| !instance.module.functions().is_empty())
    }

    /// Whether the host function that the oracle waits for is a module's start function, and code that is
    /// compiled for the instantiation calls it.
    pub(crate) fn is_start_called_by_wasm(&self) -> bool {
        let is_start = self.instantiation.runs
            && self.machine.num_activations() == 1
            && !self.machine.has_entered_code();
        is_start && self.setting.conventions.start_calls == StartCalls::Wasm
    }

    /// Whether the host function that the oracle waits for is called by Wasm code.
    pub(crate) fn is_called_by_wasm(&self) -> bool {
        self.machine.has_entered_code() || self.is_start_called_by_wasm()
    }
}
