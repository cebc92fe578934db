//! Instances that the debugger makes: at an event, in a host function, or between calls.

use super::calls::settle;
use super::names::Names;
use super::session::{Session, State};
use lockstep_core::fault::{Layer, Tamper as _};
use lockstep_core::lockstep::driver::Flow;
use lockstep_core::outcome::Outcome;
use lockstep_core::schedule::action::Action;
use lockstep_core::schedule::action::instantiate::Instantiate;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::store::Extern as OracleExtern;
use wasmtime::{Extern, Instance, Module, StoreContextMut};

/// An instance that was made in the oracle.
struct Begun {
    module: Module,
    imports: Vec<Extern>,
    addr: InstanceAddr,
}

/// Makes an instance that the debugger has asked for.
pub(super) async fn make<T: Layer>(
    store: &mut StoreContextMut<'_, State<T>>,
    action: Instantiate,
) -> Flow {
    let Some(Begun {
        module,
        imports,
        addr,
    }) = begin(store, action)
    else {
        return Flow::Continue;
    };
    let made = Instance::new_async(&mut *store, &module, &imports).await;
    finish(store, addr, made)
}

/// None where there is nothing to instantiate, in either.
fn begin<T: Layer>(
    store: &mut StoreContextMut<'_, State<T>>,
    action: Instantiate,
) -> Option<Begun> {
    let mut lent = store.data_mut().lend();
    let begun = lent.get().and_then(|session| {
        let Session { driver, names, .. } = session;
        let made = names.with_handles();
        let another = driver.another(action, &made)?;
        let module = names.instance_handle(another.like)?.module(&*store).clone();
        let imports = names.externs(&another.imports)?;
        let addr = driver.begin_instance(&another)?;
        names.announce(
            driver.following.machine.store.instance(addr),
            module.clone(),
        );
        let acted = &mut driver.recorder.tally.acted;
        acted.note(Action::Instantiate(action));
        Some(Begun {
            module,
            imports,
            addr,
        })
    });
    store.data_mut().give_back(lent);
    begun
}

/// Compares what came of it, and all frames outside, which read as before.
fn finish<T: Layer>(
    store: &mut StoreContextMut<'_, State<T>>,
    addr: InstanceAddr,
    made: wasmtime::Result<Instance>,
) -> Flow {
    settle(store, |session, store| {
        let mut ended = match &made {
            Ok(_) => Outcome::Returned(Vec::new()),
            Err(error) => session.names.outcome_of(&mut *store, None, error),
        };
        session.tamper.instantiated_again(&mut ended);
        if let Ok(handle) = made {
            let Session { driver, names, .. } = &mut *session;
            let oracle = driver.following.machine.store.instance(addr);
            names.bind(&mut *store, addr, oracle, handle);
        }
        session.resumed();
        session.driver.end_instance(&ended);
        match session.driver.following.machine.activations() {
            0 => Flow::Continue,
            _ => session.look_again(store),
        }
    })
}

impl Names {
    /// The handles of what an instance is given for its imports; none if one of them has none.
    pub(super) fn externs(&self, imports: &[OracleExtern]) -> Option<Vec<Extern>> {
        let handles = imports.iter().map(|import| {
            Some(match *import {
                OracleExtern::Func(addr) => Extern::Func(self.func(addr)?),
                OracleExtern::Table(addr) => Extern::Table(self.table(addr)?),
                OracleExtern::Memory(addr) => match self.shared(addr) {
                    Some(shared) => Extern::SharedMemory(shared.clone()),
                    None => Extern::Memory(self.memory(addr)?),
                },
                OracleExtern::Global(addr) => Extern::Global(self.global(addr)?),
                OracleExtern::Tag(addr) => Extern::Tag(self.tag(addr)?),
            })
        });
        handles.collect()
    }
}
