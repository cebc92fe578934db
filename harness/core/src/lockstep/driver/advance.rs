//! The oracle's way to its next event.

use super::Driver;
use crate::divergence::Execution;
use crate::lockstep::following::POINTS_BETWEEN_EVENTS;
use crate::lockstep::following::breakpoints::Selected;
use crate::lockstep::following::growth::run_following;
use crate::lockstep::following::interrupts::is_interruptible;
use crate::lockstep::verdict::Ended;
use crate::phases;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::{EverySequencePoint, FrameView, NoSequencePoint, Stop, StopAt};
use lockstep_oracles::trap::Exhaustion;

impl Driver {
    /// Runs the oracle to its next stop, as this execution's subject would.
    #[inline(always)]
    pub(crate) fn advance(&mut self) -> Stop {
        let _phase = phases::enter(phases::Phase::Oracle);
        let stop = self.advance_core();
        if stop == Stop::SequencePoint || self.following.component.is_none() {
            return stop;
        }
        self.advance_component(stop)
    }

    /// The same, where core code stopped that belongs to a component.
    #[cold]
    #[inline(never)]
    fn advance_component(&mut self, mut stop: Stop) -> Stop {
        loop {
            match self.glue(stop) {
                Some(stop) => return stop,
                None => stop = self.advance_core(),
            }
            if stop == Stop::SequencePoint {
                return stop;
            }
        }
    }

    /// The next stop of core code.
    #[inline(always)]
    fn advance_core(&mut self) -> Stop {
        if self.following.invocation.ahead.is_some() || self.following.epoch.is_due() {
            return self.advance_warily();
        }
        if self.following.has_events() && self.following.breakpoints.is_everywhere() {
            return self.run_stepped();
        }
        self.advance_beyond_points()
    }

    /// The same, where the oracle was brought to its next stop already, or an `EpochYield` event is due:
    /// that must come before the program passes a place where it can be interrupted.
    #[cold]
    fn advance_warily(&mut self) -> Stop {
        let mut stop = self.following.invocation.ahead.take();
        loop {
            let stepped = self.following.breakpoints.is_everywhere();
            let next = match stop.take() {
                Some(stop) => stop,
                None if stepped => self.run_stepped(),
                None if self.following.epoch.is_due() => self.run_to_interruptible(),
                None => return self.advance_beyond_points(),
            };
            if next != Stop::SequencePoint {
                return next;
            }
            let Some(view) = self.following.machine.top() else {
                return next;
            };
            let interruptible = is_interruptible(view.function, view.position);
            let selected = stepped
                || self
                    .following
                    .breakpoints
                    .selects(view.instance, view.pc().0);
            if interruptible && self.following.epoch.take_due() {
                self.report_lost_yield();
            }
            if selected {
                return next;
            }
        }
    }

    /// The same, where not every sequence point is an event.
    #[inline(never)]
    fn advance_beyond_points(&mut self) -> Stop {
        match self.following.setting.execution {
            Execution::Instrumented if self.following.has_events() => self.advance_to_breakpoint(),
            // Nothing tells of an exception that the activation catches.
            Execution::Instrumented => beyond_caught(|| self.advance_to_breakpoint()),
            Execution::Uninstrumented => beyond_caught(|| self.run_unseen()),
        }
    }

    /// The program comes to no event that was asked for.
    pub(crate) fn give_up(&mut self) -> Stop {
        self.ended = Some(Ended::PointLimit(POINTS_BETWEEN_EVENTS));
        Stop::Exhausted(Exhaustion::CallDepth)
    }

    /// Runs the oracle to its next stop but for sequence points.
    fn run_unseen(&mut self) -> Stop {
        if self.following.history.wants_steps() {
            return self.run_noting_opcodes();
        }
        let stop = run_following(
            &mut self.following.machine,
            &self.following.sizes,
            &NoSequencePoint,
        );
        stop.unwrap_or_else(|limit| self.cannot_grow(limit))
    }

    /// Runs the oracle to its next modelled breakpoint, or gives up.
    fn advance_to_breakpoint(&mut self) -> Stop {
        if self.comparison.nans.any {
            return self.run_noting_nans(|_| false);
        }
        if self.comparison.notes_steps(&self.following)
            && let Some(stop) = self.run_noting_steps(|_| false)
        {
            self.note_silent();
            return stop;
        }
        let selected = Selected::new(&self.following.breakpoints, POINTS_BETWEEN_EVENTS);
        let stop = run_following(
            &mut self.following.machine,
            &self.following.sizes,
            &selected,
        );
        let left = selected.left();
        self.recorder.tally.executed += POINTS_BETWEEN_EVENTS - left;
        self.note_silent();
        if left == 0 {
            return self.give_up();
        }
        stop.unwrap_or_else(|limit| self.cannot_grow(limit))
    }

    /// Runs the oracle to its next sequence point.
    pub(crate) fn run_stepped(&mut self) -> Stop {
        self.recorder.tally.executed += 1;
        if self.comparison.notes_steps(&self.following) {
            self.comparison.note_next(&mut self.following);
        }
        let stop = match self.comparison.nans.any {
            true => self.advance_noting_nans(),
            false => self.following.machine.run(&EverySequencePoint),
        };
        self.follow_growth(stop)
    }

    /// Runs the oracle to the next breakpoint, or to where `also` says.
    pub(crate) fn run_to_breakpoint_or(
        &mut self,
        also: impl Fn(InstanceAddr, &Function, usize) -> bool,
    ) -> Stop {
        let here = |view: &FrameView<'_>| also(view.instance, view.function, view.position);
        if self.comparison.nans.any {
            return self.run_noting_nans(here);
        }
        if self.comparison.notes_steps(&self.following)
            && let Some(stop) = self.run_noting_steps(here)
        {
            return stop;
        }
        let selected = Selected::new(&self.following.breakpoints, POINTS_BETWEEN_EVENTS);
        let either = Either(&selected, also);
        let stop = run_following(&mut self.following.machine, &self.following.sizes, &either);
        self.recorder.tally.executed += POINTS_BETWEEN_EVENTS - selected.left();
        self.note_silent();
        stop.unwrap_or_else(|limit| self.cannot_grow(limit))
    }
}

/// Stops where breakpoints are, and where something else says.
struct Either<'a, 'm, F>(&'a Selected<'m>, F);

impl<F: Fn(InstanceAddr, &Function, usize) -> bool> StopAt for Either<'_, '_, F> {
    fn stops(&self, instance: InstanceAddr, function: &Function, position: usize) -> bool {
        // Both are asked: a breakpoint counts the points that are passed.
        self.0.stops(instance, function, position) | (self.1)(instance, function, position)
    }
}

/// The next stop but for exceptions that the activation catches.
fn beyond_caught(mut next: impl FnMut() -> Stop) -> Stop {
    loop {
        match next() {
            Stop::Throw { caught: true, .. } => {}
            stop => return stop,
        }
    }
}
