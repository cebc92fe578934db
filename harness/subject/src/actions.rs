//! What the debugger does beside edits, in the engine and the oracle.

use super::calls;
use super::dialect;
use super::execute::{Driven, Subject, drive};
use super::frames::{self, KeptFrame};
use super::host;
use super::names::Names;
use super::session::{Session, State};
use super::view::View;
use lockstep_core::divergence::Moment;
use lockstep_core::fault::{Layer, Shown, Tamper as _};
use lockstep_core::lockstep::driver::Driver;
use lockstep_core::lockstep::held_frame::Since;
use lockstep_core::schedule::When;
use lockstep_core::schedule::action::call_function::CallFunction;
use lockstep_core::schedule::action::clear_handler::ClearHandler;
use lockstep_core::schedule::action::drop_call::DropCall;
use lockstep_core::schedule::action::hold_exception::HoldException;
use lockstep_core::schedule::action::hold_frame::HoldFrame;
use lockstep_core::schedule::action::instantiate::Instantiate;
use lockstep_core::schedule::action::panic_handler::PanicHandler;
use lockstep_core::schedule::action::register_module::RegisterModule;
use lockstep_core::schedule::action::replace_exception::ReplaceException;
use lockstep_core::schedule::action::set_handler::SetHandler;
use lockstep_core::schedule::action::take_exception::TakeException;
use lockstep_core::schedule::action::write_element::ElementWrite;
use lockstep_core::schedule::action::write_field::FieldWrite;
use lockstep_core::schedule::action::write_global::GlobalWrite;
use lockstep_core::schedule::action::write_memory::MemoryWrite;
use lockstep_core::schedule::action::{Action, Write};
use lockstep_oracles::address::ExnAddr;
use wasmtime::{AsContextMut, ExnRef, OwnedRooted, Ref, RootScope, StoreContextMut};

/// How often a handle that is kept is asked before it is let go.
const LOOKS: u32 = 16;

/// How often a handle to a frame is asked: more often than a byte counts, as the engine tells handles that are out of
/// date by a number.
const FRAME_LOOKS: u32 = 300;

/// A handle to a frame that the debugger keeps.
pub(super) struct Held {
    frame: KeptFrame,
    /// How many host functions had returned to Wasm code when it was made.
    returns: u64,
    /// Whether execution was resumed since.
    pub(super) resumed: bool,
    /// How often it will still be asked.
    left: u32,
}

/// What the debugger does when the session is in the store again: it runs code of the engine's, or the program's.
pub(super) enum Asked {
    /// Calls a function.
    Call(CallFunction),
    /// Makes an instance.
    Instance(Instantiate),
    /// Collects garbage.
    Collection,
    /// Visits another store.
    Visit,
}

/// A handle to an exception that the debugger keeps.
pub(super) struct HeldException {
    handle: OwnedRooted<ExnRef>,
    /// The oracle's.
    exn: ExnAddr,
    /// How often it will still be looked at.
    left: u32,
}

impl<T: Layer> Session<T> {
    /// The actions of this moment.
    pub(super) fn act_at(&mut self, store: &mut StoreContextMut<'_, State<T>>, when: When) {
        for action in self.debugger.actions_at(when) {
            self.take(store, when, action);
        }
    }

    /// One action; what is about another kind of moment is not done.
    pub(super) fn take(
        &mut self,
        store: &mut StoreContextMut<'_, State<T>>,
        when: When,
        action: Action,
    ) {
        if self.driver.ended.is_some() || when.is_other_event() && !action.is_for_other_event(when)
        {
            return;
        }
        match action {
            Action::CallFunction(action) => self.ask_for_call(when, action),
            Action::ClearHandler(_) => self.change_handler(when, false),
            Action::DropCall(_) => self.drop_call(when),
            // At the event of an exception, which has it.
            Action::HoldException(_) | Action::ReplaceException(_) | Action::TakeException(_) => {}
            Action::HoldFrame(_) => self.hold_frame(store, when),
            Action::Instantiate(action) => self.asked.push(Asked::Instance(action)),
            Action::ListItems(_) => {
                self.driver.recorder.tally.acted.note(action);
                self.list_items(store, matches!(when, When::Step(_)));
            }
            Action::PanicHandler(_) => self.panic_handler(when),
            Action::RegisterModule(action) => self.ask_to_register(when, action),
            Action::SetHandler(_) => self.change_handler(when, true),
            Action::VisitStore(_) => self.ask_for_visit(when),
            Action::WriteGlobal(_)
            | Action::WriteMemory(_)
            | Action::WriteElement(_)
            | Action::WriteField(_) => self.write(store, when, action),
        }
    }

