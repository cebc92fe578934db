//! `CONVERT-TYPE`: a converted reference is shown with the type it had before.

use lockstep_oracles::code::Shape;
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::opcode::Opcode;

/// Whether a conversion between hierarchies pushed the frame's operand at `index`, 0 at the bottom.
pub fn explains(view: &FrameView<'_>, index: u32) -> bool {
    let function = view.function;
    // A branch that is not taken may give the operand a wider type; its place stays.
    let at =
        |shape: Shape| shape.is_some_and(|id| function.shapes[id.0 as usize].height == index + 1);
    let converts = |op| matches!(op, Opcode::AnyConvertExtern | Opcode::ExternConvertAny);
    let ops = function.instrs.iter().zip(function.before.iter().skip(1));
    let mut earlier = ops.take(view.position);
    earlier.any(|(instr, after)| converts(instr.op) && at(*after))
}
