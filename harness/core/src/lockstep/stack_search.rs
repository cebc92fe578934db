//! Where the program must be, by the stack that the subject shows: where a stack or a heap is full is the
//! subject's own, and between breakpoints the oracle lags behind.

use super::driver::Driver;
use super::following::Following;
use super::following::POINTS_BETWEEN_EVENTS;
use super::places::expected_place;
use super::program::Program;
use super::verdict::Ended;
use crate::causes::{Cause, Known};
use crate::observe::{Boundary, Observation, Place, Walk};
use lockstep_oracles::ValType;
use lockstep_oracles::machine::{FrameView, Stop};

/// At so many places that fit is looked for the values shown.
const PLACES: u32 = 100_000;

/// What a search for the stack shown came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
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
    pub(super) fn hides_callers(&self) -> Option<Known> {
        let startup = self.setting.cause(Cause::StartupFrame);
        startup.filter(|_| self.instantiation.runs() && !self.breakpoints.is_everywhere())
    }

    /// Whether the next opcode makes an object, and no event is due before.
    fn is_about_to_make(&self) -> bool {
        self.may_make_object() && !(self.invocation.ahead.is_some() && self.is_at_breakpoint())
    }

    /// Whether the oracle's frames but the innermost are at these places, as far as the innermost activation
    /// goes.
    fn waits_at(&self, callers: &[Place]) -> bool {
        let conventions = self.setting.conventions;
        let places = own_frames(self.machine.frames()).skip(1);
        let places = places.map(|view| expected_place(&view, conventions));
        places.eq(callers.iter().copied())
    }

    /// Whether the frames of the innermost activation are where the oracle's are, but for the innermost
    /// frame's PC, and have its numbers in their locals.
    fn shows_place<O: Observation>(&self, observed: &mut O) -> bool {
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
    pub(super) fn has_numbers(&self, view: &FrameView<'_>, walk: &mut impl Walk) -> bool {
        let layout = self.layout(view);
        let locals = view.locals.iter().zip(&view.function.locals).enumerate();
        walk.num_locals() as usize == view.locals.len()
            && locals
                .filter(|(index, (_, ty))| is_number(**ty) && layout.local(*index).is_none())
                .all(|(index, (cell, ty))| walk.local(index as u32).is(*ty, *cell))
    }
}

impl Driver {
    /// Runs the oracle to the stack that the subject shows at an overflow: how deep the calls are by then
    /// is the subject's own, but the program must come there, and to no breakpoint before.
    pub(super) fn run_to_overflow<O: Observation>(&mut self, observed: &mut O) -> Stop {
        let callers = callers_of(observed);
        for _ in 0..POINTS_BETWEEN_EVENTS {
            let stop = self.run_stepped();
            if stop != Stop::SequencePoint {
                return stop;
            }
            let entered = self
                .following
                .machine
                .top()
                .is_some_and(|view| view.position == 0);
            if self.following.is_at_breakpoint() || entered && self.following.waits_at(&callers) {
                return stop;
            }
        }
        self.ended
            .get_or_insert(Ended::PointLimit(POINTS_BETWEEN_EVENTS));
        Stop::SequencePoint
    }

    /// Brings the oracle to where the subject shows that its heap is full, where its stack may be looked at
    /// before it is known where the program is.
    pub(super) fn search_full_heap<O: Observation>(&mut self, observed: &mut O) -> Search {
        let inlined = self.following.setting.cause(Cause::InlinedLibcall);
        let inlined = inlined.filter(|_| self.following.setting.inlined);
        if let Some(known) = inlined.or_else(|| self.following.hides_callers()) {
            self.recorder.leave_out(known, 1);
            return Search::Unknown;
        }
        // What is open, or was changed, is no number to tell a place by.
        if self.comparison.nans.any || self.comparison.registers.are_changed() {
            return Search::Unknown;
        }
        self.run_to_full_heap(observed)
    }

    /// Brings the oracle to an opcode that makes an object where the subject shows that its heap is full:
    /// the first at which the frames of the innermost activation are at their places, with the numbers
    /// shown in their locals. What references denote tells nothing before the two sides are at one place.
    fn run_to_full_heap<O: Observation>(&mut self, observed: &mut O) -> Search {
        for _ in 0..PLACES {
            if self.following.is_about_to_make() && self.following.shows_place(observed) {
                return Search::There;
            }
            let stop = match self.following.invocation.ahead.take() {
                Some(stop) => stop,
                None => self.run_to_breakpoint_or(|_, function, position| {
                    function.instrs[position].op.makes_object()
                }),
            };
            if stop != Stop::SequencePoint || self.following.is_at_breakpoint() {
                self.following.invocation.ahead = Some(stop);
                return Search::Before;
            }
        }
        Search::Unknown
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

/// The places of the innermost activation's frames but the innermost, which is only passed.
fn callers_of<O: Observation>(observed: &mut O) -> Vec<Place> {
    let mut walk = observed.walk();
    let mut places = Vec::new();
    if walk.done() {
        return places;
    }
    while walk.parent() == Boundary::Same && !walk.done() {
        places.push(walk.place());
    }
    places
}
