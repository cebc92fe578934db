//! The dispatch loop: one arm for each opcode, as the specification reduces it. It never stops in
//! the middle of an opcode: what traps has changed nothing.

use super::growth::{Grown, Growth};
use super::outside::{self, Parts};
use super::{
    Frame, Machine, Status, Stop, StopAt, casts, enter, make_room, scalar, typed, vector,
    zero_locals,
};
use crate::address::{FuncAddr, MemAddr};
use crate::code::{Function, RETURN};
use crate::compile::MEMORY;
use crate::opcode::Opcode;
use crate::store::{FuncInst, Store};
use crate::trap::Trap;
use crate::value::{Cell, Ref};

impl Machine {
    /// Executes until the next stop. `at_point`: the next opcode was already stopped before.
    #[inline]
    pub(super) fn execute<S: StopAt>(&mut self, stop_at: &S, at_point: bool) -> Stop {
        let Machine {
            relaxed,
            store,
            limits,
            stack,
            frames,
            activations,
            results,
            max_depth,
            growth,
        } = self;
        let Store {
            instances,
            funcs,
            func_types,
            tables,
            memories,
            globals,
            elems,
            datas,
            tags,
            heap,
            types,
        } = store;
        let (Some(activation), Some(mut frame)) = (activations.last_mut(), frames.last().copied())
        else {
            panic!("crash: execution without a frame");
        };

        // What the frame's fields mean, kept at hand until the next call or return.
        let mut instance = &instances[frame.instance.index()];
        let mut function: &Function = &instance.module.functions[frame.function as usize];
        let mut memory = frame.memory as usize;
        let mut cells = &mut stack[frame.base..][..size(function)];
        let mut position = frame.position as usize;
        let mut sp = frame.height as usize;

        macro_rules! stop {
            ($status:expr, $stop:expr) => {{
                activation.status = $status;
                if let Some(top) = frames.last_mut() {
                    top.position = position as u32;
                    top.height = sp as u32;
                }
                return $stop;
            }};
        }
        macro_rules! end {
            ($stop:expr) => {{
                let stop = $stop;
                stop!(Status::Ended(stop), stop)
            }};
        }
        macro_rules! trap {
            ($trap:expr) => {
                end!(Stop::Trap($trap))
            };
        }
        // Looks for a handler: frames and operands stay as they are before the opcode.
        macro_rules! throw {
            ($exn:expr) => {{
                let exn = $exn;
                if let Some(top) = frames.last_mut() {
                    top.position = position as u32;
                    top.height = sp as u32;
                }
                return self.raise(exn);
            }};
        }
        macro_rules! load_frame {
            () => {{
                instance = &instances[frame.instance.index()];
                function = &instance.module.functions[frame.function as usize];
                memory = frame.memory as usize;
                cells = &mut stack[frame.base..][..size(function)];
            }};
        }

        if !at_point && stop_at.stops(frame.instance, function, position) {
            stop!(Status::AtPoint, Stop::SequencePoint);
        }

        'run: loop {
            'execute: {
                let tail_callee: FuncAddr = 'tail: {
                    let callee: FuncAddr = 'call: {
                        let instr = &function.instrs[position];
                        macro_rules! next {
                            () => {
                                position + 1
                            };
                        }
                        macro_rules! push {
                            ($cell:expr) => {{
                                cells[sp] = $cell;
                                sp += 1;
                                next!()
                            }};
                        }
                        // The operand `n` below the top.
                        macro_rules! operand {
                            ($n:expr) => {
                                cells[sp - 1 - $n]
                            };
                        }
                        // The effective address. One beyond 64 bits is as much out of bounds as the last.
                        macro_rules! address {
                            ($n:expr) => {
                                operand!($n).u64().saturating_add(instr.b)
                            };
                        }
                        macro_rules! memory {
                            ($index:expr) => {
                                match $index {
                                    0 => memory,
                                    n => instance.memories[n as usize].index(),
                                }
                            };
                        }
                        macro_rules! load {
                            ($ty:ty) => {
                                load!($ty as $ty)
                            };
                            ($ty:ty as $to:ty) => {
                                match memories[memory!(instr.a >> MEMORY)].load(address!(0)) {
                                    Some(bytes) => {
                                        let value = <$ty>::from_le_bytes(bytes) as $to;
                                        operand!(0) = Cell(u128::from(value));
                                        next!()
                                    }
                                    None => trap!(Trap::OutOfBoundsMemoryAccess),
                                }
                            };
                        }
                        macro_rules! store {
                            ($ty:ty) => {{
                                let bytes = (operand!(0).0 as $ty).to_le_bytes();
                                match memories[memory!(instr.a >> MEMORY)].store(address!(1), bytes)
                                {
                                    Some(()) => {
                                        sp -= 2;
                                        next!()
                                    }
                                    None => trap!(Trap::OutOfBoundsMemoryAccess),
                                }
                            }};
                        }
                        macro_rules! branch {
                            ($target:expr) => {{
                                let target = function.targets[$target as usize];
                                if target.to == RETURN {
                                    break 'execute;
                                }
                                let (below, arity) = (target.below as usize, target.arity as usize);
                                if arity > 0 {
                                    cells.copy_within(sp - arity..sp, below);
                                }
                                sp = below + arity;
                                target.to as usize
                            }};
                        }
                        macro_rules! table {
                            ($index:expr) => {
                                tables[instance.tables[$index as usize].index()]
                            };
                        }

                        macro_rules! belongs {
                            () => {
                                casts::belongs(
                                    types,
                                    func_types,
                                    heap,
                                    instance,
                                    operand!(0),
                                    function.casts[instr.b as usize],
                                )
                            };
                        }
                        // The function that a `call_indirect` calls.
                        macro_rules! indirect {
                            () => {{
                                let index = operand!(0).u64() as usize;
                                let callee = match table!(instr.b).elements.get(index) {
                                    None => trap!(Trap::UndefinedElement),
                                    Some(Ref::Null) => trap!(Trap::UninitializedElement),
                                    Some(&Ref::Func(callee)) => callee,
                                    Some(other) => {
                                        panic!("crash: {other:?} in a table of functions")
                                    }
                                };
                                let (actual, wanted) =
                                    (func_types[callee.index()], instance.types[instr.a as usize]);
                                if !types.is_subtype(actual, wanted) {
                                    trap!(Trap::IndirectCallTypeMismatch);
                                }
                                sp -= 1;
                                callee
                            }};
                        }
                        // The function that a `call_ref` calls.
                        macro_rules! referenced {
                            () => {
                                match Ref::from_cell(operand!(0)) {
                                    Ref::Func(callee) => {
                                        sp -= 1;
                                        callee
                                    }
                                    Ref::Null => trap!(Trap::NullFunctionReference),
                                    other => panic!("crash: {other:?} as a function"),
                                }
                            };
                        }

                        position = match instr.op {
                            // control
                            Opcode::Nop | Opcode::Block | Opcode::Loop | Opcode::TryTable => {
                                next!()
                            }
                            Opcode::Unreachable => trap!(Trap::Unreachable),
                            Opcode::If => {
                                sp -= 1;
                                if cells[sp].u32() != 0 {
                                    next!()
                                } else {
                                    instr.a as usize
                                }
                            }
                            Opcode::Else => instr.a as usize,
                            Opcode::End => {
                                if instr.a != 0 {
                                    break 'execute;
                                }
                                next!()
                            }
                            Opcode::Br => branch!(instr.a),
                            Opcode::BrIf => {
                                sp -= 1;
                                if cells[sp].u32() != 0 {
                                    branch!(instr.a)
                                } else {
                                    next!()
                                }
                            }
                            Opcode::BrTable => {
                                sp -= 1;
                                let index = u64::from(cells[sp].u32()).min(instr.b);
                                branch!(instr.a + index as u32)
                            }
                            Opcode::Return => break 'execute,
                            Opcode::Call => break 'call instance.funcs[instr.a as usize],
                            Opcode::CallIndirect => break 'call indirect!(),
                            Opcode::CallRef => break 'call referenced!(),
                            Opcode::ReturnCall => break 'tail instance.funcs[instr.a as usize],
                            Opcode::ReturnCallIndirect => break 'tail indirect!(),
                            Opcode::ReturnCallRef => break 'tail referenced!(),
                            Opcode::BrOnNull => {
                                if operand!(0) == Ref::Null.to_cell() {
                                    sp -= 1;
                                    branch!(instr.a)
                                } else {
                                    next!()
                                }
                            }
                            Opcode::BrOnNonNull => {
                                if operand!(0) == Ref::Null.to_cell() {
                                    sp -= 1;
                                    next!()
                                } else {
                                    branch!(instr.a)
                                }
                            }
                            Opcode::BrOnCast => {
                                if belongs!() {
                                    branch!(instr.a)
                                } else {
                                    next!()
                                }
                            }
                            Opcode::BrOnCastFail => {
                                if belongs!() {
                                    next!()
                                } else {
                                    branch!(instr.a)
                                }
                            }
                            Opcode::Throw => {
                                let tag = instance.tags[instr.a as usize];
                                let arity = types.as_func(tags[tag.index()].ty).params.len();
                                if let Err(limit) = heap.reserve(arity as u64, limits.heap_cells) {
                                    end!(Stop::Exhausted(limit));
                                }
                                throw!(heap.add_exception(tag, cells[sp - arity..sp].into()))
                            }
                            Opcode::ThrowRef => match Ref::from_cell(operand!(0)) {
                                Ref::Exn(exn) => throw!(exn),
                                Ref::Null => trap!(Trap::NullExceptionReference),
                                other => panic!("crash: {other:?} as an exception"),
                            },

                            // parametric and variable
                            Opcode::Drop => {
                                sp -= 1;
                                next!()
                            }
                            Opcode::Select | Opcode::TypedSelect => {
                                if operand!(0).u32() == 0 {
                                    operand!(2) = operand!(1);
                                }
                                sp -= 2;
                                next!()
                            }
                            Opcode::LocalGet => push!(cells[instr.a as usize]),
                            Opcode::LocalSet => {
                                cells[instr.a as usize] = operand!(0);
                                sp -= 1;
                                next!()
                            }
                            Opcode::LocalTee => {
                                cells[instr.a as usize] = operand!(0);
                                next!()
                            }
                            Opcode::GlobalGet => {
                                push!(globals[instance.globals[instr.a as usize].index()].value)
                            }
                            Opcode::GlobalSet => {
                                globals[instance.globals[instr.a as usize].index()].value =
                                    operand!(0);
                                sp -= 1;
                                next!()
                            }

                            // references
                            Opcode::RefNull => push!(Ref::Null.to_cell()),
                            Opcode::RefIsNull => {
                                operand!(0) = Cell(u128::from(operand!(0) == Ref::Null.to_cell()));
                                next!()
                            }
                            Opcode::RefFunc => {
                                push!(Ref::Func(instance.funcs[instr.a as usize]).to_cell())
                            }
                            Opcode::RefAsNonNull => {
                                if operand!(0) == Ref::Null.to_cell() {
                                    trap!(Trap::NullReference);
                                }
                                next!()
                            }
                            Opcode::RefEq => {
                                operand!(1) = Cell(u128::from(operand!(0) == operand!(1)));
                                sp -= 1;
                                next!()
                            }
                            // The same reference, seen from the other hierarchy.
                            Opcode::AnyConvertExtern | Opcode::ExternConvertAny => next!(),

                            // tables
                            Opcode::TableGet => {
                                let index = operand!(0).u64() as usize;
                                match table!(instr.a).elements.get(index) {
                                    Some(element) => {
                                        operand!(0) = element.to_cell();
                                        next!()
                                    }
                                    None => trap!(Trap::OutOfBoundsTableAccess),
                                }
                            }
                            Opcode::TableSet => {
                                let index = operand!(1).u64() as usize;
                                match table!(instr.a).elements.get_mut(index) {
                                    Some(element) => {
                                        *element = Ref::from_cell(operand!(0));
                                        sp -= 2;
                                        next!()
                                    }
                                    None => trap!(Trap::OutOfBoundsTableAccess),
                                }
                            }
                            Opcode::TableSize => {
                                push!(Cell(table!(instr.a).elements.len() as u128))
                            }
                            Opcode::TableGrow => {
                                let delta = operand!(0).u64();
                                let init = Ref::from_cell(operand!(1));
                                let addr = instance.tables[instr.a as usize];
                                let table = &mut tables[addr.index()];
                                let (before, wanted) =
                                    (table.elements.len() as u64, table.grown(delta));
                                let old = table.grow(delta, init, limits.table_elements);
                                *growth = wanted.map(|wanted| Growth {
                                    entity: Grown::Table(addr),
                                    before,
                                    wanted,
                                    succeeded: old.is_some(),
                                });
                                sp -= 1;
                                operand!(0) = size_or_failure(old, table.ty.table64);
                                next!()
                            }

                            // memories
                            Opcode::I32Load => load!(u32),
                            Opcode::F32Load => load!(u32),
                            Opcode::I64Load => load!(u64),
                            Opcode::F64Load => load!(u64),
                            Opcode::V128Load => load!(u128),
                            Opcode::I32Load8S => load!(i8 as u32),
                            Opcode::I32Load8U => load!(u8 as u32),
                            Opcode::I64Load8S => load!(i8 as u64),
                            Opcode::I64Load8U => load!(u8 as u64),
                            Opcode::I32Load16S => load!(i16 as u32),
                            Opcode::I32Load16U => load!(u16 as u32),
                            Opcode::I64Load16S => load!(i16 as u64),
                            Opcode::I64Load16U => load!(u16 as u64),
                            Opcode::I64Load32S => load!(i32 as u64),
                            Opcode::I64Load32U => load!(u32 as u64),
                            Opcode::I32Store => store!(u32),
                            Opcode::F32Store => store!(u32),
                            Opcode::I64Store => store!(u64),
                            Opcode::F64Store => store!(u64),
                            Opcode::I32Store8 => store!(u8),
                            Opcode::I32Store16 => store!(u16),
                            Opcode::I64Store8 => store!(u8),
                            Opcode::I64Store16 => store!(u16),
                            Opcode::I64Store32 => store!(u32),
                            Opcode::V128Store => store!(u128),
                            Opcode::MemorySize => {
                                push!(Cell(u128::from(memories[memory!(instr.a)].pages())))
                            }
                            Opcode::MemoryGrow => {
                                let delta = operand!(0).u64();
                                let index = memory!(instr.a);
                                let memory = &mut memories[index];
                                let (before, wanted) =
                                    (memory.bytes().len() as u64, memory.grown(delta));
                                let old = memory.grow(delta, limits.memory_bytes);
                                *growth = wanted.map(|wanted| Growth {
                                    entity: Grown::Memory(MemAddr(index as u32)),
                                    before,
                                    wanted,
                                    succeeded: old.is_some(),
                                });
                                operand!(0) = size_or_failure(old, memory.ty.memory64);
                                next!()
                            }

                            // constants
                            Opcode::I32Const
                            | Opcode::I64Const
                            | Opcode::F32Const
                            | Opcode::F64Const => {
                                push!(Cell(u128::from(instr.b)))
                            }
                            // vectors
                            Opcode::V128Const => push!(Cell(function.vectors[instr.b as usize])),
                            op => match scalar::execute(op, cells, sp) {
                                Some(Ok(height)) => {
                                    sp = height;
                                    next!()
                                }
                                Some(Err(trap)) => trap!(trap),
                                None if vector::is_vector(op) => {
                                    let memory = memories.get_mut(memory!(instr.a >> MEMORY));
                                    match vector::execute(
                                        function, instr, cells, sp, memory, relaxed,
                                    ) {
                                        Ok(height) => {
                                            sp = height;
                                            next!()
                                        }
                                        Err(trap) => trap!(trap),
                                    }
                                }
                                None => {
                                    let parts = Parts {
                                        instance,
                                        function,
                                        limits,
                                        types,
                                        func_types,
                                        tables,
                                        memories,
                                        elems,
                                        datas,
                                        heap,
                                    };
                                    match outside::execute(parts, instr, cells, sp) {
                                        Ok(height) => {
                                            sp = height;
                                            next!()
                                        }
                                        Err(stop) => end!(stop),
                                    }
                                }
                            },
                        };
                        if stop_at.stops(frame.instance, function, position) {
                            stop!(Status::AtPoint, Stop::SequencePoint);
                        }
                        continue 'run;
                    };

