//! Which families of rules were checked at which opcodes: a bit each.

use crate::rules::RuleId;
use lockstep_oracles::opcode::{Control, Opcode};
use serde::{Deserialize, Serialize};

/// Rules that are checked together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Family {
    /// An event in single-step was matched.
    Step,
    /// An event at a breakpoint, without single-step, was matched.
    Breakpoint,
    /// A local of a frame at the opcode was compared.
    Locals,
    /// An operand of a frame at the opcode was compared.
    Operands,
    /// The caller of a frame at the opcode was compared.
    Callers,
    /// The place of a `Trap` event was compared.
    Trap,
    /// The arguments of a host call were compared.
    HostCall,
    /// The event of an exception thrown there was compared.
    Throw,
}

impl Family {
    /// Every family, in the order of reports.
    pub const ALL: [Family; 8] = [
        Family::Step,
        Family::Breakpoint,
        Family::Locals,
        Family::Operands,
        Family::Callers,
        Family::Trap,
        Family::HostCall,
        Family::Throw,
    ];

    /// Its key in reports.
    pub fn name(self) -> &'static str {
        match self {
            Family::Step => "step",
            Family::Breakpoint => "breakpoint",
            Family::Locals => "locals",
            Family::Operands => "operands",
            Family::Callers => "callers",
            Family::Trap => "trap",
            Family::HostCall => "host_call",
            Family::Throw => "throw",
        }
    }

    /// The rules that are checked together.
    pub fn rules(self) -> &'static [RuleId] {
        use RuleId as R;
        match self {
            Family::Step => &[R::StepLost, R::StepSpurious],
            Family::Breakpoint => &[R::BreakLost, R::BreakSpurious],
            Family::Locals => &[R::LocalCount, R::LocalType, R::LocalValue],
            Family::Operands => &[R::OperandCount, R::OperandType, R::OperandValue],
            Family::Callers => &[
                R::FrameOrder,
                R::FrameActivation,
                R::FrameCallerPc,
                R::CallerOperands,
            ],
            Family::Trap => &[R::TrapPc, R::TrapStack],
            Family::HostCall => &[R::HostCall],
            Family::Throw => &[R::ThrowEvent],
        }
    }

    /// Whether the family can be checked at an opcode.
    pub fn applies(self, op: Opcode) -> bool {
        match self {
            Family::Trap => op.can_trap(),
            // A tail call to a host function leaves its caller at the host call.
            Family::HostCall => op.control() == Control::Call,
            Family::Throw => op.control() == Control::Throw,
            // Nothing is called there, but by opcodes that replace the frame.
            Family::Callers => !op.is_tail_call(),
            _ => true,
        }
    }
}

/// The families checked at each opcode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Checked(#[serde(with = "crate::campaign::wire::sparse")] Box<[u8]>);

impl Default for Checked {
    fn default() -> Checked {
        Checked(vec![0; Opcode::ALL.len()].into())
    }
}

impl Checked {
    /// Notes a comparison.
    #[inline]
    pub fn note(&mut self, family: Family, op: Opcode) {
        self.0[op as usize] |= 1 << family as u8;
    }

    /// Whether a family was checked at an opcode.
    pub fn has(&self, family: Family, op: Opcode) -> bool {
        self.0[op as usize] & (1 << family as u8) != 0
    }

    /// Whether a family was checked anywhere.
    pub fn has_any(&self, family: Family) -> bool {
        self.0.iter().any(|bits| bits & (1 << family as u8) != 0)
    }

    /// The families checked at an opcode.
    pub fn at(&self, op: Opcode) -> impl Iterator<Item = Family> {
        Family::ALL.into_iter().filter(move |f| self.has(*f, op))
    }

    /// Adds what was checked elsewhere.
    pub fn add(&mut self, other: &Checked) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn families_have_a_bit_and_a_name_each() {
        let names: BTreeSet<_> = Family::ALL.iter().map(|family| family.name()).collect();
        assert_eq!(names.len(), Family::ALL.len());
        for (position, family) in Family::ALL.into_iter().enumerate() {
            assert_eq!(family as usize, position);
        }
        assert!(Family::ALL.len() <= u8::BITS as usize);
    }

    #[test]
    fn a_rule_is_of_one_family() {
        let rules = Family::ALL.iter().flat_map(|family| family.rules());
        let rules: Vec<RuleId> = rules.copied().collect();
        let different: BTreeSet<RuleId> = rules.iter().copied().collect();
        assert_eq!(different.len(), rules.len());
    }

    fn checked() -> impl Strategy<Value = Checked> {
        let pair = (0..Family::ALL.len(), 0..Opcode::ALL.len());
        prop::collection::vec(pair, 0..20).prop_map(|pairs| {
            let mut checked = Checked::default();
            for (family, op) in pairs {
                checked.note(Family::ALL[family], Opcode::ALL[op]);
            }
            checked
        })
    }

    fn sum(one: &Checked, other: &Checked) -> Checked {
        let mut sum = one.clone();
        sum.add(other);
        sum
    }

    proptest! {
        #[test]
        fn adding_is_the_union(a in checked(), b in checked(), c in checked()) {
            prop_assert_eq!(sum(&a, &a), a.clone());
            prop_assert_eq!(sum(&a, &b), sum(&b, &a));
            prop_assert_eq!(sum(&sum(&a, &b), &c), sum(&a, &sum(&b, &c)));
            for op in Opcode::ALL {
                for family in Family::ALL {
                    let either = a.has(family, *op) || b.has(family, *op);
                    prop_assert_eq!(sum(&a, &b).has(family, *op), either);
                }
            }
        }

        #[test]
        fn it_is_read_as_it_is_written(a in checked()) {
            let text = serde_json::to_string(&a).unwrap();
            prop_assert_eq!(serde_json::from_str::<Checked>(&text).unwrap(), a);
        }
    }
}
