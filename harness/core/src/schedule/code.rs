//! Which opcodes of a module have code: those that control can arrive at.
//!
//! An `end` or `else` that only dead code falls out into has none: a branch out of a block goes to
//! what is behind its `end`. A compiler may also leave out what is behind a condition that it finds to
//! be constant, or behind an opcode that it finds to trap always, or to make an array of more bytes than there
//! are addresses. Which it finds is its own, so any may be, but for a condition that is a parameter which
//! the function never sets. It can only leave out a whole stretch: opcodes of which one is executed with the
//! one before it or not at all.

use lockstep_oracles::code::Function;
use lockstep_oracles::opcode::Opcode;
use std::collections::BTreeSet;
use wasmparser::{BinaryReaderError, Catch, FunctionBody, Operator, Parser, Payload};

/// An opcode that control can arrive at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its PC.
    pub pc: u32,
    /// The stretch that it belongs to.
    pub stretch: u32,
}

/// The opcodes of a module that control can arrive at.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    /// In the order of the binary.
    pub opcodes: Vec<Arrival>,
    /// Of each stretch, whether it has code whatever the compiler finds.
    pub certain: Vec<bool>,
}

impl Arrivals {
    /// Those of a module with these functions; none if it is not valid.
    pub fn of(module: &[u8], functions: &[Function]) -> Arrivals {
        let mut found = Arrivals::default();
        let mut functions = functions.iter();
        for payload in Parser::new(0).parse_all(module) {
            let read = match payload {
                Ok(Payload::CodeSectionEntry(body)) => {
                    let parameters = functions.next().map_or(0, |function| function.num_params);
                    function(&body, parameters, &mut found)
                }
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            if read.is_err() {
                return Arrivals::default();
            }
        }
        found
    }

    fn push(&mut self, pc: u32, begins: Option<Arriving>) {
        self.certain.extend(begins.map(|here| here == Certainly));
        let stretch = self.certain.len().saturating_sub(1) as u32;
        self.opcodes.push(Arrival { pc, stretch });
    }
}

/// Whether control arrives somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Arriving {
    Never,
    /// Unless a condition on the way is constant
    Perhaps,
    /// Whatever the conditions are
    Certainly,
}

use Arriving::{Certainly, Never, Perhaps};

/// A block, or the function's body.
struct Frame {
    /// Whether control arrives at its head.
    entered: Arriving,
    /// A branch to it goes back to its head.
    is_loop: bool,
    /// Whether control arrives behind its `end` by a branch, or on the end of a consequent.
    left: Arriving,
    /// Of an `if`, before its `else`: whether its condition may be false.
    skipped: Arriving,
}

struct Control {
    frames: Vec<Frame>,
    /// Whether control arrives at the next opcode.
    here: Arriving,
    /// Whether the next opcode begins a stretch.
    begins: bool,
    /// Locals that hold what no compiler can know: parameters that are never set.
    unknown: BTreeSet<u32>,
    /// Whether the operand on top is one of them.
    open: bool,
}

fn function(
    body: &FunctionBody<'_>,
    parameters: u32,
    found: &mut Arrivals,
) -> Result<(), BinaryReaderError> {
    let mut control = Control {
        frames: Vec::new(),
        here: Certainly,
        begins: true,
        unknown: never_set(body, parameters)?,
        open: false,
    };
    control.enter(false, Never);
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        if control.here != Never {
            let begins = std::mem::take(&mut control.begins);
            found.push(offset as u32, begins.then_some(control.here));
        }
        control.pass(&operator)?;
    }
    Ok(())
}

/// The parameters that a function never sets.
fn never_set(body: &FunctionBody<'_>, parameters: u32) -> Result<BTreeSet<u32>, BinaryReaderError> {
    let mut never: BTreeSet<u32> = (0..parameters).collect();
    for operator in body.get_operators_reader()? {
        if let Operator::LocalSet { local_index } | Operator::LocalTee { local_index } = operator? {
            never.remove(&local_index);
        }
    }
    Ok(never)
}

impl Control {
    fn enter(&mut self, is_loop: bool, skipped: Arriving) {
        self.frames.push(Frame {
            entered: self.here,
            is_loop,
            left: Never,
            skipped,
        });
    }

