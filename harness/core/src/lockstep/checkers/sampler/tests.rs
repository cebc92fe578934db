//! What is compared at the events of small programs.

use super::*;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::machine::{EverySequencePoint, Stop};
use lockstep_oracles::module::Module;
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::Value;

/// The opcode before which each event is, the locals and operands of its frame, and what is compared.
struct Event {
    op: Opcode,
    values: (usize, usize),
    depth: usize,
    extent: Extent,
}

/// The events of `f`; before the n-th, counted from 0, `between` may do something.
fn events(wat: &str, between: impl Fn(usize, &mut Sampler)) -> Vec<Event> {
    let bytes = wat::parse_str(wat).unwrap();
    let module = Module::new(&bytes, WasmFeatures::WASM3).unwrap();
    let mut machine = Machine::new(crate::subject::limits::limits());
    let instance = machine.instantiate(&module, &[]).unwrap();
    let Some(Extern::Func(func)) = machine.store.instance(instance).export("f") else {
        panic!("no function")
    };
    machine.invoke(func, &[Value::I32(7)]).unwrap();
    let mut sampler = Sampler::default();
    let mut events = Vec::new();
    while machine.run(&EverySequencePoint) == Stop::SequencePoint {
        between(events.len(), &mut sampler);
        let view = machine.top().unwrap();
        events.push(Event {
            op: view.op(),
            values: (view.locals.len(), view.operands.len()),
            depth: machine.depth(),
            extent: sampler.extent(&machine, &view),
        });
    }
    events
}

fn undisturbed(wat: &str) -> Vec<Event> {
    events(wat, |_, _| {})
}

/// Forty locals, one of them set again and again.
const LARGE: &str = r#"(module (func (export "f") (param i32) (local i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64)
    (loop
      (local.set 5 (i64.add (local.get 5) (i64.const 1)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"#;

#[test]
fn a_small_stack_is_compared_whole_at_every_event() {
    let events = undisturbed(
        r#"(module
             (func $g (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))
             (func (export "f") (param i32) (drop (i32.add (i32.const 1) (call $g (local.get 0))))))"#,
    );
    assert!(events.iter().any(|event| event.depth == 2));
    for event in events {
        assert_eq!(event.extent, Extent::Frames(event.depth), "{:?}", event.op);
    }
}

#[test]
fn of_a_large_frame_what_the_opcode_changed_is_compared_and_the_rest_in_turn() {
    let events = undisturbed(LARGE);
    let mut turns = Vec::new();
    let mut before: Option<Opcode> = None;
    for event in &events[1..] {
        let set = match before {
            Some(Opcode::LocalSet) => Some(5),
            Some(Opcode::LocalTee) => Some(0),
            _ => None,
        };
        before = Some(event.op);
        if let Extent::Part(part) = event.extent {
            assert_eq!(
                (part.set, part.top),
                (set, event.values.1),
                "{:?}",
                event.op
            );
            turns.push(part.local);
        }
    }
    assert!(turns.len() >= 40);
    let round: Vec<usize> = (0..40).step_by(WINDOW).collect();
    assert_eq!(turns[..10], round);
    assert_eq!(turns[10..20], round);
    let whole = |event: &Event| event.extent == Extent::Frames(1);
    assert!(whole(&events[0]) && whole(events.last().unwrap()));
}

#[test]
fn a_callee_is_compared_with_its_caller_and_a_caller_when_control_is_back() {
    let call = LARGE
        .replace("(loop", "(call $g) (loop")
        .replace("(module", "(module (func $g nop nop)");
    let events = undisturbed(&call);
    let at = events.iter().position(|event| event.op == Opcode::Call);
    let behind = &events[at.unwrap() + 1..];
    let extents: Vec<Extent> = behind.iter().take(4).map(|event| event.extent).collect();
    let [entered, inside, end, back] = extents[..] else {
        panic!("{extents:?}")
    };
    assert_eq!((entered, inside), (Extent::Frames(2), Extent::Frames(1)));
    assert_eq!((end, back), (Extent::Frames(1), Extent::Frames(1)));
}

#[test]
fn where_something_else_happened_all_frames_are_compared() {
    let call = LARGE
        .replace("(loop", "(call $g) (loop")
        .replace("(module", "(module (func $g nop nop)");
    let events = events(&call, |number, sampler| {
        if number == 2 {
            sampler.disturb();
        }
    });
    assert_eq!((events[2].depth, events[2].extent), (2, Extent::Frames(2)));
}

#[test]
fn a_frame_is_compared_whole_before_it_may_be_left() {
    let branch = LARGE.replace("(br_if 0", "(br_if 1");
    let events = undisturbed(&branch);
    let branches = events.iter().filter(|event| event.op == Opcode::BrIf);
    let extents: Vec<Extent> = branches.map(|event| event.extent).collect();
    assert_eq!(extents, [Extent::Frames(1)]);
}

#[test]
fn operands_below_the_top_come_in_turn() {
    let pushes = "(i32.const 1)".repeat(60);
    let adds = "(i32.add)".repeat(59);
    let events = undisturbed(&format!(
        r#"(module (func (export "f") (param i32) {pushes} {adds} drop))"#
    ));
    let deep: Vec<(usize, Part)> = events
        .iter()
        .filter_map(|event| match event.extent {
            Extent::Part(part) => Some((event.values.1, part)),
            Extent::Frames(_) => None,
        })
        .collect();
    assert!(deep.len() > 20);
    for (operands, part) in deep {
        assert_eq!(part.top, TOP);
        assert!(part.operand < operands - TOP);
    }
}

/// Looks at all frames cost no more than a few values an event, however deep the stack.
#[test]
fn looks_at_all_frames_are_paid_for_by_the_events_between_them() {
    let deep = LARGE
        .replace("(export \"f\")", "$f (export \"f\")")
        .replace("(loop", "(if (i32.eqz (local.get 0)) (then (return))) (call $f (i32.sub (local.get 0) (i32.const 1))) (loop");
    let events = undisturbed(&deep);
    let whole = |event: &&Event| event.depth > 3 && event.extent == Extent::Frames(event.depth);
    let cost: usize = events
        .iter()
        .filter(whole)
        .map(|event| event.depth * (40 + FRAME))
        .sum();
    assert!(
        cost > 0 && cost <= events.len() * 2 * SHARE,
        "{cost}, {}",
        events.len()
    );
}

#[test]
fn a_case_that_had_its_share_looks_at_all_frames_when_that_is_due_alone() {
    let mut sampler = Sampler::default();
    assert!(sampler.narrow() && !sampler.narrow());
    let all = events(LARGE, |_, sampler| {
        sampler.narrow();
        sampler.disturb();
    });
    assert!(
        all[1..]
            .iter()
            .all(|event| event.extent == Extent::Frames(1))
    );
}
