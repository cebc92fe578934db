//! Lies told just beside what a cause explains: each is seen.

use super::lie::{Code, Fault, Lie, at, when};
use super::programs::*;
use super::rows::{Told, fires, rules};
use super::stacks::{NULL, flip, innermost, last_local, top};
use lockstep::case::{CaseReport, run, run_with};
use lockstep::causes::Cause;
use lockstep::configuration::{Collector, Configuration, Epochs, GcHeap, Inlining};
use lockstep::divergence::{Execution, Moment};
use lockstep::outcome::Outcome;
use lockstep::rules::RuleId;
use lockstep::schedule::{Edit, Schedule, Session, Site, When};
use lockstep::seen::{Seen, SeenExtern};
use lockstep::snapshot::Snapshot;
use lockstep::subject::engines::linked;
use lockstep::version::Version;
use std::collections::BTreeSet;

fn inlined(configuration: &mut Configuration) {
    configuration.inlining = Inlining::On;
}

/// A breakpoint at the addition of `$leaf`, single-step off.
fn at_the_leaf() -> Schedule {
    let add = Edit::Add(Site::Opcode { module: 0, nth: 2 });
    Schedule {
        sessions: vec![Session {
            when: When::Start,
            edits: vec![add],
        }],
        ..Schedule::idle()
    }
}

/// A guarded call that may be inlined is there, and is not executed.
const NEVER_GUARDED: Program = Program::new(
    r#"(module
         (func $leaf (param i32) (result i32) local.get 0  i32.const 1  i32.add)
         (func (export "guarded") (param i32) (result i32)
           block $caught
             try_table (result i32) (catch_all $caught) local.get 0  call $leaf end
             return
           end
           i32.const -1)
         (func (export "go") (param i32) (result i32)
           local.get 0  call $leaf  i32.const 4  call $leaf  i32.mul))
       (assert_return (invoke "go" (i32.const 4)) (i32.const 25))"#,
)
.configured(inlined);

/// A guarded call that is inlined, and code before and behind it.
const GUARDED: Program = Program::new(
    r#"(module
         (func $leaf nop)
         (func (export "go") (param i32) (result i32)
           local.get 0  i32.const 1  i32.add  drop
           block $caught
             try_table (catch_all $caught) call $leaf end
           end
           local.get 0  i32.const 2  i32.mul))
       (assert_return (invoke "go" (i32.const 4)) (i32.const 8))"#,
)
.configured(inlined);

/// A guarded call of a function that is not inlined: it calls back.
const GUARDED_CIRCLE: Program = Program::new(
    r#"(module
         (func $leaf (param i32)
           local.get 0  i32.eqz  if return end
           local.get 0  i32.const 1  i32.sub  call $go)
         (func $go (export "go") (param i32)
           block $caught
             try_table (catch_all $caught) local.get 0  call $leaf end
           end))
       (assert_return (invoke "go" (i32.const 1)))"#,
)
.configured(inlined);

/// `$count` is inlined into `go`; at its second `i32.eqz` the frame that its tail call replaced is
/// still shown.
const TAIL_CALL: Program = Program::new(
    r#"(module
         (func $count (param i32) (result i32)
           local.get 0  i32.eqz  if i32.const 5 return end
           local.get 0  i32.const 1  i32.sub  return_call $count)
         (func (export "go") (param i32) (result i32)
           i32.const 7  local.get 0  call $count  i32.add))
       (assert_return (invoke "go" (i32.const 3)) (i32.const 12))"#,
)
.configured(inlined);

/// Adds a frame at the tail call of the innermost function, behind its frame.
fn at_the_tail_call(stack: &mut Snapshot, code: &Code) {
    let mut frame = stack.frames[0].clone();
    // From `i32.eqz`.
    for _ in 0..8 {
        frame.place.pc = code.next(frame.place.pc);
    }
    frame.operands.clear();
    stack.frames.insert(1, frame);
}

/// At `nop` the parameter of the `if` is shown below the only operand, an object.
const IF_PARAMS_BELOW_AN_OBJECT: Program = Program::new(
    r#"(module
         (type $p (struct (field i32)))
         (func (export "go") (param i32) (result i32)
           f64.const 1  local.get 0
           if (param f64) (result i32)
             drop  i32.const 9  struct.new $p  nop  struct.get $p 0
           else
             drop  i32.const 1
           end))
       (assert_return (invoke "go" (i32.const 1)) (i32.const 9))"#,
);

