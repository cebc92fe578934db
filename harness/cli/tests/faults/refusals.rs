//! The rows about what the store's own host code ends: a limiter that fails, a deadline of the epoch.

use super::events::{first_local, number, outermost_frame, outside_the_code, reference};
use super::lie::{Fault, when};
use super::programs::Program;
use super::rows::{Told, fires};
use lockstep::configuration::{Epochs, Limiter};
use lockstep::divergence::Moment;
use lockstep::outcome::{HostFailure, Outcome, SeenTrap};
use lockstep::rules::RuleId;

/// A growth that the limiter fails, above a number and a reference.
const GROWTH: Program = Program::new(
    r#"(module
         (type $s (struct (field i32)))
         (memory 1 100)
         (func (export "go") (param i32) local.get 0  call $inner)
         (func $inner (param i32)
           i32.const 77  i32.const 5  struct.new $s
           i32.const 40  memory.grow  drop  drop  drop))
       (invoke "go" (i32.const 4))"#,
)
.configured(|configuration| configuration.limiter = Limiter::Fails);

/// The same of a table.
const TABLE_GROWTH: Program = Program::new(
    r#"(module
         (type $s (struct (field i32)))
         (table $t 1 funcref)
         (func (export "go") (param i32) local.get 0  call $inner)
         (func $inner (param i32)
           i32.const 77  i32.const 5  struct.new $s
           ref.null func  i32.const 64  table.grow $t  drop  drop  drop))
       (invoke "go" (i32.const 4))"#,
)
.configured(|configuration| configuration.limiter = Limiter::Fails);

/// A loop at which the epoch reaches its deadline, above a number and a reference that are also below the
/// function's last opcode.
const DEADLINE: Program = Program::new(
    r#"(module
         (type $s (struct (field i32)))
         (func (export "go") (param i32) local.get 0  call $inner)
         (func $inner (param i32)
           i32.const 77  i32.const 5  struct.new $s
           loop
             local.get 0  i32.const 1  i32.add  local.tee 0  i32.const 99  i32.lt_u  br_if 0
           end
           return))
       (invoke "go" (i32.const 4))"#,
);

const FAILS: Program = DEADLINE.configured(|configuration| configuration.epochs = Epochs::Fail);
const TRAPS: Program = DEADLINE.configured(|configuration| configuration.epochs = Epochs::Trap);
const EXTENDS: Program = Program::new(
    r#"(module
         (func (export "go") (param i32) (result i32)
           loop
             local.get 0  i32.const 1  i32.sub  local.tee 0  br_if 0
           end
           i32.const 1))
       (assert_return (invoke "go" (i32.const 4)) (i32.const 1))"#,
)
.configured(|configuration| configuration.epochs = Epochs::Extend);

fn another_failure(error: &mut Result<HostFailure, String>) {
    *error = Ok(HostFailure::Call(9));
}

fn returns(outcome: &mut Outcome) {
    *outcome = Outcome::Returned(vec![]);
}

faults! {
    growth_error_lost => HostErrorEvent, GROWTH, Fault::Skip(when(Moment::HostcallError));
    growth_error_changed => HostErrorEvent, GROWTH, Fault::HostError(another_failure);
    growth_number_wrong => OperandValue, GROWTH,
        Fault::Stack(when(Moment::HostcallError), number);
    growth_reference_wrong => RefNull, GROWTH,
        Fault::Stack(when(Moment::HostcallError), reference);
    growth_pc_wrong => CheckPc, GROWTH,
        Fault::Stack(when(Moment::HostcallError), outside_the_code);
    growth_frame_missing => FrameCount, GROWTH,
        Fault::Stack(when(Moment::HostcallError), outermost_frame);
    growth_local_wrong => LocalValue, GROWTH,
        Fault::Stack(when(Moment::HostcallError), first_local);
    growth_that_failed_returns => Outcome, GROWTH, Fault::Outcome(returns);
    table_growth_error_lost => HostErrorEvent, TABLE_GROWTH,
        Fault::Skip(when(Moment::HostcallError));
    table_growth_number_wrong => OperandValue, TABLE_GROWTH,
        Fault::Stack(when(Moment::HostcallError), number);
    table_growth_pc_wrong => CheckPc, TABLE_GROWTH,
        Fault::Stack(when(Moment::HostcallError), outside_the_code);

    deadline_error_lost => HostErrorEvent, FAILS, Fault::Skip(when(Moment::HostcallError));
    deadline_error_changed => HostErrorEvent, FAILS, Fault::HostError(another_failure);
    deadline_number_wrong => OperandValue, FAILS,
        Fault::Stack(when(Moment::HostcallError), number);
    deadline_reference_wrong => RefNull, FAILS,
        Fault::Stack(when(Moment::HostcallError), reference);
    deadline_pc_wrong => CheckPc, FAILS,
        Fault::Stack(when(Moment::HostcallError), outside_the_code);
    deadline_frame_missing => FrameCount, FAILS,
        Fault::Stack(when(Moment::HostcallError), outermost_frame);
    deadline_local_wrong => LocalValue, FAILS,
        Fault::Stack(when(Moment::HostcallError), first_local);
    deadline_that_failed_returns => Outcome, FAILS, Fault::Outcome(returns);
    deadline_trap_lost => TrapEvent, TRAPS.since(46), Fault::Skip(when(Moment::Trap));
    deadline_trap_changed => TrapEvent, TRAPS, Fault::Trap(|trap| *trap = SeenTrap::OutOfFuel);
    deadline_trap_number_wrong => OperandValue, TRAPS.since(46),
        Fault::Stack(when(Moment::Trap), number);
    // Before, it is told as a host error (`LIBCALL-TRAP`).
    deadline_trap_lost_as_a_host_error => TrapEvent, TRAPS.before(46),
        Fault::Skip(when(Moment::HostcallError));
    yield_lost_where_the_deadline_is_extended => EpochLost, EXTENDS,
        Fault::Skip(when(Moment::EpochYield));
}
