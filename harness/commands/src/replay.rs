//! `lockstep replay`: cases of the regression corpus, each judged against what it expects.

use super::campaign::{self, Campaign};
use super::output::About;
use super::several::{self, Turn};
use super::subjects::Subjects;
use super::{Format, quoted_path};
use clap::Args;
use lockstep_core::campaign::protocol::What;
use lockstep_core::corpus::{self, CorpusError};
use lockstep_core::report::trail::Trails;
use std::path::PathBuf;

/// Replays cases of the regression corpus
///
/// A PATH is a case file, or a directory of them at any depth. Each case says what it expects:
/// agreement, or known causes for named versions of the subject. Anything else, also that the
/// entry no longer matches, is a failure.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep replay fuzz/regressions
  lockstep replay findings/generated-smith-0x1f-17.toml --show-known")]
pub(super) struct Options {
    /// Case files or directories
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    choice: campaign::Choice,
    #[command(flatten)]
    campaign: campaign::Options,
}

pub(super) fn run(options: &Options, subjects: &Subjects, format: Format) -> anyhow::Result<u8> {
    several::on_each(subjects, format, &options.campaign.report, |turn| {
        run_on(options, format, turn)
    })
}

fn run_on(options: &Options, format: Format, turn: Turn<'_>) -> anyhow::Result<u8> {
    let subject = turn.subject;
    let files = match corpus::discover(&options.paths) {
        Err(CorpusError::Nothing { .. }) if options.campaign.report.allow_empty => Vec::new(),
        files => files?,
    };
    let named = files.into_iter().map(What::File).collect();
    let mut wishes = options.campaign.wishes(subject.version, 0);
    if wishes.trails > Trails::None || options.choice.is_recorded() {
        // A case of the corpus is there to be looked at, whatever explains it.
        wishes.trails = Trails::All;
    }
    let replay = |what: &What| match what {
        What::File(path) => format!(
            "lockstep replay {}{}",
            quoted_path(path),
            options.campaign.replay(subject)
        ),
        _ => String::new(),
    };
    let campaign = Campaign {
        plan: options.choice.plan(named, wishes)?,
        subject,
        several: turn.several,
        options: &options.campaign,
        format,
        about: About::Scripts,
        choice: Some(&options.choice),
        save: None,
        replay: &replay,
    };
    campaign.run(turn.interrupt)
}
