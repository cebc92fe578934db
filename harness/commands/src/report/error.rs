//! Why there is no generic reproducer.

use lockstep_core::divergence::Moment;
use lockstep_core::rules::RuleId;

/// Why there is no generic reproducer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoReproducer {
    /// The version does not have the cause
    #[error("this version does not have it")]
    NotThere,
    /// Nothing was seen
    #[error("no case of the corpus shows it on this version")]
    NotSeen,
    /// Another rule
    #[error("no template looks at what {0} is about")]
    Rule(RuleId),
    /// Another moment
    #[error("no template looks at this moment ({})", .0.name())]
    Moment(Moment),
    /// The evidence has no such value
    #[error("what Lockstep saw does not say what is right there")]
    NoMoment,
    /// References have no text of their own
    #[error("it is about a reference, or a type, that no template writes down")]
    Reference,
    /// A module is none, or has no text
    #[error("a module cannot be written as text that makes the same code")]
    Modules,
    /// The host gives what the case imports
    #[error("the case imports from the host what no template provides")]
    HostImports,
    /// The host does more than return
    #[error("a host function of the case does more than return")]
    HostFunctions,
    /// Steps that are no calls, or have such arguments
    #[error("a step of the case is no plain call")]
    Steps,
    /// A call traps, throws or has no end
    #[error("a call of the case does not return in the reference interpreter")]
    Ends,
    /// Edits in the middle, or other actions
    #[error("the debugger edits breakpoints while the case runs, or does more than that")]
    Schedule,
    /// Axes that no template sets
    #[error("the configuration has an axis that no template sets")]
    Configuration,
}
