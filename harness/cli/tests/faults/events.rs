//! The rows about the rarer events: at each of them a number, a reference, a PC, a frame and a local that
//! are wrong.

use super::lie::{Code, Fault, when};
use super::programs::Program;
use super::rows::{Told, fires};
use super::stacks::{NULL, flip, innermost, local};
use lockstep::configuration::{Epochs, Fuel, GcHeap};
use lockstep::divergence::Moment;
use lockstep::rules::RuleId;
use lockstep::seen::{Seen, SeenExtern};
use lockstep::snapshot::Snapshot;
use lockstep_oracles::address::Pc;

/// A division by zero, above a number and a reference that are also below the function's last opcode.
pub(super) const TRAP: Program = Program::new(
    r#"(module
         (type $s (struct (field i32)))
         (func (export "go") (param i32) (result i32)
           local.get 0  i32.const 5  struct.new $s  call $inner)
         (func $inner (param i32 (ref null $s)) (result i32)
           i32.const 77  local.get 1
           i32.const 6  local.get 0  i32.div_u  drop
           i32.const 1  return))
       (assert_trap (invoke "go" (i32.const 0)) "integer divide by zero")"#,
);

/// The same below a loop that calls. The epoch advances at events: it yields at the loop, where `callee`
/// is entered, at the loop again, and so on.
pub(super) const YIELDS: Program = Program::new(
    r#"(module
         (type $s (struct (field i32)))
         (func (export "go") (param i32) (result i32)
           i32.const 77  i32.const 5  struct.new $s
           loop
             local.get 0  call $callee  drop
             local.get 0  i32.const 1  i32.sub  local.tee 0  br_if 0
           end
           i32.const 1  return)
         (func $callee (param i32) (result i32) local.get 0  i32.const 2  i32.mul))
       (assert_return (invoke "go" (i32.const 4)) (i32.const 1))"#,
)
.configured(|configuration| configuration.epochs = Epochs::Yield);

/// The same below a loop at which fuel is used up.
const FUEL: Program = Program::new(
    r#"(module
         (type $s (struct (field i32)))
         (func (export "go") (param i32) local.get 0  call $inner)
         (func $inner (param i32)
           i32.const 77  i32.const 5  struct.new $s
           loop
             local.get 0  i32.const 1  i32.add  local.set 0  br 0
           end
           return))
       (invoke "go" (i32.const 4))"#,
)
.configured(|configuration| configuration.fuel = Fuel::Hundreds);

macro_rules! ten {
    ($($text:tt)*) => {
        concat!(
            $($text)*, $($text)*, $($text)*, $($text)*, $($text)*,
            $($text)*, $($text)*, $($text)*, $($text)*, $($text)*
        )
    };
}

/// Recursion in frames so large that few fit, each with a number and a reference: a faulty stack is
/// copied whole at every event.
const OVERFLOW: Program = Program::new(concat!(
    r#"(module
         (func $go (export "go") (param i32 externref) (result i32) (local"#,
    ten!(ten!(ten!(" i64"))),
    r#")
           i32.const 77  local.get 1  local.get 0  local.get 1  call $go  return))
       (invoke "go" (i32.const 4) (ref.extern 7))"#
));

/// A heap that a list fills, above a number and a reference.
const FULL_HEAP: Program = Program::new(
    r#"(module
         (type $list (struct (field (ref null struct)) (field i64 i64 i64 i64 i64 i64 i64 i64)))
         (func (export "go") (param i32) local.get 0  call $fill)
         (func $fill (param i32) (local (ref null struct))
           i32.const 77  struct.new_default $list
           loop
             local.get 1
             i64.const 1  i64.const 2  i64.const 3  i64.const 4
             i64.const 5  i64.const 6  i64.const 7  i64.const 8
             struct.new $list  local.set 1  br 0
           end
           return))
       (invoke "go" (i32.const 4))"#,
)
.configured(|configuration| configuration.gc_heap = GcHeap::Kib64);

/// An exception that nothing catches, thrown above a number and a reference.
pub(super) const THROW: Program = Program::new(
    r#"(module
         (type $s (struct (field i32))) (tag $t (param i32))
         (func (export "go") (param i32) local.get 0  call $inner)
         (func $inner (param i32) i32.const 77  i32.const 5  struct.new $s  i32.const 3  throw $t))
       (assert_exception (invoke "go" (i32.const 4)))"#,
);

