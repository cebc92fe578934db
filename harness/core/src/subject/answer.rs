//! What a subject answers to an invocation and to an instantiation.

use crate::lockstep::driver::Verdict;
use crate::outcome::Outcome;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::trap::Trap;

/// What came of an invocation.
#[derive(Debug)]
pub struct Invoked {
    /// The comparison's result.
    pub verdict: Verdict,
    /// How the subject's ended.
    pub outcome: Outcome,
    /// Whether it can be judged: false where an earlier exhaustion left entities that differ.
    pub tainted: bool,
}

/// What came of an instantiation, in the oracle's and the subject's view.
#[derive(Debug)]
pub struct Instantiated {
    /// The instance, where the oracle made one.
    pub instance: Option<InstanceAddr>,
    /// What the oracle says.
    pub expected: ExpectedInstance,
    /// What the subject did.
    pub outcome: Outcome,
}

/// What the oracle says of an instantiation.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpectedInstance {
    /// It succeeds.
    Instance,
    /// It does not link.
    Unlinkable(String),
    /// A segment or the start function traps.
    Trapped(Trap),
    /// The start function calls a host function that fails.
    HostFailed,
    /// The start function throws an exception that nothing catches.
    Thrown,
    /// It needs more than the harness's limits.
    Limit(String),
    /// It used up a resource of the subject's.
    Exhausted,
    /// Lockstep was not kept to the end.
    Lost,
}
