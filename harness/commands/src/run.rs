//! `lockstep run`: the main job, which is also what the bare program does, and campaigns.

use super::campaign::{self, Campaign};
use super::output::About;
use super::scripts::{self, Job};
use super::several::{self, Turn};
use super::subjects::{Subject, Subjects};
use super::{Format, number, quoted, quoted_path, spec};
use anyhow::bail;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueEnum};
use lockstep_core::campaign::plan::{Budget, Plan};
use lockstep_core::campaign::protocol::{What, Wishes};
use lockstep_core::case::probe;
use lockstep_core::corpus;
use lockstep_core::generate::{self, Proposals};
use lockstep_core::report::shown::{Shown, say};
use lockstep_core::samples::SAMPLES;
use lockstep_core::version::Version;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Generated cases of the main job.
const CASES: u64 = 500;
/// The regression corpus, from the top of the source tree.
const CORPUS: &str = "fuzz/regressions";

/// The main job: the official suite, the samples, the regression corpus and generated cases
///
/// This is what a bare `lockstep` does. A NAME is a script or a directory of scripts, as for
/// `lockstep spec`, `wasm-2.0` or `wasm-3.0`, the latter with the proposals beyond it, or a sample.
///
/// With a budget, --seconds or --cases, generated cases run up to it, and what --only names before
/// them. The seed and a case's number make the case, on every machine: --seed and --case run it
/// again. Every case runs in a worker process: one that crashes, hangs or takes too much memory is a
/// divergence, and the campaign goes on.
///
/// The last line says PASS or FAIL, and why. A run in which nothing was compared does not pass.
///
/// Ctrl-C, SIGTERM or SIGHUP ends the campaign with the totals of what was run; a second one at once.
/// The exit code is then 1 if something diverged, else 130, 143 or 129.
#[derive(Debug, Default, Args)]
#[command(after_long_help = "\
Examples:
  lockstep run
  lockstep run samples                            the built-in modules alone
  lockstep run wasm-3.0 --jobs 4                  Wasm 3.0 and the proposals beyond it
  lockstep run --seconds 600 --seed 20261122 --save findings --junit junit.xml
  lockstep run --cases 2000 --config target=pulley64
  lockstep run --seed 0x1f --case 17              one generated case
  lockstep run --cases 2000 --shard 2/5 --records night    a fifth of them, for `lockstep merge`
  lockstep run --name 'table|memory' --list       what would run
  lockstep run --format json | tail -n 1 | jq .divergences")]
pub(super) struct Options {
    /// Scripts, samples or directories to run
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Run generated cases for this long
    #[arg(long, value_name = "N", conflicts_with = "cases")]
    seconds: Option<u64>,
    /// Run this many generated cases
    #[arg(long, value_name = "N")]
    cases: Option<u64>,
    /// Seed of the generated cases, and of the host functions' results in scripts; decimal or after 0x
    #[arg(long, value_name = "N", value_parser = number)]
    seed: Option<u64>,
    /// Run the generated case with this number alone
    #[arg(long, value_name = "NUMBER", value_parser = number,
        conflicts_with_all = ["names", "seconds", "cases", "only"])]
    case: Option<u64>,
    /// Begin with the generated case of this number: those before it were run already
    #[arg(long, value_name = "NUMBER", value_parser = number, conflicts_with = "case")]
    from: Option<u64>,
    /// Run only generated cases of this generator, among the numbers that would be run; can be given
    /// several times
    #[arg(long, value_name = "GENERATOR", value_delimiter = ',',
        value_parser = explained())]
    generator: Vec<String>,
    /// Run this kind of case; can be given several times
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Kind>,
    /// Directory of the regression corpus [default: fuzz/regressions, if it is there]
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Keep each finding of a generated case as a case file in this directory
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// Which proposals generated modules draw from
    #[arg(long, value_enum, default_value_t)]
    proposals: Proposals,
    #[command(flatten)]
    choice: campaign::Choice,
    #[command(flatten)]
    campaign: campaign::Options,
}

/// Kinds of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The official Wasm 2.0 suite
    Official,
    /// The built-in modules, and the probe
    Samples,
    /// The regression corpus
    Corpus,
    /// Generated cases
    Generated,
}

/// The generators, each with what it makes.
fn explained() -> PossibleValuesParser {
    let explained = |name| PossibleValue::new(name).help(generate::about(name));
    let explained: Vec<PossibleValue> = generate::generators().map(explained).collect();
    explained.into()
}

