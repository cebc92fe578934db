//! The engine's stack and entities as the checkers see them.

use super::frames::{self, FrameParentResult, Held};
use super::names::Names;
use super::session::State;
use lockstep_core::fault::Layer;
use lockstep_core::lockstep::accessors::{Accessed, Accessor, Denoted};
use lockstep_core::lockstep::entities::Entities;
use lockstep_core::observe::{Boundary, Objects, Observation, Place, Walk};
use lockstep_core::phases::{self, Entered, Phase};
use lockstep_core::seen::{Seen, SeenObject, SeenType};
use lockstep_oracles::address::{
    FuncIndex, GlobalAddr, InstanceAddr, MemAddr, Pc, TableAddr, TagAddr,
};
use lockstep_oracles::store::Extern;
use wasmtime::{AsContextMut, Ref, SharedMemory, StoreContextMut, Val};

/// A store at rest: in a handler, in a host function, or between calls.
pub(super) struct View<'a, T: 'static> {
    pub(super) store: StoreContextMut<'a, State<T>>,
    pub(super) names: &'a mut Names,
}

impl<T: Layer> Observation for View<'_, T> {
    type Walk<'w>
        = CursorWalk<'w, T>
    where
        Self: 'w;

    #[inline(always)]
    fn walk(&mut self) -> CursorWalk<'_, T> {
        if self.names.core.are_there() {
            return self.walk_beyond_adapters();
        }
        let phase = phases::enter(Phase::Subject);
        // Made where it stays: it is too large to be moved at every event.
        CursorWalk {
            cursor: frames::cursor(self.store.as_context_mut()),
            names: self.names,
            _phase: phase,
        }
    }
}

impl<T: Layer> View<'_, T> {
    /// A walk where an adapter may be the innermost.
    #[cold]
    #[inline(never)]
    fn walk_beyond_adapters(&mut self) -> CursorWalk<'_, T> {
        let phase = phases::enter(Phase::Subject);
        let mut walk = CursorWalk {
            cursor: frames::cursor(self.store.as_context_mut()),
            names: self.names,
            _phase: phase,
        };
        walk.pass_adapters();
        walk
    }
}

/// A walk with the engine's cursor.
pub(super) struct CursorWalk<'a, T: 'static> {
    cursor: Held<'a, State<T>>,
    names: &'a mut Names,
    /// One phase a walk: a mark for each value that is read would be felt.
    _phase: Entered,
}

impl<T: Layer> Walk for CursorWalk<'_, T> {
    #[inline]
    fn done(&self) -> bool {
        frames::done(&self.cursor)
    }

    #[inline(always)]
    fn place(&mut self) -> Place {
        let cursor = frames::held(&mut self.cursor);
        let handle = cursor.instance();
        let named = self.names.instance(handle, cursor.module());
        let imported = named.map_or(0, |(addr, _)| self.names.imported_funcs(addr));
        let base = named.map_or(0, |(addr, _)| self.names.base(addr));
        let shown = cursor.wasm_function_index_and_pc();
        Place {
            instance: named.map(|(addr, _)| addr),
            module_agrees: named.is_some_and(|(_, agrees)| agrees),
            func: shown.map(|(func, _)| FuncIndex(imported + func.as_u32())),
            pc: Pc(shown.map_or(0, |(_, pc)| pc.wrapping_sub(base))),
        }
    }

    fn code(&mut self) -> Option<(u32, Pc)> {
        let shown = frames::held(&mut self.cursor).wasm_function_index_and_pc();
        shown.map(|(func, pc)| (func.as_u32(), Pc(pc)))
    }

    #[inline]
    fn num_locals(&mut self) -> u32 {
        frames::held(&mut self.cursor).num_locals()
    }

    #[inline]
    fn num_operands(&mut self) -> u32 {
        frames::held(&mut self.cursor).num_stacks()
    }

    #[inline(always)]
    fn local(&mut self, index: u32) -> Seen {
        let cursor = frames::held(&mut self.cursor);
        let answer = cursor.local(index);
        self.names.seen(cursor, frames::shown(&answer))
    }

    #[inline(always)]
    fn operand(&mut self, index: u32) -> Seen {
        let cursor = frames::held(&mut self.cursor);
        let answer = cursor.stack(index);
        self.names.seen(cursor, frames::shown(&answer))
    }

    #[inline]
    fn parent(&mut self) -> Boundary {
        let boundary = self.move_to_parent();
        if self.names.core.are_there() && self.pass_adapters() {
            return Boundary::Host;
        }
        boundary
    }
}

