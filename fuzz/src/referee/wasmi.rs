//! The independent interpreter.

use super::{Ended, OPCODES, Side, made, made_global, shown};
use ::wasmi::errors::ErrorKind;
use ::wasmi::{
    Config, Engine, Error, Extern, ExternRef, ExternType, F32, F64, Func, Global, Instance, Memory,
    Nullable, Ref as WasmiRef, Store, StoreLimits, StoreLimitsBuilder, Table, TrapCode, V128, Val,
    ValType as WasmiType,
};
use lockstep::subject::limits::{MEMORY_LIMIT, TABLE_LIMIT};
use lockstep_oracles::module::{FuncType, Module};
use lockstep_oracles::value::{Ref, Value};
use lockstep_oracles::{RefType, ValType};

/// A case's main module in `wasmi`.
pub(super) struct Wasmi {
    store: Store<State>,
    instance: Option<Instance>,
}

struct State {
    limits: StoreLimits,
    seed: u64,
    calls: u64,
}

impl Side for Wasmi {
    fn new(wasm: &[u8], _: &Module, seed: u64) -> Option<(Wasmi, Ended)> {
        let mut config = Config::default();
        config.consume_fuel(true);
        let engine = Engine::new(&config);
        let module = ::wasmi::Module::new(&engine, wasm).ok()?;
        let limits = StoreLimitsBuilder::new()
            .memory_size(MEMORY_LIMIT)
            .table_elements(TABLE_LIMIT)
            .build();
        let state = State {
            limits,
            seed,
            calls: 0,
        };
        let mut store = Store::new(&engine, state);
        store.limiter(|state| &mut state.limits);
        let mut side = Wasmi {
            store,
            instance: None,
        };
        side.refuel();
        let types: Vec<ExternType> = module.imports().map(|import| import.ty().clone()).collect();
        let imports: Vec<Extern> = types
            .iter()
            .map(|ty| side.import(ty))
            .collect::<Option<_>>()?;
        let ended = match Instance::new(&mut side.store, &module, &imports) {
            Ok(instance) => {
                side.instance = Some(instance);
                Ended::Returned(Vec::new())
            }
            Err(error) => ended(&error),
        };
        Some((side, ended))
    }

    fn call(&mut self, export: &str, args: &[Value]) -> Ended {
        let Some(Extern::Func(func)) = self.export(export) else {
            return Ended::Limit;
        };
        self.refuel();
        let args: Vec<Val> = args.iter().map(|&value| self.value(value)).collect();
        let ty = func.ty(&self.store);
        let mut results: Vec<Val> = ty
            .results()
            .iter()
            .map(|&ty| Val::default_for_ty(ty))
            .collect();
        match func.call(&mut self.store, &args, &mut results) {
            Ok(()) => Ended::Returned(results.iter().map(|value| self.shown(value)).collect()),
            Err(error) => ended(&error),
        }
    }

    fn write(&mut self, memory: &str, offset: u64, bytes: &[u8]) -> bool {
        match (self.export(memory), usize::try_from(offset)) {
            (Some(Extern::Memory(memory)), Ok(offset)) => {
                memory.write(&mut self.store, offset, bytes).is_ok()
            }
            _ => false,
        }
    }

    fn set(&mut self, global: &str, value: Value) -> bool {
        let value = self.value(value);
        match self.export(global) {
            Some(Extern::Global(global)) => global.set(&mut self.store, value).is_ok(),
            _ => false,
        }
    }

    fn memory(&self, export: &str) -> Option<&[u8]> {
        match self.export(export) {
            Some(Extern::Memory(memory)) => Some(memory.data(&self.store)),
            _ => None,
        }
    }

    fn global(&self, export: &str) -> Option<String> {
        match self.export(export) {
            Some(Extern::Global(global)) => Some(self.shown(&global.get(&self.store))),
            _ => None,
        }
    }
}

impl Wasmi {
    fn export(&self, name: &str) -> Option<Extern> {
        self.instance?.get_export(&self.store, name)
    }

    /// Fuel for one action; it cannot fail, since the configuration asks for fuel.
    fn refuel(&mut self) {
        let _ = self.store.set_fuel(OPCODES);
    }

