//! A rule that did not hold, with the evidence a person needs to act on it.

use crate::causes::Cause;
use crate::rules::RuleId;
use lockstep_oracles::address::{FuncIndex, Pc};

/// Which execution of the case is compared with the oracle.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Execution {
    /// `guest_debug` off
    Uninstrumented,
    /// `guest_debug` on, single-stepped
    Instrumented,
}

impl Execution {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Execution::Uninstrumented => "uninstrumented",
            Execution::Instrumented => "instrumented",
        }
    }
}

/// The kind of moment at which the two sides were compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Moment {
    /// A `Breakpoint` event
    Breakpoint,
    /// A `Trap` event
    Trap,
    /// A call of a host function
    HostCall,
    /// A `HostcallError` event
    HostcallError,
    /// The event of a thrown exception
    Throw,
    /// Just after a collection that the schedule forced
    Collection,
    /// The end of an invocation or instantiation
    End,
    /// An edit of breakpoints
    Edit,
    /// An `EpochYield` event
    EpochYield,
    /// An action of the debugger
    Action,
}

impl Moment {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Moment::Breakpoint => "Breakpoint event",
            Moment::Trap => "Trap event",
            Moment::HostCall => "host call",
            Moment::HostcallError => "HostcallError event",
            Moment::Throw => "exception event",
            Moment::Collection => "after a collection",
            Moment::End => "end of the command",
            Moment::Edit => "breakpoint edit",
            Moment::EpochYield => "EpochYield event",
            Moment::Action => "action of the debugger",
        }
    }
}

/// Stands for a value that was not read, because its type or alignment is not certain.
pub const NOT_READ: &str = "(not read)";

/// A number of things, for people.
pub(crate) fn count(number: usize, thing: &str) -> String {
    crate::report::counted(number as u64, thing)
}

/// One line of a side-by-side state: what it is, and its value on either side.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StateRow {
    /// For example `frame 0 local 2`
    pub what: String,
    /// What the oracle says
    pub expected: String,
    /// What the subject showed
    pub observed: String,
}

impl StateRow {
    /// Whether the two sides differ; a value that was not read does not.
    pub fn differs(&self) -> bool {
        self.observed != NOT_READ && self.expected != self.observed
    }
}

/// Where in a module a divergence was seen.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Site {
    /// The function
    #[serde(with = "crate::campaign::wire::func")]
    pub func: FuncIndex,
    /// The PC that the oracle is at
    #[serde(with = "crate::campaign::wire::pc")]
    pub pc: Pc,
    /// Text of the opcode there
    pub opcode: String,
    /// Disassembly of the opcodes around the PC, the current one marked
    pub listing: String,
}

/// A rule that did not hold.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Divergence {
    /// The rule
    pub rule: RuleId,
    /// In which execution
    pub execution: Execution,
    /// The command of the case, for example `line 12: assert_return fac(i64:5)`
    pub command: String,
    /// When
    pub moment: Moment,
    /// How many events of the case were matched before this one
    pub event: u64,
    /// Frame in which it was seen, 0 innermost; none where it is not about a frame
    pub frame: Option<usize>,
    /// What the oracle says
    pub expected: String,
    /// What the subject showed
    pub observed: String,
    /// Where
    pub site: Option<Site>,
    /// Both states side by side
    pub state: Vec<StateRow>,
    /// The cause that explains it
    pub known: Option<Cause>,
}

impl Divergence {
    /// One that is seen at the end of a command, of what no event and no state shows more.
    pub fn at_end(
        rule: RuleId,
        execution: Execution,
        command: String,
        expected: String,
        observed: String,
    ) -> Divergence {
        Divergence {
            rule,
            execution,
            command,
            moment: Moment::End,
            event: 0,
            frame: None,
            expected,
            observed,
            site: None,
            state: Vec::new(),
            known: None,
        }
    }
}