                    // A call: the arguments stay on the caller's operand stack and are copied.
                    let (addr, index) = match &funcs[callee.index()] {
                        FuncInst::Wasm { instance, index } => (*instance, index.0),
                        FuncInst::Host { id, .. } => {
                            let params = types.as_func(func_types[callee.index()]).params.len();
                            activation.waits = true;
                            let status = Status::InHost {
                                func: callee,
                                id: *id,
                                at: frame.base + sp - params,
                                replaces: params as u32,
                            };
                            stop!(status, Stop::HostCall(*id))
                        }
                    };
                    let owner = &instances[addr.index()];
                    let module = &*owner.module;
                    let defined = index - module.num_imported_funcs;
                    let callee = &module.functions[defined as usize];
                    let params = callee.num_params as usize;
                    let base = frame.base + sp;
                    if let Err(limit) = enter(stack, frames.len(), limits, callee, base) {
                        // As before the opcode: it has its index or its function again.
                        sp += function.instrs[position].op.own_operands();
                        end!(Stop::Exhausted(limit));
                    }
                    stack.copy_within(base - params..base, base);
                    if let Some(caller) = frames.last_mut() {
                        caller.position = position as u32;
                        caller.height = sp as u32;
                    }
                    position = 0;
                    sp = callee.locals.len();
                    frame = Frame::new(owner, addr, defined, callee, base, params as u32);
                    frames.push(frame);
                    *max_depth = frames.len().max(*max_depth);
                    load_frame!();
                    if stop_at.stops(frame.instance, function, position) {
                        stop!(Status::AtPoint, Stop::SequencePoint);
                    }
                    continue 'run;
                };

                // A tail call: the callee's frame replaces this one, and returns to its caller.
                let (addr, index) = match &funcs[tail_callee.index()] {
                    FuncInst::Wasm { instance, index } => (*instance, index.0),
                    FuncInst::Host { id, .. } => {
                        let params = types.as_func(func_types[tail_callee.index()]).params.len();
                        let from = frame.base + sp - params;
                        stack.copy_within(from..from + params, frame.base);
                        frames.pop();
                        activation.waits = true;
                        activation.status = Status::InHost {
                            func: tail_callee,
                            id: *id,
                            at: frame.base,
                            replaces: frame.args,
                        };
                        return Stop::HostCall(*id);
                    }
                };
                let owner = &instances[addr.index()];
                let module = &*owner.module;
                let defined = index - module.num_imported_funcs;
                let callee = &module.functions[defined as usize];
                let params = callee.num_params as usize;
                let base = frame.base;
                if let Err(limit) = make_room(stack, frames.len() - 1, limits, callee, base) {
                    sp += function.instrs[position].op.own_operands();
                    end!(Stop::Exhausted(limit));
                }
                stack.copy_within(base + sp - params..base + sp, base);
                zero_locals(stack, callee, base);
                position = 0;
                sp = callee.locals.len();
                frame = Frame::new(owner, addr, defined, callee, base, frame.args);
                if let Some(top) = frames.last_mut() {
                    *top = frame;
                }
                load_frame!();
                if stop_at.stops(frame.instance, function, position) {
                    stop!(Status::AtPoint, Stop::SequencePoint);
                }
                continue 'run;
            }

            // A return: the results take the place of the arguments.
            let arity = function.num_results as usize;
            let args = frame.args as usize;
            if frames.len() == activation.first_frame + 1 {
                let ty = types.as_func(func_types[activation.func.index()]);
                results.clear();
                results.extend(typed(&cells[sp - arity..sp], &ty.results));
                frames.pop();
                activations.pop();
                return Stop::Return;
            }
            let from = frame.base + sp - arity;
            frames.pop();
            let Some(&caller) = frames.last() else {
                panic!("crash: a return without a caller");
            };
            frame = caller;
            position = frame.position as usize + 1;
            sp = frame.height as usize - args;
            stack.copy_within(from..from + arity, frame.base + sp);
            sp += arity;
            load_frame!();
            if stop_at.stops(frame.instance, function, position) {
                stop!(Status::AtPoint, Stop::SequencePoint);
            }
        }
    }
}

/// Cells of a frame.
#[inline(always)]
fn size(function: &Function) -> usize {
    function.locals.len() + function.max_operands as usize
}

/// What `memory.grow` and `table.grow` answer: -1, of the width of an index, for a failure.
pub(super) fn size_or_failure(old: Option<u64>, index64: bool) -> Cell {
    let failure = if index64 {
        u64::MAX
    } else {
        u64::from(u32::MAX)
    };
    Cell(u128::from(old.unwrap_or(failure)))
}
