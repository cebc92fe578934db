//! What is made of a campaign's cases as they come: reports, saved findings, totals, an exit code.
//!
//! It does not know whether the cases are run now or were recorded by shards, so that both come to the
//! same.

use super::keep::keep;
use super::output::{self, About, Output, reporter};
use super::reporters::Options;
use super::{DIVERGED, Format, OK, OwnFault, code_of, exit_code, report, worse};
use lockstep_core::campaign::interrupt::{code_so_far, note_code};
use lockstep_core::campaign::outcome::{Judged, Outcome};
use lockstep_core::campaign::perform::generated_case;
use lockstep_core::campaign::protocol::{What, Wishes};
use lockstep_core::campaign::shard::Shard;
use lockstep_core::campaign::shares::Shares;
use lockstep_core::campaign::summary::Summary;
use lockstep_core::case::{Case, CaseReport, Judgement, Status};
use lockstep_core::conclusion::Conclusion;
use lockstep_core::corpus::{self, CorpusCase, Expectation};
use lockstep_core::divergence::Divergence;
use lockstep_core::report::findings::Findings;
use lockstep_core::report::page::{self as html, Page};
use lockstep_core::report::progress::Progress;
use lockstep_core::report::shown::{Shown, say};
use lockstep_core::report::text::Detail;
use lockstep_core::report::{Reporter, summary};
use lockstep_core::totals::{Measured, Totals};
use lockstep_core::version::Version;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Which campaign it is, and what is wanted of it.
pub(super) struct Order<'a> {
    /// What the user decided in place of the cases; the subject among it.
    pub(super) wishes: &'a Wishes,
    /// Whether the command reports other subjects, too.
    pub(super) several: bool,
    pub(super) seed: u64,
    pub(super) shard: Shard,
    /// How many cases there are, if that is known.
    pub(super) length: Option<u64>,
    pub(super) format: Format,
    /// What its reports are about.
    pub(super) about: About,
    pub(super) options: &'a Options,
    /// Where findings are kept.
    pub(super) save: Option<&'a Path>,
    /// The options that decide what comes of a case, as they are written behind a command.
    pub(super) decided: String,
}

/// How a campaign ended, and what it cost.
pub(super) struct Ended {
    /// The signal that ended it.
    pub(super) interrupted: Option<&'static str>,
    /// Planned cases that were not begun for another reason.
    pub(super) not_begun: u64,
    /// Of its processes.
    pub(super) measured: Measured,
    /// CPU time, in nanoseconds, of other processes than this one and the workers.
    pub(super) processes_ns: u64,
}

/// A campaign's cases so far.
pub(super) struct Delivery<'a> {
    order: Order<'a>,
    reporter: Box<dyn Reporter>,
    totals: Totals,
    summary: Summary,
    shares: Shares,
    /// The page, if one is wanted.
    page: Option<Page>,
    /// Which findings are saved: those that are shown.
    saved: Findings,
    /// Which findings are told before their turn: as many of a kind as are shown.
    announced: Findings,
    /// Cases that were saved before their turn. Of a kind that fills up before it, there are then more.
    early: BTreeSet<String>,
    /// Whether a case diverged.
    pub(super) found: bool,
    /// Cases that were handed over, those without a report among them.
    pub(super) handled: u64,
}

