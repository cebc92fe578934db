//! Each cause that Wasmtime 42 has is still there: a version that no longer does what it says fails here.

mod engine_42;
mod every;

use engine_42::exceptions::{keep_thrown, take_exceptions};
use engine_42::{Look, Run, ask, engine, is_epoch, is_trap, observe};
use lockstep::case::{CaseOptions, CaseReport, Host, ImportSettings, Status, Stub, run};
use lockstep::causes::Cause;
use lockstep::check::{FEATURES, UserFile, Wishes, plan_file};
use lockstep::configuration::{Configuration, Inlining, Target};
use lockstep::rules::RuleId;
use lockstep::schedule::Schedule;
use lockstep::subject::Settings;
use lockstep_oracles::module::Module as OracleModule;
use lockstep_oracles::opcode::Opcode;
use lockstep_spec_tests::parse_script;
use lockstep_subject::probe;
use lockstep_subject::wasmtime::{
    AsContextMut, Caller, DebugEvent, DebugHandler, ExternRef, Func, FuncType, Instance, Module,
    Store, StoreContextMut, Val,
};
use lockstep_tests::block_on;
use lockstep_tests::causes::{agreeing, assert_complete, corpus_file, explained as explained_case};
use lockstep_tests::interruptions::{self, this_test_again, yielding};
use std::process::ExitStatus;

#[test]
fn every_cause_has_the_test_that_it_names() {
    assert_complete(&[every::TESTS, TESTS]);
}