/// While `$leaf` runs, its caller shows the table index above an object and a number.
const CALLEE_ABOVE_AN_OBJECT: Program = Program::new(
    r#"(module
         (type $p (struct (field i32)))
         (type $f (func))
         (table 1 funcref) (elem (i32.const 0) $leaf)
         (func $leaf (type $f) nop)
         (func (export "go") (result i32)
           i32.const 9  struct.new $p
           block $caught
             try_table (catch_all $caught)
               i32.const 3  i32.const 0  call_indirect (type $f)  drop
             end
           end
           struct.get $p 0))
       (assert_return (invoke "go") (i32.const 9))"#,
);

/// One use of a segment of two objects.
const ONE_USE: Program = Program::new(
    r#"(module
         (type $p (struct (field i32)))
         (table $t 2 (ref null $p))
         (elem $e (ref $p) (item (struct.new $p (i32.const 7))) (item (struct.new $p (i32.const 7))))
         (func (export "go") (result i32)
           (local (ref null $p) (ref null $p))
           i32.const 0  i32.const 0  i32.const 2  table.init $t $e
           i32.const 0  table.get $t  local.set 0
           i32.const 1  table.get $t  local.set 1
           nop
           local.get 0  local.get 1  ref.eq  drop
           nop
           i32.const 0))
       (assert_return (invoke "go") (i32.const 0))"#,
);

/// A function that is imported as what it is.
const IMPORTED_AS_IT_IS: Program = Program::new(
    r#"(module
         (type $super (sub (func)))  (type $sub (sub $super (func)))
         (func (export "f") (type $sub)))
       (register "a")
       (module
         (type $super (sub (func)))  (type $sub (sub $super (func)))
         (import "a" "f" (func $f (type $sub)))
         (elem declare func $f)
         (func (export "go") (result i32) ref.func $f  ref.test (ref $sub)  nop))
       (assert_return (invoke "go") (i32.const 1))"#,
);

/// The first function of its module begins with what may trap, and is interrupted where it is entered.
const YIELDS_BEFORE_A_LOAD: Program = Program::new(
    r#"(module
         (memory 1)
         (func (export "go") (param i32) (result i32)
           local.get 0  i32.load  local.get 0  i32.div_u))
       (assert_return (invoke "go" (i32.const 4)) (i32.const 0))
       (assert_return (invoke "go" (i32.const 8)) (i32.const 0))"#,
)
.configured(|configuration| configuration.epochs = Epochs::Yield);

/// A heap that is full at an allocation of the engine's choice, and a result that tells at which.
const FILLED: Program = Program::new(
    r#"(module
         (type $bytes (array (mut i8)))
         (global $n (mut i32) (i32.const 0))
         (func (export "fill")
           loop
             global.get $n  i32.const 1  i32.add  global.set $n
             i32.const 4096  array.new_default $bytes  drop
             br 0
           end)
         (func (export "count") (result i32) global.get $n))
       (invoke "fill")
       (invoke "count")"#,
)
.under(Schedule::idle)
.configured(|configuration| {
    configuration.collector = Collector::Null;
    configuration.gc_heap = GcHeap::Kib64;
});

/// Another number than the one returned.
fn another_number(outcome: &mut Outcome) {
    if let Outcome::Returned(values) = outcome
        && let [Seen::I32(number)] = &mut values[..]
    {
        *number += 1;
    }
}

