//! Seeded faults: each row of a table is a subject that does one thing wrong, and each must be found
//! among generated cases that are clean without it.
//!
//!     cargo test --release -p lockstep --test seeded -- --table
//!     cargo test --release -p lockstep --test seeded -- --clean 2000

mod fatal;
mod jobs;
mod layer;
mod options;
mod past;
mod table;

use fatal::{BEGINS, DIFFERS, ENDS, fatal, unclean_without_layer};
use jobs::in_order;
use layer::{Fault, Hook, Layer};
use lockstep::case::{Case, CaseReport, run_case_on, run_with};
use lockstep::divergence::Divergence;
use lockstep::generate;
use lockstep::lockstep::policy::FramePolicy;
use lockstep::rules::RuleId;
use options::{On, Options};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;
// Linked in, so that they can be the subject.
use {subject_48 as _, subject_50 as _};

/// Cases among which each fault must be found.
const CASES: u64 = 2_000;

/// Events of a case, of which each is copied; the rest of it is not run.
const EVENTS: u64 = 2_000;

/// Cases that must be clean in a plain run, beside those in which a fault was found.
const CLEAN: u64 = 150;

/// Threads: what is found does not depend on how many there are.
const THREADS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// Where the tables are recorded, and the line behind each.
const DOCUMENT: &str = "../docs/seeded-faults.md";
const END: &str = "<!-- table: end -->\n";

/// The first cases of a seed on a subject and target, each made when it is first needed.
struct Cases {
    seed: u64,
    on: On,
    made: Vec<OnceLock<Case>>,
    /// Those that end the process are counted, and not run.
    fatal: BTreeSet<u64>,
}

impl Cases {
    fn of(seed: u64, on: On, count: u64) -> Cases {
        Cases {
            seed,
            on,
            made: (0..count).map(|_| OnceLock::new()).collect(),
            fatal: fatal(seed, on, count),
        }
    }

    fn get(&self, number: u64) -> &Case {
        self.made[number as usize].get_or_init(|| case_of(self.seed, number, self.on))
    }

    fn len(&self) -> u64 {
        self.made.len() as u64
    }
}

fn case_of(seed: u64, number: u64, on: On) -> Case {
    let mut case = generate::with_proposals(seed, number, generate::Proposals::All);
    case.configuration.target = on.target;
    case
}

/// What came of looking for a fault.
struct Row {
    fault: Fault,
    found: Found,
    /// The same with every frame compared at every event, where a table is wanted.
    found_by_all: Option<Found>,
}

/// What was found of a fault.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// Number of the first case that shows it, and the rule that fired first.
    By(u64, RuleId),
    /// Nothing, in all cases.
    Nothing,
    /// The subject has nothing that could be wrong so.
    Inapplicable,
}

impl Found {
    fn case(self) -> Option<u64> {
        match self {
            Found::By(number, _) => Some(number),
            Found::Nothing | Found::Inapplicable => None,
        }
    }
}

/// Runs a case on a subject with these faulty hooks.
fn run(
    case: &Case,
    on: On,
    hooks: &'static [Hook],
    frames: FramePolicy,
) -> Result<CaseReport, String> {
    let layer = Layer::new(hooks, case);
    let mut options = case.options();
    options.settings.subject = on.subject;
    options.settings.frames = frames;
    options.settings.max_events = EVENTS;
    run_with(&case.script(), &options, layer, None).map_err(|error| error.to_string())
}

fn look_for(fault: &Fault, cases: &Cases, by_all: bool) -> Row {
    Row {
        fault: *fault,
        found: first_of(fault, cases, FramePolicy::default()),
        found_by_all: by_all.then(|| first_of(fault, cases, FramePolicy::All)),
    }
}

fn first_of(fault: &Fault, cases: &Cases, frames: FramePolicy) -> Found {
    if !fault.applies_to(cases.on) {
        return Found::Inapplicable;
    }
    let mut numbers = 0..cases.len();
    let found = numbers.find_map(|number| {
        let case = cases.get(number);
        if !fault.can_show(case) || cases.fatal.contains(&number) {
            return None;
        }
        let report = run(case, cases.on, fault.hooks, frames).ok()?;
        let first = report.divergences.first()?;
        Some(Found::By(number, first.rule))
    });
    found.unwrap_or(Found::Nothing)
}

/// Looks for every fault; rows are in the table's order.
fn rows(faults: &[Fault], cases: &Cases, by_all: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let search = |fault: &Fault| look_for(fault, cases, by_all);
    let keep = |row| {
        rows.push(row);
        Ok(())
    };
    in_order(faults, THREADS, search, keep).expect("the threads start");
    rows
}

