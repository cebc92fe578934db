//! Calls of the program's functions that are made while it waits: by the debugger, in the handler of an
//! event or in a host function; and by a host function itself. What else the debugger needs the store for
//! comes in the same order.

use super::actions::Asked;
use super::collections;
use super::host::func_of;
use super::instances;
use super::names::Names;
use super::session::{Session, State};
use super::values::take_thrown;
use super::view::View;
use super::visits;
use lockstep_core::divergence::Moment;
use lockstep_core::fault::{Layer, Shown, Tamper as _};
use lockstep_core::lockstep::calls::Outside;
use lockstep_core::lockstep::driver::{Flow, Verdict};
use lockstep_core::outcome::Outcome;
use lockstep_core::phases::{self, Phase};
use lockstep_core::schedule::action::Action;
use lockstep_core::schedule::action::call_function::CallFunction;
use lockstep_oracles::value::Value;
use wasmtime::{AsContextMut, ExnRef, Func, OwnedRooted, RootScope, Rooted, StoreContextMut, Val};

/// A call that was begun in the oracle.
struct Begun {
    func: Func,
    args: Vec<Val>,
    results: Vec<Val>,
    outside: Outside,
}

/// Does what the debugger has asked for at this moment.
pub(super) async fn carry_out<T: Layer>(store: &mut StoreContextMut<'_, State<T>>) -> Flow {
    let (asked, thrown) = asked(store);
    for asked in asked {
        let flow = match asked {
            Asked::Call(action) => call(store, action, thrown.as_ref()).await,
            Asked::Instance(action) => instances::make(store, action).await,
            Asked::Collection if may_collect(store) => collections::collect(store).await,
            Asked::Collection => Flow::Continue,
            Asked::Visit => visits::make(store),
        };
        if flow == Flow::Stop {
            return Flow::Stop;
        }
    }
    Flow::Continue
}

/// Whether no cause forbids a collection now.
fn may_collect<T: Layer>(store: &mut StoreContextMut<'_, State<T>>) -> bool {
    let mut lent = store.data_mut().lend();
    let may = lent
        .get()
        .is_some_and(|session| session.driver.may_collect());
    store.data_mut().give_back(lent);
    may
}

/// Makes a call.
async fn call<T: Layer>(
    store: &mut StoreContextMut<'_, State<T>>,
    action: CallFunction,
    thrown: Option<&OwnedRooted<ExnRef>>,
) -> Flow {
    let Some(begun) = begin(store, action) else {
        return Flow::Continue;
    };
    let Begun {
        func,
        args,
        mut results,
        outside,
    } = begun;
    let mut scope = RootScope::new(&mut *store);
    let ended = func.call_async(&mut scope, &args, &mut results).await;
    let mut store = scope.as_context_mut();
    finish(&mut store, &ended, &results, (outside, thrown))
}

/// An event within a call asks for more of its own: this is taken before, with the exception of the event.
fn asked<T: Layer>(
    store: &mut StoreContextMut<'_, State<T>>,
) -> (Vec<Asked>, Option<OwnedRooted<ExnRef>>) {
    let mut lent = store.data_mut().lend();
    let session = lent.get();
    let asked = session.map_or_else(Default::default, |session| {
        (std::mem::take(&mut session.asked), session.pending.take())
    });
    store.data_mut().give_back(lent);
    asked
}

/// None where there is nothing to call, in either.
fn begin<T: Layer>(
    store: &mut StoreContextMut<'_, State<T>>,
    action: CallFunction,
) -> Option<Begun> {
    let mut lent = store.data_mut().lend();
    let begun = lent.get().and_then(|session| {
        let Session { driver, names, .. } = session;
        let call = driver.call_of(action)?;
        let func = func_of(&mut *store, names, &call)?;
        let types = driver.following.machine.store.types();
        let args = call.args.iter();
        let args: Option<wasmtime::Result<Vec<Val>>> = args
            .map(|&value| names.val(&mut *store, types, value))
            .collect();
        let args = args?.ok()?;
        let results = driver
            .following
            .machine
            .store
            .func_type(call.addr)
            .results
            .len();
        driver
            .recorder
            .tally
            .acted
            .note(Action::CallFunction(action));
        Some(Begun {
            func,
            args,
            results: vec![Val::I32(0); results],
            outside: driver.begin_call(&call)?,
        })
    });
    store.data_mut().give_back(lent);
    begun
}

