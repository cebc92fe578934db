//! How a debugger walks the frames here: from handle to handle.

use lockstep_subject::wasmtime::{
    AsContext, AsContextMut, FrameHandle, StoreContext, StoreContextMut, Val,
};
use std::hint::black_box;

/// Why a handle answers.
const VALID: &str = "nothing has run since the handle was taken";

/// The frames of a store, innermost first.
pub(crate) struct Walk<'a, T: 'static> {
    store: StoreContextMut<'a, T>,
    frame: Option<FrameHandle>,
    /// How many activations were begun.
    begun: usize,
}

/// A walk that begins at the innermost frame.
#[inline(always)]
pub(crate) fn walk<T>(mut store: StoreContextMut<'_, T>) -> Walk<'_, T> {
    let frame = store.debug_exit_frames().next();
    Walk {
        store,
        frame,
        begun: 1,
    }
}

/// Reads where a frame is: its instance, module and function; the answer is its PC.
#[inline(always)]
pub(crate) fn place<T>(walk: &mut Walk<'_, T>) -> Option<u32> {
    let frame = walk.frame.as_ref()?;
    black_box(frame.instance(&mut walk.store).expect(VALID));
    black_box(frame.module(&mut walk.store).expect(VALID));
    let place = frame.wasm_function_index_and_pc(&mut walk.store);
    let (_, pc) = black_box(place.expect(VALID))?;
    Some(pc.raw())
}

impl<'a, T> Walk<'a, T> {
    #[inline(always)]
    pub(crate) fn done(&self) -> bool {
        self.frame.is_none()
    }

    /// The frame that it is at, and the store.
    #[inline(always)]
    fn here(&mut self) -> (&FrameHandle, &mut StoreContextMut<'a, T>) {
        let frame = self.frame.as_ref().expect("the walk is not done");
        (frame, &mut self.store)
    }

    #[inline(always)]
    pub(crate) fn num_locals(&mut self) -> u32 {
        let (frame, store) = self.here();
        frame.num_locals(store).expect(VALID)
    }

    #[inline(always)]
    pub(crate) fn num_stacks(&mut self) -> u32 {
        let (frame, store) = self.here();
        frame.num_stacks(store).expect(VALID)
    }

    #[inline(always)]
    pub(crate) fn local(&mut self, index: u32) -> Val {
        let (frame, store) = self.here();
        frame.local(store, index).expect(VALID)
    }

    #[inline(always)]
    pub(crate) fn stack(&mut self, index: u32) -> Val {
        let (frame, store) = self.here();
        frame.stack(store, index).expect(VALID)
    }

    #[inline(always)]
    pub(crate) fn move_to_parent(&mut self) {
        let (frame, store) = self.here();
        let parent = frame.parent(store).expect(VALID);
        self.frame = parent;
        if self.frame.is_none() {
            self.frame = self.store.debug_exit_frames().nth(self.begun);
            self.begun += 1;
        }
    }
}

impl<T> AsContext for Walk<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        self.store.as_context()
    }
}

impl<T> AsContextMut for Walk<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }
}
