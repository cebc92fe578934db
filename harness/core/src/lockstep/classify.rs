//! From a difference of structure to the one rule that names it.

use super::comparison::Comparison;
use super::driver::Driver;
use super::evidence::Indices;
use super::following::Following;
use super::following::LOOKAHEAD;
use super::frames::{Referents, StackDiff, ValueDiff, compare_values};
use super::places::expected_place;
use super::recorder::BeforeLookahead;
use super::references::Fault;
use super::verdict::{Ended, Flow};
use crate::causes::Known;
use crate::causes::if_params::ShownOperand;
use crate::divergence::Moment;
use crate::observe::{Observation, Place, Walk};
use crate::rules::RuleId;
use crate::snapshot::Snapshot;
use lockstep_oracles::machine::{EverySequencePoint, Stop};

/// What the subject shows, in a few words.
pub(super) struct Suspect;

impl Suspect {
    /// The innermost frame's place.
    pub(super) fn of(place: Option<Place>) -> String {
        match place {
            None => "an event without a frame".to_owned(),
            Some(place) => format!("an event at {}", show_place(place)),
        }
    }
}

/// A place for people.
pub(super) fn show_place(place: Place) -> String {
    let instance = place.instance.map_or("?".to_owned(), |i| i.to_string());
    let func = place.func.map_or("?".to_owned(), |f| f.to_string());
    format!("instance {instance} function {func} PC {}", place.pc)
}

impl StackDiff {
    /// The same difference counted from one frame further in.
    pub(super) fn behind_one_frame(self) -> StackDiff {
        match self {
            StackDiff::Place { frame } => StackDiff::Place { frame: frame + 1 },
            StackDiff::Missing { frame } => StackDiff::Missing { frame: frame + 1 },
            StackDiff::Extra { frame } => StackDiff::Extra { frame: frame + 1 },
            StackDiff::Activation { frame } => StackDiff::Activation { frame: frame + 1 },
        }
    }
}

/// Rules whose violation means that the two sides are no longer at the same place.
fn is_control(rule: RuleId) -> bool {
    matches!(
        rule,
        RuleId::StepLost
            | RuleId::StepSpurious
            | RuleId::BreakLost
            | RuleId::BreakSpurious
            | RuleId::Isolate
            | RuleId::FrameCount
            | RuleId::FrameOrder
            | RuleId::FrameFunction
            | RuleId::FramePc
    )
}

impl Following {
    /// Whether the innermost frame's values are those the oracle has now, whatever the PC shown.
    fn innermost_values_agree<O: Observation>(&mut self, observed: &mut O) -> bool {
        let Some(view) = self.machine.top() else {
            return false;
        };
        let layout = self.program.layout(&view);
        let mut scratch = super::tally::Tally::default();
        // What is bound here must not outlive the question.
        let mut unbound = super::references::References::default();
        let mut referents = Referents {
            machine: &self.machine,
            references: &mut unbound,
        };
        let mut diff = None;
        let mut walk = observed.walk();
        let shown = view.function.position(walk.place().pc);
        let operands = shown.map(|at| view.function.operand_types(at).len());
        if operands != Some(walk.num_operands() as usize) {
            compare_values(
                &view,
                layout,
                &mut walk,
                &mut referents,
                &mut scratch,
                &mut diff,
            );
            return diff.is_none();
        }
        drop(walk);
        // The operands may be those of the PC shown, of other types: read only what is safe there.
        let mut copy = self.snapshot(observed, 1);
        compare_values(
            &view,
            layout,
            &mut copy.walk(),
            &mut referents,
            &mut scratch,
            &mut diff,
        );
        diff.is_none()
    }
}

impl Comparison {
    /// The rule that a difference of structure breaks; with the states from before the oracle looked ahead, if it
    /// did.
    fn structural_rule<O: Observation>(
        &self,
        following: &mut Following,
        observed: &mut O,
        moment: Moment,
        expected: &[Place],
        seen: &[Place],
        frame: usize,
    ) -> (RuleId, Option<BeforeLookahead>) {
        if is_permutation(expected, seen) {
            return (RuleId::FrameOrder, None);
        }
        if frame == 0 && moment == Moment::Breakpoint {
            return self.innermost_rule(following, observed, expected, seen);
        }
        if expected.len() != seen.len() {
            return (RuleId::FrameCount, None);
        }
        (place_rule(expected[frame], seen[frame], frame), None)
    }