/// Compares how the call ended, and all frames outside it, which read as before.
fn finish<T: Layer>(
    store: &mut StoreContextMut<'_, State<T>>,
    ended: &wasmtime::Result<()>,
    results: &[Val],
    (outside, thrown): (Outside, Option<&OwnedRooted<ExnRef>>),
) -> Flow {
    settle(store, |session, store| {
        let (verdict, _) = end(&mut *store, session, ended, results);
        session.resumed();
        give_back_fuel(&mut *store, &session.names, &outside);
        let threw = session.driver.end_call(outside);
        if let Some(thrown) = thrown {
            session.keep_pending(store, thrown, threw);
        }
        match verdict {
            Verdict::Lost => Flow::Stop,
            _ => session.look_again(store),
        }
    })
}

/// Compares what came of what was done; the guest is stopped where that says so, or the call is being dropped.
pub(super) fn settle<T: Layer>(
    store: &mut StoreContextMut<'_, State<T>>,
    compare: impl FnOnce(&mut Session<T>, &mut StoreContextMut<'_, State<T>>) -> Flow,
) -> Flow {
    let _phase = phases::enter(Phase::Comparison);
    let mut lent = store.data_mut().lend();
    let flow = match lent.get() {
        Some(session) if !session.dropping => compare(session, store),
        _ => Flow::Stop,
    };
    if flow == Flow::Stop {
        lent.request_stop();
    }
    store.data_mut().give_back(lent);
    flow
}

/// What generated programs end by is theirs, and not the debugger's.
fn give_back_fuel(mut store: impl AsContextMut, names: &Names, outside: &Outside) {
    for &(addr, value) in &outside.fuel {
        if let (Some(fuel), Value::I32(left)) = (names.global(addr), value) {
            // It is mutable, and an i32: the generator made it.
            let _ = fuel.set(&mut store, Val::I32(left as i32));
        }
    }
}

impl<T: Layer> Session<T> {
    /// The exception of the event is still pending behind a call, in which one was thrown or not.
    fn keep_pending(
        &mut self,
        store: &mut StoreContextMut<'_, State<T>>,
        thrown: &OwnedRooted<ExnRef>,
        threw: bool,
    ) {
        let mut pending = store.has_pending_exception();
        self.tamper.pending(&mut pending);
        if self.driver.is_to_throw_again(pending, threw) {
            let mut scope = RootScope::new(&mut *store);
            let thrown = thrown.to_rooted(&mut scope);
            // Always an error: that an exception is pending.
            let _ = scope.as_context_mut().throw::<()>(thrown);
        }
    }

    /// Every frame is compared again behind a call.
    pub(super) fn look_again(&mut self, store: &mut StoreContextMut<'_, State<T>>) -> Flow {
        let Session {
            driver,
            names,
            tamper,
            ..
        } = self;
        let mut scope = RootScope::new(&mut *store);
        names.look(&scope, driver);
        let mut view = View {
            store: scope.as_context_mut(),
            names,
        };
        let flow = if T::ACTIVE {
            let mut copy = driver.snapshot(&mut view, usize::MAX);
            tamper.event(Moment::Action, &mut copy);
            driver.called(&mut copy)
        } else {
            driver.called(&mut view)
        };
        names.keep_handles(&mut scope, driver);
        flow
    }
}

/// Compares how a call ended that was made while the program waits; the exception that it ended with.
pub(super) fn end<T: Layer>(
    mut store: impl AsContextMut<Data = State<T>>,
    session: &mut Session<T>,
    ended: &wasmtime::Result<()>,
    results: &[Val],
) -> (Verdict, Option<Rooted<ExnRef>>) {
    let Session {
        driver,
        names,
        tamper,
        ..
    } = session;
    names.look(store.as_context(), driver);
    let mut pending = None;
    let mut outcome = match ended {
        Ok(()) => Outcome::Returned(
            results
                .iter()
                .map(|value| names.seen(&mut store, value))
                .collect(),
        ),
        Err(error) => {
            pending = take_thrown(&mut store, error);
            names.outcome_of(&mut store, pending, error)
        }
    };
    tamper.outcome(&mut outcome);
    driver.note_sizes(&mut View {
        store: store.as_context_mut(),
        names,
    });
    let verdict = driver.finish(&outcome);
    if verdict != Verdict::Lost {
        let mut view = View {
            store: store.as_context_mut(),
            names,
        };
        let mut shown = Shown::new(&mut view, tamper);
        if verdict == Verdict::Exhausted {
            driver.taint_entities(&mut shown);
        }
        driver.compare_entities(&mut shown, Moment::End);
    }
    (verdict, pending)
}
