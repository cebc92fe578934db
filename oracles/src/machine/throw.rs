//! Exceptions: raised, then either caught in the same activation or left to the embedder. It never
//! executes an opcode: after a catch the dispatch loop goes on where the clause leads.

use super::{InvokeError, Machine, Status, Stop, check_values, typed};
use crate::address::{ExnAddr, TagAddr};
use crate::code::{Clause, RETURN};
use crate::value::{Cell, Ref, Value};

/// Where an exception is caught.
#[derive(Clone, Copy, Debug)]
pub(super) struct Catch {
    pub(super) exn: ExnAddr,
    /// Position in the machine's frames.
    frame: usize,
    clause: Clause,
}

impl Machine {
    /// Makes an exception for the embedder to throw. No limit applies to it.
    ///
    /// # Errors
    ///
    /// If the payload does not fit the tag; then nothing changes.
    ///
    /// # Panics
    ///
    /// If the store has no such tag.
    pub fn alloc_exception(
        &mut self,
        tag: TagAddr,
        payload: &[Value],
    ) -> Result<ExnAddr, InvokeError> {
        check_values(&self.store, &self.store.tag_type(tag).params, payload)?;
        let fields = payload.iter().map(|value| value.cell()).collect();
        let heap = &mut self.store.heap;
        heap.reserve(payload.len() as u64, u64::MAX)
            .map_err(|_| InvokeError::NoAddress)?;
        Ok(heap.add_exception(tag, fields))
    }

    /// Answers the pending host call with an exception: one that [`Machine::alloc_exception`] made,
    /// or one that an inner activation did not catch. The next [`Machine::run`] is a
    /// [`Stop::Throw`], at the call.
    ///
    /// # Errors
    ///
    /// If no host call is pending; then nothing changes.
    ///
    /// # Panics
    ///
    /// If the store has no such exception.
    pub fn host_throw(&mut self, exn: ExnAddr) -> Result<(), InvokeError> {
        self.store.heap.exception(exn);
        match self.activations.last_mut() {
            Some(activation) if matches!(activation.status, Status::InHost { .. }) => {
                activation.status = Status::Raising(exn);
                Ok(())
            }
            _ => Err(InvokeError::NoHostCall),
        }
    }

    /// Puts another exception in the place of the one of the last [`Stop::Throw`], whether or not that is
    /// caught. The stop that it is then; none where nothing was thrown.
    ///
    /// # Panics
    ///
    /// If the store has no such exception.
    pub fn rethrow(&mut self, exn: ExnAddr) -> Option<Stop> {
        self.store.heap.exception(exn);
        let status = self.activations.last()?.status;
        let thrown = matches!(
            status,
            Status::Caught(_) | Status::Ended(Stop::Throw { .. })
        );
        thrown.then(|| self.raise(exn))
    }

    /// The tag of an exception, and its payload with types.
    ///
    /// # Panics
    ///
    /// If the store has no such exception.
    pub fn exception(&self, exn: ExnAddr) -> (TagAddr, Vec<Value>) {
        let exception = self.store.heap.exception(exn);
        let types = &self.store.tag_type(exception.tag).params;
        (exception.tag, typed(&exception.fields, types).collect())
    }

    /// Looks for a handler, and stops. The frames stay as they are until it is caught.
    #[cold]
    pub(super) fn raise(&mut self, exn: ExnAddr) -> Stop {
        let catch = self.find_catch(exn);
        let stop = Stop::Throw {
            exn,
            caught: catch.is_some(),
        };
        if let Some(activation) = self.activations.last_mut() {
            activation.status = match catch {
                Some(catch) => Status::Caught(catch),
                None => Status::Ended(stop),
            };
        }
        stop
    }

    /// The innermost handler of the top activation (section *Throwing*, handlers).
    fn find_catch(&self, exn: ExnAddr) -> Option<Catch> {
        let first_frame = self.activations.last()?.first_frame;
        let tag = self.store.heap.exception(exn).tag;
        let frames = self.frames.iter().enumerate().skip(first_frame).rev();
        frames
            .filter_map(|(i, frame)| {
                let instance = &self.store.instances[frame.instance.index()];
                let function = &instance.module.functions[frame.function as usize];
                let catches = |clause: &&Clause| match clause.tag {
                    None => true,
                    Some(index) => instance.tags[index as usize] == tag,
                };
                // Of the handlers around a position, the innermost begins last.
                let inside = |start: u32, end: u32| start <= frame.position && frame.position < end;
                let clause = function
                    .handlers
                    .iter()
                    .rev()
                    .filter(|handler| inside(handler.start, handler.end))
                    .find_map(|handler| handler.clauses.iter().find(catches))?;
                Some(Catch {
                    exn,
                    frame: i,
                    clause: *clause,
                })
            })
            .next()
    }

    /// Unwinds to the handler: the operands are cut to the label's height and the payload is
    /// pushed. Answers a stop if the label is that of the outermost function.
    #[cold]
    pub(super) fn catch(&mut self, catch: Catch) -> Option<Stop> {
        self.frames.truncate(catch.frame + 1);
        let activation = self.activations.last_mut()?;
        activation.waits = false;
        activation.status = Status::Running;
        let frame = self.frames.last_mut()?;
        let module = &self.store.instances[frame.instance.index()].module;
        let function = &module.functions[frame.function as usize];
        let target = function.targets[catch.clause.target as usize];
        let exception = self.store.heap.exception(catch.exn);
        // A clause for all exceptions knows no payload.
        let payload: &[Cell] = match catch.clause.tag {
            Some(_) => &exception.fields,
            None => &[],
        };
        let below = frame.base + target.below as usize;
        let end = below + payload.len();
        self.stack[below..end].copy_from_slice(payload);
        if catch.clause.with_reference {
            self.stack[end] = Ref::Exn(catch.exn).to_cell();
        }
        frame.height = target.below + target.arity;
        if target.to == RETURN {
            return self.leave(target.arity as usize);
        }
        frame.position = target.to;
        None
    }

    /// Returns from the top frame, whose results are on top of its operands. Answers a stop if it
    /// was the outermost of its activation.
    fn leave(&mut self, arity: usize) -> Option<Stop> {
        let activation = self.activations.last()?;
        let callee = self.frames.pop()?;
        let from = callee.base + callee.height as usize - arity;
        if self.frames.len() == activation.first_frame {
            let types = &self.store.func_type(activation.func).results;
            self.results.clear();
            let cells: &[Cell] = &self.stack[from..from + arity];
            self.results.extend(typed(cells, types));
            self.activations.pop();
            return Some(Stop::Return);
        }
        let caller = self.frames.last_mut()?;
        let to = caller.height - callee.args;
        let at = caller.base + to as usize;
        self.stack.copy_within(from..from + arity, at);
        caller.height = to + arity as u32;
        caller.position += 1;
        None
    }
}