/// A host function that fails, called above a number and a reference.
const HOST_ERROR: Program = Program::failing(
    r#"(module
         (type $s (struct (field i32)))
         (import "env" "h" (func $h (param i32)))
         (func (export "go") (param i32) local.get 0  call $inner)
         (func $inner (param i32)
           i32.const 77  i32.const 5  struct.new $s  local.get 0  call $h  drop  drop))
       (invoke "go" (i32.const 4))"#,
);

pub(super) fn number(stack: &mut Snapshot, _: &Code) {
    operand(stack, 0, 0, flip(3));
}

pub(super) fn reference(stack: &mut Snapshot, _: &Code) {
    operand(stack, 0, 1, |_| NULL);
}

fn callers_number(stack: &mut Snapshot, _: &Code) {
    operand(stack, 1, 0, flip(3));
}

fn callers_reference(stack: &mut Snapshot, _: &Code) {
    operand(stack, 1, 1, |_| Seen::Extern(Some(SeenExtern::Number(8))));
}

fn operand(stack: &mut Snapshot, frame: usize, index: usize, change: impl Fn(Seen) -> Seen) {
    let operand = stack.frames[frame].operands[index].as_mut().unwrap();
    *operand = change(*operand);
}

pub(super) fn outside_the_code(stack: &mut Snapshot, _: &Code) {
    move_to(stack, |pc| Pc(pc.0 + 100_000));
}

fn one_back(stack: &mut Snapshot, code: &Code) {
    move_to(stack, |pc| code.previous(pc));
}

fn one_further(stack: &mut Snapshot, code: &Code) {
    move_to(stack, |pc| code.next(pc));
}

/// Moves the innermost frame's PC, in both ways in which it is told.
fn move_to(stack: &mut Snapshot, moved: impl Fn(Pc) -> Pc) {
    let frame = innermost(stack);
    frame.place.pc = moved(frame.place.pc);
    frame.code = frame.code.map(|(function, pc)| (function, moved(pc)));
}

pub(super) fn outermost_frame(stack: &mut Snapshot, _: &Code) {
    stack.frames.pop();
}

fn innermost_frame(stack: &mut Snapshot, _: &Code) {
    stack.frames.remove(0);
}

pub(super) fn first_local(stack: &mut Snapshot, _: &Code) {
    local(stack, 0, flip(3));
}

/// Shows three operands where the only function of [`OVERFLOW`] begins.
fn operands_at_the_head(stack: &mut Snapshot, code: &Code) {
    move_to(stack, |_| Pc(code.first().0 - 1));
    innermost(stack).operands = vec![Some(Seen::I32(0)); 3];
}

