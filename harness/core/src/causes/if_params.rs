//! Where `IF-PARAMS` applies: the operands that are shown inside the consequent of an `if` with
//! parameters, computed from its cause.
//!
//! The compiler keeps the parameters of an `if` twice on its own value stack, once for the
//! alternative. The debug information takes the second copy for the first. Once an opcode of the
//! consequent has popped every copy, whatever is pushed next is recorded as lying on the first
//! copy, so that the parameters appear below it although they are no longer on the operand stack.
//!
//! Nothing here is an expectation: a stack that is shown right where this predicts a wrong one
//! needs no explanation, and one shown wrong in any other way gets none.

use lockstep_oracles::address::FuncIndex;
use lockstep_oracles::{ValType, WasmFeatures};
use std::collections::HashMap;
use wasmparser::{
    BlockType, FuncToValidate, FuncValidator, FunctionBody, Operator, RefType, ValidPayload,
    Validator, ValidatorResources, WasmModuleResources,
};

/// An operand as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownOperand {
    /// Its type.
    pub ty: ValType,
    /// Its index on the real operand stack; `None` for a parameter that is no longer there.
    pub real: Option<u32>,
}

/// The stacks shown wrong in one function, by position of the opcode.
pub type ShownStacks = HashMap<usize, Box<[ShownOperand]>>;

/// How many operands, from the bottom, are in the same slots at both positions of a function: those below
/// any that is shown beside the real ones.
pub fn plainly_shown(stacks: &ShownStacks, positions: [usize; 2]) -> usize {
    let shown = positions.iter().filter_map(|at| stacks.get(at));
    let plain = shown.map(|shown| {
        let real = shown.iter().zip(0..);
        real.take_while(|(operand, index)| operand.real == Some(*index))
            .count()
    });
    plain.min().unwrap_or(usize::MAX)
}

/// Computes where parameters of an `if` that are gone, in one function of a valid module.
///
/// Empty if there is no such place.
pub fn shown_stacks(module: &[u8], features: WasmFeatures, func: FuncIndex) -> ShownStacks {
    let mut stacks = ShownStacks::new();
    let Some((validator, body)) = find_function(module, features, func) else {
        return stacks;
    };
    // The oracle validated the module with the same features; an error leaves nothing to explain.
    let _ = walk(validator, &body, &mut stacks);
    stacks
}

fn find_function(
    module: &[u8],
    features: WasmFeatures,
    func: FuncIndex,
) -> Option<(FuncToValidate<ValidatorResources>, FunctionBody<'_>)> {
    let mut validator = Validator::new_with_features(features);
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        if let ValidPayload::Func(function, body) = validator.payload(&payload.ok()?).ok()?
            && function.index == func.0
        {
            return Some((function, body));
        }
    }
    None
}

/// An operand in the debug information: what it is recorded to lie on.
struct Node {
    below: Option<usize>,
    ty: ValType,
}

/// A control frame: where the two stacks are cut when it ends.
struct Frame {
    recorded: usize,
    real: usize,
    params: usize,
    is_if: bool,
    reachable_head: bool,
}

/// The compiler's value stack and the real operand stack, both of nodes.
#[derive(Default)]
struct Stacks {
    nodes: Vec<Node>,
    recorded: Vec<usize>,
    real: Vec<usize>,
    frames: Vec<Frame>,
}

fn walk(
    validator: FuncToValidate<ValidatorResources>,
    body: &FunctionBody<'_>,
    found: &mut ShownStacks,
) -> wasmparser::Result<()> {
    let mut validator = validator.into_validator(Default::default());
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader)?;
    let mut reader = wasmparser::OperatorsReader::new(reader);
    let mut stacks = Stacks::default();
    stacks.enter(0, false, true);
    for position in 0.. {
        if reader.eof() {
            break;
        }
        let (operator, offset) = reader.read_with_offset()?;
        let reachable = stacks.reachable(&validator);
        if reachable && let Some(shown) = stacks.shown_if_wrong() {
            found.insert(position, shown);
        }
        let effect = Effect::of(&operator, &validator);
        validator.op(offset, &operator)?;
        stacks.apply(&operator, effect, reachable, &validator);
    }
    Ok(())
}

