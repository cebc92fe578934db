//! Seeded faults: each row of a table is a subject that does one thing wrong, and each must be found
//! among generated cases that are clean without it.
//!
//! The faulty layer lies above the compiled code, so every case runs on the native target; and it
//! copies the stack at every event, so no case advances the epoch.
//!
//!     cargo test --release -p lockstep --test seeded -- --table
//!     cargo test --release -p lockstep --test seeded -- --clean 2000

mod jobs;
mod layer;
mod options;
mod past;
mod table;

use jobs::in_order;
use layer::{Fault, Hook, Layer};
use lockstep::case::{Case, CaseReport, run_with};
use lockstep::configuration::{Epochs, Target};
use lockstep::divergence::Divergence;
use lockstep::generate;
use lockstep::lockstep::policy::FramePolicy;
use lockstep::rules::RuleId;
use options::Options;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

/// Cases among which each fault must be found.
const CASES: u64 = 2_000;

/// Cases that must be clean in a plain run, beside those in which a fault was found.
const CLEAN: u64 = 150;

/// Threads: what is found does not depend on how many there are.
const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// Where the table is recorded, and between which lines.
const DOCUMENT: &str = "../docs/seeded-faults.md";
const BEGIN: &str = "<!-- table: begin; made by the command above -->\n";
const END: &str = "<!-- table: end -->\n";

/// The first cases of a seed, each made when it is first needed.
struct Cases {
    seed: u64,
    made: Vec<OnceLock<Case>>,
}

impl Cases {
    fn of(seed: u64, count: u64) -> Cases {
        Cases {
            seed,
            made: (0..count).map(|_| OnceLock::new()).collect(),
        }
    }

    fn get(&self, number: u64) -> &Case {
        self.made[number as usize].get_or_init(|| {
            let mut case = generate::with_proposals(self.seed, number, generate::Proposals::None);
            case.configuration.target = Target::Native;
            // The layer copies the stack at every event, and at an `EpochYield` event in a function's
            // prologue the frame's own record is not written yet.
            case.configuration.epochs = Epochs::Off;
            case
        })
    }

    fn len(&self) -> u64 {
        self.made.len() as u64
    }
}

/// What came of looking for a fault.
struct Row {
    fault: Fault,
    /// Number of the first case that shows it, and the rule that fired first.
    found: Found,
    /// The same with every frame compared at every event.
    found_by_all: Found,
}

/// Number of the first case that shows a fault, and the rule that fired first.
type Found = Option<(u64, RuleId)>;

/// Runs a case on a subject with these faulty hooks.
fn run(case: &Case, hooks: &'static [Hook], frames: FramePolicy) -> Result<CaseReport, String> {
    let layer = Layer::new(hooks, case);
    let mut options = case.options();
    options.settings.frames = frames;
    run_with(&case.script(), &options, layer, None).map_err(|error| error.to_string())
}

fn look_for(fault: &Fault, cases: &Cases) -> Row {
    Row {
        fault: *fault,
        found: first_of(fault, cases, FramePolicy::default()),
        found_by_all: first_of(fault, cases, FramePolicy::All),
    }
}

fn first_of(fault: &Fault, cases: &Cases, frames: FramePolicy) -> Found {
    (0..cases.len()).find_map(|number| {
        let case = cases.get(number);
        if !fault.can_show(case) {
            return None;
        }
        let report = run(case, fault.hooks, frames).ok()?;
        let first = report.divergences.first()?;
        Some((number, first.rule))
    })
}

/// Looks for every fault; rows are in the table's order.
fn rows(faults: &[Fault], cases: &Cases) -> Vec<Row> {
    let mut rows = Vec::new();
    let search = |fault: &Fault| look_for(fault, cases);
    let keep = |row| {
        rows.push(row);
        Ok(())
    };
    in_order(faults, THREADS, search, keep).expect("the threads start");
    rows
}

