//! Which part of the stack is compared at an event in single-step ([`FramePolicy::Sampled`]).
//!
//! A frame that waits for a callee cannot change before control returns to it, and the innermost frame
//! changes by one opcode: the operands that it leaves, and the local that it sets. So that is read at every
//! event, and what the opcode cannot have changed in turn, a few values an event. Read whole are:
//!
//! - a small frame, and a small stack, at every event;
//! - a frame that is entered, its caller then, a frame that is returned to, and one that its next opcode
//!   may leave;
//! - every frame, while the case has not read [`WHOLE`] values;
//! - all frames where more than one opcode lies behind: at an invocation, behind a host call, an edit, a
//!   collection or another action of the debugger; and once as many events have passed as such a look
//!   reads values, shared among [`SHARE`] an event.
//!
//! The kinds of events that are not breakpoints look at every frame, whatever is said here.
//!
//! [`FramePolicy::Sampled`]: crate::lockstep::policy::FramePolicy::Sampled

use lockstep_oracles::machine::{FrameView, Machine};
use lockstep_oracles::opcode::{Control, Opcode};

/// Values that a case reads before anything is left to the sampler. A case of a campaign seldom reads more:
/// compared whole, it costs little beside its compilation, and nothing is left out of it.
pub(crate) const WHOLE: u64 = 1 << 17;

/// Locals and operands up to which a frame is read whole at every event.
pub(crate) const SMALL_FRAME: usize = 16;

/// Weight up to which a whole stack is read at every event.
const SMALL_STACK: usize = 32;

/// What a frame weighs beside its values: to walk to it costs about as much as to read so many.
const FRAME: usize = 4;

/// Frames of a stack that may be a small one.
const SHALLOW: usize = 4;

/// Operands, from the top, that are read at every event: no opcode that goes on to the next leaves more.
pub(crate) const TOP: usize = 8;

/// Locals, and operands below those, that are read in turn at an event.
pub(crate) const WINDOW: usize = 4;

/// Values an event that looks at all frames may cost, on average.
const SHARE: usize = 2;

/// What is compared at an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// So many frames from the innermost, each of them whole
    Frames(usize),
    /// Some values of the innermost frame
    Part(Part),
}

/// Which values of the innermost frame are compared; their numbers are, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The local that the last opcode set.
    pub(crate) set: Option<usize>,
    /// So many operands from the top.
    pub(crate) top: usize,
    /// The first of the [`WINDOW`] locals whose turn it is.
    pub(crate) local: usize,
    /// The first of the [`WINDOW`] operands below `top` whose turn it is, from the bottom.
    pub(crate) operand: usize,
}

/// The opcode before which the last event was: executed since, and nothing else.
#[derive(Clone, Copy, Debug)]
struct Step {
    op: Opcode,
    /// Its first immediate.
    a: u32,
    /// Frames at that event.
    depth: usize,
}

/// What is remembered from event to event.
#[derive(Debug, Default)]
pub(crate) struct Sampler {
    /// None where something else may have happened since the last event.
    last: Option<Step>,
    /// Whose turn it is.
    local: usize,
    operand: usize,
    /// Events until all frames are compared whatever happens.
    due: usize,
    /// Frames when they were compared last.
    depth: usize,
    /// The weight of the frames that wait, if the stack may be a small one.
    waiting: Option<usize>,
    /// Whether all frames are compared only when that is due.
    narrow: bool,
}

/// What it costs to read a frame, in values.
fn weight(view: &FrameView<'_>) -> usize {
    FRAME + view.locals.len() + view.operands.len()
}

impl Sampler {
    /// Something else than one opcode lies between the last event and the next.
    #[inline]
    pub(crate) fn disturb(&mut self) {
        self.last = None;
    }

    /// From here on all frames are compared only from time to time; whether that is new.
    pub(crate) fn narrow(&mut self) -> bool {
        !std::mem::replace(&mut self.narrow, true)
    }

    /// What to compare at an event in single-step, at which `view` is the innermost frame.
    #[inline]
    pub(crate) fn extent(&mut self, machine: &Machine, view: &FrameView<'_>) -> Extent {
        let depth = machine.depth();
        let instr = &view.function.instrs[view.position];
        let step = Step {
            op: instr.op,
            a: instr.a,
            depth,
        };
        let last = self.last.replace(step);
        self.due = self.due.saturating_sub(1);
        if self.due == 0 || depth >= 2 * self.depth {
            return self.all(machine);
        }
        let Some(last) = last else {
            return self.disturbed(machine);
        };
        let control = last.op.control();
        if depth == last.depth
            && matches!(control, Control::Next | Control::Branch | Control::Return)
        {
            return self.stepped(view, last, depth);
        }
        self.waiting = waiting(machine);
        match control {
            _ if self.is_small(view) => Extent::Frames(depth),
            Control::Call if depth == last.depth + 1 => Extent::Frames(2),
            Control::Return | Control::Branch if depth + 1 == last.depth => Extent::Frames(1),
            _ => self.disturbed(machine),
        }
    }

    /// One opcode of the innermost frame was executed.
    #[inline]
    fn stepped(&mut self, view: &FrameView<'_>, last: Step, depth: usize) -> Extent {
        if self.is_small(view) {
            return Extent::Frames(depth);
        }
        let (locals, operands) = (view.locals.len(), view.operands.len());
        let whole = locals + operands <= SMALL_FRAME
            // The engine may have collected garbage.
            || last.op.makes_object()
            || view.function.may_leave(view.position);
        if whole {
            return Extent::Frames(1);
        }
        // A branch moves what it carries.
        let top = match last.op.control() {
            Control::Next => operands.min(TOP),
            _ => operands,
        };
        let sets = matches!(last.op, Opcode::LocalSet | Opcode::LocalTee);
        Extent::Part(Part {
            set: sets.then_some(last.a as usize),
            top,
            local: turn(&mut self.local, locals),
            operand: turn(&mut self.operand, operands - top),
        })
    }

    /// Something else happened: all frames, while the case has not had its share of values.
    #[cold]
    fn disturbed(&mut self, machine: &Machine) -> Extent {
        if self.narrow {
            self.waiting = None;
            return Extent::Frames(1);
        }
        self.all(machine)
    }

    #[cold]
    fn all(&mut self, machine: &Machine) -> Extent {
        let cost: usize = machine.frames().map(|view| weight(&view)).sum();
        self.due = (cost / SHARE).max(1);
        self.depth = machine.depth();
        self.waiting = waiting(machine);
        Extent::Frames(self.depth)
    }

    #[inline]
    fn is_small(&self, view: &FrameView<'_>) -> bool {
        let waiting = self.waiting;
        waiting.is_some_and(|waiting| waiting + weight(view) <= SMALL_STACK)
    }
}

/// The weight of all frames but the innermost, if there are few enough.
fn waiting(machine: &Machine) -> Option<usize> {
    let few = machine.depth() <= SHALLOW;
    few.then(|| machine.frames().skip(1).map(|view| weight(&view)).sum())
}

/// The first of the values whose turn it is, of so many.
#[inline]
fn turn(next: &mut usize, count: usize) -> usize {
    let from = if *next < count { *next } else { 0 };
    *next = from + WINDOW;
    from
}

#[cfg(test)]
mod tests;
