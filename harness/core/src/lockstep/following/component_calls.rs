//! A call of a component's function, and the instantiation of its core modules, as far as the next core code that
//! runs.

use super::Following;
use super::components::ComponentTrap;
use lockstep_oracles::address::{FuncAddr, MemAddr};
use lockstep_oracles::component::{
    AbiTrap, CoreItem, MAX_FLAT_RESULTS, Options, Type, Val, lift_flat_values,
};
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::Value;

impl Following {
    pub(crate) fn resolve(&self, item: &CoreItem) -> Option<Extern> {
        let CoreItem::Export(step, name) = item else {
            return None;
        };
        let run = self.component.as_ref()?;
        let instance = *run.instances.get(*step as usize)?;
        self.machine.store.instance(instance).export(name)
    }

    pub(crate) fn core_func(&self, item: &CoreItem) -> Result<FuncAddr, ComponentTrap> {
        match self.resolve(item) {
            Some(Extern::Func(func)) => Ok(func),
            _ => Err(ComponentTrap::Limit(
                "a lowered function that is lifted, or given as an option".to_owned(),
            )),
        }
    }

    pub(crate) fn lowering_memory(&self, options: &Options) -> Option<MemAddr> {
        match self.resolve(options.memory.as_ref()?) {
            Some(Extern::Memory(addr)) => Some(addr),
            _ => None,
        }
    }

    /// The results of core code, as the Canonical ABI takes them.
    pub(crate) fn lift_results(
        &self,
        options: &Options,
        core: &[Value],
        types: &[&Type],
    ) -> Result<Vec<Val>, AbiTrap> {
        let memory = self.memory_bytes(options);
        lift_flat_values(memory, options.encoding, MAX_FLAT_RESULTS, core, types)
    }

    pub(crate) fn memory_bytes(&self, options: &Options) -> &[u8] {
        let addr = self.lowering_memory(options);
        addr.map_or(&[], |addr| self.machine.store.memory(addr).bytes())
    }
}
