//! The bare handler: it reads what lockstep reads, through the same API, and does nothing else.
//! What lockstep costs is measured against it.
//!
//! It is written as one writes a debugger's: a value is taken out of the engine's answer. Lockstep looks at
//! it where it is, which a processor does sooner.
//!
//! Of each frame it reads the instance, the module, the function and PC, and every local and operand;
//! of each reference to an object the object's identity and type, and once an event, as lockstep does,
//! its fields or elements with the identities and types of the objects that these refer to.

use crate::block_on;
use crate::frames::{self, Walk};
use crate::programs::Program;
use crate::reads::{Frames, Reads, Run};
use lockstep::causes::Causes;
use lockstep::causes::slots::FunctionLayout;
use lockstep::configuration::Configuration;
use lockstep::divergence::Execution;
use lockstep_oracles::code::Function;
use lockstep_subject::wasmtime::{
    AnyRef, ArrayRef, AsContext, AsContextMut, DebugEvent, DebugHandler, Func, Instance, Module,
    RootScope, Rooted, Store, StoreContextMut, StructRef, Val,
};
use lockstep_subject::{VERSION, config};
use std::hash::{DefaultHasher, Hasher};
use std::hint::black_box;
use std::sync::Arc;

/// Makes a program ready under the bare handler.
pub fn prepare(program: &Program, frames: Frames) -> Run {
    let mut bare = Bare::new(program, frames);
    Box::new(move |repetitions| bare.run(repetitions))
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
            .map(|index| layout.local(index).is_some())
            .collect();
        let mut operands = Vec::new();
        let mut shape = function.before[position];
        while let Some(id) = shape {
            operands.push(layout.top_operand(shape).is_some());
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
        let layout = FunctionLayout::of(Causes::of(VERSION), &program.module, function, false);
        if !layout.is_hazardous() {
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

/// The store's data.
#[derive(Default)]
struct State {
    reads: Reads,
    /// Identities of the objects whose content was read at this event.
    looked: Vec<u64>,
}

#[derive(Clone)]
struct Reader(Arc<Plan>);

impl DebugHandler for Reader {
    type Data = State;

    async fn handle(&self, mut store: StoreContextMut<'_, State>, event: DebugEvent<'_>) {
        assert!(
            matches!(event, DebugEvent::Breakpoint),
            "the programs neither trap nor throw"
        );
        let mut state = std::mem::take(store.data_mut());
        state.reads.events += 1;
        state.looked.clear();
        let mut scope = RootScope::new(&mut store);
        self.0
            .read(frames::walk(scope.as_context_mut()), &mut state);
        drop(scope);
        *store.data_mut() = state;
    }
}

impl Plan {
    #[inline]
    fn read(&self, mut walk: Walk<'_, State>, state: &mut State) {
        while !walk.done() {
            self.read_frame(&mut walk, state);
            if self.frames == Frames::Innermost {
                return;
            }
            walk.move_to_parent();
        }
    }

    #[inline]
    fn read_frame(&self, walk: &mut Walk<'_, State>, state: &mut State) {
        let pc = frames::place(walk);
        let unreadable = pc.and_then(|pc| self.unreadable.get(pc as usize));
        let skip = |slots: &[bool], index: u32| slots.get(index as usize) == Some(&true);
        for index in 0..walk.num_locals() {
            if !unreadable.is_some_and(|slots| skip(&slots.locals, index)) {
                let value = walk.local(index);
                state.read(walk, value);
            }
        }
        for index in 0..walk.num_stacks() {
            if !unreadable.is_some_and(|slots| skip(&slots.operands, index)) {
                let value = walk.stack(index);
                state.read(walk, value);
            }
        }
        state.reads.frames += 1;
    }
}

impl State {
    /// A local or operand.
    #[inline(always)]
    fn read(&mut self, store: &mut impl AsContextMut, value: Val) {
        self.reads.values += 1;
        match value {
            Val::AnyRef(Some(any)) => self.read_reference(store, any),
            value => {
                black_box(value);
            }
        }
    }

    /// A reference, and what the object holds.
    #[inline(never)]
    fn read_reference(&mut self, store: &mut impl AsContextMut, any: Rooted<AnyRef>) {
        let object = object(&mut *store, any);
        let Some((object, key)) = object else { return };
        if self.looked.contains(&key) {
            return;
        }
        self.looked.push(key);
        let len = match &object {
            Object::Struct(_, fields) => *fields,
            Object::Array(array) => array.len(&*store).expect(ROOTED),
        };
        for index in 0..len {
            let value = match &object {
                Object::Struct(object, _) => object.field(&mut *store, index as usize),
                Object::Array(array) => array.get(&mut *store, index),
            };
            match value.expect(ROOTED) {
                Val::AnyRef(Some(any)) => {
                    black_box(self::object(&mut *store, any));
                }
                value => {
                    black_box(value);
                }
            }
        }
    }
}

/// Why a reference can be read.
const ROOTED: &str = "the event's scope roots it";

/// An object of the heap.
enum Object {
    /// With so many fields
    Struct(Rooted<StructRef>, u32),
    Array(Rooted<ArrayRef>),
}

/// What the reference denotes, with its identity; its type is read. Nothing for an unboxed scalar.
fn object(store: impl AsContext, any: Rooted<AnyRef>) -> Option<(Object, u64)> {
    if let Some(scalar) = any.as_i31(&store).expect(ROOTED) {
        black_box(scalar);
        return None;
    }
    let object = if let Some(object) = any.as_struct(&store).expect(ROOTED) {
        let ty = black_box(object.ty(&store).expect(ROOTED));
        Object::Struct(object, ty.fields().len() as u32)
    } else {
        let array = any.as_array(&store).expect(ROOTED)?;
        black_box(array.ty(&store).expect(ROOTED));
        Object::Array(array)
    };
    let mut hasher = DefaultHasher::new();
    any.ref_hash(&store, &mut hasher).expect(ROOTED);
    Some((object, hasher.finish()))
}

/// A program under the bare handler, in single-step.
struct Bare {
    store: Store<State>,
    func: Func,
}

impl Bare {
    /// Compiles and instantiates, with the engine settings of an instrumented execution.
    fn new(program: &Program, frames: Frames) -> Bare {
        let engine = config::engine(
            Execution::Instrumented,
            program.features,
            &Configuration::default(),
        )
        .expect("the settings are those of every instrumented execution");
        let module = Module::new(&engine, &program.bytes).expect("a program compiles");
        let mut store = Store::new(&engine, State::default());
        let plan = Plan {
            frames,
            unreadable: unreadable(program),
        };
        store.set_debug_handler(Reader(Arc::new(plan)));
        let instance = block_on(Instance::new_async(&mut store, &module, &[]));
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
    fn run(&mut self, repetitions: u32) -> Reads {
        self.store.data_mut().reads = Reads::default();
        let args = [Val::I32(repetitions as i32)];
        let mut results = [Val::I64(0)];
        block_on(self.func.call_async(&mut self.store, &args, &mut results))
            .expect("a program returns");
        black_box(results);
        self.store.data().reads
    }
}
