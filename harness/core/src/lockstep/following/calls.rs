//! Where the program is while the debugger makes a call.

use super::Following;
use super::invocation::Suspended;
use crate::generate::FUEL;
use lockstep_oracles::address::{GlobalAddr, InstanceAddr};
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::Value;

/// Where the program was when the debugger made a call.
#[derive(Clone, Debug)]
pub struct Outside {
    /// What each generated program had left of what it ends by. The call has all of that again: it may
    /// have come between the look at it and its use, behind which the program would go on for ever.
    pub fuel: Vec<(GlobalAddr, Value)>,
    pub(crate) invocation: Suspended,
}

impl Following {
    pub(crate) fn fuel(&self) -> Vec<(GlobalAddr, Value)> {
        let store = &self.machine.store;
        let instances = (0..store.num_instances() as u32).map(InstanceAddr);
        let fuel = instances.filter_map(|instance| match store.instance(instance).export(FUEL) {
            Some(Extern::Global(addr)) => Some((addr, store.global(addr).value())),
            _ => None,
        });
        fuel.collect()
    }
}
