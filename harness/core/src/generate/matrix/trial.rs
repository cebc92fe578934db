//! Runs a generated module in the oracle alone: every exported function with zeros, and with small
//! numbers. For tests.

use crate::generate::steps::can_make;
use crate::generate::{FEATURES, features};
use arbitrary::Unstructured;
use lockstep_oracles::address::{FuncAddr, HostFuncId};
use lockstep_oracles::limits::Limits;
use lockstep_oracles::machine::{EverySequencePoint, InstantiateError, Machine, Stop};
use lockstep_oracles::module::{ExternKind, ExternType, FuncType, Module};
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::store::{Extern, FuncInst};
use lockstep_oracles::trap::Trap;
use lockstep_oracles::value::{Ref, Value};
use lockstep_oracles::{ValType, WasmFeatures};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

/// Opcodes of one call, at most: what ends by itself ends before.
const LONGEST: u64 = 1_000_000;

/// What came of it.
#[derive(Debug, Default)]
pub(in crate::generate) struct Trial {
    /// Opcodes executed.
    pub(in crate::generate) points: u64,
    /// The most that one call executed.
    pub(in crate::generate) longest: u64,
    /// Which.
    pub(in crate::generate) executed: BTreeSet<Opcode>,
    /// Those in the code.
    pub(in crate::generate) present: BTreeSet<Opcode>,
    /// The most operands that a frame had.
    pub(in crate::generate) operands: usize,
    /// The most frames.
    pub(in crate::generate) depth: usize,
    /// Calls.
    pub(in crate::generate) calls: u32,
    /// Exceptions that were caught.
    pub(in crate::generate) caught: u32,
    /// Calls that ended because one was not.
    pub(in crate::generate) uncaught: u32,
    /// How those ended that trapped, and at which opcode.
    pub(in crate::generate) traps: Vec<(Trap, Opcode)>,
}

/// Random data of a seed.
pub(in crate::generate) fn data(seed: u64, length: usize) -> Vec<u8> {
    let mut data = vec![0; length];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut data);
    data
}

/// What a module of a seed may use: everything, nothing after Wasm 2.0, or what is drawn.
pub(in crate::generate) fn features(seed: u64) -> WasmFeatures {
    match seed % 4 {
        0 | 1 => FEATURES,
        2 => WasmFeatures::WASM2,
        _ => features::draw(
            &mut Unstructured::new(&data(seed, 100)),
            features::Proposals::All,
        )
        .unwrap(),
    }
}

/// Instantiates a module, valid with these features, and calls its exports, its start function first.
pub(in crate::generate) fn run(wasm: &[u8], features: WasmFeatures) -> Trial {
    let module = Module::new(wasm, features).unwrap();
    let mut trial = Trial::default();
    for function in module.functions() {
        trial
            .present
            .extend(function.instrs.iter().map(|instr| instr.op));
    }
    let mut machine = Machine::new(Limits {
        call_depth: 1000,
        ..Limits::default()
    });
    let mut imports = Vec::new();
    let mut hosts: Vec<FuncType> = Vec::new();
    for import in module.imports() {
        let store = &mut machine.store;
        imports.push(match import.ty.clone() {
            ExternType::Func(ty) => {
                hosts.push(ty.clone());
                Extern::Func(store.alloc_host_func(ty, HostFuncId(hosts.len() as u32 - 1)))
            }
            ExternType::Table(ty) => Extern::Table(store.alloc_table(ty, Ref::Null)),
            ExternType::Memory(ty) => Extern::Memory(store.alloc_memory(ty)),
            ExternType::Global(ty) => {
                Extern::Global(store.alloc_global(ty, Value::zero(ty.content_type)))
            }
            ExternType::Tag(ty) => Extern::Tag(store.alloc_tag(&ty)),
        });
    }
    let instance = match machine.instantiate(&module, &imports) {
        Ok(instance) => instance,
        // A segment that does not fit.
        Err(InstantiateError::Trap(_)) => return trial,
        Err(other) => panic!("{other}"),
    };
    let mut called: Vec<FuncAddr> = Vec::new();
    let address =
        |machine: &Machine, name: &str| match machine.store.instance(instance).export(name) {
            Some(Extern::Func(function)) => function,
            other => panic!("{name}: {other:?}"),
        };
    if let Some(start) = module.start() {
        let functions = (0..machine.store.num_funcs() as u32).map(FuncAddr);
        called.extend(functions.filter(|&function| {
            matches!(machine.store.func(function), FuncInst::Wasm { index, .. } if *index == start)
        }));
    }
    let exported = module.exports().iter();
    let exported = exported.filter(|export| export.kind == ExternKind::Func);
    called.extend(exported.map(|export| address(&machine, &export.name)));
    for function in called {
        let params = machine.store.func_type(function).params.clone();
        if !params.iter().all(|&ty| can_make(ty)) {
            continue;
        }
        for small in [0, 7] {
            let args: Vec<Value> = params.iter().map(|&ty| number(ty, small)).collect();
            machine.invoke(function, &args).unwrap();
            trial.call(&mut machine, &hosts);
        }
    }
    trial
}

fn number(ty: ValType, small: u32) -> Value {
    match ty {
        ValType::I32 => Value::I32(small),
        ValType::I64 => Value::I64(small.into()),
        _ => Value::zero(ty),
    }
}

impl Trial {
    /// Runs a call that has begun to its end.
    fn call(&mut self, machine: &mut Machine, hosts: &[FuncType]) {
        let before = self.points;
        self.calls += 1;
        loop {
            match machine.run(&EverySequencePoint) {
                Stop::SequencePoint => {
                    let top = machine.top().unwrap();
                    self.points += 1;
                    self.executed.insert(top.op());
                    self.operands = self.operands.max(top.operands.len());
                    self.depth = self.depth.max(machine.depth());
                }
                Stop::HostCall(id) => {
                    let results = hosts[id.index()].results.iter();
                    let zeros: Vec<Value> = results.map(|&ty| Value::zero(ty)).collect();
                    machine.host_return(&zeros).unwrap();
                }
                Stop::Trap(trap) => {
                    self.traps.push((trap, machine.current_op().unwrap()));
                    machine.unwind();
                    break;
                }
                Stop::Exhausted(limit) => panic!("exhausted: {limit:?}"),
                Stop::Throw { caught: true, .. } => self.caught += 1,
                Stop::Throw { .. } => {
                    self.uncaught += 1;
                    machine.unwind();
                    break;
                }
                Stop::Return => break,
            }
            assert!(self.points - before < LONGEST, "a call does not end");
        }
        self.longest = self.longest.max(self.points - before);
    }
}

/// The middle of a list of numbers.
pub(in crate::generate) fn median(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    numbers[numbers.len() / 2]
}
