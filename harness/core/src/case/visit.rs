//! Another store, which the debugger visits while a program waits: its calls run in lockstep with an oracle of
//! their own, while the program's activations lie below theirs on the stack.
//!
//! `Store::debug_exit_frames`: if there are activations from multiple stores on the stack, the other stores are
//! opaque, as host code is.

use crate::lockstep::findings::Findings;
use crate::report::trail;
use crate::subject::adapter::Subject;
use crate::subject::answer::ExpectedInstance;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::module::{ExternKind, Module};
use std::sync::{Arc, LazyLock};
use wast::Wat;
use wast::parser::{self, ParseBuffer};

/// Of its exports the first two look whether its memory and its table are new, also where another store's were
/// there; one returns, one ends in a trap two frames deep, and the last fills both.
const MODULE: &str = r#"(module
  (memory 1)
  (table 8 funcref)
  (elem declare func $add)
  (func (export "fresh") (result i64)
    (i64.or (i64.load (i32.const 0)) (i64.or (i64.load (i32.const 4096)) (i64.load (i32.const 65528)))))
  (func (export "empty") (result i32)
    (i32.add (ref.is_null (table.get 0 (i32.const 0))) (ref.is_null (table.get 0 (i32.const 7)))))
  (func $add (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $end (param i64) (unreachable))
  (func (export "returns") (result i32) (local i64) (i32.add (i32.const 5) (call $add (i32.const 7))))
  (func (export "traps") (local i64) (i32.const 3) (call $end (i64.const 9)) (drop))
  (func (export "fill")
    (memory.fill (i32.const 0) (i32.const 0xa5) (i32.const 65536))
    (table.fill 0 (i32.const 0) (ref.func $add) (i32.const 8))))"#;

/// The module of every visited store: its binary, and what that says.
pub static VISITED_MODULE: LazyLock<(Arc<[u8]>, Arc<Module>)> = LazyLock::new(|| {
    let bytes = binary().unwrap_or_else(|error| unreachable!("{error}"));
    let module = Module::new(&bytes, WasmFeatures::WASM2);
    let module = module.unwrap_or_else(|error| unreachable!("{error}"));
    (bytes.into(), module)
});

fn binary() -> Result<Vec<u8>, wast::Error> {
    let text = ParseBuffer::new(MODULE)?;
    parser::parse::<Wat<'_>>(&text)?.encode()
}

/// Runs what a visited store runs, in a store that is new; what was found there.
pub fn visit<S: Subject>(subject: &mut S) -> Findings {
    let (bytes, module) = &*VISITED_MODULE;
    let driver = subject.driver();
    driver.recorder.label = trail::VISITED;
    driver.recorder.name_command(0, "its module");
    let made = subject.instantiate(bytes, module, &[]);
    if let (Some(instance), ExpectedInstance::Instance) = (made.instance, made.expected) {
        let functions = module
            .exports()
            .iter()
            .filter(|export| export.kind == ExternKind::Func);
        for export in functions {
            if !subject.is_alive() {
                break;
            }
            let driver = subject.driver();
            driver
                .recorder
                .name_command(0, &format!("{}()", export.name));
            let funcs = &driver.following.machine.store.instance(instance).funcs;
            let func = funcs[export.index as usize];
            // It takes no arguments; a function without a handle was reported where the module was instantiated.
            let _ = subject.invoke(func, &[]);
        }
    }
    subject.close();
    std::mem::take(&mut subject.driver().recorder.findings)
}