/// How many values the compiler pops and pushes for an opcode.
#[derive(Clone, Copy)]
struct Effect {
    pops: usize,
    block_params: usize,
}

impl Effect {
    fn of(operator: &Operator<'_>, validator: &FuncValidator<ValidatorResources>) -> Effect {
        let block_params = match operator {
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                params_of(*blockty, validator)
            }
            Operator::TryTable { try_table } => params_of(try_table.ty, validator),
            _ => 0,
        };
        let pops = match operator {
            // What these leave on the stack is only looked at.
            Operator::LocalTee { .. } | Operator::Block { .. } | Operator::TryTable { .. } => 0,
            Operator::BrIf { .. } | Operator::If { .. } => 1,
            Operator::Loop { .. } => block_params,
            _ => operator
                .operator_arity(validator)
                .map_or(0, |(pops, _)| pops as usize),
        };
        Effect { pops, block_params }
    }
}

fn params_of(ty: BlockType, validator: &FuncValidator<ValidatorResources>) -> usize {
    match ty {
        BlockType::FuncType(index) => validator
            .resources()
            .sub_type_at(index)
            .map_or(0, |ty| ty.unwrap_func().params().len()),
        _ => 0,
    }
}

/// The type by which a slot is made: the validator is more precise of a reference, but a slot is
/// made for any reference of the hierarchy.
fn declared(ty: ValType, validator: &FuncValidator<ValidatorResources>) -> ValType {
    match ty {
        ValType::Ref(ty) => {
            let top = validator.resources().top_type(&ty.heap_type());
            ValType::Ref(RefType::new(true, top).unwrap_or(ty))
        }
        number => number,
    }
}

impl Stacks {
    /// Whether the code here can be reached: the validator takes a block in dead code for live.
    fn reachable(&self, validator: &FuncValidator<ValidatorResources>) -> bool {
        self.frames.last().is_some_and(|frame| frame.reachable_head)
            && validator
                .get_control_frame(0)
                .is_some_and(|frame| !frame.unreachable)
    }

    fn apply(
        &mut self,
        operator: &Operator<'_>,
        effect: Effect,
        reachable: bool,
        validator: &FuncValidator<ValidatorResources>,
    ) {
        match operator {
            Operator::Else => self.alternative(),
            Operator::End => self.leave(),
            _ if reachable => self.pop(effect.pops),
            _ => {}
        }
        let now_reachable = self.reachable(validator);
        match operator {
            Operator::If { .. } => {
                if reachable {
                    let copies = self.recorded.len() - effect.block_params;
                    self.recorded.extend_from_within(copies..);
                }
                self.enter(effect.block_params, true, reachable);
            }
            Operator::Loop { .. } => {
                self.push_to(validator, now_reachable);
                self.enter(effect.block_params, false, reachable);
            }
            Operator::Block { .. } | Operator::TryTable { .. } => {
                self.enter(effect.block_params, false, reachable);
            }
            _ => self.push_to(validator, now_reachable),
        }
    }

    fn pop(&mut self, count: usize) {
        self.recorded
            .truncate(self.recorded.len().saturating_sub(count));
        self.real.truncate(self.real.len().saturating_sub(count));
    }

    /// Pushes fresh values until the real stack is as high as validation says.
    fn push_to(&mut self, validator: &FuncValidator<ValidatorResources>, reachable: bool) {
        let height = validator.operand_stack_height() as usize;
        while reachable && self.real.len() < height {
            let depth = height - 1 - self.real.len();
            let Some(ty) = validator.get_operand_type(depth).flatten() else {
                return;
            };
            self.nodes.push(Node {
                below: self.recorded.last().copied(),
                ty: declared(ty, validator),
            });
            self.recorded.push(self.nodes.len() - 1);
            self.real.push(self.nodes.len() - 1);
        }
    }

    fn enter(&mut self, params: usize, is_if: bool, reachable_head: bool) {
        self.frames.push(Frame {
            recorded: self.recorded.len().saturating_sub(params),
            real: self.real.len().saturating_sub(params),
            params,
            is_if,
            reachable_head,
        });
    }

