//! What the debugger does beside edits, in the engine and the oracle.

use super::frames::{self, KeptFrame};
use super::names::Names;
use super::session::{Session, State};
use super::view::View;
use lockstep_core::divergence::Moment;
use lockstep_core::fault::{Layer, Shown, Tamper as _};
use lockstep_core::lockstep::driver::Driver;
use lockstep_core::lockstep::held_frame::Since;
use lockstep_core::schedule::When;
use lockstep_core::schedule::action::write_element::ElementWrite;
use lockstep_core::schedule::action::write_global::GlobalWrite;
use lockstep_core::schedule::action::write_memory::MemoryWrite;
use lockstep_core::schedule::action::{Action, Write};
use super::execute::Subject;
use wasmtime::{AsContextMut, Ref, RootScope, StoreContextMut};

/// How often a handle that is kept is asked before it is let go.
const LOOKS: u32 = 16;

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

impl<T: Layer> Session<T> {
    /// The actions of this moment.
    pub(super) fn act_at(&mut self, store: &mut StoreContextMut<'_, State<T>>, when: When) {
        for action in self.debugger.actions_at(when) {
            if self.driver.ended.is_some() {
                return;
            }
            self.driver.tally.actions += 1;
            match action {
                Action::ClearHandler(_) => self.change_handler(when, false),
                Action::SetHandler(_) => self.change_handler(when, true),
                Action::DropCall(_) => self.drop_call(when),
                Action::HoldFrame(_) => self.hold_frame(store),
                Action::ListItems(_) => self.list_items(store, matches!(when, When::Step(_))),
                Action::WriteGlobal(_) | Action::WriteMemory(_) | Action::WriteElement(_) => {
                    self.write(store, action);
                }
            }
        }
    }

    /// Only where the store itself is at hand, between calls, can its handler be set or cleared.
    fn change_handler(&mut self, when: When, set: bool) {
        if matches!(when, When::Step(_)) {
            self.handler_changes.push(set);
        }
    }

    /// The code that polls the guest is asked to drop it, once the handler is pending.
    fn drop_call(&mut self, when: When) {
        if matches!(when, When::Event(_)) && self.driver.may_drop_call() {
            self.dropping = true;
            self.shared.request_stop();
        }
    }

    fn hold_frame(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        if !self.driver.may_hold_frame() {
            return;
        }
        let returns = store.data().host_returns;
        self.held = frames::keep(store.as_context_mut()).map(|frame| Held {
            frame,
            returns,
            resumed: false,
            left: LOOKS,
        });
    }

    /// Asks the handle that is kept.
    #[cold]
    pub(super) fn check_held(&mut self, store: &mut StoreContextMut<'_, State<T>>, moment: Moment) {
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
    fn write(&mut self, store: &mut StoreContextMut<'_, State<T>>, action: Action) {
        let Session {
            driver,
            names,
            tamper,
            ..
        } = self;
        let Some(write) = driver.write_of(action) else {
            return;
        };
        let mut scope = RootScope::new(&mut *store);
        let Some(made) = write_entity(&mut scope, (driver, names), write) else {
            return;
        };
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
    };
    Some(made.map_err(|error| format!("{error:#}")))
}

fn write_global(
    mut store: impl AsContextMut,
    (driver, names): (&Driver, &Names),
    write: GlobalWrite,
) -> Option<wasmtime::Result<()>> {
    let instance = names.instance_handle(write.instance)?;
    let types = driver.machine.store.types();
    let val = names.val(&mut store, types, write.value)?;
    let Some(global) = instance.debug_global(&mut store, write.index) else {
        return Some(Err(no_handle()));
    };
    Some(val.and_then(|val| global.set(&mut store, val)))
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