/// What is wrong with these cases on a subject without a fault.
fn unclean(cases: &Cases, numbers: &BTreeSet<u64>) -> Vec<String> {
    let numbers: Vec<u64> = numbers.difference(&cases.fatal).copied().collect();
    let mut lines = Vec::new();
    let keep = |found: Vec<String>| {
        lines.extend(found);
        Ok(())
    };
    let check = |number: &u64| match run(cases.get(*number), cases.on, &[], FramePolicy::default())
    {
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
            Found::By(number, _) => (number + 1).to_string(),
            Found::Nothing => format!("not found in {CASES}"),
            Found::Inapplicable => "–".to_owned(),
        };
        let rule = match found {
            Found::By(_, rule) => format!("`{rule}`"),
            Found::Nothing | Found::Inapplicable => String::new(),
        };
        text += &format!(
            "| {} | {} | {} | {} | {} | {rule} |\n",
            fault.name,
            fault.wrong,
            hooks.join(", "),
            needed(found),
            row.found_by_all.as_ref().map_or_else(String::new, needed),
        );
    }
    text
}

/// The document, and what lies before, between and behind the lines that enclose a table.
fn document(on: On) -> (PathBuf, [String; 3]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let text = std::fs::read_to_string(&path).expect("the document is there");
    let begin = format!("<!-- table of {on}: begin; made by the command above -->\n");
    let begin = text.find(&begin).expect("the begin marker") + begin.len();
    let end = begin + text[begin..].find(END).expect("the end marker");
    let parts = [&text[..begin], &text[begin..end], &text[end..]].map(str::to_owned);
    (path, parts)
}

fn main() -> ExitCode {
    let Some(options) = Options::read() else {
        return ExitCode::SUCCESS;
    };
    if let Some(number) = options.case {
        return show(&options, number);
    }
    if let Some(numbers) = options.survey.clone() {
        return survey(&options, numbers);
    }
    if let Some(number) = options.plain {
        return plain(&options, number);
    }
    let mut complaints = Vec::new();
    let cases = Cases::of(
        options.seed,
        options.on(),
        CASES.max(options.clean.unwrap_or(0)),
    );
    if !cases.fatal.is_empty() {
        println!(
            "not run, as the process ends or the layer's looks show: {:?}",
            cases.fatal
        );
        let (seed, on) = (cases.seed, cases.on);
        let found = unclean_without_layer(seed, on, &cases.fatal, THREADS);
        println!("without the layer {} of them are not clean", found.len());
        complaints.extend(found);
    }
    let mut clean: BTreeSet<u64> = (0..options.clean.unwrap_or(CLEAN)).collect();
    if options.wants_table() {
        let mut faults = table::faults();
        faults.retain(|fault| options.only.is_empty() || options.only.contains(fault.name));
        let rows = rows(&faults, &cases, options.shows_table());
        let table = print_table(&rows);
        print!("{table}");
        let missed = rows.iter().filter(|row| row.found == Found::Nothing);
        complaints.extend(missed.map(|row| format!("{} was not found", row.fault.name)));
        clean.extend(rows.iter().filter_map(|row| row.found.case()));
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

/// Runs cases without a fault, and says before each that it begins: the process may end there.
fn survey(options: &Options, numbers: Range<u64>) -> ExitCode {
    let on = options.on();
    for number in numbers {
        println!("{BEGINS} {number}");
        let case = case_of(options.seed, number, on);
        let mut policies = [FramePolicy::default(), FramePolicy::All].into_iter();
        let differs = policies.any(|frames| {
            let report = run(&case, on, &[], frames);
            report.is_ok_and(|report| !report.divergences.is_empty())
        });
        if differs {
            println!("{DIFFERS} {number}");
        }
    }
    println!("{ENDS}");
    ExitCode::SUCCESS
}

/// Runs a case without the layer, and says what is found.
fn plain(options: &Options, number: u64) -> ExitCode {
    let on = options.on();
    let case = case_of(options.seed, number, on);
    match run_case_on(on.subject, &case) {
        Ok(report) => {
            let found = report.divergences.iter();
            found.for_each(|found| println!("{}", describe(number, found)));
            ExitCode::from(u8::from(!report.divergences.is_empty()))
        }
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Says what is found with faults in one case.
fn show(options: &Options, number: u64) -> ExitCode {
    let on = options.on();
    let case = case_of(options.seed, number, on);
    let faults = table::faults();
    let wanted = faults
        .iter()
        .filter(|fault| options.only.contains(fault.name));
    let mut missed = false;
    for fault in wanted {
        let shows = fault.applies_to(on) && fault.can_show(&case);
        match run(&case, on, fault.hooks, FramePolicy::default()) {
            Ok(report) => {
                missed |= report.divergences.is_empty();
                let found = report.divergences.iter();
                found.for_each(|found| println!("{}: {}", fault.name, describe(number, found)));
                println!(
                    "{}: can show: {shows}; known: {:?}",
                    fault.name, report.known
                );
            }
            Err(error) => println!("{}: {error}", fault.name),
        }
    }
    ExitCode::from(u8::from(missed))
}

/// Writes the document's table anew, or compares it, if that is wanted.
fn record(options: &Options, table: &str) -> Option<String> {
    if !options.update && !options.check {
        return None;
    }
    let (path, [before, recorded, after]) = document(options.on());
    if options.update {
        std::fs::write(path, format!("{before}{table}{after}")).expect("the document is written");
        return None;
    }
    (recorded != table).then(|| format!("{DOCUMENT} has another table; run with --update"))
}
