//! From a difference of structure to the one rule that names it.

use super::comparison::Comparison;
use super::frames::{Referents, StackDiff, compare_values};
use crate::divergence::Moment;
use crate::lockstep::following::Following;
use crate::lockstep::following::LOOKAHEAD;
use crate::lockstep::following::places::expected_place;
use crate::lockstep::recording::recorder::BeforeLookahead;
use crate::observe::{Observation, Place, Walk};
use crate::rules::RuleId;
use lockstep_oracles::machine::{EverySequencePoint, Stop};

/// What the subject shows, in a few words.
pub(crate) struct Suspect;

impl Suspect {
    /// The innermost frame's place.
    pub(crate) fn of(place: Option<Place>) -> String {
        match place {
            None => "an event without a frame".to_owned(),
            Some(place) => format!("an event at {}", show_place(place)),
        }
    }
}

/// A place for people.
pub(crate) fn show_place(place: Place) -> String {
    let instance = place.instance.map_or("?".to_owned(), |i| i.to_string());
    let func = place.func.map_or("?".to_owned(), |f| f.to_string());
    format!("instance {instance} function {func} PC {}", place.pc)
}

impl StackDiff {
    /// The same difference counted from one frame further in.
    pub(crate) fn behind_one_frame(self) -> StackDiff {
        match self {
            StackDiff::Place { frame } => StackDiff::Place { frame: frame + 1 },
            StackDiff::Missing { frame } => StackDiff::Missing { frame: frame + 1 },
            StackDiff::Extra { frame } => StackDiff::Extra { frame: frame + 1 },
            StackDiff::Activation { frame } => StackDiff::Activation { frame: frame + 1 },
        }
    }
}

impl Following {
    /// Whether the innermost frame's values are those the oracle has now, whatever the PC shown.
    fn innermost_values_agree<O: Observation>(&mut self, observed: &mut O) -> bool {
        let Some(view) = self.machine.top() else {
            return false;
        };
        let layout = self.program.layout(&view);
        let mut scratch = crate::lockstep::recording::tally::Tally::default();
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
    pub(crate) fn structural_rule<O: Observation>(
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
