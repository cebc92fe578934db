//! What a component's core code shows is checked: a subject that lies is seen, and how.

use super::*;
use lockstep::divergence::Moment;
use lockstep::fault::Delivery;
use lockstep::observe::Boundary;
use lockstep::snapshot::Snapshot;
use lockstep_oracles::address::{MemAddr, Pc};
use lockstep_oracles::component::Val;

/// A lie of the tests here.
#[derive(Clone, Copy)]
enum Lie {
    /// PCs are so many bytes further, as if they were counted from elsewhere
    Shifted(u32),
    /// The first event with so many frames does not come
    Lost(u32),
    /// What lies between two frames is not shown
    Joined,
    /// A byte of the first memory
    Byte(u64),
    /// Another result
    Result,
}

impl Tamper for Lie {
    fn event(&mut self, _: Moment, stack: &mut Snapshot) -> Delivery {
        match *self {
            Lie::Shifted(by) => {
                for frame in &mut stack.frames {
                    frame.place.pc = Pc(frame.place.pc.0 + by);
                }
            }
            Lie::Lost(depth) if stack.frames.len() == depth as usize => {
                *self = Lie::Lost(u32::MAX);
                return Delivery::Never;
            }
            Lie::Joined => {
                let last = stack.frames.len().saturating_sub(1);
                for frame in &mut stack.frames[..last] {
                    frame.boundary = Boundary::Same;
                }
            }
            _ => {}
        }
        Delivery::Once
    }

    fn memory(&mut self, addr: MemAddr, bytes: &mut Vec<u8>) {
        if let Lie::Byte(at) = *self
            && addr == MemAddr(0)
        {
            bytes[at as usize] ^= 1;
        }
    }

    fn component_value(&mut self, value: &mut Val) {
        if let Lie::Result = self {
            *value = Val::Unsigned(99);
        }
    }
}

fn everywhere(text: &str, call: &str, lie: Lie, rule: RuleId) {
    for fired in fires(text, &[call], lie) {
        assert_eq!(fired, [rule]);
    }
}

#[test]
fn pcs_that_are_counted_from_elsewhere_are_seen() {
    // The core module begins here in the component's binary.
    let begins = wat::parse_str(SCALARS).unwrap();
    let begins = begins[8..]
        .windows(4)
        .position(|four| four == b"\0asm")
        .unwrap()
        + 8;
    everywhere(
        SCALARS,
        "add(1, 2)",
        Lie::Shifted(begins as u32),
        RuleId::FramePc,
    );
}

#[test]
fn events_that_do_not_come_behind_an_adapter_are_seen() {
    everywhere(FUSED, "go(20)", Lie::Lost(2), RuleId::StepLost);
}

#[test]
fn an_adapter_that_is_not_shown_is_seen() {
    everywhere(FUSED, "go(20)", Lie::Joined, RuleId::FrameActivation);
}

#[test]
fn a_byte_of_a_core_memory_is_compared() {
    everywhere(
        &with_allocator(STRINGS),
        "sum([1, 2])",
        Lie::Byte(2000),
        RuleId::Memory,
    );
}

#[test]
fn a_result_is_compared() {
    everywhere(SCALARS, "add(1, 2)", Lie::Result, RuleId::Values);
}
