//! The programs that are measured: one export `run (i32) -> i64`, which repeats its work as often
//! as its argument says.

use crate::unoptimised;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::module::Module;
use std::sync::Arc;

/// A program, decoded.
pub struct Program {
    /// For people.
    pub name: &'static str,
    /// Its binary.
    pub bytes: Arc<[u8]>,
    /// Features that it may use.
    pub features: WasmFeatures,
    /// The oracle's module.
    pub module: Arc<Module>,
    /// Repetitions that make a million events and a few more.
    pub million: u32,
}

impl Program {
    fn new(name: &'static str, features: WasmFeatures, wat: &str, million: u32) -> Program {
        let bytes: Arc<[u8]> = wat::parse_str(wat).expect("a program is valid text").into();
        let module = Module::new(&bytes, features).expect("a program is valid");
        Program {
            name,
            bytes,
            features,
            module,
            million,
        }
    }
}

/// The four programs that the speed bars name: numbers and vectors.
pub fn programs() -> [Program; 4] {
    let new = |name, wat, million| Program::new(name, WasmFeatures::WASM2, wat, million);
    [
        new(
            "arithmetic",
            include_str!("../programs/arithmetic.wat"),
            31_000,
        ),
        new("recursive", include_str!("../programs/recursive.wat"), 50),
        new("memory", include_str!("../programs/memory.wat"), 24_000),
        new("simd", include_str!("../programs/simd.wat"), 32_000),
    ]
}

/// A program as a compiler makes it that does not optimise: three functions deep.
pub fn unoptimised() -> Program {
    let text = unoptimised::text(unoptimised::DEEP);
    Program::new("unoptimised", WasmFeatures::WASM2, &text, 50)
}

/// The same with one function alone.
pub fn flat() -> Program {
    let text = unoptimised::text(unoptimised::FLAT);
    Program::new("flat", WasmFeatures::WASM2, &text, 1_000)
}

/// The program whose values are references to objects. Not among those whose allocations are counted:
/// which object is which is kept for as long as the objects live.
pub fn gc() -> Program {
    let wat = include_str!("../programs/gc.wat");
    Program::new("gc", WasmFeatures::WASM3, wat, 3_000)
}
