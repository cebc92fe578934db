//! The regression corpus: cases as files that a person can read, write and edit.
//!
//! `harness/docs/case-file.md` describes the format. Cases are read and written here, never run.

mod actions;
mod components;
mod edits;
mod error;
mod expect;
mod file;
mod fit;
mod place;
mod programs;
mod read;
mod scalars;
mod store;
mod stubs;
mod values;
mod write;

pub use error::CorpusError;
pub use expect::{Expectation, Verdict};
pub(crate) use fit::host_fits;
pub use fit::{Misfit, check};
pub use store::discover;

use crate::case::Case;
use crate::check::load;
use file::{CaseFile, ModuleTable};
use read::Wrong;
use scalars::Hex;
use std::io;
use std::path::{Path, PathBuf};

/// A case and what is expected of it.
#[derive(Clone, Debug, PartialEq)]
pub struct CorpusCase {
    /// The case.
    pub case: Case,
    /// What must come of it.
    pub expect: Expectation,
    /// Its file; empty if it has none.
    pub path: PathBuf,
}

/// Reads a case file and the modules that it names, and checks that they fit together.
///
/// # Errors
///
/// If a file is missing or cannot be read, is no case or no module, or a step or stub does not fit
/// the modules.
pub fn load(path: &Path) -> Result<CorpusCase, CorpusError> {
    let bytes = load::whole(path).map_err(|source| store::unreadable(path, source))?;
    let text = String::from_utf8(bytes).map_err(|error| CorpusError::NotText {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let resolve = |name: &str| load::whole(&directory.join(name));
    let case = parse_at(path, &text, &resolve)?;
    check(&case.case).map_err(|misfit| {
        let (path, line) = (path.to_owned(), place::line(&text, &misfit.at()));
        match misfit {
            Misfit::Module { source, .. } => CorpusError::Module { path, line, source },
            misfit => CorpusError::Meaning {
                path,
                line,
                message: misfit.to_string(),
            },
        }
    })?;
    Ok(case)
}

/// Reads a case from its text; `resolve` reads the modules that it names.
///
/// Unlike [`load()`], it takes binaries as they are and does not check that steps fit.
///
/// # Errors
///
/// If the text is no case, or a module cannot be read or assembled.
pub fn parse(
    text: &str,
    resolve: impl Fn(&str) -> io::Result<Vec<u8>>,
) -> Result<CorpusCase, CorpusError> {
    let case = parse_at(Path::new("case"), text, &resolve)?;
    Ok(CorpusCase {
        path: PathBuf::new(),
        ..case
    })
}

fn parse_at(
    path: &Path,
    text: &str,
    resolve: read::Resolve<'_>,
) -> Result<CorpusCase, CorpusError> {
    let file: CaseFile = toml::from_str(text).map_err(|error| CorpusError::Syntax {
        path: path.to_owned(),
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        message: in_words(error.message()),
    })?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let read = read::case(file, &stem, resolve);
    let (case, expect) = read.map_err(|wrong| match wrong {
        Wrong::Meaning(at, message) => CorpusError::Meaning {
            path: path.to_owned(),
            line: place::line(text, &at),
            message,
        },
        Wrong::Module(number, source) => CorpusError::Module {
            path: path.to_owned(),
            line: place::line(text, &["module".into(), (number - 1).into()]),
            source,
        },
    })?;
    Ok(CorpusCase {
        case,
        expect,
        path: path.to_owned(),
    })
}

/// What the reader of the file says, in the words of its format: serde names the types of this crate.
fn in_words(message: &str) -> String {
    let message = message.replace('\n', " ");
    let Some((what, expected)) = message.rsplit_once("expected ") else {
        return message;
    };
    let expected = match expected {
        "a sequence" => "an array",
        "a map" => "a table",
        "u64" => "a number from 0 to 2^63 - 1",
        "u32" => "a number from 0 to 2^32 - 1",
        table if table.starts_with("struct ") => "a table",
        other => other,
    };
    let what = match what {
        "wanted string or table" => "invalid type, ",
        "invalid type: map, " => "invalid type: table, ",
        "invalid type: sequence, " => "invalid type: array, ",
        other => other,
    };
    format!("{what}expected {expected}")
}

/// The line of an offset, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    let before = text.bytes().take(offset);
    before.filter(|&byte| byte == b'\n').count() + 1
}

/// A case as one text, its modules in it as bytes: quick to write, and [`parse`] makes the very same
/// case of it.
///
/// # Errors
///
/// If the case holds what TOML cannot say.
pub fn to_text(case: &Case) -> Result<String, CorpusError> {
    let tables = write::modules(case);
    let modules = tables.map(|(table, module)| ModuleTable {
        hex: Some(Hex(module.wasm.to_vec())),
        ..table
    });
    written(case, &Expectation::default(), modules.collect())
}

/// A case as one text for people: each module as `.wat` where that makes the very same bytes.
///
/// # Errors
///
/// If the case holds what TOML cannot say.
pub fn to_readable(case: &Case) -> Result<String, CorpusError> {
    let tables = write::modules(case);
    let modules = tables.map(|(table, module)| match write::as_text(&module.wasm) {
        Some(wat) => ModuleTable {
            wat: Some(wat),
            ..table
        },
        None => ModuleTable {
            hex: Some(Hex(module.wasm.to_vec())),
            ..table
        },
    });
    written(case, &Expectation::default(), modules.collect())
}

/// A case as a text without its modules: configuration, schedule, host and steps.
///
/// # Errors
///
/// If the case holds what TOML cannot say.
pub fn to_outline(case: &Case) -> Result<String, CorpusError> {
    written(case, &Expectation::default(), Vec::new())
}

/// A case's configuration and schedule alone, as a case file has them.
///
/// # Errors
///
/// If they hold what TOML cannot say.
pub fn to_setting(case: &Case) -> Result<String, CorpusError> {
    let bare = Case {
        configuration: case.configuration,
        schedule: case.schedule.clone(),
        frames: case.frames,
        max_events: case.max_events,
        ..Case::of_module("", Vec::new())
    };
    let text = to_outline(&bare)?;
    let lines = text.lines().filter(|line| {
        // It has no name, and nothing else that a setting has not.
        !line.is_empty() && !line.starts_with("name = ")
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

fn written(
    case: &Case,
    expect: &Expectation,
    modules: Vec<ModuleTable>,
) -> Result<String, CorpusError> {
    let file = write::file(case, expect, modules);
    toml::to_string(&file).map_err(|error| CorpusError::Unwritable {
        name: case.name.clone(),
        message: error.to_string(),
    })
}

/// Writes a case as `NAME.toml` with its modules beside it: `NAME.wat`, or `NAME.wasm` where a text
/// does not make the very same bytes; linked modules are `NAME-0.wat`, `NAME-1.wat`, ….
///
/// The directory is made if it is not there. The modules are written before the case that names
/// them, and each file at once, so a case that can be seen can be read.
///
/// # Errors
///
/// If the name is none for a file, or a file cannot be written.
pub fn save(directory: &Path, name: &str, corpus: &CorpusCase) -> Result<PathBuf, CorpusError> {
    if !is_file_name(name) {
        return Err(CorpusError::Name {
            name: name.to_owned(),
        });
    }
    store::make_directory(directory)?;
    let case = &corpus.case;
    let last = case.modules.len();
    let mut modules = Vec::new();
    for ((table, module), number) in write::modules(case).zip(0..) {
        let stem = match number + 1 == last {
            true => name.to_owned(),
            false => format!("{name}-{number}"),
        };
        let (file, content) = match write::as_text(&module.wasm) {
            Some(text) => (format!("{stem}.wat"), text.into_bytes()),
            None => (format!("{stem}.wasm"), module.wasm.to_vec()),
        };
        store::replace(directory, &file, &content)?;
        modules.push(ModuleTable {
            file: Some(file),
            ..table
        });
    }
    let text = written(case, &corpus.expect, modules)?;
    let file = format!("{name}.{}", store::EXTENSION);
    store::replace(directory, &file, text.as_bytes())
}

/// Whether a text is a plain name of a file, on any system.
fn is_file_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.chars().all(plain)
}

#[cfg(test)]
mod tests;
