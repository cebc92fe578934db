//! The rows about the order of events: where two are due, the first comes behind the second.

use super::events::{THROW, TRAP, YIELDS};
use super::lie::{Fault, at, when};
use super::programs::Program;
use super::rows::{Told, fires};
use lockstep::configuration::GcHeap;
use lockstep::divergence::Moment;
use lockstep::rules::RuleId;
use lockstep::schedule::{Edit, Schedule, Session, Site, When};

/// A breakpoint at every opcode, single-step off.
fn at_breakpoints() -> Schedule {
    Schedule {
        sessions: vec![Session {
            when: When::Start,
            edits: vec![Edit::Add(Site::All { module: 0 })],
        }],
        ..Schedule::idle()
    }
}

/// A heap that one array fills: the opcode that makes it is executed once.
const ONE_ARRAY: Program = Program::new(
    r#"(module
         (type $a (array i64))
         (func (export "go") (param i32)
           i32.const 100000  array.new_default $a  drop))
       (invoke "go" (i32.const 4))"#,
)
.configured(|configuration| configuration.gc_heap = GcHeap::Kib64);

faults! {
    trap_before_its_step => StepLost, TRAP, Fault::Late(at("i32.div_u"));
    trap_before_its_breakpoint => BreakLost, TRAP.under(at_breakpoints),
        Fault::Late(at("i32.div_u"));
    exception_before_its_step => StepLost, THROW, Fault::Late(at("throw"));
    exception_before_its_breakpoint => BreakLost, THROW.under(at_breakpoints),
        Fault::Late(at("throw"));
    full_heap_before_its_step => TrapEvent, ONE_ARRAY, Fault::Late(at("array.new_default"));
    step_before_the_yield_at_a_loop => EpochLost, YIELDS, Fault::Late(when(Moment::EpochYield));
    step_before_the_yield_at_an_entry => EpochLost, YIELDS,
        Fault::Late(when(Moment::EpochYield).nth(2));
    breakpoint_before_the_yield_at_a_loop => EpochLost, YIELDS.under(at_breakpoints),
        Fault::Late(when(Moment::EpochYield));
}
