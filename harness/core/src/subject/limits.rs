//! Limits of both, the subject and the oracle.

use lockstep_oracles::limits::Limits;

/// Bytes of stack that Wasm may use; the engine's own default, named because limits follow from it.
pub const WASM_STACK: usize = 512 * 1024;
/// The smallest frame on the subject's stack: a return address and a frame pointer.
const SMALLEST_FRAME: usize = 16;

/// Cells of the oracle's stack, 256 MiB. A program that needs more is inconclusive.
const STACK_CELLS: u32 = 1 << 24;
/// Bytes one memory may have, in the oracle and in the subject.
pub const MEMORY_LIMIT: usize = 256 << 20;
/// Elements one table may have, in the oracle and in the subject.
pub const TABLE_LIMIT: usize = 1 << 20;

/// Bytes beyond which a limiter that fails lets no memory grow.
pub const FAILING_MEMORY: usize = 1 << 20;
/// Elements beyond which it lets no table grow.
pub const FAILING_TABLE: usize = 64;

/// The oracle's limits: more depth than any subject can reach, and the subject's own memory and
/// table limits.
pub fn limits() -> Limits {
    Limits {
        call_depth: (WASM_STACK / SMALLEST_FRAME) as u32 * 2,
        memory_bytes: MEMORY_LIMIT as u64,
        table_elements: TABLE_LIMIT as u64,
        stack_cells: STACK_CELLS,
        ..Limits::default()
    }
}
