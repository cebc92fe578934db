//! Programs that use up what there is: calls without end, of each kind, and objects without end. And
//! functions that hold a reference while another fills the heap.
//!
//! Nothing here writes what outlives the call: how far a program comes is each execution's own.

use super::super::matrix::body::{Body, Manner};
use super::super::matrix::environment::{STABLE, Signature};
use super::super::matrix::types::{ANYS, BYTES, NODE, reference};
use super::super::weights::{below, between, chance};
use super::builder::{Builder, Kind, Traits};
use super::references::{NODEREF, field};
use super::tail::Target;
use super::{ENDLESS, MIDDLE_BUDGET, Plan, Role};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use std::borrow::Cow;
use wasm_encoder::{BlockType, Catch, HeapType, Instruction, ValType};

/// Bytes of the locals of a function that calls without end: so many that a dozen frames fill the
/// stack where each local has a slot, and a debugger that looks at all frames comes to an end.
const BALLAST: (u32, u32) = (48 << 10, 120 << 10);

/// The field of a node that is a number.
pub(super) const NUMBER: u32 = 3;

/// What these functions may do beside: nothing that costs.
pub(super) const TRAITS: Traits = Traits {
    budget: MIDDLE_BUDGET,
    hosts: false,
    traps: false,
};

impl Plan {
    /// A function that calls itself without end, or two that call each other.
    pub(super) fn define_endless(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let signature = Signature {
            params: self.environment.parameters(u, 0, 3)?,
            results: self.environment.parameters(u, 0, 1)?,
        };
        let ty = self.environment.type_index(signature.clone());
        let first = self.environment.next_function();
        let element = self.environment.referable.len() as u32;
        let count = 1 << below(u, 2)?;
        let mut bodies = Vec::new();
        for number in 0..count {
            let callee = (number + 1) % count;
            let target = Target {
                function: first + callee,
                element: element + callee,
                ty,
            };
            let mut builder = self.builder(u, &signature, 4, TRAITS)?;
            builder.call_endlessly(u, &target, &signature)?;
            builder.end(u)?;
            bodies.push(builder.into_body());
        }
        for body in bodies {
            self.add(ty, body, Role::Endless, ENDLESS);
        }
        let functions: Vec<u32> = (first..first + count).collect();
        for &function in &functions {
            self.note_ending(function, None);
        }
        self.environment.make_referable(ty, &functions);
        Ok(())
    }

    /// A function that makes a list of objects without end.
    pub(super) fn define_filling(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let signature = Signature::default();
        let ty = self.environment.type_index(signature.clone());
        let mut builder = self.builder(u, &signature, 2, TRAITS)?;
        builder.fill_the_heap(u)?;
        builder.end(u)?;
        let body = builder.into_body();
        self.note_ending(self.environment.next_function(), None);
        self.add(ty, body, Role::Filling, ENDLESS);
        Ok(())
    }

    /// A function that makes garbage; a small one that calls it while references are on its operand
    /// stack and nowhere else; and one that calls the small one, which may be inlined there.
    pub(super) fn define_holding(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let plain = self.environment.type_index(Signature::default());
        let allocating = self.environment.next_function();
        let mut body = Body::new(&[], &[]);
        let rounds = between(u, 2, 12)?;
        litter(u, &mut body, rounds)?;
        self.add(plain, body, Role::Leaf, 1);

        let number = Signature {
            params: vec![ValType::I32],
            results: vec![ValType::I32],
        };
        let numbers = self.environment.type_index(number.clone());
        let holding = self.environment.next_function();
        let mut body = Body::new(&number.params, &[]);
        hold_across(u, &mut body, allocating)?;
        self.add(numbers, body, Role::Holding, 1 + u64::from(rounds));

        let mut builder = self.builder(u, &number, 4, TRAITS)?;
        let held = between(u, 0, 6)?;
        builder.hold(u, held)?;
        for _ in 0..between(u, 1, 3)? {
            builder.operands(u, &[ValType::I32])?;
            let call = Instruction::Call(holding);
            builder.body.op(call, 1, &[ValType::I32]);
        }
        builder.end(u)?;
        let body = builder.into_body();
        self.add(numbers, body, Role::Holding, 3 * u64::from(rounds));
        Ok(())
    }
}

/// Makes arrays and forgets them.
fn litter(u: &mut Unstructured<'_>, body: &mut Body, rounds: u32) -> Result<()> {
    for _ in 0..rounds {
        litter_once(u, body)?;
    }
    Ok(())
}

/// Makes an array that takes a part of a small heap, and forgets it.
pub(super) fn litter_once(u: &mut Unstructured<'_>, body: &mut Body) -> Result<()> {
    let length = 1 << between(u, 8, 13)?;
    body.push_i32(length);
    body.op(Instruction::ArrayNewDefault(BYTES), 1, &[NODEREF]);
    body.op(Instruction::Drop, 1, &[]);
    Ok(())
}

