//! The command line: what can be asked for, and what the exit code says. One file a command.
//!
//! Nothing is judged here: commands plan, run and hand what comes of it to a reporter.

mod bisect;
mod campaign;
mod check;
mod conditions;
mod delivery;
mod filters;
mod fuzz_crate;
mod github;
mod idle;
mod input;
mod keep;
mod listing;
mod markdown;
mod matrix;
mod merge;
mod output;
mod page;
mod paint;
mod parts;
mod profiles;
mod programs;
mod reduce;
mod replay;
mod report;
mod reporters;
mod rules;
mod run;
mod save;
mod schema;
mod scripts;
mod seeds;
mod several;
mod shells;
mod spec;
mod subjects;
mod trace;
mod versions;
mod worker;

use clap::{Parser, Subcommand, ValueEnum};
use lockstep_core::campaign::interrupt::code_so_far;
use lockstep_core::conclusion::{Conclusion, Reason};
use lockstep_core::panics;
use lockstep_core::report::shown::{self, Shown, say};
use lockstep_core::subject::SubjectError;
use lockstep_core::totals::Totals;
use paint::Colour;
use profiles::Refused;
use std::ffi::OsString;
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use subjects::Subjects;

/// No unexplained divergence.
const OK: u8 = 0;
/// A divergence, or an assertion that does not hold.
const DIVERGED: u8 = 1;
/// Bad usage or bad input; `clap` uses the same for what it refuses.
const BAD_INPUT: u8 = 2;
/// The machine ended a case, twice, or refused it what it needs: nothing is known of the subject there.
const MACHINE: u8 = lockstep_core::campaign::MACHINE;
/// Lockstep itself failed (`EX_SOFTWARE`).
const INTERNAL: u8 = 70;

#[derive(Debug, Parser)]
#[command(name = "lockstep", version, about, long_about = LONG, after_long_help = EXAMPLES)]
struct Cli {
    /// Text for people, or JSON objects a line (schemas in harness/docs/json.md)
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The subject: a version of Wasmtime (48, 48.0.7), path:DIR for a checkout of it, several with commas,
    /// or `all` of the table. What is not there is built first (`lockstep subjects`)
    #[arg(long, global = true, value_name = "SUBJECT", default_value = "42")]
    subject: Subjects,
    /// Also take the options that this profile of lockstep.toml has for the command
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// Whether text is in colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Colour,
    #[command(subcommand)]
    command: Option<Command>,
}

const LONG: &str = "\
Tests that Wasmtime's guest-debug API tells the truth.

A module is single-stepped in Wasmtime beside a reference interpreter. At every debug event the \
two are compared: which event, which PC, every local, every operand-stack value, in every frame. \
The same module runs without debug instrumentation too, and results, traps, host calls, memories, \
globals and tables must agree.

Without a command, the main job runs: `lockstep run`.

Exit codes: 0 no unexplained divergence; 1 divergence, or more cases inconclusive than chance \
explains; 2 bad usage or bad input, or nothing was compared; 3 the machine ended a case (a worker killed from outside, memory \
refused), so that nothing is known of it; 70 Lockstep itself failed, or a report could not be written; \
129, 130 or 143 a signal ended it.";

const EXAMPLES: &str = "\
Examples:
  lockstep                                      the main job
  lockstep check module.wat                     call every export with interesting arguments
  lockstep check m.wasm --invoke 'fac(i64:20)'  one invocation
  lockstep trace m.wasm --invoke 'fac(i64:3)'   see both sides at every event
  lockstep spec br_table simd                   a script and a directory of the official suite
  lockstep rules                                what is checked, and what says so
  lockstep causes IF-PARAMS                     one known cause, explained";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Options),
    Trace(trace::Options),
    Spec(spec::Options),
    Run(run::Options),
    Reduce(reduce::Options),
    Replay(replay::Options),
    Matrix(matrix::Options),
    Bisect(bisect::Options),
    Report(report::Options),
    Merge(merge::Options),
    /// Runs one case a line for a campaign
    #[command(hide = true)]
    Worker(worker::Options),
    Rules(rules::Options),
    Causes(rules::Causes),
    Save(save::Options),
    Seeds(seeds::Options),
    Subjects(versions::Options),
    Completions(shells::Completions),
    Man(shells::Man),
    Schema(schema::Options),
}

