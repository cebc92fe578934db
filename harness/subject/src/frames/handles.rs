//! The stack through the debug API: here a handle for each frame, and one to begin with for each
//! activation. A cursor over them is walked as in the versions that have one.

use crate::dialect::offset;
use lockstep_core::lockstep::held_frame::HeldFrame;
use wasmtime::{
    AsContext, AsContextMut, FrameHandle, Instance, Module, Result, Store, StoreContext,
    StoreContextMut, Val,
};

/// What lies between a frame and the one that comes next.
pub(crate) enum FrameParentResult {
    /// Nothing: it is the caller
    SameActivation,
    /// Host code, or the end of the stack
    NewActivation,
}

/// The index of a function among those that its module defines.
#[derive(Clone, Copy)]
pub(crate) struct DefinedFunc(u32);

impl DefinedFunc {
    #[inline(always)]
    pub(crate) fn as_u32(self) -> u32 {
        self.0
    }
}

/// A walk over the frames of a store.
pub(crate) struct DebugFrameCursor<'a, T: 'static> {
    store: StoreContextMut<'a, T>,
    frame: Option<FrameHandle>,
    /// How many activations were begun.
    begun: usize,
}

/// A cursor as [`cursor`] makes it.
pub(crate) type Held<'a, T> = DebugFrameCursor<'a, T>;

/// A cursor at the innermost frame.
#[inline(always)]
pub(crate) fn cursor<T>(mut store: StoreContextMut<'_, T>) -> Held<'_, T> {
    let frame = store.debug_exit_frames().next();
    DebugFrameCursor {
        store,
        frame,
        begun: 1,
    }
}

/// The cursor itself.
#[inline(always)]
pub(crate) fn held<'h, 'a, T>(cursor: &'h mut Held<'a, T>) -> &'h mut DebugFrameCursor<'a, T> {
    cursor
}

/// Whether the cursor has passed the outermost frame.
#[inline(always)]
pub(crate) fn done<T>(cursor: &Held<'_, T>) -> bool {
    cursor.frame.is_none()
}

/// The PC of the innermost frame, if there is one.
pub(crate) fn innermost_pc<T>(mut store: StoreContextMut<'_, T>) -> Option<u32> {
    let frame = store.debug_exit_frames().next()?;
    let (_, pc) = valid(frame.wasm_function_index_and_pc(store))?;
    Some(offset(pc))
}

/// What a handle answers: it is valid, since nothing has run since it was taken.
#[inline(always)]
fn valid<R, E: std::fmt::Display>(answer: std::result::Result<R, E>) -> R {
    answer.unwrap_or_else(|error| panic!("a frame's handle, though nothing has run: {error:#}"))
}

/// The value of a local or operand, where it is: moving it out costs more than to look at it.
#[inline(always)]
pub(crate) fn shown(answer: &Result<Val>) -> &Val {
    valid(answer.as_ref())
}

impl<T> DebugFrameCursor<'_, T> {
    /// The frame that it is at, and the store.
    #[inline(always)]
    fn here(&mut self) -> (&FrameHandle, StoreContextMut<'_, T>) {
        let frame = self.frame.as_ref();
        let frame = frame.unwrap_or_else(|| panic!("a frame is asked for behind the last"));
        (frame, self.store.as_context_mut())
    }

    #[inline(always)]
    pub(crate) fn instance(&mut self) -> Instance {
        let (frame, store) = self.here();
        valid(frame.instance(store))
    }

    #[inline(always)]
    pub(crate) fn module(&mut self) -> Option<&Module> {
        let (frame, store) = self.here();
        valid(frame.module(store))
    }

    #[inline(always)]
    pub(crate) fn wasm_function_index_and_pc(&mut self) -> Option<(DefinedFunc, u32)> {
        let (frame, store) = self.here();
        let shown = valid(frame.wasm_function_index_and_pc(store));
        shown.map(|(func, pc)| (DefinedFunc(func.as_u32()), offset(pc)))
    }

    #[inline(always)]
    pub(crate) fn num_locals(&mut self) -> u32 {
        let (frame, store) = self.here();
        valid(frame.num_locals(store))
    }

    #[inline(always)]
    pub(crate) fn num_stacks(&mut self) -> u32 {
        let (frame, store) = self.here();
        valid(frame.num_stacks(store))
    }

    #[inline(always)]
    pub(crate) fn local(&mut self, index: u32) -> Result<Val> {
        let (frame, store) = self.here();
        frame.local(store, index)
    }

    #[inline(always)]
    pub(crate) fn stack(&mut self, index: u32) -> Result<Val> {
        let (frame, store) = self.here();
        frame.stack(store, index)
    }

    #[inline]
    pub(crate) fn move_to_parent(&mut self) -> FrameParentResult {
        let (frame, store) = self.here();
        let parent = valid(frame.parent(store));
        self.frame = parent;
        if self.frame.is_some() {
            return FrameParentResult::SameActivation;
        }
        self.frame = self.store.debug_exit_frames().nth(self.begun);
        self.begun += 1;
        FrameParentResult::NewActivation
    }
}

impl<T> AsContext for DebugFrameCursor<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        self.store.as_context()
    }
}

impl<T> AsContextMut for DebugFrameCursor<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }
}

/// How many frames are shown.
pub(crate) fn count<T: 'static>(store: StoreContextMut<'_, T>) -> usize {
    let mut cursor = cursor(store);
    let mut frames = 0;
    while !done(&cursor) {
        cursor.move_to_parent();
        frames += 1;
    }
    frames
}

/// A frame's handle that is kept beyond its event.
pub(crate) struct KeptFrame(FrameHandle);

/// Keeps a handle to the innermost frame.
pub(crate) fn keep<T>(mut store: StoreContextMut<'_, T>) -> Option<KeptFrame> {
    store.debug_exit_frames().next().map(KeptFrame)
}

impl KeptFrame {
    /// What it says of itself, here and in a store that has run nothing. One that is said to be valid is
    /// asked for nothing else: if it is not, it leads anywhere.
    pub(crate) fn look<T: 'static>(&self, mut store: StoreContextMut<'_, T>) -> HeldFrame {
        let frame = &self.0;
        let mut other = Store::new(store.engine(), ());
        if frame.is_valid(&mut other) {
            return HeldFrame::Foreign;
        }
        if frame.is_valid(&mut store) {
            return HeldFrame::Valid;
        }
        let asked = [
            ("parent", frame.parent(&mut store).is_ok()),
            ("instance", frame.instance(&mut store).is_ok()),
            ("module", frame.module(&mut store).is_ok()),
            (
                "wasm_function_index_and_pc",
                frame.wasm_function_index_and_pc(&mut store).is_ok(),
            ),
            ("num_locals", frame.num_locals(&mut store).is_ok()),
            ("num_stacks", frame.num_stacks(&mut store).is_ok()),
            ("local", frame.local(&mut store, 0).is_ok()),
            ("stack", frame.stack(&mut store, 0).is_ok()),
        ];
        let answers = asked.iter().filter(|(_, answers)| *answers);
        HeldFrame::Stale {
            answers: answers.map(|(name, _)| *name).collect(),
        }
    }
}