lockstep_tests::causes! {
    AdapterThrow => an_exception_still_passes_an_adapter {
        let text = include_bytes!("../../commands/src/report/templates/throws.wat");
        let user = UserFile::new("throws".to_owned(), text.to_vec()).unwrap();
        let plan = plan_file(&user, &Wishes::default()).unwrap();
        let report = run(&plan.script, &plan.options).unwrap();
        assert!(report.divergences.is_empty(), "{report:#?}");
        // In both executions.
        assert_eq!(report.known.get(&Cause::AdapterThrow), Some(&2), "{report:#?}");
    }

    Latin1Alignment => latin1_strings_are_still_allocated_unaligned {
        let text = include_bytes!("../../commands/src/report/templates/latin1.wat");
        let user = UserFile::new("latin1".to_owned(), text.to_vec()).unwrap();
        let plan = plan_file(&user, &Wishes::default()).unwrap();
        let report = run(&plan.script, &plan.options).unwrap();
        assert!(report.divergences.is_empty(), "{report:#?}");
        // In both executions.
        assert_eq!(report.known.get(&Cause::Latin1Alignment), Some(&2), "{report:#?}");
    }

    StringAlignment => the_host_still_takes_strings_from_any_address {
        explained_case("string-alignment.toml", Cause::StringAlignment);
    }

    HalfMadeArray => arrays_that_are_left_half_made_are_still_collected {
        explained_case("half-made-array.toml", Cause::HalfMadeArray);
    }

    TrapPc => trap_pc_is_still_wrong {
        let report = explained(DIVISION);
        assert_eq!(report.known.get(&Cause::TrapPc), Some(&1), "{report:#?}");
        // The engine alone: at the Trap event, not the PC of `i32.div_u`, where the last event was.
        let seen = observe(&division_module(), &[Val::I32(0)], |event, frame| {
            (is_trap(event), frame.wasm_function_index_and_pc().map_or(0, |(_, pc)| pc))
        });
        let [.., (false, division), (true, trap)] = seen[..] else { panic!("{seen:?}") };
        assert_ne!(division, trap);
    }

    TrapStack => trap_stack_is_still_wrong {
        let report = explained(DIVISION);
        assert_eq!(report.known.get(&Cause::TrapStack), Some(&1), "{report:#?}");
    }

    TrapSlot => trap_slots_may_be_unwritten {
        let report = explained(DIVISION);
        assert_ne!(report.tally.left_out.of(Cause::TrapSlot), 0, "{report:#?}");
        // The engine alone: more operands than there ever were in this execution.
        let seen = observe(&division_module(), &[Val::I32(0)], |event, frame| {
            (is_trap(event), frame.num_stacks())
        });
        let before = seen.iter().filter(|(trap, _)| !trap).map(|(_, operands)| *operands).max();
        let at_trap = seen.iter().find(|(trap, _)| *trap).map(|(_, operands)| *operands);
        assert!(at_trap > before, "{seen:?}");
    }

    IfParams => if_params_are_still_shown {
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
        assert!(report.known.contains_key(&Cause::IfParams), "{report:#?}");
    }

    TryRoot => guarded_calls_still_have_no_roots {
        explained_case("try-root.toml", Cause::TryRoot);
    }

    LibcallTrap => table_traps_are_still_host_errors {
        let report = explained(
            r#"(module (table 1 funcref) (elem funcref (ref.null func))
                 (func (export "fill") i32.const 1  ref.null func  i32.const 1  table.fill)
                 (func (export "init") i32.const 1  i32.const 0  i32.const 1  table.init 0))
               (assert_trap (invoke "fill") "out of bounds table access")
               (assert_trap (invoke "init") "out of bounds table access")"#,
        );
        assert_eq!(report.known.get(&Cause::LibcallTrap), Some(&2), "{report:#?}");
    }

    V128Slot => v128_slot_still_faults {
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
                assert_ne!(report.tally.left_out.of(Cause::V128Slot), 0, "{report:#?}");
            }
        }
    }

    TakenException => an_exception_that_is_taken_still_ends_the_process {
        const TEST: &str = "an_exception_that_is_taken_still_ends_the_process";
        const TAKES: &str = "LOCKSTEP_TEST_TAKES_AN_EXCEPTION";
        match std::env::var(TAKES) {
            // In the child process.
            Ok(program) => take_exceptions(&program),
            Err(_) => {
                let escapes = this_test_again(TEST, TAKES, "(module (tag $t) (func (export \"go\") throw $t))");
                assert!(escapes.success(), "{escapes}");
                let caught = this_test_again(
                    TEST,
                    TAKES,
                    "(module (tag $t) (func (export \"go\")
                       block $h try_table (catch $t $h) throw $t end end))",
                );
                assert!(!caught.success(), "{caught}");
                let report = agreeing("exceptions-taken.toml");
                assert_eq!(report.tally.left_out.of(Cause::TakenException), 1, "{report:#?}");
            }
        }
    }

    ThrownRoot => thrown_exceptions_are_still_not_counted {
        const TEST: &str = "thrown_exceptions_are_still_not_counted";
        const COLLECTS: &str = "LOCKSTEP_TEST_COLLECTS_AT_A_THROW";
        match std::env::var(COLLECTS) {
            // In the child process.
            Ok(collects) => keep_thrown(collects == "yes"),
            Err(_) => {
                let kept = this_test_again(TEST, COLLECTS, "no");
                assert!(kept.success(), "{kept}");
                let freed = this_test_again(TEST, COLLECTS, "yes");
                assert!(!freed.success(), "{freed}");
                let report = agreeing("thrown-root.toml");
                assert_ne!(report.tally.left_out.of(Cause::ThrownRoot), 0, "{report:#?}");
                assert_ne!(report.tally.collections, 0, "{report:#?}");
            }
        }
    }

    EpochFrame => epoch_frames_may_have_no_instance {
        const READ: &str = "LOCKSTEP_TEST_READS_AN_EPOCH_FRAME";
        const PROGRAM: &str = r#"(module (func (export "go")))"#;
        let run = Run { configuration: yielding(), single_step: false };
        match std::env::var(READ).as_deref() {
            // In the child process.
            Ok("event") => {
                let seen = run.of(PROGRAM, &[], |event, _| is_epoch(event)).seen;
                assert!(seen.contains(&true), "{seen:?}");
            }
            Ok(_) => {
                run.of(PROGRAM, &[], |event, frame| {
                    is_epoch(event).then(|| frame.instance())
                });
            }
            Err(_) => {
                let test = "epoch_frames_may_have_no_instance";
                let event = this_test_again(test, READ, "event");
                assert!(event.success(), "{event}");
                let frame = this_test_again(test, READ, "frame");
                assert!(!frame.success(), "{frame}");
                // The epoch advances at an event of the first call, so that the second yields.
                let script = format!("{PROGRAM} {}", r#"(invoke "go") (invoke "go")"#);
                let report = report(&script, &under(yielding()));
                assert_passes(&report);
                assert_ne!(report.tally.epoch_yields, 0, "{report:#?}");
            }
        }
    }

    LibcallFrame => fuel_used_up_at_an_entry_still_shows_another_function {
        let test = "fuel_used_up_at_an_entry_still_shows_another_function";
        interruptions::show_another_function(ask, test);
    }

    OverflowFrame => overflow_frames_still_have_no_instance {
        interruptions::have_no_instance(ask, "overflow_frames_still_have_no_instance");
    }

    PulleyOverflow => pulley_overflows_are_still_silent {
        interruptions::are_silent_on_pulley(ask);
    }

    LateModule => late_module_is_still_not_stepped {
        let late = probe::late_module().unwrap();
        assert!(!late.expected.is_empty());
        let divergence = late.check().expect("the late module is stepped now");
        assert_eq!(divergence.known, Some(Cause::LateModule), "{divergence:#?}");
        // A case goes on through what is lost, and compares the rest.
        let report = explained_case("late-module.toml", Cause::LateModule);
        assert_ne!(report.tally.sequence_points, 0, "{report:#?}");
    }

    PulleyVectors => vectors_are_still_restored_with_other_bytes {
        let right = format!("{VECTOR} {}", r#"(assert_return (invoke "go") (v128.const i64x2 1 2))"#);
        let report = report(&right, &under(pulley()));
        assert!(report.divergences.is_empty(), "{report:#?}");
        assert!(report.known.contains_key(&Cause::PulleyVectors), "{report:#?}");
        // The engine alone: the same call with and without events. The high half stays.
        let result = |single_step| {
            let run = Run { configuration: pulley(), single_step };
            run.of(VECTOR, &[], |_, _| ()).results[0].unwrap_v128().as_u128()
        };
        assert_eq!(result(false), 2 << 64 | 1);
        assert_eq!((result(true) >> 64, result(true) as u64 == 1), (2, false));
    }

    PulleyIntegers => integers_are_still_restored_with_others {
        let report = report(&format!("{KEEPS} (invoke \"go\" {})", ONES), &under(pulley()));
        assert!(report.divergences.is_empty(), "{report:#?}");
        assert_eq!(report.tally.sequence_points, 0);
        assert_eq!(report.tally.left_out.of(Cause::PulleyIntegers), 1);
        // The engine alone: the same call with and without events.
        let result = |single_step| {
            let run = Run { configuration: pulley(), single_step };
            run.of(KEEPS, &vec![Val::I64(1); 12], |_, _| ()).results[0].unwrap_i64()
        };
        assert_eq!(result(false), 12);
        assert_ne!(result(true), 12);
    }

    PulleyMemoryTrap => pulley_memory_trap_is_still_silent {
        let asserted = format!(
            "{LOAD} {}",
            r#"(assert_trap (invoke "go" (i32.const 65536)) "out of bounds memory access")"#
        );
        let report = report(&asserted, &under(pulley()));
        assert_passes(&report);
        assert_eq!(report.known.get(&Cause::PulleyMemoryTrap), Some(&1), "{report:#?}");
        // The engine alone: natively the trap has its event.
        let traps = |configuration| {
            let run = Run { configuration, ..Run::default() };
            let seen = run.of(LOAD, &[Val::I32(65536)], |event, _| is_trap(event)).seen;
            seen.into_iter().filter(|trap| *trap).count()
        };
        assert_eq!((traps(Configuration::default()), traps(pulley())), (1, 0));
    }

    UnsetLocal => unset_locals_are_still_unwritten {
        let report = explained(&format!("{UNSET} (invoke \"go\" (ref.extern 1))"));
        assert_ne!(report.tally.left_out.of(Cause::UnsetLocal), 0, "{report:#?}");
        // The engine alone: the slot still holds what the function called before had there.
        const READ: &str = "LOCKSTEP_TEST_READS_AN_UNSET_LOCAL";
        if std::env::var(READ).is_ok() {
            let external = |store: &mut Store<_>| {
                Val::ExternRef(Some(ExternRef::new(store, 1u32).unwrap()))
            };
            let seen = Run::default().with(UNSET, external, |_, frame| {
                (frame.num_locals() == 1).then(|| matches!(frame.local(0), Val::ExternRef(None)))
            });
            // Null at every event is what an engine shows that writes the slot.
            assert!(seen.contains(&Some(true)) && !seen.contains(&Some(false)), "{seen:?}");
            return;
        }
        let child = this_test_again("unset_locals_are_still_unwritten", READ, "read");
        assert!(!child.success(), "{child}");
    }

    UnsetRoot => unset_locals_are_still_roots {
        let program = format!("{UNSET} (invoke \"go\" (ref.extern 1))");
        let collecting = CaseOptions {
            schedule: Schedule { collect: 1, ..Schedule::default() },
            ..CaseOptions::default()
        };
        let report = report(&program, &collecting);
        assert_passes(&report);
        assert_ne!(report.tally.left_out.of(Cause::UnsetRoot), 0, "{report:#?}");
        assert_ne!(report.tally.collections, 0, "{report:#?}");
        // The engine alone: a collection follows what `$fill` had in the slot.
        const COLLECT: &str = "LOCKSTEP_TEST_COLLECTS_WITH_AN_UNSET_LOCAL";
        if std::env::var(COLLECT).is_ok() {
            collect_at_the_nop(UNSET_SCALAR);
            return;
        }
        let child = this_test_again("unset_locals_are_still_roots", COLLECT, "collect");
        assert!(!child.success(), "{child}");
        collect_at_the_nop(&UNSET_SCALAR.replace("(ref extern)", "externref"));
    }

    SegmentObjects => segment_objects_are_still_made_at_each_use {
        explained_case("segment-objects.toml", Cause::SegmentObjects);
    }

    InlinedTryCall => inlined_calls_in_a_try_table_still_have_no_frame {
        let report = agreeing("inlined-try-call.toml");
        assert_ne!(report.tally.left_out.of(Cause::InlinedTryCall), 0, "{report:#?}");
        // The engine alone: no event shows the callee, whose PCs come first in the module.
        let shows_callee = |inlining| {
            let configuration = Configuration { inlining, ..Configuration::default() };
            let run = Run { configuration, ..Run::default() };
            let look: Look<u32> = |_, frame| {
                frame.wasm_function_index_and_pc().map_or(u32::MAX, |(func, _)| func.as_u32())
            };
            run.of(TRIED, &[], look).seen.contains(&0)
        };
        assert!(shows_callee(Inlining::Off) && !shows_callee(Inlining::On));
    }

    InlinedTrap => inlined_traps_still_show_frames_of_code_not_executed {
        let report = agreeing("inlined-trap.toml");
        assert_ne!(report.tally.left_out.of(Cause::InlinedTrap), 0, "{report:#?}");
        // The engine alone: the callee, before which the program traps.
        let configuration = Configuration { inlining: Inlining::On, ..Configuration::default() };
        let run = Run { configuration, single_step: false };
        let seen = run.of(&corpus_text("inlined-trap.wat"), &[], |event, frame| {
            let shown = frame.wasm_function_index_and_pc();
            (is_trap(event), shown.map(|(func, _)| func.as_u32()))
        });
        assert_eq!(seen.seen, [(true, Some(0))]);
    }

    IfParamRoot => if_params_are_still_roots {
        let report = explained_case("if-param-root.toml", Cause::IfParams);
        assert_ne!(report.tally.left_out.of(Cause::IfParamRoot), 0, "{report:#?}");
        const COLLECT: &str = "LOCKSTEP_TEST_COLLECTS_IN_AN_IF";
        if std::env::var(COLLECT).is_ok() {
            collect_at_every_event(&corpus_text("if-param-root.wat"), 0x0202_0202);
            return;
        }
        let child = this_test_again("if_params_are_still_roots", COLLECT, "collect");
        assert!(!child.success(), "{child}");
    }

    HostActivation => host_activation_still_shows_frames_twice {
        let functions = [("env.f".to_owned(), Stub::Call("f".to_owned()))];
        let host = Host { functions: functions.into(), ..Host::default() };
        let options = CaseOptions {
            imports: ImportSettings { synthesise: true, host },
            ..CaseOptions::default()
        };
        let report = report(
            r#"(module (import "env" "f" (func $f)) (export "f" (func $f))
                 (func (export "g") (param i32) call $f))
               (invoke "g" (i32.const 1))"#,
            &options,
        );
        assert_passes(&report);
        let known: Vec<Cause> = report.known.keys().copied().collect();
        assert_eq!(known, [Cause::HostActivation], "{report:#?}");
        // The engine alone: one frame of Wasm is there at either depth.
        assert_eq!(frames_of_nested_host_calls(), [1, 2]);
    }

    ImportedType => imported_functions_still_have_the_type_of_their_import {
        explained_case("imported-type-test.toml", Cause::ImportedType);
        explained_case("imported-type-indirect.toml", Cause::ImportedType);
    }

    IfWithoutElse => ifs_without_else_still_have_no_code {
        let report = explained_case("if-without-else.toml", Cause::IfWithoutElse);
        assert!(report.divergences.is_empty(), "{report:#?}");
        // The engine alone.
        let engine = engine(&Configuration::default());
        let module = wat::parse_str(corpus_text("if-without-else.wat")).unwrap();
        let compile = std::panic::AssertUnwindSafe(|| Module::new(&engine, &module).is_ok());
        let compiled = std::panic::catch_unwind(compile);
        assert!(compiled.is_err());
    }

    CastType => casts_to_types_that_are_not_enabled_are_still_accepted {
        const ACCEPTED: &str = "(module (func unreachable ref.test contref drop))";
        let report = explained(&format!("(assert_invalid {ACCEPTED} \"\")"));
        assert_eq!(report.known.get(&Cause::CastType), Some(&2), "{report:#?}");
        // The engine alone.
        let engine = engine(&Configuration::default());
        Module::new(&engine, wat::parse_str(ACCEPTED).unwrap()).unwrap();
    }
}