/// Threads or processes at once: more than any machine has use for would only take its memory.
fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    const MOST: usize = 1024;
    let jobs = text.parse().ok();
    let jobs = jobs.filter(|jobs: &NonZeroUsize| jobs.get() <= MOST);
    jobs.ok_or_else(|| format!("write a number from 1 to {MOST}"))
}

/// A number, decimal or after `0x`.
fn number(text: &str) -> Result<u64, String> {
    let number = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    number.map_err(|_| "write digits, or 0x and hexadecimal digits, for less than 2^64".to_owned())
}

/// A text as one word of a shell; what cannot be shown is written as bash and others read it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    if text.chars().any(shown::is_unsafe) {
        return format!("$'{}'", text.chars().map(escaped).collect::<String>());
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A character within `$'…'`.
fn escaped(c: char) -> String {
    match c {
        '\\' | '\'' => format!("\\{c}"),
        c if !shown::is_unsafe(c) => c.to_string(),
        c => match u32::from(c) {
            byte @ 0..0x80 => format!("\\x{byte:02x}"),
            code => format!("\\U{code:08x}"),
        },
    }
}

/// A path as one word of a shell; bytes that are not UTF-8 are written as bash and others read them.
fn quoted_path(path: &Path) -> String {
    if let Some(text) = path.to_str() {
        return quoted(text);
    }
    let mut word = "$'".to_owned();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        word.extend(chunk.valid().chars().map(escaped));
        for byte in chunk.invalid() {
            word.push_str(&format!("\\x{byte:02x}"));
        }
    }
    word.push('\'');
    word
}

/// Bytes of the stack on which a command runs. That of the program's first thread is what the shell allows,
/// and may be too little.
const STACK: usize = 16 << 20;

/// Runs the program.
pub fn main() -> ExitCode {
    panics::install();
    let thread = thread::Builder::new().name("command".to_owned());
    let command = thread.stack_size(STACK).spawn(command);
    let command = match command {
        Ok(command) => command,
        Err(error) => {
            say(&format!("lockstep: cannot start a thread: {error}"));
            return ExitCode::from(MACHINE);
        }
    };
    // What panics in the command has been said by then.
    command.join().unwrap_or(ExitCode::from(INTERNAL))
}

/// Carries out the command line.
fn command() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let cli = match profiles::parsed(args.clone()) {
        Ok(cli) => cli,
        Err(Refused::Line(refused)) => return refuse(&refused, &args),
        Err(Refused::Profile(error)) => {
            say(&format!("lockstep: {}", Shown(&error.to_string())));
            return ExitCode::from(BAD_INPUT);
        }
    };
    cli.color.choose();
    paint::lay_out();
    let ended = panics::guarded(|| dispatch(&cli));
    ExitCode::from(match ended {
        Ok(Ok(code)) => worse(code, output::code()),
        Ok(Err(error)) => {
            say(&format!("lockstep: {}", Shown(&sentence(&error))));
            let code = match error.downcast_ref() {
                Some(OwnFault::Subject(error)) if error.is_of_machine() => MACHINE,
                Some(OwnFault::Start(_)) => MACHINE,
                Some(_) => INTERNAL,
                None => BAD_INPUT,
            };
            // Something may have been found before.
            worse(code, code_so_far())
        }
        Err(panic) => {
            let panic = panic.to_string();
            say(&format!("lockstep: internal error: {}", Shown(&panic)));
            worse(INTERNAL, code_so_far())
        }
    })
}

/// An error with what led to it, as far as it does not say so itself.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(&format!(": {cause}"));
        }
    }
    text
}

/// Says what is wrong with the command line, which it quotes; help and version are asked for.
fn refuse(refused: &clap::Error, args: &[OsString]) -> ExitCode {
    if !refused.use_stderr() {
        refused.exit();
    }
    say(refusal(refused, args).trim_end());
    ExitCode::from(BAD_INPUT)
}