faults! {
    // LIBCALL-FRAME.
    local_wrong_at_a_yield_before_a_load => LocalValue, YIELDS_BEFORE_A_LOAD,
        Fault::Stack(when(Moment::EpochYield), |stack, _| last_local(stack, flip(0)));

    // What an exhaustion left to the engine.
    result_wrong_behind_an_exhaustion => Values, FILLED, Fault::Outcome(another_number);

    // INLINED-TRY-BREAK.
    event_twice_beside_a_guarded_call => BreakSpurious, NEVER_GUARDED.under(at_the_leaf),
        Fault::Twice(at("i32.add").nth(2));
    event_lost_beside_a_guarded_call => BreakLost, NEVER_GUARDED.under(at_the_leaf),
        Fault::Skip(at("i32.add").nth(2));
    local_wrong_beside_a_guarded_call => LocalValue, NEVER_GUARDED.under(at_the_leaf),
        Fault::Stack(at("i32.add"), |stack, _| last_local(stack, flip(0)));

    // INLINED-TRY-CALL.
    local_wrong_before_a_guarded_call => LocalValue, GUARDED,
        Fault::Stack(at("i32.add"), |stack, _| last_local(stack, flip(0)));
    local_wrong_behind_a_guarded_call => LocalValue, GUARDED,
        Fault::Stack(at("i32.mul"), |stack, _| last_local(stack, flip(0)));
    local_wrong_in_a_guarded_call_that_is_not_inlined => LocalValue, GUARDED_CIRCLE,
        Fault::Stack(at("i32.eqz"), |stack, _| last_local(stack, flip(0)));

    // INLINED-TAIL-CALL.
    operand_wrong_outside_a_replaced_frame => OperandValue, TAIL_CALL,
        Fault::Stack(at("i32.eqz").nth(2), |stack, _| {
            let outermost = stack.frames.last_mut().unwrap();
            outermost.operands[0] = Some(lockstep::seen::Seen::I32(8));
        });
    local_wrong_inside_a_replaced_frame => LocalValue, TAIL_CALL,
        Fault::Stack(at("i32.eqz").nth(2), |stack, _| last_local(stack, flip(0)));
    caller_missing_outside_a_replaced_frame => FrameFunction, TAIL_CALL,
        Fault::Stack(at("i32.eqz").nth(2), |stack, _| drop(stack.frames.pop()));
    frame_at_a_tail_call_that_was_not_executed => FrameCount, TAIL_CALL,
        Fault::Stack(at("i32.eqz"), at_the_tail_call);

    // IF-PARAMS, TRY-CALLEE.
    object_null_above_a_shown_parameter => RefNull, IF_PARAMS_BELOW_AN_OBJECT,
        Fault::Stack(at("nop"), |stack, _| top(stack, |_| NULL));
    object_null_below_a_shown_callee => RefNull, CALLEE_ABOVE_AN_OBJECT,
        Fault::Stack(at("nop"), |stack, _| stack.frames[1].operands[0] = Some(NULL));

    // TRAP-PC.
    trap_pc_at_an_opcode_that_is_not_last => TrapPc, TRAPS,
        Fault::Stack(when(Moment::Trap), |stack, code| {
            let place = &mut innermost(stack).place;
            place.pc = code.previous(place.pc);
        });

    // SEGMENT-OBJECTS.
    objects_of_a_segment_swapped_after_one_use => RefIdentity, ONE_USE,
        Fault::Stack(at("nop").nth(2), |stack, _| innermost(stack).locals.swap(0, 1));

    // IMPORTED-TYPE.
    test_of_an_imported_function_wrong => OperandValue, IMPORTED_AS_IT_IS,
        Fault::Stack(at("nop"), |stack, _| top(stack, flip(0)));
}

/// The report of an operand among parameters that are gone shows two sides that differ.
#[test]
fn an_operand_above_a_shown_parameter_is_told_by_both_its_indices() {
    let fault = Fault::Stack(at("f32.neg"), |stack, _| top(stack, flip(0)));
    let (script, options) = (IF_PARAMS.script(), IF_PARAMS.options());
    let report = run_with(&script, &options, Lie::new(fault, &script).0, None).unwrap();
    let [found] = &report.divergences[..] else {
        panic!("{report:#?}");
    };
    assert_eq!(found.expected, "frame 0 operand 0 = f32:2.0");
    assert!(
        found
            .observed
            .starts_with("frame 0 operand 1 = f32:2.0000002"),
        "{}",
        found.observed
    );
}

/// Objects on the stack before anything was allocated above them, and while something is.
const ALLOCATING: Program = Program::new(
    r#"(module
         (type $p (struct (field i32)))
         (func $later (result i32) i32.const 1  struct.new $p  struct.get $p 0)
         (func (export "go") (result i32)
           (local (ref null $p))
           i32.const 9  struct.new $p  local.set 0
           local.get 0  nop  struct.get $p 0
           local.get 0  call $later  nop  drop  drop))
       (assert_return (invoke "go") (i32.const 9))"#,
);

/// The same, and behind an allocation in the frame itself.
const ALLOCATING_ITSELF: Program = Program::new(
    r#"(module
         (type $p (struct (field i32)))
         (func (export "go") (result i32)
           (local (ref null $p))
           i32.const 9  struct.new $p  local.tee 0
           i32.const 1  struct.new $p  nop  drop  struct.get $p 0))
       (assert_return (invoke "go") (i32.const 9))"#,
);

/// The same with an object that was converted, and is shown with the type it came from (`CONVERT-TYPE`).
const ALLOCATING_BEHIND_A_CONVERSION: Program = Program::new(
    r#"(module
         (type $p (struct (field i32)))
         (func (export "go") (result i32)
           i32.const 9  struct.new $p  extern.convert_any  nop
           i32.const 1  struct.new $p  nop  struct.get $p 0  return))
       (assert_return (invoke "go") (i32.const 1))"#,
);

/// What is shown of a reference to what is of no kind.
const NO_KIND: Seen = Seen::Unmodelled;

