//! The oracle by itself.

use super::FEATURES;
use super::{BEYOND_TABLE, Ended, OPCODES, Side, made, made_global, shown};
use lockstep::subject::limits::limits;
use lockstep_oracles::address::{FuncAddr, HostFuncId, InstanceAddr};
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::{InstantiateError, Machine, Stop, StopAt};
use lockstep_oracles::module::{ExternType, Module};
use lockstep_oracles::store::Extern;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::value::{Ref, Value};
use std::cell::Cell;

/// A case's main module in the oracle.
pub(super) struct Oracle {
    machine: Machine,
    instance: Option<InstanceAddr>,
    /// Types of the host functions, by number.
    hosts: Vec<lockstep_oracles::module::FuncType>,
    seed: u64,
    calls: u64,
}

/// Stops once a number of opcodes is used up.
struct Budget(Cell<u64>);

impl StopAt for Budget {
    #[inline(always)]
    fn stops(&self, _: InstanceAddr, _: &Function, _: usize) -> bool {
        let left = self.0.get();
        self.0.set(left.saturating_sub(1));
        left == 0
    }
}

impl Side for Oracle {
    fn new(wasm: &[u8], _: &Module, seed: u64) -> Option<(Oracle, Ended)> {
        let module = Module::new(wasm, FEATURES).ok()?;
        let mut side = Oracle {
            machine: Machine::new(limits()),
            instance: None,
            hosts: Vec::new(),
            seed,
            calls: 0,
        };
        let imports: Vec<Extern> = module
            .imports()
            .iter()
            .map(|import| side.import(&import.ty))
            .collect();
        let ended = match side.machine.instantiate(&module, &imports) {
            Ok(instance) => {
                side.instance = Some(instance);
                match module.start() {
                    Some(start) => {
                        let start = side.machine.store.instance(instance).funcs[start.index()];
                        side.invoke(start, &[])
                    }
                    None => Ended::Returned(Vec::new()),
                }
            }
            Err(InstantiateError::Trap(trap)) => Ended::Trapped(name(trap)),
            Err(InstantiateError::Link { .. } | InstantiateError::Limit(_)) => Ended::Limit,
        };
        Some((side, ended))
    }

    fn call(&mut self, export: &str, args: &[Value]) -> Ended {
        match self.export(export) {
            Some(Extern::Func(func)) => self.invoke(func, args),
            _ => Ended::Limit,
        }
    }

    fn write(&mut self, memory: &str, offset: u64, bytes: &[u8]) -> bool {
        match self.export(memory) {
            Some(Extern::Memory(addr)) => self
                .machine
                .store
                .memory_mut(addr)
                .write(offset, bytes)
                .is_ok(),
            _ => false,
        }
    }

    fn set(&mut self, global: &str, value: Value) -> bool {
        match self.export(global) {
            Some(Extern::Global(addr)) => {
                let global = self.machine.store.global_mut(addr);
                let fits = global.ty.mutable && global.ty.content_type == value.ty();
                if fits {
                    global.value = value.cell();
                }
                fits
            }
            _ => false,
        }
    }

    fn memory(&self, export: &str) -> Option<&[u8]> {
        match self.export(export) {
            Some(Extern::Memory(addr)) => Some(self.machine.store.memory(addr).bytes()),
            _ => None,
        }
    }

    fn global(&self, export: &str) -> Option<String> {
        match self.export(export) {
            Some(Extern::Global(addr)) => Some(shown(self.machine.store.global(addr).value())),
            _ => None,
        }
    }
}

impl Oracle {
    fn export(&self, name: &str) -> Option<Extern> {
        self.machine.store.instance(self.instance?).export(name)
    }

    fn import(&mut self, ty: &ExternType) -> Extern {
        let store = &mut self.machine.store;
        match ty {
            ExternType::Func(ty) => {
                let id = HostFuncId(self.hosts.len() as u32);
                self.hosts.push(ty.clone());
                Extern::Func(store.alloc_host_func(ty.clone(), id))
            }
            ExternType::Memory(ty) => Extern::Memory(store.alloc_memory(*ty)),
            ExternType::Table(ty) => Extern::Table(store.alloc_table(*ty, Ref::Null)),
            ExternType::Global(ty) => {
                let value = made_global(self.seed, ty.content_type);
                Extern::Global(store.alloc_global(*ty, value))
            }
            ExternType::Tag(ty) => Extern::Tag(store.alloc_tag(ty)),
        }
    }

    fn invoke(&mut self, func: FuncAddr, args: &[Value]) -> Ended {
        if self.machine.invoke(func, args).is_err() {
            return Ended::Limit;
        }
        let budget = Budget(Cell::new(OPCODES));
        let ended = loop {
            match self.machine.run(&budget) {
                Stop::Return => {
                    let results = self.machine.results().iter();
                    return Ended::Returned(results.map(|&value| shown(value)).collect());
                }
                Stop::HostCall(id) => {
                    let ty = &self.hosts[id.0 as usize];
                    let results = made(self.seed, self.calls, ty);
                    self.calls += 1;
                    if self.machine.host_return(&results).is_err() {
                        break Ended::Limit;
                    }
                }
                Stop::Trap(trap) => break Ended::Trapped(name(trap)),
                Stop::Exhausted(_) | Stop::SequencePoint => break Ended::Limit,
                Stop::Throw { exn, .. } => panic!("a module of Wasm 2.0 threw exception {exn}"),
            }
        };
        self.machine.unwind();
        ended
    }
}

/// The trap's name, as far as `wasmi` tells traps apart.
fn name(trap: Trap) -> &'static str {
    match trap {
        Trap::OutOfBoundsTableAccess | Trap::UndefinedElement => BEYOND_TABLE,
        trap => trap.message(),
    }
}
