//! What the faulty layer remembers of a case, so that a fault can depend on what happened before.

use lockstep::case::Case;
use lockstep::check::FEATURES;
use lockstep::configuration::Inlining;
use lockstep::outcome::SeenTrap;
use lockstep::schedule::{Edit, EngineEdit, When};
use lockstep::seen::Seen;
use lockstep::snapshot::{FrameCopy, Snapshot};
use lockstep_oracles::module::Module;
use lockstep_oracles::opcode::Opcode;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An instance or a module, and a PC: the n-th instance is one of the case's n-th module.
pub(crate) type At = (u32, u32);

/// An opcode of the case.
#[derive(Clone, Copy)]
struct Code {
    opcode: Opcode,
    /// The PC of the opcode behind it in its function; none if it is the last.
    next: Option<u32>,
}

/// What happened so far.
pub(crate) struct Past {
    code: BTreeMap<At, Code>,
    /// How many functions each module imports.
    imported: Vec<u32>,
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
    /// Whether nothing but this event came since the program went on.
    pub(crate) at_event: bool,
    /// Since the last invocation ended.
    pub(crate) call: Call,
    /// What the debugger asked for.
    pub(crate) asked: Asked,
    /// The kind of the trap that the present event tells.
    pub(crate) trap: Option<SeenTrap>,
    /// Memories, globals, tables' sizes and elements as they were when last looked at.
    pub(crate) memories: BTreeMap<u32, Vec<u8>>,
    pub(crate) globals: BTreeMap<u32, Seen>,
    pub(crate) sizes: BTreeMap<u32, u64>,
    pub(crate) elements: BTreeMap<(u32, u64), Seen>,
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
            imported: modules(case).map(|(_, m)| m.num_imported_funcs()).collect(),
            inlined: case.configuration.inlining == Inlining::On,
            neighbour_steps: starts.any(|session| session.edits.iter().any(steps)),
            events: 0,
            opcode: None,
            at: None,
            before: None,
            at_event: false,
            call: Call::default(),
            asked: Asked::default(),
            trap: None,
            memories: BTreeMap::new(),
            globals: BTreeMap::new(),
            sizes: BTreeMap::new(),
            elements: BTreeMap::new(),
        }
    }

    /// A breakpoint event comes.
    pub(crate) fn comes(&mut self, stack: &Snapshot) {
        self.events += 1;
        self.at_event = true;
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
    }

    /// It is over; this is what it really showed.
    pub(crate) fn passes(&mut self, innermost: Option<FrameCopy>, depth: usize) {
        self.before = innermost.map(|frame| Before {
            opcode: self.opcode,
            frame,
            depth,
        });
        self.asked.since_event = false;
    }

    /// An edit was asked for.
    pub(crate) fn ask(&mut self, edit: EngineEdit) {
        self.call.edits += 1;
        let asked = &mut self.asked;
        asked.since_event = self.events > 0;
        asked.last = Some(edit);
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
        self.code.get(&at(frame)?)?.next
    }

    /// How many functions the module of a frame imports.
    pub(crate) fn imported(&self, frame: &FrameCopy) -> Option<u32> {
        let instance = frame.place.instance?;
        self.imported.get(instance.index()).copied()
    }

    /// Whether the event before this one was in the same frame, as far as one can see.
    pub(crate) fn same_frame<'a>(&'a self, stack: &Snapshot) -> Option<&'a Before> {
        let before = self.before.as_ref()?;
        let (now, then) = (stack.frames.first()?.place, before.frame.place);
        let same = now.instance == then.instance && now.func == then.func;
        (same && before.depth == stack.frames.len()).then_some(before)
    }

    /// Whether control came here by a branch backwards.
    pub(crate) fn is_branch_back(&self, stack: &Snapshot) -> bool {
        self.same_frame(stack).is_some_and(|before| {
            before.is_branch() && stack.frames[0].place.pc < before.frame.place.pc
        })
    }
}

impl Asked {
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
            for ((pc, opcode), next) in function.pcs.iter().zip(opcodes).zip(nexts) {
                code.insert((number, pc.0), Code { opcode, next });
            }
        }
    }
    code
}

/// Where a frame is.
pub(crate) fn at(frame: &FrameCopy) -> Option<At> {
    Some((frame.place.instance?.0, frame.place.pc.0))
}
