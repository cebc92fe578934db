//! Programs that end in every way, at every depth: some frames in, within what a host function calls, and
//! within what that calls in turn.
//!
//! What a host function calls may call the host again, so calls of the host are counted.

use super::super::matrix::body::Manner;
use super::super::matrix::environment::Signature;
use super::super::weights::{Row, below, between, chance, one_of, pick};
use super::builder::{Builder, Kind, Traits};
use super::endless::TRAITS;
use super::{Plan, RECURSIVE_BUDGET, Role};
use arbitrary::{Result, Unstructured};
use wasm_encoder::{Instruction, ValType};

/// Bits of the first parameter that say how many frames a program ends in: the bit above them says whether it
/// ends there.
const DEPTH: i32 = 7;
/// The same of some that go deeper, so that what unwinds the stack passes many frames.
const MORE_DEPTH: i32 = 0x1f;
/// The same of the few that go deep.
const GREAT_DEPTH: i32 = 0xff;
/// The same of still fewer that go deeper.
const GREATEST_DEPTH: i32 = 0x1ff;

/// What a program does on its way.
#[derive(Clone, Copy)]
enum Deed {
    CallHost,
    CallEnding,
    CallRef,
    CallFamily,
    Others,
}

const DEEDS: &[Row<Deed>] = &[
    Row::new("call of the host", 6, Deed::CallHost),
    Row::new("call of what ends", 4, Deed::CallEnding),
    Row::new("call_ref", 2, Deed::CallRef),
    Row::new("call_indirect", 1, Deed::CallFamily),
    Row::new("others", 3, Deed::Others),
];

/// What programs that end have in common.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    /// The global that counts calls of the host.
    counter: u32,
    /// What one takes of it.
    price: i32,
    /// Functions that end.
    endings: Vec<Ending>,
}

/// A function that ends.
#[derive(Clone, Copy, Debug)]
struct Ending {
    function: u32,
    /// Bits of its first parameter that say how many frames in, if it counts.
    depth: Option<i32>,
}

impl Ends {
    pub(super) fn new(u: &mut Unstructured<'_>, counter: u32) -> Result<Ends> {
        Ok(Ends {
            counter,
            price: between(u, 6, 40)? as i32,
            endings: Vec::new(),
        })
    }
}

impl Plan {
    /// A function that calls itself as often as its parameter says, and ends there.
    pub(super) fn define_ending(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let signature = self.counted_signature(u)?;
        let ty = self.environment.type_index(signature.clone());
        let traits = Traits {
            budget: RECURSIVE_BUDGET,
            ..TRAITS
        };
        let Some(ends) = self.ends.clone() else {
            return Ok(());
        };
        let mut builder = self.builder(u, &signature, 6, traits)?;
        let bits = match between(u, 0, 95)? {
            0 => GREATEST_DEPTH,
            1..=4 => GREAT_DEPTH,
            5..=20 => MORE_DEPTH,
            _ => DEPTH,
        };
        let depth = builder.count_down(0, bits);
        let held = between(u, 0, 6)?;
        builder.hold(u, held)?;
        builder.descend(u, depth, &signature)?;
        builder.end_by_argument(u, &ends, bits)?;
        builder.leave(u)?;
        let steps = between(u, 0, 3)?;
        builder.sequence(u, steps)?;
        builder.end(u)?;
        let body = builder.into_body();
        self.note_ending(self.environment.next_function(), Some(bits));
        self.add(ty, body, Role::Ending, bits as u64 + 1);
        Ok(())
    }

    /// Has others call a function that ends, where some do.
    pub(super) fn note_ending(&mut self, function: u32, depth: Option<i32>) {
        if let Some(ends) = &mut self.ends {
            ends.endings.push(Ending { function, depth });
        }
    }

