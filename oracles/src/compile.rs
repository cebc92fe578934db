//! From a function body to instructions: one for every opcode, in file order, none added and none
//! left out. It never rewrites, fuses or reorders.

use crate::address::{FuncIndex, Pc};
use crate::code::{Function, Instr, RETURN, Shape, ShapeId, ShapeNode, Target};
use crate::decode::{supported_type, unsupported};
use crate::module::{FuncType, ModuleError};
use crate::opcode::Opcode;
use std::collections::HashMap;
use wasmparser::{
    BlockType, FuncValidator, FunctionBody, HeapType, MemArg, MemArgTarget, Operator, RefType,
    ValType, ValidatorResources,
};

type Result<T, E = ModuleError> = std::result::Result<T, E>;

/// Validates a body and compiles it.
pub(crate) fn compile(
    body: &FunctionBody<'_>,
    validator: &mut FuncValidator<ValidatorResources>,
    index: FuncIndex,
    ty: &FuncType,
    types: &[FuncType],
) -> Result<Function> {
    let mut reader = body.get_binary_reader();
    validator.read_locals(&mut reader)?;
    let mut compiler = Compiler::new(validator, ty, types, reader.original_position() as usize)?;
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        compiler.opcode(validator, &operator, offset as usize)?;
    }
    operators.finish()?;
    Ok(compiler.finish(index, ty))
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
}

struct Compiler<'m> {
    types: &'m [FuncType],
    locals: Vec<ValType>,
    controls: Vec<Control>,
    instrs: Vec<Instr>,
    pcs: Vec<Pc>,
    before: Vec<Shape>,
    reachable: Vec<bool>,
    targets: Vec<Target>,
    vectors: Vec<u128>,
    max_operands: u32,
    shapes: Shapes,
}

