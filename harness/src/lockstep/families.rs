//! Which families of rules were checked at which opcodes: a bit each.

use super::traps::is_tail_call;
use lockstep_oracles::opcode::Opcode;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

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

    /// Whether the family can be checked at an opcode.
    pub fn applies(self, op: Opcode) -> bool {
        match self {
            Family::Trap => TRAPPING[op as usize],
            // A tail call to a host function leaves its caller at the host call.
            Family::HostCall => {
                matches!(op, Opcode::Call | Opcode::CallIndirect | Opcode::CallRef)
            }
            Family::Throw => matches!(op, Opcode::Throw | Opcode::ThrowRef),
            // Nothing is called there, but by opcodes that replace the frame.
            Family::Callers => !is_tail_call(op),
            _ => true,
        }
    }
}

/// Whether each opcode can trap. Totals ask for every opcode after every case.
static TRAPPING: LazyLock<Box<[bool]>> =
    LazyLock::new(|| Opcode::ALL.iter().map(|op| can_trap(*op)).collect());

/// Whether an opcode can trap by itself (Core 4.4).
fn can_trap(op: Opcode) -> bool {
    let name = op.name();
    let accesses = name.contains(".load") || name.contains(".store") || name.contains(".rmw");
    let converts = || {
        let integer = |rest: &str| {
            ["div_", "rem_", "trunc_f"]
                .iter()
                .any(|o| rest.starts_with(o))
        };
        let prefixes = ["i32.", "i64."].iter();
        prefixes.filter_map(|ty| name.strip_prefix(ty)).any(integer)
    };
    accesses || converts() || TRAPS.contains(&name.as_str())
}

/// Opcodes beside those that access a memory, divide or convert.
const TRAPS: &[&str] = &[
    "unreachable",
    "call_indirect",
    "call_ref",
    "return_call_indirect",
    "return_call_ref",
    "throw_ref",
    "memory.fill",
    "memory.copy",
    "memory.init",
    "memory.atomic.notify",
    "memory.atomic.wait32",
    "memory.atomic.wait64",
    "table.get",
    "table.set",
    "table.fill",
    "table.copy",
    "table.init",
    "ref.as_non_null",
    "ref.cast",
    "ref.cast null",
    "struct.get",
    "struct.get_s",
    "struct.get_u",
    "struct.set",
    "array.new_data",
    "array.new_elem",
    "array.get",
    "array.get_s",
    "array.get_u",
    "array.set",
    "array.len",
    "array.fill",
    "array.copy",
    "array.init_data",
    "array.init_elem",
    "i31.get_s",
    "i31.get_u",
];

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
    fn opcodes_that_cannot_trap_need_no_trap() {
        let can = |op: &&Opcode| op.in_wasm_2_0() && can_trap(**op);
        let trapping: BTreeSet<String> =
            Opcode::ALL.iter().filter(can).map(|op| op.name()).collect();
        for name in [
            "unreachable",
            "call_indirect",
            "i32.div_s",
            "i64.rem_u",
            "i32.trunc_f64_u",
            "f64.load",
            "i64.store32",
            "v128.load8_lane",
            "v128.load32_zero",
            "table.init",
            "memory.fill",
        ] {
            assert!(trapping.contains(name), "{name}");
        }
        for name in [
            "nop",
            "call",
            "i32.trunc_sat_f32_s",
            "f32.div",
            "f64.trunc",
            "memory.grow",
            "table.grow",
            "data.drop",
            "i32x4.trunc_sat_f32x4_s",
        ] {
            assert!(!trapping.contains(name), "{name}");
        }
        // 23 accesses of the first version and 22 vector ones; 8 divisions and 8 truncations;
        // `unreachable`, `call_indirect`, 3 of memories and 5 of tables.
        assert_eq!(trapping.len(), 23 + 22 + 8 + 8 + 2 + 3 + 5, "{trapping:?}");
    }

    #[test]
    fn opcodes_that_trap_beyond_wasm_2_have_their_names() {
        let names: BTreeSet<String> = Opcode::implemented().map(|op| op.name()).collect();
        for name in TRAPS {
            assert!(names.contains(*name), "{name}");
        }
        let atomic: Vec<_> = Opcode::implemented()
            .filter(|op| op.name().contains("atomic"))
            .collect();
        // 7 loads, 7 stores, 49 of `rmw`; `notify`, two `wait`s and the fence.
        assert_eq!(atomic.len(), 7 + 7 + 49 + 4);
        for op in atomic {
            assert_eq!(can_trap(op), op != Opcode::AtomicFence, "{}", op.name());
        }
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