/// The local of `$read` has no value, and lies where `$fill` had its argument.
const UNSET: &str = r#"
    (module
      (func $fill (param externref) nop)
      (func $read (local (ref extern)) nop)
      (func (export "go") (param externref) local.get 0  call $fill  call $read))"#;

/// The same, with a number in the slot that is a reference to nothing.
const UNSET_SCALAR: &str = r#"
    (module
      (func $fill (param i64 i64 i64) nop)
      (func $read (local (ref extern)) nop)
      (func (export "go")
        i64.const 0x6666_6666_6666_6666  i64.const 0x6666_6666_6666_6666
        i64.const 0x6666_6666_6666_6666  call $fill
        call $read))"#;

/// Collects garbage at the `nop` of `$read`. An event before it would write where the slot will be.
fn collect_at_the_nop(wat: &str) {
    let bytes = wat::parse_str(wat).unwrap();
    collect(&bytes, Some(last_nop(&bytes)), &[]);
}

/// Collects garbage at every event of `go`, whose argument is four times this.
fn collect_at_every_event(wat: &str, quarter: u32) {
    let quarter = u128::from(quarter);
    let argument = quarter | quarter << 32 | quarter << 64 | quarter << 96;
    collect(&wat::parse_str(wat).unwrap(), None, &[argument.into()]);
}

