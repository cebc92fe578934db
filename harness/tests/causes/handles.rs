//! The causes that Wasmtime 48 and later have: a version that no longer does what one says fails here. The engine
//! is asked through handles of frames, as from 43 on.

use lockstep::causes::Cause;
use lockstep::check::FEATURES;
use lockstep::configuration::{Configuration, Epochs};
use lockstep::divergence::Execution;
use lockstep_oracles::module::Module as OracleModule;
use lockstep_oracles::opcode::Opcode;
use lockstep_subject::config;
use lockstep_subject::wasmtime::{
    AsContext, AsContextMut, Config, DebugEvent, DebugHandler, Engine, ExternRef, Instance, Module,
    ModulePC, Store, StoreContextMut, Trap, Val,
};
use lockstep_tests::block_on;
use lockstep_tests::causes::{agreeing, explained};
use lockstep_tests::interruptions::{self, Asked, Event, Shown};
use std::process::Command;

lockstep_tests::causes! {
    IfParams => if_params_are_still_shown {
        explained("if-params.toml", Cause::IfParams);
    }

    LibcallFrame => fuel_used_up_at_an_entry_still_shows_another_function {
        explained("libcall-frame.toml", Cause::LibcallFrame);
        let test = "handles::fuel_used_up_at_an_entry_still_shows_another_function";
        interruptions::show_another_function(ask, test);
    }

    OverflowFrame => overflow_frames_still_have_no_instance {
        let report = agreeing("overflow.toml");
        assert_ne!(report.tally.left_out.of(Cause::OverflowFrame), 0, "{report:#?}");
        interruptions::have_no_instance(ask, "handles::overflow_frames_still_have_no_instance");
    }

    PulleyOverflow => pulley_overflows_are_still_silent {
        explained("pulley-overflow.toml", Cause::PulleyOverflow);
        interruptions::are_silent_on_pulley(ask);
    }

    PulleyVectors => vectors_are_still_restored_with_other_bytes {
        let report = explained("pulley-registers.toml", Cause::PulleyVectors);
        assert!(!report.known.contains_key(&Cause::PulleyRegisters), "{report:#?}");
    }

    PulleyMemoryTrap => pulley_memory_trap_is_still_silent {
        explained("pulley-memory-trap.toml", Cause::PulleyMemoryTrap);
    }

    InlinedTryCall => inlined_calls_in_a_try_table_still_have_no_frame {
        let report = agreeing("inlined-try-call.toml");
        assert_ne!(report.tally.left_out.of(Cause::InlinedTryCall), 0, "{report:#?}");
    }

    IfParamRoot => if_params_are_still_roots {
        let report = explained("if-param-root.toml", Cause::IfParams);
        assert_ne!(report.tally.left_out.of(Cause::IfParamRoot), 0, "{report:#?}");
    }

    UnsetLocal => unset_locals_are_still_unwritten {
        only_fails_unset("handles::unset_locals_are_still_unwritten", Look::Locals);
    }

    UnsetRoot => unset_locals_are_still_roots {
        only_fails_unset("handles::unset_locals_are_still_roots", Look::Collection);
    }

    StartupFrame => startup_frames_are_still_shown {
        let seen = frames_of_each_event("(module (func $f nop) (func $s call $f) (start $s))");
        // $s; $f called by it, twice; $s again: each time one frame too many.
        assert_eq!(seen, [2, 3, 3, 2]);
    }

    CollectSlot => an_allocation_still_collects_with_the_roots_of_another_opcode {
        explained("collect-slot.toml", Cause::CollectSlot);
        explained("collect-slot-reads.toml", Cause::CollectSlot);
    }

    StartupRoot => a_start_function_still_collects_with_the_roots_of_another_function {
        explained("startup-root.toml", Cause::StartupRoot);
    }

    HandleVersion => frame_handles_are_still_valid_after_execution_was_resumed {
        explained("frame-handle.toml", Cause::HandleVersion);
        explained("frame-handle-host.toml", Cause::HandleVersion);
    }

    InstancePosition => indices_of_instances_still_count_what_is_not_listed {
        explained("instance-position.toml", Cause::InstancePosition);
    }

    BreakpointCount => breakpoints_are_still_counted {
        let engine = engine();
        let module = module(&engine, "(module (func nop))");
        let mut store = Store::new(&engine, ());
        let mut edit = store.edit_breakpoints().unwrap();
        edit.add_breakpoint(&module, ModulePC::new(0)).unwrap();
        edit.add_breakpoint(&module, ModulePC::new(0)).unwrap();
        edit.remove_breakpoint(&module, ModulePC::new(0)).unwrap();
        drop(edit);
        assert_eq!(store.as_context().breakpoints().unwrap().count(), 1);
        explained("breakpoint-count.toml", Cause::BreakpointCount);
    }
}

/// What the engine shows where it interrupts a program.
pub(crate) fn ask(wat: &str, configuration: Configuration, asked: Asked) -> Vec<Shown> {
    let features = configuration.supported(FEATURES);
    let engine = config::engine(Execution::Instrumented, features, &configuration).unwrap();
    let module = module(&engine, wat);
    let mut store = Store::new(&engine, Vec::new());
    if configuration.epochs == Epochs::Yield {
        store.epoch_deadline_async_yield_and_update(1000);
    }
    if let Some(units) = configuration.fuel.units() {
        store.set_fuel(units).unwrap();
    }
    store.set_debug_handler(Asker(asked));
    let instance = block_on(Instance::new_async(&mut store, &module, &[])).unwrap();
    let go = instance.get_func(&mut store, "go").unwrap();
    let mut results = vec![Val::I32(0); go.ty(&store).results().len()];
    // To trap is what some of these programs are for.
    let _ = block_on(go.call_async(&mut store, &[], &mut results));
    store.into_data()
}

