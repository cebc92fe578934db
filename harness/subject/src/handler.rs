//! The debug handler: each event goes to the driver; a stop leaves the guest pending for ever.

use super::calls;
use super::collections;
use super::dialect;
use super::execute::DEADLINE;
use super::names::Names;
use super::registers;
use super::session::{Session, State};
use super::values::{is_out_of_memory, seen_trap};
use super::view::View;
use lockstep_core::configuration::{Epochs, Yields};
use lockstep_core::divergence::Moment;
use lockstep_core::fault::{Delivery, Layer, Shown, Tamper as _};
use lockstep_core::lockstep::driver::{Driver, Flow};
use lockstep_core::lockstep::handlers::SeenHandlers;
use lockstep_core::lockstep::interrupts::Interruption;
use lockstep_core::lockstep::throws::SeenThrow;
use lockstep_core::observe::Observation;
use lockstep_core::outcome::{HostFailure, SeenTrap};
use lockstep_core::panics;
use lockstep_core::phases::{self, Phase};
use lockstep_core::snapshot::Snapshot;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use wasmtime::{AsContextMut, DebugEvent, DebugHandler, RootScope, StoreContextMut};

/// The handler has no state of its own but its number: everything is in the store's data.
pub(super) struct Handler<T> {
    number: u32,
    /// There until the store drops it; a clone, made at every event, has none.
    _owned: Option<Arc<()>>,
    data: PhantomData<fn() -> T>,
}

impl<T> Clone for Handler<T> {
    fn clone(&self) -> Handler<T> {
        Handler {
            number: self.number,
            _owned: None,
            data: PhantomData,
        }
    }
}

/// The handlers that a store was given.
#[derive(Default)]
pub(super) struct Handlers {
    /// By number; one that was dropped is gone.
    given: Vec<Weak<()>>,
    /// The number of the one that was set last; none if the store was given none since it last had none. Asked
    /// for at every event.
    last: Option<u32>,
}

impl Handlers {
    /// The next one, which is about to be set.
    pub(super) fn next<T>(&mut self) -> Handler<T> {
        let owned = Arc::new(());
        let number = self.given.len() as u32;
        self.given.push(Arc::downgrade(&owned));
        self.last = Some(number);
        Handler {
            number,
            _owned: Some(owned),
            data: PhantomData,
        }
    }

    /// The store's handler is cleared.
    pub(super) fn clear(&mut self) {
        self.last = None;
    }

    /// Whether this is the one that was set last.
    #[inline]
    fn is_last(&self, number: u32) -> bool {
        self.last == Some(number)
    }

    /// Which of them the store has.
    pub(super) fn seen(&self) -> SeenHandlers {
        let is_there = |given: &Weak<()>| given.strong_count() > 0;
        let (last, others) = match self.given.split_last() {
            Some((last, others)) => (is_there(last), others),
            None => (false, &[][..]),
        };
        SeenHandlers {
            last,
            others: others.iter().filter(|&given| is_there(given)).count(),
        }
    }
}

impl<T: Layer> DebugHandler for Handler<T> {
    type Data = State<T>;

    // Not `async`: what its future would hold is moved at every event, and the engine polls it at once.
    fn handle(
        &self,
        mut store: StoreContextMut<'_, State<T>>,
        event: DebugEvent<'_>,
    ) -> impl Future<Output = ()> + Send {
        registers::overwrite();
        let after = match event {
            DebugEvent::Breakpoint => dispatch(&mut store, &event, self.number),
            ref event => dispatch_guarded(&mut store, event, self.number),
        };
        finish(store, after)
    }
}

/// What is left to do of an event that was dealt with.
async fn finish<T: Layer>(mut store: StoreContextMut<'_, State<T>>, after: After) {
    match after {
        // The code that polls the guest sees the request and drops the future.
        After::Stop => std::future::pending::<()>().await,
        After::Suspend => Suspended::default().await,
        After::Ask => {
            let done = Box::pin(calls::carry_out(&mut store)).await;
            if done == Flow::Stop {
                std::future::pending::<()>().await;
            }
        }
        // Without the hook, which would tell of it.
        After::Panic => std::panic::resume_unwind(Box::new("the debugger's handler panics")),
        After::Collect => {
            // On the heap: whatever this future could hold is moved at every event.
            if Box::pin(collections::collect(&mut store)).await == Flow::Stop {
                std::future::pending::<()>().await;
            }
        }
        After::Continue => {}
    }
}