fn collect(bytes: &[u8], at: Option<u32>, args: &[Val]) {
    let engine = engine(&Configuration::default());
    let module = Module::new(&engine, bytes).unwrap();
    let mut store = Store::new(&engine, ());
    store.set_debug_handler(Collector);
    // There is no heap before the first reference.
    ExternRef::new(&mut store, 1u32).unwrap();
    let mut edit = store.as_context_mut().edit_breakpoints().unwrap();
    edit.add_breakpoint(&module, at.unwrap_or(0)).unwrap();
    edit.single_step(at.is_none()).unwrap();
    drop(edit);
    let instance = block_on(Instance::new_async(&mut store, &module, &[])).unwrap();
    let go = instance.get_func(&mut store, "go").unwrap();
    block_on(go.call_async(&mut store, args, &mut [])).unwrap();
}

/// The PC of a module's last `nop`.
fn last_nop(module: &[u8]) -> u32 {
    let oracle = OracleModule::new(module, FEATURES).unwrap();
    let functions = oracle.functions().iter();
    let ops = functions.flat_map(|f| f.instrs.iter().zip(f.pcs.iter()));
    let mut nops = ops.filter(|(instr, _)| instr.op == Opcode::Nop);
    nops.next_back().unwrap().1.0
}

#[derive(Clone)]
struct Collector;

