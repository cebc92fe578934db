//! What the program has executed, as far as a cause asks for it: tail calls, allocations, uses of
//! element segments, and tests of a function's type.

use super::Following;
use super::shapes::taken_at;
use crate::causes::inlined_calls::InlinedCalls;
use crate::causes::{Cause, collect_slot, imported_type, segment_objects, try_root};
use crate::configuration::Collector;
use lockstep_oracles::address::{FuncAddr, FuncIndex, InstanceAddr, ObjectAddr};
use lockstep_oracles::machine::{FrameView, Machine};
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::types::TypeId;
use lockstep_oracles::value::{Ref, Value};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// An opcode of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Executed {
    pub(crate) instance: InstanceAddr,
    pub(crate) func: FuncIndex,
    pub(crate) position: usize,
}

/// What is remembered of a frame, whatever function tail calls have put in its place.
#[derive(Clone, Debug, Default)]
struct Past {
    /// Tail calls, each once.
    tail_calls: Vec<Executed>,
    /// Whether the last opcode was one.
    left: bool,
    /// Tail calls of the frame inside it, which left for the host function that it waits for.
    left_for_host: Vec<Executed>,
    /// How many of its operands, from the bottom, were there when an opcode of it may have collected.
    surviving: usize,
}

/// The element segment of an instance.
type Segment = (InstanceAddr, u32);

/// What the program has executed.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Whether tail calls and collections are noted.
    wants_frames: bool,
    /// By which collector an opcode may collect with the roots of another (`COLLECT-SLOT`).
    collector: Option<Collector>,
    wants_segments: bool,
    /// Whether so much was executed between two events that it was not followed.
    lost: bool,
    /// By depth, the outermost frame first; also of the frame that returned last.
    frames: Vec<Past>,
    uses: HashMap<Segment, u32>,
    /// Objects that the expressions of element segments made, and of which segment each is.
    segment_objects: HashMap<ObjectAddr, Segment>,
    /// Functions, and the types that they were imported as where those are not their own.
    imported_as: HashMap<FuncAddr, Vec<TypeId>>,
    /// Whether the type of such a function was tested, and the subject may have found otherwise.
    strayed: bool,
    roots: Roots,
    /// Whether the program may have been ended while an array was being made.
    pub(crate) half_made: bool,
}

/// What is known of the roots of frames that wait at guarded calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Roots {
    /// Nobody asks.
    #[default]
    Unwatched,
    /// Nothing may have been freed.
    Kept,
    /// What such a frame held may have been freed.
    Lost,
}

impl History {
    pub(crate) fn want_frames(&mut self) {
        self.wants_frames = true;
    }

    /// Expressions of element segments made these objects. If that is asked for, the uses of segments are
    /// noted from here on.
    fn add_segment_objects(
        &mut self,
        objects: impl Iterator<Item = (ObjectAddr, Segment)>,
        asked: bool,
    ) {
        self.segment_objects.extend(objects);
        self.wants_segments |= asked && !self.segment_objects.is_empty();
    }

    /// Whether anything is noted.
    #[inline]
    pub(crate) fn is_wanted(&self) -> bool {
        self.wants_frames || self.wants_segments || self.wants_steps()
    }

    /// Whether what is executed is noted opcode by opcode where no event comes, too.
    #[inline]
    pub(crate) fn wants_steps(&self) -> bool {
        self.wants_tests() || self.roots == Roots::Kept
    }

    /// Whether objects may have been freed that frames at guarded calls held.
    pub(crate) fn has_lost_roots(&self) -> bool {
        self.roots == Roots::Lost
    }

    /// Whether tests of functions' types are noted.
    #[inline]
    pub(crate) fn wants_tests(&self) -> bool {
        !self.imported_as.is_empty()
    }

    /// Whether the type of an imported function was tested, and the subject may have gone another way.
    pub(crate) fn has_strayed(&self) -> bool {
        self.strayed
    }

    /// What the last opcode did was seen to be right.
    #[inline]
    pub(crate) fn seen(&mut self) {
        self.strayed = false;
    }

    /// The program executed more than was followed.
    pub(crate) fn lose(&mut self) {
        self.lost = true;
    }

    /// A function is invoked above that many frames.
    pub(crate) fn invoked(&mut self, depth: usize) {
        // It takes the place of a frame that left for the host by a tail call.
        let gone = self.frames.drain(depth.min(self.frames.len())..).next();
        if let Some(gone) = gone.filter(|gone| gone.left)
            && let Some(outer) = self.frames.last_mut()
        {
            outer.left_for_host = gone.tail_calls;
        }
        if depth == 0 {
            self.lost = false;
        }
    }