    /// The alternative starts with the first copy of the parameters.
    fn alternative(&mut self) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if frame.reachable_head {
            self.recorded.truncate(frame.recorded);
            let first = frame.recorded.saturating_sub(frame.params);
            self.real.truncate(frame.real);
            self.real.extend_from_slice(&self.recorded[first..]);
        }
    }

    fn leave(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        if frame.reachable_head {
            let doubled = if frame.is_if { frame.params } else { 0 };
            self.recorded
                .truncate(frame.recorded.saturating_sub(doubled));
            self.real.truncate(frame.real);
        }
    }

    /// The stack that is shown now, if it is not the real one.
    fn shown_if_wrong(&self) -> Option<Box<[ShownOperand]>> {
        // No `if` with parameters encloses this point, so the stacks are the same.
        if self.recorded.len() == self.real.len() {
            return None;
        }
        let mut shown = Vec::new();
        let mut next = self.recorded.last().copied();
        while let Some(node) = next {
            let real = self
                .real
                .iter()
                .position(|&real| real == node)
                .map(|index| index as u32);
            shown.push(ShownOperand {
                ty: self.nodes[node].ty,
                real,
            });
            next = self.nodes[node].below;
        }
        if shown.len() == self.real.len() {
            return None;
        }
        shown.reverse();
        Some(shown.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stacks(wat: &str) -> Vec<(usize, Vec<Option<u32>>)> {
        let bytes = wat::parse_str(wat).unwrap();
        let stacks = shown_stacks(&bytes, WasmFeatures::WASM2, FuncIndex(0));
        let mut stacks: Vec<_> = stacks
            .into_iter()
            .map(|(at, shown)| (at, shown.iter().map(|operand| operand.real).collect()))
            .collect();
        stacks.sort_unstable();
        stacks
    }

    #[test]
    fn parameters_reappear_once_all_their_copies_are_popped() {
        // 0 const, 1 local.get, 2 if, 3 const, 4 add, 5 else, 6 const, 7 add, 8 end
        let found = stacks(
            "(module (func (param i32) (result i32) i32.const 1 local.get 0 \
             if (param i32) (result i32) i32.const 2 i32.add else i32.const -2 i32.add end))",
        );
        assert_eq!(found, [(5, vec![None, Some(0)])]);
    }

    #[test]
    fn a_copy_that_is_left_hides_the_fault() {
        // 0 1 const, 2 local.get, 3 if, 4 drop, 5 const, 6 add, 7 end
        let found = stacks(
            "(module (func (param i32) i32.const 1 i32.const 2 local.get 0 \
             if (param i32 i32) drop i32.const 5 i32.add drop end))",
        );
        // After `add` one value lies on the first copy; after the last `drop` none is left.
        assert_eq!(
            found,
            [(7, vec![None, None, Some(0)]), (8, vec![None, None])]
        );
    }

    #[test]
    fn blocks_in_dead_code_leave_the_stacks_alone() {
        let found = stacks(
            "(module (func (param i32) (result i32) i32.const 1 local.get 0 \
             if (param i32) (result i32) unreachable drop \
             block (result i32) i32.const 1 i32.const 2 drop end drop br 0 \
             else i32.const 3 i32.add end))",
        );
        assert_eq!(found, []);
    }

    #[test]
    fn function_references_have_the_one_type_that_wasm_2_has() {
        // 0 ref.func, 1 local.get, 2 if, 3 drop, 4 ref.func, 5 drop
        let bytes = wat::parse_str(
            "(module (elem declare func 0) (func (param i32) ref.func 0 local.get 0 \
             if (param funcref) drop ref.func 0 drop else drop end))",
        );
        let stacks = shown_stacks(&bytes.unwrap(), WasmFeatures::WASM2, FuncIndex(0));
        let types: Vec<ValType> = stacks[&5].iter().map(|shown| shown.ty).collect();
        assert_eq!(types, [ValType::FUNCREF, ValType::FUNCREF]);
    }

    #[test]
    fn ifs_without_parameters_are_shown_right() {
        let found = stacks(
            "(module (func (param i32) (result i32) local.get 0 \
             if (result i32) i32.const 2 i32.const 3 i32.add else i32.const 1 end))",
        );
        assert_eq!(found, []);
    }
}
