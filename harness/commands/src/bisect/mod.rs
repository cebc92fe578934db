//! `lockstep bisect`: the first version, or the first commit, in which a case diverges or stops to.

mod kept;
mod places;
mod search;
mod tree;

use super::campaign;
use super::output::Output;
use super::subjects::Subject;
use super::{BAD_INPUT, Format, OK, OwnFault};
use anyhow::bail;
use clap::Args;
use kept::Kept;
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::campaign::outcome::Outcome;
use lockstep_core::campaign::protocol::{Request, What};
use lockstep_core::case::{CaseReport, Judgement};
use lockstep_core::corpus;
use lockstep_core::lockstep::daring::DareResult;
use lockstep_core::report::shown::say;
use lockstep_core::report::{counted, json};
use places::Places;
use search::{Came, Found, search};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;

/// Finds the first version in which a case diverges, or stops to
///
/// Asks published versions between --from and --to by binary search: the newest patch release of each; or,
/// with --git, the commits between two revisions of a checkout of Wasmtime, along first parents, each built
/// in a work tree of its own. A case diverges where a known cause matches, what it dares is confirmed, or
/// something differs that no cause explains. What cannot be built or run is left out.
///
/// What each place answered is kept: an interrupted bisection goes on where it was.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep bisect fuzz/regressions/trap-pc.toml --from 42 --to 48
  lockstep bisect findings/case.toml --from 48.0.8 --to 50.0.1
  lockstep bisect findings/case.toml --git ../wasmtime --from v48.0.0 --to main")]
pub(super) struct Options {
    /// A case file
    case: PathBuf,
    /// The oldest version, or revision, that is asked
    #[arg(long, value_name = "V")]
    from: String,
    /// The newest
    #[arg(long, value_name = "V")]
    to: String,
    /// A checkout of Wasmtime: --from and --to are then revisions of its repository
    #[arg(long, value_name = "DIR")]
    git: Option<PathBuf>,
    /// Forget what places answered before
    #[arg(long)]
    afresh: bool,
    #[command(flatten)]
    campaign: campaign::Options,
}

/// A place and what it answered.
#[derive(Serialize)]
struct Step<'a> {
    schema: &'static str,
    place: &'a str,
    #[serde(flatten)]
    came: &'a Came,
    /// Whether the answer is of an earlier bisection.
    kept: bool,
}

#[derive(Serialize)]
struct Change<'a> {
    schema: &'static str,
    /// The last place that answers as the first does.
    before: &'a str,
    /// The first that is known to answer otherwise.
    after: &'a str,
    /// Whether the case diverges from there on, or stops to.
    diverges: bool,
    /// Places between the two at which it cannot be run.
    unknown: usize,
}

pub(super) fn run(options: &Options, format: Format) -> anyhow::Result<u8> {
    let case = corpus::load(&options.case)?;
    let places = match &options.git {
        Some(repository) => Places::commits(repository, &options.from, &options.to)?,
        None => Places::versions(&options.from, &options.to)?,
    };
    let interrupt = Interrupt::install().map_err(OwnFault::Start)?;
    let mut kept = Kept::open(&case, &options.campaign, options.afresh)?;
    let mut answers: BTreeMap<usize, Came> = BTreeMap::new();
    let steps = places.count().ilog2() + 2;
    let all = counted(places.count() as u64, "place");
    say(&format!("{all}, about {steps} are asked"));
    let found = search(places.count(), |place| {
        let name = places.name(place);
        let (came, known) = kept.or_ask(&name, || options.ask(&places, place, &interrupt))?;
        write_step(&name, &came, known, format).map_err(OwnFault::from)?;
        answers.insert(place, came.clone());
        anyhow::Ok(came)
    });
    if let Some((signal, name)) = interrupt.signal() {
        say(&format!(
            "lockstep: ended by {name}; the same command goes on from here"
        ));
        return Ok(128 + signal);
    }
    match found? {
        Found::Between { before, after } => {
            let change = Change {
                schema: "lockstep.bisect-change/1",
                before: &places.name(before),
                after: &places.name(after),
                diverges: matches!(answers.get(&after), Some(Came::Differs(_))),
                unknown: after - before - 1,
            };
            write_change(&change, format).map_err(OwnFault::from)?;
            Ok(OK)
        }
        Found::Same => bail!(
            "there is nothing to search: the case {} at {} and at {}",
            match answers.get(&0) {
                Some(Came::Differs(_)) => "diverges",
                _ => "agrees",
            },
            options.from,
            options.to
        ),
        Found::Unknown(place) => {
            say(&format!(
                "lockstep: the case cannot be run at {}, so nothing is known of what is between",
                places.name(place)
            ));
            Ok(BAD_INPUT)
        }
    }
}

