//! The machine: a store, a stack and the activations on it, driven from stop to stop. It never
//! decides what a host function does, and never runs past a stop.

mod arrays;
mod atomics;
mod bulk;
mod casts;
mod exec;
mod frames;
mod growth;
pub(crate) mod memory_ops;
mod nans;
mod objects;
mod outside;
mod reach;
mod reasons;
mod replace;
mod scalar;
mod tested;
mod throw;
mod vector;

pub use crate::simd::DotSums;
pub use frames::FrameView;
pub use growth::{Grown, Growth, grows};
pub use reach::{Reachable, Segments};

use exec::size_or_failure;

use crate::address::{ExnAddr, FuncAddr, HostFuncId, InstanceAddr};
use crate::code::Function;
use crate::instance::Instance;
use crate::limits::Limits;
use crate::module::Module;
use crate::store::{Extern, FuncInst, Store};
use crate::trap::{Exhaustion, Trap};
use crate::value::{Cell, Value};
use std::sync::Arc;
use wasmparser::ValType;

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
    /// An imported or invoked host function is to run: answer with [`Machine::host_return`],
    /// [`Machine::host_throw`] or [`Machine::unwind`]
    HostCall(HostFuncId),
    /// The opcode shown by [`Machine::top`], or the host function that it called, threw. If it is
    /// caught in this activation, the next [`Machine::run`] unwinds to the handler and goes on; if
    /// not: look, then [`Machine::unwind`], and the embedder may let the host function that invoked
    /// throw it on.
    Throw {
        /// The exception
        exn: ExnAddr,
        /// Whether this activation has a handler for it
        caught: bool,
    },
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
    /// The module wants more than the [`Limits`] allow; no instance was made.
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
    /// The store has as many objects as it has addresses
    #[error("no address is left for an exception")]
    NoAddress,
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
    /// Address of the instance's first memory; `NO_MEMORY` if it has none.
    memory: u32,
    /// Operands of the caller that the results replace: the arguments of the call that it executed,
    /// whatever function tail calls have put in its place.
    args: u32,
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
        args: u32,
    ) -> Frame {
        Frame {
            instance: addr,
            function: position,
            position: 0,
            height: function.locals.len() as u32,
            memory: instance.memories.first().map_or(NO_MEMORY, |m| m.0),
            args,
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
    InHost {
        func: FuncAddr,
        id: HostFuncId,
        /// Where in the stack its arguments are
        at: usize,
        /// Operands of the innermost frame that its results replace
        replaces: u32,
    },
    /// To hand over the results, which are on the stack: only when no frame is left
    Answered,
    /// To throw: a host function has
    Raising(ExnAddr),
    /// To unwind to a handler
    Caught(throw::Catch),
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
    /// The function that was invoked, whose type its results have.
    func: FuncAddr,
    status: Status,
    /// Whether its innermost frame waits for a host function, or for what becomes of its exception.
    waits: bool,
    /// How many operands its innermost frame shows no more, from the top: some that a trapping opcode took.
    gone: usize,
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
    relaxed: vector::Relaxed,
    growth: Option<Growth>,
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
            relaxed: vector::Relaxed::default(),
            growth: None,
        }
    }

    /// Lets relaxed multiply-adds round once (`R_fmadd` is 1), not twice as in the deterministic
    /// profile.
    pub fn fuse_relaxed_madd(&mut self) {
        self.relaxed.fuses = true;
    }

    /// How many relaxed multiply-adds had another result because they round once.
    pub fn fused_differences(&self) -> u64 {
        self.relaxed.fused
    }

    /// Lets relaxed dot products add otherwise than the specification says, which saturates.
    pub fn set_dot_sums(&mut self, sums: DotSums) {
        self.relaxed.dots = sums;
    }

    /// How many relaxed dot products had another result because of how they add.
    pub fn dot_differences(&self) -> u64 {
        self.relaxed.unsaturated
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

    /// Whether a function can be called with these arguments.
    ///
    /// # Errors
    ///
    /// If they do not fit its type.
    ///
    /// # Panics
    ///
    /// If the store has no such function.
    pub fn accepts(&self, func: FuncAddr, args: &[Value]) -> Result<(), InvokeError> {
        check_values(&self.store, &self.store.func_type(func).params, args)
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
        self.accepts(func, args)?;
        let base = self.stack_top();
        if self.stack.len() < base + args.len() {
            self.stack.resize(base + args.len(), Cell(0));
        }
        for (cell, value) in self.stack[base..].iter_mut().zip(args) {
            *cell = value.cell();
        }
        let first_frame = self.frames.len();
        let status = match *self.store.func(func) {
            FuncInst::Host { id, .. } => Status::InHost {
                func,
                id,
                at: base,
                replaces: 0,
            },
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
                        let frame = Frame::new(owner, instance, position, function, base, 0);
                        self.frames.push(frame);
                        Status::Running
                    }
                }
            }
        };
        self.max_depth = self.max_depth.max(self.frames.len());
        self.activations.push(Activation {
            first_frame,
            base,
            func,
            status,
            waits: matches!(status, Status::InHost { .. }),
            gone: 0,
        });
        Ok(())
    }

    /// Runs the top activation to its next stop.
    ///
    /// After [`Machine::invoke`] the first stop at a sequence point is before the function's first
    /// opcode, if it is selected. At a [`Stop::SequencePoint`], the next `run` first executes the
    /// opcode it stopped before. A host call, an uncaught exception, trap or exhaustion that was not
    /// answered is reported again.
    ///
    /// # Panics
    ///
    /// If there is no activation.
    #[inline(always)]
    pub fn run<S: StopAt>(&mut self, stop_at: &S) -> Stop {
        let activation = self.activations.last();
        if activation.is_some_and(|a| matches!(a.status, Status::AtPoint)) {
            return self.execute(stop_at, true);
        }
        self.run_from_elsewhere(stop_at)
    }

    /// Runs on from anything but a sequence point.
    #[inline(never)]
    fn run_from_elsewhere<S: StopAt>(&mut self, stop_at: &S) -> Stop {
        let Some(activation) = self.activations.last_mut() else {
            panic!("run without an activation");
        };
        match activation.status {
            Status::AtPoint => self.execute(stop_at, true),
            Status::Running => self.execute(stop_at, false),
            Status::InHost { id, .. } => Stop::HostCall(id),
            Status::Ended(stop) => stop,
            Status::Raising(exn) => self.raise(exn),
            Status::Caught(catch) => match self.catch(catch) {
                Some(stop) => stop,
                None => self.execute(stop_at, false),
            },
            Status::Answered => {
                let types = &self.store.func_type(activation.func).results;
                self.results.clear();
                let cells = &self.stack[activation.base..];
                self.results.extend(typed(cells, types));
                self.activations.pop();
                Stop::Return
            }
        }
    }

    /// Arguments of the pending host call; empty if there is none.
    pub fn host_args(&self) -> Vec<Value> {
        match self.activations.last().map(|a| a.status) {
            Some(Status::InHost { func, at, .. }) => {
                typed(&self.stack[at..], &self.store.func_type(func).params).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Answers the pending host call. The next [`Machine::run`] goes on after it.
    ///
    /// # Errors
    ///
    /// If no host call is pending or the results do not fit its type; then nothing changes.
    pub fn host_return(&mut self, results: &[Value]) -> Result<(), InvokeError> {
        let Some(activation) = self.activations.last_mut() else {
            return Err(InvokeError::NoHostCall);
        };
        let Status::InHost { func, replaces, .. } = activation.status else {
            return Err(InvokeError::NoHostCall);
        };
        let results_type = &self.store.func_type(func).results;
        check_values(&self.store, results_type, results)?;
        activation.waits = false;
        let at = match self.frames[activation.first_frame..].last_mut() {
            None => {
                activation.status = Status::Answered;
                activation.base
            }
            Some(frame) => {
                activation.status = Status::Running;
                let below = frame.height - replaces;
                frame.height = below + results.len() as u32;
                frame.position += 1;
                frame.base + below as usize
            }
        };
        let end = at + results.len();
        if self.stack.len() < end {
            self.stack.resize(end, Cell(0));
        }
        for (cell, value) in self.stack[at..].iter_mut().zip(results) {
            *cell = value.cell();
        }
        Ok(())
    }

    /// The frame of a trap shows that many operands from here on, which may be fewer than there were before the
    /// trapping opcode; nothing changes where there are not so many, or nothing trapped.
    pub fn leave_operands(&mut self, left: usize) {
        let there = self.top().map_or(0, |view| view.operands.len());
        if let Some(activation) = self.activations.last_mut()
            && matches!(activation.status, Status::Ended(Stop::Trap(_)))
        {
            activation.gone += there.saturating_sub(left);
        }
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

    /// The first cell of the stack that nothing uses.
    fn stack_top(&self) -> usize {
        let Some(activation) = self.activations.last() else {
            return 0;
        };
        let frames = match self.frames[activation.first_frame..].last() {
            Some(frame) => frame.base + frame.height as usize,
            None => activation.base,
        };
        let in_host = match activation.status {
            Status::InHost { func, at, .. } => at + self.store.func_type(func).params.len(),
            Status::Answered => {
                activation.base + self.store.func_type(activation.func).results.len()
            }
            _ => 0,
        };
        frames.max(in_host)
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
    make_room(stack, depth, limits, function, base)?;
    zero_locals(stack, function, base);
    Ok(())
}

/// Makes room for a frame at `base`.
#[inline(always)]
fn make_room(
    stack: &mut Vec<Cell>,
    depth: usize,
    limits: &Limits,
    function: &Function,
    base: usize,
) -> Result<(), Exhaustion> {
    let end = base + function.locals.len() + function.max_operands as usize;
    if depth >= limits.call_depth as usize {
        return Err(Exhaustion::CallDepth);
    }
    if end > limits.stack_cells as usize {
        return Err(Exhaustion::StackCells);
    }
    if end > stack.len() {
        stack.resize(end.max(2 * stack.len()), Cell(0));
    }
    Ok(())
}

/// Gives the locals that are not parameters their default.
#[inline(always)]
fn zero_locals(stack: &mut [Cell], function: &Function, base: usize) {
    // A reference's default is null, whose cell is zero too.
    let locals = base + function.locals.len();
    stack[base + function.num_params as usize..locals].fill(Cell(0));
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
        if !store.has_type(value, expected) {
            return Err(InvokeError::Type {
                position,
                expected,
                got: value.ty(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
