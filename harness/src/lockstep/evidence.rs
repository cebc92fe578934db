//! The evidence of a divergence: both states side by side, and the code around the PC.

use super::driver::{BeforeLookahead, Driver, Phase};
use super::frames::expected_place;
use super::trap_frame::{at_height, height_of, plain, taken_at};
use crate::causes::Cause;
use crate::causes::if_params::{ShownOperand, ShownStacks, shown_stacks};
use crate::causes::slots::{FunctionLayout, is_unset};
use crate::conventions::{Conventions, WaitingPc};
use crate::divergence::{Divergence, Moment, NOT_READ, Site, StateRow, count};
use crate::listing;
use crate::observe::{Observation, Place};
use crate::rules::RuleId;
use crate::seen::Seen;
use crate::snapshot::{FrameCopy, Readable, Snapshot};
use lockstep_oracles::ValType;
use lockstep_oracles::address::{FuncIndex, InstanceAddr};
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::{FrameView, Stop};
use lockstep_oracles::opcode::Opcode;
use std::ops::RangeInclusive;

/// Which value of a frame is meant: other values may be shown among the real ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Indices {
    /// Its index in the oracle's frame
    pub(super) real: u32,
    /// Its index as shown
    pub(super) shown: u32,
}

impl Indices {
    /// A value that is shown where it is.
    pub(super) fn same(index: u32) -> Indices {
        Indices {
            real: index,
            shown: index,
        }
    }

    /// An operand, where those shown are these.
    pub(super) fn among(shown: &[ShownOperand], real: u32) -> Indices {
        let at = shown.iter().position(|operand| operand.real == Some(real));
        Indices {
            real,
            shown: at.map_or(real, |at| at as u32),
        }
    }
}

/// Frames shown in a report, innermost first.
const FRAMES_SHOWN: usize = 8;

/// What a waiting caller may lack of its operands: the table index of its `call_indirect`.
const TABLE_INDEX: RangeInclusive<usize> = 0..=1;

/// Reads only slots whose type and alignment are known from the place shown.
struct ReadableSlots<'a> {
    driver: &'a Driver,
    /// Whether the innermost frame trapped.
    trapped: bool,
    /// Whether the innermost frame may be shown at another opcode, whose operands were never written.
    elsewhere: bool,
    /// Whether it failed, or was interrupted, within the oracle's next opcode, not before it.
    within: bool,
    /// Whether the innermost frame has called a host function, to which the oracle does not come before
    /// the call is compared.
    calls: bool,
}

impl<'a> ReadableSlots<'a> {
    /// At an event that was compared, or has nothing of its own.
    fn of(driver: &'a Driver) -> ReadableSlots<'a> {
        ReadableSlots {
            driver,
            trapped: false,
            elsewhere: false,
            within: false,
            calls: false,
        }
    }

    /// The stack, as far as it may be looked at.
    fn copy<O: Observation>(&self, observed: &mut O, limit: usize) -> Snapshot {
        Snapshot::take(observed, limit.min(self.driver.visible_frames()), self)
    }
}

impl ReadableSlots<'_> {
    fn function(&self, place: Place) -> Option<&Function> {
        let instance = place.instance?;
        let module = &self.driver.machine.store.instance(instance).module;
        module.function(place.func?)
    }

    /// Whether the n-th frame waits for a call, as far as the oracle knows.
    fn waits(&self, frame: usize) -> bool {
        if self.calls && frame == 0 {
            return true;
        }
        let view = self.driver.machine.frames().nth(frame);
        view.map_or(frame > 0, |view| view.waits)
    }

    fn layout(&self, instance: InstanceAddr, function: &Function) -> &FunctionLayout {
        let module = &self.driver.machine.store.instance(instance).module;
        let defined = function.index.index() - module.num_imported_funcs() as usize;
        &self.driver.modules[instance.index()].layouts[defined]
    }
}

impl ReadableSlots<'_> {
    /// Whether the place is in the function that the oracle executes.
    fn is_of_top(&self, place: Place) -> bool {
        let view = self.driver.machine.top();
        view.is_some_and(|view| Some(view.function.index) == place.func)
    }

    /// Whether a local has a value, as far as that is known of the frame shown.
    fn is_set(&self, frame: usize, place: Place, function: &Function, index: usize) -> bool {
        let needs_value = matches!(function.locals[index], ValType::Ref(ty) if !ty.is_nullable());
        if !needs_value {
            return true;
        }
        let expected = self.driver.machine.frames().nth(frame);
        expected.is_some_and(|view| {
            Some(view.instance) == place.instance
                && view.function.index == function.index
                && !is_unset(function.locals[index], view.locals[index])
        })
    }
}

