//! What an execution keeps in the engine's store: the driver, the names, the host's behaviour.

use super::actions::{Asked, Held, HeldException};
use super::debugger::Debugger;
use super::handler::{Delayed, Handlers};
use super::host::HostWorld;
use super::names::Names;
use super::visits::Visits;
use lockstep_core::configuration::{Configuration, Limiter as LimiterConduct, Yields};
use lockstep_core::fault::Layer;
use lockstep_core::lockstep::driver::Driver;
use lockstep_core::outcome::HostFailure;
use lockstep_core::subject::code_image::CodeImage;
use lockstep_core::subject::limits::{FAILING_MEMORY, FAILING_TABLE, MEMORY_LIMIT, TABLE_LIMIT};
use lockstep_oracles::component::Component;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::{ExnRef, OwnedRooted, ResourceLimiter};

/// Everything the handler and host functions need; moved out of the store while they run.
pub(super) struct Session<T> {
    pub(super) driver: Driver,
    pub(super) names: Names,
    /// The case's components so far.
    pub(super) components: Vec<Arc<Component>>,
    pub(super) host: HostWorld,
    pub(super) tamper: T,
    pub(super) debugger: Debugger,
    /// The handlers that the store was given.
    pub(super) handlers: Handlers,
    /// What is to be done with the handler where the store is at hand: it is set, or cleared.
    pub(super) handler_changes: Vec<bool>,
    /// Modules that are to be registered there.
    pub(super) registrations: Vec<u32>,
    /// What the debugger does at this moment when the session is in the store again.
    pub(super) asked: Vec<Asked>,
    /// The exception of the event at which that is done.
    pub(super) pending: Option<OwnedRooted<ExnRef>>,
    /// A handle to an exception that the debugger keeps.
    pub(super) held_exception: Option<HeldException>,
    /// A handle to a frame that the debugger keeps.
    pub(super) held: Option<Held>,
    /// Whether the call is being dropped, or ended by a panic in the handler.
    pub(super) dropping: bool,
    /// Whether it is by a panic.
    pub(super) panicking: bool,
    pub(super) configuration: Configuration,
    /// At every how many breakpoint events garbage is collected; 0 is never.
    pub(super) collect: u64,
    /// Whether the handler has nothing to do but to compare and edit.
    pub(super) plain: bool,
    /// An event that a fault keeps back.
    pub(super) delayed: Option<Delayed>,
    pub(super) image: CodeImage,
    /// What another store is made of, if one is visited.
    pub(super) visits: Option<Visits>,
    pub(super) shared: Arc<Shared<T>>,
}

/// The store's data.
pub(super) struct State<T> {
    session: Option<Box<Session<T>>>,
    shared: Arc<Shared<T>>,
    limiter: Limiter,
    /// How many host functions have returned to Wasm code.
    pub(super) host_returns: u64,
}

/// Shared with the code that polls the guest.
pub(super) struct Shared<T> {
    /// The guest is to be stopped: the pending future is to be dropped.
    stop: AtomicBool,
    /// The debugger's own handler panics.
    panic: AtomicBool,
    /// The session, if a panic unwound past the code that held it.
    rescued: Mutex<Option<Box<Session<T>>>>,
}

impl<T> Shared<T> {
    pub(super) fn new() -> Arc<Shared<T>> {
        Arc::new(Shared {
            stop: AtomicBool::new(false),
            panic: AtomicBool::new(false),
            rescued: Mutex::new(None),
        })
    }

    pub(super) fn request_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// A panic that comes is the debugger's.
    pub(super) fn announce_panic(&self) {
        self.panic.store(true, Ordering::Relaxed);
    }

    /// Whether the panic that came was announced; the announcement is taken.
    pub(super) fn take_panic(&self) -> bool {
        self.panic.swap(false, Ordering::Relaxed)
    }

    /// Whether a stop was requested; the request is taken.
    pub(super) fn take_stop(&self) -> bool {
        self.stop.swap(false, Ordering::Relaxed)
    }
}

impl<T: Layer> State<T> {
    pub(super) fn new(session: Session<T>) -> State<T> {
        let heap = session.configuration.gc_heap.bytes();
        State {
            shared: session.shared.clone(),
            session: Some(Box::new(session)),
            limiter: Limiter {
                refused: false,
                closed: false,
                heap,
            },
            host_returns: 0,
        }
    }

    /// Takes the session; it comes back with [`State::give_back`], or by the rescue if a panic
    /// unwinds in between.
    #[inline]
    pub(super) fn lend(&mut self) -> Lent<T> {
        Lent {
            session: self.session.take(),
        }
    }

