//! One execution of a case in the engine: its store and its invocations.

use super::debugger::Debugger;
use super::dialect;
use super::factory::Factory;
use super::handler::Handlers;
use super::handles;
use super::host::HostWorld;
use super::names::{Access, Names};
use super::session::{HEAP_MAXIMUM, Session, Shared, State};
use super::values;
use super::view::View;
use super::visits::Visits;
use lockstep_core::configuration::{Collector, Configuration, Epochs, Yields};
use lockstep_core::divergence::{Execution, Moment};
use lockstep_core::fault::{Layer, Shown, Tamper as _};
use lockstep_core::lockstep::deadlines::Deadline;
use lockstep_core::lockstep::driver::{Driver, DriverConfig, Verdict};
use lockstep_core::outcome::{HostFailure, Outcome};
use lockstep_core::panics;
use lockstep_core::phases::{self, Phase};
use lockstep_core::schedule::Schedule;
use lockstep_core::schedule::action::{Act, Action};
use lockstep_core::subject::answer::Invoked;
use lockstep_core::subject::code_image::CodeImage;
use lockstep_core::subject::{Settings, SubjectError, limits};
use lockstep_oracles::MemoryType;
use lockstep_oracles::address::{FuncAddr, GlobalAddr};
use lockstep_oracles::value::Value;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use wasmtime::{AsContextMut, RootScope, Store, StoreContextMut, UpdateDeadline, Val};

/// Calls a re-entering host function may make in a case: a program that calls back for ever would
/// use up the harness's own stack.
const REENTRIES: u32 = 64;

/// One execution of one case.
pub struct Subject<T: Layer> {
    pub(super) factory: Arc<Factory>,
    pub(super) store: Store<State<T>>,
    pub(super) shared: Arc<Shared<T>>,
    pub(super) execution: Execution,
    pub(super) settings: Settings,
    /// The instances of the case's components; none of one that was not made.
    pub(super) components: Vec<Option<wasmtime::component::Instance>>,
}

/// How polling the guest ended.
pub(super) enum Driven<R> {
    Done(R),
    Stopped,
    Panicked(String),
}

impl<T: Layer> Subject<T> {
    /// A fresh store for one execution.
    ///
    /// # Errors
    ///
    /// When the engine refuses its configuration.
    pub fn new(
        factory: Arc<Factory>,
        settings: Settings,
        schedule: &Schedule,
        tamper: T,
    ) -> Result<Subject<T>, SubjectError> {
        let execution = factory.execution;
        let mut driver = Driver::new(DriverConfig {
            subject: settings.subject,
            execution,
            configuration: settings.configuration,
            frames: settings.frames,
            limits: limits::limits(),
            max_events: settings.max_events,
            subject_stack: limits::WASM_STACK,
        });
        if execution == Execution::Instrumented {
            driver.set_dare(schedule.dare);
        }
        let moving = settings.configuration.collector == Collector::Copying;
        let writes = |act: &Act| matches!(act.action, Action::WriteField(_));
        let holds = schedule.collect > 0 || moving || schedule.actions.iter().any(writes);
        if execution == Execution::Instrumented && holds {
            driver.keep_handles();
        }
        let access = match execution {
            Execution::Instrumented => Access::Debug,
            Execution::Uninstrumented if settings.twin => Access::Twin,
            Execution::Uninstrumented => Access::Exports,
        };
        let host = HostWorld {
            seed: settings.seed,
            calls: 0,
            functions: Vec::new(),
            wasi: None,
            reentries_left: REENTRIES,
        };
        let shared = Shared::new();
        let names = Names::new(access);
        let session = Session {
            driver,
            names,
            components: Vec::new(),
            host,
            tamper,
            debugger: Debugger::of(schedule),
            handlers: Handlers::default(),
            handler_changes: Vec::new(),
            registrations: Vec::new(),
            asked: Vec::new(),
            pending: None,
            held_exception: None,
            held: None,
            dropping: false,
            panicking: false,
            configuration: settings.configuration,
            collect: schedule.collect,
            plain: schedule.collect == 0
                && settings.configuration.epochs == Epochs::Off
                && settings.configuration.yields == Yields::Off,
            delayed: None,
            image: CodeImage::new(schedule.code_image),
            visits: Visits::of(schedule, &factory, settings),
            shared: shared.clone(),
        };
        let mut store = Store::new(&factory.engine, State::new(session));
        prepare(&mut store, &settings.configuration)?;
        store.limiter(|state| state);
        let mut subject = Subject {
            factory,
            store,
            shared,
            execution,
            settings,
            components: Vec::new(),
        };
        if execution == Execution::Instrumented {
            match schedule.starts_handled() {
                true => subject.set_handler(),
                false => subject.driver().handler_was_set(false),
            }
        }
        Ok(subject)
    }

