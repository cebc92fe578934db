//! What the faulty layer remembers of a case, so that a fault can depend on what happened before.

use lockstep::case::Case;
use lockstep::check::FEATURES;
use lockstep::configuration::Inlining;
use lockstep::lockstep::accessors::{Accessed, Accessor};
use lockstep::outcome::SeenTrap;
use lockstep::schedule::{Edit, EngineEdit, When};
use lockstep::seen::Seen;
use lockstep::snapshot::{FrameCopy, Snapshot};
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::module::Module;
use lockstep_oracles::opcode::Opcode;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// An instance or a module, and a PC: the n-th instance is one of the case's n-th module.
pub(crate) type At = (u32, u32);

/// An opcode of the case.
#[derive(Clone, Copy)]
struct Code {
    opcode: Opcode,
    /// The PC of the opcode before it in its function; none if it is the first.
    previous: Option<u32>,
    /// The PC of the opcode behind it in its function; none if it is the last.
    next: Option<u32>,
}

/// A function of the case.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// The PC of its first opcode.
    pub(crate) first: u32,
    pub(crate) params: usize,
    pub(crate) results: usize,
}

/// Where control is, as far as one can see.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Now {
    /// Nothing runs.
    Rest,
    /// At an event, or behind it in the program.
    Event,
    /// In a host function, or behind it in the program.
    Host,
}

/// What happened so far.
pub(crate) struct Past {
    code: BTreeMap<At, Code>,
    /// Functions by module and index.
    functions: BTreeMap<At, Shape>,
    /// How many functions each module imports.
    imported: Vec<u32>,
    /// How many globals each module imports.
    imported_globals: Vec<u32>,
    /// Whether callees are inlined.
    pub(crate) inlined: bool,
    /// Whether a neighbouring store single-steps from the start.
    pub(crate) neighbour_steps: bool,
    /// Breakpoint events, the present one included.
    pub(crate) events: u64,
    /// The present event's opcode, if it is one of the case's.
    pub(crate) opcode: Option<Opcode>,
    /// Where the present event is.
    pub(crate) at: Option<At>,
    /// The breakpoint event before this one.
    pub(crate) before: Option<Before>,
    /// Where control was last seen.
    pub(crate) now: Now,
    /// Where it was seen before that.
    pub(crate) from: Now,
    /// The opcode of the last event that the program went on from.
    pub(crate) ran: Option<Opcode>,
    /// How many instantiations have ended.
    pub(crate) instantiated: u32,
    /// The innermost frame as the last event at a function's first opcode showed it, by the depth of
    /// the stack.
    entries: BTreeMap<usize, FrameCopy>,
    /// Since the last invocation ended.
    pub(crate) call: Call,
    /// What the debugger asked for.
    pub(crate) asked: Asked,
    /// The kind of the trap that the present event tells.
    pub(crate) trap: Option<SeenTrap>,
    /// Whether the present event tells the error of a host function.
    pub(crate) host_failed: bool,
    /// Whether an exception was thrown since the last breakpoint event.
    pub(crate) thrown: bool,
    /// Memories, globals, tables' sizes and elements as they were when last looked at.
    pub(crate) memories: BTreeMap<u32, Vec<u8>>,
    pub(crate) globals: BTreeMap<u32, Seen>,
    pub(crate) sizes: BTreeMap<u32, u64>,
    pub(crate) elements: BTreeMap<(u32, u64), Seen>,
    /// What accessors returned, by instance, accessor and index.
    pub(crate) accessed: HashMap<(u32, Accessor, u32), Accessed>,
    /// Whether the debugger wrote something since control was last seen elsewhere.
    pub(crate) wrote: bool,
}

/// An event that is over: what it really showed.
pub(crate) struct Before {
    pub(crate) opcode: Option<Opcode>,
    pub(crate) frame: FrameCopy,
    pub(crate) depth: usize,
}

impl Before {
    /// Whether it was at a branch.
    pub(crate) fn is_branch(&self) -> bool {
        let branches = [Opcode::Br, Opcode::BrIf, Opcode::BrTable];
        self.opcode.is_some_and(|opcode| branches.contains(&opcode))
    }
}

