//! `lockstep subjects`: which versions can be the subject, and which are built.

use super::fuzz_crate;
use super::output::Output;
use super::programs::{self, Built, Places, Source, interruptible};
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
        // Not `subject`: clap would take it for the global option of that name.
        #[arg(value_name = "SUBJECT")]
        of: Subjects,
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
        Some(Command::Build { subjects }) => build(subjects, format),
        Some(Command::Fuzz { of }) => fuzz(of),
        Some(Command::Clean) => clean(),
    }
}

fn list(format: Format) -> anyhow::Result<u8> {
    // What can be the subject is known without a cache, too.
    let known = Places::find().and_then(|places| Ok((places.known()?, places)));
    let (built, places) = match &known {
        Ok((built, places)) => (&built[..], Some(places)),
        Err(_) => (&[][..], None),
    };
    write(&rows(built, &engines::linked()), places, format)?;
    known.map(|_| OK)
}

/// What there is to say of a subject.
fn row(source: &Source, version: Version, built: Option<&Built>, linked: &[Version]) -> Row {
    Row {
        schema: "lockstep.subject/1",
        subject: source.to_string(),
        version,
        of_table: version.is_of_table(),
        embedded: matches!(source, Source::Published(version) if linked.contains(version)),
        program: built.map(|built| built.program.display().to_string()),
        compiler: built.map(|built| built.compiler.clone()),
    }
}

/// The published versions, and what else was built.
fn rows(built: &[(Source, Built)], linked: &[Version]) -> Vec<Row> {
    let published = Version::PUBLISHED.iter().map(|&version| {
        let source = Source::Published(version);
        let built = built.iter().find(|(of, _)| *of == source);
        row(&source, version, built.map(|(_, built)| built), linked)
    });
    let is_published = |source: &Source| match source {
        Source::Published(version) => Version::PUBLISHED.contains(version),
        Source::Checkout(_) => false,
    };
    let others = built.iter().filter(|(source, _)| !is_published(source));
    let others = others.map(|(source, built)| row(source, built.version, Some(built), linked));
    let mut others: Vec<Row> = others.collect();
    others.sort_by(|a, b| (a.version, &a.subject).cmp(&(b.version, &b.subject)));
    published.chain(others).collect()
}

fn write(rows: &[Row], places: Option<&Places>, format: Format) -> anyhow::Result<()> {
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
                let program = within(program, places);
                format!("{} ({})", Shown(program), Shown(compiler))
            }
            _ => "not built".to_owned(),
        };
        let of_table = if row.of_table { "yes" } else { "" };
        table.add_row([
            Shown(&row.subject).to_string(),
            row.version.number(),
            of_table.to_owned(),
            program,
        ]);
    }
    writeln!(out, "{}", table.trim_fmt()).map_err(OwnFault::from)?;
    if let Some(places) = places {
        let place = places.cache.display().to_string();
        let line = format!("\nSubject programs are kept in {}.", Shown(&place));
        writeln!(out, "{line}").map_err(OwnFault::from)?;
    }
    Ok(out.flush().map_err(OwnFault::from)?)
}

/// A program's path; on a terminal, where a line has little room, from the directory that the last line names.
fn within<'a>(program: &'a str, places: Option<&Places>) -> &'a str {
    let places = places.filter(|_| columns::chosen().is_some());
    let within = places.and_then(|places| Path::new(program).strip_prefix(&places.cache).ok());
    within.and_then(Path::to_str).unwrap_or(program)
}

/// Builds each that is not in this program; what cannot be built is said, and the next is.
fn build(subjects: &[Subjects], format: Format) -> anyhow::Result<u8> {
    let mut failed = 0;
    for source in subjects.iter().flat_map(Subjects::sources) {
        match place(source, &engines::linked(), format, programs::build) {
            Ok(line) => {
                let mut out = Output::new();
                writeln!(out, "{line}").map_err(OwnFault::from)?;
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

/// Which version a source is and where its program is, which is built if it is not there.
fn place(
    source: &Source,
    linked: &[Version],
    format: Format,
    build: impl FnOnce(&Source) -> anyhow::Result<Built>,
) -> anyhow::Result<String> {
    let of_program = match source {
        Source::Published(version) => linked.contains(version).then_some(*version),
        Source::Checkout(_) => None,
    };
    let (version, built) = match of_program {
        Some(version) => (version, None),
        None => {
            let built = build(source)?;
            (built.version, Some(built))
        }
    };
    if format == Format::Json {
        let row = row(source, version, built.as_ref(), linked);
        return Ok(serde_json::to_string(&row)?);
    }
    let place = match built {
        None => "in this program".to_owned(),
        Some(built) => Shown(&built.program.display().to_string()).to_string(),
    };
    Ok(format!("{}: {place}", version.name()))
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
    let places = Places::find()?;
    // What was just built is kept before it is noted.
    let done = "a subject program was removed";
    let _lock = interruptible(done, |interrupt| places.lock(interrupt))?;
    let mut out = Output::new();
    for path in places.replaced()? {
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        let path = path.display().to_string();
        writeln!(out, "removed {}", Shown(&path)).map_err(OwnFault::from)?;
    }
    out.flush().map_err(OwnFault::from)?;
    Ok(OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(version: &str, program: &str) -> Built {
        Built {
            version: version.parse().unwrap(),
            program: program.into(),
            compiler: "rustc 1.95.0".to_owned(),
        }
    }

    #[test]
    fn what_was_built_beside_the_published_versions_is_listed_behind_them() {
        let known = [
            ("path:/w/b", built("49.0.5+local", "/c/b")),
            ("48", built("48.0.8", "/c/48")),
            ("path:/w/a", built("49.0.5+local", "/c/a")),
            ("47.0.3", built("47.0.3", "/c/47")),
        ];
        let known = known.map(|(source, built)| (source.parse::<Source>().unwrap(), built));
        let rows = rows(&known, &[Version::V42]);
        let (published, others) = rows.split_at(Version::PUBLISHED.len());
        let programs = published.iter().filter_map(|row| row.program.as_deref());
        assert_eq!(programs.collect::<Vec<_>>(), ["/c/48"]);
        assert!(published[0].embedded && published.iter().filter(|row| row.embedded).count() == 1);
        let others: Vec<_> = others
            .iter()
            .map(|row| {
                (
                    row.subject.as_str(),
                    row.program.as_deref(),
                    row.compiler.as_deref(),
                )
            })
            .collect();
        let compiler = Some("rustc 1.95.0");
        let expected = [
            ("47.0.3", Some("/c/47"), compiler),
            ("path:/w/a", Some("/c/a"), compiler),
            ("path:/w/b", Some("/c/b"), compiler),
        ];
        assert_eq!(others, expected);
    }

    #[test]
    fn what_is_in_this_program_is_not_built() {
        let linked = [Version::V42];
        let never = |_: &Source| -> anyhow::Result<Built> { panic!("it is built") };
        let text = Format::Text;
        let line = place(&"42".parse().unwrap(), &linked, text, never);
        assert_eq!(line.unwrap(), "wasmtime 42.0.2: in this program");
        let build = |_: &Source| Ok(built("48.0.8", "/c/48"));
        let line = place(&"48".parse().unwrap(), &linked, text, build);
        assert_eq!(line.unwrap(), "wasmtime 48.0.8: /c/48");
        let line = place(&"48".parse().unwrap(), &linked, Format::Json, build);
        let row: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
        assert_eq!(row["schema"], "lockstep.subject/1");
        assert_eq!(
            (&row["subject"], &row["program"]),
            (&"48".into(), &"/c/48".into())
        );
    }
}
