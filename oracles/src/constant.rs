//! Constant expressions (section *Constant Expressions*): decoded once, evaluated whenever their
//! module is instantiated. They never trap; only the limit of the heap can end one.

use crate::address::{FuncAddr, FuncIndex, GlobalAddr};
use crate::decode::{supported_type, unsupported};
use crate::heap::Heap;
use crate::module::{Module, ModuleError};
use crate::numeric;
use crate::opcode::Opcode;
use crate::store::Store;
use crate::trap::Exhaustion;
use crate::types::{TypeId, pack};
use crate::value::{Cell, Ref};
use wasmparser::{Operator, RefType, ValType};

/// An instruction of a constant expression.
#[derive(Clone, Copy, Debug)]
enum ConstOp {
    /// `t.const`, `ref.null`
    Value(Cell),
    RefFunc(FuncIndex),
    GlobalGet(u32),
    /// `add`, `sub` or `mul` of integers
    Arithmetic(Opcode),
    RefI31,
    StructNew(u32),
    StructNewDefault(u32),
    ArrayNew(u32),
    ArrayNewDefault(u32),
    ArrayNewFixed(u32, u32),
}

/// A constant expression.
#[derive(Clone, Debug)]
pub(crate) struct ConstExpr(Box<[ConstOp]>);

/// What an expression may refer to: an instance that is being made.
pub(crate) struct Scope<'a> {
    pub(crate) module: &'a Module,
    pub(crate) types: &'a [TypeId],
    pub(crate) funcs: &'a [FuncAddr],
    pub(crate) globals: &'a [GlobalAddr],
    /// [`Limits::heap_cells`](crate::limits::Limits::heap_cells)
    pub(crate) heap_cells: u64,
}

impl ConstExpr {
    /// `ref.func`
    pub(crate) fn ref_func(func: FuncIndex) -> ConstExpr {
        ConstExpr(Box::new([ConstOp::RefFunc(func)]))
    }

    /// Whether it makes an object.
    pub(crate) fn makes_objects(&self) -> bool {
        self.0.iter().any(|op| match op {
            ConstOp::StructNew(_)
            | ConstOp::StructNewDefault(_)
            | ConstOp::ArrayNew(_)
            | ConstOp::ArrayNewDefault(_)
            | ConstOp::ArrayNewFixed(..) => true,
            ConstOp::Value(_)
            | ConstOp::RefFunc(_)
            | ConstOp::GlobalGet(_)
            | ConstOp::Arithmetic(_)
            | ConstOp::RefI31 => false,
        })
    }

    /// A validated expression.
    pub(crate) fn decode(expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr, ModuleError> {
        let mut operators = expr.get_operators_reader();
        let mut ops = Vec::new();
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset()?;
            if let Operator::End = operator {
                continue;
            }
            ops.extend(const_op(&operator, offset as usize)?);
        }
        Ok(ConstExpr(ops.into()))
    }

    /// The expression's value.
    ///
    /// # Errors
    ///
    /// If an object of it is beyond the limit of the heap.
    pub(crate) fn evaluate(
        &self,
        store: &mut Store,
        scope: &Scope<'_>,
    ) -> Result<Cell, Exhaustion> {
        let mut stack = Vec::new();
        for &op in &self.0 {
            let cell = evaluate(op, &mut stack, store, scope)?;
            stack.push(cell);
        }
        Ok(pop(&mut stack))
    }
}

/// Whether the operator may be in a constant expression of some version of WebAssembly.
pub(crate) fn is_constant(operator: &Operator<'_>) -> bool {
    matches!(operator, Operator::End) || const_op(operator, 0).is_ok()
}

/// The instruction; none if it does not change the value.
fn const_op(operator: &Operator<'_>, offset: usize) -> Result<Option<ConstOp>, ModuleError> {
    use Operator as O;
    Ok(Some(match *operator {
        O::I32Const { value } => ConstOp::Value(Cell(u128::from(value as u32))),
        O::I64Const { value } => ConstOp::Value(Cell(u128::from(value as u64))),
        O::F32Const { value } => ConstOp::Value(Cell(u128::from(value.bits()))),
        O::F64Const { value } => ConstOp::Value(Cell(u128::from(value.bits()))),
        O::V128Const { value } => ConstOp::Value(Cell(u128::from_le_bytes(*value.bytes()))),
        O::RefNull { hty } => {
            match RefType::new(true, hty) {
                Some(ty) => supported_type(offset, ValType::Ref(ty))?,
                None => return Err(unsupported(offset, "this null reference")),
            }
            ConstOp::Value(Ref::Null.to_cell())
        }
        O::RefFunc { function_index } => ConstOp::RefFunc(FuncIndex(function_index)),
        O::GlobalGet { global_index } => ConstOp::GlobalGet(global_index),
        O::I32Add | O::I32Sub | O::I32Mul | O::I64Add | O::I64Sub | O::I64Mul => {
            ConstOp::Arithmetic(Opcode::of(operator))
        }
        O::RefI31 => ConstOp::RefI31,
        O::StructNew { struct_type_index } => ConstOp::StructNew(struct_type_index),
        O::StructNewDefault { struct_type_index } => ConstOp::StructNewDefault(struct_type_index),
        O::ArrayNew { array_type_index } => ConstOp::ArrayNew(array_type_index),
        O::ArrayNewDefault { array_type_index } => ConstOp::ArrayNewDefault(array_type_index),
        O::ArrayNewFixed {
            array_type_index,
            array_size,
        } => ConstOp::ArrayNewFixed(array_type_index, array_size),
        O::AnyConvertExtern | O::ExternConvertAny => return Ok(None),
        _ => {
            let name = Opcode::of(operator).name();
            let what = format_args!("{name} in a constant expression").to_string();
            return Err(unsupported(offset, what));
        }
    }))
}

