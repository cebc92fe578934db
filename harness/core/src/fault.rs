//! Faulty observations, for tests only: a subject that lies, so that a checker can be seen to fire.

use crate::divergence::Moment;
use crate::lockstep::accessors::{Accessed, Accessor, Denoted};
use crate::lockstep::entities::Entities;
use crate::lockstep::handlers::SeenHandlers;
use crate::lockstep::held_frame::HeldFrame;
use crate::lockstep::items::Items;
use crate::lockstep::throws::SeenThrow;
use crate::observe::{Objects, objects_of};
use crate::outcome::{HostFailure, Outcome, SeenException, SeenTrap};
use crate::schedule::EngineEdit;
use crate::seen::Seen;
use crate::snapshot::Snapshot;
use crate::subject::code_image::{Mapping, Part};
use lockstep_oracles::address::{GlobalAddr, InstanceAddr, MemAddr, TableAddr};
use lockstep_oracles::component::Val;
use lockstep_oracles::store::Extern;
use std::ops::DerefMut;

/// How often an event reaches the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// As it should
    Once,
    /// It is lost
    Never,
    /// It comes twice
    Twice,
    /// It comes behind the one that follows it
    AfterNext,
}

/// Changes what the subject shows.
pub trait Tamper: Send + 'static {
    /// Changes the stack shown at an event, and says how often the event comes.
    fn event(&mut self, _moment: Moment, _stack: &mut Snapshot) -> Delivery {
        Delivery::Once
    }

    /// Changes the trap that an event tells.
    fn trap(&mut self, _trap: &mut SeenTrap) {}

    /// Changes the error that a `HostcallError` event tells.
    fn host_error(&mut self, _error: &mut Result<HostFailure, String>) {}

    /// Changes why a collection was refused, if it was.
    fn collection(&mut self, _refused: &mut Option<String>) {}

    /// Changes what the handle of this number is shown to hold.
    fn handle(&mut self, _handle: usize, _held: &mut Seen) {}

    /// Changes what a root is shown to hold that was made of this handle, and there while garbage was collected.
    fn root(&mut self, _handle: usize, _held: &mut Seen) {}

    /// Changes what was pending where the debugger takes it.
    fn taken_exception(&mut self, _taken: &mut Option<SeenException>) {}

    /// Changes whether an exception is pending: behind a call that the debugger made at the event of one, and where
    /// a call has ended.
    fn pending(&mut self, _pending: &mut bool) {}

    /// Changes the exception that an event tells of.
    fn throw(&mut self, _throw: &mut SeenThrow) {}

    /// Changes the arguments that a host function is shown to receive.
    fn host_args(&mut self, _args: &mut Vec<Seen>) {}

    /// Changes what a host function writes into the subject's memory, as many bytes.
    fn host_write(&mut self, _at: u64, _bytes: &mut Vec<u8>) {}

    /// Changes how an invocation is shown to end.
    fn outcome(&mut self, _outcome: &mut Outcome) {}

    /// Changes what a function of a component is shown to return.
    fn component_value(&mut self, _value: &mut Val) {}

    /// The layer before another store that is visited; none, if nothing is changed there.
    fn visited(&mut self) -> Option<Box<dyn Tamper>> {
        None
    }

    /// Changes how an instantiation is shown to end.
    fn instantiation(&mut self, _outcome: &mut Outcome) {}

    /// Changes how an instantiation that the debugger asked for is shown to end.
    fn instantiated_again(&mut self, _outcome: &mut Outcome) {}

    /// Changes whether a module that must be rejected is shown to compile.
    fn compiles(&mut self, _compiles: &mut Result<(), Outcome>) {}

    /// Changes an edit before the engine is asked for it; `None` loses it.
    fn edit(&mut self, _edit: &mut Option<EngineEdit>) {}

    /// Changes what the engine answers to an edit.
    fn edited(&mut self, answer: Result<(), String>) -> Result<(), String> {
        answer
    }

    /// Changes what the store answers about single-step, and the breakpoints it lists: module and PC,
    /// sorted.
    fn edit_state(&mut self, _single_step: &mut bool, _listed: &mut Vec<(u32, u32)>) {}

    /// Changes the executable mappings as they are at the end of a case; `None` is one that is gone.
    fn code_image(&mut self, _mappings: &mut Vec<Option<Mapping>>) {}

    /// Changes how many mappings are writable and executable at once.
    fn writable_code(&mut self, _mappings: &mut usize) {}

    /// Changes the permissions that each recorded mapping has after an edit.
    fn permissions(&mut self, _permissions: &mut Vec<Vec<Part>>) {}

    /// Changes what a kept handle to a frame says of itself.
    fn held_frame(&mut self, _held: &mut HeldFrame) {}

    /// Changes the exception that a kept handle is shown to hold.
    fn held_exception(&mut self, _seen: &mut SeenException) {}

    /// Changes which handlers the store is seen to have.
    fn handlers(&mut self, _handlers: &mut SeenHandlers) {}

    /// Changes the number of the handler that an event went to.
    fn handled_by(&mut self, _handler: &mut u32) {}

    /// Changes what comes of registering a module.
    fn registered(&mut self, _registered: &mut Result<(), String>) {}

    /// Changes what the store lists.
    fn items(&mut self, _items: &mut Items) {}

    /// Changes what comes of a write through an entity's handle.
    fn wrote(&mut self, made: Result<(), String>) -> Result<(), String> {
        made
    }

    /// Changes what is left of the fuel.
    fn fuel(&mut self, _left: &mut Option<u64>) {}

    /// Changes what an accessor of an instance returns for an index.
    fn access(
        &mut self,
        _instance: InstanceAddr,
        _asked: (Accessor, u32),
        _accessed: &mut Accessed,
    ) {
    }

    /// Changes a memory's bytes (a copy).
    fn memory(&mut self, _addr: MemAddr, _bytes: &mut Vec<u8>) {}

    /// Changes a memory's size in pages, and bytes of a page.
    fn memory_pages(&mut self, _addr: MemAddr, _pages: &mut (u64, u64)) {}

    /// Changes a global's value.
    fn global(&mut self, _addr: GlobalAddr, _value: &mut Seen) {}

    /// Changes a table's size.
    fn table_size(&mut self, _addr: TableAddr, _size: &mut u64) {}

    /// Changes a table's element.
    fn table_element(&mut self, _addr: TableAddr, _index: u64, _element: &mut Seen) {}
}

