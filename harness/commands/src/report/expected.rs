//! What the specification says of a case, from the reference interpreter alone.

use super::NoReproducer;
use lockstep_core::case::{Case, Step, StepAction};
use lockstep_core::check::{FEATURES, syntax};
use lockstep_core::divergence::Site;
use lockstep_core::subject::limits;
use lockstep_oracles::RefType;
use lockstep_oracles::address::{FuncAddr, HostFuncId, InstanceAddr};
use lockstep_oracles::machine::{EverySequencePoint, Machine, NoSequencePoint, Stop, StopAt};
use lockstep_oracles::module::{ExternType, Module};
use lockstep_oracles::store::Extern;
use lockstep_oracles::types::Hierarchy;
use lockstep_oracles::value::{Cell, Ref, Value};
use lockstep_oracles::{HeapType, ValType};
use lockstep_spec_tests::script::{Arg, NullOf};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sequence points after which a case has too many for a reproducer.
const MOST: u64 = 1 << 20;

/// Stacks that a reproducer compares.
const FEW: usize = 200;

/// The main module.
///
/// # Errors
///
/// When it is none.
pub(super) fn main_module(case: &Case) -> Result<Arc<Module>, NoReproducer> {
    Module::new(case.main_module(), FEATURES).map_err(|_| NoReproducer::Modules)
}

/// The results of each call, in the words of the engine's API.
///
/// # Errors
///
/// When the case imports from the host, or a call does not return numbers.
pub(super) fn results(case: &Case) -> Result<Vec<String>, NoReproducer> {
    let mut run = Run::new(case);
    run.instantiate(&NoSequencePoint)?;
    let mut all = Vec::new();
    for step in &case.steps {
        let results = run.step(step.module, &step.action, &NoSequencePoint)?;
        let texts: Option<Vec<String>> = results.iter().map(engine_value).collect();
        let texts = texts.ok_or(NoReproducer::Reference)?;
        all.push(format!("[{}]", texts.join(", ")));
    }
    Ok(all)
}

/// How many sequence points the case has.
///
/// # Errors
///
/// When the case imports from the host, or does not end by itself.
pub(super) fn sequence_points(case: &Case) -> Result<u64, NoReproducer> {
    let mut run = Run::new(case);
    run.instantiate(&EverySequencePoint)?;
    for step in &case.steps {
        run.step(step.module, &step.action, &EverySequencePoint)?;
    }
    Ok(run.points)
}

/// How many sequence points the calls behind the first have.
///
/// # Errors
///
/// When the case imports from the host, does not end by itself, or has other sequence points where the first
/// call is not made at all: then it matters how far that comes before it is dropped.
pub(super) fn sequence_points_after_first(case: &Case) -> Result<u64, NoReproducer> {
    let count = |steps: &[Step], from: usize| -> Result<u64, NoReproducer> {
        let mut run = Run::new(case);
        run.instantiate(&EverySequencePoint)?;
        let mut before = run.points;
        for (number, step) in steps.iter().enumerate() {
            if number == from {
                before = run.points;
            }
            run.step(step.module, &step.action, &EverySequencePoint)?;
        }
        Ok(run.points - before)
    };
    let alone = case.steps.get(1..).ok_or(NoReproducer::Steps)?;
    let after = count(&case.steps, 1)?;
    match count(alone, 0)? == after {
        true => Ok(after),
        false => Err(NoReproducer::Ends),
    }
}

/// The functions on the stack at each sequence point, innermost first, by their index among those that a
/// module defines; or those where the case traps.
///
/// # Errors
///
/// When the case imports from the host, or a call ends otherwise.
pub(super) fn stacks(case: &Case, at_trap: bool) -> Result<Vec<String>, NoReproducer> {
    let mut run = Run::new(case);
    run.instantiate(&EverySequencePoint)?;
    for step in &case.steps {
        let stepped = run.step(step.module, &step.action, &EverySequencePoint);
        if at_trap && stepped.is_err() && !run.ended.is_empty() {
            return Ok(vec![run.ended]);
        }
        stepped?;
    }
    match at_trap {
        true => Err(NoReproducer::Ends),
        false => Ok(run.stacks),
    }
}

