//! The static operand types against the dynamic stack, over the official suites: at every sequence
//! point of every frame the heights agree, and every cell is a value of its type.

use super::*;
use crate::types::val_in_store;
use lockstep_spec_tests::{Action, Arg, CommandKind, ModuleSource, Selection};

#[test]
fn the_stack_has_the_types_that_validation_says() {
    let mut points = 0;
    for file in Selection::All.scripts() {
        let script = file.parse().expect("the suite parses");
        // One is stepped and looked at, the other runs freely: the outcome must be the same.
        let mut stepped = Machine::new(limits());
        let mut free = Machine::new(limits());
        let mut current = None;
        for command in &script.commands {
            match &command.kind {
                CommandKind::Module { module, .. } => {
                    current = instantiate(&mut stepped, module, script.features);
                    assert_eq!(instantiate(&mut free, module, script.features), current);
                }
                CommandKind::AssertReturn { action, .. }
                | CommandKind::AssertTrap { action, .. }
                | CommandKind::AssertException { action }
                | CommandKind::AssertExhaustion { action, .. } => {
                    let Some(instance) = current else { continue };
                    let outcome = invoke(&mut stepped, instance, action, Some(&mut points));
                    let expected = invoke(&mut free, instance, action, None);
                    assert_eq!(outcome, expected, "{}:{}", script.name, command.line);
                }
                _ => {}
            }
        }
        let memories = |m: &Machine| -> Vec<Vec<u8>> {
            m.store.memories.iter().map(|m| m.bytes.clone()).collect()
        };
        assert!(memories(&stepped) == memories(&free), "{}", script.name);
    }
    assert!(points > 100_000, "only {points} points seen");
}

/// The instance, if the module imports nothing.
fn instantiate(
    machine: &mut Machine,
    source: &ModuleSource,
    features: WasmFeatures,
) -> Option<InstanceAddr> {
    let ModuleSource::Binary(bytes) = source else {
        return None;
    };
    let module = Module::new(bytes, features).ok()?;
    machine.instantiate(&module, &[]).ok()
}

/// Runs an invocation of numbers to its end; `None` if it is not one. With `points`, the
/// first 20 000 sequence points are stopped at, checked and counted there.
fn invoke(
    machine: &mut Machine,
    instance: InstanceAddr,
    action: &Action,
    points: Option<&mut u64>,
) -> Option<(Stop, Vec<Value>)> {
    let Action::Invoke {
        instance: None,
        export,
        args,
    } = action
    else {
        return None;
    };
    let Some(Extern::Func(func)) = machine.store.instance(instance).export(export) else {
        return None;
    };
    let args: Vec<Value> = args.iter().filter_map(|&arg| number(arg)).collect();
    machine.invoke(func, &args).ok()?;
    let mut stop = Stop::SequencePoint;
    if let Some(points) = points {
        let last = *points + 20_000;
        while goes_on(stop) && *points < last {
            stop = machine.run(&EverySequencePoint);
            if goes_on(stop) {
                check(machine);
                *points += 1;
            }
        }
    }
    while goes_on(stop) {
        stop = machine.run(&NoSequencePoint);
    }
    let results = match stop {
        Stop::Return => machine.results().to_vec(),
        _ => Vec::new(),
    };
    machine.unwind();
    Some((stop, results))
}

fn goes_on(stop: Stop) -> bool {
    matches!(stop, Stop::SequencePoint | Stop::Throw { caught: true, .. })
}

fn number(arg: Arg) -> Option<Value> {
    match arg {
        Arg::I32(v) => Some(Value::I32(v)),
        Arg::I64(v) => Some(Value::I64(v)),
        Arg::F32(v) => Some(Value::F32(v)),
        Arg::F64(v) => Some(Value::F64(v)),
        Arg::V128(v) => Some(Value::V128(v)),
        _ => None,
    }
}

fn check(machine: &Machine) {
    let frames = machine.frames().zip(machine.frames.iter().rev()).take(3);
    for (view, frame) in frames {
        assert_eq!(
            frame.height as usize,
            view.locals.len() + view.operands.len(),
            "at {} of function {}",
            view.pc(),
            view.function.index
        );
        assert!(view.function.reachable[view.position]);
        let typed = view.locals_typed().chain(view.operands_typed());
        let cells = view.locals.iter().chain(view.operands);
        for (value, &cell) in typed.zip(cells) {
            assert_eq!(value.cell(), cell, "{value} at {}", view.pc());
        }
        let types = &machine.store.instance(view.instance).types;
        let in_store = |value| match value {
            Value::Ref(r, ty) => match val_in_store(ValType::Ref(ty), types) {
                ValType::Ref(ty) => Value::Ref(r, ty),
                other => panic!("{ty} became {other}"),
            },
            number => number,
        };
        for value in view.locals_typed().map(in_store) {
            // A local that cannot be null holds null until it is set.
            let unset = matches!(value, Value::Ref(Ref::Null, _));
            assert!(
                unset || machine.store.has_type(value, value.ty()),
                "{value}"
            );
        }
        for value in view.operands_typed().map(in_store) {
            let fits = machine.store.has_type(value, value.ty());
            assert!(fits, "{value} as {} at {}", value.ty(), view.pc());
        }
    }
}