    /// The innermost frame is not where it should be: a wrong view, or a wrong event?
    fn innermost_rule<O: Observation>(
        &self,
        following: &mut Following,
        observed: &mut O,
        expected: &[Place],
        seen: &[Place],
    ) -> (RuleId, Option<BeforeLookahead>) {
        let (Some(&want), Some(&have)) = (expected.first(), seen.first()) else {
            return (RuleId::FrameCount, None);
        };
        let only_pc = Place {
            pc: want.pc,
            ..have
        } == want;
        if only_pc && following.innermost_values_agree(observed) {
            return (RuleId::FramePc, None);
        }
        if !following.breakpoints.is_selected(have)
            && have.instance.is_some()
            && have.func.is_some()
        {
            return (following.spurious_rule(Some(have)), None);
        }
        if Some(have) == following.invocation.previous {
            return (following.spurious_rule(Some(have)), None);
        }
        if !only_pc && expected.len() == seen.len() && have.pc == want.pc {
            return (place_rule(want, have, 0), None);
        }
        if expected.len() == seen.len() + 1 && expected.get(1) == Some(&have) {
            return (RuleId::FrameCount, None);
        }
        let (comes, before) = self.comes_to(following, observed, seen);
        let rule = if comes {
            following.breakpoints.lost_rule()
        } else if expected.len() != seen.len() {
            RuleId::FrameCount
        } else {
            place_rule(want, have, 0)
        };
        (rule, Some(before))
    }

    /// Whether the oracle will come to the stack that the subject shows. Only at the end of a case.
    fn comes_to<O: Observation>(
        &self,
        following: &mut Following,
        observed: &mut O,
        seen: &[Place],
    ) -> (bool, BeforeLookahead) {
        let before = self.both_states(following, observed, Moment::Breakpoint);

        for _ in 0..LOOKAHEAD {
            if following.machine.run(&EverySequencePoint) != Stop::SequencePoint {
                return (false, before);
            }
            let conventions = following.setting.conventions;
            let frames = following.machine.frames();
            let expected = frames.map(|view| expected_place(&view, conventions));
            if following.machine.depth() == seen.len() && expected.eq(seen.iter().copied()) {
                return (true, before);
            }
        }
        (false, before)
    }
}

