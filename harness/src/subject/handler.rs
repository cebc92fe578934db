//! The debug handler: each event goes to the driver; a stop leaves the guest pending for ever.

use super::session::State;
use super::values::seen_trap;
use super::view::View;
use crate::divergence::Moment;
use crate::fault::{Delivery, Tamper};
use crate::lockstep::driver::{Driver, Flow};
use crate::observe::Observation;
use crate::outcome::HostFailure;
use std::marker::PhantomData;
use wasmtime::{AsContextMut, DebugEvent, DebugHandler, RootScope, StoreContextMut};

/// The handler has no state of its own: everything is in the store's data.
pub(super) struct Handler<T>(pub(super) PhantomData<fn() -> T>);

impl<T> Clone for Handler<T> {
    fn clone(&self) -> Handler<T> {
        Handler(PhantomData)
    }
}

impl<T: Tamper> DebugHandler for Handler<T> {
    type Data = State<T>;

    async fn handle(&self, mut store: StoreContextMut<'_, State<T>>, event: DebugEvent<'_>) {
        if dispatch(&mut store, &event) == Flow::Stop {
            // The code that polls the guest sees the request and drops the future.
            std::future::pending::<()>().await;
        }
    }
}

fn dispatch<T: Tamper>(store: &mut StoreContextMut<'_, State<T>>, event: &DebugEvent<'_>) -> Flow {
    let mut lent = store.data_mut().lend();
    let Some(session) = lent.get() else { return Flow::Continue };
    // Reference values that are read stay rooted until the scope ends: one scope an event.
    let mut scope = RootScope::new(&mut *store);
    let mut view = View { store: scope.as_context_mut(), names: &mut session.names };
    let flow = if T::ACTIVE {
        tampered(&mut session.driver, &mut session.tamper, &mut view, event)
    } else {
        deliver(&mut session.driver, &mut view, event)
    };
    drop(scope);
    if flow == Flow::Stop {
        lent.shared().request_stop();
    }
    store.data_mut().give_back(lent);
    flow
}

#[inline]
fn deliver<O: Observation>(driver: &mut Driver, observed: &mut O, event: &DebugEvent<'_>) -> Flow {
    match event {
        DebugEvent::Breakpoint => driver.breakpoint(observed),
        DebugEvent::Trap(trap) => driver.trap(observed, seen_trap(*trap)),
        DebugEvent::HostcallError(error) => {
            let failure = error.downcast_ref::<HostFailure>().copied();
            driver.host_error(observed, failure.ok_or_else(|| format!("{error:#}")))
        }
        other => driver.unexpected_event(observed, &format!("{other:?}")),
    }
}

/// A fault's way to the driver: the stack is copied, the fault changes the copy.
fn tampered<T: Tamper>(
    driver: &mut Driver,
    tamper: &mut T,
    view: &mut View<'_, T>,
    event: &DebugEvent<'_>,
) -> Flow {
    let moment = match event {
        DebugEvent::Breakpoint => Moment::Breakpoint,
        DebugEvent::Trap(_) => Moment::Trap,
        _ => Moment::HostcallError,
    };
    let mut copy = driver.snapshot(view, usize::MAX);
    match tamper.event(moment, &mut copy) {
        Delivery::Once => deliver(driver, &mut copy, event),
        Delivery::Never => Flow::Continue,
        Delivery::Twice => match deliver(driver, &mut copy, event) {
            Flow::Continue => deliver(driver, &mut copy, event),
            Flow::Stop => Flow::Stop,
        },
    }
}
