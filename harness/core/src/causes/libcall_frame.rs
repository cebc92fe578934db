//! `LIBCALL-FRAME`: where the call that the epoch makes may be placed before a function's first record.
//!
//! The compiler places what it takes for unlikely behind the rest: that call, and code that ends in a trap.
//! Of these two the call comes first.

use lockstep_oracles::code::Function;
use lockstep_oracles::opcode::{Control, Opcode};

/// Whether what a function begins with may end in a trap: with `unreachable`, or an exception, or an opcode
/// that the compiler may find to trap always.
pub fn may_trap_first(function: &Function) -> bool {
    for instr in &function.instrs {
        let op = instr.op;
        match op {
            Opcode::Block | Opcode::End | Opcode::TryTable => {}
            Opcode::Unreachable | Opcode::Throw | Opcode::ThrowRef => return true,
            _ if op.can_trap() => return true,
            // It goes on elsewhere.
            Opcode::Loop => return false,
            _ if op.control() != Control::Next && !op.is_call() => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::WasmFeatures;
    use lockstep_oracles::module::Module;

    fn traps(body: &str) -> bool {
        let wat = format!("(module (memory 1) (func (param i32) {body}))");
        let bytes = wat::parse_str(wat).unwrap();
        let module = Module::new(&bytes, WasmFeatures::WASM3).unwrap();
        may_trap_first(&module.functions()[0])
    }

    #[test]
    fn only_what_is_executed_first_counts() {
        assert!(traps("nop unreachable"));
        assert!(traps("block nop end unreachable"));
        assert!(traps("local.get 0 i32.load drop"));
        assert!(traps("local.get 0 call 0 unreachable"));
        assert!(!traps("nop"));
        assert!(!traps("local.get 0 if unreachable end"));
        assert!(!traps("loop unreachable end"));
        assert!(!traps("return unreachable"));
    }
}
