//! Probes: promises of the API that hardly a case breaks, because nearly every one works around them.

use super::VERSION;
use super::config;
use super::frames;
use lockstep_core::configuration::Configuration;
use lockstep_core::divergence::Execution;
use lockstep_core::lockstep::probes::LateModule;
use lockstep_core::subject::SubjectError;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::address::Pc;
use lockstep_oracles::limits::Limits;
use lockstep_oracles::machine::{EverySequencePoint, Machine, Stop};
use lockstep_oracles::module::Module as OracleModule;
use lockstep_oracles::store::Extern;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wasmtime::{
    self, AsContextMut, DebugEvent, DebugHandler, Instance, Module, Store, StoreContextMut,
};

/// `(module (func (export "go") nop nop))`, in binary.
const MODULE: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\
    \x07\x06\x01\x02go\0\0\x0a\x06\x01\x04\0\x01\x01\x0b";

/// Turns single-step on in a store that knows no module, then instantiates one and calls it.
///
/// # Errors
///
/// When the engine refuses anything of this.
pub fn late_module() -> Result<LateModule, SubjectError> {
    let expected = expected_events().ok_or_else(|| SubjectError::new("the probe's own module"))?;
    let events = observed_events().map_err(|error| SubjectError::new(format!("{error:#}")))?;
    Ok(LateModule {
        subject: VERSION,
        expected,
        events,
    })
}

fn expected_events() -> Option<Vec<Pc>> {
    let module = OracleModule::new(MODULE, WasmFeatures::WASM2).ok()?;
    let mut machine = Machine::new(Limits::default());
    let instance = machine.instantiate(&module, &[]).ok()?;
    let Some(Extern::Func(func)) = machine.store.instance(instance).export("go") else {
        return None;
    };
    machine.invoke(func, &[]).ok()?;
    let mut expected = Vec::new();
    while machine.run(&EverySequencePoint) == Stop::SequencePoint {
        expected.push(machine.top()?.pc());
    }
    Some(expected)
}

fn observed_events() -> wasmtime::Result<Vec<Pc>> {
    let engine = config::engine(
        Execution::Instrumented,
        WasmFeatures::WASM2,
        &Configuration::default(),
    )?;
    let mut store = Store::new(&engine, Vec::new());
    store.set_debug_handler(Recorder);
    if let Some(mut edit) = store.as_context_mut().edit_breakpoints() {
        edit.single_step(true)?;
    }
    let module = Module::new(&engine, MODULE)?;
    let instance = block_on(Instance::new_async(&mut store, &module, &[]))?;
    let go = instance.get_typed_func::<(), ()>(&mut store, "go")?;
    block_on(go.call_async(&mut store, ()))?;
    Ok(store.into_data())
}

/// Keeps the innermost PC of each event.
#[derive(Clone)]
struct Recorder;

impl DebugHandler for Recorder {
    type Data = Vec<Pc>;

    async fn handle(&self, mut store: StoreContextMut<'_, Vec<Pc>>, _: DebugEvent<'_>) {
        let shown = frames::innermost_pc(store.as_context_mut());
        store.data_mut().push(Pc(shown.unwrap_or(0)));
    }
}

/// Nothing here waits for anything outside: polling again is all there is to do.
fn block_on<R>(future: impl Future<Output = R>) -> R {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
    }
}