    /// The opcode that the machine is at is executed.
    pub(crate) fn note(&mut self, machine: &Machine) {
        let Some(view) = machine.top().filter(|_| machine.executes_next()) else {
            return;
        };
        if self.wants_frames {
            self.note_frame(&view, machine);
        }
        if self.wants_segments
            && let Some(segment) = used(&view)
        {
            *self.uses.entry(segment).or_default() += 1;
        }
        if self.wants_tests() {
            self.strayed |= self.strays(machine);
        }
        if view.op().makes_object() {
            self.note_roots(machine);
        }
    }

    /// What the program executed was not followed: it may have come to where roots are lost.
    pub(crate) fn lose_roots(&mut self) {
        if self.roots == Roots::Kept {
            self.roots = Roots::Lost;
        }
    }

    /// An object is made, before which the engine may collect.
    pub(crate) fn note_roots(&mut self, machine: &Machine) {
        if self.roots == Roots::Kept && machine.frames().any(|view| try_root::loses_roots(&view)) {
            self.roots = Roots::Lost;
        }
    }

    /// Whether the opcode tests a function's type, and finds otherwise where that is the one of an import.
    fn strays(&self, machine: &Machine) -> bool {
        let store = &machine.store;
        machine.tested_func().is_some_and(|(func, wanted)| {
            let own = store.func_type_id(func);
            let others = self.imported_as.get(&func).into_iter().flatten();
            others
                .into_iter()
                .any(|&other| imported_type::strays(store.types(), own, other, wanted))
        })
    }

    /// Whether any opcode may collect by itself, with the roots of another.
    pub(crate) fn may_collect(&self) -> bool {
        self.collector.is_some()
    }

    /// Whether the opcode of a frame may collect by itself, with the roots of another.
    pub(crate) fn collects(&self, view: &FrameView<'_>, machine: &Machine) -> bool {
        let made = machine.store.heap().num_made();
        self.collector.is_some_and(|it| {
            collect_slot::collects(it, view.module, view.function, view.position, made)
        })
    }

    /// Whether a collection of the program's may have written over any object.
    pub(crate) fn may_overwrite(&self, machine: &Machine) -> bool {
        let cells = machine.store.heap().num_cells();
        let collector = self.collector;
        collector.is_some_and(|it| collect_slot::may_overwrite(it, cells))
    }

    fn note_frame(&mut self, view: &FrameView<'_>, machine: &Machine) {
        let collects = self.collects(view, machine);
        self.frames.resize_with(machine.depth(), Past::default);
        let Some(past) = self.frames.last_mut() else {
            return;
        };
        let op = view.op();
        let left = view
            .operands
            .len()
            .saturating_sub(taken_at(view.function, view.position));
        past.surviving = match collects {
            true => left,
            false => past.surviving.min(left),
        };
        past.left_for_host.clear();
        past.left = op.is_tail_call();
        if past.left {
            past.surviving = 0;
            let executed = Executed {
                instance: view.instance,
                func: view.function.index,
                position: view.position,
            };
            if !past.tail_calls.contains(&executed) {
                past.tail_calls.push(executed);
            }
        }
    }

    /// An opcode may have collected within the frame with that many outside it, that was inlined there: these
    /// operands of the frame were there.
    pub(crate) fn note_inlined_collection(&mut self, outside: usize, operands: usize) {
        if let Some(past) = self.frames.get_mut(outside) {
            past.surviving = operands;
        }
    }

    /// Whether a frame may have been replaced: nothing is known of another.
    pub(crate) fn has_tail_calls(&self) -> bool {
        let has = |past: &Past| !past.tail_calls.is_empty() || !past.left_for_host.is_empty();
        self.lost || self.frames.iter().any(has)
    }

    /// Whether the tail call was executed in the frame with that many outside it.
    pub(crate) fn has_replaced(&self, outside: usize, executed: Executed) -> bool {
        let past = self.frames.get(outside);
        let outer = outside.checked_sub(1).and_then(|it| self.frames.get(it));
        self.lost
            || past.is_some_and(|past| past.tail_calls.contains(&executed))
            || outer.is_some_and(|outer| outer.left_for_host.contains(&executed))
    }

    /// The tail calls by which the frame with that many outside it came to its function; none where that is not
    /// known.
    pub(crate) fn replaced(&self, outside: usize) -> Option<&[Executed]> {
        let past = self.frames.get(outside);
        (!self.lost).then(|| past.map_or(&[][..], |past| &past.tail_calls))
    }

