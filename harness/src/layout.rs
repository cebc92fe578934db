//! Where a subject keeps each local and operand of a frame, as far as a hazard depends on it.
//!
//! Wasmtime 42 packs a frame's values without alignment behind an 8-byte header: locals in index
//! order, then operands from the bottom. Reading a `v128` from a slot that is not 16-byte aligned
//! faults. Built with debug assertions, as fuzzers build it, the engine ends the process at any read
//! that is not aligned. This module computes which slots those are, and nothing else.

use lockstep_oracles::ValType;
use lockstep_oracles::code::{Function, Shape};
use lockstep_oracles::module::Module;
use lockstep_oracles::types::Hierarchy;

/// Bytes before the first local: the instance pointer.
const HEADER: u32 = 8;

/// Slots of one function whose read would crash the process.
#[derive(Debug, Default)]
pub struct FunctionLayout {
    /// Whether any slot is hazardous; the common answer is no.
    pub hazardous: bool,
    /// Whether a local must be looked at before it is read: a read of one would crash, or one has no
    /// value until the program sets it, as its type has no null.
    pub skips_locals: bool,
    /// Whether any slot of the frame may begin anywhere.
    pub floating: bool,
    /// By local index; empty if none is hazardous.
    locals: Box<[bool]>,
    /// By shape node; empty if none is hazardous.
    shapes: Box<[bool]>,
}

impl FunctionLayout {
    /// The layout of `function` in a subject that packs its slots.
    ///
    /// Where callees are inlined, a frame's slots may begin anywhere: no `v128` is read then.
    pub fn packed(module: &Module, function: &Function, inlined: bool) -> FunctionLayout {
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
        if !hazardous {
            return FunctionLayout::readable(function);
        }
        FunctionLayout {
            hazardous,
            skips_locals: locals.contains(&true) || has_unset(function),
            floating: inlined,
            locals,
            shapes,
        }
    }

    /// The layout of `function` in a subject that reads a slot wherever it begins.
    pub fn readable(function: &Function) -> FunctionLayout {
        FunctionLayout {
            skips_locals: has_unset(function),
            ..FunctionLayout::default()
        }
    }

    /// Whether reading the local would crash.
    #[inline]
    pub fn local(&self, index: usize) -> bool {
        self.hazardous && self.locals[index]
    }

    /// Whether reading the top operand of `shape` would crash.
    #[inline]
    pub fn top_operand(&self, shape: Shape) -> bool {
        self.hazardous && shape.is_some_and(|id| self.shapes[id.0 as usize])
    }
}

/// Layouts of a module's defined functions, in order.
pub fn packed_layouts(module: &Module, inlined: bool) -> Vec<FunctionLayout> {
    let functions = module.functions().iter();
    functions
        .map(|function| FunctionLayout::packed(module, function, inlined))
        .collect()
}

/// Layouts of a module's defined functions in a subject that reads a slot wherever it begins.
pub fn readable_layouts(module: &Module) -> Vec<FunctionLayout> {
    let functions = module.functions().iter();
    functions.map(FunctionLayout::readable).collect()
}

/// Whether a local has no value until the program sets it: no parameter, and of a type without null.
fn has_unset(function: &Function) -> bool {
    let declared = function.locals.iter().skip(function.num_params as usize);
    let mut types = declared.copied();
    types.any(|ty| matches!(ty, ValType::Ref(ty) if !ty.is_nullable()))
}

/// For operands of these types, bottom first, on top of the function's locals: which are hazardous.
pub fn hazardous_operands(
    module: &Module,
    function: &Function,
    layout: &FunctionLayout,
    operands: impl Iterator<Item = ValType>,
) -> Vec<bool> {
    let locals = function.locals.iter().map(|&ty| size(module, ty));
    let mut offset = HEADER + locals.sum::<u32>();
    operands
        .map(|ty| {
            let hazard = misaligned(module, ty, offset, layout.floating);
            offset += size(module, ty);
            hazard
        })
        .collect()
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
    use lockstep_oracles::WasmFeatures;

    fn layout(wat: &str) -> (std::sync::Arc<Module>, FunctionLayout) {
        let bytes = wat::parse_str(wat).unwrap();
        let module = Module::new(&bytes, WasmFeatures::WASM2).unwrap();
        let layout = FunctionLayout::packed(&module, &module.functions()[0], false);
        (module, layout)
    }

    #[test]
    fn a_first_local_v128_is_misaligned_and_one_after_eight_bytes_is_not() {
        let (_, layout) = layout("(module (func (param v128 i64 v128)))");
        // 8, then 24..32, then 32.
        assert!(layout.local(0));
        assert!(!layout.local(2));
    }

    #[test]
    fn operands_follow_the_locals() {
        let (module, layout) = layout(
            "(module (func (param i64) v128.const i64x2 0 0 i32.const 0 v128.const i64x2 0 0 drop drop drop))",
        );
        let function = &module.functions()[0];
        // 8 header + 8 local: the first vector sits at 16, the second at 36.
        assert!(!layout.top_operand(function.before[1]));
        assert!(layout.top_operand(function.before[3]));
    }

    #[test]
    fn functions_without_vectors_have_no_hazard() {
        let (_, layout) = layout("(module (func (param i64 i32 f32) i64.const 0 drop))");
        assert!(!layout.hazardous);
    }

    #[test]
    fn declared_locals_without_a_null_are_looked_at_first() {
        let skips = |wat: &str| {
            let bytes = wat::parse_str(wat).unwrap();
            let module = Module::new(&bytes, WasmFeatures::WASM3).unwrap();
            let function = &module.functions()[0];
            let layouts = [
                FunctionLayout::readable(function),
                FunctionLayout::packed(&module, function, false),
            ];
            layouts.map(|layout| layout.skips_locals)
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