impl<T: Layer> CursorWalk<'_, T> {
    #[inline]
    fn move_to_parent(&mut self) -> Boundary {
        match frames::held(&mut self.cursor).move_to_parent() {
            FrameParentResult::SameActivation => Boundary::Same,
            FrameParentResult::NewActivation => Boundary::Host,
        }
    }

    /// Passes frames of adapters, which stand where the oracle has code of the host's; whether there was one.
    #[cold]
    fn pass_adapters(&mut self) -> bool {
        let mut passed = false;
        while !self.done() {
            let cursor = frames::held(&mut self.cursor);
            let handle = cursor.instance();
            if !self.names.is_adapter(handle, cursor.module()) {
                break;
            }
            self.move_to_parent();
            passed = true;
        }
        passed
    }
}

impl<T: Layer> Entities for View<'_, T> {
    fn memory(&mut self, addr: MemAddr) -> Option<&[u8]> {
        if let Some(shared) = self.names.shown_shared(addr) {
            return Some(bytes_of(shared));
        }
        let memory = self.names.shown_memory(addr)?;
        Some(memory.data(&self.store))
    }

    fn memory_pages(&mut self, addr: MemAddr) -> Option<(u64, u64)> {
        if let Some(shared) = self.names.shown_shared(addr) {
            return Some((shared.size(), shared.page_size()));
        }
        let memory = self.names.shown_memory(addr)?;
        Some((memory.size(&self.store), memory.page_size(&self.store)))
    }

    fn global(&mut self, addr: GlobalAddr) -> Option<Seen> {
        let global = self.names.shown_global(addr)?;
        let value = global.get(&mut self.store);
        Some(self.names.seen(&mut self.store, &value))
    }

    fn table_size(&mut self, addr: TableAddr) -> Option<u64> {
        let table = self.names.shown_table(addr)?;
        Some(table.size(&self.store))
    }

    fn table_element(&mut self, addr: TableAddr, index: u64) -> Seen {
        let element = self
            .names
            .shown_table(addr)
            .and_then(|table| table.get(&mut self.store, index));
        let value = match element {
            Some(Ref::Func(func)) => Val::FuncRef(func),
            Some(Ref::Extern(external)) => Val::ExternRef(external),
            Some(Ref::Any(any)) => Val::AnyRef(any),
            Some(Ref::Exn(exn)) => Val::ExnRef(exn),
            _ => return Seen::Unmodelled,
        };
        self.names.seen(&mut self.store, &value)
    }

    fn has_instance(&self, addr: InstanceAddr) -> bool {
        self.names.has_instance(addr)
    }

    fn access(
        &mut self,
        instance: InstanceAddr,
        accessor: Accessor,
        index: u32,
        entity: Option<Extern>,
    ) -> Accessed {
        let names = &mut *self.names;
        names.access(&mut self.store, (instance, accessor, index), entity)
    }

    fn held(&mut self, entity: Extern) -> Option<Denoted> {
        self.names.held(&mut self.store, entity)
    }
}

/// The bytes of a shared memory, for as long as no guest runs.
#[allow(unsafe_code)]
fn bytes_of(memory: &SharedMemory) -> &[u8] {
    let cells = memory.data();
    // SAFETY: a case's memories belong to its own store, which is at rest while a view of it exists, and
    // `UnsafeCell<u8>` is laid out as `u8`.
    unsafe { std::slice::from_raw_parts(cells.as_ptr().cast::<u8>(), cells.len()) }
}

impl<T: Layer> Objects for View<'_, T> {
    fn len(&mut self, object: SeenObject) -> u32 {
        self.names.object_len(&mut self.store, object)
    }

    fn field(&mut self, object: SeenObject, index: u32) -> Seen {
        self.names.object_field(&mut self.store, object, index)
    }

    fn tag(&mut self, object: SeenObject) -> Option<TagAddr> {
        self.names.object_tag(&mut self.store, object)
    }

    fn definition(&mut self, ty: u32) -> Option<SeenType> {
        self.names.object_type(ty)
    }
}

impl<T: Layer> Objects for CursorWalk<'_, T> {
    fn len(&mut self, object: SeenObject) -> u32 {
        self.names
            .object_len(frames::held(&mut self.cursor), object)
    }

    fn field(&mut self, object: SeenObject, index: u32) -> Seen {
        let cursor = frames::held(&mut self.cursor);
        self.names.object_field(cursor, object, index)
    }

    fn tag(&mut self, object: SeenObject) -> Option<TagAddr> {
        self.names
            .object_tag(frames::held(&mut self.cursor), object)
    }

    fn definition(&mut self, ty: u32) -> Option<SeenType> {
        self.names.object_type(ty)
    }
}
