//! A command on each of several subjects: one after the other, and a last line that says which of them pass.

use super::output::Output;
use super::reporters;
use super::subjects::{NotBuilt, Subject, Subjects};
use super::{BAD_INPUT, Format, OK, OwnFault, worse};
use lockstep_core::campaign::interrupt::{Interrupt, code_so_far, note_code};
use lockstep_core::report::json;
use lockstep_core::report::shown::{Shown, say};
use std::io::Write;

/// One subject's campaign among those of a command.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    /// The subject.
    pub(super) subject: &'a Subject,
    /// Whether it is one of several.
    pub(super) several: bool,
    /// What ends it early, and those that would follow.
    pub(super) interrupt: &'a Interrupt,
}

/// Runs a campaign on each subject, until one is interrupted; the worst exit code. Where there are several,
/// one that cannot be built is named and left out, and the last line of the text says which of them pass.
pub(super) fn on_each(
    subjects: &Subjects,
    format: Format,
    options: &reporters::Options,
    run: impl Fn(Turn<'_>) -> anyhow::Result<u8>,
) -> anyhow::Result<u8> {
    let several = subjects.sources().len() > 1;
    let (subjects, not_built) = match several {
        true => subjects.that_can_be_built()?,
        false => (vec![subjects.only()?], Vec::new()),
    };
    leave_out(&not_built, format)?;
    for missing in &not_built {
        options.left_out(missing)?;
    }
    let interrupt = Interrupt::install().map_err(OwnFault::Start)?;
    let mut came = Came::of(not_built);
    for subject in &subjects {
        if interrupt.stops() {
            came.not_run += 1;
            continue;
        }
        let turn = Turn {
            subject,
            several,
            interrupt: &interrupt,
        };
        let code = run(turn)?;
        note_code(worse(code_so_far(), code));
        came.codes.push((subject.version.name(), code));
    }
    came.conclude(format)
}

/// Says which subjects are left out. A program is told so, too, before what the others come to: the last line
/// is theirs.
///
/// # Errors
///
/// When standard output cannot be written.
pub(super) fn leave_out(not_built: &[NotBuilt], format: Format) -> anyhow::Result<()> {
    for missing in not_built {
        let said = missing.to_string();
        say(&format!("lockstep: {}", Shown(&said)));
        note_code(worse(code_so_far(), BAD_INPUT));
        if format == Format::Json {
            let mut out = Output::new();
            let written = json::line(&mut out, &missing.told()).and_then(|()| out.flush());
            written.map_err(OwnFault::from)?;
        }
    }
    Ok(())
}

/// What became of the subjects of a command.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// Names and exit codes of those that ran.
    pub(super) codes: Vec<(String, u8)>,
    /// Those that could not be built.
    not_built: Vec<NotBuilt>,
    /// How many did not run because of a signal.
    not_run: usize,
}

impl Came {
    /// None ran yet, and these will not.
    fn of(not_built: Vec<NotBuilt>) -> Came {
        Came {
            not_built,
            ..Came::default()
        }
    }

    /// The worst exit code of several subjects; the last line says which of them pass.
    ///
    /// # Errors
    ///
    /// When standard output cannot be written.
    pub(super) fn conclude(&self, format: Format) -> anyhow::Result<u8> {
        let subjects = self.codes.len() + self.not_built.len() + self.not_run;
        if subjects > 1 && format == Format::Text {
            let mut out = Output::new();
            let written = writeln!(out, "{}", Shown(&self.line())).and_then(|()| out.flush());
            written.map_err(OwnFault::from)?;
        }
        Ok(self.code())
    }

    fn code(&self) -> u8 {
        let missing = match self.not_built.is_empty() {
            true => OK,
            false => BAD_INPUT,
        };
        let codes = self.codes.iter().map(|(_, code)| *code);
        codes.fold(missing, worse)
    }

    /// Which subjects pass.
    fn line(&self) -> String {
        let named = |passes: bool| {
            let codes = self.codes.iter();
            let wanted = codes.filter(|(_, code)| (*code == OK) == passes);
            wanted.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
        };
        let [passing, failing] = [true, false].map(named);
        let missing = self.not_built.iter().map(|missing| missing.name.as_str());
        let missing: Vec<&str> = missing.collect();
        let mut parts = Vec::new();
        if !failing.is_empty() {
            parts.push(failing.join(", "));
        }
        if !missing.is_empty() {
            parts.push(format!("{} could not be built", missing.join(", ")));
        }
        if self.not_run > 0 {
            parts.push(format!("{} not run", self.not_run));
        }
        if parts.is_empty() {
            return format!("PASS: {}", passing.join(", "));
        }
        if !passing.is_empty() {
            parts.push(format!("{} passed", passing.join(", ")));
        }
        format!("FAIL: {}", parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(codes: &[u8], missing: &[&str], not_run: usize) -> Came {
        let names = ["42", "48", "50"].iter().map(|name| (*name).to_owned());
        let not_built = missing.iter().map(|name| NotBuilt {
            subject: (*name).to_owned(),
            name: (*name).to_owned(),
            version: None,
            reason: "cargo ended with exit status: 101".to_owned(),
        });
        Came {
            codes: names.zip(codes.iter().copied()).collect(),
            not_built: not_built.collect(),
            not_run,
        }
    }

    #[test]
    fn the_last_line_of_several_subjects_names_those_that_fail() {
        let line = |codes: &[u8], not_run| came(codes, &[], not_run).line();
        assert_eq!(line(&[0, 0], 0), "PASS: 42, 48");
        assert_eq!(line(&[1, 0, 2], 0), "FAIL: 42, 50; 48 passed");
        assert_eq!(line(&[130], 1), "FAIL: 42; 1 not run");
    }

    #[test]
    fn a_subject_that_could_not_be_built_fails_what_the_others_pass() {
        let one = came(&[0], &["47"], 0);
        assert_eq!(one.line(), "FAIL: 47 could not be built; 42 passed");
        assert_eq!(one.code(), BAD_INPUT);
        let found = came(&[1, 0], &["47", "path:w"], 0);
        assert_eq!(
            found.line(),
            "FAIL: 42; 47, path:w could not be built; 48 passed"
        );
        assert_eq!(found.code(), crate::DIVERGED);
        let none = came(&[], &["47", "path:w"], 0);
        assert_eq!(none.line(), "FAIL: 47, path:w could not be built");
        assert_eq!((none.code(), came(&[0], &[], 0).code()), (BAD_INPUT, OK));
    }
}
