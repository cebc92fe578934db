//! Damaged modules that are still valid: whatever they do, no state is reached that validation
//! rules out.

use super::*;
use crate::module::tests::samples;
use proptest::prelude::*;
use wasmparser::MemoryType;

/// Opcodes that one function may execute.
const STEPS: usize = 2_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Given a module of every proposal with any bytes overwritten, it is refused or it runs.
    #[test]
    fn a_valid_module_never_crashes(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let [_, mut bytes] = samples();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(module) = Module::new(&bytes, WasmFeatures::all()) {
            run_all(&module);
        }
    }
}

/// Invokes every function that takes numbers.
fn run_all(module: &Arc<Module>) {
    let mut machine = Machine::new(limits());
    let tag = machine.store.alloc_tag(&func_type(&[ValType::I32], &[]));
    let memory = machine.store.alloc_memory(MemoryType {
        memory64: true,
        shared: false,
        initial: 1,
        maximum: Some(2),
        page_size_log2: None,
    });
    let imports = [Extern::Tag(tag), Extern::Memory(memory)];
    let Ok(instance) = machine.instantiate(module, &imports) else {
        return;
    };
    for func in machine.store.instance(instance).funcs.clone() {
        let params = machine.store.func_type(func).params.clone();
        let args: Vec<Value> = params.iter().map(|&ty| Value::zero(ty)).collect();
        if machine.invoke(func, &args).is_ok() {
            run(&mut machine);
        }
    }
}

fn run(machine: &mut Machine) {
    for _ in 0..STEPS {
        match machine.run(&EverySequencePoint) {
            Stop::SequencePoint | Stop::Throw { caught: true, .. } => {
                if let Some(view) = machine.top() {
                    assert_eq!(view.operands.len(), view.operands_typed().count());
                }
            }
            Stop::Return => return,
            _ => break,
        }
    }
    machine.unwind();
}
