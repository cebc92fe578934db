//! `LIBCALL-FRAME`: where the call that the epoch makes may be placed before a function's first record.
//!
//! The compiler places what it takes for unlikely behind the rest: that call, and code that ends in a trap.
//! Of these two the call comes first.

use lockstep_oracles::code::Function;
use lockstep_oracles::module::Module;
use lockstep_oracles::opcode::{Access, Control, Opcode};
use lockstep_oracles::trap::Trap;

/// Whether what a function begins with may always end in a trap: with `unreachable`, or an exception, or an
/// opcode that the compiler may find to trap whatever its operands are.
pub fn may_trap_first(module: &Module, function: &Function) -> bool {
    let smallest = smallest_maximum(module);
    for instr in &function.instrs {
        let op = instr.op;
        match op {
            Opcode::Block | Opcode::End | Opcode::TryTable => {}
            Opcode::Unreachable | Opcode::Throw | Opcode::ThrowRef => return true,
            // Outside any memory it may ever be is certain; else it depends on the address.
            _ if accesses_address(op) && is_beyond(instr.b, smallest) => return true,
            _ if accesses_address(op) => {}
            // The compiler looks at its operands when the program runs.
            _ if is_arithmetic(op) => {}
            _ if op.can_trap() => return true,
            // It goes on elsewhere.
            Opcode::Loop => return false,
            _ if op.control() != Control::Next && !op.is_call() => return false,
            _ => {}
        }
    }
    false
}

/// Bytes of the widest access to a memory.
const WIDEST: u64 = 16;

/// Bytes that one of the module's memories can have at most: the smallest such number.
fn smallest_maximum(module: &Module) -> Option<u64> {
    let bytes = module.memories().iter().map(|memory| {
        let page = 1_u64 << memory.page_size_log2.unwrap_or(16);
        match memory.maximum {
            Some(pages) => pages.saturating_mul(page),
            None if memory.memory64 => u64::MAX,
            None => 1 << 32,
        }
    });
    bytes.min()
}

/// Whether an access at this offset is beyond that many bytes, whatever its address.
fn is_beyond(offset: u64, bytes: Option<u64>) -> bool {
    bytes.is_some_and(|bytes| offset.saturating_add(WIDEST) > bytes)
}

/// Whether the opcode accesses a memory at an address, and at an offset from it.
fn accesses_address(op: Opcode) -> bool {
    matches!(
        op.access(),
        Some(Access::Load | Access::Store | Access::Modify)
    )
}

/// Whether the opcode traps by what its operands are alone: a division, or a conversion.
fn is_arithmetic(op: Opcode) -> bool {
    let arithmetic = |trap: &Trap| {
        matches!(
            trap,
            Trap::IntegerDivideByZero | Trap::IntegerOverflow | Trap::InvalidConversionToInteger
        )
    };
    op.can_trap() && op.traps().iter().all(arithmetic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::WasmFeatures;

    fn traps(body: &str) -> bool {
        traps_with("1", body)
    }

    fn traps_with(limits: &str, body: &str) -> bool {
        let wat = format!("(module (memory {limits}) (func (param i32) {body}))");
        let bytes = wat::parse_str(wat).unwrap();
        let module = Module::new(&bytes, WasmFeatures::WASM3).unwrap();
        may_trap_first(&module, &module.functions()[0])
    }

    #[test]
    fn only_what_is_executed_first_counts() {
        assert!(traps("nop unreachable"));
        assert!(traps("block nop end unreachable"));
        assert!(traps("local.get 0 ref.null func ref.as_non_null drop drop"));
        assert!(traps("local.get 0 call 0 unreachable"));
        assert!(!traps("nop"));
        assert!(!traps("local.get 0 if unreachable end"));
        assert!(!traps("loop unreachable end"));
        assert!(!traps("return unreachable"));
    }

    #[test]
    fn only_an_access_that_is_always_outside_traps_always() {
        let load = |offset: u64| format!("local.get 0 i32.load offset={offset} drop");
        assert!(!traps(&load(0)));
        assert!(!traps_with("1 2", &load(0x1_0000)));
        assert!(traps_with("1 2", &load(0x2_0000)));
        assert!(traps(&load(0xffff_fffd)));
        assert!(!traps("local.get 0 local.get 0 i32.div_u drop"));
        assert!(traps("local.get 0 local.get 0 i32.div_u unreachable"));
    }
}
