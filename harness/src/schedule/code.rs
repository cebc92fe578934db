//! Which opcodes of a module have code: those that control can arrive at.
//!
//! An `end` or `else` that only dead code falls out into has none: a branch out of a block goes to
//! what is behind its `end`.

use wasmparser::{BinaryReaderError, Catch, FunctionBody, Operator, Parser, Payload};

/// PCs of the opcodes that have code, ascending; empty if `module` is not valid.
pub fn pcs_with_code(module: &[u8]) -> Vec<u32> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let read = match payload {
            Ok(Payload::CodeSectionEntry(body)) => function(&body, &mut found),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if read.is_err() {
            return Vec::new();
        }
    }
    found
}

/// A block, or the function's body.
struct Frame {
    /// Whether control arrives at its head.
    entered: bool,
    /// A branch to it goes back to its head.
    is_loop: bool,
    /// What is behind its `end` is branched to, or follows on the end of a consequent.
    left: bool,
    /// Of an `if` without `else` so far: a false condition leads behind its `end`.
    skipped: bool,
}

struct Control {
    frames: Vec<Frame>,
    /// Whether control arrives at the next opcode.
    here: bool,
}

fn function(body: &FunctionBody<'_>, found: &mut Vec<u32>) -> Result<(), BinaryReaderError> {
    let mut control = Control {
        frames: Vec::new(),
        here: true,
    };
    control.enter(false, false);
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        if control.here {
            found.push(offset as u32);
        }
        control.pass(&operator)?;
    }
    Ok(())
}

impl Control {
    fn enter(&mut self, is_loop: bool, skipped: bool) {
        self.frames.push(Frame {
            entered: self.here,
            is_loop,
            left: false,
            skipped,
        });
    }

    /// A branch from here, taken or not.
    fn branch(&mut self, depth: u32) {
        let index = self.frames.len().checked_sub(1 + depth as usize);
        if let Some(frame) = index.and_then(|index| self.frames.get_mut(index)) {
            frame.left |= self.here && !frame.is_loop;
        }
    }

    fn pass(&mut self, operator: &Operator<'_>) -> Result<(), BinaryReaderError> {
        match operator {
            Operator::Block { .. } => self.enter(false, false),
            Operator::Loop { .. } => self.enter(true, false),
            Operator::If { .. } => self.enter(false, true),
            Operator::TryTable { try_table } => {
                for catch in &try_table.catches {
                    let (Catch::One { label, .. }
                    | Catch::OneRef { label, .. }
                    | Catch::All { label }
                    | Catch::AllRef { label }) = *catch;
                    self.branch(label);
                }
                self.enter(false, false);
            }
            Operator::Else => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.left |= self.here;
                    frame.skipped = false;
                    self.here = frame.entered;
                }
            }
            Operator::End => {
                if let Some(frame) = self.frames.pop() {
                    self.here = frame.entered && (self.here || frame.left || frame.skipped);
                }
            }
            Operator::Br { relative_depth } => {
                self.branch(*relative_depth);
                self.here = false;
            }
            Operator::BrIf { relative_depth }
            | Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => self.branch(*relative_depth),
            Operator::BrTable { targets } => {
                for target in targets.targets() {
                    self.branch(target?);
                }
                self.branch(targets.default());
                self.here = false;
            }
            Operator::Unreachable
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef => self.here = false,
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::WasmFeatures;
    use lockstep_oracles::module::Module;

    /// Positions of the opcodes without code.
    fn without(wat: &str) -> Vec<usize> {
        let bytes = wat::parse_str(wat).unwrap();
        let module = Module::new(&bytes, WasmFeatures::WASM2).unwrap();
        let found = pcs_with_code(&bytes);
        let pcs = module.functions().iter().flat_map(|f| f.pcs.iter());
        let all = pcs.enumerate();
        all.filter(|(_, pc)| !found.contains(&pc.0))
            .map(|(position, _)| position)
            .collect()
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