/// What the handler does when the event is dealt with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Continue,
    Stop,
    /// Is pending once.
    Suspend,
    /// Collects garbage, and looks again.
    Collect,
    /// Does what the debugger asked for.
    Ask,
    /// Panics.
    Panic,
}

/// A future that is pending once.
#[derive(Default)]
pub(super) struct Suspended {
    polled: bool,
}

impl Future for Suspended {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.polled {
            return Poll::Ready(());
        }
        self.polled = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The same at an event of another kind: it is told in a function that must not unwind, so that a panic of the
/// engine's in a look would end the process (`PANICKED-HANDLER`).
#[inline(never)]
fn dispatch_guarded<T: Layer>(
    store: &mut StoreContextMut<'_, State<T>>,
    event: &DebugEvent<'_>,
    number: u32,
) -> After {
    let panic = match panics::guarded(|| dispatch(store, event, number)) {
        Ok(after) => return after,
        Err(panic) if panic.is_own() => panics::resume(panic),
        Err(panic) => panic.to_string(),
    };
    if let Some(session) = store.data_mut().session() {
        if !session.driver.confirm_dare() {
            session.driver.panicked(&panic);
        }
        session.shared.request_stop();
    }
    After::Stop
}

fn dispatch<T: Layer>(
    store: &mut StoreContextMut<'_, State<T>>,
    event: &DebugEvent<'_>,
    mut number: u32,
) -> After {
    let _phase = phases::enter(Phase::Comparison);
    let mut lent = store.data_mut().lend();
    let Some(session) = lent.get() else {
        return After::Continue;
    };
    if session.dropping {
        // What unwinds the guest may be an event, too.
        lent.request_stop();
        store.data_mut().give_back(lent);
        return After::Stop;
    }
    session.tamper.handled_by(&mut number);
    if !session.handlers.is_last(number) {
        let _ = session.driver.event_elsewhere();
        lent.request_stop();
        store.data_mut().give_back(lent);
        return After::Stop;
    }
    // Reference values that are read stay rooted until the scope ends: one scope an event.
    let mut scope = RootScope::new(&mut *store);
    session.names.look(&scope, &mut session.driver);
    session.resumed();
    if session.names.core.are_there() && session.is_of_adapter(&mut scope) {
        // The oracle has no code there.
        drop(scope);
        store.data_mut().give_back(lent);
        return After::Continue;
    }
    let told = match event {
        // What nearly every event is: nothing is to be told of it.
        DebugEvent::Breakpoint if !T::ACTIVE => None,
        event => Some(Told::by(event, &mut scope, &mut session.names)),
    };
    let mut view = View {
        store: scope.as_context_mut(),
        names: &mut session.names,
    };
    session.driver.note_sizes(&mut view);
    let flow = match told {
        None => session.driver.breakpoint(&mut view),
        Some(told) if T::ACTIVE => {
            let Session {
                driver,
                tamper,
                delayed,
                ..
            } = session;
            tampered(driver, tamper, &mut view, told, delayed)
        }
        Some(told) => deliver(&mut session.driver, &mut view, &told),
    };
    if flow == Flow::Continue && session.driver.entities_are_due() {
        let mut shown = Shown::new(&mut view, &mut session.tamper);
        session
            .driver
            .compare_entities(&mut shown, Moment::Breakpoint);
    }
    session.names.keep_handles(&mut scope, &mut session.driver);
    drop(scope);
    let after = if flow == Flow::Stop {
        lent.request_stop();
        After::Stop
    } else {
        session.act(store, event)
    };
    store.data_mut().give_back(lent);
    after
}

impl<T: Layer> Session<T> {
    /// What the debugger does at an event that was compared.
    #[inline]
    fn act(&mut self, store: &mut StoreContextMut<'_, State<T>>, event: &DebugEvent<'_>) -> After {
        if matches!(event, DebugEvent::Breakpoint) {
            let number = self.driver.recorder.tally.sequence_points;
            if self.debugger.is_due(number) {
                self.edit_at_event(store, number);
                self.driver.disturb();
            }
        }
        let thrown = match event {
            DebugEvent::Breakpoint => None,
            event => dialect::thrown(event),
        };
        match (&thrown, event) {
            (Some((exn, caught)), _) => self.act_at_throw(store, exn, *caught),
            (None, DebugEvent::Breakpoint) => {}
            (None, event) => self.act_at_other(store, event),
        }
        if self.dropping {
            return match self.panicking {
                true => After::Panic,
                false => After::Stop,
            };
        }
        if self.holds_any() {
            self.check_held(store, Moment::Action);
        }
        if self.plain && self.asked.is_empty() {
            return After::Continue;
        }
        self.advance_epoch(store, matches!(event, DebugEvent::EpochYield));
        if !self.asked.is_empty() {
            return After::Ask;
        }
        // Where an exception is thrown, nothing may hold it but the store; if it was not taken.
        let number = self.driver.recorder.tally.sequence_points;
        let due = match event {
            DebugEvent::Breakpoint => self.collect > 0 && number.is_multiple_of(self.collect),
            _ => self.collect > 0 && thrown.is_some() && self.driver.thrown().is_some(),
        };
        if due && self.driver.may_collect() {
            return After::Collect;
        }
        match self.configuration.yields {
            Yields::On => {
                self.driver.disturb();
                After::Suspend
            }
            Yields::Off => After::Continue,
        }
    }