/// The innermost function at a sequence point, counted from 0, by its index among those that its module
/// defines.
///
/// # Errors
///
/// When the case does not come there.
pub(super) fn function_at(case: &Case, point: u64) -> Result<u32, NoReproducer> {
    let mut run = Run::new(case);
    run.last = Some(point + 1);
    // It ends with an error there, too.
    if run.instantiate(&EverySequencePoint).is_ok() {
        for step in &case.steps {
            if run
                .step(step.module, &step.action, &EverySequencePoint)
                .is_err()
            {
                break;
            }
        }
    }
    let innermost = run
        .ended
        .split('<')
        .next()
        .and_then(|function| function.parse().ok());
    innermost.ok_or(NoReproducer::Ends)
}

/// The hierarchy's top of the type that validation gives an operand before the opcode at a site.
pub(super) fn operand_type(case: &Case, site: &Site, index: u32) -> Option<RefType> {
    let module = main_module(case).ok()?;
    let function = module.function(site.func)?;
    let position = function.position(site.pc)?;
    let mut types: Vec<ValType> = function.operand_types(position).collect();
    // From the top of the stack down.
    types.reverse();
    let ValType::Ref(ty) = *types.get(index as usize)? else {
        return None;
    };
    let HeapType::Abstract { ty, .. } = ty.heap_type() else {
        return None;
    };
    Hierarchy::of(ty).map(lockstep_core::seen::top)
}

/// A value as Lockstep writes it, in the words of the engine's API; none for a reference.
pub(super) fn engine_text(value: &str) -> Option<String> {
    let ty = match value.split_once(':')?.0 {
        "i32" => ValType::I32,
        "i64" => ValType::I64,
        "f32" => ValType::F32,
        "f64" => ValType::F64,
        "v128" => ValType::V128,
        _ => return None,
    };
    engine_value(&of_arg(syntax::value(value, ty).ok()?)?)
}

fn engine_value(value: &Value) -> Option<String> {
    Some(match value {
        Value::I32(bits) => format!("I32({})", bits.cast_signed()),
        Value::I64(bits) => format!("I64({})", bits.cast_signed()),
        Value::F32(bits) => format!("F32({bits})"),
        Value::F64(bits) => format!("F64({bits})"),
        Value::V128(bits) => format!("V128({bits})"),
        Value::Ref(..) => return None,
    })
}

fn of_arg(arg: Arg) -> Option<Value> {
    Some(match arg {
        Arg::I32(bits) => Value::I32(bits),
        Arg::I64(bits) => Value::I64(bits),
        Arg::F32(bits) => Value::F32(bits),
        Arg::F64(bits) => Value::F64(bits),
        Arg::V128(bits) => Value::V128(bits),
        Arg::RefExtern(number) => Value::Ref(Ref::Extern(number), RefType::EXTERNREF),
        Arg::RefNull(of) => Value::Ref(Ref::Null, null_type(of)),
        Arg::RefHost(_) => return None,
    })
}

fn null_type(of: NullOf) -> RefType {
    match of {
        NullOf::Func | NullOf::NoFunc => RefType::FUNCREF,
        NullOf::Extern | NullOf::NoExtern => RefType::EXTERNREF,
        NullOf::Any | NullOf::None => RefType::ANYREF,
        NullOf::Exn | NullOf::NoExn => RefType::EXNREF,
    }
}

/// A run of the case in the reference interpreter.
struct Run<'a> {
    case: &'a Case,
    machine: Machine,
    instances: Vec<InstanceAddr>,
    points: u64,
    /// The stack at each sequence point, as long as there are few.
    stacks: Vec<String>,
    /// After how many sequence points it ends; none where the case does.
    last: Option<u64>,
    /// The stack where it trapped, or ended by that; empty if it did neither.
    ended: String,
    /// What each host function returns.
    hosts: Vec<Vec<Value>>,
}