/// Events and edits of an invocation.
#[derive(Default)]
pub(crate) struct Call {
    /// Breakpoint events with single-step on
    pub(crate) steps: u64,
    /// Breakpoint events with single-step off
    pub(crate) breaks: u64,
    pub(crate) edits: u64,
    /// The innermost frame at the events before the last, by where it was: as it was there last.
    pub(crate) visits: BTreeMap<At, FrameCopy>,
}

/// Edits as they were asked for, whatever became of them.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) single_step: bool,
    /// Breakpoints by module and PC, and how often each was added since it was removed.
    pub(crate) listed: BTreeMap<At, u32>,
    /// Breakpoints that were removed and not added again.
    pub(crate) removed: BTreeSet<At>,
    /// Those of them that were removed since single-step was turned on, and while it is on.
    pub(crate) removed_in_step: BTreeSet<At>,
    /// Breakpoints listed when single-step was turned off, and not added again.
    pub(crate) listed_at_off: BTreeSet<At>,
    /// Whether an edit was made since the last event; not before the first.
    pub(crate) since_event: bool,
    /// The last edit.
    pub(crate) last: Option<EngineEdit>,
    /// Whether it asked for what was so already.
    pub(crate) repeated: bool,
    /// For a fault that keeps edits back.
    pub(crate) held: Option<EngineEdit>,
}

impl Past {
    /// Nothing happened yet in this case.
    pub(crate) fn of(case: &Case) -> Past {
        let steps = |edit: &Edit| *edit == Edit::SingleStep(true);
        let neighbour = case.schedule.neighbour.iter();
        let sessions = neighbour.flat_map(|neighbour| &neighbour.sessions);
        let mut starts = sessions.filter(|session| session.when == When::Start);
        Past {
            code: code(case),
            functions: functions(case),
            imported: modules(case).map(|(_, m)| m.num_imported_funcs()).collect(),
            imported_globals: modules(case)
                .map(|(_, m)| m.num_imported_globals())
                .collect(),
            inlined: case.configuration.inlining == Inlining::On,
            neighbour_steps: starts.any(|session| session.edits.iter().any(steps)),
            events: 0,
            opcode: None,
            at: None,
            before: None,
            now: Now::Rest,
            from: Now::Rest,
            ran: None,
            instantiated: 0,
            entries: BTreeMap::new(),
            call: Call::default(),
            asked: Asked::default(),
            trap: None,
            host_failed: false,
            thrown: false,
            memories: BTreeMap::new(),
            globals: BTreeMap::new(),
            sizes: BTreeMap::new(),
            elements: BTreeMap::new(),
            accessed: HashMap::new(),
            wrote: false,
        }
    }

    /// A breakpoint event comes.
    pub(crate) fn comes(&mut self, stack: &Snapshot) {
        self.events += 1;
        self.goes_to(Now::Event);
        self.at = stack.frames.first().and_then(at);
        self.opcode = self
            .at
            .and_then(|at| self.code.get(&at))
            .map(|code| code.opcode);
        if self.asked.single_step {
            self.call.steps += 1;
        } else {
            self.call.breaks += 1;
        }
        if self.is_entry(stack) {
            self.entries
                .insert(stack.frames.len(), stack.frames[0].clone());
        }
    }

    /// It is over; this is what it really showed.
    pub(crate) fn passes(&mut self, innermost: Option<FrameCopy>, depth: usize) {
        let passed = self.before.take().map(|before| before.frame);
        if let Some(passed) = passed
            && let Some(at) = at(&passed)
        {
            self.call.visits.insert(at, passed);
        }
        self.before = innermost.map(|frame| Before {
            opcode: self.opcode,
            frame,
            depth,
        });
        self.asked.since_event = false;
    }

    /// The program went on from where it was, and control is here.
    pub(crate) fn goes_to(&mut self, now: Now) {
        self.ran = self.before.as_ref().and_then(|before| before.opcode);
        self.from = std::mem::replace(&mut self.now, now);
        self.wrote = false;
    }

    /// An invocation ended.
    pub(crate) fn ends(&mut self) {
        self.call = Call::default();
        self.goes_to(Now::Rest);
    }