pub(super) fn run(options: &Options, subjects: &Subjects, format: Format) -> anyhow::Result<u8> {
    several::on_each(subjects, format, &options.campaign.report, |turn| {
        run_on(options, format, turn)
    })
}

fn run_on(options: &Options, format: Format, turn: Turn<'_>) -> anyhow::Result<u8> {
    let subject = turn.subject;
    let plan = options.plan(subject.version)?;
    let replay = |what: &What| options.replay(what, subject);
    let campaign = Campaign {
        plan,
        subject,
        several: turn.several,
        options: &options.campaign,
        format,
        about: About::Scripts,
        choice: Some(&options.choice),
        save: options.save.as_deref(),
        replay: &replay,
    };
    campaign.run(turn.interrupt)
}

impl Options {
    fn plan(&self, subject: Version) -> anyhow::Result<Plan> {
        self.refuse_idle()?;
        let mut named = self.scripts()?;
        if self.runs(Kind::Corpus) {
            named.extend(self.corpus()?);
        }
        let seed = self.seed.unwrap_or(0);
        let wishes = Wishes {
            proposals: self.proposals,
            ..self.campaign.wishes(subject, seed)
        };
        // What a generated case will show is not known beforehand.
        let budget = match self.choice.filters.are_of_corpus() {
            true => Budget::Cases(0),
            false => self.budget(),
        };
        Ok(Plan {
            seed,
            first: self.from.unwrap_or(0),
            budget,
            generators: self.generator.clone(),
            ..self.choice.plan(named, wishes)?
        })
    }

    /// Refuses options about generated cases where none is run.
    fn refuse_idle(&self) -> anyhow::Result<()> {
        let given = [
            (self.from.is_some(), "--from"),
            (!self.generator.is_empty(), "--generator"),
        ];
        let mut given = given.into_iter().filter(|(given, _)| *given);
        match (self.budget(), given.next()) {
            (Budget::Cases(0), Some((_, option))) => {
                bail!("{option} is for generated cases, and none is run: add --cases or --seconds")
            }
            _ => Ok(()),
        }
    }

    /// Whether this kind of named case runs.
    fn runs(&self, kind: Kind) -> bool {
        if !self.only.is_empty() {
            return self.only.contains(&kind);
        }
        let budget = self.seconds.is_some() || self.cases.is_some() || self.case.is_some();
        match self.names.is_empty() {
            true => !budget,
            false => matches!(kind, Kind::Official | Kind::Samples),
        }
    }

    fn budget(&self) -> Budget {
        match (self.case, self.seconds, self.cases) {
            (Some(number), ..) => Budget::One(number),
            (_, Some(seconds), _) => Budget::Time(Duration::from_secs(seconds)),
            (_, _, Some(cases)) => Budget::Cases(cases),
            _ if self.runs(Kind::Generated) => Budget::Cases(CASES),
            _ => Budget::Cases(0),
        }
    }

    fn scripts(&self) -> anyhow::Result<Vec<What>> {
        let mut jobs = Vec::new();
        if self.runs(Kind::Official) {
            jobs.extend(spec::official(&self.names));
        }
        if self.runs(Kind::Samples) {
            jobs.extend(SAMPLES.iter().map(Job::Sample));
            jobs.push(Job::Probe);
        }
        let jobs = scripts::select(jobs, &self.names)?;
        Ok(jobs.into_iter().map(Job::into_case).collect())
    }

