//! Host functions: deterministic, the same for the subject and the oracle.

use super::calls;
use super::handler::Suspended;
use super::host_memory::{Called, serve, write};
use super::names::Names;
use super::session::{Session, State};
use super::view::View;
use lockstep_core::divergence::Moment;
use lockstep_core::fault::{Layer, Shown, Tamper as _};
use lockstep_core::hosting::{
    Behaviour, HostFunction, MemoryWrite, ScriptedCall, seeded_results, trap_of,
};
use lockstep_core::lockstep::driver::{Expected, Flow, Verdict};
use lockstep_core::outcome::HostFailure;
use lockstep_core::phases::{self, Phase};
use lockstep_core::schedule::action::call_function::{Call, Way, zeros};
use lockstep_core::seen::Seen;
use lockstep_core::wasi;
use lockstep_oracles::address::{FuncAddr, HostFuncId, InstanceAddr, TagAddr};
use lockstep_oracles::module::FuncType;
use lockstep_oracles::store::{Extern, Store};
use lockstep_oracles::trap::Trap;
use lockstep_oracles::types::Types;
use lockstep_oracles::value::Value;
use wasmtime::{
    self, AsContextMut, Caller, ExnRef, ExnRefPre, ExnType, Func, RootScope, Rooted, Val,
};

/// The host's side of a case.
pub(super) struct HostWorld {
    /// The case's seed.
    pub(super) seed: u64,
    /// Host calls so far; the number of the next one.
    pub(super) calls: u64,
    /// The host functions, by [`HostFuncId`].
    pub(super) functions: Vec<HostEntity>,
    /// The host of programs for WASI, if the case has one.
    pub(super) wasi: Option<wasi::Host>,
    /// Calls that a re-entering host function may still make, so that re-entry ends.
    pub(super) reentries_left: u32,
}

/// A host function of a case.
pub(super) struct HostEntity {
    pub(super) function: HostFunction,
    /// It in the oracle's store.
    pub(super) addr: FuncAddr,
    /// Calls of it so far.
    pub(super) calls: usize,
}

/// What the host function does with this call.
enum Answer {
    Stop,
    Fail(HostFailure),
    Trap {
        trap: Trap,
        wrapped: bool,
    },
    Throw(TagAddr, Vec<Value>),
    Return(Vec<Value>),
    /// Serves a program for WASI; fails with this if it cannot.
    Serve(wasi::Function, HostFailure),
    /// Writes into memories, then returns; fails with this if it cannot.
    Write(Vec<MemoryWrite>, Vec<Value>, HostFailure),
    Reenter {
        func: FuncAddr,
        args: Vec<Value>,
        results: Vec<Value>,
        passes: Passes,
    },
}

/// What of the end of its own call a host function passes on to its caller.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Passes {
    Nothing,
    Exceptions,
    /// Exceptions, traps and errors.
    Everything,
}

/// What came of calling back.
enum Reentered {
    /// Lockstep was lost.
    Lost,
    /// It ended, however.
    Ended,
    /// With an exception that is to go on.
    Thrown(Rooted<ExnRef>),
    /// With an error that is to go on.
    Failed(wasmtime::Error),
}

/// Runs one call of a host function, on the guest's fibre.
pub(super) async fn call<T: Layer>(
    mut caller: Caller<'_, State<T>>,
    id: HostFuncId,
    params: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let answer = compare(&mut caller, id, params);
    let by_wasm = caller.data().is_called_by_wasm();
    if caller.data().is_asked()
        && calls::carry_out(&mut caller.as_context_mut()).await == Flow::Stop
    {
        std::future::pending::<()>().await;
    }
    if caller.data().suspends() {
        Suspended::default().await;
    }
    let ended = end(&mut caller, answer, (id, params), results).await;
    caller.data_mut().host_returns += u64::from(by_wasm);
    ended
}

