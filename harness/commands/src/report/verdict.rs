//! Whether a reproducer shows the bug: it ran, and failed as it must.

use super::look::{Kind, Look};
use serde::Serialize;

/// How a reproducer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// With this code
    Code(i32),
    /// By this signal
    Signal(i32),
    /// Not within its time
    Never,
}

/// What a reproducer said before it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) ended: Ended,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// What came of a reproducer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// It failed: the bug is there.
    Fails {
        /// What it saw.
        seen: String,
    },
    /// It did not fail as it must: it is no reproducer.
    Refused {
        /// Why.
        reason: String,
    },
    /// It was written, and not run.
    NotRun,
}

/// What the code of a panic is.
const PANIC: i32 = 101;

impl Verdict {
    /// What a run shows.
    pub(super) fn of(ran: &Ran, look: &Look) -> Verdict {
        let refused = |reason: &str| Verdict::Refused {
            reason: reason.to_owned(),
        };
        let said = |label: &str| {
            let lines = ran.stdout.lines();
            lines.rev().find_map(|line| line.strip_prefix(label))
        };
        let looked = said("expected: ") == Some(&look.expected);
        match (ran.ended, said("seen: ")) {
            (Ended::Code(1), Some(seen)) if looked && seen != look.expected => Verdict::Fails {
                seen: seen.to_owned(),
            },
            (Ended::Code(0), _) => refused("it ended with 0: all was as it should be"),
            (Ended::Never, _) => refused("it did not end in time"),
            (Ended::Code(PANIC), _) if look.dies => of_death(ran, look, "it panicked"),
            (Ended::Signal(signal), _) if look.dies => {
                of_death(ran, look, &format!("it was ended by signal {signal}"))
            }
            (Ended::Signal(signal), _) => refused(&format!("it was ended by signal {signal}")),
            (Ended::Code(code), _) => {
                let error = ran.stderr.lines().last().unwrap_or_default();
                refused(&format!("it ended with {code}: {error}"))
            }
        }
    }

    /// Whether the bug was seen.
    pub(super) fn fails(&self) -> bool {
        matches!(self, Verdict::Fails { .. })
    }
}

/// A process that died shows the bug only if it died in the engine, and of what it said it would do.
fn of_death(ran: &Ran, look: &Look, how: &str) -> Verdict {
    let mut lines = ran.stderr.lines();
    let panic = lines.find(|line| line.contains("panicked at "));
    let own = panic.is_some_and(|line| line.contains("src/main.rs"));
    let announced = ran.stdout.lines().last();
    let announces = matches!(
        look.kind,
        Kind::Walk | Kind::Stacks | Kind::Collect | Kind::Take | Kind::Panic
    );
    if own || (announces && announced.is_none()) {
        return Verdict::Refused {
            reason: format!("{how} before it came to the bug"),
        };
    }
    let after = announced.map_or_else(String::new, |line| format!(" after `{line}`"));
    let message = panic.and(lines.next());
    let message = message.map_or_else(String::new, |line| format!(": {line}"));
    Verdict::Fails {
        seen: format!("the process died, {how}{after}{message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(ended: Ended, stdout: &str, stderr: &str) -> Ran {
        Ran {
            ended,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        }
    }

    fn look(kind: Kind, dies: bool) -> Look {
        Look {
            dies,
            ..Look::new(kind, "operands: 2")
        }
    }

    #[test]
    fn only_what_fails_as_it_must_is_a_reproducer() {
        let operands = look(Kind::Operands, false);
        let verdict = |ended, stdout: &str| Verdict::of(&ran(ended, stdout, ""), &operands);
        let good = verdict(Ended::Code(1), "expected: operands: 2\nseen: operands: 3\n");
        assert_eq!(
            good,
            Verdict::Fails {
                seen: "operands: 3".to_owned()
            }
        );
        for (ended, stdout) in [
            (Ended::Code(0), "expected: operands: 2\nseen: operands: 2\n"),
            (Ended::Code(1), ""),
            (Ended::Code(1), "expected: operands: 4\nseen: operands: 3\n"),
            (Ended::Code(PANIC), "expected: operands: 2\n"),
            (Ended::Signal(11), ""),
            (Ended::Never, "expected: operands: 2\nseen: operands: 3\n"),
        ] {
            assert!(!verdict(ended, stdout).fails(), "{ended:?} {stdout}");
        }
    }

    #[test]
    fn a_death_counts_where_it_was_announced_and_is_the_engines() {
        let walk = look(Kind::Walk, true);
        let verdict = |stdout: &str, stderr: &str| {
            Verdict::of(&ran(Ended::Code(PANIC), stdout, stderr), &walk).fails()
        };
        let engine = "thread 'main' panicked at /r/wasmtime-48.0.8/src/runtime/vm.rs:9:5:\nnull\n";
        let own = "thread 'main' panicked at src/main.rs:9:5:\nguest_debug is on\n";
        assert!(verdict("reading local 0\n", engine));
        assert!(!verdict("", engine));
        assert!(!verdict("reading local 0\n", own));
        let crash = ran(Ended::Signal(11), "reading local 0\n", "");
        assert!(Verdict::of(&crash, &walk).fails());
    }
}