    /// How surely control takes either way of a condition here.
    fn either(&self) -> Arriving {
        if self.open {
            self.here
        } else {
            self.here.min(Perhaps)
        }
    }

    /// A branch that control takes as surely as this.
    fn branch(&mut self, depth: u32, taken: Arriving) {
        let index = self.frames.len().checked_sub(1 + depth as usize);
        if let Some(frame) = index.and_then(|index| self.frames.get_mut(index))
            && !frame.is_loop
        {
            frame.left = frame.left.max(taken);
        }
    }

    /// Control goes on as surely as this, in a new stretch.
    fn go_on(&mut self, here: Arriving) {
        self.here = here;
        self.begins = true;
    }

    fn pass(&mut self, operator: &Operator<'_>) -> Result<(), BinaryReaderError> {
        let either = self.either();
        let open = std::mem::take(&mut self.open);
        match operator {
            Operator::LocalGet { local_index } => self.open = self.unknown.contains(local_index),
            Operator::Block { .. } => {
                self.enter(false, Never);
                self.open = open;
            }
            Operator::Loop { .. } => {
                self.enter(true, Never);
                self.open = open;
            }
            Operator::If { .. } => {
                self.enter(false, either);
                self.go_on(either);
            }
            Operator::TryTable { try_table } => {
                for catch in &try_table.catches {
                    let (Catch::One { label, .. }
                    | Catch::OneRef { label, .. }
                    | Catch::All { label }
                    | Catch::AllRef { label }) = *catch;
                    self.branch(label, self.here.min(Perhaps));
                }
                self.enter(false, Never);
            }
            Operator::Else => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.left = frame.left.max(self.here);
                    let skipped = std::mem::replace(&mut frame.skipped, Never);
                    self.go_on(skipped);
                }
            }
            Operator::End => {
                if let Some(frame) = self.frames.pop() {
                    let left = frame.left.max(frame.skipped);
                    match left {
                        // Nothing but what is before it leads behind it.
                        Never => {}
                        left => self.go_on(self.here.max(left).min(frame.entered)),
                    }
                }
            }
            Operator::Br { relative_depth } => {
                self.branch(*relative_depth, self.here);
                self.go_on(Never);
            }
            Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => {
                // What a reference's type says of it is known.
                let by_number = matches!(operator, Operator::BrIf { .. });
                let either = if by_number {
                    either
                } else {
                    either.min(Perhaps)
                };
                self.branch(*relative_depth, either);
                self.go_on(either);
            }
            Operator::BrTable { targets } => {
                for target in targets.targets() {
                    self.branch(target?, either);
                }
                self.branch(targets.default(), either);
                self.go_on(Never);
            }
            Operator::Unreachable
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef => self.go_on(Never),
            operator => {
                let op = Opcode::of(operator);
                if op.can_trap() || op.is_call() || op.makes_object() {
                    self.go_on(self.here.min(Perhaps));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::WasmFeatures;
    use lockstep_oracles::module::Module;

    /// Positions of the opcodes, each with its stretch and whether that is certain, if it has code.
    fn stretches(wat: &str) -> Vec<Option<(u32, bool)>> {
        let bytes = wat::parse_str(wat).unwrap();
        let module = Module::new(&bytes, WasmFeatures::WASM3).unwrap();
        let found = Arrivals::of(&bytes, module.functions());
        let pcs = module.functions().iter().flat_map(|f| f.pcs.iter());
        pcs.map(|pc| {
            let arrival = found.opcodes.iter().find(|arrival| arrival.pc == pc.0)?;
            Some((arrival.stretch, found.certain[arrival.stretch as usize]))
        })
        .collect()
    }

    /// Positions of the opcodes without code.
    fn without(wat: &str) -> Vec<usize> {
        let all = stretches(wat).into_iter().enumerate();
        all.filter(|(_, code)| code.is_none())
            .map(|(position, _)| position)
            .collect()
    }

    /// Positions of the opcodes that may have been left out.
    fn perhaps(wat: &str) -> Vec<usize> {
        let all = stretches(wat).into_iter().enumerate();
        all.filter(|(_, code)| code.is_some_and(|(_, certain)| !certain))
            .map(|(position, _)| position)
            .collect()
    }

    #[test]
    fn what_is_behind_a_condition_may_be_left_out() {
        // 0 i32.const, 1 if, 2 nop, 3 else, 4 nop, 5 end, 6 end
        assert_eq!(
            perhaps("(module (func i32.const 1 if nop else nop end))"),
            [2, 3, 4, 5, 6]
        );
        // Nothing is known of a parameter that is not set.
        let wat = "(module (func (param i32) local.get 0 if nop else nop end))";
        assert_eq!(perhaps(wat), [0; 0]);
        let set = "(module (func (param i32) i32.const 1 local.set 0 local.get 0 if nop end))";
        assert_eq!(perhaps(set), [4, 5, 6]);
        // 0 block, 1 local.get, 2 br_if, 3 i32.const, 4 i32.load, 5 drop, 6 end, 7 end
        let wat = "(module (memory 1) (func (param i32)
            block local.get 0 br_if 0 i32.const 0 i32.load drop end))";
        assert_eq!(perhaps(wat), [5, 6]);
    }

