//! What is wrong with a user's input: one sentence each, with the file and the place in it.

use crate::report::{counted, grouped};
use lockstep_oracles::component::ComponentError;
use lockstep_oracles::module::{ModuleError, ModuleErrorKind};
use lockstep_spec_tests::Position;
use std::io;

/// Input that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file cannot be read.
    #[error("cannot read {file}: {source}")]
    Read {
        /// The file.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// A directory where a file is wanted.
    #[error("{file} is a directory, not a WebAssembly module")]
    Directory {
        /// The directory.
        file: String,
    },
    /// The file is larger than any module that could be run.
    #[error("{file} has {}; a module may have at most {}", counted(*size, "byte"), grouped(*limit))]
    TooLarge {
        /// The file.
        file: String,
        /// Its size, as far as it is known.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file has no bytes.
    #[error("{file} is empty (offset 0x0)")]
    Empty {
        /// The file.
        file: String,
    },
    /// Neither a binary nor text.
    #[error(
        "{file} is no WebAssembly: no `\\0asm` at offset 0x0, and no text (not UTF-8 at offset 0x{offset:x})"
    )]
    NotWasm {
        /// The file.
        file: String,
        /// First byte that is not UTF-8.
        offset: usize,
    },
    /// Text that does not parse or resolve.
    #[error("{file}:{position}: not a WebAssembly text module: {message}")]
    Text {
        /// The file.
        file: String,
        /// Where the parser stopped.
        position: Position,
        /// The parser's message.
        message: String,
    },
    /// A component, where there must be a core module.
    #[error("{file} is a component (offset 0x0), and must be a core module")]
    Component {
        /// The file.
        file: String,
    },
    /// A component that the oracle does not accept.
    #[error("{file}: {}: {error}", kind_of_component(.error))]
    OfComponent {
        /// The file.
        file: String,
        /// Why.
        error: ComponentError,
    },
    /// A call of a component's function that cannot be made.
    #[error("{file}: `{call}`: {message}")]
    Call {
        /// The file.
        file: String,
        /// The call.
        call: String,
        /// Why not.
        message: String,
    },
    /// A binary that the oracle does not accept.
    #[error("{file}: {}: {error}{}", kind(.error), origin(*.from_text))]
    Module {
        /// The file.
        file: String,
        /// Whether the binary was made from text.
        from_text: bool,
        /// What is wrong, with its offset.
        error: ModuleError,
    },
    /// An invocation that is not written as one.
    #[error(
        "cannot read the invocation `{text}` (at character {at}): {message}; write it as 'name(i32:20, f64:1.5)'"
    )]
    InvocationSyntax {
        /// As the user wrote it.
        text: String,
        /// 1-based character at which it goes wrong.
        at: usize,
        /// What is wrong.
        message: String,
    },
    /// No such export.
    #[error("{file} has no export `{name}`; its exported functions: {known}")]
    UnknownExport {
        /// The file.
        file: String,
        /// The export wanted.
        name: String,
        /// Those there are.
        known: String,
    },
    /// An export that cannot be called.
    #[error("the export `{name}` of {file} is {kind}, not a function")]
    NotAFunction {
        /// The file.
        file: String,
        /// The export.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// Too few or too many arguments.
    #[error("`{name}` takes {} {ty}, not {given}", counted(*wanted as u64, "argument"))]
    ArgumentCount {
        /// The export.
        name: String,
        /// Its type.
        ty: String,
        /// How many it takes.
        wanted: usize,
        /// How many there are.
        given: usize,
    },
    /// An argument that is not a value of its parameter's type.
    #[error("argument {number} of `{name}`: {message}")]
    Argument {
        /// The export.
        name: String,
        /// 1-based.
        number: usize,
        /// What is wrong.
        message: String,
    },
    /// A behaviour of an import that is not written as one.
    #[error(
        "cannot read the import behaviour `{text}`: {message}; write it as 'module.name=fail' or 'module.name=call(export)'"
    )]
    ImportSyntax {
        /// As the user wrote it.
        text: String,
        /// What is wrong.
        message: String,
    },
    /// An import that the harness cannot make.
    #[error("{file} imports `{name}`, which cannot be satisfied: {reason}")]
    Import {
        /// The file.
        file: String,
        /// `module.name`
        name: String,
        /// Why.
        reason: String,
    },
    /// What a program for WASI is to find, and cannot.
    #[error("{file}: {message}")]
    Program {
        /// The file.
        file: String,
        /// What is wrong.
        message: String,
    },
    /// No such imported function.
    #[error("{file} imports no function `{name}`")]
    UnknownImport {
        /// The file.
        file: String,
        /// `module.name`
        name: String,
    },
}

fn kind(error: &ModuleError) -> &'static str {
    match error.kind {
        ModuleErrorKind::Malformed => "malformed module",
        ModuleErrorKind::Invalid => "not a valid module",
        ModuleErrorKind::Unsupported => {
            "a valid module that needs more than Wasm 3.0 and the proposals that Lockstep knows"
        }
    }
}

fn kind_of_component(error: &ComponentError) -> &'static str {
    match error {
        ComponentError::Invalid(_) => "not a valid component",
        ComponentError::Unsupported(_) => "a valid component that has what Lockstep does not run",
    }
}

fn origin(from_text: bool) -> &'static str {
    if from_text {
        ", an offset in the binary made from the text"
    } else {
        ""
    }
}