/// What the host does, and how its function so ends.
async fn end<T: Layer>(
    caller: &mut Caller<'_, State<T>>,
    answer: Answer,
    call: Called<'_>,
    results: &mut [Val],
) -> wasmtime::Result<()> {
    match answer {
        Answer::Stop => std::future::pending().await,
        Answer::Fail(failure) => Err(failure.into()),
        Answer::Trap { trap, wrapped } => Err(error_of(trap, wrapped)),
        Answer::Return(values) => give(caller, &values, results),
        Answer::Serve(function, unable) => match serve(caller, function, call) {
            wasi::Answer::Errno(errno) => give(caller, &[Value::I32(errno.into())], results),
            wasi::Answer::Exit(code) => fail(caller, HostFailure::Exit(code)),
            wasi::Answer::NoMemory => fail(caller, unable),
        },
        Answer::Write(writes, values, unable) => match write(caller, &writes, call) {
            true => give(caller, &values, results),
            false => fail(caller, unable),
        },
        Answer::Throw(tag, payload) => throw(caller, tag, &payload),
        Answer::Reenter {
            func,
            args,
            results: values,
            passes,
        } => match reenter(caller, func, &args, passes).await? {
            Reentered::Lost => std::future::pending().await,
            Reentered::Thrown(exn) => {
                caller.as_context_mut().throw::<()>(exn)?;
                Ok(())
            }
            Reentered::Failed(error) => Err(error),
            Reentered::Ended => give(caller, &values, results),
        },
    }
}

/// The error that a host function of the engine's fails with to trap.
fn error_of(trap: Trap, wrapped: bool) -> wasmtime::Error {
    let error = wasmtime::Error::from(match trap {
        Trap::IntegerDivideByZero => wasmtime::Trap::IntegerDivisionByZero,
        Trap::OutOfBoundsMemoryAccess => wasmtime::Trap::MemoryOutOfBounds,
        _ => wasmtime::Trap::UnreachableCodeReached,
    });
    match wrapped {
        true => error.context("a host function failed"),
        false => error,
    }
}

