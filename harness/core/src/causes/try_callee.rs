//! `TRY-CALLEE`: a frame that waits for an indirect call inside a `try_table` shows the callee operand.

use super::if_params::ShownOperand;
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::opcode::Opcode;

/// Whether the frame waits at a call that takes a callee operand and that a `try_table` guards.
pub fn shows_callee(view: &FrameView<'_>) -> bool {
    view.waits
        && matches!(view.op(), Opcode::CallIndirect | Opcode::CallRef)
        && view.function.is_guarded(view.position)
}

/// The operands before the call at which the frame waits; the callee operand is no longer there.
pub fn shown(view: &FrameView<'_>) -> Vec<ShownOperand> {
    let top_first = view.function.operand_types(view.position);
    let mut shown: Vec<ShownOperand> = top_first
        .map(|ty| ShownOperand { ty, real: None })
        .collect();
    shown.reverse();
    for (operand, real) in shown.iter_mut().zip(0..view.operands.len() as u32) {
        operand.real = Some(real);
    }
    shown
}
