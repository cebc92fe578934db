//! Differences of whole stacks that a cause explains: activations without a frame, and frames of
//! inlined code.

use crate::causes::inlined_tail_call::{self, AtTailCall};
use crate::causes::{Cause, Known, host_activation};
use crate::divergence::Moment;
use crate::lockstep::following::Following;
use crate::lockstep::following::history::Executed;
use crate::lockstep::following::places::expected_place;
use crate::observe::{Observation, Place, Walk};
use crate::snapshot::Snapshot;

impl Following {
    /// How many frames are shown where they must be before some are shown again, if a cause has that
    /// (`HOST-ACTIVATION`): up to the first activation without a frame, and those of the one below it.
    #[inline]
    pub(crate) fn before_repetition(&self) -> Option<usize> {
        self.setting.cause(Cause::HostActivation)?;
        self.machine.frames_to_bare_activation()
    }

    /// The cause by which frames are shown that a tail call replaced (`INLINED-TAIL-CALL`), where host
    /// functions that host code called show them again.
    fn replaced_behind_hosts(&self, seen: &[Place], by_activation: &[Vec<Place>]) -> Option<Known> {
        let known = self.replaced_are_shown()?;
        let mut from_innermost = by_activation.iter().rev();
        let hosts = from_innermost.clone().take_while(|a| a.is_empty()).count();
        let frames = from_innermost.nth(hosts)?.len();
        let expected = self.expected_places();
        host_activation::unrepeated(seen, hosts, frames)
            .any(|shown| self.replaced_among(shown, &expected, true).is_some())
            .then_some(known)
    }

    /// The cause by which frames may be shown that a tail call replaced, if one did.
    fn replaced_are_shown(&self) -> Option<Known> {
        let known = self.setting.cause(Cause::InlinedTailCall);
        known.filter(|_| self.setting.inlined && self.history.has_tail_calls())
    }

    /// Frames that a tail call in inlined code replaced, and that are shown between the right ones
    /// (`INLINED-TAIL-CALL`): which of the frames shown they are, if without them all are where they
    /// must be, and the cause.
    pub(crate) fn replaced_frames<O: Observation>(
        &self,
        observed: &mut O,
        moment: Moment,
    ) -> Option<(Vec<usize>, Known)> {
        let known = self.replaced_are_shown()?;
        let expected = self.expected_places();
        // Where the frame of a trap or an interruption is shown has rules of its own, and it may have no
        // instance.
        let own = matches!(moment, Moment::Trap | Moment::EpochYield);
        let innermost = expected.first().copied().filter(|_| own);
        let shown = places(observed, self.visible_frames(), &expected, innermost);
        let in_host = matches!(moment, Moment::HostCall | Moment::HostcallError)
            || moment == Moment::Throw && self.invocation.host_is_throwing();
        let replaced = self.replaced_among(&shown, &expected, in_host)?;
        (!replaced.is_empty()).then_some((replaced, known))
    }

    /// Which of the frames shown a tail call replaced, if without them all are where they must be; `in_host`,
    /// where the innermost one is not about to execute an opcode.
    fn replaced_among(
        &self,
        shown: &[Place],
        expected: &[Place],
        in_host: bool,
    ) -> Option<Vec<usize>> {
        let mut replaced: Vec<usize> = Vec::new();
        let (mut matched, mut since) = (0, 0);
        for (at, place) in shown.iter().enumerate() {
            // A frame may also wait for a call right before a tail call.
            if expected.get(matched) == Some(place) {
                if !self.explains_between(&shown[since..at], matched) {
                    return None;
                }
                matched += 1;
                since = at + 1;
            } else if at == 0 && !in_host {
                // The innermost frame is about to execute its opcode, a tail call or not.
                return None;
            } else {
                replaced.push(at);
            }
        }
        let whole = matched == expected.len() && self.explains_between(&shown[since..], matched);
        whole.then_some(replaced)
    }