#[derive(Clone)]
struct Asker(Asked);

impl DebugHandler for Asker {
    type Data = Vec<Shown>;

    async fn handle(&self, mut store: StoreContextMut<'_, Vec<Shown>>, event: DebugEvent<'_>) {
        let event = match event {
            DebugEvent::EpochYield => Event::EpochYield,
            DebugEvent::Trap(Trap::StackOverflow) => Event::Overflow,
            DebugEvent::Trap(Trap::OutOfFuel) => Event::OutOfFuel,
            _ => Event::Other,
        };
        if self.0 == Asked::Panic {
            std::panic::resume_unwind(Box::new("the handler panics"));
        }
        let frame = store.debug_exit_frames().next().unwrap();
        if self.0 == Asked::Instance {
            frame.instance(&mut store).unwrap();
        }
        let place = frame.wasm_function_index_and_pc(&mut store).unwrap();
        let operands = frame.num_stacks(&mut store).unwrap();
        store.data_mut().push(Shown {
            event,
            function: place.map(|(function, _)| function.as_u32()),
            pc: place.map(|(_, pc)| pc.raw()),
            operands,
        });
    }
}

/// The local of `$read` has no value, and lies where `$fill` had a number that denotes nothing.
const UNSET: &str = r#"
    (module
      (func $fill (param i64 i64 i64) nop)
      (func $read (local (ref extern)) nop)
      (func (export "go")
        i64.const 0x6666_6666_6666_6666  i64.const 0x6666_6666_6666_6666
        i64.const 0x6666_6666_6666_6666  call $fill
        call $read))"#;

/// What is done at the `nop` of `$read`.
#[derive(Clone, Copy)]
enum Look {
    /// Externals among the locals are followed
    Locals,
    /// Garbage is collected
    Collection,
}

impl DebugHandler for Look {
    type Data = ();

    async fn handle(&self, mut store: StoreContextMut<'_, ()>, _: DebugEvent<'_>) {
        let frame = store.debug_exit_frames().next().unwrap();
        match self {
            Look::Collection => store.gc(None).unwrap(),
            Look::Locals => {
                if let Val::ExternRef(Some(external)) = frame.local(&mut store, 0).unwrap() {
                    external.data(&store).unwrap();
                }
            }
        }
    }
}

/// The engine alone goes wrong where the local has no null, and not where it has.
fn only_fails_unset(test: &str, look: Look) {
    const UNSET_LOCAL: &str = "LOCKSTEP_TEST_HAS_AN_UNSET_LOCAL";
    if std::env::var(UNSET_LOCAL).is_ok() {
        step(UNSET, look);
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([test, "--exact"]).env(UNSET_LOCAL, "yes");
    let ended = child.output().unwrap().status;
    assert!(!ended.success(), "{ended}");
    step(&UNSET.replace("(ref extern)", "externref"), look);
}

/// The PC of a module's last `nop`.
fn last_nop(wat: &str) -> ModulePC {
    let oracle = OracleModule::new(&wat::parse_str(wat).unwrap(), FEATURES).unwrap();
    let functions = oracle.functions().iter();
    let ops = functions.flat_map(|f| f.instrs.iter().zip(f.pcs.iter()));
    let mut nops = ops.filter(|(instr, _)| instr.op == Opcode::Nop);
    ModulePC::new(nops.next_back().unwrap().1.0)
}

fn step(wat: &str, look: Look) {
    let engine = engine();
    let module = module(&engine, wat);
    let mut store = Store::new(&engine, ());
    // There is no heap before the first reference.
    ExternRef::new(&mut store, 1u32).unwrap();
    store.set_debug_handler(look);
    let mut edit = store.edit_breakpoints().unwrap();
    // An event before it would write where the slot will be.
    edit.add_breakpoint(&module, last_nop(wat)).unwrap();
    drop(edit);
    let instance = block_on(Instance::new_async(&mut store, &module, &[])).unwrap();
    let go = instance.get_func(&mut store, "go").unwrap();
    block_on(go.call_async(&mut store, &[], &mut [])).unwrap();
}

fn engine() -> Engine {
    let mut config = Config::new();
    config.guest_debug(true);
    Engine::new(&config).unwrap()
}

pub(crate) fn module(engine: &Engine, wat: &str) -> Module {
    Module::new(engine, wat::parse_str(wat).unwrap()).unwrap()
}

/// Counts the frames of each event, and reads nothing of them.
#[derive(Clone)]
struct Counter;

impl DebugHandler for Counter {
    type Data = Vec<usize>;

    async fn handle(&self, mut store: StoreContextMut<'_, Vec<usize>>, _: DebugEvent<'_>) {
        let mut frame = store.debug_exit_frames().next();
        let mut count = 0;
        while let Some(shown) = frame {
            count += 1;
            frame = shown.parent(store.as_context_mut()).unwrap();
        }
        store.data_mut().push(count);
    }
}

fn frames_of_each_event(wat: &str) -> Vec<usize> {
    let engine = engine();
    let module = module(&engine, wat);
    let mut store = Store::new(&engine, Vec::new());
    store.set_debug_handler(Counter);
    let mut edit = store.edit_breakpoints().unwrap();
    edit.single_step(true).unwrap();
    drop(edit);
    let _ = block_on(Instance::new_async(&mut store, &module, &[]));
    store.into_data()
}
