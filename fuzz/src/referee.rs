//! The oracle against `wasmi`: values, kinds of trap, and what is exported at the end.
//!
//! Only the main module is run; every import is made to measure, the same on both sides. What an
//! implementation may decide for itself (depth, memory, fuel) ends the comparison.

mod oracle;
mod wasmi;

use lockstep::case::{Case, StepAction};
use lockstep::hosting::seeded_results;
use lockstep_oracles::ValType;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::code::Function;
use lockstep_oracles::module::{FuncType, Module};
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::types::Types;
use lockstep_oracles::value::{Ref, Value};
use lockstep_spec_tests::script::{Arg, NullOf};
use std::fmt;

/// Opcodes that one call may execute.
const OPCODES: u64 = 2_000_000;

/// An index beyond a table's end: `wasmi` does not tell `call_indirect` from the table instructions.
const BEYOND_TABLE: &str = "beyond the end of a table";

/// How an action ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ended {
    /// It returned these values.
    Returned(Vec<String>),
    /// It trapped.
    Trapped(&'static str),
    /// A limit was reached, or the action is none for this module: what follows says nothing.
    Limit,
}

/// A case on one side.
trait Side: Sized {
    /// Instantiates and runs the start function; none if it cannot be made here.
    fn new(wasm: &[u8], module: &Module, seed: u64) -> Option<(Self, Ended)>;
    /// Calls an export.
    fn call(&mut self, export: &str, args: &[Value]) -> Ended;
    /// Writes into an exported memory; false if that cannot be.
    fn write(&mut self, memory: &str, offset: u64, bytes: &[u8]) -> bool;
    /// Sets an exported global; false if that cannot be.
    fn set(&mut self, global: &str, value: Value) -> bool;
    /// The bytes of an exported memory.
    fn memory(&self, export: &str) -> Option<&[u8]>;
    /// The value of an exported global.
    fn global(&self, export: &str) -> Option<String>;
}

/// Where the two differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    place: String,
    oracle: String,
    wasmi: String,
    case: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: the oracle has {}, wasmi {}\nthe case:\n\n{}",
            self.place, self.oracle, self.wasmi, self.case
        )
    }
}

/// What a module may have that both can run: Wasm 2.0. Others are left out.
const FEATURES: WasmFeatures = WasmFeatures::WASM2;

/// Whether oracle and `wasmi` agree on the case's main module.
///
/// # Errors
///
/// Where they first differ.
pub fn agree(case: &Case) -> Result<(), Difference> {
    match Module::new(case.main_module(), FEATURES) {
        Ok(module) if !mistaken(&module) => compared(case, &module),
        _ => Ok(()),
    }
}

fn compared(case: &Case, module: &Module) -> Result<(), Difference> {
    let wasm = case.main_module();
    let seed = case.host.seed;
    let (Some((mut ours, a)), Some((mut theirs, b))) = (
        oracle::Oracle::new(wasm, module, seed),
        wasmi::Wasmi::new(wasm, module, seed),
    ) else {
        return Ok(());
    };
    let differ = |place: &str, ours: String, theirs: String| Difference {
        place: place.to_owned(),
        oracle: ours,
        wasmi: theirs,
        case: lockstep::corpus::to_readable(case).unwrap_or_default(),
    };
    let mut ended = (a, b);
    let mut place = "instantiation".to_owned();
    let main = case.modules.len().saturating_sub(1) as u32;
    let mut steps = case
        .steps
        .iter()
        .filter(|step| step.module.is_none_or(|m| m == main));
    loop {
        let goes_on = matches!(ended.0, Ended::Returned(_)) || place != "instantiation";
        match &ended {
            (Ended::Limit, _) | (_, Ended::Limit) => return Ok(()),
            (a, b) if a != b => return Err(differ(&place, format!("{a:?}"), format!("{b:?}"))),
            _ if !goes_on => return Ok(()),
            _ => {}
        }
        let Some(step) = steps.next() else { break };
        place = format!("{:?}", step.action);
        ended = match act(&mut ours, &mut theirs, &step.action) {
            Some(ended) => ended,
            None => return Ok(()),
        };
    }
    for export in module.exports() {
        let name = &export.name;
        if ours.memory(name) != theirs.memory(name) {
            let (a, b) = first_difference(ours.memory(name), theirs.memory(name));
            return Err(differ(&format!("memory `{name}`"), a, b));
        }
        let (a, b) = (ours.global(name), theirs.global(name));
        if a != b {
            return Err(differ(
                &format!("global `{name}`"),
                format!("{a:?}"),
                format!("{b:?}"),
            ));
        }
    }
    Ok(())
}