/// The program on every version that has the copying collector, clean, and with each lie.
fn copying(program: Program, lies: &[Fault], told: impl Fn(&CaseReport)) {
    collecting(Collector::Copying, program, lies, told);
}

/// The same with another collector. Where there is the copying one, the counting one collects at a read.
fn collecting(collector: Collector, program: Program, lies: &[Fault], told: impl Fn(&CaseReport)) {
    let copying = |version: &Version| {
        version
            .conventions()
            .collectors
            .contains(&Collector::Copying)
    };
    for subject in linked().into_iter().filter(copying) {
        let (script, mut options) = (program.script(), program.options());
        options.settings.subject = subject;
        options.settings.configuration.collector = collector;
        let clean = run(&script, &options).unwrap();
        assert!(
            clean.divergences.is_empty() && !clean.known.contains_key(&Cause::CollectSlot),
            "{clean:#?}"
        );
        for &fault in lies {
            told(&run_with(&script, &options, Lie::new(fault, &script).0, None).unwrap());
        }
    }
}

/// `COLLECT-SLOT` explains all of it.
fn explained(report: &CaseReport) {
    assert!(report.divergences.is_empty(), "{report:#?}");
    assert!(
        report.known.contains_key(&Cause::CollectSlot),
        "{report:#?}"
    );
}

/// `COLLECT-SLOT`: before an allocation was made with the operand on its frame's stack, and behind one
/// that another frame made, a lie about it is seen.
#[test]
fn object_wrong_where_nothing_was_allocated() {
    const LIES: [(Fault, RuleId); 4] = [
        (
            Fault::Stack(at("nop"), |stack, _| top(stack, |_| NULL)),
            RuleId::RefNull,
        ),
        (
            Fault::Stack(at("nop").nth(2), |stack, _| {
                innermost(stack).operands[1] = Some(NULL);
            }),
            RuleId::RefNull,
        ),
        (
            Fault::Stack(at("nop"), |stack, _| top(stack, |_| NO_KIND)),
            RuleId::RefKind,
        ),
        (
            Fault::Stack(at("nop").nth(2), |stack, _| {
                innermost(stack).operands[1] = Some(NO_KIND);
            }),
            RuleId::RefKind,
        ),
    ];
    for (fault, rule) in LIES {
        copying(ALLOCATING, &[fault], |report| {
            let fired = rules(report, Execution::Instrumented);
            assert_eq!(fired, BTreeSet::from([rule]), "{report:#?}");
            assert!(!report.known.contains_key(&Cause::CollectSlot));
        });
    }
}

/// `COLLECT-SLOT`: an operand that was there at its frame's allocation may be of no kind; a local, and what
/// the allocation made, may not.
#[test]
fn only_an_operand_that_was_there_at_an_allocation_may_be_of_no_kind() {
    let there = Fault::Stack(at("nop"), |stack, _| {
        innermost(stack).operands[0] = Some(NO_KIND);
    });
    copying(ALLOCATING_ITSELF, &[there], explained);
    let converted = Fault::Stack(at("nop").nth(2), |stack, _| {
        let operands = &mut innermost(stack).operands;
        operands[0] = operands[1];
    });
    copying(ALLOCATING_BEHIND_A_CONVERSION, &[converted], explained);
    let before = Fault::Stack(at("nop"), |stack, _| top(stack, |_| NULL));
    copying(ALLOCATING_BEHIND_A_CONVERSION, &[before], |report| {
        let fired = rules(report, Execution::Instrumented);
        assert_eq!(fired, BTreeSet::from([RuleId::OperandType]), "{report:#?}");
    });
    let made = Fault::Stack(at("nop"), |stack, _| top(stack, |_| NO_KIND));
    let local = Fault::Stack(at("nop"), |stack, _| last_local(stack, |_| NO_KIND));
    copying(ALLOCATING_ITSELF, &[made, local], |report| {
        let fired = rules(report, Execution::Instrumented);
        assert_eq!(fired, BTreeSet::from([RuleId::RefKind]), "{report:#?}");
        assert!(!report.known.contains_key(&Cause::CollectSlot));
    });
}

/// A value of the host's on the stack, before and behind an allocation in its frame.
const ALLOCATING_ABOVE_A_HOST_VALUE: Program = Program::new(
    r#"(module
         (type $p (struct (field i32)))
         (func (export "go") (param externref) (result externref)
           local.get 0  nop
           i32.const 1  struct.new $p  nop  drop  return))
       (assert_return (invoke "go" (ref.extern 5)) (ref.extern 5))"#,
);

