//! `V128-SLOT` and `UNSET-LOCAL`: which locals and operands of a frame must not be read.
//!
//! Wasmtime 42 packs a frame's values without alignment behind an 8-byte header: locals in index
//! order, then operands from the bottom. Reading a `v128` from a slot that is not 16-byte aligned
//! faults. Built with debug assertions, as fuzzers build it, the engine ends the process at any read
//! that is not aligned. A local whose type has no null has nothing in its slot until the program sets it.
//! This module computes which slots those may be, and nothing else.

use super::if_params::ShownOperand;
use super::{Cause, Causes, Known};
use lockstep_oracles::ValType;
use lockstep_oracles::code::{Function, Shape};
use lockstep_oracles::module::Module;
use lockstep_oracles::types::Hierarchy;
use lockstep_oracles::value::Cell;

/// Bytes before the first local: the instance pointer.
const HEADER: u32 = 8;

/// Slots of one function whose read would crash the process.
#[derive(Debug, Default)]
pub struct FunctionLayout {
    /// The cause by which a slot is hazardous where it begins; the common answer is none.
    slots: Option<Known>,
    /// The cause by which a local must not be read before the program sets it; none if the function has
    /// no local that needs to be set.
    unset: Option<Known>,
    /// The cause by which any packed slot may be hazardous, whether or not one of this function is.
    packed: Option<Known>,
    /// Whether any slot of the frame may begin anywhere.
    pub floating: bool,
    /// By local index; empty if none is hazardous.
    locals: Box<[bool]>,
    /// By shape node; empty if none is hazardous.
    shapes: Box<[bool]>,
}

impl FunctionLayout {
    /// The layout of `function` in a subject with these causes.
    ///
    /// Where callees are inlined, a frame's slots may begin anywhere: none that must be aligned is read
    /// then.
    pub fn of(
        causes: Causes,
        module: &Module,
        function: &Function,
        inlined: bool,
    ) -> FunctionLayout {
        let unset = causes.get(Cause::UnsetLocal);
        let layout = FunctionLayout {
            unset: unset.filter(|_| has_unset(function)),
            ..FunctionLayout::default()
        };
        match causes.get(Cause::V128Slot) {
            Some(known) => layout.packed(known, module, function, inlined),
            None => layout,
        }
    }

    /// The same, with its slots packed.
    fn packed(
        self,
        known: Known,
        module: &Module,
        function: &Function,
        inlined: bool,
    ) -> FunctionLayout {
        let misaligned = |ty, offset| misaligned(module, ty, offset, inlined);
        let size = |ty| size(module, ty);
        let mut offset = HEADER;
        let locals: Box<[bool]> = function
            .locals
            .iter()
            .map(|&ty| {
                let hazard = misaligned(ty, offset);
                offset += size(ty);
                hazard
            })
            .collect();
        // A node's list below it comes before it, so one pass in order sees parents first.
        let mut ends = Vec::with_capacity(function.shapes.len());
        let shapes: Box<[bool]> = function
            .shapes
            .iter()
            .map(|node| {
                let start = node.below.map_or(offset, |below| ends[below.0 as usize]);
                ends.push(start + size(node.ty));
                misaligned(node.ty, start)
            })
            .collect();
        let hazardous = locals.iter().chain(shapes.iter()).any(|&hazard| hazard);
        FunctionLayout {
            packed: Some(known),
            slots: Some(known).filter(|_| hazardous),
            floating: inlined,
            locals,
            shapes,
            ..self
        }
    }

    /// Whether a slot of the function must not be read.
    pub fn is_hazardous(&self) -> bool {
        self.slots.is_some()
    }

    /// Whether a local must be looked at before it is read.
    #[inline]
    pub fn skips_locals(&self) -> bool {
        self.slots.is_some() || self.unset.is_some()
    }

    /// The cause that forbids to read the local.
    #[inline]
    pub fn local(&self, index: usize) -> Option<Known> {
        self.slots.filter(|_| self.locals[index])
    }

    /// The cause that forbids to read a local of this type while it holds nothing.
    #[inline]
    pub fn unset(&self, ty: ValType, cell: Cell) -> Option<Known> {
        self.unset.filter(|_| is_unset(ty, cell))
    }

    /// The cause that forbids to read the top operand of `shape`.
    #[inline]
    pub fn top_operand(&self, shape: Shape) -> Option<Known> {
        self.slots
            .filter(|_| shape.is_some_and(|id| self.shapes[id.0 as usize]))
    }

    /// For operands that are shown so, on top of the function's locals: the cause that forbids to read each.
    pub fn shown(
        &self,
        module: &Module,
        function: &Function,
        operands: &[ShownOperand],
    ) -> Vec<Option<Known>> {
        let locals = function.locals.iter().map(|&ty| size(module, ty));
        let mut offset = HEADER + locals.sum::<u32>();
        operands
            .iter()
            .map(|&ShownOperand { ty, .. }| {
                let hazard = misaligned(module, ty, offset, self.floating);
                offset += size(module, ty);
                self.packed.filter(|_| hazard)
            })
            .collect()
    }
}

/// Layouts of a module's defined functions, in order, in a subject with these causes.
pub fn layouts(causes: Causes, module: &Module, inlined: bool) -> Vec<FunctionLayout> {
    let functions = module.functions().iter();
    functions
        .map(|function| FunctionLayout::of(causes, module, function, inlined))
        .collect()
}