impl ReadableSlots<'_> {
    /// Whether an operand that is shown at this position of the function that trapped, or was
    /// interrupted, is one that it has there: only then is its slot written.
    fn is_shared(&self, place: Place, (position, count): (usize, u32), index: u32) -> bool {
        let Some(view) = self.driver.machine.top() else {
            return false;
        };
        let own = (Some(view.instance), Some(view.function.index));
        if own != (place.instance, place.func) {
            return false;
        }
        let function = view.function;
        let right = position == view.position;
        if self.trapped && right {
            let taken = 0..=taken_at(function, position);
            let shown = (position, count, taken);
            let predicted = self.predicted_operand(function, view.instance, shown, index);
            if let Some(readable) = predicted {
                return readable;
            }
        }
        let mut written = view.operands.len();
        if !self.within && view.position > 0 && self.is_written_late() {
            let before = &function.instrs[view.position - 1];
            if before.op == Opcode::Loop {
                // Its parameters are written behind the interruption.
                written -= before.a as usize;
            }
        }
        let shown = function.before[position];
        let height = index as usize + 1;
        if height > written || !(right || height_of(function, shown) == count as usize) {
            return false;
        }
        let shape = at_height(function, view.shape, height);
        let layout = self.layout(view.instance, function);
        let plain = self.plainly_shown(&view, position);
        (right || at_height(function, shown, height) == shape && height <= plain)
            && layout.top_operand(shape).is_none()
    }
}

impl ReadableSlots<'_> {
    /// How many operands are in the same slots here as at the position shown.
    fn plainly_shown(&self, view: &FrameView<'_>, position: usize) -> usize {
        let mut computed = ShownStacks::new();
        let stacks = self.shown_stacks((view.instance, view.function.index), &mut computed);
        let shown = [view.position, position].map(|position| stacks.get(&position));
        let plain = shown.into_iter().flatten().map(|shown| plain(shown));
        plain.min().unwrap_or(usize::MAX)
    }

    /// Where the function's operands are shown wrong, computed if that was not done yet.
    fn shown_stacks<'s>(
        &'s self,
        key: (InstanceAddr, FuncIndex),
        computed: &'s mut ShownStacks,
    ) -> &'s ShownStacks {
        self.driver.shown_stacks.get(&key).unwrap_or_else(|| {
            let facts = &self.driver.modules[key.0.index()];
            *computed = shown_stacks(&facts.bytes, facts.features, key.1);
            computed
        })
    }

    /// Whether the parameters of a loop are written behind an interruption at its head.
    fn is_written_late(&self) -> bool {
        self.driver.causes.get(Cause::LibcallSlot).is_some()
    }
}

impl Readable for ReadableSlots<'_> {
    fn local(&self, frame: usize, place: Place, index: u32) -> bool {
        let (Some(function), Some(instance)) = (self.function(place), place.instance) else {
            return false;
        };
        if self.elsewhere && frame == 0 && !self.is_of_top(place) {
            return false;
        }
        let layout = self.layout(instance, function);
        let index = index as usize;
        index < function.locals.len()
            && layout.local(index).is_none()
            && self.is_set(frame, place, function, index)
    }

    fn operand(&self, frame: usize, place: Place, count: u32, index: u32) -> bool {
        let (Some(function), Some(instance)) = (self.function(place), place.instance) else {
            return false;
        };
        let Some(position) = function.position(place.pc) else {
            return false;
        };
        let trapped = self.trapped && frame == 0;
        if self.elsewhere && frame == 0 {
            return self.is_shared(place, (position, count), index);
        }
        let returns = self.driver.conventions.waiting == WaitingPc::Return
            && self.waits(frame)
            && !function.is_guarded(position);
        let position = match returns {
            true => position.saturating_sub(1),
            false => position,
        };
        let layout = self.layout(instance, function);
        let mut shape = function.before[position];
        let mut height = shape.map_or(0, |id| function.shapes[id.0 as usize].height);
        // A waiting caller lacks the table index of its `call_indirect`.
        if height == count + 1 {
            shape = shape.and_then(|id| function.shapes[id.0 as usize].below);
            height = count;
        }
        if height != count {
            if trapped {
                return false;
            }
            let shown = (position, count, TABLE_INDEX);
            let predicted = self.predicted_operand(function, instance, shown, index);
            return predicted == Some(true);
        }
        while let Some(id) = shape {
            let node = &function.shapes[id.0 as usize];
            if node.height == index + 1 {
                // At a `call_indirect` that waits, a phantom may stand in for the table index; its slots
                // are then as predicted, not as in the layout. A caller waits for certain.
                let op = function.instrs[position].op;
                let waits = matches!(op, Opcode::CallIndirect | Opcode::CallRef);
                let shown = (position, count, TABLE_INDEX);
                let predicted = waits
                    .then(|| self.predicted_operand(function, instance, shown, index))
                    .flatten();
                let reference = matches!(node.ty, ValType::Ref(_));
                let by_layout = layout.top_operand(shape).is_none() && !(trapped && reference);
                return match predicted {
                    Some(predicted) if frame > 0 => predicted,
                    predicted => by_layout && predicted.unwrap_or(true),
                };
            }
            shape = node.below;
        }
        false
    }
}