    /// The call is made when the session is in the store again.
    fn ask_for_call(&mut self, when: When, action: CallFunction) {
        if !matches!(when, When::Step(_)) {
            self.asked.push(Asked::Call(action));
        }
    }

    /// Only where the program waits is anything below the other store's activations.
    fn ask_for_visit(&mut self, when: When) {
        if !matches!(when, When::Step(_)) {
            self.asked.push(Asked::Visit);
        }
    }

    /// The handler panics once it has nothing else to do.
    fn panic_handler(&mut self, when: When) {
        if when.is_event() && !self.dropping && self.driver.may_panic(when.unwinds()) {
            self.driver
                .recorder
                .tally
                .acted
                .note(Action::PanicHandler(PanicHandler));
            self.dropping = true;
            self.panicking = true;
            self.shared.announce_panic();
        }
    }

    /// Only where the store itself is at hand, between calls, can its handler be set or cleared.
    fn change_handler(&mut self, when: When, set: bool) {
        if matches!(when, When::Step(_)) {
            self.driver.recorder.tally.acted.note(match set {
                true => Action::SetHandler(SetHandler),
                false => Action::ClearHandler(ClearHandler),
            });
            self.handler_changes.push(set);
        }
    }

    /// Only where the store itself is at hand, between calls, can a module be registered.
    fn ask_to_register(&mut self, when: When, action: RegisterModule) {
        if matches!(when, When::Step(_)) {
            self.registrations.push(action.module);
        }
    }

    /// The code that polls the guest is asked to drop it, once the handler is pending.
    fn drop_call(&mut self, when: When) {
        if when.is_event() && self.driver.may_drop_call() && !self.dropping {
            self.driver
                .recorder
                .tally
                .acted
                .note(Action::DropCall(DropCall));
            self.dropping = true;
            self.shared.request_stop();
        }
    }

    fn hold_frame(&mut self, store: &mut StoreContextMut<'_, State<T>>, when: When) {
        if !self.driver.may_hold_frame(when) {
            return;
        }
        self.driver
            .recorder
            .tally
            .acted
            .note(Action::HoldFrame(HoldFrame));
        let returns = store.data().host_returns;
        self.held = frames::keep(store.as_context_mut()).map(|frame| Held {
            frame,
            returns,
            resumed: false,
            left: FRAME_LOOKS,
        });
    }

    pub(super) fn hold_exception(&mut self, exn: &OwnedRooted<ExnRef>, thrown: Option<ExnAddr>) {
        self.driver
            .recorder
            .tally
            .acted
            .note(Action::HoldException(HoldException));
        self.held_exception = thrown.map(|thrown| HeldException {
            handle: exn.clone(),
            exn: thrown,
            left: LOOKS,
        });
    }

    /// Another exception takes the place of the one that is pending.
    pub(super) fn replace_exception(
        &mut self,
        store: &mut StoreContextMut<'_, State<T>>,
        action: ReplaceException,
        searched: bool,
    ) {
        let Session { driver, names, .. } = self;
        let Some((tag, payload)) = driver.replacement(action, searched) else {
            return;
        };
        let mut scope = RootScope::new(&mut *store);
        let types = driver.following.machine.store.types();
        let Ok(exn) = host::exception(&mut scope, names, types, tag, &payload) else {
            // Without room for it, or a handle of the tag, the first is thrown on.
            return;
        };
        self.take_pending(&mut scope);
        let driver = &mut self.driver;
        let mut context = scope.as_context_mut();
        // Always an error: that an exception is pending.
        let _ = context.throw::<()>(exn);
        driver
            .recorder
            .tally
            .acted
            .note(Action::ReplaceException(action));
        driver.replaced(tag, &payload);
    }