    /// An edit was asked for.
    pub(crate) fn ask(&mut self, edit: EngineEdit) {
        self.call.edits += 1;
        let asked = &mut self.asked;
        asked.since_event = self.events > 0;
        asked.last = Some(edit);
        asked.repeated = asked.is_so(edit);
        match edit {
            EngineEdit::SingleStep(on) => asked.step(on),
            EngineEdit::Add { module, pc } => asked.add((module, pc)),
            EngineEdit::Remove { module, pc } => asked.remove((module, pc)),
        }
    }

    /// Whether the present event is at one of these.
    pub(crate) fn is_at(&self, places: &BTreeSet<At>) -> bool {
        self.at.is_some_and(|at| places.contains(&at))
    }

    /// Whether the present event is at a breakpoint.
    pub(crate) fn is_listed(&self) -> bool {
        self.at
            .is_some_and(|at| self.asked.listed.contains_key(&at))
    }

    /// Whether an opcode is there.
    pub(crate) fn is_opcode(&self, at: At) -> bool {
        self.code.contains_key(&at)
    }

    /// The PC behind a frame's, in its function.
    pub(crate) fn next(&self, frame: &FrameCopy) -> Option<u32> {
        self.opcode_behind(at(frame)?)
    }

    /// The PC of the opcode behind this one in its function.
    pub(crate) fn opcode_behind(&self, at: At) -> Option<u32> {
        self.code.get(&at)?.next
    }

    /// The PC before a frame's, in its function.
    pub(crate) fn previous(&self, frame: &FrameCopy) -> Option<u32> {
        self.code.get(&at(frame)?)?.previous
    }

    /// The PC of the first opcode of a frame's module.
    pub(crate) fn first_opcode(&self, frame: &FrameCopy) -> Option<u32> {
        let (module, _) = at(frame)?;
        let (&(_, pc), _) = self.code.range((module, 0)..).next()?;
        Some(pc)
    }

    /// The innermost frame as it was when control was last here in this call.
    pub(crate) fn last_visit(&self) -> Option<&FrameCopy> {
        self.call.visits.get(&self.at?)
    }

    /// Whether the present event comes while its module is instantiated.
    pub(crate) fn is_instantiating(&self) -> bool {
        self.at.is_some_and(|at| at.0 >= self.instantiated)
    }

    /// How many functions the module of a frame imports.
    pub(crate) fn imported(&self, frame: &FrameCopy) -> Option<u32> {
        let instance = frame.place.instance?;
        self.imported.get(instance.index()).copied()
    }

    /// How many globals the module of an instance imports.
    pub(crate) fn imported_globals(&self, instance: InstanceAddr) -> u32 {
        let imported = self.imported_globals.get(instance.index());
        imported.copied().unwrap_or(0)
    }

