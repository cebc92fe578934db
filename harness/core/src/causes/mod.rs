//! What published versions are known to do otherwise, each as narrow as its root cause.
//!
//! The ledger is one table with a row a cause. Behind it, one file a cause holds the pure functions
//! that are asked: whether the cause explains a difference, or forbids a read. A difference can only
//! be explained, and a read only be left out, with a [`Known`]: a cause that *this* subject has. There
//! is no other way to make one than to ask [`Causes`], which asks the table.

pub mod breakpoint_count;
pub mod cast_type;
pub mod collect_slot;
pub mod component_patches;
pub mod converted;
pub mod half_made_array;
pub mod hazard;
pub mod host_activation;
pub mod host_root;
pub mod if_params;
pub mod if_without_else;
pub mod imported_type;
pub mod inlined_calls;
pub mod inlined_tail_call;
pub mod instance_position;
pub mod late_module;
mod left_out;
pub mod libcall_frame;
pub mod libcall_trap;
pub mod pulley_memory_trap;
pub mod pulley_registers;
pub mod segment_objects;
pub mod slots;
mod table;
pub mod trap_elsewhere;
pub mod try_callee;
pub mod try_root;

pub use left_out::LeftOut;
pub use table::Cause;

use crate::rules::RuleId;
use crate::version::Version;

/// What a cause does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Explains a difference; lockstep goes on.
    Explains,
    /// Explains a difference after which nothing can be compared; the execution ends there.
    Ends,
    /// Forbids a read or a collection that would crash the process: a hazard.
    Forbids,
}

impl Kind {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Explains => "explains",
            Kind::Ends => "ends",
            Kind::Forbids => "forbids",
        }
    }
}

/// A range of releases that have a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Having {
    /// The first release that it was seen in.
    pub since: u32,
    /// The first later release in which it was looked for and is not; none if no such is known.
    pub until: Option<u32>,
    /// What is particular about it in these releases; empty if nothing is.
    pub note: &'static str,
}

impl Having {
    /// All releases that the debug API was looked at in.
    const ALL: Having = Having::since(FIRST, "");

    const fn since(since: u32, note: &'static str) -> Having {
        Having {
            since,
            until: None,
            note,
        }
    }

    const fn until(release: u32) -> Having {
        Having {
            since: FIRST,
            until: Some(release),
            note: "",
        }
    }

    /// The same, up to the release in which it was looked for and is not.
    const fn before(self, release: u32) -> Having {
        Having {
            until: Some(release),
            ..self
        }
    }

    fn has(&self, release: u32) -> bool {
        self.since <= release && self.until.is_none_or(|until| release < until)
    }
}

/// The first release that can be a subject.
const FIRST: u32 = 42;

impl std::fmt::Display for Having {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.until {
            Some(until) => write!(f, "{} to before {until}", self.since),
            None => write!(f, "{} and later", self.since),
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The cause.
    pub cause: Cause,
    /// Its name in reports.
    pub id: &'static str,
    /// What it does.
    pub kind: Kind,
    /// The rules that it may touch; none for a hazard that breaks no rule when avoided.
    pub rules: &'static [RuleId],
    /// Cause and extent.
    pub text: &'static str,
    /// The releases that have it.
    pub versions: &'static [Having],
    /// The test that fails when a version no longer has it.
    pub test: &'static str,
}

impl Row {
    /// The releases that have it, for people.
    pub fn versions(&self) -> String {
        let mut ranges: Vec<String> = Vec::new();
        let first = self.versions.first().copied();
        let last = self.versions.last().copied();
        // Ranges with notes of their own follow one another without a gap.
        if let Some((first, last)) = first.zip(last) {
            let whole = Having {
                since: first.since,
                ..last
            };
            ranges.push(whole.to_string());
        }
        ranges.join(", ")
    }

    /// The text, and the notes on single versions.
    pub fn explained(&self) -> String {
        let notes = self
            .versions
            .iter()
            .filter(|having| !having.note.is_empty());
        let notes = notes.map(|having| format!(" From {}: {}", having.since, having.note));
        std::iter::once(self.text.to_owned()).chain(notes).collect()
    }
}

impl Cause {
    /// Its name in reports.
    pub fn id(self) -> &'static str {
        self.row().id
    }

    /// Whether the version has it.
    pub fn is_of(self, subject: Version) -> bool {
        let mut ranges = self.row().versions.iter();
        ranges.any(|having| having.has(subject.release()))
    }

    /// Whether it ends the execution in which it matches.
    pub fn ends(self) -> bool {
        self.row().kind == Kind::Ends
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

/// There is no cause of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no cause `{0}`; `lockstep rules` lists them")]
pub struct NoCause(String);

impl std::str::FromStr for Cause {
    type Err = NoCause;

    fn from_str(text: &str) -> Result<Cause, NoCause> {
        let mut all = Cause::ALL.iter().copied();
        let found = all.find(|cause| cause.id() == text);
        found.ok_or_else(|| NoCause(text.to_owned()))
    }
}

/// The causes of one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Causes {
    subject: Version,
}

impl Causes {
    /// The causes of a version.
    pub fn of(subject: Version) -> Causes {
        Causes { subject }
    }

    /// The cause, if the subject has it.
    pub fn get(self, cause: Cause) -> Option<Known> {
        cause.is_of(self.subject).then_some(Known(cause))
    }
}

/// A cause that the subject has: without one no difference is explained, and no read left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Known(Cause);

impl Known {
    /// Which it is.
    pub fn cause(self) -> Cause {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn rows_are_in_order_and_ids_are_unique() {
        let mut all = Cause::ALL.iter();
        assert!(all.all(|cause| cause.row().cause == *cause));
        let ids: BTreeSet<_> = Cause::ALL.iter().map(|cause| cause.id()).collect();
        assert_eq!(ids.len(), Cause::ALL.len());
    }

    #[test]
    fn a_cause_reads_itself_as_it_writes_itself() {
        for &cause in Cause::ALL {
            assert_eq!(cause.id().parse(), Ok(cause));
            let json = serde_json::to_string(&cause).unwrap();
            assert_eq!(json, format!("\"{}\"", cause.id()));
            assert_eq!(serde_json::from_str::<Cause>(&json).unwrap(), cause);
        }
        let error = "W42-NONE".parse::<Cause>().unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no cause `W42-NONE`; `lockstep rules` lists them"
        );
    }

    #[test]
    fn only_a_cause_of_the_subject_is_known() {
        let known = |subject, cause| Causes::of(subject).get(cause).map(Known::cause);
        let (old, new) = (Version::V42, Version::V48);
        assert_eq!(known(old, Cause::TrapPc), Some(Cause::TrapPc));
        assert_eq!(known(new, Cause::TrapPc), None);
        assert_eq!(known(old, Cause::StartupFrame), None);
        assert_eq!(known(new, Cause::StartupFrame), Some(Cause::StartupFrame));
    }

    #[test]
    fn ranges_of_a_row_follow_one_another() {
        for cause in Cause::ALL {
            let versions = cause.row().versions;
            assert!(!versions.is_empty(), "{cause}");
            for pair in versions.windows(2) {
                assert_eq!(pair[0].until, Some(pair[1].since), "{cause}");
            }
        }
    }

    #[test]
    fn every_cause_but_a_silent_hazard_names_its_rules() {
        for cause in Cause::ALL {
            let row = cause.row();
            assert!(
                row.kind == Kind::Forbids || !row.rules.is_empty(),
                "{cause}"
            );
        }
    }
}
