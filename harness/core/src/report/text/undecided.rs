//! The commands of a case of which it is not known whether they hold.

use crate::case::{CaseReport, Directive, EXHAUSTED, Status};

/// Commands of a case that were neither passed nor failed, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Undecided {
    /// `exhausted`, `inconclusive`, `not run` or `void`
    pub status: &'static str,
    /// What kind of command.
    pub kind: Directive,
    /// Why.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// Line of the first.
    pub first_line: u32,
    /// Line of the last.
    pub last_line: u32,
}

impl Undecided {
    pub(super) fn lines(&self) -> String {
        if self.first_line == self.last_line {
            format!("line {}", self.first_line)
        } else {
            format!("lines {} to {}", self.first_line, self.last_line)
        }
    }
}

/// The commands that were neither passed nor failed, by status, directive and reason.
pub fn undecided(report: &CaseReport) -> Vec<Undecided> {
    let mut groups: Vec<Undecided> = Vec::new();
    for command in &report.commands {
        let (status, reason) = match &command.status {
            Status::Exhausted => ("exhausted", EXHAUSTED),
            Status::Inconclusive(why) => ("inconclusive", why.as_str()),
            Status::NotRun(why) => ("not run", why.as_str()),
            Status::Void(why) => ("void", why.as_str()),
            Status::Passed | Status::Failed(_) | Status::Unsupported(_) => continue,
        };
        let same = |group: &&mut Undecided| {
            group.status == status && group.kind == command.kind && group.reason == reason
        };
        if let Some(group) = groups.iter_mut().find(same) {
            group.count += 1;
            group.last_line = command.line;
        } else {
            groups.push(Undecided {
                status,
                kind: command.kind,
                reason: reason.to_owned(),
                count: 1,
                first_line: command.line,
                last_line: command.line,
            });
        }
    }
    groups
}