/// Why the command line is refused. What it quotes is not told from its own lines, so that words which
/// cannot be shown are refused once more as they are shown.
fn refusal(refused: &clap::Error, args: &[OsString]) -> String {
    let words = || args.iter().map(|arg| arg.to_string_lossy());
    let said = refused.render().to_string();
    if !words().any(|word| word.chars().any(shown::is_unsafe)) {
        return said;
    }
    let shown = words().map(|word| OsString::from(Shown(&word).to_string()));
    match profiles::parsed(shown.collect()) {
        Err(Refused::Line(again)) if again.use_stderr() => again.render().to_string(),
        // Then it is said in one line.
        _ => Shown(&said).to_string(),
    }
}

/// Something that failed and is not the input's fault.
#[derive(Debug, thiserror::Error)]
enum OwnFault {
    /// The subject cannot be set up.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// Standard output cannot be written.
    #[error("cannot write the report: {0}")]
    Write(#[from] io::Error),
    /// The system cannot start a process or thread, or take a signal's handler: the machine's.
    #[error("cannot start a worker: {0}")]
    Start(io::Error),
}

fn dispatch(cli: &Cli) -> anyhow::Result<u8> {
    match &cli.command {
        None => run::run(&run::Options::default(), &cli.subject, cli.format),
        Some(Command::Check(options)) => check::run(options, &cli.subject, cli.format),
        Some(Command::Trace(options)) => trace::run(options, &cli.subject, cli.format),
        Some(Command::Spec(options)) => spec::run(options, &cli.subject, cli.format),
        Some(Command::Run(options)) => run::run(options, &cli.subject, cli.format),
        Some(Command::Reduce(options)) => reduce::run(options, &cli.subject.only()?, cli.format),
        Some(Command::Replay(options)) => replay::run(options, &cli.subject, cli.format),
        Some(Command::Matrix(options)) => matrix::run(options, cli.format),
        Some(Command::Bisect(options)) => bisect::run(options, cli.format),
        Some(Command::Report(options)) => report::run(options, &cli.subject, cli.format),
        Some(Command::Worker(options)) => worker::run(options),
        Some(Command::Merge(options)) => merge::run(options, cli.format),
        Some(Command::Rules(options)) => rules::run(options, cli.format),
        Some(Command::Causes(options)) => rules::causes(options, cli.format),
        Some(Command::Completions(options)) => shells::completions(options),
        Some(Command::Man(options)) => shells::man(options),
        Some(Command::Schema(options)) => schema::run(options),
        Some(Command::Save(options)) => save::run(options, &cli.subject.only()?, cli.format),
        Some(Command::Seeds(options)) => seeds::run(options),
        Some(Command::Subjects(options)) => versions::run(options, cli.format),
    }
}

/// The code that says more: a divergence, then bad input, then a fault of Lockstep's own, then the
/// machine's.
fn worse(a: u8, b: u8) -> u8 {
    let found = [DIVERGED, BAD_INPUT, INTERNAL, MACHINE].into_iter();
    let found = found.chain([a.max(b)]).find(|&code| a == code || b == code);
    found.unwrap_or(OK)
}

/// The exit code that totals call for. That nothing was compared is also said where no person reads the
/// report.
fn exit_code(totals: &Totals) -> u8 {
    let conclusion = Conclusion::of(totals);
    let Some(reason) = conclusion.reason() else {
        return OK;
    };
    if reason == Reason::Nothing {
        say(&format!("lockstep: {}", conclusion.sentence(reason)));
    }
    code_of(reason)
}

/// The exit code that a reason calls for.
fn code_of(reason: Reason) -> u8 {
    match reason {
        Reason::Unexplained | Reason::Failed | Reason::Inconclusive => DIVERGED,
        Reason::BadInput | Reason::Nothing => BAD_INPUT,
        Reason::Internal => INTERNAL,
        Reason::Machine => MACHINE,
        Reason::Interrupted(_) => 128 + reason.signal().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_refused_word_stays_in_its_line() {
        let word = "a\n::error::b\n\u{202e}";
        for line in [
            &["rules", word][..],
            &[word],
            &["run", "--color", word],
            &["run", &format!("--name={word}(")],
            &["run", "--config", word],
            &["run", "--shard", word],
            &["run", "--deadline", word],
            &["reduce", "--seconds", word],
            &["--subject", word, "rules"],
        ] {
            let args = std::iter::once(&"lockstep").chain(line);
            let args: Vec<OsString> = args.map(OsString::from).collect();
            let Err(Refused::Line(refused)) = profiles::parsed(args.clone()) else {
                panic!("{line:?} is not refused");
            };
            let said = refusal(&refused, &args);
            assert!(said.contains("a\\n::error::b\\n"), "{said}");
            assert!(!said.contains(word) && said.contains("--help"), "{said}");
        }
    }

    /// What clap checks itself only with debug assertions.
    #[test]
    fn options_of_a_command_have_different_names() {
        let mut root = Cli::command();
        root.build();
        for command in root.get_subcommands() {
            let mut met = std::collections::BTreeSet::new();
            for arg in command.get_arguments() {
                let name = arg.get_id().as_str();
                assert!(met.insert(name), "{} {name}", command.get_name());
            }
        }
    }

    #[test]
    fn the_exit_code_of_several_subjects_is_the_worst() {
        assert_eq!((worse(OK, OK), worse(OK, BAD_INPUT)), (OK, BAD_INPUT));
        assert_eq!(worse(INTERNAL, DIVERGED), DIVERGED);
        assert_eq!((worse(130, INTERNAL), worse(130, OK)), (INTERNAL, 130));
        assert_eq!(worse(INTERNAL, BAD_INPUT), BAD_INPUT);
        assert_eq!(
            (worse(MACHINE, 130), worse(MACHINE, INTERNAL)),
            (MACHINE, INTERNAL)
        );
    }

    #[test]
    fn every_seed_is_decimal_or_after_0x() {
        let root = Cli::command();
        let has_seed = |command: &&clap::Command| {
            let mut options = command.get_arguments().filter_map(clap::Arg::get_long);
            options.any(|option| option == "seed")
        };
        let commands = root.get_subcommands().filter(has_seed);
        for command in commands.map(clap::Command::get_name) {
            let line = match command {
                "check" | "trace" => format!("lockstep {command} m.wat"),
                "spec" | "run" => format!("lockstep {command}"),
                "save" => "lockstep save d --case 1".to_owned(),
                "seeds" => "lockstep seeds d".to_owned(),
                _ => panic!("say here how `lockstep {command}` is called"),
            };
            let given = |seed| {
                let words = line.split(' ').chain(["--seed", seed]);
                Cli::command().try_get_matches_from(words)
            };
            for seed in ["31", "0x1f"] {
                let matches = given(seed).unwrap();
                let (_, read) = matches.subcommand().unwrap();
                assert_eq!(read.get_one("seed"), Some(&31_u64), "{command} {seed}");
            }
            for wrong in ["x", "0x", "1f", "18446744073709551616"] {
                let said = given(wrong).unwrap_err().to_string();
                assert!(said.contains("write digits, or 0x and"), "{said}");
            }
        }
    }

    #[test]
    fn an_error_says_its_reason_once() {
        let full = || io::Error::other("no space is left");
        let bare = anyhow::Error::from(full()).context("cannot write a");
        assert_eq!(sentence(&bare), "cannot write a: no space is left");
        let own = anyhow::Error::from(OwnFault::from(full()));
        assert_eq!(sentence(&own), "cannot write the report: no space is left");
    }

    #[test]
    fn words_are_quoted_only_where_a_shell_needs_it() {
        assert_eq!(quoted("wasm-v2/br.wast"), "wasm-v2/br.wast");
        assert_eq!(quoted("fac(i64:5)"), "'fac(i64:5)'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted("a\n'\u{202e}"), "$'a\\x0a\\'\\U0000202e'");
        let path = |bytes| quoted_path(Path::new(std::ffi::OsStr::from_bytes(bytes)));
        assert_eq!(path(b"a b"), "'a b'");
        assert_eq!(path(b"a \xff'.wat"), "$'a \\xff\\'.wat'");
    }
}