    /// The exception that is pending is taken; none takes its place.
    pub(super) fn take_exception(
        &mut self,
        store: &mut StoreContextMut<'_, State<T>>,
        caught: Option<bool>,
    ) {
        if !self.driver.may_take_exception(caught) {
            return;
        }
        self.take_pending(&mut RootScope::new(&mut *store));
        let taken = Action::TakeException(TakeException);
        self.driver.recorder.tally.acted.note(taken);
        self.driver.exception_was_taken();
    }

    /// What is pending is taken, and is the exception of the event.
    fn take_pending(&mut self, scope: &mut RootScope<&mut StoreContextMut<'_, State<T>>>) {
        let Session {
            driver,
            names,
            tamper,
            ..
        } = self;
        let taken = scope.as_context_mut().take_pending_exception();
        names.look(&*scope, driver);
        driver.look();
        let mut taken = taken.map(|exn| names.seen_exception(&mut *scope, exn));
        tamper.taken_exception(&mut taken);
        if let Some(thrown) = driver.thrown() {
            driver.check_taken(thrown, taken.as_ref());
        }
    }

    /// Whether a handle is kept to anything.
    #[inline]
    pub(super) fn holds_any(&self) -> bool {
        self.held.is_some() || self.held_exception.is_some()
    }

    /// Asks the handles that are kept.
    #[cold]
    pub(super) fn check_held(&mut self, store: &mut StoreContextMut<'_, State<T>>, moment: Moment) {
        self.check_held_exception(store, moment);
        self.check_held_frame(store, moment);
    }

    fn check_held_exception(&mut self, store: &mut StoreContextMut<'_, State<T>>, moment: Moment) {
        let Session {
            driver,
            names,
            tamper,
            held_exception,
            ..
        } = self;
        let Some(held) = held_exception else { return };
        if driver.ended.is_some() {
            return;
        }
        let mut scope = RootScope::new(&mut *store);
        names.look(&scope, driver);
        driver.look();
        let exn = held.handle.to_rooted(&mut scope);
        let mut seen = names.seen_exception(&mut scope, exn);
        tamper.held_exception(&mut seen);
        driver.check_held_exception(held.exn, &seen, moment);
        names.keep_handles(&mut scope, driver);
        held.left -= 1;
        if held.left == 0 {
            *held_exception = None;
        }
    }

    fn check_held_frame(&mut self, store: &mut StoreContextMut<'_, State<T>>, moment: Moment) {
        let Some(held) = &mut self.held else { return };
        if self.driver.ended.is_some() {
            return;
        }
        let mut shown = held.frame.look(store.as_context_mut());
        self.tamper.held_frame(&mut shown);
        let since = Since {
            resumed: held.resumed,
            returned: store.data().host_returns != held.returns,
        };
        self.driver.check_held_frame(&shown, since, moment);
        held.left -= 1;
        if held.left == 0 {
            self.held = None;
        }
    }

    /// A write through an entity's handle; all entities are then compared.
    fn write(&mut self, store: &mut StoreContextMut<'_, State<T>>, when: When, action: Action) {
        let Session {
            driver,
            names,
            tamper,
            ..
        } = self;
        let Some(write) = driver.write_of(when, action) else {
            return;
        };
        let mut scope = RootScope::new(&mut *store);
        let Some(made) = write_entity(&mut scope, (driver, names), write) else {
            return;
        };
        driver.recorder.tally.acted.note(action);
        driver.wrote(write, tamper.wrote(made));
        names.look(&scope, driver);
        let mut view = View {
            store: scope.as_context_mut(),
            names,
        };
        driver.compare_entities(&mut Shown::new(&mut view, tamper), Moment::Action);
        names.keep_handles(&mut scope, driver);
    }
}

impl<T: Layer> Subject<T> {
    /// Does what the debugger has asked for between two calls: no function is called there.
    pub(super) fn carry_out(&mut self) {
        if !self.store.data().is_asked() {
            return;
        }
        let mut store = self.store.as_context_mut();
        match drive(&self.shared, calls::carry_out(&mut store)) {
            Driven::Done(_) => {}
            Driven::Stopped => drop(self.stopped()),
            Driven::Panicked(message) => drop(self.panicked(message)),
        }
    }