impl<'a> Run<'a> {
    fn new(case: &'a Case) -> Run<'a> {
        Run {
            case,
            machine: Machine::new(limits::limits()),
            instances: Vec::new(),
            points: 0,
            stacks: Vec::new(),
            last: None,
            ended: String::new(),
            hosts: Vec::new(),
        }
    }

    fn instantiate<S: StopAt>(&mut self, stops: &S) -> Result<(), NoReproducer> {
        let mut registered: BTreeMap<&str, InstanceAddr> = BTreeMap::new();
        for case_module in &self.case.modules {
            let module = Module::new(&case_module.wasm, FEATURES);
            let module = module.map_err(|_| NoReproducer::Modules)?;
            let mut imports: Vec<Extern> = Vec::new();
            for import in module.imports() {
                let instance = registered.get(import.module.as_str());
                let found = instance.and_then(|&instance| {
                    self.machine.store.instance(instance).export(&import.name)
                });
                let found = found.or_else(|| self.host_function(&import.ty));
                imports.push(found.ok_or(NoReproducer::HostImports)?);
            }
            let instance = self.machine.instantiate(&module, &imports);
            let instance = instance.map_err(|_| NoReproducer::Modules)?;
            registered.insert(&case_module.name, instance);
            if let Some(start) = module.start() {
                let start = self.machine.store.instance(instance).funcs[start.0 as usize];
                self.call(start, &[], stops)?;
            }
            self.instances.push(instance);
        }
        Ok(())
    }

    fn step<S: StopAt>(
        &mut self,
        module: Option<u32>,
        action: &StepAction,
        stops: &S,
    ) -> Result<Vec<Value>, NoReproducer> {
        let StepAction::Call { export, args, .. } = action else {
            return Err(NoReproducer::Steps);
        };
        let last = self.instances.len().saturating_sub(1);
        let instance = self
            .instances
            .get(module.map_or(last, |module| module as usize));
        let instance = instance.ok_or(NoReproducer::Modules)?;
        let Some(Extern::Func(func)) = self.machine.store.instance(*instance).export(export) else {
            return Err(NoReproducer::Steps);
        };
        let args: Option<Vec<Value>> = args.iter().map(|&arg| of_arg(arg)).collect();
        self.call(func, &args.ok_or(NoReproducer::Steps)?, stops)?;
        Ok(self.machine.results().to_vec())
    }

    /// A host function that returns zeros, as the linker of a reproducer makes them.
    fn host_function(&mut self, ty: &ExternType) -> Option<Extern> {
        let ExternType::Func(ty) = ty else {
            return None;
        };
        let zeros = ty.results.iter().map(|ty| match ty {
            ValType::Ref(_) => None,
            number => Some(Cell(0).typed(*number)),
        });
        self.hosts.push(zeros.collect::<Option<_>>()?);
        let id = HostFuncId(self.hosts.len() as u32 - 1);
        Some(Extern::Func(
            self.machine.store.alloc_host_func(ty.clone(), id),
        ))
    }

    /// The functions on the stack, innermost first.
    fn stack(&self) -> String {
        let store = &self.machine.store;
        let functions = self.machine.frames().map(|view| {
            let imported = store.instance(view.instance).module.num_imported_funcs();
            (view.function.index.0 - imported).to_string()
        });
        functions.collect::<Vec<_>>().join("<")
    }

    fn call<S: StopAt>(
        &mut self,
        func: FuncAddr,
        args: &[Value],
        stops: &S,
    ) -> Result<(), NoReproducer> {
        let begun = self.machine.invoke(func, args);
        begun.map_err(|_| NoReproducer::Steps)?;
        loop {
            match self.machine.run(stops) {
                Stop::Return => return Ok(()),
                Stop::SequencePoint if self.points < MOST => {
                    self.points += 1;
                    if self.stacks.len() < FEW {
                        self.stacks.push(self.stack());
                    }
                    if self.last == Some(self.points) {
                        self.ended = self.stack();
                        return Err(NoReproducer::Ends);
                    }
                }
                // Caught by this activation: it goes on at the handler.
                Stop::Throw { caught: true, .. } => {}
                Stop::Trap(_) => {
                    self.ended = self.stack();
                    return Err(NoReproducer::Ends);
                }
                Stop::HostCall(id) => {
                    let results = &self.hosts[id.0 as usize];
                    let answered = self.machine.host_return(results);
                    answered.map_err(|_| NoReproducer::HostImports)?;
                }
                _ => return Err(NoReproducer::Ends),
            }
        }
    }
}