/// Whether `wasmi` 2.0.0 may run the module wrongly. Each mistake has a test that it is still made.
fn mistaken(module: &Module) -> bool {
    module.functions().iter().any(|function| {
        let mistakes = [vector_through_table, select_on_zero];
        let any = |position| mistakes.iter().any(|mistake| mistake(function, position));
        (0..function.instrs.len()).any(any)
    })
}

/// A `br_table` that carries several values takes a `v128` among them from the wrong place.
fn vector_through_table(function: &Function, position: usize) -> bool {
    let mut operands = function.operand_types(position);
    function.instrs[position].op == Opcode::BrTable && operands.any(|ty| ty == ValType::V128)
}

/// A `select` whose condition compares with zero or null may take the other operand.
fn select_on_zero(function: &Function, position: usize) -> bool {
    let op = |position: usize| function.instrs[position].op;
    matches!(op(position), Opcode::Select | Opcode::TypedSelect)
        && position > 0
        && matches!(
            op(position - 1),
            Opcode::I32Eqz | Opcode::I32Eq | Opcode::I32Ne | Opcode::RefIsNull
        )
}

/// Takes a step on both sides; none if it cannot be taken.
fn act(
    ours: &mut oracle::Oracle,
    theirs: &mut wasmi::Wasmi,
    action: &StepAction,
) -> Option<(Ended, Ended)> {
    match action {
        StepAction::Call { export, args, .. } => {
            let args: Vec<Value> = args.iter().map(|&arg| value(arg)).collect::<Option<_>>()?;
            Some((ours.call(export, &args), theirs.call(export, &args)))
        }
        StepAction::Write {
            memory,
            offset,
            bytes,
        } => done(
            ours.write(memory, *offset, bytes),
            theirs.write(memory, *offset, bytes),
        ),
        StepAction::Set { global, value } => {
            let value = self::value(*value)?;
            done(ours.set(global, value), theirs.set(global, value))
        }
        // Of components, which the referee does not run.
        StepAction::Invoke { .. } => None,
    }
}

fn done(ours: bool, theirs: bool) -> Option<(Ended, Ended)> {
    let ended = |done| match done {
        true => Ended::Returned(Vec::new()),
        false => Ended::Trapped("not possible"),
    };
    Some((ended(ours), ended(theirs)))
}

/// Size and first byte that differs, of either side.
fn first_difference(ours: Option<&[u8]>, theirs: Option<&[u8]>) -> (String, String) {
    let (a, b) = (ours.unwrap_or_default(), theirs.unwrap_or_default());
    let at = a
        .iter()
        .zip(b)
        .position(|(a, b)| a != b)
        .unwrap_or(a.len().min(b.len()));
    let side = |bytes: &[u8]| format!("{} bytes, {:02x?} at {at:#x}", bytes.len(), bytes.get(at));
    (side(a), side(b))
}

/// A value as text; of a function reference only whether it is null.
fn shown(value: Value) -> String {
    match value {
        Value::Ref(Ref::Func(_), _) => "funcref".to_owned(),
        value => value.to_string(),
    }
}

/// An argument as a value; none for what Wasm 2.0 does not have.
fn value(arg: Arg) -> Option<Value> {
    Some(match arg {
        Arg::I32(v) => Value::I32(v),
        Arg::I64(v) => Value::I64(v),
        Arg::F32(v) => Value::F32(v),
        Arg::F64(v) => Value::F64(v),
        Arg::V128(v) => Value::V128(v),
        Arg::RefExtern(n) => Value::Ref(Ref::Extern(n), lockstep_oracles::RefType::EXTERNREF),
        Arg::RefNull(NullOf::Func | NullOf::NoFunc) => Value::zero(ValType::FUNCREF),
        Arg::RefNull(NullOf::Extern | NullOf::NoExtern) => Value::zero(ValType::EXTERNREF),
        Arg::RefNull(_) | Arg::RefHost(_) => return None,
    })
}

/// What an imported function returns at its n-th call, or an imported global holds.
fn made(seed: u64, number: u64, ty: &FuncType) -> Vec<Value> {
    // The host makes values of all types of Wasm 2.0, which has no type indices in values' types.
    seeded_results(seed, number, ty, &Types::default()).unwrap_or_default()
}

/// The value of an imported global.
fn made_global(seed: u64, ty: ValType) -> Value {
    let ty = FuncType {
        params: [].into(),
        results: [ty].into(),
    };
    made(seed, 0, &ty)[0]
}

#[cfg(test)]
mod tests;