    /// Sets and clears the store's handler as the debugger asked for it.
    pub(super) fn change_handlers(&mut self) {
        for set in std::mem::take(&mut self.session().handler_changes) {
            if !self.is_alive() {
                return;
            }
            match set {
                true => self.set_handler(),
                false => {
                    self.store.clear_debug_handler();
                    self.session().handlers.clear();
                }
            }
            self.driver().handler_was_set(set);
            self.check_handlers();
        }
    }

    /// Registers a module that is compiled, where the version can, and looks what the store then lists.
    pub(super) fn register(&mut self, number: u32) {
        let Some(module) = self.session().debugger.module(number) else {
            return;
        };
        if !self.is_alive() {
            return;
        }
        let Some(registered) = dialect::register_module(&mut self.store, &module) else {
            return;
        };
        let mut registered = registered.map_err(|error| format!("{error:#}"));
        self.with_session(|session, store| {
            session.tamper.registered(&mut registered);
            let action = Action::RegisterModule(RegisterModule { module: number });
            session.driver.recorder.tally.acted.note(action);
            session.driver.check_registered(number, registered);
            session.list_items(store, true);
        });
    }

    pub(super) fn set_handler(&mut self) {
        let handler = self.session().handlers.next::<T>();
        self.store.set_debug_handler(handler);
    }

    /// Looks which handlers the store has.
    pub(super) fn check_handlers(&mut self) {
        let Session {
            driver,
            handlers,
            tamper,
            ..
        } = self.session();
        let mut seen = handlers.seen();
        tamper.handlers(&mut seen);
        driver.check_handlers(seen, Moment::Action);
    }
}

/// Makes a write; none where the case has no handle of the instance.
fn write_entity(
    store: impl AsContextMut,
    (driver, names): (&Driver, &Names),
    write: Write,
) -> Option<Result<(), String>> {
    let made = match write {
        Write::Global(write) => write_global(store, (driver, names), write)?,
        Write::Memory(write) => write_memory(store, names, write)?,
        Write::Element(write) => write_element(store, names, write)?,
        Write::Field(write) => write_field(store, (driver, names), write)?,
    };
    Some(made.map_err(|error| format!("{error:#}")))
}

fn write_global(
    mut store: impl AsContextMut,
    (driver, names): (&Driver, &Names),
    write: GlobalWrite,
) -> Option<wasmtime::Result<()>> {
    let instance = names.instance_handle(write.instance)?;
    let types = driver.following.machine.store.types();
    let val = names.val(&mut store, types, write.value)?;
    let Some(global) = instance.debug_global(&mut store, write.index) else {
        return Some(Err(no_handle()));
    };
    Some(val.and_then(|val| global.set(&mut store, val)))
}

fn write_field(
    mut store: impl AsContextMut,
    (driver, names): (&Driver, &Names),
    write: FieldWrite,
) -> Option<wasmtime::Result<()>> {
    let types = driver.following.machine.store.types();
    let val = names.val(&mut store, types, write.value)?;
    match val {
        Ok(val) => names
            .objects
            .write_field(store, write.handle, write.field, val),
        Err(error) => Some(Err(error)),
    }
}

fn write_memory(
    mut store: impl AsContextMut,
    names: &Names,
    write: MemoryWrite,
) -> Option<wasmtime::Result<()>> {
    let instance = names.instance_handle(write.instance)?;
    let Some(memory) = instance.debug_memory(&mut store, write.index) else {
        return Some(Err(no_handle()));
    };
    let written = memory.write(&mut store, write.offset as usize, &[write.byte]);
    Some(written.map_err(wasmtime::Error::from))
}

fn write_element(
    mut store: impl AsContextMut,
    names: &Names,
    write: ElementWrite,
) -> Option<wasmtime::Result<()>> {
    let instance = names.instance_handle(write.instance)?;
    let Some(table) = instance.debug_table(&mut store, write.index) else {
        return Some(Err(no_handle()));
    };
    let element = match write.from {
        Some(from) => table.get(&mut store, from),
        None => Some(Ref::null(table.ty(&store).element().heap_type())),
    };
    let Some(element) = element else {
        return Some(Err(wasmtime::Error::msg(
            "the element that is copied: none",
        )));
    };
    Some(table.set(&mut store, write.to, element))
}

fn no_handle() -> wasmtime::Error {
    wasmtime::Error::msg("the accessor returns None")
}