/// Runs the oracle to its host call, compares, and decides what the host does.
fn compare<T: Layer>(caller: &mut Caller<'_, State<T>>, id: HostFuncId, params: &[Val]) -> Answer {
    let _phase = phases::enter(Phase::Comparison);
    let mut lent = caller.data_mut().lend();
    let Some(session) = lent.get() else {
        return Answer::Stop;
    };
    let Session {
        driver,
        names,
        host,
        tamper,
        ..
    } = session;
    let mut scope = RootScope::new(&mut *caller);
    names.look(&scope, driver);
    let mut args: Vec<Seen> = params
        .iter()
        .map(|value| names.seen(&mut scope, value))
        .collect();
    tamper.host_args(&mut args);
    let mut view = View {
        store: scope.as_context_mut(),
        names,
    };
    driver.note_sizes(&mut view);
    let flow = if driver.is_instrumented() && T::ACTIVE {
        let mut copy = driver.snapshot_of_call(&mut view);
        tamper.event(Moment::HostCall, &mut copy);
        driver.host_call(Some(&mut copy), id, &args)
    } else if driver.is_instrumented() {
        driver.host_call(Some(&mut view), id, &args)
    } else {
        driver.host_call(None::<&mut View<'_, T>>, id, &args)
    };
    let answer = if flow == Flow::Stop {
        Answer::Stop
    } else {
        driver.compare_entities(&mut Shown::new(&mut view, tamper), Moment::HostCall);
        host.answer(id, &driver.following.machine.store, names)
    };
    match &answer {
        Answer::Stop => session.shared.request_stop(),
        Answer::Fail(failure) => driver.host_fail(*failure),
        Answer::Trap { trap, .. } => driver.host_trap(*trap),
        Answer::Throw(..)
        | Answer::Return(_)
        | Answer::Serve(..)
        | Answer::Write(..)
        | Answer::Reenter { .. } => {}
    }
    names.keep_handles(&mut scope, driver);
    drop(scope);
    if !session.driver.is_instrumented() && session.asks_at_host_call() {
        session.list_items(&mut caller.as_context_mut(), true);
    }
    if !matches!(answer, Answer::Stop) {
        let mut store = caller.as_context_mut();
        session.advance_epoch(&mut store, false);
        if session.driver.is_instrumented() {
            session.resumed();
            session.edit_at_host_call(&mut store);
            session.check_held(&mut store, Moment::Action);
            if !matches!(answer, Answer::Fail(_) | Answer::Trap { .. }) {
                session.collect_at_host_call();
            }
        }
    }
    caller.data_mut().give_back(lent);
    answer
}

impl HostWorld {
    fn answer(&mut self, id: HostFuncId, store: &Store, names: &Names) -> Answer {
        let call = self.calls;
        self.calls += 1;
        let Some(HostEntity {
            function, calls, ..
        }) = self.functions.get_mut(id.index())
        else {
            return Answer::Stop;
        };
        let nth = *calls;
        *calls += 1;
        // A host that cannot make a result fails.
        let Some(values) = seeded_results(self.seed, call, &function.ty, store.types()) else {
            return Answer::Fail(HostFailure::Call(call));
        };
        match &function.behaviour {
            Behaviour::Seeded => Answer::Return(values),
            Behaviour::Constant(constant) => {
                let types = constant.iter().map(|value| value.ty());
                let fit = types.eq(function.ty.results.iter().copied());
                Answer::Return(if fit { constant.clone() } else { values })
            }
            Behaviour::Silent => Answer::Return(Vec::new()),
            Behaviour::Fail => Answer::Fail(HostFailure::Call(call)),
            &Behaviour::Wasi(function) => Answer::Serve(function, HostFailure::Call(call)),
            Behaviour::Scripted(calls) => match calls.get(nth).or(calls.last()) {
                Some(ScriptedCall { writes, returns }) => {
                    let returns = returns.clone().unwrap_or(values);
                    Answer::Write(writes.clone(), returns, HostFailure::Call(call))
                }
                None => Answer::Return(values),
            },
            &Behaviour::Trap { wrapped } => Answer::Trap {
                trap: trap_of(call),
                wrapped,
            },
            Behaviour::Throw(name) => {
                let tag = exported_tag(store, names, name);
                let payload = tag.and_then(|tag| {
                    let payload = FuncType {
                        params: [].into(),
                        results: store.tag_type(tag).params.clone(),
                    };
                    let values = seeded_results(self.seed, call, &payload, store.types())?;
                    Some((tag, values))
                });
                match payload {
                    Some((tag, payload)) => Answer::Throw(tag, payload),
                    None => Answer::Return(values),
                }
            }
            Behaviour::CallExport(name)
            | Behaviour::CallThrough(name)
            | Behaviour::CallRelay(name) => match exported(store, names, name) {
                Some((func, args)) if self.reentries_left > 0 => {
                    self.reentries_left -= 1;
                    Answer::Reenter {
                        func,
                        args,
                        results: values,
                        passes: match function.behaviour {
                            Behaviour::CallThrough(_) => Passes::Exceptions,
                            Behaviour::CallRelay(_) => Passes::Everything,
                            _ => Passes::Nothing,
                        },
                    }
                }
                _ => Answer::Return(values),
            },
        }
    }
}

/// Fails, in the oracle and the subject.
fn fail<T: Layer>(caller: &mut Caller<'_, State<T>>, failure: HostFailure) -> wasmtime::Result<()> {
    let mut lent = caller.data_mut().lend();
    if let Some(session) = lent.get() {
        session.driver.host_fail(failure);
    }
    caller.data_mut().give_back(lent);
    Err(failure.into())
}

/// What the newest instance that exports the name exports by it. One that is being made cannot be asked for
/// anything yet, and one that was not made never.
fn newest(store: &Store, names: &Names, name: &str) -> Option<Extern> {
    let instances = (0..store.num_instances() as u32).rev().map(InstanceAddr);
    instances
        .filter(|&addr| names.is_made(addr))
        .find_map(|addr| store.instance(addr).export(name))
}

/// An exported function, and zeros and nulls for it; none where a parameter can be neither.
fn exported(store: &Store, names: &Names, name: &str) -> Option<(FuncAddr, Vec<Value>)> {
    let Extern::Func(func) = newest(store, names, name)? else {
        return None;
    };
    Some((func, zeros(store, func)?))
}

/// The function that the debugger calls, by the way that it asks for.
pub(super) fn func_of(mut store: impl AsContextMut, names: &Names, call: &Call) -> Option<Func> {
    match call.way {
        Way::Export => names.func(call.addr),
        Way::Accessor => {
            let instance = names.instance_handle(call.instance)?;
            instance.debug_function(&mut store, call.index)
        }
    }
}

fn exported_tag(store: &Store, names: &Names, name: &str) -> Option<TagAddr> {
    match newest(store, names, name)? {
        Extern::Tag(tag) => Some(tag),
        _ => None,
    }
}

/// Throws an exception in the oracle and the subject.
fn throw<T: Layer>(
    caller: &mut Caller<'_, State<T>>,
    tag: TagAddr,
    payload: &[Value],
) -> wasmtime::Result<()> {
    let mut lent = caller.data_mut().lend();
    let thrown = match lent.get() {
        Some(Session { driver, names, .. }) => {
            let exn = driver.following.machine.alloc_exception(tag, payload);
            // The payload was made for the tag.
            if let Ok(exn) = exn {
                driver.host_throw(exn);
            }
            exception(
                &mut *caller,
                names,
                driver.following.machine.store.types(),
                tag,
                payload,
            )
        }
        None => Err(wasmtime::Error::msg("no session")),
    };
    caller.data_mut().give_back(lent);
    let exn = thrown?;
    caller.as_context_mut().throw::<()>(exn)?;
    Ok(())
}

/// Makes an exception in the subject.
pub(super) fn exception(
    mut store: impl AsContextMut,
    names: &Names,
    types: &Types,
    tag: TagAddr,
    payload: &[Value],
) -> wasmtime::Result<Rooted<ExnRef>> {
    let missing = || wasmtime::Error::msg("a tag or a function without a handle");
    let tag = names.tag(tag).ok_or_else(missing)?;
    let vals = payload
        .iter()
        .map(|&value| names.val(&mut store, types, value).ok_or_else(missing)?)
        .collect::<wasmtime::Result<Vec<Val>>>()?;
    let ty = ExnType::from_tag_type(&tag.ty(&store))?;
    let allocator = ExnRefPre::new(&mut store, ty);
    ExnRef::new(&mut store, &allocator, &tag, &vals)
}

/// Gives results to the oracle and the subject.
fn give<T: Layer>(
    caller: &mut Caller<'_, State<T>>,
    values: &[Value],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let mut lent = caller.data_mut().lend();
    if let Some(session) = lent.get() {
        session.driver.host_return(values);
        let types = session.driver.following.machine.store.types();
        for (result, &value) in results.iter_mut().zip(values) {
            *result = session
                .names
                .val(&mut *caller, types, value)
                .unwrap_or_else(|| Err(wasmtime::Error::msg("a function without a handle")))?;
        }
    }
    caller.data_mut().give_back(lent);
    Ok(())
}

/// Calls back into the guest from a host function.
async fn reenter<T: Layer>(
    caller: &mut Caller<'_, State<T>>,
    func: FuncAddr,
    args: &[Value],
    passes: Passes,
) -> wasmtime::Result<Reentered> {
    let mut lent = caller.data_mut().lend();
    let mut prepared = None;
    if let Some(Session { driver, names, .. }) = lent.get()
        && let Some(handle) = names.func(func)
    {
        let vals: Option<wasmtime::Result<Vec<Val>>> = args
            .iter()
            .map(|&value| names.val(&mut *caller, driver.following.machine.store.types(), value))
            .collect();
        if let Some(vals) = vals
            && driver.begin(func, args).is_ok()
        {
            let results = driver.following.machine.store.func_type(func).results.len();
            prepared = Some((handle, vals?, vec![Val::I32(0); results]));
        }
    }
    caller.data_mut().give_back(lent);
    // A target that cannot be called with these arguments is not called, in either.
    let Some((handle, vals, mut results)) = prepared else {
        return Ok(Reentered::Ended);
    };
    let ended = handle.call_async(&mut *caller, &vals, &mut results).await;
    let mut lent = caller.data_mut().lend();
    if lent.get().is_some_and(|session| session.dropping) {
        caller.data_mut().give_back(lent);
        return Ok(Reentered::Lost);
    }
    let mut reentered = Reentered::Ended;
    if let Some(session) = lent.get() {
        let (verdict, pending) = calls::end(&mut *caller, session, &ended, &results);
        let driver = &mut session.driver;
        reentered = match (verdict, pending, ended) {
            (Verdict::Lost, ..) => Reentered::Lost,
            (Verdict::Ended(Expected::Thrown(exn)), Some(pending), _)
                if passes != Passes::Nothing =>
            {
                driver.host_throw(exn);
                Reentered::Thrown(pending)
            }
            (Verdict::Ended(Expected::Trapped(trap)), None, Err(error))
                if passes == Passes::Everything =>
            {
                driver.host_trap(trap);
                Reentered::Failed(error)
            }
            // "The `ThrownException` error type should propagate upward exactly and only when a pending
            // exception is set" (`Store::throw`): that is for the host to see to.
            (Verdict::Ended(Expected::HostFailed(failure)), None, Err(error))
                if passes == Passes::Everything && failure != HostFailure::TakenException =>
            {
                driver.host_fail(failure);
                Reentered::Failed(error)
            }
            _ => Reentered::Ended,
        };
        if let Reentered::Lost = reentered {
            lent.request_stop();
        }
    }
    caller.data_mut().give_back(lent);
    Ok(reentered)
}
