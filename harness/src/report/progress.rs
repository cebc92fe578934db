//! A progress bar around another reporter. It draws on a terminal's standard error, or nowhere.

use super::{Finished, Reporter};
use crate::totals::Totals;
use indicatif::{ProgressBar, ProgressStyle};
use std::io;

/// Shows how many cases have ended while another reporter writes.
#[derive(Debug)]
pub struct Progress<R> {
    bar: ProgressBar,
    inner: R,
}

impl<R: Reporter> Progress<R> {
    /// A bar for `cases` cases.
    pub fn new(inner: R, cases: u64) -> Progress<R> {
        let bar = ProgressBar::new(cases);
        let template = "{bar:30} {pos}/{len} cases, {elapsed} elapsed, {eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Progress { bar, inner }
    }
}

impl<R: Reporter> Reporter for Progress<R> {
    fn case(&mut self, finished: &Finished) -> io::Result<()> {
        let inner = &mut self.inner;
        self.bar.suspend(|| inner.case(finished))?;
        self.bar.set_message(finished.name.clone());
        self.bar.inc(1);
        Ok(())
    }

    fn end(&mut self, totals: &Totals) -> io::Result<()> {
        self.bar.finish_and_clear();
        self.inner.end(totals)
    }
}