    /// The case files of the corpus. That the default one is not there is said, and no error unless the
    /// corpus was asked for.
    fn corpus(&self) -> anyhow::Result<Vec<What>> {
        let directory = match &self.corpus {
            Some(directory) => directory.as_path(),
            None => Path::new(CORPUS),
        };
        let asked = self.corpus.is_some() || self.only.contains(&Kind::Corpus);
        let may_lack = !asked || self.campaign.report.allow_empty;
        if self.corpus.is_none() && !directory.is_dir() {
            let where_from = format!("there is no {CORPUS} here; --corpus names its directory");
            if !may_lack {
                bail!("the regression corpus cannot be run: {where_from}");
            }
            say(&format!(
                "lockstep: the regression corpus is left out: {where_from}"
            ));
            return Ok(Vec::new());
        }
        match corpus::discover(&[directory]) {
            Ok(files) => Ok(files.into_iter().map(What::File).collect()),
            Err(corpus::CorpusError::Nothing { path }) if may_lack => {
                let path = path.display().to_string();
                say(&format!(
                    "lockstep: the regression corpus {} is empty",
                    Shown(&path)
                ));
                Ok(Vec::new())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The command that runs a case again.
    fn replay(&self, what: &What, subject: &Subject) -> String {
        let rest = self.campaign.replay(subject);
        let seeded = match self.seed {
            None | Some(0) => String::new(),
            Some(seed) => format!(" --seed {seed}"),
        };
        match what {
            What::Official(name) | What::Sample(name) => {
                format!("lockstep run {}{seeded}{rest}", quoted(name))
            }
            What::Probe => format!("lockstep run {}{seeded}{rest}", probe::LATE_MODULE),
            What::Generated { seed, number } => {
                let proposals = match self.proposals {
                    Proposals::None => " --proposals none",
                    Proposals::All => "",
                };
                format!("lockstep run --seed {seed:#x} --case {number}{proposals}{rest}")
            }
            What::File(path) => {
                format!("lockstep replay {}{rest}", quoted_path(path))
            }
            What::Script { .. }
            | What::Calls(_)
            | What::Text(_)
            | What::Ends(_)
            | What::Death(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn parsed(line: &str) -> Options {
        Line::parse_from(std::iter::once("run").chain(line.split_whitespace())).options
    }

    fn kinds(line: &str) -> (Vec<Kind>, Budget) {
        let options = parsed(line);
        let all = Kind::value_variants().iter().copied();
        let named = all.filter(|kind| *kind != Kind::Generated && options.runs(*kind));
        (named.collect(), options.budget())
    }

    #[test]
    fn a_budget_is_for_generated_cases_and_only_narrows() {
        use Kind::{Corpus, Generated, Official, Samples};
        let everything = vec![Official, Samples, Corpus];
        assert_eq!(kinds(""), (everything, Budget::Cases(CASES)));
        assert_eq!(kinds("nop"), (vec![Official, Samples], Budget::Cases(0)));
        assert_eq!(kinds("--cases 7"), (vec![], Budget::Cases(7)));
        let time = Budget::Time(Duration::from_secs(9));
        assert_eq!(kinds("--seconds 9"), (vec![], time));
        assert_eq!(kinds("--seconds 9 --only corpus"), (vec![Corpus], time));
        assert_eq!(kinds("--only official"), (vec![Official], Budget::Cases(0)));
        assert_eq!(kinds("--only generated"), (vec![], Budget::Cases(CASES)));
        assert_eq!(kinds("--seed 0x1f --case 17"), (vec![], Budget::One(17)));
        assert!(parsed("--only samples,generated").only.contains(&Generated));
    }

    #[test]
    fn options_about_generated_cases_are_refused_where_none_is_run() {
        for line in [
            "--from 3 --only corpus",
            "samples --from 3",
            "nop --generator smith",
        ] {
            let refused = parsed(line)
                .plan(Version::default())
                .unwrap_err()
                .to_string();
            assert!(
                refused.contains("is for generated cases"),
                "{line}: {refused}"
            );
        }
        for line in [
            "--from 3 --cases 2",
            "samples --from 3 --cases 2",
            "--from 3 --only generated",
        ] {
            assert!(parsed(line).plan(Version::default()).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_decides_a_case_is_in_the_command_that_runs_it_again() {
        let options = parsed("--seed 31 --config target=pulley64 --frames all --jobs 2");
        let generated = What::Generated {
            seed: 31,
            number: 17,
        };
        assert_eq!(
            options.replay(&generated, &Subject::linked(Version::V48)),
            "lockstep run --seed 0x1f --case 17 --subject 48 --frames all --config target=pulley64"
        );
        let options = parsed("--max-events 9 --cpu-limit 2 --memory-limit 300");
        assert_eq!(
            options.replay(
                &What::Official("wasm-v2/nop.wast".to_owned()),
                &Subject::linked(Version::default())
            ),
            "lockstep run wasm-v2/nop.wast --max-events 9 --cpu-limit 2 --memory-limit 300"
        );
    }

    #[test]
    fn every_generator_says_what_it_makes() {
        assert!(generate::generators().all(|name| !generate::about(name).is_empty()));
    }
}
