//! Host functions: deterministic, the same for the subject and the oracle.

use super::session::{Session, State};
use super::view::View;
use super::wasmtime::{self, AsContextMut, Caller, RootScope, Val};
use crate::divergence::Moment;
use crate::fault::{Shown, Tamper};
use crate::hosting::{Behaviour, HostFunction, seeded_results};
use crate::lockstep::driver::{Flow, Verdict};
use crate::outcome::{HostFailure, Outcome};
use crate::phases::{self, Phase};
use crate::seen::Seen;
use lockstep_oracles::address::{FuncAddr, HostFuncId, InstanceAddr};
use lockstep_oracles::store::{Extern, Store};
use lockstep_oracles::value::Value;

/// The host's side of a case.
pub(super) struct HostWorld {
    /// The case's seed.
    pub(super) seed: u64,
    /// Host calls so far; the number of the next one.
    pub(super) calls: u64,
    /// The host functions, by [`HostFuncId`].
    pub(super) functions: Vec<HostFunction>,
    /// Calls that a re-entering host function may still make, so that re-entry ends.
    pub(super) reentries_left: u32,
}

/// What the host function does with this call.
enum Answer {
    Stop,
    Fail(HostFailure),
    Return(Vec<Value>),
    Reenter(FuncAddr, Vec<Value>, Vec<Value>),
}

/// Runs one call of a host function, on the guest's fibre.
pub(super) async fn call<T: Tamper>(
    mut caller: Caller<'_, State<T>>,
    id: HostFuncId,
    params: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    match compare(&mut caller, id, params) {
        Answer::Stop => std::future::pending().await,
        Answer::Fail(failure) => Err(failure.into()),
        Answer::Return(values) => give(&mut caller, &values, results),
        Answer::Reenter(func, args, values) => {
            if !reenter(&mut caller, func, &args).await? {
                std::future::pending::<()>().await;
            }
            give(&mut caller, &values, results)
        }
    }
}

/// Runs the oracle to its host call, compares, and decides what the host does.
fn compare<T: Tamper>(caller: &mut Caller<'_, State<T>>, id: HostFuncId, params: &[Val]) -> Answer {
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
    let mut args: Vec<Seen> = params
        .iter()
        .map(|value| names.seen(&mut scope, *value))
        .collect();
    tamper.host_args(&mut args);
    let mut view = View {
        store: scope.as_context_mut(),
        names,
    };
    let flow = if driver.has_events() && T::ACTIVE {
        let mut copy = driver.snapshot(&mut view, usize::MAX);
        tamper.event(Moment::HostCall, &mut copy);
        driver.host_call(Some(&mut copy), id, &args)
    } else if driver.has_events() {
        driver.host_call(Some(&mut view), id, &args)
    } else {
        driver.host_call(None::<&mut View<'_, T>>, id, &args)
    };
    let answer = if flow == Flow::Stop {
        Answer::Stop
    } else {
        driver.compare_entities(&mut Shown::new(&mut view, tamper), Moment::HostCall);
        host.answer(id, &driver.machine.store)
    };
    match &answer {
        Answer::Stop => session.shared.request_stop(),
        Answer::Fail(failure) => driver.host_fail(*failure),
        Answer::Return(_) | Answer::Reenter(..) => {}
    }
    drop(scope);
    if !matches!(answer, Answer::Stop) {
        let mut store = caller.as_context_mut();
        session.advance_epoch(&mut store);
        if session.driver.has_events() {
            session.edit_at_host_call(&mut store);
        }
    }
    caller.data_mut().give_back(lent);
    answer
}

impl HostWorld {
    fn answer(&mut self, id: HostFuncId, store: &Store) -> Answer {
        let call = self.calls;
        self.calls += 1;
        let Some(function) = self.functions.get(id.index()) else {
            return Answer::Stop;
        };
        let values = seeded_results(self.seed, call, &function.ty);
        match &function.behaviour {
            Behaviour::Seeded => Answer::Return(values),
            Behaviour::Constant(constant) => {
                let types = constant.iter().map(|value| value.ty());
                let fit = types.eq(function.ty.results.iter().copied());
                Answer::Return(if fit { constant.clone() } else { values })
            }
            Behaviour::Silent => Answer::Return(Vec::new()),
            Behaviour::Fail => Answer::Fail(HostFailure(call)),
            Behaviour::CallExport(name) => match exported(store, name) {
                Some((func, args)) if self.reentries_left > 0 => {
                    self.reentries_left -= 1;
                    Answer::Reenter(func, args, values)
                }
                _ => Answer::Return(values),
            },
        }
    }
}

/// An exported function of the newest instance that has it, and zeros and nulls for it.
fn exported(store: &Store, name: &str) -> Option<(FuncAddr, Vec<Value>)> {
    let instances = (0..store.num_instances() as u32).rev().map(InstanceAddr);
    let found = instances
        .filter_map(|addr| store.instance(addr).export(name))
        .next()?;
    let Extern::Func(func) = found else {
        return None;
    };
    let params = &store.func_type(func).params;
    Some((func, params.iter().map(|&ty| Value::zero(ty)).collect()))
}

/// Gives results to the oracle and the subject.
fn give<T: Tamper>(
    caller: &mut Caller<'_, State<T>>,
    values: &[Value],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let mut lent = caller.data_mut().lend();
    if let Some(session) = lent.get() {
        session.driver.host_return(values);
        for (result, &value) in results.iter_mut().zip(values) {
            *result = session
                .names
                .val(&mut *caller, value)
                .unwrap_or_else(|| Err(wasmtime::Error::msg("a function without a handle")))?;
        }
    }
    caller.data_mut().give_back(lent);
    Ok(())
}

/// Calls back into the guest from a host function. Answers whether lockstep was kept.
async fn reenter<T: Tamper>(
    caller: &mut Caller<'_, State<T>>,
    func: FuncAddr,
    args: &[Value],
) -> wasmtime::Result<bool> {
    let mut lent = caller.data_mut().lend();
    let mut prepared = None;
    if let Some(Session { driver, names, .. }) = lent.get()
        && let Some(handle) = names.func(func)
    {
        let vals: Option<wasmtime::Result<Vec<Val>>> = args
            .iter()
            .map(|&value| names.val(&mut *caller, value))
            .collect();
        if let Some(vals) = vals
            && driver.begin(func, args).is_ok()
        {
            let results = driver.machine.store.func_type(func).results.len();
            prepared = Some((handle, vals?, vec![Val::I32(0); results]));
        }
    }
    caller.data_mut().give_back(lent);
    // A target that cannot be called with these arguments is not called, in either.
    let Some((handle, vals, mut results)) = prepared else {
        return Ok(true);
    };
    let ended = handle.call_async(&mut *caller, &vals, &mut results).await;
    let mut lent = caller.data_mut().lend();
    let mut kept = true;
    if let Some(Session {
        driver,
        names,
        tamper,
        ..
    }) = lent.get()
    {
        let mut outcome = match ended {
            Ok(()) => Outcome::Returned(
                results
                    .into_iter()
                    .map(|value| names.seen(&mut *caller, value))
                    .collect(),
            ),
            Err(error) => super::values::outcome_of(&error),
        };
        tamper.outcome(&mut outcome);
        kept = driver.finish(&outcome) != Verdict::Lost;
        if kept {
            let mut view = View {
                store: caller.as_context_mut(),
                names,
            };
            driver.compare_entities(&mut Shown::new(&mut view, tamper), Moment::End);
        } else {
            lent.request_stop();
        }
    }
    caller.data_mut().give_back(lent);
    Ok(kept)
}