impl ReadableSlots<'_> {
    /// Whether the operand may be read where a cause predicts a wrong stack: if it is a real one.
    /// `None` where it predicts none of this size, or one larger by what may be `taken`.
    fn predicted_operand(
        &self,
        function: &Function,
        instance: InstanceAddr,
        (position, count, taken): (usize, u32, RangeInclusive<usize>),
        index: u32,
    ) -> Option<bool> {
        let mut computed = ShownStacks::new();
        let stacks = self.shown_stacks((instance, function.index), &mut computed);
        let shown = stacks.get(&position)?;
        let gone = shown.len().checked_sub(count as usize);
        let as_predicted = gone.is_some_and(|gone| taken.contains(&gone));
        let layout = self.layout(instance, function);
        let module = &self.driver.machine.store.instance(instance).module;
        let types = shown.iter().map(|operand| operand.ty);
        let hazards = layout.operands(module, function, types);
        let index = index as usize;
        as_predicted.then(|| shown[index].real.is_some() && hazards[index].is_none())
    }
}

impl Driver {
    /// Copies the subject's stack, reading only what is safe to read.
    pub fn snapshot<O: Observation>(&self, observed: &mut O, limit: usize) -> Snapshot {
        let trapped = matches!(self.phase, Phase::Trapped(_));
        let readable = ReadableSlots {
            trapped,
            elsewhere: trapped || self.may_show_elsewhere(),
            within: trapped,
            ..ReadableSlots::of(self)
        };
        readable.copy(observed, limit)
    }

    /// Copies the stack at a `Breakpoint` event that was not compared yet. What causes forbid to look at
    /// depends on where the program is, so the oracle is brought there if any does.
    pub fn snapshot_of_breakpoint<O: Observation>(
        &mut self,
        observed: &mut O,
        limit: usize,
    ) -> Snapshot {
        let running = self.ended.is_none() && self.phase == Phase::Running;
        if self.inlined && running && self.ahead.is_none() && self.breakpoints.is_everywhere() {
            self.ahead = Some(self.run_stepped());
        }
        self.snapshot(observed, limit)
    }

    /// Whether the innermost frame may be shown at another opcode than the oracle's: its operands are
    /// then not those of the oracle's frame.
    pub(super) fn may_show_elsewhere(&self) -> bool {
        let failed = matches!(
            self.phase,
            Phase::Overflowed | Phase::OutOfFuel | Phase::OutOfMemory
        );
        self.interrupted || failed
    }

    /// Copies the stack shown at a `Trap` event that was not compared yet, reading only what is safe to
    /// read there (`TRAP-SLOT`). That depends on where the program traps, so the oracle is brought there.
    pub fn snapshot_of_trap<O: Observation>(&mut self, observed: &mut O) -> Snapshot {
        let running = self.ended.is_none() && self.phase == Phase::Running;
        if running && self.ahead.is_none() && self.machine.num_activations() > 0 {
            self.ahead = Some(self.advance());
        }
        let there = matches!(self.ahead, Some(Stop::Trap(_)));
        self.copy_trapped(observed, usize::MAX, there)
    }

