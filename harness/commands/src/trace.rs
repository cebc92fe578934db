//! `lockstep trace`: both sides at every event, for a person or a program.

mod end;
mod target;

pub(super) use end::TraceReporter;

use super::campaign::{self, Campaign};
use super::check::Calls;
use super::output::{About, Output};
use super::several::{self, Turn};
use super::subjects::Subjects;
use super::{Format, OwnFault};
use clap::Args;
use lockstep_core::campaign::protocol;
use lockstep_spec_tests::FeatureSet;
use std::io::Write;
use std::path::PathBuf;
use target::Target;

/// Shows both sides at every event
///
/// Each matched event of the instrumented execution is printed when it happens: its number, the
/// PC and opcode, function and instance, and the innermost frame's locals and operands, the
/// oracle's beside the subject's. `=` marks equal values, `!` different ones, `?` one that cannot
/// be read on this version.
///
/// A case file (.toml) says itself what is called, what the host and the debugger do and how the engine is
/// configured; a script (.wast) has its commands. Of a module the calls are named. What a case file expects
/// of the whole case is not judged: only the instrumented execution runs, with every frame compared.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep trace m.wat --invoke 'fac(i64:3)'
  lockstep trace m.wat --invoke 'fac(i64:3)' --stack          every frame
  lockstep trace m.wat --invoke 'fac(i64:3)' --format json | jq .frames[0].opcode
  lockstep trace findings/case.toml                           a case, as `lockstep replay` runs it
  lockstep trace tests/br_table.wast                          a script")]
pub(super) struct Options {
    /// A module, binary or text, a case file (.toml) or a script (.wast); `-` is a module on standard input
    file: PathBuf,
    #[command(flatten)]
    calls: Calls,
    /// Show every frame of the stack, not only the innermost
    #[arg(long)]
    stack: bool,
    /// The features of a script: versions and proposals with commas, as for `lockstep spec --dir`
    #[arg(long, value_name = "NAME,…")]
    features: Option<FeatureSet>,
    #[command(flatten)]
    campaign: campaign::Options,
}

pub(super) fn run(options: &Options, subjects: &Subjects, format: Format) -> anyhow::Result<u8> {
    let target = Target::read(options)?;
    several::on_each(subjects, format, &options.campaign.report, |turn| {
        run_on(options, &target, format, turn)
    })
}

fn run_on(
    options: &Options,
    target: &Target,
    format: Format,
    turn: Turn<'_>,
) -> anyhow::Result<u8> {
    let subject = turn.subject;
    let trace = protocol::Trace {
        json: format == Format::Json,
        stack: options.stack,
    };
    let what = target.what(options);
    let replay = target.replay(options, subject);
    let mut wishes = options.campaign.wishes(subject.version, options.calls.seed);
    wishes.features = options.features.as_ref().map(FeatureSet::to_string);
    let campaign = Campaign {
        plan: campaign::Plan {
            named: vec![what.clone()],
            wishes,
            ..campaign::Plan::default()
        },
        subject,
        several: turn.several,
        options: &options.campaign,
        format,
        about: About::Trace,
        choice: None,
        save: None,
        replay: &|_| replay.clone(),
    };
    let mut session = campaign.begin()?;
    let mut out = match options.campaign.report.writes_files() {
        true => Output::new(),
        false => Output::alone(),
    };
    let mut shown = Ok(());
    let mut request = campaign.plan.request(&what);
    request.trace = Some(trace);
    let ran = campaign
        .pool()
        .traced(what, &request, turn.interrupt, &mut |text| {
            if shown.is_ok() {
                shown = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            }
        });
    shown.map_err(OwnFault::from)?;
    session.deliver(ran.map_err(OwnFault::Start)?)?;
    session.end(turn.interrupt)
}
