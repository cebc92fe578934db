//! `lockstep subjects`: which versions can be the subject, and which are built.

use super::fuzz_crate;
use super::output::Output;
use super::programs::{self, Places, Source};
use super::subjects::Subjects;
use super::{Format, OK, OwnFault};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use lockstep_core::report::columns;
use lockstep_core::report::shown::{Shown, say};
use lockstep_core::subject::engines;
use lockstep_core::version::Version;
use serde::Serialize;
use std::fs;
use std::io::Write;
use std::path::Path;

/// Lists the versions that can be the subject: which are built, where, and by which compiler
///
/// A subject program holds one version of Wasmtime. `--subject` builds what is not there; `subjects
/// build` does so ahead, for an image of a CI. They are kept in target/subjects, or in the directory that
/// the variable LOCKSTEP_SUBJECTS names.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep subjects
  lockstep subjects build 48 50
  lockstep subjects build path:../wasmtime
  lockstep subjects clean
  lockstep --subject 50 run")]
pub(super) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds subject programs: by version, by release, or path:DIR; `all` are those of the table
    Build {
        /// What to build
        #[arg(value_name = "SUBJECT", required = true)]
        subjects: Vec<Subjects>,
    },
    /// Writes a crate of the fuzz targets for a version, and prints its directory for `cargo fuzz`
    ///
    /// As in `cargo +nightly fuzz run --fuzz-dir "$(lockstep subjects fuzz 50)" lockstep`.
    Fuzz {
        /// A version, or path:DIR
        subject: Subjects,
    },
    /// Removes the programs that a later build has replaced
    Clean,
}

/// A version that can be the subject.
#[derive(Serialize)]
struct Row {
    schema: &'static str,
    /// How `--subject` names it.
    subject: String,
    version: Version,
    /// Whether it has expectations, causes and corpus cases of its own.
    of_table: bool,
    /// Whether it is in this program.
    embedded: bool,
    program: Option<String>,
    compiler: Option<String>,
}

pub(super) fn run(options: &Options, format: Format) -> anyhow::Result<u8> {
    match &options.command {
        None => list(format),
        Some(Command::Build { subjects }) => build(subjects),
        Some(Command::Fuzz { subject }) => fuzz(subject),
        Some(Command::Clean) => clean(),
    }
}

fn list(format: Format) -> anyhow::Result<u8> {
    let linked = engines::linked();
    let places = Places::find();
    let rows = Version::PUBLISHED.iter().map(|&version| {
        let places = places.as_ref().ok();
        let built = places.and_then(|places| places.known(&Source::Published(version)));
        Row {
            schema: "lockstep.subject/1",
            subject: version.id(),
            version,
            of_table: version.is_of_table(),
            embedded: linked.contains(&version),
            program: built
                .as_ref()
                .map(|built| built.program.display().to_string()),
            compiler: built.map(|built| built.compiler),
        }
    });
    let rows: Vec<Row> = rows.collect();
    write(&rows, places, format)?;
    Ok(OK)
}

fn write(rows: &[Row], places: anyhow::Result<Places>, format: Format) -> anyhow::Result<()> {
    let mut out = Output::new();
    if format == Format::Json {
        for row in rows {
            let line = serde_json::to_string(row)?;
            writeln!(out, "{line}").map_err(OwnFault::from)?;
        }
        return Ok(out.flush().map_err(OwnFault::from)?);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["subject", "version", "table", "program"]);
    for row in rows {
        let program = match (&row.program, &row.compiler) {
            _ if row.embedded => "in this program".to_owned(),
            (Some(program), Some(compiler)) => {
                let program = within(program, places.as_ref().ok());
                format!("{} ({})", Shown(program), Shown(compiler))
            }
            _ => "not built".to_owned(),
        };
        let of_table = if row.of_table { "yes" } else { "" };
        table.add_row([
            row.subject.clone(),
            row.version.number(),
            of_table.to_owned(),
            program,
        ]);
    }
    writeln!(out, "{}", table.trim_fmt()).map_err(OwnFault::from)?;
    let place = places?.cache.display().to_string();
    writeln!(out, "\nSubject programs are kept in {}.", Shown(&place)).map_err(OwnFault::from)?;
    Ok(out.flush().map_err(OwnFault::from)?)
}

/// A program's path; on a terminal, where a line has little room, from the directory that the last line names.
fn within<'a>(program: &'a str, places: Option<&Places>) -> &'a str {
    let places = places.filter(|_| columns::chosen().is_some());
    let within = places.and_then(|places| Path::new(program).strip_prefix(&places.cache).ok());
    within.and_then(Path::to_str).unwrap_or(program)
}

/// Builds each; what cannot be built is said, and the next is.
fn build(subjects: &[Subjects]) -> anyhow::Result<u8> {
    let mut failed = 0;
    for source in subjects.iter().flat_map(Subjects::sources) {
        match programs::build(source) {
            Ok(built) => {
                let program = built.program.display().to_string();
                let mut out = Output::new();
                writeln!(out, "{}: {}", built.version.name(), Shown(&program))
                    .map_err(OwnFault::from)?;
                out.flush().map_err(OwnFault::from)?;
            }
            Err(error) => {
                say(&format!("lockstep: {}", Shown(&format!("{error:#}"))));
                failed += 1;
            }
        }
    }
    match failed {
        0 => Ok(OK),
        failed => bail!("not built: {failed}"),
    }
}

/// Writes the crate of the fuzz targets for a version.
fn fuzz(subject: &Subjects) -> anyhow::Result<u8> {
    let [source] = subject.sources() else {
        bail!("a crate of the fuzz targets has one subject");
    };
    let directory = fuzz_crate::write(source)?;
    let mut out = Output::new();
    // A shell hands it to cargo: it is written whole.
    writeln!(out, "{}", directory.display()).map_err(OwnFault::from)?;
    out.flush().map_err(OwnFault::from)?;
    Ok(OK)
}

/// Removes what a later build has replaced.
fn clean() -> anyhow::Result<u8> {
    let mut out = Output::new();
    for path in Places::find()?.replaced()? {
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        let path = path.display().to_string();
        writeln!(out, "removed {}", Shown(&path)).map_err(OwnFault::from)?;
    }
    out.flush().map_err(OwnFault::from)?;
    Ok(OK)
}