    /// Copies the stack where the program was interrupted, or had no memory, at the oracle's next opcode.
    pub(super) fn copy_interrupted<O: Observation>(
        &self,
        observed: &mut O,
        within: bool,
    ) -> Snapshot {
        let readable = ReadableSlots {
            elsewhere: true,
            within,
            ..ReadableSlots::of(self)
        };
        readable.copy(observed, usize::MAX)
    }

    /// Copies the stack where an opcode failed; `there` if the oracle is at that opcode.
    fn copy_trapped<O: Observation>(
        &self,
        observed: &mut O,
        limit: usize,
        there: bool,
    ) -> Snapshot {
        let readable = ReadableSlots {
            trapped: true,
            elsewhere: there,
            within: true,
            ..ReadableSlots::of(self)
        };
        readable.copy(observed, limit)
    }

    /// Copies the stack at a call of a host function that was not compared yet.
    pub fn snapshot_of_call<O: Observation>(&self, observed: &mut O, limit: usize) -> Snapshot {
        let readable = ReadableSlots {
            calls: true,
            ..ReadableSlots::of(self)
        };
        readable.copy(observed, limit)
    }

    /// Gives a person's tracer the event that was just matched.
    pub(super) fn trace<O: Observation>(&mut self, observed: &mut O) {
        let snapshot = self.snapshot(observed, usize::MAX);
        if let Some(tracer) = &mut self.tracer {
            tracer.event(self.tally.sequence_points, &self.machine, &snapshot);
        }
    }

    /// A divergence with both states as they are now.
    pub(super) fn evidence<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        rule: RuleId,
        frame: Option<usize>,
        expected: Option<String>,
        shown: String,
    ) -> Divergence {
        let BeforeLookahead { site, state } = match self.before_lookahead.take() {
            Some(before) => before,
            None => self.both_states(observed, moment),
        };
        let expected = expected.unwrap_or_else(|| match &site {
            Some(site) => {
                let operands = self.machine.top().map_or(0, |view| view.operands.len());
                format!(
                    "PC {} ({}), {}",
                    site.pc,
                    site.opcode,
                    count(operands, "operand")
                )
            }
            None => "no frame".to_owned(),
        });
        Divergence {
            rule,
            execution: self.execution,
            command: self.command.clone(),
            moment,
            event: self.tally.sequence_points,
            frame,
            expected,
            observed: shown,
            site,
            state,
            known: None,
        }
    }

    /// Both states as they are now. At a trap only what is safe to read there, whether or not the oracle
    /// has trapped.
    pub(super) fn both_states<O: Observation>(
        &self,
        observed: &mut O,
        moment: Moment,
    ) -> BeforeLookahead {
        let there = matches!(self.phase, Phase::Trapped(_)) || self.may_show_elsewhere();
        let snapshot = match moment {
            Moment::Trap if !there => self.copy_trapped(observed, FRAMES_SHOWN, false),
            _ => self.snapshot(observed, FRAMES_SHOWN),
        };
        BeforeLookahead {
            site: self.site(),
            state: self.side_by_side(&snapshot),
        }
    }

    /// Where the oracle is, with the code around it.
    pub(super) fn site(&self) -> Option<Site> {
        let view = self
            .machine
            .top()
            .or_else(|| self.machine.frames().next())?;
        let facts = self.modules.get(view.instance.index())?;
        Some(Site {
            func: view.function.index,
            pc: view.pc(),
            opcode: view.op().name(),
            listing: listing::around(&facts.bytes, view.pc()),
        })
    }

    fn side_by_side(&self, seen: &Snapshot) -> Vec<StateRow> {
        let mut rows = Vec::new();
        let expected: Vec<FrameView<'_>> = self.machine.frames().take(FRAMES_SHOWN).collect();
        let show = |value| self.references.describe(value);
        for frame in 0..expected.len().max(seen.frames.len()) {
            let seen = seen.frames.get(frame);
            let conventions = self.conventions;
            frame_rows(
                frame,
                expected.get(frame),
                conventions,
                seen,
                show,
                &mut rows,
            );
        }
        rows
    }

    fn seen_texts(&self, values: &[Option<Seen>]) -> Vec<String> {
        let show = |seen| self.references.describe(seen);
        values
            .iter()
            .map(|value| value.map_or(NOT_READ.to_owned(), show))
            .collect()
    }

    /// The two values that a value rule is about; without an index, the two counts.
    pub(super) fn value_pair<O: Observation>(
        &self,
        observed: &mut O,
        frame: usize,
        rule: RuleId,
        index: Option<Indices>,
    ) -> (String, String) {
        let snapshot = self.snapshot(observed, frame + 1);
        let view = self.machine.frames().nth(frame);
        let (Some(view), Some(seen)) = (view, snapshot.frames.get(frame)) else {
            return ("a frame".to_owned(), "no frame".to_owned());
        };
        let local = matches!(
            rule,
            RuleId::LocalCount | RuleId::LocalType | RuleId::LocalValue
        );
        let (what, expected, shown) = if local {
            (
                "local",
                texts(view.locals_typed()),
                self.seen_texts(&seen.locals),
            )
        } else {
            (
                "operand",
                texts(view.operands_typed()),
                self.seen_texts(&seen.operands),
            )
        };
        match index {
            None => (count(expected.len(), what), count(shown.len(), what)),
            Some(Indices { real, shown: at }) => {
                let tell = |list: &[String], index: u32| {
                    let value = list.get(index as usize);
                    let value = value.map_or("absent", String::as_str);
                    format!("frame {frame} {what} {index} = {value}")
                };
                (tell(&expected, real), tell(&shown, at))
            }
        }
    }
}

