//! Another store of the engine, visited while the program waits: its activations come above the program's.

use super::calls::settle;
use super::execute::Subject;
use super::factory::Factory;
use super::session::State;
use lockstep_core::case::visit::{VISITED_MODULE, visit};
use lockstep_core::divergence::Execution;
use lockstep_core::fault::{Honest, Layer, Tamper as _};
use lockstep_core::lockstep::driver::Flow;
use lockstep_core::lockstep::findings::Findings;
use lockstep_core::schedule::Schedule;
use lockstep_core::schedule::action::Action;
use lockstep_core::subject::Settings;
use std::sync::Arc;
use wasmtime::StoreContextMut;

/// What another store is made of.
pub(super) struct Visits {
    factory: Arc<Factory>,
    settings: Settings,
}

impl Visits {
    /// None, if none is visited.
    pub(super) fn of(
        schedule: &Schedule,
        factory: &Arc<Factory>,
        settings: Settings,
    ) -> Option<Visits> {
        let mut actions = schedule.actions.iter();
        let visits = actions.any(|act| matches!(act.action, Action::VisitStore(_)));
        if factory.execution != Execution::Instrumented || !visits {
            return None;
        }
        let (bytes, module) = &*VISITED_MODULE;
        // Here, since a compiler needs more of a stack than is left where the program waits. What is wrong with
        // the module is told where it is instantiated.
        let _ = factory.module(bytes, module);
        Some(Visits {
            factory: factory.clone(),
            settings,
        })
    }

    fn make<T: Layer>(&self, tamper: T) -> Option<Findings> {
        let made = Subject::new(
            self.factory.clone(),
            self.settings,
            &Schedule::default(),
            tamper,
        );
        // The engine has made such a store before.
        made.ok().map(|mut subject| visit(&mut subject))
    }
}

/// Visits another store; every frame reads as before behind it.
pub(super) fn make<T: Layer>(store: &mut StoreContextMut<'_, State<T>>) -> Flow {
    let mut lent = store.data_mut().lend();
    let found = lent.get().and_then(|session| {
        let visits = session
            .visits
            .as_ref()
            .filter(|_| session.driver.may_visit())?;
        match session.tamper.visited() {
            None => visits.make(Box::new(Honest)),
            Some(layer) => visits.make(layer),
        }
    });
    store.data_mut().give_back(lent);
    let Some(found) = found else {
        return Flow::Continue;
    };
    settle(store, |session, store| {
        session.driver.visited(found);
        session.look_again(store)
    })
}
