//! What the store lists of itself.

use super::dialect;
use super::frames;
use super::session::{Session, State};
use lockstep_core::divergence::Moment;
use lockstep_core::fault::{Layer, Tamper as _};
use lockstep_core::lockstep::items::{Items, ListedInstance, ListedModule};
use lockstep_core::phases::{self, Phase};
use wasmtime::{AsContext, AsContextMut, Instance, StoreContextMut};

impl<T: Layer> Session<T> {
    /// Asks the store for everything that it lists; `at_rest` where nothing runs.
    pub(super) fn list_items(&mut self, store: &mut StoreContextMut<'_, State<T>>, at_rest: bool) {
        let mut items = self.items(store, at_rest);
        self.tamper.items(&mut items);
        let handles = self.names.with_handles();
        self.driver.check_items(&items, &handles, Moment::Action);
    }

    fn items(&self, store: &mut StoreContextMut<'_, State<T>>, at_rest: bool) -> Items {
        let _phase = phases::enter(Phase::Subject);
        let instances = dialect::all_instances(store.as_context_mut());
        let core = &self.names.core;
        let is_adapter = |&(handle, _): &(Instance, u32)| core.lack(handle.module(&*store));
        let listed = instances.iter().flatten();
        let adapters = listed.filter(|&listed| is_adapter(listed)).count();
        let instances = instances.map(|listed| {
            let listed = listed.into_iter();
            let named = listed.map(|(handle, index)| ListedInstance {
                instance: self.names.address(handle),
                index,
            });
            named.collect()
        });
        let modules = dialect::all_modules(store.as_context_mut());
        let modules = modules.map(|listed| {
            let listed = listed.into_iter();
            // Those of adapters are the engine's own.
            let listed = listed.filter(|(module, _)| !core.lack(module));
            let numbered = listed.map(|(module, index)| ListedModule {
                module: core
                    .number_of(&module)
                    .or_else(|| self.debugger.number_of(&module)),
                index,
            });
            numbered.collect()
        });
        let edits = store.as_context_mut().edit_breakpoints().is_some();
        Items {
            frames: at_rest.then(|| frames::count(store.as_context_mut())),
            edits,
            breakpoints: store.as_context().breakpoints().is_some(),
            instances,
            adapters,
            modules,
            own: self.debugger.own_modules(),
        }
    }
}
