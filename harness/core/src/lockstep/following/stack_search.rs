//! Where the program must be, by the stack that the subject shows: where a stack or a heap is full is the
//! subject's own, and between breakpoints the oracle lags behind.

use super::Following;
use super::places::expected_place;
use super::program::Program;
use crate::causes::{Cause, Known};
use crate::observe::{Boundary, Observation, Place, Walk};
use lockstep_oracles::ValType;
use lockstep_oracles::machine::FrameView;

/// What a search for the stack shown came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// The oracle is there.
    There,
    /// The oracle stops before it comes there.
    Before,
    /// It passed too many places to tell.
    Unknown,
}

impl Following {
    /// The cause that forbids to look for a start function's place by the frames shown: which of them is its
    /// own is not known before the oracle is there.
    pub(crate) fn hides_callers(&self) -> Option<Known> {
        let startup = self.setting.cause(Cause::StartupFrame);
        startup.filter(|_| self.instantiation.runs() && !self.breakpoints.is_everywhere())
    }

    /// Whether the next opcode makes an object, and no event is due before.
    pub(crate) fn is_about_to_make(&self) -> bool {
        self.may_make_object() && !(self.invocation.ahead.is_some() && self.is_at_breakpoint())
    }

    /// Whether the oracle's frames but the innermost are at these places, as far as the innermost activation
    /// goes.
    pub(crate) fn waits_at(&self, callers: &[Place]) -> bool {
        let conventions = self.setting.conventions;
        let places = own_frames(self.machine.frames()).skip(1);
        let places = places.map(|view| expected_place(&view, conventions));
        places.eq(callers.iter().copied())
    }

    /// Whether the frames of the innermost activation are where the oracle's are, but for the innermost
    /// frame's PC, and have its numbers in their locals.
    pub(crate) fn shows_place<O: Observation>(&self, observed: &mut O) -> bool {
        let conventions = self.setting.conventions;
        let mut walk = observed.walk();
        let mut innermost = true;
        let mut frames = own_frames(self.machine.frames()).peekable();
        while let Some(view) = frames.next() {
            if walk.done() {
                return false;
            }
            let (shown, mut expected) = (walk.place(), expected_place(&view, conventions));
            if innermost {
                expected.pc = shown.pc;
            }
            if shown != expected || !self.program.has_numbers(&view, &mut walk) {
                return false;
            }
            innermost = false;
            let crossed = walk.parent();
            let fits = match frames.peek() {
                Some(_) => crossed == Boundary::Same,
                None => crossed == Boundary::Host || walk.done(),
            };
            if !fits {
                return false;
            }
        }
        true
    }
}

impl Program {
    /// Whether the frame shown has the oracle's numbers in its locals, where they may be read.
    pub(crate) fn has_numbers(&self, view: &FrameView<'_>, walk: &mut impl Walk) -> bool {
        let layout = self.layout(view);
        let locals = view.locals.iter().zip(&view.function.locals).enumerate();
        walk.num_locals() as usize == view.locals.len()
            && locals
                .filter(|(index, (_, ty))| is_number(**ty) && layout.local(*index).is_none())
                .all(|(index, (cell, ty))| walk.local(index as u32).is(*ty, *cell))
    }
}

fn is_number(ty: ValType) -> bool {
    matches!(
        ty,
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64
    )
}

/// The frames of the innermost activation.
fn own_frames<'m>(
    frames: impl Iterator<Item = FrameView<'m>>,
) -> impl Iterator<Item = FrameView<'m>> {
    let mut own = None;
    frames.take_while(move |view| *own.get_or_insert(view.activation) == view.activation)
}