impl<'m> Compiler<'m> {
    fn new(
        validator: &FuncValidator<ValidatorResources>,
        ty: &FuncType,
        types: &'m [FuncType],
        offset: usize,
    ) -> Result<Compiler<'m>> {
        let locals: Vec<ValType> = (0..validator.len_locals())
            .map_while(|i| validator.get_local_type(i))
            .collect();
        for &ty in &locals {
            supported_type(offset, ty)?;
        }
        Ok(Compiler {
            types,
            locals,
            controls: vec![Control {
                arity: ty.results.len() as u32,
                height: 0,
                start: None,
                branches: Vec::new(),
                skips: Vec::new(),
                entered: true,
            }],
            instrs: Vec::new(),
            pcs: Vec::new(),
            before: Vec::new(),
            reachable: Vec::new(),
            targets: Vec::new(),
            vectors: Vec::new(),
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
        if !op.in_wasm_2_0() {
            return Err(unsupported(offset, op.name()));
        }

        let position = self.instrs.len() as u32;
        let (a, b) = self.immediates(validator, operator, offset, position)?;
        self.instrs.push(Instr { op, a, b });
        self.pcs.push(Pc(offset as u32));
        self.before.push(before);
        self.reachable.push(reachable);

        if !self.controls.is_empty() && self.is_reachable(validator) {
            self.shapes.follow(kept, validator);
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

    /// An opcode's immediates, its label resolved or noted for later.
    fn immediates(
        &mut self,
        validator: &FuncValidator<ValidatorResources>,
        operator: &Operator<'_>,
        offset: usize,
        position: u32,
    ) -> Result<(u32, u64)> {
        use Operator as O;
        if let Some(memarg) = memarg(operator) {
            if memarg.target != MemArgTarget::Memory(0) || memarg.ordering.is_some() {
                return Err(unsupported(offset, "this memory argument"));
            }
            return Ok((lane(operator), memarg.offset));
        }
        Ok(match operator {
            O::Block { blockty } => self.open(validator, *blockty, offset, position, false)?,
            O::Loop { blockty } => self.open(validator, *blockty, offset, position, true)?,
            O::If { blockty } => {
                let immediates = self.open(validator, *blockty, offset, position, false)?;
                self.innermost().skips.push(position);
                immediates
            }
            O::Else => {
                // A false condition goes to the alternative, not to the `end`.
                let opened = self.innermost().skips.pop();
                if let Some(opened) = opened {
                    self.instrs[opened as usize].a = position + 1;
                }
                self.innermost().skips.push(position);
                (0, 0)
            }
            O::End => self.close(position),
            O::Br { relative_depth } | O::BrIf { relative_depth } => {
                (self.branch(*relative_depth), 0)
            }
            O::BrTable { targets } => {
                let first = self.targets.len() as u32;
                for depth in targets.targets() {
                    self.branch(depth?);
                }
                self.branch(targets.default());
                (first, u64::from(targets.len()))
            }
            O::Call { function_index } | O::RefFunc { function_index } => (*function_index, 0),
            O::CallIndirect {
                type_index,
                table_index,
            } => (*type_index, u64::from(*table_index)),
            O::TypedSelect { ty } => {
                supported_type(offset, *ty)?;
                (0, 0)
            }
            O::RefNull { hty } => {
                match RefType::new(true, *hty) {
                    Some(ty) => supported_type(offset, ValType::Ref(ty))?,
                    None => return Err(unsupported(offset, "this null reference")),
                }
                (0, 0)
            }
            O::LocalGet { local_index }
            | O::LocalSet { local_index }
            | O::LocalTee { local_index } => (*local_index, 0),
            O::GlobalGet { global_index } | O::GlobalSet { global_index } => (*global_index, 0),
            O::TableGet { table }
            | O::TableSet { table }
            | O::TableGrow { table }
            | O::TableSize { table }
            | O::TableFill { table } => (*table, 0),
            O::TableCopy {
                dst_table,
                src_table,
            } => (*dst_table, u64::from(*src_table)),
            O::TableInit { elem_index, table } => (*elem_index, u64::from(*table)),
            O::ElemDrop { elem_index } => (*elem_index, 0),
            O::MemoryInit { data_index, .. } | O::DataDrop { data_index } => (*data_index, 0),
            O::I32Const { value } => (0, u64::from(*value as u32)),
            O::I64Const { value } => (0, *value as u64),
            O::F32Const { value } => (0, u64::from(value.bits())),
            O::F64Const { value } => (0, value.bits()),
            O::V128Const { value } => (self.vector(*value.bytes()), 0),
            O::I8x16Shuffle { lanes } => (self.vector(*lanes), 0),
            other => (lane(other), 0),
        })
    }

    fn innermost(&mut self) -> &mut Control {
        self.controls
            .last_mut()
            .expect("crash: a valid opcode is inside a label")
    }

    fn vector(&mut self, bytes: [u8; 16]) -> u32 {
        self.vectors.push(u128::from_le_bytes(bytes));
        self.vectors.len() as u32 - 1
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
                let ty = &self.types[index as usize];
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
        });
        Ok((0, 0))
    }

    /// Closes the innermost label; `a` is 1 for the function's own.
    fn close(&mut self, position: u32) -> (u32, u64) {
        let Some(control) = self.controls.pop() else {
            return (0, 0);
        };
        let is_function = self.controls.is_empty();
        let to = if is_function { RETURN } else { position + 1 };
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

    fn finish(self, index: FuncIndex, ty: &FuncType) -> Function {
        Function {
            index,
            locals: self.locals.into(),
            num_params: ty.params.len() as u32,
            num_results: ty.results.len() as u32,
            max_operands: self.max_operands,
            instrs: self.instrs.into(),
            pcs: self.pcs.into(),
            before: self.before.into(),
            reachable: self.reachable.into(),
            shapes: self.shapes.nodes.into(),
            targets: self.targets.into(),
            vectors: self.vectors.into(),
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
    fn follow(&mut self, kept: usize, validator: &FuncValidator<ValidatorResources>) {
        self.truncate(kept);
        let height = validator.operand_stack_height() as usize;
        self.truncate(height);
        while self.stack.len() < height {
            let depth = height - 1 - self.stack.len();
            let ty = validator
                .get_operand_type(depth)
                .flatten()
                .expect("crash: a reachable operand has a known type");
            self.push(ty);
        }
    }

    fn push(&mut self, ty: ValType) {
        let ty = as_in_2_0(ty);
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

/// The type as Wasm 2.0 has it: the validator gives `ref.func` the type of that very function.
///
/// Modules that can tell the difference are refused as unsupported.
fn as_in_2_0(ty: ValType) -> ValType {
    match ty {
        ValType::Ref(ty)
            if matches!(ty.heap_type(), HeapType::Concrete(_) | HeapType::Exact(_)) =>
        {
            ValType::FUNCREF
        }
        other => other,
    }
}

/// The memory argument of a load or store.
pub(crate) fn memarg(operator: &Operator<'_>) -> Option<MemArg> {
    macro_rules! of {
        ($($op:ident)*) => {
            match operator {
                $(Operator::$op { memarg, .. } => Some(*memarg),)*
                _ => None,
            }
        };
    }
    of! {
        I32Load I64Load F32Load F64Load
        I32Load8S I32Load8U I32Load16S I32Load16U
        I64Load8S I64Load8U I64Load16S I64Load16U I64Load32S I64Load32U
        I32Store I64Store F32Store F64Store I32Store8 I32Store16 I64Store8 I64Store16 I64Store32
        V128Load V128Load8x8S V128Load8x8U V128Load16x4S V128Load16x4U V128Load32x2S V128Load32x2U
        V128Load8Splat V128Load16Splat V128Load32Splat V128Load64Splat
        V128Load32Zero V128Load64Zero V128Store
        V128Load8Lane V128Load16Lane V128Load32Lane V128Load64Lane
        V128Store8Lane V128Store16Lane V128Store32Lane V128Store64Lane
    }
}

/// The lane immediate; 0 for opcodes without one.
fn lane(operator: &Operator<'_>) -> u32 {
    macro_rules! of {
        ($($op:ident)*) => {
            match operator {
                $(Operator::$op { lane, .. } => u32::from(*lane),)*
                _ => 0,
            }
        };
    }
    of! {
        V128Load8Lane V128Load16Lane V128Load32Lane V128Load64Lane
        V128Store8Lane V128Store16Lane V128Store32Lane V128Store64Lane
        I8x16ExtractLaneS I8x16ExtractLaneU I8x16ReplaceLane
        I16x8ExtractLaneS I16x8ExtractLaneU I16x8ReplaceLane
        I32x4ExtractLane I32x4ReplaceLane I64x2ExtractLane I64x2ReplaceLane
        F32x4ExtractLane F32x4ReplaceLane F64x2ExtractLane F64x2ReplaceLane
    }
}

#[cfg(test)]
mod tests;
