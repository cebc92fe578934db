//! The machine: a store, a stack and the activations on it, driven from stop to stop. It never
//! decides what a host function does, and never runs past a stop.

mod exec;
mod frames;
pub(crate) mod memory_ops;
mod nans;
mod vector;

pub use frames::FrameView;

use crate::address::{FuncAddr, HostFuncId, InstanceAddr};
use crate::code::Function;
use crate::instance::Instance;
use crate::limits::Limits;
use crate::module::Module;
use crate::store::{Extern, FuncInst, Store};
use crate::trap::{Exhaustion, Trap};
use crate::value::{Cell, Ref, Value};
use std::sync::Arc;
use wasmparser::{HeapType, ValType};

/// Says at which sequence points [`Machine::run`] stops.
pub trait StopAt {
    /// Whether to stop before the opcode at `position` of `function`.
    fn stops(&self, instance: InstanceAddr, function: &Function, position: usize) -> bool;
}

/// Stops before every opcode.
#[derive(Clone, Copy, Debug, Default)]
pub struct EverySequencePoint;

impl StopAt for EverySequencePoint {
    #[inline(always)]
    fn stops(&self, _: InstanceAddr, _: &Function, _: usize) -> bool {
        true
    }
}

/// Stops at no sequence point, only for the other reasons.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSequencePoint;

impl StopAt for NoSequencePoint {
    #[inline(always)]
    fn stops(&self, _: InstanceAddr, _: &Function, _: usize) -> bool {
        false
    }
}

/// Why [`Machine::run`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Before an opcode that the [`StopAt`] selects
    SequencePoint,
    /// An imported or invoked host function is to run: answer with [`Machine::host_return`] or
    /// [`Machine::unwind`]
    HostCall(HostFuncId),
    /// The opcode shown by [`Machine::top`] trapped: look, then [`Machine::unwind`]
    Trap(Trap),
    /// The call shown by [`Machine::top`] reached a limit: look, then [`Machine::unwind`]
    Exhausted(Exhaustion),
    /// The top activation returned and is gone; see [`Machine::results`]
    Return,
}

/// Why a module was not instantiated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstantiateError {
    /// An import does not fit; nothing was allocated.
    #[error("import {import}: {message}")]
    Link {
        /// Which import, from 0.
        import: usize,
        /// What is wrong.
        message: String,
    },
    /// A segment is out of bounds. What the segments before it did stays done.
    #[error("{0}")]
    Trap(Trap),
    /// The module wants more than the [`Limits`] allow; nothing was allocated.
    #[error("{0}")]
    Limit(String),
}

/// Why a call was not begun, or not answered; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvokeError {
    /// Too many or too few values
    #[error("{expected} values expected, {got} given")]
    Arity {
        /// How many the function type has.
        expected: usize,
        /// How many were given.
        got: usize,
    },
    /// A value of another type
    #[error("value {position}: {expected} expected, {got} given")]
    Type {
        /// Which value, from 0.
        position: usize,
        /// Its type in the function type.
        expected: ValType,
        /// The type given.
        got: ValType,
    },
    /// The top activation does not wait for a host function
    #[error("no host call is pending")]
    NoHostCall,
}

/// A call that has not returned.
#[derive(Clone, Copy, Debug)]
struct Frame {
    instance: InstanceAddr,
    /// Position in the module's list of defined functions.
    function: u32,
    /// Position of the next opcode, or of the call that has not returned.
    position: u32,
    /// Cells in use, counted from `base`: locals, then operands.
    height: u32,
    /// Address of the instance's memory; `NO_MEMORY` if it has none.
    memory: u32,
    /// Where in the stack its locals begin.
    base: usize,
}

/// Validation rules out that it is used.
const NO_MEMORY: u32 = u32::MAX;

impl Frame {
    /// A call that is before its first opcode.
    #[inline(always)]
    fn new(
        instance: &Instance,
        addr: InstanceAddr,
        position: u32,
        function: &Function,
        base: usize,
    ) -> Frame {
        Frame {
            instance: addr,
            function: position,
            position: 0,
            height: function.locals.len() as u32,
            memory: instance.memories.first().map_or(NO_MEMORY, |m| m.0),
            base,
        }
    }
}

/// What an activation waits for.
#[derive(Clone, Copy, Debug)]
enum Status {
    /// To arrive at its next opcode, which may be one to stop before
    Running,
    /// To execute the opcode it stopped before
    AtPoint,
    /// For the host to answer
    InHost { func: FuncAddr, id: HostFuncId },
    /// To hand over the results, which are on the stack: only when a host function was invoked
    Answered { func: FuncAddr },
    /// To be unwound
    Ended(Stop),
}

/// Consecutive frames between two host boundaries.
#[derive(Clone, Copy, Debug)]
struct Activation {
    /// How many frames are below.
    first_frame: usize,
    /// Where in the stack it begins.
    base: usize,
    status: Status,
}