    pub(super) fn session(&mut self) -> &mut Session<T> {
        // The session is in the store whenever no guest runs, or was rescued from a panic.
        self.store
            .data_mut()
            .session()
            .unwrap_or_else(|| unreachable!("session not given back"))
    }

    /// The schedule's sessions before a step of the case.
    pub fn before_step(&mut self, step: u32) {
        if self.execution == Execution::Instrumented {
            self.with_session(|session, store| session.at_step(store, step));
            self.carry_out();
            self.change_handlers();
            for module in std::mem::take(&mut self.session().registrations) {
                self.register(module);
            }
        }
    }

    /// What is left to check when a case has ended.
    pub fn close(&mut self) {
        if self.execution == Execution::Instrumented {
            self.check_handles();
            self.driver().ask_instances_again();
            self.compare_entities();
            self.with_session(|session, store| {
                session.resumed();
                session.check_held(store, Moment::End);
                session.check_code(store);
            });
        } else if self.is_alive() {
            self.with_session(|session, store| session.list_items(store, true));
        }
    }

    /// The handles that are still kept when the program has ended are checked; where garbage is collected
    /// at events, after a collection that finds no other root on the stack.
    fn check_handles(&mut self) {
        if !self.is_alive() || self.driver().handles() == 0 {
            return;
        }
        if self.session().collect > 0 && self.driver().may_collect() {
            let collected = drive(
                &self.shared,
                dialect::collect(&mut self.store.as_context_mut()),
            );
            match collected {
                Driven::Done(collected) => {
                    let refused = collected.err().map(|error| format!("{error:#}"));
                    self.driver().note_collection(refused);
                }
                Driven::Stopped => return,
                Driven::Panicked(message) => {
                    self.panicked(message);
                    return;
                }
            }
        }
        self.with_session(|session, store| {
            let Session {
                driver,
                names,
                tamper,
                ..
            } = session;
            handles::check_at_rest(store, (driver, tamper, names), Moment::End);
        });
    }

