//! Which rules were exercised: of which the checker compared something.
//!
//! Most follow from what is counted anyway. Checkers that count nothing, none of which runs at every
//! event, note their own.

use super::families::Family;
use super::looks::Look;
use super::tally::Tally;
use crate::rules::RuleId;
use crate::version::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A set of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleSet([u64; 2]);

const _: () = assert!(RuleId::ALL.len() <= 2 * u64::BITS as usize);

impl RuleSet {
    /// Takes a rule in.
    #[inline]
    pub fn note(&mut self, rule: RuleId) {
        self.0[rule as usize / 64] |= 1 << (rule as usize % 64);
    }

    /// Whether a rule is in it.
    pub fn has(&self, rule: RuleId) -> bool {
        self.0[rule as usize / 64] & (1 << (rule as usize % 64)) != 0
    }

    /// Takes another set in.
    pub fn add(&mut self, other: &RuleSet) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
    }
}

/// Which rules were exercised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleCoverage {
    /// How many rules were.
    pub exercised: usize,
    /// How many the version lets be exercised.
    pub of: usize,
    /// Those of them that never were, in the contract's order.
    pub never: Vec<RuleId>,
    /// Why the others cannot be.
    pub unexercisable: BTreeMap<RuleId, &'static str>,
}

impl RuleCoverage {
    /// That of a version's rules.
    pub fn of(rules: &RuleSet, subject: Version) -> RuleCoverage {
        let reasons = RuleId::ALL.iter().filter(|&&rule| !rules.has(rule));
        let reasons = reasons.filter_map(|&rule| Some((rule, unexercisable(rule, subject)?)));
        let unexercisable: BTreeMap<_, _> = reasons.collect();
        let can = RuleId::ALL
            .iter()
            .filter(|rule| !unexercisable.contains_key(rule));
        let (exercised, never): (Vec<RuleId>, Vec<RuleId>) =
            can.partition(|&&rule| rules.has(rule));
        RuleCoverage {
            exercised: exercised.len(),
            of: exercised.len() + never.len(),
            never,
            unexercisable,
        }
    }

    /// Leaves out a rule that nothing which was run can exercise.
    pub fn leave_out(&mut self, rule: RuleId, why: &'static str) {
        if let Some(at) = self.never.iter().position(|&never| never == rule) {
            self.never.remove(at);
            self.of -= 1;
            self.unexercisable.insert(rule, why);
        }
    }
}

/// The rules that were exercised in what this tally counts.
pub fn exercised(tally: &Tally) -> RuleSet {
    use RuleId as R;
    let mut rules = tally.noted;
    let looked = |look| tally.looks.of(look).events > 0;
    let trapped = [
        Look::Trap,
        Look::Overflow,
        Look::OutOfMemory,
        Look::OutOfFuel,
        Look::Deadline,
        Look::SegmentTrap,
    ];
    let signs: [(bool, &[RuleId]); 11] = [
        // A case that came to an end is one.
        (
            true,
            &[R::Panic, R::Crash, R::Hang, R::MemoryLimit, R::Refusal],
        ),
        (
            tally.frames > 0,
            &[
                R::FrameCount,
                R::FrameInstance,
                R::FrameModule,
                R::FrameFunction,
                R::FramePc,
            ],
        ),
        (trapped.into_iter().any(looked), &[R::TrapEvent]),
        (looked(Look::HostError), &[R::HostErrorEvent]),
        (tally.throws > 0, &[R::ThrowEvent]),
        (tally.epoch_yields > 0, &[R::EpochEvent, R::EpochLost]),
        (tally.host_calls > 0, &[R::HostCall]),
        (tally.collections > 0, &[R::Collect]),
        (tally.handles > 0, &[R::Kept]),
        (tally.sequence_points > 0, &[R::HandlerEvent]),
        (tally.code_images > 0, &[R::EditCodeImage]),
    ];
    let families = Family::ALL.into_iter();
    let families = families.map(|family| (tally.checked.has_any(family), family.rules()));
    for (_, signed) in signs
        .into_iter()
        .chain(families)
        .filter(|&(shown, _)| shown)
    {
        signed.iter().for_each(|&rule| rules.note(rule));
    }
    rules
}

/// Why no case can exercise a rule on a version; none where one can.
pub fn unexercisable(rule: RuleId, subject: Version) -> Option<&'static str> {
    match rule {
        RuleId::FrameHandle | RuleId::StaleHandle if subject.release() < 43 => {
            Some("its frames are shown by a cursor, which cannot be kept")
        }
        RuleId::Instances
        | RuleId::InstanceIndex
        | RuleId::Modules
        | RuleId::ModuleIndex
        | RuleId::Bytecode
            if subject.release() < 43 =>
        {
            Some("its API lists no instances and no modules, and has no bytecode of one")
        }
        RuleId::Registered if subject.release() < 45 => {
            Some("its API has no call that registers a module")
        }
        RuleId::EditCodeImage | RuleId::EditPermissions | RuleId::EditWritable
            if !cfg!(target_os = "linux") =>
        {
            Some("images of code are read on Linux only")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::opcode::Opcode;

    #[test]
    fn a_set_holds_what_was_noted() {
        let mut rules = RuleSet::default();
        assert!(RuleId::ALL.iter().all(|&rule| !rules.has(rule)));
        let (first, last) = (RuleId::ALL[0], RuleId::ALL[RuleId::ALL.len() - 1]);
        rules.note(last);
        assert!(rules.has(last) && !rules.has(first));
        let mut other = RuleSet::default();
        other.note(first);
        rules.add(&other);
        assert!(rules.has(last) && rules.has(first));
        let text = serde_json::to_string(&rules).unwrap();
        assert_eq!(serde_json::from_str::<RuleSet>(&text).unwrap(), rules);
    }

    #[test]
    fn a_rule_that_a_version_cannot_exercise_has_its_reason() {
        let [old, new] = [Version::V42, Version::V48].map(|subject| {
            let mut rules = RuleSet::default();
            rules.note(RuleId::StepLost);
            RuleCoverage::of(&rules, subject)
        });
        assert_eq!((old.exercised, new.exercised), (1, 1));
        assert!(!new.never.contains(&RuleId::StepLost));
        assert!(new.never.contains(&RuleId::FrameHandle));
        assert!(!old.never.contains(&RuleId::FrameHandle));
        assert!(old.unexercisable[&RuleId::FrameHandle].contains("cursor"));
        for coverage in [old, new] {
            let all = coverage.of + coverage.unexercisable.len();
            assert_eq!(all, RuleId::ALL.len());
        }
    }

    #[test]
    fn what_was_counted_and_what_was_noted_is_exercised() {
        let mut tally = Tally::default();
        let ended = exercised(&tally);
        assert!(ended.has(RuleId::Crash) && !ended.has(RuleId::StepLost));
        tally.checked.note(Family::Step, Opcode::Nop);
        tally.looks.event(Look::OutOfFuel);
        tally.noted.note(RuleId::Global);
        let rules = exercised(&tally);
        for rule in [RuleId::StepLost, RuleId::TrapEvent, RuleId::Global] {
            assert!(rules.has(rule), "{rule}");
        }
        for rule in [RuleId::BreakLost, RuleId::TrapPc, RuleId::Table] {
            assert!(!rules.has(rule), "{rule}");
        }
    }
}