    /// Whether the event before this one was in the same frame, as far as one can see.
    pub(crate) fn same_frame<'a>(&'a self, stack: &Snapshot) -> Option<&'a Before> {
        let before = self.before.as_ref()?;
        let same = is_same_function(stack.frames.first()?, &before.frame);
        (same && before.depth == stack.frames.len()).then_some(before)
    }

    /// The same, if it was at one of these opcodes.
    pub(crate) fn behind<'a>(&'a self, stack: &Snapshot, opcodes: &[Opcode]) -> Option<&'a Before> {
        let before = self.same_frame(stack)?;
        opcodes.contains(&before.opcode?).then_some(before)
    }

    /// Whether the present event is at one of these opcodes.
    pub(crate) fn is_before(&self, opcodes: &[Opcode]) -> bool {
        self.opcode.is_some_and(|opcode| opcodes.contains(&opcode))
    }

    /// Whether one of these opcodes ran last.
    pub(crate) fn has_run(&self, opcodes: &[Opcode]) -> bool {
        self.ran.is_some_and(|opcode| opcodes.contains(&opcode))
    }

    /// The function of a frame.
    pub(crate) fn shape(&self, frame: &FrameCopy) -> Option<Shape> {
        let (instance, function) = (frame.place.instance?, frame.place.func?);
        self.functions.get(&(instance.0, function.0)).copied()
    }

    /// Whether the innermost frame is at its function's first opcode.
    pub(crate) fn is_entry(&self, stack: &Snapshot) -> bool {
        let innermost = stack.frames.first();
        let shape = innermost.and_then(|frame| self.shape(frame));
        shape.is_some_and(|shape| stack.frames[0].place.pc.0 == shape.first)
    }

    /// The n-th frame as it was when its function was entered.
    pub(crate) fn entry_of(&self, stack: &Snapshot, frame: usize) -> Option<&FrameCopy> {
        let shown = stack.frames.get(frame)?;
        let entry = self.entries.get(&(stack.frames.len() - frame))?;
        is_same_function(shown, entry).then_some(entry)
    }

    /// The event before this one, if it was in a callee of the innermost frame that has returned.
    pub(crate) fn returned(&self, stack: &Snapshot) -> Option<&Before> {
        let before = self.before.as_ref()?;
        (before.depth == stack.frames.len() + 1).then_some(before)
    }

    /// Whether control came here by a branch backwards.
    pub(crate) fn is_branch_back(&self, stack: &Snapshot) -> bool {
        self.same_frame(stack).is_some_and(|before| {
            before.is_branch() && stack.frames[0].place.pc < before.frame.place.pc
        })
    }
}

impl Asked {
    /// Whether this is so already.
    pub(crate) fn is_so(&self, edit: EngineEdit) -> bool {
        match edit {
            EngineEdit::SingleStep(on) => self.single_step == on,
            EngineEdit::Add { module, pc } => self.listed.contains_key(&(module, pc)),
            EngineEdit::Remove { module, pc } => !self.listed.contains_key(&(module, pc)),
        }
    }

    fn step(&mut self, on: bool) {
        if self.single_step && !on {
            self.listed_at_off = self.listed.keys().copied().collect();
        }
        self.removed_in_step.clear();
        self.single_step = on;
    }

    fn add(&mut self, at: At) {
        *self.listed.entry(at).or_insert(0) += 1;
        self.removed.remove(&at);
        self.removed_in_step.remove(&at);
        self.listed_at_off.remove(&at);
    }

    fn remove(&mut self, at: At) {
        if self.listed.remove(&at).is_some() {
            self.removed.insert(at);
            if self.single_step {
                self.removed_in_step.insert(at);
            }
        }
    }
}

/// The case's modules, each with its number. Those of a generated case are valid.
fn modules(case: &Case) -> impl Iterator<Item = (u32, Arc<Module>)> {
    let modules = case.modules.iter();
    (0..).zip(modules.map_while(|module| Module::new(&module.wasm, FEATURES).ok()))
}

fn code(case: &Case) -> BTreeMap<At, Code> {
    let mut code = BTreeMap::new();
    for (number, module) in modules(case) {
        for function in module.functions() {
            let opcodes = function.instrs.iter().map(|instr| instr.op);
            let later = function.pcs.iter().skip(1).map(|pc| Some(pc.0));
            let nexts = later.chain([None]);
            let mut previous = None;
            for ((pc, opcode), next) in function.pcs.iter().zip(opcodes).zip(nexts) {
                let here = Code {
                    opcode,
                    previous,
                    next,
                };
                code.insert((number, pc.0), here);
                previous = Some(pc.0);
            }
        }
    }
    code
}

fn functions(case: &Case) -> BTreeMap<At, Shape> {
    let mut functions = BTreeMap::new();
    for (number, module) in modules(case) {
        for function in module.functions() {
            let shape = Shape {
                first: function.pcs[0].0,
                params: function.num_params as usize,
                results: function.num_results as usize,
            };
            functions.insert((number, function.index.0), shape);
        }
    }
    functions
}

/// Whether two frames are of one function.
pub(crate) fn is_same_function(one: &FrameCopy, other: &FrameCopy) -> bool {
    one.place.instance == other.place.instance && one.place.func == other.place.func
}

/// Where a frame is.
pub(crate) fn at(frame: &FrameCopy) -> Option<At> {
    Some((frame.place.instance?.0, frame.place.pc.0))
}
