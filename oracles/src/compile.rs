//! From a function body to instructions: one for every opcode, in file order, none added and none
//! left out. It never rewrites, fuses or reorders.

mod immediates;
mod memarg;

pub(crate) use immediates::MEMORY;
pub(crate) use memarg::memarg;

use crate::address::{FuncIndex, Pc};
use crate::code::{Clause, Function, Handler, Instr, RETURN, Shape, ShapeId, ShapeNode, Target};
use crate::decode::{supported_type, unsupported};
use crate::module::{FuncType, Module, ModuleError};
use crate::opcode::Opcode;
use crate::scope::TypeScope;
use crate::types::SubType;
use std::collections::HashMap;
use wasmparser::{
    BlockType, FuncValidator, FunctionBody, Operator, RefType, ValType, ValidatorResources,
};

type Result<T, E = ModuleError> = std::result::Result<T, E>;

/// Validates a body and compiles it.
pub(crate) fn compile(
    body: &FunctionBody<'_>,
    validator: &mut FuncValidator<ValidatorResources>,
    index: FuncIndex,
    module: &Module,
    scope: &TypeScope,
) -> Result<Function> {
    let ty = module.func_type(index);
    let mut reader = body.get_binary_reader();
    let start = reader.original_position() as u32;
    validator.read_locals(&mut reader)?;
    let offset = reader.original_position() as usize;
    let mut compiler = Compiler::new(validator, ty, &module.types, scope, offset)?;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        compiler.opcode(validator, &operator, offset as usize)?;
    }
    operators.finish()?;
    Ok(compiler.finish(index, Pc(start), ty))
}

/// A structured instruction that is open.
struct Control {
    /// Operands that a branch to its label carries.
    arity: u32,
    /// Operands below the label's.
    height: u32,
    /// Where a branch to a loop goes; other labels are not known before their `end`.
    start: Option<u32>,
    /// Branches (in `targets`) to its `end`.
    branches: Vec<u32>,
    /// Instructions (`if` without its `else`, `else`) whose `a` is the position after its `end`.
    skips: Vec<u32>,
    /// Whether control can reach where it begins.
    entered: bool,
    /// Its position in `handlers`, if it is a `try_table`.
    handler: Option<u32>,
}

struct Compiler<'m> {
    types: &'m [SubType],
    scope: &'m TypeScope,
    locals: Vec<ValType>,
    controls: Vec<Control>,
    instrs: Vec<Instr>,
    pcs: Vec<Pc>,
    before: Vec<Shape>,
    reachable: Vec<bool>,
    targets: Vec<Target>,
    vectors: Vec<u128>,
    handlers: Vec<Handler>,
    casts: Vec<RefType>,
    max_operands: u32,
    shapes: Shapes,
}