    #[inline]
    pub(super) fn give_back(&mut self, mut lent: Lent<T>) {
        self.session = lent.session.take();
    }

    /// Whether the host function that the oracle waits for was called by Wasm code.
    pub(super) fn is_called_by_wasm(&self) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.driver.following.machine.has_entered_code())
    }

    /// Whether the debugger has something to do at this moment for which it needs the store.
    pub(super) fn is_asked(&self) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| !session.asked.is_empty())
    }

    /// Whether handlers and host functions are pending once.
    pub(super) fn suspends(&self) -> bool {
        let session = self.session.as_ref();
        session.is_some_and(|session| session.configuration.yields == Yields::On)
    }

    /// The session, outside handlers and host functions.
    pub(super) fn session(&mut self) -> Option<&mut Session<T>> {
        if self.session.is_none() {
            let mut rescued = self
                .shared
                .rescued
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            self.session = rescued.take();
        }
        self.session.as_deref_mut()
    }

    pub(super) fn limiter(&mut self) -> &mut Limiter {
        &mut self.limiter
    }
}

/// A session on loan.
pub(super) struct Lent<T> {
    session: Option<Box<Session<T>>>,
}

impl<T> Lent<T> {
    /// The session. `None` cannot happen while a handler or host function runs: nobody else took it.
    #[inline]
    pub(super) fn get(&mut self) -> Option<&mut Session<T>> {
        self.session.as_deref_mut()
    }

    /// Asks the code that polls the guest to stop it.
    pub(super) fn request_stop(&self) {
        if let Some(session) = &self.session {
            session.shared.request_stop();
        }
    }
}

impl<T> Drop for Lent<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            rescue(session);
        }
    }
}

/// A panic unwinds past the code that held the session.
#[cold]
fn rescue<T>(session: Box<Session<T>>) {
    let shared = session.shared.clone();
    *shared
        .rescued
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = Some(session);
}

/// The same limits on memories and tables as the oracle's.
#[derive(Debug)]
pub(super) struct Limiter {
    /// Whether something was refused since the last look.
    pub(super) refused: bool,
    /// Bytes that the collected heap may have, if they are limited by themselves.
    pub(super) heap: Option<usize>,
    /// Whether nothing may grow: what host code fills is there already.
    pub(super) closed: bool,
}

/// Bytes that the collected heap may grow to by itself, and that a request for it names.
pub(super) const HEAP_MAXIMUM: u64 = 1 << 32;

impl Limiter {
    /// Whether this growth is of the collected heap, which is limited by itself, and allowed.
    fn heap_may_grow(&self, desired: usize, maximum: Option<usize>) -> Option<bool> {
        let heap = self.heap?;
        (maximum == Some(HEAP_MAXIMUM as usize)).then_some(desired <= heap)
    }

    fn allows(&mut self, allowed: bool) -> bool {
        self.refused |= !allowed;
        allowed
    }
}

impl<T: Layer> State<T> {
    /// The error with which a growth fails that goes beyond what a limiter that fails allows; it is due in
    /// the oracle, too. Host code that makes something grow is refused.
    fn fails(&mut self, beyond: bool, failure: HostFailure) -> Result<(), HostFailure> {
        let session = self.session.as_mut().filter(|_| beyond);
        let session = session.filter(|s| s.configuration.limiter == LimiterConduct::Fails);
        match session.map(|session| &mut session.driver) {
            Some(driver) if driver.may_fail_growth() => {
                driver.limiter_fails(failure);
                Err(failure)
            }
            _ => Ok(()),
        }
    }

    /// Whether what asks to grow may be the heap: it cannot be told from a memory that may grow as far.
    fn may_be_heap(&self, maximum: Option<usize>) -> bool {
        let session = self.session.as_ref();
        maximum == Some(HEAP_MAXIMUM as usize)
            && session.is_some_and(|session| session.driver.may_make_objects())
    }
}

impl<T: Layer> ResourceLimiter for State<T> {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if self.limiter.closed {
            return Ok(false);
        }
        if let Some(allowed) = self.limiter.heap_may_grow(desired, maximum) {
            return Ok(allowed);
        }
        let beyond = desired > FAILING_MEMORY && !self.may_be_heap(maximum);
        self.fails(beyond, HostFailure::MemoryGrowth)?;
        Ok(self.limiter.allows(desired <= MEMORY_LIMIT))
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.fails(desired > FAILING_TABLE, HostFailure::TableGrowth)?;
        Ok(self.limiter.allows(desired <= TABLE_LIMIT))
    }

    fn instances(&self) -> usize {
        usize::MAX
    }

    fn tables(&self) -> usize {
        usize::MAX
    }

    fn memories(&self) -> usize {
        usize::MAX
    }
}