/// Whether the local has no value yet: its type has no null, and the program has not set it.
#[inline(always)]
pub fn is_unset(ty: ValType, cell: Cell) -> bool {
    cell.0 == 0 && matches!(ty, ValType::Ref(ty) if !ty.is_nullable())
}

/// Whether a local has no value until the program sets it: no parameter, and of a type without null.
fn has_unset(function: &Function) -> bool {
    let declared = function.locals.iter().skip(function.num_params as usize);
    let mut types = declared.copied();
    types.any(|ty| matches!(ty, ValType::Ref(ty) if !ty.is_nullable()))
}

fn misaligned(module: &Module, ty: ValType, offset: u32, floating: bool) -> bool {
    let align = checked_alignment(module, ty, cfg!(debug_assertions));
    // Every slot is a multiple of four bytes, wherever the frame begins.
    align > 4 && (floating || !offset.is_multiple_of(align))
}

/// The alignment without which a read of the type ends the process, in bytes; 1 if there is none.
///
/// Lockstep and the engine are built by one command, and so with or without debug assertions alike.
fn checked_alignment(module: &Module, ty: ValType, debug_assertions: bool) -> u32 {
    if ty == ValType::V128 || debug_assertions {
        size(module, ty)
    } else {
        1
    }
}

/// Bytes of a slot: references to the collected heap are 32-bit, function references are pointers.
fn size(module: &Module, ty: ValType) -> u32 {
    match ty {
        ValType::I32 | ValType::F32 => 4,
        ValType::I64 | ValType::F64 => 8,
        ValType::V128 => 16,
        ValType::Ref(ty) => match module.hierarchy(ty.heap_type()) {
            Some(Hierarchy::Func) => 8,
            _ => 4,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Version;
    use lockstep_oracles::WasmFeatures;

    fn packed(module: &Module) -> FunctionLayout {
        let causes = Causes::of(Version::V42);
        FunctionLayout::of(causes, module, &module.functions()[0], false)
    }

    fn readable(module: &Module) -> FunctionLayout {
        let causes = Causes::of(Version::V48);
        FunctionLayout::of(causes, module, &module.functions()[0], false)
    }

    fn layout(wat: &str) -> (std::sync::Arc<Module>, FunctionLayout) {
        let bytes = wat::parse_str(wat).unwrap();
        let module = Module::new(&bytes, WasmFeatures::WASM2).unwrap();
        let layout = packed(&module);
        (module, layout)
    }

    #[test]
    fn a_first_local_v128_is_misaligned_and_one_after_eight_bytes_is_not() {
        let (_, layout) = layout("(module (func (param v128 i64 v128)))");
        // 8, then 24..32, then 32.
        assert!(layout.local(0).is_some());
        assert!(layout.local(2).is_none());
    }

    #[test]
    fn operands_follow_the_locals() {
        let (module, layout) = layout(
            "(module (func (param i64) v128.const i64x2 0 0 i32.const 0 v128.const i64x2 0 0 drop drop drop))",
        );
        let function = &module.functions()[0];
        // 8 header + 8 local: the first vector sits at 16, the second at 36.
        assert!(layout.top_operand(function.before[1]).is_none());
        assert!(layout.top_operand(function.before[3]).is_some());
    }

    #[test]
    fn functions_without_vectors_have_no_hazard() {
        let (_, layout) = layout("(module (func (param i64 i32 f32) i64.const 0 drop))");
        assert!(layout.slots.is_none());
    }

    /// The operand of a wider type that a cause predicts is read where slots are aligned.
    #[test]
    fn predicted_operands_are_hazardous_only_where_slots_are_packed() {
        let (module, packed) = layout("(module (func))");
        let function = &module.functions()[0];
        let forbidden = |layout: &FunctionLayout| {
            let types = [ValType::V128, ValType::I64, ValType::V128];
            let shown = types.map(|ty| ShownOperand { ty, real: None });
            let operands = layout.shown(&module, function, &shown);
            operands.iter().map(Option::is_some).collect::<Vec<_>>()
        };
        assert_eq!(forbidden(&packed), [true, false, false]);
        assert_eq!(forbidden(&readable(&module)), [false; 3]);
    }

    #[test]
    fn declared_locals_without_a_null_are_looked_at_first() {
        let skips = |wat: &str| {
            let bytes = wat::parse_str(wat).unwrap();
            let module = Module::new(&bytes, WasmFeatures::WASM3).unwrap();
            [readable(&module), packed(&module)].map(|layout| layout.skips_locals())
        };
        assert_eq!(skips("(module (func (local (ref func))))"), [true, true]);
        assert_eq!(skips("(module (func (param (ref func))))"), [false; 2]);
        assert_eq!(skips("(module (func (local i64 funcref)))"), [false; 2]);
        assert_eq!(skips("(module (func (local v128)))"), [false, true]);
    }

    #[test]
    fn only_debug_assertions_check_the_alignment_of_other_types() {
        let module = Module::default();
        let checked_alignment = |ty, debug| checked_alignment(&module, ty, debug);
        assert_eq!(checked_alignment(ValType::I64, false), 1);
        assert_eq!(checked_alignment(ValType::I64, true), 8);
        assert_eq!(checked_alignment(ValType::F32, true), 4);
        assert_eq!(checked_alignment(ValType::V128, false), 16);
    }
}
