//! Why a text did not become a script: one sentence each, with the place. Never an engine's error.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in bytes.
    pub column: u32,
    /// Byte offset from the start of the text.
    pub offset: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} (byte {})", self.line, self.column, self.offset)
    }
}

/// A script that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The text around the modules, or a module written out in it, does not parse.
    #[error("{script}:{position}: {message}")]
    Syntax {
        /// Name of the script.
        script: String,
        /// Where the parser stopped.
        position: Position,
        /// The parser's message.
        message: String,
    },
    /// The `wast` crate panicked: a defect of that crate, whatever the text says.
    #[error("{script}: the `wast` parser panicked: {message}")]
    ParserPanicked {
        /// Name of the script.
        script: String,
        /// The panic's message.
        message: String,
    },
    /// A file or directory cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file is not text.
    #[error("{}: not UTF-8 at byte {offset}, so not a script", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Offset of the first byte that is not UTF-8.
        offset: usize,
    },
    /// A directory that was meant to hold scripts holds none.
    #[error("{}: no `.wast` file in this directory or below it", path.display())]
    NoScripts {
        /// The directory.
        path: PathBuf,
    },
}