    fn import(&mut self, ty: &ExternType) -> Option<Extern> {
        Some(match ty {
            ExternType::Func(ty) => {
                let made_type = FuncType {
                    params: [].into(),
                    results: ty.results().iter().map(|&ty| oracle_type(ty)).collect(),
                };
                let func = Func::new(
                    &mut self.store,
                    ty.clone(),
                    move |mut caller, _, results| {
                        let state = caller.data_mut();
                        let values = made(state.seed, state.calls, &made_type);
                        state.calls += 1;
                        for (result, value) in results.iter_mut().zip(values) {
                            *result = to_wasmi(value, |n| ExternRef::new(&mut caller, n));
                        }
                        Ok(())
                    },
                );
                Extern::Func(func)
            }
            ExternType::Memory(ty) => Extern::Memory(Memory::new(&mut self.store, *ty).ok()?),
            ExternType::Table(ty) => {
                let null = WasmiRef::null(ty.element());
                Extern::Table(Table::new(&mut self.store, *ty, null).ok()?)
            }
            ExternType::Global(ty) => {
                let seed = self.store.data().seed;
                let value = self.value(made_global(seed, oracle_type(ty.content())));
                Extern::Global(Global::new(&mut self.store, value, ty.mutability()))
            }
        })
    }

    fn value(&mut self, value: Value) -> Val {
        to_wasmi(value, |n| ExternRef::new(&mut self.store, n))
    }

    fn shown(&self, value: &Val) -> String {
        let value = match value {
            Val::I32(v) => Value::I32(*v as u32),
            Val::I64(v) => Value::I64(*v as u64),
            Val::F32(v) => Value::F32(v.to_bits()),
            Val::F64(v) => Value::F64(v.to_bits()),
            Val::V128(v) => Value::V128(v.as_u128()),
            Val::FuncRef(Nullable::Null) => Value::zero(ValType::FUNCREF),
            Val::FuncRef(Nullable::Val(_)) => return "funcref".to_owned(),
            Val::ExternRef(Nullable::Null) => Value::zero(ValType::EXTERNREF),
            Val::ExternRef(Nullable::Val(reference)) => {
                match reference.data(&self.store).downcast_ref::<u32>() {
                    Some(&n) => Value::Ref(Ref::Extern(n), RefType::EXTERNREF),
                    None => return "externref of another kind".to_owned(),
                }
            }
        };
        shown(value)
    }
}

fn to_wasmi(value: Value, external: impl FnOnce(u32) -> ExternRef) -> Val {
    match value {
        Value::I32(v) => Val::I32(v as i32),
        Value::I64(v) => Val::I64(v as i64),
        Value::F32(v) => Val::F32(F32::from_bits(v)),
        Value::F64(v) => Val::F64(F64::from_bits(v)),
        Value::V128(v) => Val::V128(V128::from(v)),
        Value::Ref(Ref::Extern(n), _) => Val::ExternRef(Nullable::Val(external(n))),
        Value::Ref(_, ty) if ty.is_extern_ref() => Val::ExternRef(Nullable::Null),
        Value::Ref(..) => Val::FuncRef(Nullable::Null),
    }
}

fn oracle_type(ty: WasmiType) -> ValType {
    match ty {
        WasmiType::I32 => ValType::I32,
        WasmiType::I64 => ValType::I64,
        WasmiType::F32 => ValType::F32,
        WasmiType::F64 => ValType::F64,
        WasmiType::V128 => ValType::V128,
        WasmiType::FuncRef => ValType::FUNCREF,
        WasmiType::ExternRef => ValType::EXTERNREF,
    }
}

/// The trap by the specification's name.
fn ended(error: &Error) -> Ended {
    let Some(code) = error.as_trap_code() else {
        return match error.kind() {
            ErrorKind::Instantiation(_) | ErrorKind::Table(_) | ErrorKind::Memory(_) => {
                Ended::Limit
            }
            _ => Ended::Trapped("an error that is no trap"),
        };
    };
    Ended::Trapped(match code {
        TrapCode::UnreachableCodeReached => "unreachable",
        TrapCode::MemoryOutOfBounds => "out of bounds memory access",
        TrapCode::TableOutOfBounds => super::BEYOND_TABLE,
        TrapCode::IndirectCallToNull => "uninitialized element",
        TrapCode::IntegerDivisionByZero => "integer divide by zero",
        TrapCode::IntegerOverflow => "integer overflow",
        TrapCode::BadConversionToInteger => "invalid conversion to integer",
        TrapCode::BadSignature => "indirect call type mismatch",
        TrapCode::StackOverflow
        | TrapCode::OutOfFuel
        | TrapCode::GrowthOperationLimited
        | TrapCode::OutOfSystemMemory => return Ended::Limit,
    })
}
