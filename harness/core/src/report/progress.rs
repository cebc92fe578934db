//! Progress on standard error: a bar on a terminal; where there is none, a line from time to time.

use super::shown::Shown;
use super::{Finished, Reporter, counted, grouped};
use crate::progress;
use crate::totals::Totals;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// Time between two lines.
const BETWEEN: Duration = Duration::from_secs(10);

/// Shows how many cases have ended while another reporter writes.
#[derive(Debug)]
pub struct Progress<R> {
    bar: ProgressBar,
    inner: R,
    /// Cases altogether, if that is known.
    cases: Option<u64>,
    ended: u64,
    findings: u64,
    begun: Instant,
    /// When the last line was written; none if lines are not wanted.
    said: Option<Instant>,
}

impl<R: Reporter> Progress<R> {
    /// A bar for `cases` cases; without a terminal nothing.
    pub fn new(inner: R, cases: u64) -> Progress<R> {
        Progress::bar(inner, Some(cases), None)
    }

    /// A bar, or lines where there is no terminal.
    pub fn of_campaign(inner: R, cases: Option<u64>) -> Progress<R> {
        Progress::bar(inner, cases, Some(Instant::now()))
    }

    fn bar(inner: R, cases: Option<u64>, said: Option<Instant>) -> Progress<R> {
        let (bar, template) = match cases {
            Some(cases) => (
                ProgressBar::new(cases),
                "{bar:30} {pos}/{len} cases, {per_sec}, {elapsed} elapsed, {eta} left  {msg}",
            ),
            None => (
                ProgressBar::no_length(),
                "{spinner} {pos} cases, {per_sec}, {elapsed} elapsed  {msg}",
            ),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let said = said.filter(|_| bar.is_hidden());
        let (shown, lines) = (bar.clone(), said.is_some());
        progress::take_notices(move |what| match lines {
            false => shown.set_message(what.to_owned()),
            // Progress that cannot be shown is no reason to stop.
            true => {
                let _ = writeln!(io::stderr(), "{what}");
            }
        });
        Progress {
            bar,
            inner,
            cases,
            ended: 0,
            findings: 0,
            begun: Instant::now(),
            said,
        }
    }

    fn line(&self) -> String {
        let of = self
            .cases
            .map_or_else(String::new, |cases| format!(" of {}", grouped(cases)));
        let seconds = self.begun.elapsed().as_secs_f64();
        format!(
            "{}{of} cases in {seconds:.0} s, {:.1} a second, {}",
            grouped(self.ended),
            self.ended as f64 / seconds.max(0.001),
            counted(self.findings, "finding"),
        )
    }
}

impl<R: Reporter> Reporter for Progress<R> {
    fn case(&mut self, finished: &Finished) -> io::Result<()> {
        let inner = &mut self.inner;
        self.bar.suspend(|| inner.case(finished))?;
        self.ended += 1;
        let found = finished.result.as_ref();
        self.findings += found.map_or(1, |report| report.divergences.len() as u64);
        let findings = match self.findings {
            0 => String::new(),
            n => format!("{}, ", counted(n, "finding")),
        };
        self.bar
            .set_message(format!("{findings}{}", Shown(&finished.name)));
        self.bar.inc(1);
        if self.said.is_some_and(|said| said.elapsed() >= BETWEEN) {
            self.said = Some(Instant::now());
            // Progress that cannot be shown is no reason to stop.
            let _ = writeln!(io::stderr(), "{}", self.line());
        }
        Ok(())
    }

    fn bad_input(&mut self, why: &str) -> io::Result<()> {
        self.ended += 1;
        self.bar.inc(1);
        self.inner.bad_input(why)
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        self.bar.finish_and_clear();
        self.inner.end(totals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Silent;

    #[test]
    fn a_line_has_counts_and_findings() {
        let mut progress = Progress::of_campaign(Silent, Some(3));
        let finished = Finished {
            name: "a".to_owned(),
            subject: crate::version::Version::default(),
            result: Err(crate::report::Unfinished::Internal("why".to_owned())),
            elapsed: Duration::ZERO,
            replay: String::new(),
            limit: None,
        };
        progress.case(&finished).unwrap();
        let line = progress.line();
        assert!(line.starts_with("1 of 3 cases in "), "{line}");
        assert!(line.ends_with("1 finding"), "{line}");
    }
}