    /// Advances the epoch, where the configuration asks for it; `own` at an event of the epoch's own.
    pub(super) fn advance_epoch(&mut self, store: &mut StoreContextMut<'_, State<T>>, own: bool) {
        if self.configuration.epochs != Epochs::Off {
            for _ in 0..DEADLINE {
                store.engine().increment_epoch();
            }
            self.driver.epoch_was_advanced(own);
        }
    }
}

/// A debug event in neutral terms.
enum Told {
    Breakpoint,
    Trap(SeenTrap),
    /// A trap that is told as the error of a host function.
    TrapAsHostError(SeenTrap),
    HostError(Result<HostFailure, String>),
    /// A host call, or an opcode that the engine carries out in its own code, found no room for an
    /// object.
    OutOfMemory,
    Throw(SeenThrow),
    EpochYield,
    Other(String),
}

impl Told {
    #[inline]
    fn by(event: &DebugEvent<'_>, store: impl AsContextMut, names: &mut Names) -> Told {
        match event {
            DebugEvent::Breakpoint => Told::Breakpoint,
            DebugEvent::Trap(trap) => Told::Trap(seen_trap(*trap)),
            DebugEvent::HostcallError(error) => {
                if let Some(trap) = error.downcast_ref::<wasmtime::Trap>() {
                    return match seen_trap(*trap) {
                        // The engine's own code for an allocation says so with a trap of its own.
                        SeenTrap::OutOfMemory => Told::OutOfMemory,
                        trap => Told::TrapAsHostError(trap),
                    };
                }
                if is_out_of_memory(error) {
                    return Told::OutOfMemory;
                }
                let failure = error.downcast_ref::<HostFailure>().copied();
                Told::HostError(failure.ok_or_else(|| format!("{error:#}")))
            }
            DebugEvent::EpochYield => Told::EpochYield,
            other => Told::uncommon(other, store, names),
        }
    }

    #[cold]
    fn uncommon(event: &DebugEvent<'_>, mut store: impl AsContextMut, names: &mut Names) -> Told {
        let Some((exn, caught)) = dialect::thrown(event) else {
            return Told::Other(format!("{event:?}"));
        };
        let exn = exn.to_rooted(&mut store);
        Told::Throw(SeenThrow {
            exception: names.seen_exception(&mut store, exn),
            caught,
            pending: store.as_context_mut().has_pending_exception(),
        })
    }

