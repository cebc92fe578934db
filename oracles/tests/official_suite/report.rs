//! What happened, counted by directory and kind of assertion. It never judges an assertion.

use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::trap::Trap;
use lockstep_spec_tests::{ASSERTION_KINDS, CommandKind};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// How a command ended.
pub(crate) enum Outcome {
    /// As the script says
    Passed,
    /// As the script says, but the parser of the text noticed before the oracle could
    PassedByText,
    /// Otherwise
    Failed(String),
    /// Not executed, with the reason
    Skipped(String),
}

#[derive(Default)]
struct Counts {
    passed: u64,
    by_text: u64,
    failed: u64,
    skipped: u64,
}

/// All outcomes.
#[derive(Default)]
pub(crate) struct Report {
    scripts: BTreeMap<String, BTreeSet<String>>,
    /// By directory and directive.
    counts: BTreeMap<(String, &'static str), Counts>,
    failures: Vec<String>,
    skips: Vec<String>,
    /// Which opcodes raised which traps.
    pub(crate) raised: HashSet<(Opcode, Trap)>,
}

impl Report {
    pub(crate) fn add(
        &mut self,
        directory: &str,
        script: &str,
        line: u32,
        kind: &CommandKind,
        outcome: Outcome,
    ) {
        let directory = directory.to_owned();
        self.scripts
            .entry(directory.clone())
            .or_default()
            .insert(script.to_owned());
        let counts = self.counts.entry((directory, kind.name())).or_default();
        let place = format!("{script}:{line}: {}", kind.name());
        match outcome {
            Outcome::Passed => counts.passed += 1,
            Outcome::PassedByText => {
                counts.passed += 1;
                counts.by_text += 1;
            }
            Outcome::Failed(why) => {
                counts.failed += 1;
                self.failures.push(format!("{place}: {why}"));
            }
            Outcome::Skipped(why) => {
                counts.skipped += 1;
                self.skips.push(format!("{place}: {why}"));
            }
        }
    }

    pub(crate) fn broken_script(&mut self, script: &str, why: &str) {
        self.failures.push(format!("{script}: {why}"));
    }

    /// Fails where the opcode table names a trap that no script raised.
    pub(crate) fn check_traps(&mut self) {
        for op in Opcode::implemented() {
            for &trap in op.traps() {
                if !self.raised.contains(&(op, trap)) {
                    let why = format!("no script raises its trap: {trap}");
                    self.broken_script(&op.name(), &why);
                }
            }
        }
    }

    pub(crate) fn passed(&self) -> bool {
        self.failures.is_empty() && !self.counts.is_empty()
    }

    /// All assertions of a directory.
    fn assertions(&self, of: &str) -> Counts {
        let mut total = Counts::default();
        for ((directory, directive), counts) in &self.counts {
            if directory == of && directive.starts_with("assert_") {
                total.passed += counts.passed;
                total.failed += counts.failed;
                total.skipped += counts.skipped;
            }
        }
        total
    }

    pub(crate) fn print(&self) {
        println!(
            "{:<37} {:<22} {:>8} {:>8} {:>8}",
            "directory", "directive", "passed", "failed", "skipped"
        );
        let mut total = Counts::default();
        for ((directory, directive), counts) in &self.counts {
            println!(
                "{directory:<37} {directive:<22} {:>8} {:>8} {:>8}",
                counts.passed, counts.failed, counts.skipped
            );
            if directive.starts_with("assert_") {
                total.passed += counts.passed;
                total.by_text += counts.by_text;
                total.failed += counts.failed;
                total.skipped += counts.skipped;
            }
        }
        for kind in ASSERTION_KINDS {
            if !self.counts.keys().any(|(_, directive)| *directive == kind) {
                println!("{:<37} {kind:<22} {:>8} {:>8} {:>8}", "-", 0, 0, 0);
            }
        }
        println!(
            "{:<37} {:<22} {:>8} {:>8} {:>8}",
            "all", "assertions", total.passed, total.failed, total.skipped
        );
        println!(
            "of these rejected by the text parser, not by the oracle: {}",
            total.by_text
        );
        for (directory, scripts) in &self.scripts {
            let assertions = self.assertions(directory);
            println!(
                "{directory}: {} scripts, {} assertions passed, {} failed, {} skipped",
                scripts.len(),
                assertions.passed,
                assertions.failed,
                assertions.skipped
            );
        }
        println!("skipped: {}", self.skips.len());
        for skip in &self.skips {
            println!("  {skip}");
        }
        println!("failures: {}", self.failures.len());
        for failure in &self.failures {
            println!("  {failure}");
        }
    }
}