    pub(super) fn with_session(
        &mut self,
        f: impl FnOnce(&mut Session<T>, &mut StoreContextMut<'_, State<T>>),
    ) {
        let mut lent = self.store.data_mut().lend();
        if let Some(session) = lent.get() {
            f(session, &mut self.store.as_context_mut());
        }
        self.store.data_mut().give_back(lent);
    }

    /// The driver: what was compared and found.
    pub fn driver(&mut self) -> &mut Driver {
        &mut self.session().driver
    }

    /// The fault layer.
    pub fn tamper(&mut self) -> &mut T {
        &mut self.session().tamper
    }

    /// Whether the case can go on.
    pub fn is_alive(&mut self) -> bool {
        self.driver().ended.is_none()
    }

    /// Forbids events if a cause forbids them in what this function reaches.
    pub(super) fn silence_for(&mut self, func: FuncAddr) {
        let driver = self.driver();
        if let Some(known) = driver.forbids_events(func)
            && !driver.dares(known)
        {
            driver.recorder.leave_out(known, 1);
            self.with_session(|session, store| session.silence(store));
        }
    }

    /// Events come again; where they were dared, the invocation is over.
    pub(super) fn speak(&mut self) {
        let _ = self.driver().end_dare();
        if self.is_alive() {
            self.with_session(|session, store| session.speak(store));
        }
    }

    /// Invokes a function in both, in lockstep, and compares.
    ///
    /// # Errors
    ///
    /// When the arguments do not fit, or the subject has no handle for the function.
    pub fn invoke(&mut self, func: FuncAddr, args: &[Value]) -> Result<Invoked, SubjectError> {
        let Some(handle) = self.session().names.func(func) else {
            return Err(SubjectError::new(format!("no handle for function {func}")));
        };
        let vals = self.vals(args)?;
        self.driver()
            .begin(func, args)
            .map_err(|error| SubjectError::new(error.to_string()))?;
        self.silence_for(func);
        let count = self
            .driver()
            .following
            .machine
            .store
            .func_type(func)
            .results
            .len();
        let mut results = vec![Val::I32(0); count];
        let driven = {
            let mut scope = RootScope::new(&mut self.store);
            let called = drive(
                &self.shared,
                handle.call_async(&mut scope, &vals, &mut results),
            );
            match called {
                Driven::Done(Ok(())) => Driven::Done(Outcome::Returned(see(&mut scope, &results))),
                Driven::Done(Err(error)) => Driven::Done(outcome(&mut scope, &error)),
                Driven::Stopped => Driven::Stopped,
                Driven::Panicked(message) => Driven::Panicked(message),
            }
        };
        let mut outcome = match driven {
            Driven::Done(outcome) => outcome,
            Driven::Stopped if std::mem::take(&mut self.session().dropping) => {
                return Ok(self.dropped());
            }
            Driven::Stopped => self.stopped(),
            Driven::Panicked(message) => self.panicked(message),
        };
        self.tamper().outcome(&mut outcome);
        let tainted = self.driver().is_tainted();
        let verdict = self.finish(outcome.clone());
        self.check_nothing_pending();
        self.compare_entities();
        self.speak();
        Ok(Invoked {
            verdict,
            outcome,
            tainted,
        })
    }

    /// No exception is pending behind a call.
    fn check_nothing_pending(&mut self) {
        let mut pending = self.store.has_pending_exception();
        self.tamper().pending(&mut pending);
        self.driver().check_nothing_pending(pending);
    }

    /// The debugger dropped the call, or its handler panicked: both sides are left as they are.
    fn dropped(&mut self) -> Invoked {
        let tainted = self.driver().is_tainted();
        let panicked = std::mem::take(&mut self.session().panicking);
        let verdict = self.driver().dropped(panicked);
        self.check_handlers();
        self.compare_entities();
        self.speak();
        Invoked {
            verdict,
            outcome: Outcome::Stopped,
            tainted,
        }
    }

    pub(super) fn finish(&mut self, outcome: Outcome) -> Verdict {
        self.with_session(|session, store| {
            session.driver.note_sizes(&mut View {
                store: store.as_context_mut(),
                names: &mut session.names,
            });
        });
        let verdict = self.driver().finish(&outcome);
        if verdict == Verdict::Exhausted {
            self.taint_entities();
        }
        verdict
    }

    /// After an exhaustion: entities that differ are no longer compared.
    pub(super) fn taint_entities(&mut self) {
        self.with_view(|driver, view| driver.taint_entities(view));
    }

    pub(super) fn compare_entities(&mut self) {
        if self.is_alive() {
            self.with_view(|driver, view| driver.compare_entities(view, Moment::End));
        }
    }

    fn with_view<R>(
        &mut self,
        f: impl FnOnce(&mut Driver, &mut Shown<'_, View<'_, T>, T>) -> R,
    ) -> Option<R> {
        let mut lent = self.store.data_mut().lend();
        let answer = lent.get().and_then(|session| {
            let Session {
                driver,
                names,
                tamper,
                ..
            } = session;
            let mut scope = RootScope::new(&mut self.store);
            names.look(&scope, driver);
            let mut view = View {
                store: scope.as_context_mut(),
                names,
            };
            let looked = panics::guarded(|| f(driver, &mut Shown::new(&mut view, tamper)));
            match looked {
                Ok(answer) => {
                    names.keep_handles(&mut scope, driver);
                    Some(answer)
                }
                Err(panic) if panic.is_of_engine() => {
                    driver.panicked(&panic.to_string());
                    None
                }
                Err(panic) => panics::resume(panic),
            }
        });
        self.store.data_mut().give_back(lent);
        answer
    }

    /// What is left of the fuel, where it is counted.
    pub fn fuel_left(&mut self) -> Option<u64> {
        self.settings.configuration.fuel.units()?;
        let mut left = self.store.get_fuel().ok();
        self.tamper().fuel(&mut left);
        left
    }

    /// The store's limiter cannot tell the heap from a memory that may grow as far as the heap may by
    /// itself: beside such a memory the heap is not limited.
    pub(super) fn limit_heap_beside(&mut self, memory: &MemoryType) {
        if maximum_bytes(memory) >= HEAP_MAXIMUM {
            self.store.data_mut().limiter().heap = None;
        }
    }

    /// The value of an exported global, as the subject has it.
    pub fn global(&mut self, addr: GlobalAddr) -> Option<lockstep_core::seen::Seen> {
        use lockstep_core::lockstep::entities::Entities;
        self.with_view(|_, view| view.global(addr)).flatten()
    }

    /// The guest was stopped: nothing is stepped any more.
    pub(super) fn stopped(&mut self) -> Outcome {
        if self.execution == Execution::Instrumented
            && let Some(mut edit) = self.store.as_context_mut().edit_breakpoints()
        {
            // The case is over; a failing edit cannot change its verdict.
            let _ = edit.single_step(false);
        }
        Outcome::Stopped
    }

    pub(super) fn panicked(&mut self, message: String) -> Outcome {
        let driver = self.driver();
        if driver.confirm_dare() {
            return Outcome::Panicked(message);
        }
        driver.panicked(&message);
        Outcome::Panicked(message)
    }
}

/// Bytes that a memory may grow to.
fn maximum_bytes(memory: &MemoryType) -> u64 {
    let most = if memory.memory64 { u64::MAX } else { 1 << 32 };
    let pages = memory.maximum.unwrap_or(most);
    pages.saturating_mul(1 << memory.page_size_log2.unwrap_or(16))
}

/// Units of fuel after which code is pending once, where handlers are: no event tells of it.
const FUEL_OF_A_YIELD: u64 = 200;

/// By how much the epoch is advanced each time, all at once, and how far ahead deadlines are: a deadline that is too
/// late is missed.
pub(super) const DEADLINE: u64 = 3;

/// What a configuration asks of the store.
fn prepare<T: Layer>(
    store: &mut Store<State<T>>,
    configuration: &Configuration,
) -> Result<(), SubjectError> {
    if let Some(units) = configuration.fuel.units() {
        store.set_fuel(units).map_err(failed)?;
        if configuration.yields == Yields::On {
            let interval = Some(FUEL_OF_A_YIELD);
            store.fuel_async_yield_interval(interval).map_err(failed)?;
        }
    }
    if configuration.epochs != Epochs::Off {
        store.set_epoch_deadline(DEADLINE);
    }
    match configuration.epochs {
        Epochs::Off => {}
        Epochs::Yield => store.epoch_deadline_async_yield_and_update(DEADLINE),
        Epochs::Extend => store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(DEADLINE))),
        Epochs::Fail => end_at_deadlines(store, Deadline::Fails),
        Epochs::Trap => end_at_deadlines(store, Deadline::Traps),
    }
    Ok(())
}

