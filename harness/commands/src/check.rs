//! `lockstep check`: a user's module under lockstep.

use super::output::{About, Output, reporter};
use super::subjects::Subject;
use super::{Format, OwnFault, RunSettings, exit_code, quoted};
use clap::Args;
use lockstep_core::case::CaseReport;
use lockstep_core::check::{self, Plan, UserModule, Wishes};
use lockstep_core::report::{Finished, Reporter, counted};
use lockstep_core::subject::Settings;
use lockstep_core::totals::{Measured, Totals};
use lockstep_core::version::Version;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

/// Events for a case whose invocations are chosen here: boundary values make long loops.
const AUTOMATIC_EVENTS: u64 = 1_000_000;

/// Runs a module and compares every event, frame and value
///
/// The module is single-stepped beside the reference interpreter. Without --invoke, every exported
/// function is called with zeros and with boundary values; a call that needs more events than
/// --max-events is cut, and the others go on in a fresh instance.
///
/// Imports are satisfied by host functions whose results follow from --seed, the number of the
/// call and the result types, and by zeroed memories and tables.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Values are written type:value, or value alone where the parameter says the type:
  i32:-1  i32:0xff  i64:5  f32:1.5  f32:-inf  f32:nan:0x7fc00001  f64:nan  v128:0x<32 digits>
  externref:5  externref:null  funcref:null

Examples:
  lockstep check module.wat
  lockstep check m.wasm --invoke 'fac(i64:20)' --invoke 'main()'
  lockstep check m.wasm --import 'env.abort=fail' --import 'env.tick=call(on_tick)'
  lockstep check m.wasm --frames all --format json")]
pub(super) struct Options {
    /// A module, binary or text
    file: PathBuf,
    #[command(flatten)]
    calls: Calls,
    #[command(flatten)]
    settings: RunSettings,
    /// Print the first example of each known divergence
    #[arg(long)]
    show_known: bool,
}

/// What is called, and what the host does.
#[derive(Debug, Args)]
pub(super) struct Calls {
    /// Calls an export, in the order given: 'name(i32:20, f64:1.5)'
    #[arg(long, value_name = "CALL", allow_hyphen_values = true)]
    pub(super) invoke: Vec<String>,
    /// What an imported function does: 'module.name=fail' or 'module.name=call(export)'
    #[arg(long, value_name = "IMPORT=BEHAVIOUR")]
    pub(super) import: Vec<String>,
}

impl Calls {
    pub(super) fn wishes(&self, settings: Settings) -> Wishes {
        Wishes {
            invoke: self.invoke.clone(),
            imports: self.import.clone(),
            settings,
        }
    }

    fn replay(&self) -> String {
        let invokes = self
            .invoke
            .iter()
            .map(|text| format!(" --invoke {}", quoted(text)));
        let imports = self
            .import
            .iter()
            .map(|text| format!(" --import {}", quoted(text)));
        invokes.chain(imports).collect()
    }
}

pub(super) fn run(options: &Options, subject: &Subject, format: Format) -> anyhow::Result<u8> {
    let started = Instant::now();
    let user = UserModule::read(&options.file)?;
    let limit = match options.calls.invoke.is_empty() {
        true => AUTOMATIC_EVENTS,
        false => Settings::default().max_events,
    };
    let wishes = options
        .calls
        .wishes(options.settings.settings(subject.version, limit));
    let plan = check::plan(&user, &wishes)?;
    if format == Format::Text {
        introduce(&plan).map_err(OwnFault::from)?;
    }
    let replay = format!(
        "lockstep check {}{}{}{}",
        quoted(&user.name),
        options.calls.replay(),
        options.settings.replay(),
        subject.replay()
    );
    let mut totals = Totals::of(subject.version);
    let mut reporter = reporter(format, About::Invocations, options.show_known);
    let mut begun = Instant::now();
    check::continued::run(&plan, |report| {
        let finished = finish(&plan, report, subject.version, &replay, begun);
        begun = Instant::now();
        deliver(&finished, &mut totals, &mut reporter)
    })?;
    totals.measured = Measured::now(started.elapsed());
    reporter.end(&totals).map_err(OwnFault::from)?;
    Ok(exit_code(&totals))
}

fn finish(
    plan: &Plan,
    report: CaseReport,
    subject: Version,
    replay: &str,
    begun: Instant,
) -> Finished {
    Finished {
        name: plan.script.name.clone(),
        subject,
        result: Ok(report),
        elapsed: begun.elapsed(),
        replay: replay.to_owned(),
        limit: None,
    }
}

fn deliver(
    finished: &Finished,
    totals: &mut Totals,
    reporter: &mut impl Reporter,
) -> Result<(), OwnFault> {
    if let Ok(report) = &finished.result {
        totals.add(report);
    }
    Ok(reporter.case(finished)?)
}

/// What is about to run, for people.
fn introduce(plan: &Plan) -> io::Result<()> {
    let mut out = Output::new();
    writeln!(out, "{}", plan.script.name)?;
    for import in &plan.imports {
        writeln!(
            out,
            "  import {} ({}): {}",
            import.name, import.ty, import.satisfied_by
        )?;
    }
    for skipped in &plan.skipped {
        writeln!(
            out,
            "  export {} is not called: {}",
            skipped.export, skipped.reason
        )?;
    }
    if plan.automatic && plan.unexported > 0 {
        let functions = counted(plan.unexported as u64, "function");
        writeln!(out, "  {functions} not exported, so not called directly")?;
    }
    out.flush()
}
