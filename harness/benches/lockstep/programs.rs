//! The programs that are measured: one export `run (i32) -> i64`, which repeats its work as often
//! as its argument says.

use lockstep_oracles::WasmFeatures;
use lockstep_oracles::module::Module;
use std::sync::Arc;

/// A program, decoded.
pub(crate) struct Program {
    /// For people.
    pub(crate) name: &'static str,
    /// Its binary.
    pub(crate) bytes: Arc<[u8]>,
    /// The oracle's module.
    pub(crate) module: Arc<Module>,
    /// Repetitions that make a million events and a few more.
    pub(crate) million: u32,
}

impl Program {
    fn new(name: &'static str, wat: &str, million: u32) -> Program {
        let bytes: Arc<[u8]> = wat::parse_str(wat).expect("a program is valid text").into();
        let module = Module::new(&bytes, WasmFeatures::WASM2).expect("a program is valid");
        Program {
            name,
            bytes,
            module,
            million,
        }
    }
}

/// The four programs that the speed bars name.
pub(crate) fn programs() -> [Program; 4] {
    [
        Program::new(
            "arithmetic",
            include_str!("../programs/arithmetic.wat"),
            31_000,
        ),
        Program::new("recursive", include_str!("../programs/recursive.wat"), 50),
        Program::new("memory", include_str!("../programs/memory.wat"), 24_000),
        Program::new("simd", include_str!("../programs/simd.wat"), 32_000),
    ]
}