    /// How many operands of the frame with that many outside it were there when it may have collected.
    pub(crate) fn surviving(&self, outside: usize) -> usize {
        match self.frames.get(outside) {
            _ if self.lost => usize::MAX,
            Some(past) => past.surviving,
            None => 0,
        }
    }

    /// The objects that expressions of element segments made.
    pub(crate) fn segment_objects(&self) -> impl Iterator<Item = ObjectAddr> {
        self.segment_objects.keys().copied()
    }

    /// Whether the expression of an element segment made the object.
    pub(crate) fn is_of_segment(&self, object: ObjectAddr) -> bool {
        self.segment_objects.contains_key(&object)
    }

    /// Whether the subject has made another object in the place of this one of a segment.
    pub(crate) fn is_made_anew(&self, object: ObjectAddr) -> bool {
        let segment = self.segment_objects.get(&object);
        segment.is_some_and(|&segment| segment_objects::explains(self.uses(segment)))
    }

    /// How often opcodes have used the segment.
    fn uses(&self, segment: Segment) -> u32 {
        match self.lost {
            true => u32::MAX,
            false => self.uses.get(&segment).copied().unwrap_or(0),
        }
    }
}

/// The segment whose elements the opcode takes.
fn used(view: &FrameView<'_>) -> Option<Segment> {
    let instr = view.function.instrs[view.position];
    let segment = match instr.op {
        Opcode::TableInit => instr.a,
        Opcode::ArrayNewElem | Opcode::ArrayInitElem => instr.b as u32,
        _ => return None,
    };
    Some((view.instance, segment))
}

impl Following {
    /// An opcode may collect in code that may be inlined: then the frames into which it is inlined are one with
    /// it, for the collector.
    pub(crate) fn note_inlined_collection(&mut self) {
        let top = self.machine.top().filter(|_| self.machine.executes_next());
        if !top.is_some_and(|view| self.history.collects(&view, &self.machine)) {
            return;
        }
        let depth = self.machine.depth();
        for (frame, view) in self.machine.frames().enumerate().skip(1) {
            if !view.waits || !self.program.may_be_inlined_at(&view) {
                return;
            }
            self.history
                .note_inlined_collection(depth - 1 - frame, view.operands.len());
        }
    }

    /// Finds what the causes ask for of an instance that was just made.
    pub(crate) fn note_causes(&mut self, instance: InstanceAddr) {
        let module = self.machine.store.instance(instance).module.clone();
        let mut wants_frames = false;
        if self.setting.inlined {
            let calls = InlinedCalls::of(&module);
            wants_frames |= calls.has_tail_calls();
            Arc::make_mut(&mut self.program.inlined_calls).push(calls);
        }
        if let Some((_, collector)) = self.setting.collects_wrong()
            && collect_slot::may_collect(collector, &module)
        {
            self.history.collector = Some(collector);
            wants_frames = true;
        }
        if wants_frames {
            self.history.want_frames();
        }
        if self.setting.may_lose_roots() && self.history.roots == Roots::Unwatched {
            let guarded = module.functions().iter().any(|function| {
                let mut positions = 0..function.instrs.len();
                positions.any(|at| function.instrs[at].op.is_call() && function.is_guarded(at))
            });
            if guarded {
                self.history.roots = Roots::Kept;
            }
        }
        self.note_segment_objects(instance);
        if self.setting.cause(Cause::ImportedType).is_some() {
            self.note_imported_types(instance);
        }
    }

    /// The functions that the instance imports as of another type than their own.
    fn note_imported_types(&mut self, instance: InstanceAddr) {
        let store = &self.machine.store;
        for (func, imported_as) in store.imported_funcs(instance) {
            if imported_as != store.func_type_id(func) {
                let types = self.history.imported_as.entry(func).or_default();
                types.push(imported_as);
            }
        }
    }

    /// The objects that expressions of the instance's segments made: none that they took from a global.
    fn note_segment_objects(&mut self, instance: InstanceAddr) {
        let store = &self.machine.store;
        let globals = store.instance(instance).globals.iter();
        let taken: HashSet<ObjectAddr> = globals
            .filter_map(|&addr| match store.global(addr).value() {
                Value::Ref(Ref::Struct(object) | Ref::Array(object), _) => Some(object),
                _ => None,
            })
            .collect();
        let objects = store.segment_objects(instance);
        let made = objects.filter(|(_, object)| !taken.contains(object));
        let made = made.map(|(index, object)| (object, (instance, index)));
        let asked = self.setting.cause(Cause::SegmentObjects).is_some();
        self.history.add_segment_objects(made, asked);
    }
}
