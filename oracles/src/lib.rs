//! The reference interpreter: WebAssembly as its specification says, one opcode at a time.
//!
//! It is written from the WebAssembly specification and knows nothing of any engine. A
//! [`Machine`](machine::Machine) runs to its next *stop* — a sequence point, a host call, a throw, a
//! trap, the return of the outermost call — and can be looked at there: every activation, every frame,
//! its PC, its typed locals and its typed operand stack, and every entity of every instance.

pub mod address;
pub mod code;
mod compile;
pub mod component;
mod constant;
mod decode;
pub mod heap;
pub mod instance;
mod instantiate;
pub mod limits;
pub mod machine;
pub mod memory;
pub mod module;
pub mod nan;
mod numeric;
pub mod opcode;
mod scope;
mod simd;
pub mod store;
pub mod trap;
pub mod types;
pub mod value;
mod wide;

pub use wasmparser::{
    AbstractHeapType, GlobalType, HeapType, MemoryType, RefType, TableType, ValType, WasmFeatures,
};