impl DebugHandler for Collector {
    type Data = ();

    async fn handle(&self, mut store: StoreContextMut<'_, ()>, _: DebugEvent<'_>) {
        store.gc(None).unwrap();
    }
}

/// A callee that is inlined into a `try_table`.
const TRIED: &str = r#"
    (module
      (func $callee nop)
      (func (export "go") (block $caught (try_table (catch_all $caught) call $callee))))"#;

/// A module of the regression corpus, its one export under the name that the engine alone calls.
fn corpus_text(name: &str) -> String {
    let text = std::fs::read_to_string(corpus_file(name)).unwrap();
    text.replace("(export \"f\")", "(export \"go\")")
}

/// A vector that is a result, with an event while it waits.
const VECTOR: &str = r#"(module (func (export "go") (result v128) v128.const i64x2 1 2  nop))"#;

/// Sums what it holds while it calls another function.
const KEEPS: &str = r#"
    (module
      (func (export "go") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
        call 1
        local.get 0  local.get 1  i64.add  local.get 2  i64.add  local.get 3  i64.add
        local.get 4  i64.add  local.get 5  i64.add  local.get 6  i64.add  local.get 7  i64.add
        local.get 8  i64.add  local.get 9  i64.add  local.get 10  i64.add  local.get 11  i64.add)
      (func))"#;

