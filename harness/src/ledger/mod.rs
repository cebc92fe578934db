//! Known divergences and hazards of published versions, each as narrow as its cause.
//!
//! An *observational* entry explains exactly one difference of data and lockstep goes on. A
//! *hazard* names an API call that is not made because it would crash the process.

pub mod breakpoint_count;
mod entries;
pub mod if_params;
mod traps;

pub use entries::*;
pub use traps::{TrapEvidence, explain_trap, traps_as_host_error, traps_silently};

use crate::rules::RuleId;
use crate::version::Version;

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// Explains a difference; lockstep goes on.
    Observational,
    /// Names an API call that is not made.
    Hazard,
    /// The harness works around the behaviour; a test shows that it is still there.
    Workaround,
    /// Explains a difference after which nothing can be compared; the execution ends there.
    Terminal,
}

/// One entry of the ledger.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Entry {
    /// Its name in reports.
    pub id: &'static str,
    /// What it does.
    pub kind: EntryKind,
    /// The rule it deviates from; none for a hazard that breaks no rule when avoided.
    pub rule: &'static str,
    /// The versions that it is known of.
    #[serde(rename = "versions", serialize_with = "numbers")]
    pub subjects: &'static [Version],
    /// Cause and extent.
    pub cause: &'static str,
    /// The test (in `harness/tests/ledger.rs`, of 48 in `ledger_48.rs`) that fails when a version no longer does it.
    pub test: &'static str,
}

fn numbers<S: serde::Serializer>(
    subjects: &&'static [Version],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&joined(subjects))
}

fn joined(subjects: &[Version]) -> String {
    let numbers: Vec<&str> = subjects.iter().map(|subject| subject.number()).collect();
    numbers.join(", ")
}

impl Entry {
    /// The numbers of the versions that it is known of.
    pub fn versions(&self) -> String {
        joined(self.subjects)
    }
}

/// The entry of the version that has this one's cause: itself, or its namesake.
pub fn of(subject: Version, id: &str) -> Option<&'static str> {
    let cause = |id: &'static str| id.split_once('-').map(|(_, cause)| cause);
    let wanted = id.split_once('-').map(|(_, cause)| cause);
    let mut entries = ENTRIES.iter();
    let found =
        entries.find(|entry| entry.subjects.contains(&subject) && cause(entry.id) == wanted);
    found.map(|entry| entry.id)
}

/// Whether the entry is known of the version.
pub fn knows(subject: Version, id: &str) -> bool {
    let mut entries = ENTRIES.iter();
    entries.any(|entry| entry.id == id && entry.subjects.contains(&subject))
}

/// Whether the entry ends the execution in which it matches.
pub fn is_terminal(id: &str) -> bool {
    let found = ENTRIES.iter().find(|entry| entry.id == id);
    found.is_some_and(|entry| entry.kind == EntryKind::Terminal)
}

/// Whether the entry's cause is that events change the guest's registers: whatever it then did to the
/// process, too, says nothing.
pub fn is_of_registers(id: &str) -> bool {
    let registers = |version| of(version, PULLEY_REGISTERS) == Some(id);
    Version::ALL.iter().copied().any(registers)
}

/// Rules that a value changed in a register can break (`W42-PULLEY-REGISTERS`); what the store says of
/// itself, and the shape of frames, do not depend on the guest's registers.
pub fn register_can_break(rule: RuleId) -> bool {
    matches!(
        rule,
        RuleId::LocalValue
            | RuleId::OperandValue
            | RuleId::FramePc
            | RuleId::FrameFunction
            | RuleId::FrameCount
            | RuleId::StepLost
            | RuleId::StepSpurious
            | RuleId::BreakLost
            | RuleId::BreakSpurious
            | RuleId::FrameInstance
            | RuleId::TrapEvent
            | RuleId::TrapPc
            | RuleId::TrapStack
            | RuleId::HostErrorEvent
            | RuleId::HostCall
            | RuleId::Outcome
            | RuleId::Values
            | RuleId::Memory
            | RuleId::Global
            | RuleId::Table
            | RuleId::Panic
            | RuleId::Crash
            | RuleId::Hang
            | RuleId::RefNull
            | RuleId::RefKind
            | RuleId::RefType
            | RuleId::RefIdentity
            | RuleId::RefContent
            | RuleId::Kept
            | RuleId::ThrowEvent
    )
}
