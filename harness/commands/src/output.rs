//! Standard output. Where it cannot be written, the program goes on without it: nothing more is said there
//! once nobody reads it, and the exit code tells of a full one. What others chose to call things is escaped
//! here, whoever writes it.

use super::paint::Painted;
use super::trace::TraceReporter;
use super::{Format, INTERNAL, OK, worse};
use lockstep_core::campaign::interrupt::{code_so_far, note_code};
use lockstep_core::report::Reporter;
use lockstep_core::report::json::JsonReporter;
use lockstep_core::report::opcodes;
use lockstep_core::report::shown::{Safe, Shown, say};
use lockstep_core::report::text::{Detail, TextReporter};
use lockstep_core::totals::Totals;
use lockstep_core::whole_file::leave;
use std::fmt::Display;
use std::io::{self, BufWriter, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether standard output takes nothing any more.
static SILENT: AtomicBool = AtomicBool::new(false);
/// Whether something that was wanted is not written.
static LOST: AtomicBool = AtomicBool::new(false);

/// Says that something cannot be written. The run goes on without it; [`code`] tells in the end.
pub(super) fn lost(what: &str, error: &dyn Display) {
    LOST.store(true, Ordering::Relaxed);
    note_code(worse(code_so_far(), INTERNAL));
    let error = error.to_string();
    say(&format!("lockstep: cannot write {what}: {}", Shown(&error)));
}

/// The exit code that what could not be written calls for.
pub(super) fn code() -> u8 {
    match LOST.load(Ordering::Relaxed) {
        true => INTERNAL,
        false => OK,
    }
}

/// Buffered standard output, through which nothing unsafe passes. Writing to it never fails.
#[derive(Debug)]
pub(super) struct Output {
    out: Safe<Painted<BufWriter<Stdout>>>,
    /// Whether the program ends once nobody reads it.
    ends: bool,
}

impl Output {
    /// Standard output of a program that has other things to do than to write it.
    pub(super) fn new() -> Output {
        Output {
            out: Safe::new(Painted::standard(BufWriter::new(io::stdout()))),
            ends: false,
        }
    }

    /// Standard output of a program that does nothing else: a reader that went away
    /// (`lockstep trace … | head`) has what it wanted, and there is no reason to run on.
    pub(super) fn alone() -> Output {
        Output {
            ends: true,
            ..Output::new()
        }
    }

    fn attempt(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        if SILENT.load(Ordering::Relaxed) {
            return;
        }
        let Err(error) = write(&mut self.out) else {
            return;
        };
        SILENT.store(true, Ordering::Relaxed);
        match error.kind() {
            io::ErrorKind::BrokenPipe if self.ends => leave(code_so_far()),
            io::ErrorKind::BrokenPipe => {}
            _ => lost("the report", &error),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|out| out.write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(|out| out.flush());
        Ok(())
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
