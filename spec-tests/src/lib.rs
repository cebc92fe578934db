//! WebAssembly test scripts as engine-neutral data.
//!
//! The crate turns `.wast` text into [`Script`]s: commands with every module already
//! encoded. It takes the text from the official suites ([`suite`]), from a file
//! ([`parse_file`]) or from a directory ([`parse_dir`]). It never runs, validates or
//! links anything, and depends on no engine.

pub mod error;
mod features;
pub mod inconsistent;
mod load;
pub mod script;
pub mod suite;
mod translate;
mod values;

pub use error::{Position, ScriptError};
pub use features::{FeatureError, FeatureSet};
pub use inconsistent::{Inconsistent, KNOWN_INCONSISTENT, ShownBy};
pub use load::{find_scripts, parse_dir, parse_file};
pub use script::{
    ASSERTION_KINDS, Action, Arg, Command, CommandKind, FloatPattern, ModuleSource, NullOf,
    Pattern, Script,
};
pub use suite::{SUITES, ScriptFile, Selection, Suite};
pub use translate::parse_script;