    /// Whether frames that tail calls replaced may be shown here, innermost first: inside the program's
    /// frame with this number.
    fn explains_between(&self, shown: &[Place], number: usize) -> bool {
        if shown.is_empty() {
            return true;
        }
        let inner = number.checked_sub(1);
        let inner = inner.and_then(|inner| self.machine.frames().nth(inner));
        let outer = self.machine.frames().nth(number);
        let Some(outside) = self.machine.depth().checked_sub(number) else {
            return false;
        };
        let at: Option<Vec<AtTailCall>> = shown
            .iter()
            .map(|&place| self.at_tail_call(place, outside))
            .collect();
        let called = outer.as_ref().filter(|view| view.waits).and_then(|view| {
            self.program
                .inlined_callee(view.instance, view.function, view.position)
        });
        let instance = shown.iter().find_map(|place| place.instance);
        let calls = instance.and_then(|instance| self.program.calls(instance));
        let comes_to = |from, to| calls.is_some_and(|calls| calls.comes_to(from, to));
        // A host function that was called may be between them.
        let apart = inner.as_ref().zip(outer.as_ref());
        let apart = apart.is_some_and(|(inner, outer)| inner.activation != outer.activation);
        let inner = inner.map(|view| view.function.index);
        at.is_some_and(|at| {
            if apart {
                inlined_tail_call::explains_apart(&at, inner, called, comes_to)
            } else {
                inlined_tail_call::explains(&at, inner, called, comes_to)
            }
        })
    }

    /// The frame at a place, if that is a tail call that was executed with so many frames outside it.
    fn at_tail_call(&self, place: Place, outside: usize) -> Option<AtTailCall> {
        let (instance, func) = (place.instance?, place.func?);
        let function = self
            .machine
            .store
            .instance(instance)
            .module
            .function(func)?;
        let position = function.position(place.pc)?;
        let executed = Executed {
            instance,
            func,
            position,
        };
        let tail = function.instrs[position].op.is_tail_call();
        if !tail || !place.module_agrees || !self.history.has_replaced(outside, executed) {
            return None;
        }
        Some(AtTailCall {
            func,
            callee: self.program.inlined_callee(instance, function, position),
        })
    }

    /// The cause that forbids to look at frames while one waits at a direct call that a `try_table` of
    /// its function guards and that may be inlined: what is inlined there has lost its records
    /// (`INLINED-TRY-CALL`).
    pub(crate) fn inlined_in_try(&self) -> Option<Known> {
        let known = self.setting.cause(Cause::InlinedTryCall)?;
        self.is_in_guarded_call().then_some(known)
    }

    /// Whether a frame waits at a guarded call that may be inlined.
    pub(crate) fn is_in_guarded_call(&self) -> bool {
        self.program.has_guarded_calls()
            && self
                .machine
                .frames()
                .any(|view| view.waits && self.program.is_at_guarded_call(&view))
    }

    /// The causes by which the frames shown are the right ones and, for each activation without a frame, once more
    /// those of the activation below it: the one by which tail calls have replaced frames, if they have, and
    /// `HOST-ACTIVATION`.
    pub(crate) fn repeats_activations<O: Observation>(
        &self,
        observed: &mut O,
        moment: Moment,
    ) -> Option<(Option<Known>, Known)> {
        let known = self.setting.cause(Cause::HostActivation)?;
        let activations = self.machine.num_activations();
        let mut by_activation: Vec<Vec<Place>> = vec![Vec::new(); activations];
        for view in self.machine.frames() {
            by_activation[view.activation].push(expected_place(&view, self.setting.conventions));
        }
        if !by_activation.iter().any(Vec::is_empty) {
            return None;
        }
        let seen = Snapshot::places(observed, self.visible_frames());
        let mut expected = host_activation::shown(&by_activation);
        // Where the own frame of a trap or an interruption is shown has rules of its own, already applied.
        if matches!(moment, Moment::Trap | Moment::EpochYield)
            && let Some((innermost, shown)) = expected.first_mut().zip(seen.first())
        {
            *innermost = *shown;
        }
        let mut replaced = None;
        if seen != expected {
            replaced = Some(self.replaced_behind_hosts(&seen, &by_activation)?);
        }
        Some((replaced, known))
    }

    /// Whether the next opcode is a guarded call that may be inlined.
    pub(crate) fn is_entering_guarded_call(&self) -> bool {
        let view = self.machine.top();
        view.is_some_and(|view| !view.waits && self.program.is_at_guarded_call(&view))
    }
}

/// Where the frames are shown that may be looked at: so many of those expected, and what is shown between
/// them. The innermost is not asked for if it is given.
pub(crate) fn places<O: Observation>(
    observed: &mut O,
    frames: usize,
    expected: &[Place],
    innermost: Option<Place>,
) -> Vec<Place> {
    let mut places = Vec::new();
    let mut matched = 0;
    let mut walk = observed.walk();
    while matched < frames && !walk.done() {
        let given = innermost.filter(|_| places.is_empty());
        let place = given.unwrap_or_else(|| walk.place());
        matched += usize::from(expected.get(matched) == Some(&place));
        places.push(place);
        if matched < frames {
            walk.parent();
        }
    }
    places
}