faults! {
    trap_number_wrong => TrapStack, TRAP, Fault::Stack(when(Moment::Trap), number);
    trap_reference_wrong => RefNull, TRAP, Fault::Stack(when(Moment::Trap), reference);
    trap_pc_wrong => TrapPc, TRAP, Fault::Stack(when(Moment::Trap), outside_the_code);
    trap_outermost_frame_missing => FrameCount, TRAP,
        Fault::Stack(when(Moment::Trap), outermost_frame);
    trap_local_wrong => LocalValue, TRAP, Fault::Stack(when(Moment::Trap), first_local);

    // The first two carry the names that the contract's table gives.
    yield_pc_moved => CheckPc, YIELDS,
        Fault::Stack(when(Moment::EpochYield).nth(3), one_back);
    epoch_yield_lost => EpochLost, YIELDS, Fault::Skip(when(Moment::EpochYield));
    yield_at_a_loop_lost => EpochLost, YIELDS, Fault::Skip(when(Moment::EpochYield).nth(3));
    yield_number_wrong => OperandValue, YIELDS,
        Fault::Stack(when(Moment::EpochYield), number);
    yield_reference_wrong => RefNull, YIELDS,
        Fault::Stack(when(Moment::EpochYield), reference);
    yield_pc_outside_the_code => CheckPc, YIELDS,
        Fault::Stack(when(Moment::EpochYield), outside_the_code);
    yield_innermost_frame_missing => FrameCount, YIELDS,
        Fault::Stack(when(Moment::EpochYield).nth(2), innermost_frame);
    yield_outermost_frame_missing => FrameCount, YIELDS,
        Fault::Stack(when(Moment::EpochYield).nth(2), outermost_frame);
    yield_local_wrong => LocalValue, YIELDS,
        Fault::Stack(when(Moment::EpochYield), first_local);

    fuel_number_wrong => OperandValue, FUEL.since(46),
        Fault::Stack(when(Moment::Trap), number);
    fuel_reference_wrong => RefNull, FUEL.since(46),
        Fault::Stack(when(Moment::Trap), reference);
    fuel_pc_wrong => CheckPc, FUEL.since(46),
        Fault::Stack(when(Moment::Trap), outside_the_code);
    fuel_frame_missing => FrameCount, FUEL.since(46),
        Fault::Stack(when(Moment::Trap), outermost_frame);
    fuel_local_wrong => LocalValue, FUEL.since(46),
        Fault::Stack(when(Moment::Trap), first_local);
    // Before, it is told as a host error (`LIBCALL-TRAP`).
    fuel_number_wrong_in_a_host_error => OperandValue, FUEL.before(46),
        Fault::Stack(when(Moment::HostcallError), number);
    fuel_reference_wrong_in_a_host_error => RefNull, FUEL.before(46),
        Fault::Stack(when(Moment::HostcallError), reference);
    fuel_pc_wrong_in_a_host_error => CheckPc, FUEL.before(46),
        Fault::Stack(when(Moment::HostcallError), outside_the_code);
    fuel_frame_missing_in_a_host_error => FrameCount, FUEL.before(46),
        Fault::Stack(when(Moment::HostcallError), outermost_frame);
    fuel_local_wrong_in_a_host_error => LocalValue, FUEL.before(46),
        Fault::Stack(when(Moment::HostcallError), first_local);

    // The first carries the name that the contract's table gives. The frame that overflows the stack has
    // no operands; its caller has.
    overflow_operands_shown => CheckStack, OVERFLOW,
        Fault::Stack(when(Moment::Trap), operands_at_the_head);
    overflow_number_wrong => OperandValue, OVERFLOW,
        Fault::Stack(when(Moment::Trap), callers_number);
    overflow_reference_wrong => OperandValue, OVERFLOW,
        Fault::Stack(when(Moment::Trap), callers_reference);
    overflow_pc_wrong => CheckPc, OVERFLOW,
        Fault::Stack(when(Moment::Trap), outside_the_code);
    overflow_outermost_frame_missing => FrameCount, OVERFLOW,
        Fault::Stack(when(Moment::Trap), outermost_frame);
    overflow_local_wrong => LocalValue, OVERFLOW,
        Fault::Stack(when(Moment::Trap), first_local);
    overflow_event_lost => TrapEvent, OVERFLOW, Fault::Skip(when(Moment::Trap));

    full_heap_number_wrong => OperandValue, FULL_HEAP,
        Fault::Stack(when(Moment::HostcallError), number);
    full_heap_reference_wrong => RefNull, FULL_HEAP,
        Fault::Stack(when(Moment::HostcallError), reference);
    full_heap_pc_wrong => CheckPc, FULL_HEAP,
        Fault::Stack(when(Moment::HostcallError), outside_the_code);
    full_heap_frame_missing => FrameCount, FULL_HEAP,
        Fault::Stack(when(Moment::HostcallError), outermost_frame);
    full_heap_local_wrong => LocalValue, FULL_HEAP,
        Fault::Stack(when(Moment::HostcallError), first_local);

    exception_number_wrong => OperandValue, THROW, Fault::Stack(when(Moment::Throw), number);
    exception_reference_wrong => RefNull, THROW, Fault::Stack(when(Moment::Throw), reference);
    exception_pc_wrong => FramePc, THROW, Fault::Stack(when(Moment::Throw), one_back);
    exception_frame_missing => FrameCount, THROW, Fault::Stack(when(Moment::Throw), outermost_frame);
    exception_local_wrong => LocalValue, THROW, Fault::Stack(when(Moment::Throw), first_local);

    host_error_number_wrong => OperandValue, HOST_ERROR,
        Fault::Stack(when(Moment::HostcallError), number);
    host_error_reference_wrong => RefNull, HOST_ERROR,
        Fault::Stack(when(Moment::HostcallError), reference);
    host_error_pc_wrong => FramePc, HOST_ERROR,
        Fault::Stack(when(Moment::HostcallError), one_further);
    host_error_frame_missing => FrameCount, HOST_ERROR,
        Fault::Stack(when(Moment::HostcallError), outermost_frame);
    host_error_local_wrong => LocalValue, HOST_ERROR,
        Fault::Stack(when(Moment::HostcallError), first_local);
}
