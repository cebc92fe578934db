//! Each ledger entry still matches: a version that no longer does what the entry says fails here.

use lockstep::case::{CaseOptions, CaseReport, Status, run};
use lockstep::configuration::Configuration;
use lockstep::divergence::Execution;
use lockstep::ledger::{self, ENTRIES};
use lockstep::subject::{config, probe};
use lockstep_oracles::WasmFeatures;
use lockstep_spec_tests::parse_script;
use std::collections::BTreeSet;
use std::pin::pin;
use std::process::{Command, ExitStatus};
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use wasmtime::{
    AsContextMut, DebugEvent, DebugFrameCursor, DebugHandler, Instance, Module, Store,
    StoreContextMut, Val,
};

/// Defines the tests, and a table of the entries they are about.
macro_rules! entries {
    ($($entry:ident => $test:ident $body:block)*) => {
        const TESTS: &[(&str, &str)] = &[$((ledger::$entry, stringify!($test)),)*];
        $(#[test] fn $test() $body)*
    };
}

#[test]
fn every_entry_has_the_test_that_it_names() {
    let entries: BTreeSet<(&str, &str)> = ENTRIES.iter().map(|e| (e.id, e.test)).collect();
    assert_eq!(entries, TESTS.iter().copied().collect());
}

entries! {
    TRAP_PC => trap_pc_is_still_wrong {
        let report = explained(DIVISION);
        assert_eq!(report.known.get(ledger::TRAP_PC), Some(&1), "{report:#?}");
        // The engine alone: at the Trap event, not the PC of `i32.div_u`, where the last event was.
        let seen = observe(&division_module(), &[Val::I32(0)], |event, frame| {
            (is_trap(event), frame.wasm_function_index_and_pc().map_or(0, |(_, pc)| pc))
        });
        let [.., (false, division), (true, trap)] = seen[..] else { panic!("{seen:?}") };
        assert_ne!(division, trap);
    }

    TRAP_STACK => trap_stack_is_still_wrong {
        let report = explained(DIVISION);
        assert_eq!(report.known.get(ledger::TRAP_STACK), Some(&1), "{report:#?}");
    }

    TRAP_SLOT => trap_slots_may_be_unwritten {
        let report = explained(DIVISION);
        assert_ne!(report.tally.trap_slots_avoided, 0, "{report:#?}");
        // The engine alone: more operands than there ever were in this execution.
        let seen = observe(&division_module(), &[Val::I32(0)], |event, frame| {
            (is_trap(event), frame.num_stacks())
        });
        let before = seen.iter().filter(|(trap, _)| !trap).map(|(_, operands)| *operands).max();
        let at_trap = seen.iter().find(|(trap, _)| *trap).map(|(_, operands)| *operands);
        assert!(at_trap > before, "{seen:?}");
    }

    IF_PARAMS => if_params_are_still_shown {
        let report = explained(
            r#"(module (func (export "go") (param i32) (result f32)
                 i32.const 5  local.get 0
                 if (param i32) (result f32)
                   drop  f32.const 2  f32.neg
                 else
                   drop  f32.const 1
                 end))
               (assert_return (invoke "go" (i32.const 1)) (f32.const -2))
               (assert_return (invoke "go" (i32.const 0)) (f32.const 1))"#,
        );
        assert!(report.known.contains_key(ledger::IF_PARAMS), "{report:#?}");
    }

    LIBCALL_TRAP => table_traps_are_still_host_errors {
        let report = explained(
            r#"(module (table 1 funcref) (elem funcref (ref.null func))
                 (func (export "fill") i32.const 1  ref.null func  i32.const 1  table.fill)
                 (func (export "init") i32.const 1  i32.const 0  i32.const 1  table.init 0))
               (assert_trap (invoke "fill") "out of bounds table access")
               (assert_trap (invoke "init") "out of bounds table access")"#,
        );
        assert_eq!(report.known.get(ledger::LIBCALL_TRAP), Some(&2), "{report:#?}");
    }

    V128_SLOT => v128_slot_still_faults {
        const READ: &str = "LOCKSTEP_TEST_READS_A_V128";
        match std::env::var(READ).as_deref() {
            // In the child process.
            Ok("aligned") => read_local("(param i64 v128)", &[Val::I64(0), 0u128.into()], 1),
            Ok(_) => read_local("(param v128)", &[0u128.into()], 0),
            Err(_) => {
                let aligned = this_test_again("v128_slot_still_faults", READ, "aligned");
                assert!(aligned.success(), "{aligned}");
                let misaligned = this_test_again("v128_slot_still_faults", READ, "misaligned");
                assert!(crashed(misaligned), "{misaligned}");
                let report = explained(
                    r#"(module (func (export "go") (param v128)))
                       (invoke "go" (v128.const i64x2 1 2))"#,
                );
                assert_ne!(report.tally.v128_slots_avoided, 0, "{report:#?}");
            }
        }
    }

    LATE_MODULE => late_module_is_still_not_stepped {
        let late = probe::late_module().unwrap();
        assert!(!late.expected.is_empty());
        let divergence = late.check().expect("the late module is stepped now");
        assert_eq!(divergence.known, Some(ledger::LATE_MODULE), "{divergence:#?}");
    }
}

