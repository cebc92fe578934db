//! Schedules: what the debugger does in a case, and when. Data only, no engine.

pub mod action;
pub mod code;
pub mod model;
pub(crate) mod pc_set;

use crate::causes::hazard::Dare;
use action::Act;

/// Everything the debugger does in a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Editing sessions, each at its moment; those of one moment in this order.
    pub sessions: Vec<Session>,
    /// Sessions of which one comes at every `period`-th event of the whole case, in turn.
    pub cycle: Option<Cycle>,
    /// What is done beside edits; at one moment after them, in this order.
    pub actions: Vec<Act>,
    /// A second store of the same engine that runs the same case under another schedule.
    pub neighbour: Option<Neighbour>,
    /// Whether the executable mappings of the process are compared before and after. Not beside a
    /// neighbour: its edits change code of the same process.
    pub code_image: bool,
    /// At every how many breakpoint events of the whole case garbage is collected; 0 is never.
    pub collect: u64,
    /// What is done once on purpose, although a cause forbids it.
    pub dare: Option<Dare>,
    /// Whether a module that comes while single-step is on is left as the store has it then. Otherwise
    /// single-step is made to reach it, on a subject on which it does not (`LATE-MODULE`).
    pub late_modules: bool,
}

/// One editing session: its edits are published together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// When it comes.
    pub when: When,
    /// Its edits, in order; none is a session that changes nothing.
    pub edits: Vec<Edit>,
}

/// When a session comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// Before anything runs. Edits of a module come when it has been compiled, before it is
    /// instantiated: an edit of a later module so comes after the others of its session.
    Start,
    /// Before this step of the case, from 0, no guest running; behind the last, if it is their number.
    Step(u32),
    /// In the handler of this breakpoint event of the case, from 1.
    Event(u64),
    /// In this call of a host function of the case, from 1.
    HostCall(u64),
    /// In the handler of the event of this exception of the case, from 1.
    Throw(u64),
    /// In the handler of the event of this trap of the case, from 1.
    Trap(u64),
    /// In the handler of the event of this error of a host function of the case, from 1.
    HostError(u64),
    /// In the handler of this event of the epoch of the case, from 1.
    EpochYield(u64),
}

impl When {
    /// Whether it is in the handler of an event.
    pub fn is_event(self) -> bool {
        matches!(self, When::Event(_)) || self.is_other_event()
    }

    /// Whether it is in the handler of an event that is no breakpoint's.
    pub fn is_other_event(self) -> bool {
        self.unwinds() || matches!(self, When::EpochYield(_))
    }

    /// Whether it is in the handler of an event that is told while the program is unwound.
    pub fn unwinds(self) -> bool {
        matches!(self, When::Throw(_) | When::Trap(_) | When::HostError(_))
    }
}

/// Sessions that alternate at events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// Every how many breakpoint events one comes; at least 1.
    pub period: u64,
    /// The edits of each session, taken in turn.
    pub sessions: Vec<Vec<Edit>>,
}

/// One edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edit {
    /// Single-step on or off.
    SingleStep(bool),
    /// A breakpoint is added at each PC of the site.
    Add(Site),
    /// The breakpoint is removed at each PC of the site.
    Remove(Site),
    /// Every breakpoint that the store lists is removed.
    Clear,
}

/// One edit as the engine is asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineEdit {
    /// Single-step on or off.
    SingleStep(bool),
    /// Adds a breakpoint.
    Add {
        /// The module.
        module: u32,
        /// Its PC.
        pc: u32,
    },
    /// Removes a breakpoint.
    Remove {
        /// The module.
        module: u32,
        /// Its PC.
        pc: u32,
    },
}

/// PCs. A module is numbered in the order in which the case's modules are compiled, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Site {
    /// The PC of the innermost frame; nothing where no guest is running.
    Current,
    /// The PC of the n-th opcode of the module, in the order of the binary, counted round and round:
    /// so a site stays one when the module shrinks.
    Opcode {
        /// The module.
        module: u32,
        /// Which opcode.
        nth: u32,
    },
    /// This very PC, be it one of an opcode or not.
    Pc {
        /// The module.
        module: u32,
        /// Offset from the start of the binary.
        pc: u32,
    },
    /// Every opcode of a defined function, counted round and round.
    Function {
        /// The module.
        module: u32,
        /// Which of its defined functions.
        nth: u32,
    },
    /// Every opcode of the module.
    All {
        /// The module.
        module: u32,
    },
}

/// A second store of the same engine, running the same modules and steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its own sessions.
    pub sessions: Vec<Session>,
    /// Its own cycle.
    pub cycle: Option<Cycle>,
    /// Whether it runs on a thread of its own; otherwise the two take turns, step by step.
    pub thread: bool,
}

impl Default for Schedule {
    /// Single-step from the start to the end.
    fn default() -> Schedule {
        Schedule {
            sessions: vec![Session {
                when: When::Start,
                edits: vec![Edit::SingleStep(true)],
            }],
            cycle: None,
            actions: Vec::new(),
            neighbour: None,
            code_image: false,
            collect: 0,
            dare: None,
            late_modules: false,
        }
    }
}

fn steps(sessions: &[Session], cycle: Option<&Cycle>) -> bool {
    let started = |session: &Session| {
        session.when == When::Start && session.edits.contains(&Edit::SingleStep(true))
    };
    let cycled = cycle.into_iter().flat_map(|cycle| &cycle.sessions);
    let mut edits = sessions.iter().map(|session| &session.edits).chain(cycled);
    let off = edits.any(|edits| edits.contains(&Edit::SingleStep(false)));
    sessions.iter().any(started) && !off
}

impl Schedule {
    /// A schedule that does nothing.
    pub fn idle() -> Schedule {
        Schedule {
            sessions: Vec::new(),
            ..Schedule::default()
        }
    }

    /// Whether an action changes the program's state: the uninstrumented execution then shows another
    /// program.
    pub fn intervenes(&self) -> bool {
        self.actions.iter().any(|act| act.action.intervenes())
    }

    /// Whether the store is given a handler when it is made.
    pub fn starts_handled(&self) -> bool {
        let clears = |act: &Act| {
            act.when == When::Start && matches!(act.action, action::Action::ClearHandler(_))
        };
        !self.actions.iter().any(clears)
    }

    /// Whether every sequence point of every store has an event: single-step is on from the start, and
    /// nothing switches it off or takes the handler away.
    pub fn steps_throughout(&self) -> bool {
        let neighbour = self.neighbour.as_ref();
        let mut actions = self.actions.iter();
        !actions.any(|act| act.action.may_end_events())
            && steps(&self.sessions, self.cycle.as_ref())
            && neighbour.is_none_or(|other| steps(&other.sessions, other.cycle.as_ref()))
    }
}
