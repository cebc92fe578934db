//! Operand stacks as they are known from a function's code.

use lockstep_oracles::code::{Function, Shape};
use lockstep_oracles::opcode::Control;

/// The shape of the lowest operands of a stack; of the whole stack if it has no more.
pub(crate) fn at_height(function: &Function, mut shape: Shape, height: usize) -> Shape {
    while height_of(function, shape) > height {
        shape = shape.and_then(|id| function.shapes[id.0 as usize].below);
    }
    shape
}

/// How many operands an opcode takes of the stack before it; what it hands on, as a call its arguments,
/// stays.
pub(crate) fn taken_at(function: &Function, position: usize) -> usize {
    let op = function.instrs[position].op;
    let fields = match function.before.get(position + 1) {
        // It leaves the object alone.
        Some(&after) if op.makes_object() && op.control() == Control::Next => {
            let before = height_of(function, function.before[position]);
            (before + 1).saturating_sub(height_of(function, after))
        }
        _ => 0,
    };
    op.own_operands().max(fields)
}

pub(crate) fn height_of(function: &Function, shape: Shape) -> usize {
    shape.map_or(0, |id| function.shapes[id.0 as usize].height as usize)
}
