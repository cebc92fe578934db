//! What the machine promises at its stops. Each test is a program and what is seen while it runs.

mod calls;
mod damaged;
mod entities;
mod frames;
mod growth;
mod link;
mod nans;
mod objects;
mod points;
mod reasons;
mod replace;
mod shapes;
mod tail_calls;
mod throws;

use super::*;
use crate::module::FuncType;
use crate::opcode::Opcode;
use crate::value::{Cell, Ref};
use wasmparser::WasmFeatures;

/// A machine with one instance, whose imports are host functions numbered from 0.
struct Program {
    machine: Machine,
    instance: InstanceAddr,
}

fn limits() -> Limits {
    Limits {
        call_depth: 100,
        stack_cells: 10_000,
        memory_bytes: 1 << 20,
        table_elements: 1_000,
        heap_cells: 1_000,
    }
}

/// Everything that the oracle implements.
const FEATURES: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES);

fn module(wat: &str) -> Arc<Module> {
    let bytes = wat::parse_str(wat).expect("the test's text is a module");
    Module::new(&bytes, FEATURES).expect("the test's module is valid")
}

fn program(wat: &str) -> Program {
    let module = module(wat);
    let mut machine = Machine::new(limits());
    let imports: Vec<Extern> = module
        .imports()
        .iter()
        .enumerate()
        .map(|(i, import)| match &import.ty {
            crate::module::ExternType::Func(ty) => {
                let id = HostFuncId(i as u32);
                Extern::Func(machine.store.alloc_host_func(ty.clone(), id))
            }
            crate::module::ExternType::Tag(ty) => Extern::Tag(machine.store.alloc_tag(ty)),
            other => panic!("a test imports {other:?}"),
        })
        .collect();
    let instance = machine
        .instantiate(&module, &imports)
        .expect("the test's module has an instance");
    Program { machine, instance }
}

impl Program {
    fn func(&self, name: &str) -> FuncAddr {
        match self.machine.store.instance(self.instance).export(name) {
            Some(Extern::Func(func)) => func,
            other => panic!("{name} is {other:?}"),
        }
    }

    fn invoke(&mut self, name: &str, args: &[u32]) {
        let args: Vec<Value> = args.iter().map(|&v| Value::I32(v)).collect();
        let func = self.func(name);
        self.machine.invoke(func, &args).expect("arguments fit");
    }

    /// Invokes and runs to the first stop that is not a sequence point.
    fn call(&mut self, name: &str, args: &[u32]) -> Stop {
        self.invoke(name, args);
        self.machine.run(&NoSequencePoint)
    }

    /// Runs to the next stop that is not a sequence point.
    fn step_out(&mut self) -> Stop {
        self.machine.run(&NoSequencePoint)
    }

    fn step(&mut self) -> Stop {
        self.machine.run(&EverySequencePoint)
    }

    /// The names of the opcodes that are stopped before, and what ends it.
    fn trace(&mut self) -> (Vec<String>, Stop) {
        let mut ops = Vec::new();
        loop {
            match self.step() {
                Stop::SequencePoint => ops.push(self.op()),
                stop => return (ops, stop),
            }
        }
    }

    /// Steps until the opcode of that name is next.
    fn step_to(&mut self, name: &str) {
        while self.op_or_none().as_deref() != Some(name) {
            assert_eq!(self.step(), Stop::SequencePoint, "on the way to {name}");
        }
    }

    fn op_or_none(&self) -> Option<String> {
        self.machine.current_op().map(|op| op.name())
    }

    fn op(&self) -> String {
        self.op_or_none().expect("there is a frame")
    }

    fn operands(&self) -> Vec<Value> {
        let top = self.machine.top().expect("there is a frame");
        top.operands_typed().collect()
    }

    fn results(&self) -> &[Value] {
        self.machine.results()
    }
}

fn i32s(values: &[u32]) -> Vec<Value> {
    values.iter().map(|&v| Value::I32(v)).collect()
}

fn func_type(params: &[ValType], results: &[ValType]) -> FuncType {
    FuncType {
        params: params.into(),
        results: results.into(),
    }
}

/// Hosts keep a machine across threads.
#[test]
fn a_machine_can_be_sent() {
    fn assert_send<T: Send>() {}
    assert_send::<Machine>();
}