/// Its arguments.
const ONES: &str = "(i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) \
    (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)";

/// A load from where its argument says.
const LOAD: &str = r#"
    (module (memory 1) (func (export "go") (param i32) (result i32) local.get 0  i32.load))"#;

fn under(configuration: Configuration) -> CaseOptions {
    CaseOptions {
        settings: Settings {
            configuration,
            ..Settings::default()
        },
        ..CaseOptions::default()
    }
}

fn pulley() -> Configuration {
    Configuration {
        target: Target::Pulley64,
        ..Configuration::default()
    }
}

/// What is wrong natively, too, is not the registers'.
#[test]
fn registers_of_pulley_explain_nothing_that_is_wrong_natively() {
    let wrong = format!(
        "{VECTOR} {}",
        r#"(assert_return (invoke "go") (v128.const i64x2 1 3))"#
    );
    let report = report(&wrong, &under(pulley()));
    assert_eq!(report.known.get(&Cause::PulleyRegisters), None);
    let rules: Vec<RuleId> = report.divergences.iter().map(|found| found.rule).collect();
    assert!(rules.contains(&RuleId::Assertion), "{report:#?}");
}

/// Frames that a host function sees, called by Wasm and then, from there, by itself.
fn frames_of_nested_host_calls() -> Vec<usize> {
    let engine = engine(&Configuration::default());
    let wat = r#"(module (import "env" "f" (func $f)) (func (export "g") call $f))"#;
    let module = Module::new(&engine, wat::parse_str(wat).unwrap()).unwrap();
    let mut store: Store<Counted> = Store::new(&engine, Counted::default());
    let ty = FuncType::new(&engine, [], []);
    let f = Func::new_async(&mut store, ty, |mut caller: Caller<'_, Counted>, _, _| {
        Box::new(async move {
            let frames = count_frames(&mut caller);
            caller.data_mut().frames.push(frames);
            let again = caller.data_mut().again.take();
            if let Some(f) = again {
                f.call_async(&mut caller, &[], &mut []).await?;
            }
            Ok(())
        })
    });
    store.data_mut().again = Some(f);
    let instance = block_on(Instance::new_async(&mut store, &module, &[f.into()])).unwrap();
    let g = instance.get_func(&mut store, "g").unwrap();
    block_on(g.call_async(&mut store, &[], &mut [])).unwrap();
    store.into_data().frames
}

#[derive(Default)]
struct Counted {
    frames: Vec<usize>,
    again: Option<Func>,
}

fn count_frames(caller: &mut Caller<'_, Counted>) -> usize {
    let mut cursor = caller.as_context_mut().debug_frames().unwrap();
    let mut frames = 0;
    while !cursor.done() {
        frames += 1;
        cursor.move_to_parent();
    }
    frames
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
    let report = report(text, &CaseOptions::default());
    assert_passes(&report);
    report
}

fn report(text: &str, options: &CaseOptions) -> CaseReport {
    let script = parse_script("ledger", text, FEATURES).unwrap();
    run(&script, options).unwrap()
}

fn assert_passes(report: &CaseReport) {
    assert!(report.divergences.is_empty(), "{report:#?}");
    assert_eq!(
        report.count(|s| *s == Status::Passed),
        report.commands.len() as u64,
        "{report:#?}"
    );
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

/// Killed by the fault itself, or by the panic that debug assertions make of it.
fn crashed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    const SIGSEGV: i32 = 11;
    const SIGABRT: i32 = 6;
    status.signal() == Some(SIGSEGV) || cfg!(debug_assertions) && status.signal() == Some(SIGABRT)
}