/// `COLLECT-SLOT`: a value of the host's is told by its value.
#[test]
fn a_value_of_the_hosts_may_be_wrong_behind_an_allocation_alone() {
    const FOREIGN: Seen = Seen::Extern(Some(SeenExtern::Foreign));
    let program = ALLOCATING_ABOVE_A_HOST_VALUE;
    let before = Fault::Stack(at("nop"), |stack, _| top(stack, |_| FOREIGN));
    copying(program, &[before], |report| {
        let fired = rules(report, Execution::Instrumented);
        assert_eq!(fired, BTreeSet::from([RuleId::OperandValue]), "{report:#?}");
        assert!(!report.known.contains_key(&Cause::CollectSlot));
    });
    let behind = Fault::Stack(at("nop").nth(2), |stack, _| {
        innermost(stack).operands[0] = Some(FOREIGN);
    });
    copying(program, &[behind], explained);
}

/// An object in a local, behind as many others as this.
macro_rules! kept_behind {
    ($objects:literal) => {
        Program::new(concat!(
            r#"(module
                 (type $p (struct (field i32)))
                 (func (export "go") (result i32) (local i32) (local (ref null $p))
                   i32.const 9  struct.new $p  local.set 1
                   loop
                     i32.const 1  struct.new $p  drop
                     local.get 0  i32.const 1  i32.add  local.tee 0
                     i32.const "#,
            $objects,
            r#"  i32.lt_u  br_if 0
                   end
                   nop  local.get 1  struct.get $p 0))
               (assert_return (invoke "go") (i32.const 9))"#
        ))
    };
}

/// `COLLECT-SLOT` with the copying collector: any object may hold something else, once so many were made that it may
/// have collected; not before, and not with the counting one.
#[test]
fn an_object_may_be_overwritten_only_where_the_copying_collector_may_have_collected() {
    let content = Fault::Stack(at("nop"), |stack, _| {
        stack
            .objects
            .values_mut()
            .for_each(|copy| copy.fields[0] = Seen::I32(7));
    });
    copying(kept_behind!(600), &[content], explained);
    let seen = |report: &CaseReport| {
        let fired = rules(report, Execution::Instrumented);
        assert_eq!(fired, BTreeSet::from([RuleId::RefContent]), "{report:#?}");
        assert!(!report.known.contains_key(&Cause::CollectSlot));
    };
    copying(kept_behind!(400), &[content], seen);
    collecting(Collector::Drc, kept_behind!(600), &[content], seen);
}

/// A read of a reference behind so few objects that none piles up, and behind as many as it takes; an operand
/// that is there meanwhile.
macro_rules! reading_behind {
    ($objects:literal) => {
        Program::new(concat!(
            r#"(module
                 (type $p (struct (field i32)))
                 (global $kept (mut (ref null $p)) ref.null $p)
                 (func (export "fill") (local i32)
                   loop
                     i32.const 1  struct.new $p  global.set $kept
                     local.get 0  i32.const 1  i32.add  local.tee 0
                     i32.const "#,
            $objects,
            r#"  i32.lt_u  br_if 0
                   end)
                 (func (export "go") (result i32)
                   i32.const 9  struct.new $p
                   global.get $kept  nop  drop
                   struct.get $p 0))
               (invoke "fill")
               (assert_return (invoke "go") (i32.const 9))"#
        ))
    };
}

/// `COLLECT-SLOT` with the counting collector: an operand may be wrong behind the read of a reference, once as
/// many objects were made as the collector lets pile up; not before.
#[test]
fn an_operand_may_be_wrong_behind_a_read_only_where_objects_pile_up() {
    let below = Fault::Stack(at("nop"), |stack, _| {
        innermost(stack).operands[0] = Some(NO_KIND);
    });
    collecting(Collector::Drc, reading_behind!(1000), &[below], |report| {
        let fired = rules(report, Execution::Instrumented);
        assert_eq!(fired, BTreeSet::from([RuleId::RefKind]), "{report:#?}");
        assert!(!report.known.contains_key(&Cause::CollectSlot));
    });
    collecting(Collector::Drc, reading_behind!(1100), &[below], explained);
    let read = Fault::Stack(at("nop"), |stack, _| top(stack, |_| NO_KIND));
    collecting(Collector::Drc, reading_behind!(1100), &[read], |report| {
        let fired = rules(report, Execution::Instrumented);
        assert_eq!(fired, BTreeSet::from([RuleId::RefKind]), "{report:#?}");
    });
    collecting(Collector::Null, reading_behind!(1100), &[below], |report| {
        let fired = rules(report, Execution::Instrumented);
        assert_eq!(fired, BTreeSet::from([RuleId::RefKind]), "{report:#?}");
    });
}