/// The reference interpreter.
#[derive(Debug)]
pub struct Machine {
    /// The entities, for reading at any stop and for the embedder's writes.
    pub store: Store,
    limits: Limits,
    stack: Vec<Cell>,
    frames: Vec<Frame>,
    activations: Vec<Activation>,
    results: Vec<Value>,
    max_depth: usize,
}

impl Machine {
    /// A machine without instances.
    pub fn new(limits: Limits) -> Machine {
        Machine {
            store: Store::default(),
            limits,
            stack: Vec::new(),
            frames: Vec::new(),
            activations: Vec::new(),
            results: Vec::new(),
            max_depth: 0,
        }
    }

    /// Instantiates a module with one [`Extern`] an import, in order. Everything but the start
    /// function: the caller invokes it.
    ///
    /// # Errors
    ///
    /// If an import is of another type, a limit is exceeded, or an active segment is out of
    /// bounds; in the last case what the segments before it wrote stays.
    pub fn instantiate(
        &mut self,
        module: &Arc<Module>,
        imports: &[Extern],
    ) -> Result<InstanceAddr, InstantiateError> {
        crate::instantiate::instantiate(&mut self.store, &self.limits, module, imports)
    }

    /// Pushes an activation that calls `func`; nothing is executed yet. Within a host call, this
    /// is re-entry.
    ///
    /// # Errors
    ///
    /// If the arguments do not fit the function's type; then nothing changes.
    ///
    /// # Panics
    ///
    /// If the store has no such function.
    pub fn invoke(&mut self, func: FuncAddr, args: &[Value]) -> Result<(), InvokeError> {
        check_values(&self.store, &self.store.func_type(func).params, args)?;
        let base = self.stack_top();
        if self.stack.len() < base + args.len() {
            self.stack.resize(base + args.len(), Cell(0));
        }
        for (cell, value) in self.stack[base..].iter_mut().zip(args) {
            *cell = value.cell();
        }
        let first_frame = self.frames.len();
        let status = match *self.store.func(func) {
            FuncInst::Host { id, .. } => Status::InHost { func, id },
            FuncInst::Wasm { instance, index } => {
                let owner = &self.store.instances[instance.index()];
                let position = index.0 - owner.module.num_imported_funcs;
                let function = &owner.module.functions[position as usize];
                match enter(
                    &mut self.stack,
                    self.frames.len(),
                    &self.limits,
                    function,
                    base,
                ) {
                    Err(limit) => Status::Ended(Stop::Exhausted(limit)),
                    Ok(()) => {
                        self.frames
                            .push(Frame::new(owner, instance, position, function, base));
                        Status::Running
                    }
                }
            }
        };
        self.max_depth = self.max_depth.max(self.frames.len());
        self.activations.push(Activation {
            first_frame,
            base,
            status,
        });
        Ok(())
    }

    /// Runs the top activation to its next stop.
    ///
    /// After [`Machine::invoke`] the first stop at a sequence point is before the function's first
    /// opcode, if it is selected. At a [`Stop::SequencePoint`], the next `run` first executes the
    /// opcode it stopped before. A host call, trap or exhaustion that was not answered is reported
    /// again.
    ///
    /// # Panics
    ///
    /// If there is no activation.
    #[inline(always)]
    pub fn run<S: StopAt>(&mut self, stop_at: &S) -> Stop {
        let Some(activation) = self.activations.last_mut() else {
            panic!("run without an activation");
        };
        match activation.status {
            Status::AtPoint => self.execute(stop_at, true),
            Status::Running => self.execute(stop_at, false),
            Status::InHost { id, .. } => Stop::HostCall(id),
            Status::Ended(stop) => stop,
            Status::Answered { func } => {
                let (base, results) = (activation.base, &self.store.func_type(func).results);
                self.results.clear();
                self.results.extend(typed(&self.stack[base..], results));
                self.activations.pop();
                Stop::Return
            }
        }
    }

    /// Arguments of the pending host call; empty if there is none.
    pub fn host_args(&self) -> Vec<Value> {
        let Some((func, at)) = self.pending_host_call() else {
            return Vec::new();
        };
        typed(&self.stack[at..], &self.store.func_type(func).params).collect()
    }

    /// Answers the pending host call. The next [`Machine::run`] goes on after it.
    ///
    /// # Errors
    ///
    /// If no host call is pending or the results do not fit its type; then nothing changes.
    pub fn host_return(&mut self, results: &[Value]) -> Result<(), InvokeError> {
        let (func, at) = self.pending_host_call().ok_or(InvokeError::NoHostCall)?;
        let results_type = &self.store.func_type(func).results;
        check_values(&self.store, results_type, results)?;
        let end = at + results.len();
        if self.stack.len() < end {
            self.stack.resize(end, Cell(0));
        }
        for (cell, value) in self.stack[at..].iter_mut().zip(results) {
            *cell = value.cell();
        }
        let first_frame = self.activations.last().map_or(0, |a| a.first_frame);
        let status = match self.frames[first_frame..].last_mut() {
            None => Status::Answered { func },
            Some(frame) => {
                frame.height = (end - frame.base) as u32;
                frame.position += 1;
                Status::Running
            }
        };
        if let Some(activation) = self.activations.last_mut() {
            activation.status = status;
        }
        Ok(())
    }