    /// A function that calls the host, and those that end, some of it in handlers.
    pub(super) fn define_entering(&mut self, u: &mut Unstructured<'_>, role: Role) -> Result<()> {
        let signature = match role {
            Role::Start => Signature::default(),
            // Most can be called by a host function.
            _ => Signature {
                params: self.environment.parameters(u, 0, 2)?,
                results: self.environment.value_types(u, 0, 3)?,
            },
        };
        let ty = self.environment.type_index(signature.clone());
        let Some(ends) = self.ends.clone() else {
            return Ok(());
        };
        let mut builder = self.builder(u, &signature, 6, TRAITS)?;
        for _ in 0..between(u, 1, 4)? {
            let held = between(u, 0, 4)?;
            builder.hold(u, held)?;
            if !builder.environment.tags.is_empty() && chance(u, 1, 2)? {
                builder.protect_from(u, |builder, u| builder.do_one(u, &ends))?;
            } else {
                builder.do_one(u, &ends)?;
            }
        }
        builder.end(u)?;
        let body = builder.into_body();
        self.add(ty, body, role, 1);
        Ok(())
    }
}

impl Builder<'_> {
    fn do_one(&mut self, u: &mut Unstructured<'_>, ends: &Ends) -> Result<()> {
        match pick(u, DEEDS)?.what {
            Deed::CallHost => self.call_host(u, ends),
            Deed::CallEnding => match one_of(u, &ends.endings)?.copied() {
                Some(ending) => self.call_ending(u, ending),
                None => self.call_host(u, ends),
            },
            Deed::CallRef => self.call_ref(u),
            Deed::CallFamily => self.call_family(u),
            Deed::Others => {
                let steps = between(u, 1, 3)?;
                self.sequence(u, steps)
            }
        }
    }

    /// Calls a function that ends some frames in, if its first parameter says so; most return.
    fn call_ending(&mut self, u: &mut Unstructured<'_>, ending: Ending) -> Result<()> {
        let ty = self.environment.function_type(ending.function);
        let signature = self.environment.signature(ty);
        let mut rest = signature.params.as_slice();
        if let Some(bits) = ending.depth {
            let returns = if chance(u, 2, 3)? { bits + 1 } else { 0 };
            let depth = between(u, 0, bits as u32)?.min(between(u, 0, bits as u32)?);
            self.body.push_i32(depth as i32 | returns);
            rest = rest.get(1..).unwrap_or_default();
        }
        self.body
            .operands(u, self.environment, rest, Manner::Fresh)?;
        let call = Instruction::Call(ending.function);
        self.body
            .op(call, signature.params.len(), &signature.results);
        Ok(())
    }

    /// Calls a function of the host, as long as there is something left on the counter.
    fn call_host(&mut self, u: &mut Unstructured<'_>, ends: &Ends) -> Result<()> {
        let callee = below(u, self.environment.imported())?;
        let ty = self.environment.function_type(callee);
        let Signature { params, results } = self.environment.signature(ty);
        let i32 = [ValType::I32];
        let ty = self.environment.block_type(&[], &results);
        self.body.op(Instruction::GlobalGet(ends.counter), 0, &i32);
        self.body.push_i32(0);
        self.body.op(Instruction::I32GtS, 2, &i32);
        self.body.op(Instruction::If(ty), 1, &[]);
        self.enter(Kind::If, &[], &results);
        let held = between(u, 0, 3)?;
        self.hold(u, held)?;
        self.body.op(Instruction::GlobalGet(ends.counter), 0, &i32);
        self.body.push_i32(ends.price);
        self.body.op(Instruction::I32Sub, 2, &i32);
        self.body.op(Instruction::GlobalSet(ends.counter), 1, &[]);
        self.body
            .operands(u, self.environment, &params, Manner::Fresh)?;
        self.body
            .op(Instruction::Call(callee), params.len(), &results);
        self.settle(u)?;
        self.alternative();
        self.leave(u)
    }

    /// Ends here, unless the first parameter says otherwise.
    fn end_by_argument(&mut self, u: &mut Unstructured<'_>, ends: &Ends, bits: i32) -> Result<()> {
        let ty = self.environment.block_type(&[], &[]);
        self.body.op(Instruction::LocalGet(0), 0, &[ValType::I32]);
        self.body.mask(bits + 1);
        self.body.op(Instruction::I32Eqz, 1, &[ValType::I32]);
        self.body.op(Instruction::If(ty), 1, &[]);
        self.enter(Kind::If, &[], &[]);
        let held = between(u, 0, 6)?;
        self.hold(u, held)?;
        match between(u, 0, 5)? {
            0 => self.call_host(u, ends)?,
            1 if !self.environment.tags.is_empty() => {
                self.body.throw_any(u, self.environment)?;
            }
            _ => self.trap(u)?,
        }
        self.leave(u)
    }
}