/// What is wrong with these cases on a subject without a fault.
fn unclean(cases: &Cases, numbers: &BTreeSet<u64>) -> Vec<String> {
    let numbers: Vec<u64> = numbers.iter().copied().collect();
    let mut lines = Vec::new();
    let keep = |found: Vec<String>| {
        lines.extend(found);
        Ok(())
    };
    let check = |number: &u64| match run(cases.get(*number), &[], FramePolicy::default()) {
        Ok(report) => {
            let found = report.divergences.iter();
            found.map(|found| describe(*number, found)).collect()
        }
        Err(error) => vec![format!("case {number}: {error}")],
    };
    in_order(&numbers, THREADS, check, keep).expect("the threads start");
    lines
}

fn describe(number: u64, found: &Divergence) -> String {
    format!(
        "case {number}: {}, {} execution, {}, {}, event {}: expected {}; observed {}",
        found.rule,
        found.execution.name(),
        found.command,
        found.moment.name(),
        found.event,
        found.expected,
        found.observed
    )
}

fn print_table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| fault | what the subject does wrong | hooks | cases needed | with `all` | rule |\n\
         | --- | --- | --- | ---: | ---: | --- |\n",
    );
    for row in rows {
        let Row { fault, found, .. } = row;
        let mut hooks: Vec<&str> = fault.hooks.iter().filter_map(Hook::name).collect();
        hooks.dedup();
        let needed = |found: &Found| match found {
            Some((number, _)) => (number + 1).to_string(),
            None => format!("not found in {CASES}"),
        };
        let rule = found.map_or_else(String::new, |(_, rule)| format!("`{rule}`"));
        text += &format!(
            "| {} | {} | {} | {} | {} | {rule} |\n",
            fault.name,
            fault.wrong,
            hooks.join(", "),
            needed(found),
            needed(&row.found_by_all),
        );
    }
    text
}

/// The document, and what lies before, between and behind the lines that enclose its table.
fn document() -> (PathBuf, [String; 3]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let text = std::fs::read_to_string(&path).expect("the document is there");
    let begin = text.find(BEGIN).expect("the begin marker") + BEGIN.len();
    let end = text.find(END).expect("the end marker");
    let parts = [&text[..begin], &text[begin..end], &text[end..]].map(str::to_owned);
    (path, parts)
}

fn main() -> ExitCode {
    let Some(options) = Options::read() else {
        return ExitCode::SUCCESS;
    };
    let mut complaints = Vec::new();
    let cases = Cases::of(options.seed, CASES.max(options.clean.unwrap_or(0)));
    let mut clean: BTreeSet<u64> = (0..options.clean.unwrap_or(CLEAN)).collect();
    if options.wants_table() {
        let mut faults = table::faults();
        faults.retain(|fault| options.only.is_empty() || options.only.contains(fault.name));
        let rows = rows(&faults, &cases);
        let table = print_table(&rows);
        print!("{table}");
        let missed = rows.iter().filter(|row| row.found.is_none());
        complaints.extend(missed.map(|row| format!("{} was not found", row.fault.name)));
        clean.extend(rows.iter().filter_map(|row| Some(row.found?.0)));
        complaints.extend(record(&options, &format!("\n{table}\n")));
    }
    if !options.table {
        let found = unclean(&cases, &clean);
        let (count, found_count) = (clean.len(), found.len());
        println!("{count} cases without a fault: {found_count} divergences");
        complaints.extend(found);
    }
    complaints.iter().for_each(|line| println!("{line}"));
    ExitCode::from(u8::from(!complaints.is_empty()))
}

/// Writes the document's table anew, or compares it, if that is wanted.
fn record(options: &Options, table: &str) -> Option<String> {
    if !options.update && !options.check {
        return None;
    }
    let (path, [before, recorded, after]) = document();
    if options.update {
        std::fs::write(path, format!("{before}{table}{after}")).expect("the document is written");
        return None;
    }
    (recorded != table).then(|| format!("{DOCUMENT} has another table; run with --update"))
}