impl<'m> Compiler<'m> {
    fn new(
        validator: &FuncValidator<ValidatorResources>,
        ty: &FuncType,
        types: &'m [SubType],
        scope: &'m TypeScope,
        offset: usize,
    ) -> Result<Compiler<'m>> {
        let locals: Vec<ValType> = (0..validator.len_locals())
            .map_while(|i| validator.get_local_type(i))
            .map(|ty| scope.val(ty))
            .collect();
        for &ty in &locals {
            supported_type(offset, ty)?;
        }
        Ok(Compiler {
            types,
            scope,
            locals,
            controls: vec![Control {
                arity: ty.results.len() as u32,
                height: 0,
                start: None,
                branches: Vec::new(),
                skips: Vec::new(),
                entered: true,
                handler: None,
            }],
            instrs: Vec::new(),
            pcs: Vec::new(),
            before: Vec::new(),
            reachable: Vec::new(),
            targets: Vec::new(),
            vectors: Vec::new(),
            handlers: Vec::new(),
            casts: Vec::new(),
            max_operands: 0,
            shapes: Shapes::default(),
        })
    }

    fn opcode(
        &mut self,
        validator: &mut FuncValidator<ValidatorResources>,
        operator: &Operator<'_>,
        offset: usize,
    ) -> Result<()> {
        let op = Opcode::of(operator);
        let reachable = self.is_reachable(validator);
        let before = self.shapes.top();
        // What stays on the stack whatever the opcode does; all above it is read back.
        let kept = match operator {
            Operator::Else | Operator::End => {
                validator.get_control_frame(0).map_or(0, |f| f.height)
            }
            _ => {
                let (pops, _) = operator.operator_arity(validator).unwrap_or((u32::MAX, 0));
                validator.operand_stack_height().saturating_sub(pops) as usize
            }
        };
        validator.op(offset as u64, operator)?;
        if !op.is_implemented() {
            return Err(unsupported(offset, op.name()));
        }

        let position = self.instrs.len() as u32;
        let (a, b) = self.immediates(validator, operator, offset, position)?;
        self.instrs.push(Instr { op, a, b });
        self.pcs.push(Pc(offset as u32));
        self.before.push(before);
        self.reachable.push(reachable);

        if !self.controls.is_empty() && self.is_reachable(validator) {
            self.shapes.follow(kept, validator, self.scope);
            self.max_operands = self.max_operands.max(validator.operand_stack_height());
        } else {
            self.shapes.truncate(kept);
        }
        Ok(())
    }

    fn is_reachable(&self, validator: &FuncValidator<ValidatorResources>) -> bool {
        self.controls.last().is_some_and(|c| c.entered)
            && validator
                .get_control_frame(0)
                .is_some_and(|f| !f.unreachable)
    }

    fn innermost(&mut self) -> &mut Control {
        self.controls
            .last_mut()
            .expect("crash: a valid opcode is inside a label")
    }

    /// Opens a structured instruction, after the validator did.
    fn open(
        &mut self,
        validator: &FuncValidator<ValidatorResources>,
        ty: BlockType,
        offset: usize,
        position: u32,
        is_loop: bool,
    ) -> Result<(u32, u64)> {
        let arity = match ty {
            BlockType::Empty => 0,
            BlockType::Type(ty) => {
                supported_type(offset, ty)?;
                u32::from(!is_loop)
            }
            BlockType::FuncType(index) => {
                let ty = self.types[index as usize].as_func();
                let carried = if is_loop { &ty.params } else { &ty.results };
                carried.len() as u32
            }
        };
        // The opcode itself is recorded after this; the frame inside it is judged as a whole.
        let entered = self.controls.last().is_some_and(|c| c.entered)
            && validator
                .get_control_frame(1)
                .is_some_and(|f| !f.unreachable);
        self.controls.push(Control {
            arity,
            height: validator
                .get_control_frame(0)
                .map_or(0, |f| f.height as u32),
            start: is_loop.then_some(position + 1),
            branches: Vec::new(),
            skips: Vec::new(),
            entered,
            handler: None,
        });
        Ok((if is_loop { arity } else { 0 }, 0))
    }

    /// Opens a `try_table`, after the validator did. The labels of its clauses are those around it.
    fn open_try(
        &mut self,
        validator: &FuncValidator<ValidatorResources>,
        try_table: &wasmparser::TryTable,
        offset: usize,
        position: u32,
    ) -> Result<(u32, u64)> {
        use wasmparser::Catch;
        let clauses = try_table.catches.iter().map(|&catch| {
            let (tag, with_reference, label) = match catch {
                Catch::One { tag, label } => (Some(tag), false, label),
                Catch::OneRef { tag, label } => (Some(tag), true, label),
                Catch::All { label } => (None, false, label),
                Catch::AllRef { label } => (None, true, label),
            };
            Clause {
                tag,
                with_reference,
                target: self.branch(label),
            }
        });
        let clauses = clauses.collect();
        let immediates = self.open(validator, try_table.ty, offset, position, false)?;
        self.innermost().handler = Some(self.handlers.len() as u32);
        self.handlers.push(Handler {
            start: position + 1,
            end: position + 1,
            clauses,
        });
        Ok(immediates)
    }

    /// Closes the innermost label; `a` is 1 for the function's own.
    fn close(&mut self, position: u32) -> (u32, u64) {
        let Some(control) = self.controls.pop() else {
            return (0, 0);
        };
        let is_function = self.controls.is_empty();
        let to = if is_function { RETURN } else { position + 1 };
        if let Some(handler) = control.handler {
            self.handlers[handler as usize].end = position;
        }
        for branch in control.branches {
            self.targets[branch as usize].to = to;
        }
        for instr in control.skips {
            self.instrs[instr as usize].a = position + 1;
        }
        (u32::from(is_function), 0)
    }

    /// Adds a branch to the label `depth` levels out, and says where in `targets` it is.
    fn branch(&mut self, depth: u32) -> u32 {
        let target = self.targets.len() as u32;
        let label = self.controls.len() - 1 - depth as usize;
        let control = &mut self.controls[label];
        self.targets.push(Target {
            to: control.start.unwrap_or(RETURN),
            arity: control.arity,
            below: self.locals.len() as u32 + control.height,
        });
        if control.start.is_none() {
            control.branches.push(target);
        }
        target
    }

    fn finish(self, index: FuncIndex, start: Pc, ty: &FuncType) -> Function {
        // A clause may put results where the body itself never had so many operands.
        let max_operands = match self.handlers.is_empty() {
            true => self.max_operands,
            false => self.max_operands.max(ty.results.len() as u32),
        };
        Function {
            index,
            start,
            locals: self.locals.into(),
            num_params: ty.params.len() as u32,
            num_results: ty.results.len() as u32,
            max_operands,
            instrs: self.instrs.into(),
            pcs: self.pcs.into(),
            before: self.before.into(),
            reachable: self.reachable.into(),
            shapes: self.shapes.nodes.into(),
            targets: self.targets.into(),
            vectors: self.vectors.into(),
            handlers: self.handlers.into(),
            casts: self.casts.into(),
        }
    }
}

/// Operand types, hash-consed: a copy of the validator's stack in which each entry knows what is
/// below it. Each opcode costs what it pushes and pops, not the stack's height.
#[derive(Default)]
struct Shapes {
    nodes: Vec<ShapeNode>,
    known: HashMap<(Shape, ValType), ShapeId>,
    stack: Vec<ShapeId>,
}

impl Shapes {
    fn top(&self) -> Shape {
        self.stack.last().copied()
    }

    fn truncate(&mut self, height: usize) {
        self.stack.truncate(height);
    }

    /// Makes the stack equal to the validator's, of which the lowest `kept` did not change.
    fn follow(
        &mut self,
        kept: usize,
        validator: &FuncValidator<ValidatorResources>,
        scope: &TypeScope,
    ) {
        self.truncate(kept);
        let height = validator.operand_stack_height() as usize;
        self.truncate(height);
        while self.stack.len() < height {
            let depth = height - 1 - self.stack.len();
            let ty = validator
                .get_operand_type(depth)
                .flatten()
                .expect("crash: a reachable operand has a known type");
            self.push(scope.val(ty));
        }
    }

    fn push(&mut self, ty: ValType) {
        let below = self.top();
        let height = self.stack.len() as u32 + 1;
        let nodes = &mut self.nodes;
        let id = *self.known.entry((below, ty)).or_insert_with(|| {
            nodes.push(ShapeNode { below, ty, height });
            ShapeId(nodes.len() as u32 - 1)
        });
        self.stack.push(id);
    }
}

#[cfg(test)]
mod tests;
