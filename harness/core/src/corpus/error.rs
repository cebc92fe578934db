//! What is wrong with a case file, or with keeping one: one sentence each, with the file.

use crate::check::InputError;
use std::io;
use std::path::PathBuf;

/// A case file that cannot be read, or a case that cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A file or directory cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file or directory cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is no text.
    #[error("{} is no case file: not UTF-8 at offset 0x{offset:x}", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The first byte that is not UTF-8.
        offset: usize,
    },
    /// The file is no TOML, or holds something that a case file does not have.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// What the file says does not make a case.
    #[error("{}:{line}: {message}", path.display())]
    Meaning {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong, and where.
        message: String,
    },
    /// A module of the case is missing or is no module.
    #[error("{}:{line}: {source}", path.display())]
    Module {
        /// The case file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong with the module.
        source: InputError,
    },
    /// A directory in which there is no case.
    #[error("{} holds no case file (*.toml)", path.display())]
    Nothing {
        /// The directory.
        path: PathBuf,
    },
    /// A name under which no case can be kept.
    #[error(
        "`{name}` is no name for a case: use letters, digits, `-`, `_` and `.`, no `.` at first"
    )]
    Name {
        /// As given.
        name: String,
    },
    /// A case that the format cannot say.
    #[error("the case `{name}` cannot be written: {message}")]
    Unwritable {
        /// The case.
        name: String,
        /// Why.
        message: String,
    },
}
