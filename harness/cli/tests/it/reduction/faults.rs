//! Subjects that lie wherever a case gives them a chance, so that a reduced case still does.

use lockstep::case::Case;
use lockstep::check::FEATURES;
use lockstep::divergence::Moment;
use lockstep::fault::{Delivery, Tamper, low_bit};
use lockstep::outcome::Outcome;
use lockstep::rules::RuleId;
use lockstep::seen::Seen;
use lockstep::snapshot::{FrameCopy, Snapshot};
use lockstep_oracles::address::{GlobalAddr, MemAddr, Pc};
use lockstep_oracles::module::Module;
use std::collections::BTreeMap;

/// A fault: what it is, and the rule and kind of moment by which it is found.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    /// In a few words.
    pub(crate) name: &'static str,
    /// The rule that it breaks.
    pub(crate) rule: RuleId,
    /// When that is seen.
    pub(crate) moment: Moment,
    /// What is told instead of the truth.
    lie: Lie,
}

/// What is told instead of the truth.
#[derive(Clone, Copy)]
enum Lie {
    /// Of the stack at a breakpoint event, given the opcode there.
    Stack(fn(&mut Snapshot, &str)),
    /// How often a breakpoint event comes, given the opcode and the stack.
    Delivery(fn(&Snapshot, &str) -> Delivery),
    /// Of the stack at a trap event.
    Trap(fn(&mut Snapshot)),
    /// Of results, once this opcode was executed.
    Results(&'static str),
    /// Of memories, once an opcode of this kind was executed.
    Memory(&'static str),
    /// Of globals, once this opcode was executed.
    Global(&'static str),
}

/// The rows of the table.
pub(crate) const FAULTS: [Fault; 10] = [
    Fault {
        name: "top operand wrong at i32.add",
        rule: RuleId::OperandValue,
        moment: Moment::Breakpoint,
        lie: Lie::Stack(|stack, opcode| {
            if opcode == "i32.add" {
                flip(innermost(stack).and_then(|frame| frame.operands.last_mut()));
            }
        }),
    },
    Fault {
        name: "event lost at br_table",
        rule: RuleId::StepLost,
        moment: Moment::Breakpoint,
        lie: Lie::Delivery(|_, opcode| match opcode {
            "br_table" => Delivery::Never,
            _ => Delivery::Once,
        }),
    },
    Fault {
        name: "caller's PC moved by one",
        rule: RuleId::FrameCallerPc,
        moment: Moment::Breakpoint,
        lie: Lie::Stack(|stack, _| {
            if let Some(caller) = stack.frames.get_mut(1) {
                caller.place.pc.0 += 1;
            }
        }),
    },
    Fault {
        name: "last local wrong at loop, if it is an f64",
        rule: RuleId::LocalValue,
        moment: Moment::Breakpoint,
        lie: Lie::Stack(|stack, opcode| {
            let last = innermost(stack).and_then(|frame| frame.locals.last_mut());
            if opcode == "loop" && matches!(last, Some(Some(Seen::F64(_)))) {
                flip(last);
            }
        }),
    },
    Fault {
        name: "result wrong after memory.grow",
        rule: RuleId::Values,
        moment: Moment::End,
        lie: Lie::Results("memory.grow"),
    },
    Fault {
        name: "memory wrong after a store",
        rule: RuleId::Memory,
        moment: Moment::End,
        lie: Lie::Memory(".store"),
    },
    Fault {
        name: "operand missing where there are more than six",
        rule: RuleId::OperandCount,
        moment: Moment::Breakpoint,
        lie: Lie::Stack(|stack, _| {
            if let Some(frame) = innermost(stack)
                && frame.operands.len() > 6
            {
                frame.operands.pop();
            }
        }),
    },
    Fault {
        name: "PC of a trap moved by one",
        rule: RuleId::TrapPc,
        moment: Moment::Trap,
        lie: Lie::Trap(|stack| {
            if let Some(frame) = innermost(stack) {
                frame.place.pc.0 += 1;
            }
        }),
    },
    Fault {
        name: "event twice at select",
        rule: RuleId::StepSpurious,
        moment: Moment::Breakpoint,
        lie: Lie::Delivery(|_, opcode| match opcode {
            "select" => Delivery::Twice,
            _ => Delivery::Once,
        }),
    },
    Fault {
        name: "global wrong after global.set",
        rule: RuleId::Global,
        moment: Moment::End,
        lie: Lie::Global("global.set"),
    },
];

fn innermost(stack: &mut Snapshot) -> Option<&mut FrameCopy> {
    stack.frames.first_mut()
}

/// Another value of the same type, where there is a number.
fn flip(value: Option<&mut Option<Seen>>) {
    if let Some(Some(value)) = value {
        *value = low_bit(*value);
    }
}

/// A subject with a fault.
pub(crate) struct Faulty {
    lie: Lie,
    /// Opcodes by instance and PC: the n-th instance is one of the case's n-th module.
    opcodes: BTreeMap<(u32, Pc), String>,
    /// Whether the opcode that the fault waits for was executed.
    armed: bool,
}

impl Faulty {
    /// A subject with this fault that runs this case.
    pub(crate) fn new(fault: &Fault, case: &Case) -> Faulty {
        let mut opcodes = BTreeMap::new();
        for (instance, module) in (0..).zip(&case.modules) {
            let Ok(module) = Module::new(&module.wasm, FEATURES) else {
                continue;
            };
            for function in module.functions() {
                let names = function.instrs.iter().map(|instr| instr.op.name());
                let places = function.pcs.iter().map(|&pc| (instance, pc));
                opcodes.extend(places.zip(names));
            }
        }
        Faulty {
            lie: fault.lie,
            opcodes,
            armed: false,
        }
    }

    fn opcode(&self, stack: &Snapshot) -> &str {
        let place = stack.frames.first().map(|frame| frame.place);
        let key = place.and_then(|place| Some((place.instance?.0, place.pc)));
        let opcode = key.and_then(|key| self.opcodes.get(&key));
        opcode.map_or("", String::as_str)
    }
}

impl Tamper for Faulty {
    fn event(&mut self, moment: Moment, stack: &mut Snapshot) -> Delivery {
        let opcode = self.opcode(stack).to_owned();
        match (self.lie, moment) {
            (Lie::Stack(lie), Moment::Breakpoint) => lie(stack, &opcode),
            (Lie::Trap(lie), Moment::Trap) => lie(stack),
            (Lie::Delivery(lie), Moment::Breakpoint) => return lie(stack, &opcode),
            (Lie::Results(wanted) | Lie::Memory(wanted) | Lie::Global(wanted), _) => {
                self.armed |= opcode.contains(wanted);
            }
            _ => {}
        }
        Delivery::Once
    }

    fn outcome(&mut self, outcome: &mut Outcome) {
        if let (Lie::Results(_), true, Outcome::Returned(values)) = (self.lie, self.armed, outcome)
            && let Some(last) = values.last_mut()
        {
            *last = low_bit(*last);
        }
    }

    fn memory(&mut self, _addr: MemAddr, bytes: &mut Vec<u8>) {
        if let (Lie::Memory(_), true, Some(first)) = (self.lie, self.armed, bytes.first_mut()) {
            *first ^= 1;
        }
    }

    fn global(&mut self, _addr: GlobalAddr, value: &mut Seen) {
        if let (Lie::Global(_), true) = (self.lie, self.armed) {
            *value = low_bit(*value);
        }
    }
}