/// Shows what there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Honest;

impl Tamper for Honest {}

/// A fault layer as an execution holds it. [`Honest`], the only one outside tests, is known when
/// executions are compiled, and costs nothing; every other is behind a pointer, so that no test
/// compiles the executions anew.
pub trait Layer: DerefMut<Target: Tamper> + Send + 'static {
    /// Whether this changes anything; if not, nothing is ever copied.
    const ACTIVE: bool;
}

impl Layer for Box<Honest> {
    const ACTIVE: bool = false;
}

impl Layer for Box<dyn Tamper> {
    const ACTIVE: bool = true;
}

/// A subject's entities with a fault layer before them.
pub struct Shown<'a, E, T> {
    entities: &'a mut E,
    tamper: &'a mut T,
    copy: Vec<u8>,
}

impl<'a, E: Entities, T: Layer> Shown<'a, E, T> {
    /// The entities, as the layer lets them be seen.
    pub fn new(entities: &'a mut E, tamper: &'a mut T) -> Shown<'a, E, T> {
        Shown {
            entities,
            tamper,
            copy: Vec::new(),
        }
    }
}

impl<E: Entities, T: Layer> Entities for Shown<'_, E, T> {
    fn memory(&mut self, addr: MemAddr) -> Option<&[u8]> {
        let bytes = self.entities.memory(addr)?;
        if !T::ACTIVE {
            return Some(bytes);
        }
        self.copy.clear();
        self.copy.extend_from_slice(bytes);
        self.tamper.memory(addr, &mut self.copy);
        Some(&self.copy)
    }

    fn memory_pages(&mut self, addr: MemAddr) -> Option<(u64, u64)> {
        let mut pages = self.entities.memory_pages(addr)?;
        self.tamper.memory_pages(addr, &mut pages);
        Some(pages)
    }

    fn global(&mut self, addr: GlobalAddr) -> Option<Seen> {
        let mut value = self.entities.global(addr)?;
        self.tamper.global(addr, &mut value);
        Some(value)
    }

    fn table_size(&mut self, addr: TableAddr) -> Option<u64> {
        let mut size = self.entities.table_size(addr)?;
        self.tamper.table_size(addr, &mut size);
        Some(size)
    }

    fn table_element(&mut self, addr: TableAddr, index: u64) -> Seen {
        let mut element = self.entities.table_element(addr, index);
        self.tamper.table_element(addr, index, &mut element);
        element
    }

    fn has_instance(&self, addr: InstanceAddr) -> bool {
        self.entities.has_instance(addr)
    }

    fn access(
        &mut self,
        instance: InstanceAddr,
        accessor: Accessor,
        index: u32,
        entity: Option<Extern>,
    ) -> Accessed {
        let mut accessed = self.entities.access(instance, accessor, index, entity);
        self.tamper
            .access(instance, (accessor, index), &mut accessed);
        accessed
    }

    fn held(&mut self, entity: Extern) -> Option<Denoted> {
        self.entities.held(entity)
    }
}

impl<E: Entities, T: Layer> Objects for Shown<'_, E, T> {
    objects_of!(entities);
}

/// Another value of the same type: a number with its lowest bit changed, anything else as it is.
pub fn low_bit(seen: Seen) -> Seen {
    match seen {
        Seen::I32(v) => Seen::I32(v ^ 1),
        Seen::I64(v) => Seen::I64(v ^ 1),
        Seen::F32(v) => Seen::F32(v ^ 1),
        Seen::F64(v) => Seen::F64(v ^ 1),
        Seen::V128(v) => Seen::V128(v ^ 1),
        other => other,
    }
}
