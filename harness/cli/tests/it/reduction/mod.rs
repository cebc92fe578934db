//! Reduction of findings of seeded faults, each in a generated module of at least 2 KiB.
//!
//! A plain run reduces three of them. With `LOCKSTEP_REDUCTION=all` it reduces all and prints the
//! table of `harness/docs/reduction.md`.

mod faults;

use faults::{FAULTS, Fault, Faulty};
use lockstep::campaign::interrupt::Interrupt;
use lockstep::campaign::limits::Limits as CaseLimits;
use lockstep::campaign::process::Launch;
use lockstep::campaign::protocol::Wishes;
use lockstep::case::{Case, CaseReport, run_with};
use lockstep::configuration::{Epochs, Target};
use lockstep::divergence::Execution;
use lockstep::generate;
use lockstep::reduce::workers::Workers;
use lockstep::reduce::{Limits, Reduced, Signature, reduce};
use lockstep::rules::RuleId;
use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// Seed of the generated cases.
const SEED: u64 = 0x5eed;

/// Cases in which each fault is looked for.
const CASES: u64 = 3_000;

/// Bytes that the main module has at least.
const LARGE: usize = 2 << 10;

/// Bytes that a reduced case's modules have on average, at most.
const SMALL: usize = 150;

/// Time that one reduction has at most.
const BUDGET: Duration = Duration::from_secs(300);

fn signature(fault: &Fault) -> Signature {
    Signature {
        rule: fault.rule,
        moment: fault.moment,
        execution: Execution::Instrumented,
        known: None,
    }
}

/// Runs cases in a worker first: a subject that ends the process would end the test with it.
struct Screen<'i>(RefCell<Workers<'i>>);

impl<'i> Screen<'i> {
    fn new(interrupt: &'i Interrupt) -> Screen<'i> {
        let launch = Launch {
            program: env!("CARGO_BIN_EXE_lockstep").into(),
            args: vec!["worker".to_owned()],
        };
        let limits = CaseLimits {
            in_all: Some(Duration::from_secs(2)),
            ..CaseLimits::default()
        };
        let workers = Workers::new(
            launch,
            Wishes::default(),
            limits,
            NonZeroUsize::MIN,
            interrupt,
        );
        Screen(RefCell::new(workers))
    }

    /// The report of the honest subject, if it lets the process live.
    fn honest(&self, case: &Case) -> Option<CaseReport> {
        let report = self.0.borrow_mut().report(case).unwrap()?;
        let deadly = [RuleId::Crash, RuleId::Hang, RuleId::MemoryLimit];
        let mut diverged = report.divergences.iter().chain(&report.known_examples);
        (!diverged.any(|found| deadly.contains(&found.rule))).then_some(report)
    }

    /// The report of the faulty subject.
    fn with(&self, fault: &Fault, case: &Case) -> Option<CaseReport> {
        self.honest(case)?;
        let faulty = Faulty::new(fault, case);
        run_with(&case.script(), &case.options(), faulty, None).ok()
    }
}

/// Whether a seeded fault can be told from what this version does anyway: on Pulley it changes
/// registers at events (`PULLEY-REGISTERS`), and a stack copied at an `EpochYield` event, as only
/// the fault layer does, holds values that cannot be read.
fn is_tellable(case: &Case) -> bool {
    let configuration = &case.configuration;
    configuration.target == Target::Native && configuration.epochs == Epochs::Off
}

/// The first generated case with a large module in which the fault is found, and its number.
///
/// The case agrees when the subject does not lie.
fn finding(fault: &Fault, screen: &Screen<'_>) -> Option<(u64, Case)> {
    (0..CASES).find_map(|number| {
        let case = generate::with_proposals(SEED, number, generate::Proposals::None);
        // The code of a component is not made less.
        let small = case.main_module().len() < LARGE;
        if small || case.is_of_components() || !is_tellable(&case) {
            return None;
        }
        let agrees = screen.honest(&case)?.divergences.is_empty();
        let found = agrees && signature(fault).is_in(&screen.with(fault, &case)?);
        found.then_some((number, case))
    })
}

struct Row {
    fault: &'static str,
    number: u64,
    reduced: Reduced,
    elapsed: Duration,
}

fn reduced(fault: &'static Fault, screen: &Screen<'_>) -> Row {
    let (number, case) =
        finding(fault, screen).unwrap_or_else(|| panic!("{}: not found", fault.name));
    let begun = Instant::now();
    let limits = Limits::at(begun + BUDGET);
    let wanted = signature(fault);
    let mut diverges = |case: &Case| {
        let report = screen.with(fault, case);
        report.is_some_and(|report| wanted.is_in(&report))
    };
    let reduced = reduce(&case, &mut diverges, &limits, &mut ()).unwrap();
    assert!(
        diverges(&reduced.case),
        "{}: it no longer diverges",
        fault.name
    );
    if std::env::var_os("LOCKSTEP_REDUCTION_SHOW").is_some() {
        let main = reduced.case.main_module();
        println!("{}", wasmprinter::print_bytes(main).unwrap());
        println!("{:?} {:?}", reduced.case.steps, reduced.case.schedule);
    }
    Row {
        fault: fault.name,
        number,
        reduced,
        elapsed: begun.elapsed(),
    }
}

fn average(rows: &[Row]) -> usize {
    let sizes = rows.iter().map(|row| row.reduced.after.module_bytes);
    sizes.sum::<usize>() / rows.len()
}

fn print(rows: &[Row]) {
    println!("| fault | case | bytes | reduced | candidates | seconds |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    for row in rows {
        println!(
            "| {} | {} | {} | {} | {} | {:.1} |",
            row.fault,
            row.number,
            row.reduced.before.module_bytes,
            row.reduced.after.module_bytes,
            row.reduced.candidates,
            row.elapsed.as_secs_f64()
        );
    }
    println!("on average {} bytes", average(rows));
}

#[test]
fn findings_in_large_modules_become_small() {
    let all = std::env::var("LOCKSTEP_REDUCTION").is_ok_and(|value| value == "all");
    let faults = if all { &FAULTS[..] } else { &FAULTS[..3] };
    let interrupt = Interrupt::default();
    let screen = Screen::new(&interrupt);
    let rows: Vec<Row> = faults.iter().map(|fault| reduced(fault, &screen)).collect();
    print(&rows);
    assert!(rows.iter().all(|row| row.reduced.complete));
    assert!(average(&rows) <= SMALL);
}
