//! What a version shows where a program is interrupted: by the epoch, by fuel, by the stack's limit. The
//! engine alone is asked, without single-step; how, the tests of each version say.

use lockstep::check::FEATURES;
use lockstep::configuration::{Configuration, Epochs, Fuel, Inlining, Target};
use lockstep_oracles::module::Module;
use std::process::{Command, ExitStatus};

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The epoch was reached, and the program yields
    EpochYield,
    /// The stack is full
    Overflow,
    /// The fuel is used up
    OutOfFuel,
    /// Any other
    Other,
}

/// What is asked of the innermost frame at each such event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Where it is, and how many operands it has.
    Place,
    /// The same, and its instance.
    Instance,
    /// Nothing: the handler panics.
    Panic,
}

/// The answer; empty at another event.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// At which event.
    pub event: Event,
    /// Index among the functions that the module defines.
    pub function: Option<u32>,
    /// Offset in the module.
    pub pc: Option<u32>,
    /// How many operands it has.
    pub operands: u32,
}

/// Calls `go`, and asks at each event.
pub type Ask = fn(&str, Configuration, Asked) -> Vec<Shown>;

/// Pushes four operands; nothing is on the stack where it is entered.
const FOUR: &str = r#"
    (module (func (export "go") (result i32)
      i32.const 1  i32.const 2  i32.const 3  i32.const 4  return))"#;

/// Calls itself for ever, behind another function.
const RECURSION: &str = r#"(module (func nop) (func $go (export "go") call $go))"#;

/// The same in the first function of the module.
const RECURSION_OF_THE_FIRST: &str = r#"(module (func $go (export "go") call $go))"#;

/// The callee is inlined behind all that `go` does itself.
const INLINED: &str = r#"(module (func $callee) (func (export "go") return_call $callee))"#;

/// A deadline of the epoch at which a program yields.
pub fn yielding() -> Configuration {
    Configuration {
        epochs: Epochs::Yield,
        ..Configuration::default()
    }
}

fn with_little_fuel() -> Configuration {
    Configuration {
        fuel: Fuel::Hundreds,
        ..Configuration::default()
    }
}

/// The one event of this kind that there must be.
#[track_caller]
fn only(shown: &[Shown], event: Event) -> Shown {
    let mut these = shown.iter().filter(|shown| shown.event == event);
    match (these.next(), these.next()) {
        (Some(&only), None) => only,
        _ => panic!("{shown:?}"),
    }
}

/// `LIBCALL-PC`: at the entry of a function one of its last opcodes is shown.
pub fn show_another_opcode(ask: Ask) {
    let oracle = Module::new(&wat::parse_str(FOUR).unwrap(), FEATURES).unwrap();
    let function = &oracle.functions()[0];
    let shown = only(&ask(FOUR, yielding(), Asked::Place), Event::EpochYield);
    let others = function.pcs.iter().skip(1);
    assert!(
        others.map(|pc| Some(pc.0)).any(|pc| pc == shown.pc),
        "{shown:?}"
    );
}

/// `LIBCALL-SLOT`: at the entry of a function operands are shown.
pub fn show_unwritten_operands(ask: Ask) {
    let shown = only(&ask(FOUR, yielding(), Asked::Place), Event::EpochYield);
    assert_ne!(shown.operands, 0, "{shown:?}");
}

/// `INLINED-LIBCALL`: at the caller's entry a frame of the callee is shown.
pub fn show_a_callee_not_entered(ask: Ask) {
    let function = |inlining| {
        let configuration = Configuration {
            inlining,
            ..yielding()
        };
        let shown = ask(INLINED, configuration, Asked::Place);
        shown.first().and_then(|first| first.function)
    };
    assert_eq!(function(Inlining::Off), Some(1));
    assert_eq!(function(Inlining::On), Some(0));
}

/// `LIBCALL-FRAME`: at a function's entry a frame of the function before it is shown; none if it is the
/// first.
pub fn show_another_function(ask: Ask, test: &str) {
    const FIRST: &str = "LOCKSTEP_TEST_USES_FUEL_UP_IN_THE_FIRST_FUNCTION";
    if std::env::var(FIRST).is_ok() {
        ask(RECURSION_OF_THE_FIRST, with_little_fuel(), Asked::Place);
        return;
    }
    let shown = ask(RECURSION, with_little_fuel(), Asked::Place);
    let shown = only(&shown, Event::OutOfFuel);
    assert_eq!(shown.function, Some(0), "{shown:?}");
    let first = this_test_again(test, FIRST, "yes");
    assert!(!first.success(), "{first}");
}

/// `OVERFLOW-FRAME`: the frame that overflows the stack has a place, and no instance.
pub fn have_no_instance(ask: Ask, test: &str) {
    const INSTANCE: &str = "LOCKSTEP_TEST_ASKS_FOR_THE_INSTANCE_AT_AN_OVERFLOW";
    if std::env::var(INSTANCE).is_ok() {
        ask(RECURSION, Configuration::default(), Asked::Instance);
        return;
    }
    let shown = ask(RECURSION, Configuration::default(), Asked::Place);
    let shown = only(&shown, Event::Overflow);
    assert_eq!(shown.function, Some(1), "{shown:?}");
    let asked = this_test_again(test, INSTANCE, "yes");
    assert!(!asked.success(), "{asked}");
}

/// `PULLEY-OVERFLOW`: natively an overflow has its event.
pub fn are_silent_on_pulley(ask: Ask) {
    let overflows = |target| {
        let configuration = Configuration {
            target,
            ..Configuration::default()
        };
        let shown = ask(RECURSION, configuration, Asked::Place);
        let overflows = shown.iter().filter(|shown| shown.event == Event::Overflow);
        overflows.count()
    };
    assert_eq!(
        (overflows(Target::Native), overflows(Target::Pulley64)),
        (1, 0)
    );
}

/// `PANICKED-HANDLER`: where a trap is told the process ends, where the epoch is reached the panic comes here.
pub fn end_the_process(ask: Ask, test: &str) {
    const PANICS: &str = "LOCKSTEP_TEST_PANICS_AT_A_TRAP";
    const TRAP: &str = r#"(module (func (export "go") unreachable))"#;
    if std::env::var(PANICS).is_ok() {
        ask(TRAP, Configuration::default(), Asked::Panic);
        return;
    }
    let panicked = std::panic::catch_unwind(|| ask(FOUR, yielding(), Asked::Panic));
    assert!(panicked.is_err(), "{panicked:?}");
    let ended = this_test_again(test, PANICS, "yes");
    // A panic that came to the test would end it with a code.
    assert_eq!(ended.code(), None, "{ended}");
}

/// Runs one test of this program in a process of its own.
pub fn this_test_again(test: &str, variable: &str, value: &str) -> ExitStatus {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .env(variable, value);
    command.output().unwrap().status
}
