//! What may be looked at of the stack where a program is interrupted, and which frames are shown there.

use super::Following;
use super::interrupts::Interruption;
use super::places::expected_place;
use crate::causes::inlined_calls::InlinedCalls;
use crate::causes::{Cause, Known, libcall_frame};
use crate::observe::{Boundary, Observation, Place, Walk};
use lockstep_oracles::address::FuncIndex;

/// Where a program is interrupted, and what may be looked at of the stack.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// Whether it is within the oracle's next opcode, not before it.
    pub(crate) within: bool,
    /// The cause that forbids any look.
    pub(crate) hidden: Option<Known>,
    /// The cause that forbids to ask for the innermost frame's instance.
    pub(crate) unnamed: Option<Known>,
    /// The cause by which the innermost frame may be shown as one of another function.
    pub(crate) foreign: Option<Known>,
    /// The cause by which the frames shown may be those of a body that was inlined and is not executed, which
    /// their functions and PCs tell: then nothing else may be asked of them.
    pub(crate) buried: Option<Known>,
}

impl Following {
    /// What may be looked at where the oracle's next opcode failed.
    pub(crate) fn sight_within(&self, interruption: Interruption) -> Sight {
        self.sight(interruption, true, false)
    }

    /// What causes forbid to look at.
    pub(crate) fn sight(&self, interruption: Interruption, within: bool, entered: bool) -> Sight {
        let by_call = interruption != Interruption::Overflow;
        let unnamed = match by_call {
            true => Cause::EpochFrame,
            false => Cause::OverflowFrame,
        };
        let foreign = self.setting.cause(Cause::LibcallFrame);
        let foreign = foreign.filter(|_| {
            by_call && entered && (interruption != Interruption::Epoch || self.may_trap_first())
        });
        let (inlined, buried) = match by_call {
            true => self.inlined_libcall(foreign.is_some()),
            false => {
                // The record found may be of the function placed before, whichever that is.
                let known = self.setting.cause(Cause::InlinedTrap);
                let known = known.filter(|_| self.setting.inlined && self.inlines_anywhere());
                (known, None)
            }
        };
        let inlined = inlined.or_else(|| self.inlined_in_try());
        let unnamed = self.setting.cause(unnamed).filter(|_| entered);
        // An engine with debug assertions asks for the instance itself when it is asked for the function.
        let asserted = unnamed.or(foreign).or(buried);
        let asserted = asserted.filter(|_| cfg!(debug_assertions));
        Sight {
            within,
            hidden: inlined
                .or(foreign.filter(|_| self.is_in_first_function()))
                .or(asserted),
            unnamed,
            foreign,
            buried,
        }
    }

    /// What forbids to look at the stack where a library call interrupts code into which callees are
    /// inlined (`INLINED-LIBCALL`): the cause that forbids any look, or else the one that does if the frames
    /// shown turn out to be others. They may be `foreign`: of the function placed before.
    fn inlined_libcall(&self, foreign: bool) -> (Option<Known>, Option<Known>) {
        let known = self.setting.cause(Cause::InlinedLibcall);
        let Some(known) = known.filter(|_| self.setting.inlined) else {
            return (None, None);
        };
        let Some((calls, own)) = self.calls_of_innermost() else {
            return (Some(known), None);
        };
        let others = self.shares_code() || foreign && calls.is_inlined(own);
        (None, others.then_some(known))
    }

    /// What is known of the calls of the innermost frame's module, and its function.
    fn calls_of_innermost(&self) -> Option<(&InlinedCalls, FuncIndex)> {
        let top = self.machine.top()?;
        Some((self.program.calls(top.instance)?, top.function.index))
    }

    /// Whether the code that executes the innermost function may hold that of others: of callees, of a caller
    /// that it was inlined into, or of a function whose place it took.
    pub(crate) fn shares_code(&self) -> bool {
        let Some((calls, own)) = self.calls_of_innermost() else {
            return true;
        };
        let caller = self.machine.frames().nth(1);
        let caller = caller.filter(|caller| caller.waits);
        calls.inlines_any(own)
            || calls.is_tail_called(own)
            || caller.is_some_and(|caller| self.program.may_be_inlined_at(&caller))
    }

    /// Whether any code of the innermost function's module may hold that of another function.
    fn inlines_anywhere(&self) -> bool {
        let calls = self.calls_of_innermost();
        calls.is_none_or(|(calls, _)| calls.inlines_anywhere())
    }

    /// Whether the frames shown are those of the innermost function where it is, however it was inlined. The
    /// path of calls tells its body from every other; only functions and PCs are asked for.
    pub(crate) fn is_own<O: Observation>(&self, observed: &mut O) -> bool {
        let mut frames = self.machine.frames().peekable();
        let mut walk = observed.walk();
        let mut replaced = false;
        let mut innermost = true;
        while let Some(view) = frames.next() {
            let defined = view.function.index.0 - view.module.num_imported_funcs();
            let place = expected_place(&view, self.setting.conventions);
            let shown = match walk.done() {
                true => None,
                false => walk.code(),
            };
            let is_here = |(function, pc)| function == defined && (innermost || pc == place.pc);
            if !shown.is_some_and(is_here) {
                return false;
            }
            innermost = false;
            let calls = self.program.calls(view.instance);
            replaced |= calls.is_some_and(|calls| calls.is_tail_called(view.function.index));
            let Some(caller) = frames.peek() else {
                return !replaced || walk.parent() == Boundary::Host || walk.done();
            };
            if !caller.waits || caller.activation != view.activation {
                return !replaced || walk.parent() == Boundary::Host;
            }
            if !self.program.may_be_inlined_at(caller) && !replaced {
                return true;
            }
            walk.parent();
        }
        true
    }

    /// Whether the code before which the innermost function is entered may be placed behind the call that
    /// the epoch makes: what always traps is.
    fn may_trap_first(&self) -> bool {
        let top = self.machine.top();
        top.is_none_or(|view| libcall_frame::may_trap_first(view.module, view.function))
    }

    /// Whether the innermost frame is of the first function that its module defines: no record is placed
    /// before its own.
    fn is_in_first_function(&self) -> bool {
        let view = self.machine.top();
        view.is_some_and(|view| view.function.index.0 == view.module.num_imported_funcs())
    }

    /// Whether the innermost frame is shown as one of another function. Its instance is not asked for.
    pub(crate) fn is_foreign<O: Observation>(&self, observed: &mut O) -> bool {
        let Some(view) = self.machine.top() else {
            return false;
        };
        let own = view.function.index.0 - view.module.num_imported_funcs();
        let mut walk = observed.walk();
        !walk.done() && walk.code().is_some_and(|(function, _)| function != own)
    }

    /// Where the innermost frame is expected, and how many functions its module imports, where its
    /// instance must not be asked for.
    pub(crate) fn stand_in(&self, sight: Sight) -> Option<(Place, u32)> {
        sight.unnamed.or(sight.foreign)?;
        let view = self.machine.top()?;
        let place = expected_place(&view, self.setting.conventions);
        Some((place, view.module.num_imported_funcs()))
    }
}
