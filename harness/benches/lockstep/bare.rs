//! The bare handler: it reads what lockstep reads, through the same API, and does nothing else.
//! What lockstep costs is measured against it.

use crate::programs::Program;
use lockstep::configuration::Configuration;
use lockstep::divergence::Execution;
use lockstep::layout::FunctionLayout;
use lockstep::subject::wasmtime_42::config;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::code::Function;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use wasmtime::{
    AsContextMut, DebugEvent, DebugFrameCursor, DebugHandler, Func, Instance, Module, RootScope,
    Store, StoreContextMut, Val,
};

/// Which frames are read at an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frames {
    /// Only the innermost one
    Innermost,
    /// Every one, with `move_to_parent`
    All,
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    /// Events.
    pub(crate) events: u64,
    /// Frames.
    pub(crate) frames: u64,
    /// Locals and operands.
    pub(crate) values: u64,
}

/// Slots at one PC that must not be read: Wasmtime 42 crashes on a misaligned `v128`.
#[derive(Default)]
struct Unreadable {
    locals: Box<[bool]>,
    operands: Box<[bool]>,
}

impl Unreadable {
    /// The slots of `function` before its opcode at `position`.
    fn at(function: &Function, layout: &FunctionLayout, position: usize) -> Unreadable {
        let locals = (0..function.locals.len())
            .map(|index| layout.local(index))
            .collect();
        let mut operands = Vec::new();
        let mut shape = function.before[position];
        while let Some(id) = shape {
            operands.push(layout.top_operand(shape));
            shape = function.shapes[id.0 as usize].below;
        }
        operands.reverse();
        Unreadable {
            locals,
            operands: operands.into(),
        }
    }
}

/// By PC; empty for a program in which every slot can be read.
fn unreadable(program: &Program) -> Vec<Unreadable> {
    let mut table = Vec::new();
    for function in program.module.functions() {
        let layout = FunctionLayout::packed(&program.module, function, false);
        if !layout.hazardous {
            continue;
        }
        for (position, pc) in function.pcs.iter().enumerate() {
            let pc = pc.0 as usize;
            if table.len() <= pc {
                table.resize_with(pc + 1, Unreadable::default);
            }
            table[pc] = Unreadable::at(function, &layout, position);
        }
    }
    table
}

struct Plan {
    frames: Frames,
    unreadable: Vec<Unreadable>,
}

#[derive(Clone)]
struct Reader(Arc<Plan>);

impl DebugHandler for Reader {
    type Data = Reads;

    async fn handle(&self, mut store: StoreContextMut<'_, Reads>, event: DebugEvent<'_>) {
        assert!(
            matches!(event, DebugEvent::Breakpoint),
            "the programs neither trap nor throw"
        );
        let mut reads = *store.data();
        reads.events += 1;
        let mut scope = RootScope::new(&mut store);
        let cursor = scope.as_context_mut().debug_frames();
        self.0.read(cursor.expect("guest_debug is on"), &mut reads);
        drop(scope);
        *store.data_mut() = reads;
    }
}

impl Plan {
    #[inline]
    fn read(&self, mut cursor: DebugFrameCursor<'_, Reads>, reads: &mut Reads) {
        while !cursor.done() {
            self.read_frame(&mut cursor, reads);
            if self.frames == Frames::Innermost {
                return;
            }
            black_box(cursor.move_to_parent());
        }
    }

    #[inline]
    fn read_frame(&self, cursor: &mut DebugFrameCursor<'_, Reads>, reads: &mut Reads) {
        let place = black_box(cursor.wasm_function_index_and_pc());
        let unreadable = place.and_then(|(_, pc)| self.unreadable.get(pc as usize));
        let skip = |slots: &[bool], index: u32| slots.get(index as usize) == Some(&true);
        for index in 0..cursor.num_locals() {
            if !unreadable.is_some_and(|slots| skip(&slots.locals, index)) {
                black_box(cursor.local(index));
                reads.values += 1;
            }
        }
        for index in 0..cursor.num_stacks() {
            if !unreadable.is_some_and(|slots| skip(&slots.operands, index)) {
                black_box(cursor.stack(index));
                reads.values += 1;
            }
        }
        reads.frames += 1;
    }
}

/// A program under the bare handler, in single-step.
pub(crate) struct Bare {
    store: Store<Reads>,
    func: Func,
}

impl Bare {
    /// Compiles and instantiates, with the engine settings of an instrumented execution.
    pub(crate) fn new(program: &Program, frames: Frames) -> Bare {
        let engine = config::engine(
            Execution::Instrumented,
            WasmFeatures::WASM2,
            &Configuration::default(),
        )
        .expect("the settings are those of every instrumented execution");
        let module = Module::new(&engine, &program.bytes).expect("a program compiles");
        let mut store = Store::new(&engine, Reads::default());
        let plan = Plan {
            frames,
            unreadable: unreadable(program),
        };
        store.set_debug_handler(Reader(Arc::new(plan)));
        let instance = ready(Instance::new_async(&mut store, &module, &[]));
        let func = instance
            .expect("a program has no imports")
            .get_func(&mut store, "run")
            .expect("a program exports `run`");
        store
            .edit_breakpoints()
            .expect("guest_debug is on")
            .single_step(true)
            .expect("no limit on breakpoints");
        Bare { store, func }
    }

    /// Runs once; what was read.
    pub(crate) fn run(&mut self, repetitions: u32) -> Reads {
        *self.store.data_mut() = Reads::default();
        let args = [Val::I32(repetitions as i32)];
        let mut results = [Val::I64(0)];
        ready(self.func.call_async(&mut self.store, &args, &mut results))
            .expect("a program returns");
        black_box(results);
        *self.store.data()
    }
}

/// Polls a future that waits for nothing.
fn ready<R>(future: impl Future<Output = R>) -> R {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
