//! Standard output. When nobody reads it any more, the program ends without a word. What others chose to
//! call things is escaped here, whoever writes it.

use super::Format;
use super::paint::Painted;
use super::trace::TraceReporter;
use lockstep_core::report::Reporter;
use lockstep_core::report::json::JsonReporter;
use lockstep_core::report::opcodes;
use lockstep_core::report::shown::Safe;
use lockstep_core::report::text::{Detail, TextReporter};
use lockstep_core::totals::Totals;
use std::io::{self, BufWriter, Stdout, Write};

/// Buffered standard output, through which nothing unsafe passes.
#[derive(Debug)]
pub(super) struct Output(Safe<Painted<BufWriter<Stdout>>>);

impl Output {
    /// Standard output.
    pub(super) fn new() -> Output {
        Output(Safe::new(Painted::standard(BufWriter::new(io::stdout()))))
    }
}

/// A reader that went away (`lockstep trace … | head`) has what it wanted: there is nothing to
/// report, and no reason to run on.
fn or_leave<T>(result: io::Result<T>) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => result,
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        or_leave(self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        or_leave(self.0.flush())
    }
}

/// What the reporter's objects and lines are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Scripts: a line each
    Scripts,
    /// A user's module: a line an invocation
    Invocations,
    /// The end of a trace
    Trace,
}

/// A reporter on standard output, with at most so many examples of each kind of divergence.
pub(super) fn reporter(
    format: Format,
    about: About,
    show_known: bool,
    most: Option<u64>,
    detail: Detail,
) -> Box<dyn Reporter> {
    let out = Output::new();
    let text = |reporter: TextReporter<Output>| reporter.at_most(most).in_detail(detail);
    match (format, about) {
        (Format::Text, About::Scripts) => Box::new(text(TextReporter::of_scripts(out, show_known))),
        (Format::Text, About::Invocations) => {
            Box::new(text(TextReporter::of_invocations(out, show_known)))
        }
        (Format::Json, About::Scripts) => {
            Box::new(JsonReporter::of_scripts(out, show_known).at_most(most))
        }
        (Format::Json, About::Invocations) => {
            Box::new(JsonReporter::of_invocations(out, show_known).at_most(most))
        }
        (format, About::Trace) => Box::new(TraceReporter(format)),
    }
}

/// How often each opcode was executed and compared.
///
/// # Errors
///
/// When standard output cannot be written.
pub(super) fn write_opcodes(totals: &Totals, format: Format) -> io::Result<()> {
    let mut out = Output::new();
    match format {
        Format::Text => opcodes::text(&mut out, totals)?,
        Format::Json => opcodes::json(&mut out, totals)?,
    }
    out.flush()
}