impl<'a> Delivery<'a> {
    /// No case yet.
    pub(super) fn new(order: Order<'a>) -> anyhow::Result<Delivery<'a>> {
        let mut totals = Totals::of(order.wishes.subject);
        totals.allow_empty = order.options.allow_empty;
        totals.shard = (!order.shard.is_whole()).then_some(order.shard);
        let mut summary = Summary::new(order.seed);
        summary.of_shard = totals.shard.is_some();
        summary.limited = order.wishes.max_events.is_some();
        Ok(Delivery {
            reporter: order.reporter()?,
            page: order.options.page.page(order.wishes.subject)?,
            totals,
            summary,
            shares: Shares::default(),
            saved: Findings::at_most(order.options.most()),
            announced: Findings::at_most(order.options.most()),
            early: BTreeSet::new(),
            found: false,
            handled: 0,
            order,
        })
    }

    /// Reports what came of the next case.
    pub(super) fn deliver(&mut self, outcome: Outcome) -> anyhow::Result<()> {
        self.handled += 1;
        let mut judged = match outcome {
            Outcome::Abandoned => return Ok(()),
            Outcome::BadInput(why) => {
                self.totals.bad_input += 1;
                note(&self.totals);
                say(&format!("lockstep: {}", Shown(&why)));
                self.reporter.bad_input(&why).map_err(OwnFault::from)?;
                return Ok(());
            }
            Outcome::Case(judged) => judged,
        };
        judged.finished.subject = self.order.wishes.subject;
        if let Some(earlier) = judged.take_earlier() {
            self.add_earlier(&earlier);
            self.report(&earlier)?;
        }
        self.add(&judged);
        self.report(&judged)
    }

    fn report(&mut self, judged: &Judged) -> anyhow::Result<()> {
        note(&self.totals);
        self.reporter
            .case(&judged.finished)
            .map_err(OwnFault::from)?;
        if let Some(page) = &mut self.page {
            let wanted = page.wants(&judged.finished);
            let case = wanted.then(|| case_of(&judged.what, self.order.wishes));
            let case = case.flatten();
            let about = case.as_ref().map(html::About::of);
            let subject = self.order.wishes.subject;
            let write = case
                .as_ref()
                .map(|case| move |found: &Divergence| report::program(case, found, subject));
            let write = write.as_ref().map(|write| write as html::Reproduce<'_>);
            page.case(&judged.finished, about, write);
        }
        self.save(judged)
    }

    /// A case has ended whose turn comes later, since others before it go on: a finding is told, and kept, at
    /// once, as far as it would be shown if it were the next.
    pub(super) fn announce(&mut self, outcome: &Outcome) {
        let Outcome::Case(judged) = outcome else {
            return;
        };
        let Ok(report) = &judged.finished.result else {
            return;
        };
        let what = match report.judgement() {
            Judgement::Diverged => "diverged",
            Judgement::NotMet => "does not come to what it expects",
            _ => return,
        };
        note_code(worse(code_so_far(), DIVERGED));
        let mut admitted = self.announced.admits_any(&report.divergences);
        let failed = report.commands.iter();
        let failed = failed.filter(|command| matches!(command.status, Status::Failed(_)));
        admitted |= failed.fold(false, |any, command| {
            any | self.announced.admits_not_met(command.kind)
        });
        if !admitted {
            return;
        }
        say(&format!(
            "lockstep: {} {what}; see it by: {}",
            Shown(&judged.finished.name),
            Shown(&judged.finished.replay)
        ));
        // What cannot be made now cannot be made in its turn, where that is told.
        if !report.divergences.is_empty() && self.keep(judged, report).is_ok_and(|kept| kept) {
            self.early.insert(judged.finished.name.clone());
        }
    }

    /// Counts what came of a case before it ended without a report.
    fn add_earlier(&mut self, earlier: &Judged) {
        if let Ok(report) = &earlier.finished.result {
            self.found |= is_finding(report);
            self.totals.add_earlier(report);
        }
    }

    fn add(&mut self, judged: &Judged) {
        match &judged.finished.result {
            Ok(report) => {
                self.found |= is_finding(report);
                self.totals.add(report);
            }
            Err(unfinished) => self.totals.add_unfinished(unfinished),
        }
        if matches!(judged.what, What::Generated { .. }) {
            self.summary.add(judged);
        }
        self.shares.add(&judged.cost);
    }

    /// Keeps a finding as a corpus case, if it is one of those that are shown.
    fn save(&mut self, judged: &Judged) -> anyhow::Result<()> {
        let Ok(report) = &judged.finished.result else {
            return Ok(());
        };
        let admitted = self.saved.admits_any(&report.divergences);
        if !self.early.remove(&judged.finished.name) && admitted {
            self.keep(judged, report)?;
        }
        Ok(())
    }

    /// Keeps a case, if it is one to keep; whether it is.
    fn keep(&self, judged: &Judged, report: &CaseReport) -> anyhow::Result<bool> {
        // Scripts and corpus cases are there already.
        let (Some(directory), What::Generated { seed, number }) = (self.order.save, &judged.what)
        else {
            return Ok(false);
        };
        let wishes = self.order.wishes;
        let case = CorpusCase {
            case: generated_case(*seed, *number, wishes)?,
            expect: Expectation::of_report(report, wishes.subject),
            path: PathBuf::new(),
        };
        let name = self.order.file_name(&judged.finished.name);
        keep(directory, &name, &case, &self.order.decided);
        Ok(true)
    }

    /// Reports the totals; the exit code.
    pub(super) fn end(mut self, ended: Ended) -> anyhow::Result<u8> {
        let totals = &mut self.totals;
        self.summary.settle();
        self.summary.interrupted = ended.interrupted;
        if self.summary.cases > 0 || ended.interrupted.is_some() {
            totals.campaign = Some(self.summary);
        }
        totals.not_begun = ended.not_begun;
        self.shares.add_process(ended.processes_ns);
        let cpu = self.shares.now();
        let Order {
            options, format, ..
        } = self.order;
        if options.opcodes {
            output::write_opcodes(totals, format).map_err(OwnFault::from)?;
        }
        if options.timings && format == Format::Text {
            let mut out = Output::new();
            summary::write_timings(&mut out, &cpu).map_err(OwnFault::from)?;
            out.flush().map_err(OwnFault::from)?;
        }
        totals.measured = ended.measured;
        let peak = &mut totals.measured.peak_rss_bytes;
        *peak = (*peak).max(self.shares.peak_rss());
        totals.measured.cpu = Some(cpu);
        // One file that cannot be written is no reason to leave out the others.
        if let Err(error) = self.reporter.end(totals) {
            output::lost("the report", &error);
        }
        if let Some(page) = &mut self.page
            && let Err(error) = page.write(totals)
        {
            output::lost("the page", &error);
        }
        Ok(exit_code(totals))
    }
}

/// Whether a case fails its run.
fn is_finding(report: &CaseReport) -> bool {
    matches!(report.judgement(), Judgement::Diverged | Judgement::NotMet)
}

/// Notes what the cases so far come to, for a run that is ended at once. Whether too many are inconclusive,
/// and whether nothing was compared, only the end can tell.
fn note(totals: &Totals) {
    let reason = Conclusion::of(totals).reason();
    let reason = reason.filter(|reason| reason.of_the_whole().is_none());
    note_code(worse(code_so_far(), reason.map_or(OK, code_of)));
}

/// The case that ran, of which a page shows more than its report; none of a script.
fn case_of(what: &What, wishes: &Wishes) -> Option<Case> {
    match what {
        What::Generated { seed, number } => generated_case(*seed, *number, wishes).ok(),
        What::File(path) => corpus::load(path).ok().map(|loaded| loaded.case),
        _ => None,
    }
}

impl Order<'_> {
    fn reporter(&self) -> anyhow::Result<Box<dyn Reporter>> {
        let options = self.options;
        let (most, detail) = (options.most(), options.detail());
        let reporter = reporter(self.format, self.about, options.show_known, most, detail);
        let reporter: Box<dyn Reporter> = match detail {
            Detail::Quiet => reporter,
            Detail::Normal | Detail::Verbose => {
                Box::new(Progress::of_campaign(reporter, self.length))
            }
        };
        options.beside(reporter, self.wishes.subject, self.several)
    }

    /// The name of the file of a case that is saved. Another subject than the default one is in it, so that those
    /// of several go into one directory, also of several runs.
    fn file_name(&self, case: &str) -> String {
        let (name, subject) = (case.replace('/', "-"), self.wishes.subject);
        match self.several || subject != Version::default() {
            true => format!("{name}-{}", subject.id()),
            false => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_several_subjects_have_files_of_their_own() {
        let name = |subject: Version, several: bool| {
            let wishes = Wishes {
                subject,
                ..Wishes::default()
            };
            let order = Order {
                wishes: &wishes,
                several,
                seed: 0,
                shard: Shard::WHOLE,
                length: None,
                format: Format::Text,
                about: About::Scripts,
                options: &Options::default(),
                save: None,
                decided: String::new(),
            };
            order.file_name("generated/smith/0x1/2")
        };
        assert_eq!(name(Version::V42, false), "generated-smith-0x1-2");
        assert_eq!(name(Version::V42, true), "generated-smith-0x1-2-42");
        assert_eq!(name(Version::V48, false), "generated-smith-0x1-2-48");
    }
}