/// A division that traps in a function whose last opcode has a deeper operand stack.
const DIVISION: &str = r#"
    (module (func (export "go") (param i32) (result i32)
      i32.const 8  local.get 0  i32.div_u  drop
      i32.const 1  i32.const 2  i32.const 3  i32.const 4  return))
    (assert_trap (invoke "go" (i32.const 0)) "integer divide by zero")"#;

fn division_module() -> String {
    let end = DIVISION.find("(assert_trap").unwrap_or(DIVISION.len());
    DIVISION[..end].to_owned()
}

/// Runs a script; everything that diverges is explained.
fn explained(text: &str) -> CaseReport {
    let script = parse_script("ledger", text, WasmFeatures::WASM2).unwrap();
    let report = run(&script, &CaseOptions::default()).unwrap();
    assert!(report.divergences.is_empty(), "{report:#?}");
    assert_eq!(
        report.count(|s| *s == Status::Passed),
        report.commands.len() as u64,
        "{report:#?}"
    );
    report
}

fn is_trap(event: &DebugEvent<'_>) -> bool {
    matches!(event, DebugEvent::Trap(_))
}

type Frame<'a, R> = DebugFrameCursor<'a, Mutex<Vec<R>>>;
type Look<R> = fn(&DebugEvent<'_>, &mut Frame<'_, R>) -> R;

/// What the engine itself shows of the innermost frame at each event of `go`.
fn observe<R: Send + 'static>(wat: &str, args: &[Val], look: Look<R>) -> Vec<R> {
    let engine = config::engine(
        Execution::Instrumented,
        WasmFeatures::WASM2,
        &Configuration::default(),
    )
    .unwrap();
    let module = Module::new(&engine, wat::parse_str(wat).unwrap()).unwrap();
    let mut store = Store::new(&engine, Mutex::new(Vec::new()));
    store.set_debug_handler(Looker(look));
    let mut edit = store.as_context_mut().edit_breakpoints().unwrap();
    edit.add_breakpoint(&module, 0).unwrap();
    edit.remove_breakpoint(&module, 0).unwrap();
    edit.single_step(true).unwrap();
    drop(edit);
    let instance = block_on(Instance::new_async(&mut store, &module, &[])).unwrap();
    let go = instance.get_func(&mut store, "go").unwrap();
    let mut results = vec![Val::I32(0); go.ty(&store).results().len()];
    // A trap is an error here, and what some of these programs are for.
    let _ = block_on(go.call_async(&mut store, args, &mut results));
    store.into_data().into_inner().unwrap()
}

struct Looker<R: 'static>(Look<R>);

impl<R> Clone for Looker<R> {
    fn clone(&self) -> Looker<R> {
        Looker(self.0)
    }
}

impl<R: Send + 'static> DebugHandler for Looker<R> {
    type Data = Mutex<Vec<R>>;

    async fn handle(&self, mut store: StoreContextMut<'_, Mutex<Vec<R>>>, event: DebugEvent<'_>) {
        let seen = (self.0)(&event, &mut store.as_context_mut().debug_frames().unwrap());
        store.data_mut().get_mut().unwrap().push(seen);
    }
}

fn block_on<R>(future: impl Future<Output = R>) -> R {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
    }
}

/// Reads a local through the engine's API, whether that crashes or not.
fn read_local(params: &str, args: &[Val], index: u32) {
    let wat = format!(r#"(module (func (export "go") {params}))"#);
    let look: Look<Val> = match index {
        0 => |_, frame| frame.local(0),
        _ => |_, frame| frame.local(1),
    };
    assert!(!observe(&wat, args, look).is_empty());
}

/// Runs one test of this program in a process of its own.
fn this_test_again(test: &str, variable: &str, value: &str) -> ExitStatus {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .env(variable, value);
    command.output().unwrap().status
}

/// Killed by the fault itself, or by the panic that debug assertions make of it.
fn crashed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    const SIGSEGV: i32 = 11;
    const SIGABRT: i32 = 6;
    status.signal() == Some(SIGSEGV) || cfg!(debug_assertions) && status.signal() == Some(SIGABRT)
}