impl Options {
    /// Has a place run the case.
    fn ask(&self, places: &Places, place: usize, interrupt: &Interrupt) -> anyhow::Result<Came> {
        if interrupt.signal().is_some() {
            bail!("ended by a signal");
        }
        let subject = places
            .source(place)
            .and_then(|source| Subject::found(&source));
        let subject = match subject {
            Ok(subject) => subject,
            Err(error) => return Ok(Came::Unknown(format!("{error:#}"))),
        };
        let what = What::File(self.case.clone());
        let wishes = self.campaign.wishes(subject.version, 0);
        let request = Request::of(what.clone(), wishes);
        let pool = self.campaign.pool(&subject);
        let ran = pool.one(&mut None, what, &request, interrupt);
        let ran = ran.map_err(OwnFault::Start)?;
        Ok(match Outcome::of(ran, String::new()) {
            Outcome::Case(judged) => match &judged.finished.result {
                Ok(report) => came(report),
                Err(unfinished) => Came::Unknown(unfinished.to_string()),
            },
            Outcome::BadInput(why) => Came::Unknown(why),
            Outcome::Abandoned => bail!("ended by a signal"),
        })
    }
}

/// What a report says.
fn came(report: &CaseReport) -> Came {
    let known = report.known.keys().map(|cause| cause.id());
    let rules = report.divergences.iter().map(|found| found.rule.id());
    let confirmed = report
        .dared
        .filter(|dared| dared.result == DareResult::Confirmed);
    let confirmed = confirmed.map(|dared| dared.cause.id());
    let shown: BTreeSet<&str> = known.chain(rules).chain(confirmed).collect();
    let shown: Vec<&str> = shown.into_iter().collect();
    match report.judgement() {
        _ if !shown.is_empty() => Came::Differs(shown.join(", ")),
        Judgement::Refused => Came::Unknown("its configuration is refused".to_owned()),
        Judgement::Unsupported => Came::Unknown("it needs what is not supported".to_owned()),
        Judgement::Inconclusive => Came::Unknown("it is inconclusive".to_owned()),
        _ => Came::Agrees,
    }
}

fn write_step(place: &str, came: &Came, kept: bool, format: Format) -> io::Result<()> {
    let mut out = Output::new();
    if format == Format::Json {
        let step = Step {
            schema: "lockstep.bisect-step/1",
            place,
            came,
            kept,
        };
        json::line(&mut out, &step)?;
        return out.flush();
    }
    let said = match came {
        Came::Differs(what) => format!("diverges: {what}"),
        Came::Agrees => "agrees".to_owned(),
        Came::Unknown(why) => format!("left out: {why}"),
    };
    let kept = if kept { " (asked before)" } else { "" };
    writeln!(out, "  {place:<12} {said}{kept}")?;
    out.flush()
}

fn write_change(change: &Change<'_>, format: Format) -> io::Result<()> {
    let mut out = Output::new();
    if format == Format::Json {
        json::line(&mut out, change)?;
        return out.flush();
    }
    let verb = match change.diverges {
        true => "diverges from",
        false => "stops to diverge with",
    };
    writeln!(out, "The case {verb} {}.", change.after)?;
    if change.unknown > 0 {
        let unknown = counted(change.unknown as u64, "place");
        writeln!(
            out,
            "It cannot be run at {unknown} between that and {}.",
            change.before
        )?;
    }
    out.flush()
}