    /// Abandons the top activation: after a trap or an exhaustion, or when a host function fails.
    /// An outer activation that waits in a host call is then the top again.
    pub fn unwind(&mut self) {
        if let Some(activation) = self.activations.pop() {
            self.frames.truncate(activation.first_frame);
        }
    }

    /// Results of the activation that returned last.
    pub fn results(&self) -> &[Value] {
        &self.results
    }

    /// How many activations there are.
    pub fn activations(&self) -> usize {
        self.activations.len()
    }

    /// How many frames all activations have.
    pub fn depth(&self) -> usize {
        self.frames.len()
    }

    /// The largest [`Machine::depth`] since [`Machine::reset_max_depth`].
    pub fn max_depth(&self) -> usize {
        self.max_depth
    }

    /// Makes the present depth the largest so far.
    pub fn reset_max_depth(&mut self) {
        self.max_depth = self.frames.len();
    }

    /// The host function that the top activation waits for, and where its arguments are.
    fn pending_host_call(&self) -> Option<(FuncAddr, usize)> {
        let activation = self.activations.last()?;
        let Status::InHost { func, .. } = activation.status else {
            return None;
        };
        let at = match self.frames[activation.first_frame..].last() {
            None => activation.base,
            Some(frame) => {
                let args = self.store.func_type(func).params.len();
                frame.base + frame.height as usize - args
            }
        };
        Some((func, at))
    }

    /// The first cell of the stack that nothing uses.
    fn stack_top(&self) -> usize {
        let Some(activation) = self.activations.last() else {
            return 0;
        };
        match (
            self.frames[activation.first_frame..].last(),
            activation.status,
        ) {
            (Some(frame), _) => frame.base + frame.height as usize,
            (None, Status::InHost { func, .. } | Status::Answered { func }) => {
                let ty = self.store.func_type(func);
                activation.base + ty.params.len().max(ty.results.len())
            }
            (None, _) => activation.base,
        }
    }
}

/// Makes room for a frame at `base`, whose arguments are there already, and zeroes its locals.
#[inline(always)]
fn enter(
    stack: &mut Vec<Cell>,
    depth: usize,
    limits: &Limits,
    function: &Function,
    base: usize,
) -> Result<(), Exhaustion> {
    let locals = base + function.locals.len();
    let end = locals + function.max_operands as usize;
    if depth >= limits.call_depth as usize {
        return Err(Exhaustion::CallDepth);
    }
    if end > limits.stack_cells as usize {
        return Err(Exhaustion::StackCells);
    }
    if end > stack.len() {
        stack.resize(end.max(2 * stack.len()), Cell(0));
    }
    // A reference's default is null, whose cell is zero too.
    stack[base + function.num_params as usize..locals].fill(Cell(0));
    Ok(())
}

fn typed<'a>(cells: &'a [Cell], types: &'a [ValType]) -> impl Iterator<Item = Value> + 'a {
    cells.iter().zip(types).map(|(cell, &ty)| cell.typed(ty))
}

fn check_values(store: &Store, types: &[ValType], values: &[Value]) -> Result<(), InvokeError> {
    if types.len() != values.len() {
        return Err(InvokeError::Arity {
            expected: types.len(),
            got: values.len(),
        });
    }
    for (position, (&expected, &value)) in types.iter().zip(values).enumerate() {
        if !has_type(store, value, expected) {
            return Err(InvokeError::Type {
                position,
                expected,
                got: value.ty(),
            });
        }
    }
    Ok(())
}

/// Whether the embedder's `value` may stand where `expected` is wanted. The referent decides, not
/// the static type that came with it.
fn has_type(store: &Store, value: Value, expected: ValType) -> bool {
    match (value, expected) {
        (Value::Ref(Ref::Null, ty), ValType::Ref(expected)) => {
            expected.is_nullable() && ty.heap_type() == expected.heap_type()
        }
        (Value::Ref(Ref::Func(addr), _), ValType::Ref(expected)) => {
            expected.heap_type() == HeapType::FUNC && addr.index() < store.num_funcs()
        }
        (Value::Ref(Ref::Extern(_), _), ValType::Ref(expected)) => {
            expected.heap_type() == HeapType::EXTERN
        }
        _ => value.ty() == expected,
    }
}

#[cfg(test)]
mod tests;
