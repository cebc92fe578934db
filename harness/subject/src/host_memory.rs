//! Host functions that read or write the program's memory.

use super::session::{Session, State};
use lockstep_core::fault::{Layer, Tamper as _};
use lockstep_core::hosting::{MemoryWrite, importer};
use lockstep_core::lockstep::wasi_calls::ProgramMemory;
use lockstep_core::phases::{self, Phase};
use lockstep_core::wasi::{self, memory::Alter};
use lockstep_oracles::address::{HostFuncId, MemAddr};
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::Value;
use wasmtime::{Caller, Memory, Val};

/// A call of a host function: which, and its arguments.
pub(super) type Called<'a> = (HostFuncId, &'a [Val]);

/// A memory that the instance which imports a function exports, in the oracle and in the subject. One that
/// is shared is none here: others may write it while the host does.
fn memory_of<T: Layer>(
    caller: &mut Caller<'_, State<T>>,
    session: &Session<T>,
    id: HostFuncId,
    export: &str,
) -> Option<(MemAddr, Memory)> {
    let func = session.host.functions.get(id.index())?.addr;
    let store = &session.driver.following.machine.store;
    let Extern::Memory(addr) = store.instance(importer(store, func)?).export(export)? else {
        return None;
    };
    if store.memory(addr).ty().shared {
        return None;
    }
    // While an instance is being made there is no other way to its memory than from within.
    let memory = session.names.memory(addr);
    let memory = memory.or_else(|| caller.get_export(export)?.into_memory());
    Some((addr, memory?))
}

/// Has the host of programs for WASI carry out a call.
pub(super) fn serve<T: Layer>(
    caller: &mut Caller<'_, State<T>>,
    function: wasi::Function,
    (id, params): Called<'_>,
) -> wasi::Answer {
    let _phase = phases::enter(Phase::Comparison);
    let args: Vec<u64> = params.iter().map(number).collect();
    let mut lent = caller.data_mut().lend();
    let mut answer = wasi::Answer::NoMemory;
    if let Some(session) = lent.get() {
        let memory = memory_of(caller, session, id, wasi::interface::MEMORY);
        let memory = memory.map(|(addr, memory)| ProgramMemory {
            addr,
            bytes: memory.data_mut(&mut *caller),
        });
        let Session {
            driver,
            host,
            tamper,
            ..
        } = session;
        if let Some(host) = &mut host.wasi {
            let mut lie = |at, bytes: &mut Vec<u8>| tamper.host_write(at, bytes);
            let alter = T::ACTIVE.then_some(&mut lie as Alter<'_, '_>);
            answer = driver.serve(host, function, &args, memory, alter);
        }
    }
    caller.data_mut().give_back(lent);
    answer
}

/// An argument in 64 bits.
fn number(val: &Val) -> u64 {
    match val {
        Val::I32(v) => u64::from(*v as u32),
        Val::I64(v) => *v as u64,
        _ => 0,
    }
}

/// Makes a host function's writes; whether all could be made.
pub(super) fn write<T: Layer>(
    caller: &mut Caller<'_, State<T>>,
    writes: &[MemoryWrite],
    (id, params): Called<'_>,
) -> bool {
    let args = params.iter().map(|val| match val {
        Val::I32(v) => Value::I32(*v as u32),
        // No other type can be an address.
        other => Value::I64(number(other)),
    });
    let args: Vec<Value> = args.collect();
    let mut lent = caller.data_mut().lend();
    let made = lent.get().is_some_and(|session| {
        writes.iter().all(|write| {
            let Some((addr, memory)) = memory_of(caller, session, id, &write.memory) else {
                return false;
            };
            let bytes = memory.data_mut(&mut *caller);
            let Session { driver, tamper, .. } = &mut *session;
            let mut lie = |at, bytes: &mut Vec<u8>| tamper.host_write(at, bytes);
            let alter = T::ACTIVE.then_some(&mut lie as Alter<'_, '_>);
            driver.write_from_host(write, &args, ProgramMemory { addr, bytes }, alter)
        })
    });
    caller.data_mut().give_back(lent);
    made
}