fn pop(stack: &mut Vec<Cell>) -> Cell {
    stack
        .pop()
        .expect("crash: a valid constant expression has its operands")
}

fn evaluate(
    op: ConstOp,
    stack: &mut Vec<Cell>,
    store: &mut Store,
    scope: &Scope<'_>,
) -> Result<Cell, Exhaustion> {
    let limit = scope.heap_cells;
    Ok(match op {
        ConstOp::Value(value) => value,
        ConstOp::RefFunc(index) => Ref::Func(scope.funcs[index.index()]).to_cell(),
        ConstOp::GlobalGet(index) => store.global(scope.globals[index as usize]).value,
        ConstOp::Arithmetic(op) => {
            let (b, a) = (pop(stack), pop(stack));
            arithmetic(op, a, b)
        }
        ConstOp::RefI31 => Ref::I31(pop(stack).u32() & 0x7fff_ffff).to_cell(),
        ConstOp::StructNew(ty) => {
            let fields = scope.module.types[ty as usize].as_struct();
            store.heap.reserve(fields.len() as u64, limit)?;
            let values = stack.split_off(stack.len() - fields.len());
            let packed = values.iter().zip(fields);
            let packed = packed.map(|(&v, field)| pack(field.element_type, v));
            let cells = packed.collect();
            structure(&mut store.heap, scope, ty, cells)
        }
        ConstOp::StructNewDefault(ty) => {
            let fields = scope.module.types[ty as usize].as_struct().len();
            store.heap.reserve(fields as u64, limit)?;
            structure(&mut store.heap, scope, ty, vec![Cell(0); fields].into())
        }
        ConstOp::ArrayNew(ty) => {
            let (count, value) = (pop(stack).u32(), pop(stack));
            array(store, scope, ty, count, |_, ty| pack(ty, value))?
        }
        ConstOp::ArrayNewDefault(ty) => {
            let count = pop(stack).u32();
            array(store, scope, ty, count, |_, _| Cell(0))?
        }
        ConstOp::ArrayNewFixed(ty, count) => {
            let values = stack.split_off(stack.len() - count as usize);
            array(store, scope, ty, count, |i, ty| pack(ty, values[i]))?
        }
    })
}

fn structure(heap: &mut Heap, scope: &Scope<'_>, ty: u32, cells: Box<[Cell]>) -> Cell {
    Ref::Struct(heap.add(scope.types[ty as usize], cells)).to_cell()
}

fn array(
    store: &mut Store,
    scope: &Scope<'_>,
    ty: u32,
    count: u32,
    element: impl Fn(usize, crate::types::StorageType) -> Cell,
) -> Result<Cell, Exhaustion> {
    let storage = scope.module.types[ty as usize].as_array().element_type;
    store.heap.reserve(u64::from(count), scope.heap_cells)?;
    let elements = (0..count as usize).map(|i| element(i, storage)).collect();
    let addr = store.heap.add(scope.types[ty as usize], elements);
    Ok(Ref::Array(addr).to_cell())
}

fn arithmetic(op: Opcode, a: Cell, b: Cell) -> Cell {
    let i32 = |f: fn(u32, u32) -> u32| Cell(u128::from(f(a.u32(), b.u32())));
    let i64 = |f: fn(u64, u64) -> u64| Cell(u128::from(f(a.u64(), b.u64())));
    match op {
        Opcode::I32Add => i32(numeric::i32_add),
        Opcode::I32Sub => i32(numeric::i32_sub),
        Opcode::I32Mul => i32(numeric::i32_mul),
        Opcode::I64Add => i64(numeric::i64_add),
        Opcode::I64Sub => i64(numeric::i64_sub),
        Opcode::I64Mul => i64(numeric::i64_mul),
        other => panic!("crash: {} in a constant expression", other.name()),
    }
}