impl Driver {
    /// The stacks differ in structure: names the rule, reports it, and ends the case if it is one of control.
    pub(super) fn misplaced<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        diff: StackDiff,
    ) -> Flow {
        if let Some(flow) = self.explain_host_activation(observed, moment) {
            return flow;
        }
        let expected: Vec<Place> = self.following.expected_places();
        let seen = Snapshot::places(observed, self.following.visible_frames());
        let frame = match diff {
            StackDiff::Place { frame }
            | StackDiff::Missing { frame }
            | StackDiff::Extra { frame }
            | StackDiff::Activation { frame } => frame,
        };
        let rule = if matches!(diff, StackDiff::Activation { .. }) {
            RuleId::FrameActivation
        } else {
            let following = &mut self.following;
            let (rule, before) = self
                .comparison
                .structural_rule(following, observed, moment, &expected, &seen, frame);
            // The report shows the state before that: the first event that differs.
            before
                .into_iter()
                .for_each(|before| self.recorder.keep(before));
            rule
        };
        let show = |place: Option<&Place>| place.map_or("no frame".to_owned(), |p| show_place(*p));
        let (wanted, shown) = match rule {
            RuleId::FrameActivation => ("as the oracle's".to_owned(), "the other".to_owned()),
            RuleId::FrameCount => (
                format!("{} frames", expected.len()),
                format!("{} frames", seen.len()),
            ),
            _ => (show(expected.get(frame)), show(seen.get(frame))),
        };
        // Once the oracle has looked ahead there is no way back.
        let control = is_control(rule) || self.recorder.has_looked_ahead();
        if control || self.recorder.findings.is_news(rule) {
            let divergence =
                self.evidence(observed, moment, rule, Some(frame), Some(wanted), shown);
            self.record(divergence);
        }
        if !control {
            return Flow::Continue;
        }
        self.end_control(rule);
        Flow::Stop
    }

    /// Reports a difference of control and ends the case.
    pub(super) fn report_control<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        rule: RuleId,
        expected: String,
        shown: String,
    ) -> Flow {
        let divergence = self.evidence(observed, moment, rule, None, Some(expected), shown);
        self.record(divergence);
        self.end_control(rule);
        Flow::Stop
    }

    /// Reports each kind of value that differs in a frame, once a rule.
    pub(super) fn report_values<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        diff: ValueDiff,
    ) {
        self.report_among(observed, moment, frame, diff, &[]);
    }

    /// The same where operands are shown among others; none are given where they are shown alone.
    pub(super) fn report_among<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        mut diff: ValueDiff,
        operands: &[ShownOperand],
    ) {
        if self.comparison.registers.are_changed() {
            match self.follow_registers(observed, moment, frame, diff) {
                Some(left) => diff = left,
                None => return,
            }
        }
        if diff.operand_count
            && let Some((explained, shown)) = self.explain_operands(observed, moment, frame)
        {
            diff.operand_count = false;
            diff.operand_type = explained.operand_type;
            diff.operand_value = explained.operand_value;
            diff.operand_reference = explained.operand_reference;
            diff.operand_converted = explained.operand_converted;
            return self.report_each(observed, moment, frame, diff, &shown);
        }
        self.report_each(observed, moment, frame, diff, operands);
    }

    fn report_each<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        frame: usize,
        mut diff: ValueDiff,
        operands: &[ShownOperand],
    ) {
        let local = Indices::same;
        let operand = |index| Indices::among(operands, index);
        if let Some(index) = diff.operand_converted {
            match self.following.explain_converted(frame, index) {
                Some(known) => {
                    self.count_converted(observed, moment, frame, operand(index), known);
                }
                None => {
                    diff.operand_type = Some(diff.operand_type.map_or(index, |at| at.min(index)));
                }
            }
        }
        let operand_count = if frame == 0 {
            RuleId::OperandCount
        } else {
            RuleId::CallerOperands
        };
        if let Some((index, fault)) = diff.local_reference {
            self.report_reference(observed, moment, (frame, true, local(index)), fault);
        }
        if let Some((index, fault)) = diff.operand_reference {
            self.report_reference(observed, moment, (frame, false, operand(index)), fault);
        }
        let locals = |index: Option<u32>| index.map(|index| Some(local(index)));
        let operands = |index: Option<u32>| index.map(|index| Some(operand(index)));
        let found = [
            (diff.local_count.then_some(None), RuleId::LocalCount),
            (locals(diff.local_type), RuleId::LocalType),
            (locals(diff.local_value), RuleId::LocalValue),
            (diff.operand_count.then_some(None), operand_count),
            (operands(diff.operand_type), RuleId::OperandType),
            (operands(diff.operand_value), RuleId::OperandValue),
        ];
        for (index, rule) in found {
            let Some(index) = index else { continue };
            let known = match (rule, index) {
                (RuleId::OperandValue, Some(index)) => {
                    self.following.explain_stale_host(frame, index.real)
                }
                _ => None,
            };
            if known.is_none() && !self.recorder.findings.is_news(rule) {
                continue;
            }
            let (expected, shown) =
                self.comparison
                    .value_pair(&self.following, observed, frame, rule, index);
            let mut divergence =
                self.evidence(observed, moment, rule, Some(frame), Some(expected), shown);
            divergence.known = known.map(Known::cause);
            self.record(divergence);
            self.end_if_known(known);
        }
    }

    /// Reports a local or operand that does not denote what it should.
    fn report_reference<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        (frame, is_local, index): (usize, bool, Indices),
        fault: Fault,
    ) {
        let Some(rule) = fault.rule() else { return };
        // In the same look a reference was shown that denotes no object any more: which one it was taken for
        // decides what the others seem to denote.
        if matches!(self.ended, Some(Ended::Known(_))) {
            return;
        }
        let stale = || {
            (!is_local)
                .then(|| self.following.explain_stale(frame, index.real))
                .flatten()
        };
        let known = self
            .comparison
            .explain_identity(&self.following, fault)
            .or_else(stale);
        if known.is_none() && !self.recorder.findings.is_news(rule) {
            return;
        }
        let place = if is_local {
            RuleId::LocalValue
        } else {
            RuleId::OperandValue
        };
        let (expected, shown) =
            self.comparison
                .value_pair(&self.following, observed, frame, place, Some(index));
        let (expected, shown) = fault.tell(expected, shown);
        let mut divergence =
            self.evidence(observed, moment, rule, Some(frame), Some(expected), shown);
        divergence.known = known.map(Known::cause);
        self.record(divergence);
        self.end_if_known(known);
    }
}

/// The rule for one frame that is elsewhere.
fn place_rule(want: Place, have: Place, frame: usize) -> RuleId {
    if want.instance != have.instance && want.func == have.func {
        RuleId::FrameInstance
    } else if !have.module_agrees {
        RuleId::FrameModule
    } else if want.func != have.func {
        RuleId::FrameFunction
    } else if want.instance != have.instance {
        RuleId::FrameInstance
    } else if frame == 0 {
        RuleId::FramePc
    } else {
        RuleId::FrameCallerPc
    }
}

/// Whether the same frames are shown in another order.
fn is_permutation(expected: &[Place], seen: &[Place]) -> bool {
    let key = |p: &Place| (p.instance, p.func, p.pc);
    let mut a: Vec<_> = expected.iter().map(key).collect();
    let mut b: Vec<_> = seen.iter().map(key).collect();
    let differ = a != b;
    a.sort_unstable();
    b.sort_unstable();
    differ && a == b
}