/// Holds one to three new objects while a function is called, then asks each for something; adds it
/// to the parameter.
fn hold_across(u: &mut Unstructured<'_>, body: &mut Body, callee: u32) -> Result<()> {
    let i32 = [ValType::I32];
    let arrays: Vec<bool> = (0..between(u, 1, 3)?)
        .map(|_| chance(u, 1, 2))
        .collect::<Result<_>>()?;
    for &array in &arrays {
        if array {
            let length = between(u, 1, 64)?;
            body.push_i32(length as i32);
            body.op(Instruction::ArrayNewDefault(BYTES), 1, &[NODEREF]);
        } else {
            body.op(Instruction::StructNewDefault(NODE), 0, &[NODEREF]);
        }
    }
    body.emit(Instruction::Call(callee));
    body.op(Instruction::LocalGet(0), 0, &i32);
    body.op(Instruction::LocalSet(0), 1, &[]);
    for &array in arrays.iter().rev() {
        if array {
            body.op(Instruction::ArrayLen, 1, &i32);
        } else {
            body.op(field(NODE, NUMBER), 1, &[ValType::F32]);
            body.op(Instruction::I32TruncSatF32U, 1, &i32);
        }
        body.op(Instruction::LocalGet(0), 0, &i32);
        body.op(Instruction::I32Add, 2, &i32);
        body.op(Instruction::LocalSet(0), 1, &[]);
    }
    body.op(Instruction::LocalGet(0), 0, &i32);
    Ok(())
}

impl Builder<'_> {
    fn call_endlessly(
        &mut self,
        u: &mut Unstructured<'_>,
        target: &Target,
        signature: &Signature,
    ) -> Result<()> {
        let (ty, size) = match chance(u, 3, 4)? {
            true => (ValType::V128, 16),
            false => (ValType::I64, 8),
        };
        for _ in 0..between(u, BALLAST.0, BALLAST.1)? / size {
            self.body.reserve(ty);
        }
        let held = between(u, 0, 6)?;
        self.hold(u, held)?;
        let guarded = !self.environment.tags.is_empty() && chance(u, 1, 4)?;
        if guarded {
            let ty = self.environment.block_type(&[], &signature.results);
            self.body.emit(Instruction::Block(BlockType::Empty));
            self.enter(Kind::Block, &[], &[]);
            let catches = vec![Catch::All { label: 0 }];
            self.body
                .emit(Instruction::TryTable(ty, Cow::Owned(catches)));
            self.enter(Kind::Block, &[], &signature.results);
        }
        self.body
            .operands(u, self.environment, &signature.params, Manner::Fresh)?;
        let params = signature.params.len();
        match below(u, 3)? {
            1 => {
                self.body.push_i32(target.element as i32);
                self.body.widen(self.environment.is_table64(STABLE));
                let call = Instruction::CallIndirect {
                    type_index: target.ty,
                    table_index: STABLE,
                };
                self.body.op(call, params + 1, &signature.results);
            }
            2 if self.environment.has(Opcode::CallRef) => {
                let reference = Instruction::RefFunc(target.function);
                self.body.op(reference, 0, &[ValType::FUNCREF]);
                let call = Instruction::CallRef(target.ty);
                self.body.op(call, params + 1, &signature.results);
            }
            _ => {
                let call = Instruction::Call(target.function);
                self.body.op(call, params, &signature.results);
            }
        }
        if guarded {
            self.leave(u)?;
            self.leave(u)?;
        }
        Ok(())
    }

    fn fill_the_heap(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let list = self.body.reserve(NODEREF);
        let held = between(u, 0, 4)?;
        self.hold(u, held)?;
        if chance(u, 1, 5)? {
            return self.ask_for_too_much(u);
        }
        let length = 1 << between(u, 8, 13)?;
        self.body.emit(Instruction::Loop(BlockType::Empty));
        self.body.op(Instruction::LocalGet(list), 0, &[NODEREF]);
        let null = Instruction::RefNull(HeapType::Concrete(NODE + 1));
        self.body.op(null, 0, &[NODEREF]);
        self.body.push_i32(length);
        self.body
            .op(Instruction::ArrayNewDefault(BYTES), 1, &[NODEREF]);
        let number = Instruction::F32Const(1.0.into());
        self.body.op(number, 0, &[ValType::F32]);
        self.body.op(Instruction::StructNew(NODE), 4, &[NODEREF]);
        self.body.op(Instruction::LocalSet(list), 1, &[]);
        self.body.emit(Instruction::Br(0));
        self.body.emit(Instruction::End);
        Ok(())
    }

    /// Makes an array whose size is no number of 32 bits.
    fn ask_for_too_much(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let (ty, length) = match chance(u, 1, 2)? {
            true => (BYTES, u32::MAX - below(u, 16)?),
            false => (ANYS, (1 << 30) + below(u, 16)?),
        };
        let array = reference(true, HeapType::Concrete(ty));
        self.body.push_i32(length as i32);
        self.body.op(Instruction::ArrayNewDefault(ty), 1, &[array]);
        self.body.op(Instruction::Drop, 1, &[]);
        Ok(())
    }
}