    fn moment(&self) -> Moment {
        match self {
            Told::Breakpoint | Told::Other(_) => Moment::Breakpoint,
            Told::EpochYield => Moment::EpochYield,
            Told::Trap(_) => Moment::Trap,
            Told::HostError(_) | Told::TrapAsHostError(_) | Told::OutOfMemory => {
                Moment::HostcallError
            }
            Told::Throw(_) => Moment::Throw,
        }
    }
}

#[inline]
fn deliver<O: Observation>(driver: &mut Driver, observed: &mut O, event: &Told) -> Flow {
    match event {
        Told::Breakpoint => driver.breakpoint(observed),
        Told::Trap(trap) => driver.trap(observed, *trap),
        Told::TrapAsHostError(trap) => driver.trap_as_host_error(observed, *trap),
        Told::HostError(error) => driver.host_error(observed, error.clone()),
        Told::OutOfMemory => driver.out_of_memory(observed),
        Told::Throw(seen) => driver.throw(observed, seen),
        Told::EpochYield => driver.epoch_yield(observed),
        Told::Other(event) => driver.unexpected_event(observed, event),
    }
}

/// A fault's way to the driver: the stack is copied, the fault changes the copy.
fn tampered<T: Layer>(
    driver: &mut Driver,
    tamper: &mut T,
    view: &mut View<'_, T>,
    mut event: Told,
    delayed: &mut Option<Delayed>,
) -> Flow {
    match &mut event {
        Told::Trap(trap) | Told::TrapAsHostError(trap) => tamper.trap(trap),
        Told::HostError(error) => tamper.host_error(error),
        Told::Throw(seen) => tamper.throw(seen),
        Told::Breakpoint | Told::OutOfMemory | Told::EpochYield | Told::Other(_) => {}
    }
    let mut copy = match &event {
        Told::EpochYield => driver.snapshot_interrupted(view, Interruption::Epoch),
        Told::HostError(_) if driver.is_growth_failing() => {
            driver.snapshot_interrupted(view, Interruption::Growth)
        }
        _ if driver.is_deadline_due() => driver.snapshot_interrupted(view, Interruption::Deadline),
        Told::Trap(SeenTrap::StackOverflow) => {
            driver.snapshot_interrupted(view, Interruption::Overflow)
        }
        Told::Trap(SeenTrap::OutOfFuel) | Told::TrapAsHostError(SeenTrap::OutOfFuel) => {
            driver.snapshot_interrupted(view, Interruption::Fuel)
        }
        Told::Trap(SeenTrap::OutOfMemory) | Told::OutOfMemory => {
            driver.snapshot_interrupted(view, Interruption::Memory)
        }
        Told::Trap(_) | Told::TrapAsHostError(_) => driver.snapshot_of_trap(view),
        // The innermost frame waits for the host function, whatever that ended with.
        Told::HostError(_) => driver.snapshot_of_call(view),
        Told::Breakpoint => driver.snapshot_of_breakpoint(view),
        Told::Throw(_) | Told::Other(_) => driver.snapshot_of_event(view),
    };
    let flow = match tamper.event(event.moment(), &mut copy) {
        Delivery::Once => deliver(driver, &mut copy, &event),
        Delivery::Never => Flow::Continue,
        Delivery::Twice => match deliver(driver, &mut copy, &event) {
            Flow::Continue => deliver(driver, &mut copy, &event),
            Flow::Stop => Flow::Stop,
        },
        Delivery::AfterNext => {
            *delayed = Some(Delayed { event, copy });
            return Flow::Continue;
        }
    };
    match delayed.take() {
        Some(Delayed { event, mut copy }) if flow == Flow::Continue => {
            deliver(driver, &mut copy, &event)
        }
        _ => flow,
    }
}

/// An event that a fault keeps back until the next has come, and the stack that it shows.
pub(super) struct Delayed {
    event: Told,
    copy: Snapshot,
}