fn texts(values: impl Iterator<Item = lockstep_oracles::value::Value>) -> Vec<String> {
    values.map(|value| value.to_string()).collect()
}

/// The rows of one frame on either side.
pub(crate) fn frame_rows(
    frame: usize,
    expected: Option<&FrameView<'_>>,
    conventions: &Conventions,
    seen: Option<&FrameCopy>,
    show: impl Fn(Seen) -> String,
    rows: &mut Vec<StateRow>,
) {
    let seen_texts = |values: &[Option<Seen>]| -> Vec<String> {
        let texts = values.iter();
        texts
            .map(|value| value.map_or(NOT_READ.to_owned(), &show))
            .collect()
    };
    let row = |what: String, expected: Option<String>, observed: Option<String>| StateRow {
        what,
        expected: expected.unwrap_or_else(|| "-".to_owned()),
        observed: observed.unwrap_or_else(|| "-".to_owned()),
    };
    let place = |instance: String, func: String| format!("instance {instance} function {func}");
    let unknown = || "?".to_owned();
    rows.push(row(
        format!("frame {frame}"),
        expected.map(|v| place(v.instance.to_string(), v.function.index.to_string())),
        seen.map(|s| {
            place(
                s.place.instance.map_or_else(unknown, |i| i.to_string()),
                s.place.func.map_or_else(unknown, |f| f.to_string()),
            )
        }),
    ));
    rows.push(row(
        format!("frame {frame} PC"),
        expected.map(|v| expected_place(v, conventions).pc.to_string()),
        seen.map(|s| s.place.pc.to_string()),
    ));
    let locals = expected.map_or_else(Vec::new, |v| texts(v.locals_typed()));
    let operands = expected.map_or_else(Vec::new, |v| texts(v.operands_typed()));
    let lists = [
        (
            "local",
            locals,
            seen.map_or_else(Vec::new, |s| seen_texts(&s.locals)),
        ),
        (
            "operand",
            operands,
            seen.map_or_else(Vec::new, |s| seen_texts(&s.operands)),
        ),
    ];
    for (what, mine, theirs) in lists {
        for index in 0..mine.len().max(theirs.len()) {
            rows.push(row(
                format!("frame {frame} {what} {index}"),
                mine.get(index).cloned(),
                theirs.get(index).cloned(),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::driver::{DriverConfig, Flow, ModuleFacts};
    use super::*;
    use crate::causes::{Causes, slots};
    use crate::configuration::Configuration;
    use crate::divergence::Execution;
    use crate::lockstep::policy::FramePolicy;
    use crate::observe::{Boundary, Objects, Walk};
    use crate::outcome::SeenTrap;
    use crate::seen::{SeenObject, SeenType};
    use crate::subject::limits;
    use crate::version::Version;
    use lockstep_oracles::WasmFeatures;
    use lockstep_oracles::address::{FuncIndex, Pc, TagAddr};
    use lockstep_oracles::module::Module;
    use lockstep_oracles::store::Extern;
    use lockstep_oracles::trap::Trap;
    use lockstep_oracles::value::{Ref, Value};
    use std::sync::Arc;

    /// One frame whose operands must not be read: as 42 shows them at a trap, they were never written.
    struct Unwritten {
        place: Place,
        operands: u32,
        done: bool,
    }

    impl Observation for Unwritten {
        type Walk<'a> = &'a mut Unwritten;

        fn walk(&mut self) -> &mut Unwritten {
            self.done = false;
            self
        }
    }

    impl Objects for &mut Unwritten {
        fn len(&mut self, _: SeenObject) -> u32 {
            0
        }

        fn field(&mut self, _: SeenObject, _: u32) -> Seen {
            Seen::Unmodelled
        }

        fn tag(&mut self, _: SeenObject) -> Option<TagAddr> {
            None
        }

        fn definition(&mut self, _: u32) -> Option<SeenType> {
            None
        }
    }

    impl Walk for &mut Unwritten {
        fn done(&self) -> bool {
            self.done
        }

        fn place(&mut self) -> Place {
            self.place
        }

        fn code(&mut self) -> Option<(u32, Pc)> {
            self.place.func.map(|func| (func.0, self.place.pc))
        }

        fn num_locals(&mut self) -> u32 {
            0
        }

        fn num_operands(&mut self) -> u32 {
            self.operands
        }

        fn local(&mut self, _: u32) -> Seen {
            Seen::Unmodelled
        }

        fn operand(&mut self, index: u32) -> Seen {
            panic!("operand {index} was read")
        }

        fn parent(&mut self) -> Boundary {
            self.done = true;
            Boundary::Same
        }
    }

    /// A driver at the start of the only function of a module.
    fn driver(wat: &str) -> Driver {
        let bytes = wat::parse_str(wat).unwrap();
        let features = WasmFeatures::WASM2;
        let module = Module::new(&bytes, features).unwrap();
        let mut driver = Driver::new(DriverConfig {
            subject: Version::Wasmtime42,
            execution: Execution::Instrumented,
            configuration: Configuration::default(),
            frames: FramePolicy::All,
            limits: limits::limits(),
            max_events: 1000,
            subject_stack: limits::WASM_STACK,
        });
        let instance = driver.machine.instantiate(&module, &[]).unwrap();
        driver.add_instance(ModuleFacts {
            bytes: bytes.into(),
            features,
            keeps_changed: Arc::new([]),
            layouts: slots::layouts(Causes::of(Version::Wasmtime42), &module, false).into(),
        });
        let Some(Extern::Func(func)) = driver.machine.store.instance(instance).export("f") else {
            panic!("no function")
        };
        driver
            .breakpoints
            .edit(crate::schedule::EngineEdit::SingleStep(true));
        let null = Value::Ref(Ref::Null, lockstep_oracles::RefType::EXTERNREF);
        driver.begin(func, &[null]).unwrap();
        driver
    }

    /// Given a trap whose events before it are lost, the report of them reads no reference that the
    /// trapping frame shows.
    #[test]
    fn looking_ahead_at_a_trap_reads_no_reference_that_was_never_written() {
        let mut driver =
            driver(r#"(module (func (export "f") (param externref) local.get 0 nop unreachable))"#);
        let view_of = |driver: &mut Driver| {
            let _ = driver
                .machine
                .run(&lockstep_oracles::machine::EverySequencePoint);
            driver.machine.top().map(|view| view.pc()).unwrap()
        };
        // The subject shows the place of the `nop`, at which one operand is on the stack.
        let _ = view_of(&mut driver);
        let pc = {
            let view = driver.machine.top().unwrap();
            view.function.pcs[view.position + 1]
        };
        let mut shown = Unwritten {
            place: Place {
                instance: Some(InstanceAddr(0)),
                module_agrees: true,
                func: Some(FuncIndex(0)),
                pc,
            },
            operands: 1,
            done: false,
        };
        let flow = driver.trap(&mut shown, SeenTrap::Wasm(Trap::Unreachable));
        assert_eq!(flow, Flow::Stop);
        let rules = driver.findings.unexplained.iter().map(|found| found.rule);
        assert!(rules.eq([RuleId::StepLost]));
    }
}