/// Every how many deadlines a program ends, where it may.
const ENDS: u64 = 4;

/// Has the callback for the epoch's deadline end the program every fourth time, in the oracle too.
fn end_at_deadlines<T: Layer>(store: &mut Store<State<T>>, deadline: Deadline) {
    let mut deadlines = 0;
    store.epoch_deadline_callback(move |mut store| {
        let session = store.data_mut().session();
        let Some(driver) = session.map(|session| &mut session.driver) else {
            return Ok(UpdateDeadline::Continue(DEADLINE));
        };
        if !driver.may_end_at_deadline() {
            return Ok(UpdateDeadline::Continue(DEADLINE));
        }
        deadlines += 1;
        if deadlines % ENDS != 0 {
            return Ok(UpdateDeadline::Continue(DEADLINE));
        }
        driver.deadline_ends(deadline);
        match deadline {
            Deadline::Fails => Err(HostFailure::Deadline.into()),
            Deadline::Traps => Ok(UpdateDeadline::Interrupt),
        }
    });
}

/// Results in neutral terms.
fn see<T: Layer>(
    scope: &mut RootScope<&mut Store<State<T>>>,
    results: &[Val],
) -> Vec<lockstep_core::seen::Seen> {
    let mut context = scope.as_context_mut();
    let mut lent = context.data_mut().lend();
    let values = lent.get().map_or_else(Vec::new, |session| {
        let Session { driver, names, .. } = session;
        names.look(&context, driver);
        results
            .iter()
            .map(|value| names.seen(&mut context, value))
            .collect()
    });
    context.data_mut().give_back(lent);
    values
}

/// How a call or an instantiation failed, in neutral terms.
pub(super) fn outcome<T: Layer>(
    scope: &mut RootScope<&mut Store<State<T>>>,
    error: &wasmtime::Error,
) -> Outcome {
    let mut context = scope.as_context_mut();
    let pending = values::take_thrown(&mut context, error);
    let mut lent = context.data_mut().lend();
    let outcome = match lent.get() {
        Some(session) => {
            session.names.look(&context, &mut session.driver);
            session.names.outcome_of(&mut context, pending, error)
        }
        None => Outcome::Failed(values::failed(error)),
    };
    context.data_mut().give_back(lent);
    outcome
}

/// Polls the guest to its end. A pending guest with a stop requested is dropped, which unwinds it.
pub(super) fn drive<T, R>(shared: &Shared<T>, guest: impl Future<Output = R>) -> Driven<R> {
    let polled = panics::guarded(|| {
        let _phase = phases::enter(Phase::Subject);
        let mut guest = pin!(guest);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match guest.as_mut().poll(&mut context) {
                Poll::Ready(result) => return Some(result),
                Poll::Pending if shared.take_stop() => return None,
                Poll::Pending => {}
            }
        }
    });
    match polled {
        Ok(Some(result)) => Driven::Done(result),
        Ok(None) => Driven::Stopped,
        Err(_) if shared.take_panic() => Driven::Stopped,
        // Lockstep's own code runs in the debug handler and in host functions: a defect of it is no finding.
        Err(panic) if panic.is_own() => panics::resume(panic),
        Err(panic) => Driven::Panicked(panic.to_string()),
    }
}

pub(super) fn failed(error: wasmtime::Error) -> SubjectError {
    SubjectError::new(values::failed(&error))
}
