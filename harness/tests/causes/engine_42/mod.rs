//! What Wasmtime 42 itself shows, without Lockstep between.

pub(crate) mod exceptions;

use lockstep::check::FEATURES;
use lockstep::configuration::{Configuration, Epochs};
use lockstep::divergence::Execution;
use lockstep_subject::config;
use lockstep_subject::wasmtime::{
    AsContextMut, DebugEvent, DebugFrameCursor, DebugHandler, Engine, Instance, Module, Store,
    StoreContextMut, Trap, Val,
};
use lockstep_tests::block_on;
use lockstep_tests::interruptions::{Asked, Event, Shown};
use std::sync::Mutex;

pub(crate) fn is_epoch(event: &DebugEvent<'_>) -> bool {
    matches!(event, DebugEvent::EpochYield)
}

pub(crate) fn is_trap(event: &DebugEvent<'_>) -> bool {
    matches!(event, DebugEvent::Trap(_))
}

pub(crate) type Frame<'a, R> = DebugFrameCursor<'a, Mutex<Vec<R>>>;
pub(crate) type Look<R> = fn(&DebugEvent<'_>, &mut Frame<'_, R>) -> R;

/// What the engine itself shows of the innermost frame at each event of `go`, stepped natively.
pub(crate) fn observe<R: Send + 'static>(wat: &str, args: &[Val], look: Look<R>) -> Vec<R> {
    Run::default().of(wat, args, look).seen
}

pub(crate) fn engine(configuration: &Configuration) -> Engine {
    config::engine(
        Execution::Instrumented,
        configuration.supported(FEATURES),
        configuration,
    )
    .unwrap()
}

/// What the engine shows where it interrupts a program.
pub(crate) fn ask(wat: &str, configuration: Configuration, asked: Asked) -> Vec<Shown> {
    let look: Look<Shown> = match asked {
        Asked::Place => shown,
        Asked::Panic => |_, _| std::panic::resume_unwind(Box::new("the handler panics")),
        Asked::Instance => |event, frame| {
            frame.instance();
            shown(event, frame)
        },
    };
    let run = Run {
        configuration,
        single_step: false,
    };
    run.of(wat, &[], look).seen
}

fn shown(event: &DebugEvent<'_>, frame: &mut Frame<'_, Shown>) -> Shown {
    let place = frame.wasm_function_index_and_pc();
    Shown {
        event: interruption(event),
        function: place.map(|(function, _)| function.as_u32()),
        pc: place.map(|(_, pc)| pc),
        operands: frame.num_stacks(),
    }
}

fn interruption(event: &DebugEvent<'_>) -> Event {
    match event {
        DebugEvent::EpochYield => Event::EpochYield,
        DebugEvent::Trap(Trap::StackOverflow) => Event::Overflow,
        // `LIBCALL-TRAP`.
        DebugEvent::HostcallError(error) => match error.downcast_ref() {
            Some(Trap::OutOfFuel) => Event::OutOfFuel,
            _ => Event::Other,
        },
        _ => Event::Other,
    }
}

/// How the engine alone runs a module.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) configuration: Configuration,
    pub(crate) single_step: bool,
}

impl Default for Run {
    fn default() -> Run {
        Run {
            configuration: Configuration::default(),
            single_step: true,
        }
    }
}

/// What came of it.
pub(crate) struct Ran<R> {
    pub(crate) seen: Vec<R>,
    pub(crate) results: Vec<Val>,
}

impl Run {
    /// Calls `go`, and looks at the innermost frame at each event.
    pub(crate) fn of<R: Send + 'static>(self, wat: &str, args: &[Val], look: Look<R>) -> Ran<R> {
        let args = args.to_vec();
        self.call(wat, |_| args, look)
    }

    /// The same with an argument that only the store can make; what was seen.
    pub(crate) fn with<R: Send + 'static>(
        self,
        wat: &str,
        arg: impl FnOnce(&mut Store<Mutex<Vec<R>>>) -> Val,
        look: Look<R>,
    ) -> Vec<R> {
        self.call(wat, |store| vec![arg(store)], look).seen
    }

    fn call<R: Send + 'static>(
        self,
        wat: &str,
        args: impl FnOnce(&mut Store<Mutex<Vec<R>>>) -> Vec<Val>,
        look: Look<R>,
    ) -> Ran<R> {
        let engine = engine(&self.configuration);
        let module = Module::new(&engine, wat::parse_str(wat).unwrap()).unwrap();
        let mut store = Store::new(&engine, Mutex::new(Vec::new()));
        if self.configuration.epochs == Epochs::Yield {
            store.epoch_deadline_async_yield_and_update(1000);
        }
        if let Some(units) = self.configuration.fuel.units() {
            store.set_fuel(units).unwrap();
        }
        store.set_debug_handler(Looker(look));
        let mut edit = store.as_context_mut().edit_breakpoints().unwrap();
        edit.add_breakpoint(&module, 0).unwrap();
        edit.remove_breakpoint(&module, 0).unwrap();
        edit.single_step(self.single_step).unwrap();
        drop(edit);
        let instance = block_on(Instance::new_async(&mut store, &module, &[])).unwrap();
        let go = instance.get_func(&mut store, "go").unwrap();
        let mut results = vec![Val::I32(0); go.ty(&store).results().len()];
        // A trap is an error here, and what some of these programs are for.
        let args = args(&mut store);
        let _ = block_on(go.call_async(&mut store, &args, &mut results));
        let seen = store.into_data().into_inner().unwrap();
        Ran { seen, results }
    }
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