    #[test]
    fn opcodes_of_a_stretch_are_left_out_together() {
        // 0 i32.const, 1 if, 2 nop, 3 block, 4 nop, 5 end, 6 nop, 7 end, 8 end
        let wat = "(module (func i32.const 1 if nop block nop end nop end))";
        let numbers: Vec<u32> = stretches(wat).into_iter().flatten().map(|s| s.0).collect();
        assert_eq!(numbers, [0, 0, 1, 1, 1, 1, 1, 1, 2]);
        // A trap ends one: 0 local.get, 1 local.get, 2 i32.div_u, 3 drop, 4 end
        let wat = "(module (func (param i32) local.get 0 local.get 0 i32.div_u drop))";
        let numbers: Vec<u32> = stretches(wat).into_iter().flatten().map(|s| s.0).collect();
        assert_eq!(numbers, [0, 0, 0, 1, 1]);
    }

    #[test]
    fn what_is_behind_an_array_may_be_left_out() {
        // 0 i32.const, 1 array.new_default, 2 drop, 3 end
        let wat =
            "(module (type $a (array (mut i64))) (func i32.const -1 array.new_default $a drop))";
        assert_eq!(perhaps(wat), [2, 3]);
    }

    #[test]
    fn an_end_that_is_only_branched_past_has_no_code() {
        // 0 block, 1 br, 2 nop, 3 end, 4 nop, 5 end
        assert_eq!(without("(module (func block br 0 nop end nop))"), [2, 3]);
        // Nothing leads behind the block.
        assert_eq!(without("(module (func block return end nop))"), [2, 3, 4]);
        // A branch to a loop goes back: 0 loop, 1 br, 2 end, 3 end
        assert_eq!(without("(module (func loop br 0 end))"), [2, 3]);
    }

    #[test]
    fn both_arms_of_an_if_have_code() {
        // 0 local.get, 1 if, 2 unreachable, 3 else, 4 nop, 5 end, 6 end
        let wat = "(module (func (param i32) local.get 0 if unreachable else nop end))";
        assert_eq!(without(wat), [3]);
        // 0 local.get, 1 if, 2 unreachable, 3 end, 4 end
        let wat = "(module (func (param i32) local.get 0 if unreachable end))";
        assert_eq!(without(wat), [3]);
        // 0 local.get, 1 if, 2 return, 3 else, 4 return, 5 end, 6 nop, 7 end
        let wat = "(module (func (param i32) local.get 0 if return else return end nop))";
        assert_eq!(without(wat), [3, 5, 6, 7]);
    }

    #[test]
    fn a_table_of_branches_leads_to_each_of_its_targets() {
        // 0 block, 1 block, 2 local.get, 3 br_table, 4 end, 5 nop, 6 end, 7 end
        let wat = "(module (func (param i32) block block local.get 0 br_table 0 1 end nop end))";
        assert_eq!(without(wat), [4]);
        // What is dead leads nowhere: 0 block, 1 return, 2 br, 3 end, 4 end
        assert_eq!(without("(module (func block return br 0 end))"), [2, 3, 4]);
    }
}
