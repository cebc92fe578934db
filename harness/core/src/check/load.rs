//! A file as a valid module or component: binary or text, told apart by content. Never trusts a file's name.

use super::{FEATURES, InputError};
use crate::report::counted;
use lockstep_oracles::component::{self, Component};
use lockstep_oracles::module::Module;
use lockstep_spec_tests::Position;
use std::fs::{self, File};
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use wast::Wat;
use wast::parser::{self, ParseBuffer};

/// Bytes a file may have: larger ones are refused before they are read.
pub const SIZE_LIMIT: u64 = 512 << 20;

/// A valid module of a user.
#[derive(Clone, Debug)]
pub struct UserModule {
    /// The file, as the user named it.
    pub name: String,
    /// The binary; PCs are offsets into it.
    pub bytes: Arc<[u8]>,
    /// The module.
    pub module: Arc<Module>,
}

impl UserModule {
    /// Decodes and validates a binary or a text.
    ///
    /// # Errors
    ///
    /// If it is neither, or no valid module.
    pub fn new(name: String, content: Vec<u8>) -> Result<UserModule, InputError> {
        let (bytes, from_text) = binary(&name, content)?;
        UserModule::of_binary(name, bytes, from_text)
    }

    fn of_binary(name: String, bytes: Vec<u8>, from_text: bool) -> Result<UserModule, InputError> {
        if is_component(&bytes) {
            return Err(InputError::Component { file: name });
        }
        match Module::new(&bytes, FEATURES) {
            Ok(module) => Ok(UserModule {
                name,
                bytes: bytes.into(),
                module,
            }),
            Err(error) => Err(InputError::Module {
                file: name,
                from_text,
                error,
            }),
        }
    }
}

/// A valid component of a user.
#[derive(Clone, Debug)]
pub struct UserComponent {
    /// The file, as the user named it.
    pub name: String,
    /// The binary.
    pub bytes: Arc<[u8]>,
    /// The component.
    pub component: Arc<Component>,
}

/// What a user's file is.
#[derive(Clone, Debug)]
pub enum UserFile {
    /// A core module
    Module(UserModule),
    /// A component
    Component(UserComponent),
}

impl UserFile {
    /// Reads, decodes and validates a file, under a name of its own.
    ///
    /// # Errors
    ///
    /// The file is missing, unreadable, too large, empty, or no valid module or component.
    pub fn named(name: String, path: &Path) -> Result<UserFile, InputError> {
        let content = read(path, &name)?;
        UserFile::new(name, content)
    }

    /// Decodes and validates a binary or a text.
    ///
    /// # Errors
    ///
    /// If it is neither, or no valid module or component.
    pub fn new(name: String, content: Vec<u8>) -> Result<UserFile, InputError> {
        let (bytes, from_text) = binary(&name, content)?;
        if !is_component(&bytes) {
            return UserModule::of_binary(name, bytes, from_text).map(UserFile::Module);
        }
        match component::decode(&bytes, FEATURES) {
            Ok(component) => Ok(UserFile::Component(UserComponent {
                name,
                bytes: bytes.into(),
                component: Arc::new(component),
            })),
            Err(error) => Err(InputError::OfComponent { file: name, error }),
        }
    }

    /// The binary.
    pub fn bytes(&self) -> &[u8] {
        match self {
            UserFile::Module(module) => &module.bytes,
            UserFile::Component(component) => &component.bytes,
        }
    }
}

/// Whether a binary is a component's, valid or not.
pub(crate) fn is_component(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm\x0d\0\x01\0")
}

/// The binary of a file's content, and whether that is text.
fn binary(name: &str, content: Vec<u8>) -> Result<(Vec<u8>, bool), InputError> {
    // A text never starts with a NUL; a binary always does.
    match content.first() {
        None => Err(InputError::Empty {
            file: name.to_owned(),
        }),
        Some(0) => Ok((content, false)),
        Some(_) => Ok((assemble(name, content)?, true)),
    }
}

fn read(path: &Path, name: &str) -> Result<Vec<u8>, InputError> {
    let unreadable = |source| InputError::Read {
        file: name.to_owned(),
        source,
    };
    let too_large = |size| InputError::TooLarge {
        file: name.to_owned(),
        size,
        limit: SIZE_LIMIT,
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(InputError::Directory {
            file: name.to_owned(),
        });
    }
    if metadata.len() > SIZE_LIMIT {
        return Err(too_large(metadata.len()));
    }
    let bytes = bounded(path).map_err(unreadable)?;
    match bytes.len() as u64 {
        size if size > SIZE_LIMIT => Err(too_large(size)),
        _ => Ok(bytes),
    }
}

/// How long a pipe or a device may take to give all that it has.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a file holds, or a byte more of it than [`SIZE_LIMIT`]. A pipe or a device does not say its size,
/// and may have no end, nor anybody who writes to it: it is waited for a bounded time.
pub(crate) fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let whole = |path: &Path| {
        let mut bytes = Vec::new();
        let file = File::open(path)?;
        file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    if fs::metadata(path)?.is_file() {
        return whole(path);
    }
    let path = path.to_owned();
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().spawn(move || sender.send(whole(&path)))?;
    let late = |_| {
        let seconds = PATIENCE.as_secs();
        let message = format!("no file, and without an end for {seconds} s");
        io::Error::new(io::ErrorKind::TimedOut, message)
    };
    receiver.recv_timeout(PATIENCE).map_err(late)?
}

/// What a user's file holds.
///
/// # Errors
///
/// If it cannot be read, is larger than [`SIZE_LIMIT`], or is a pipe or a device that does not come to an
/// end soon.
pub fn whole(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = bounded(path)?;
    if bytes.len() as u64 > SIZE_LIMIT {
        let message = format!("it is larger than {}", counted(SIZE_LIMIT, "byte"));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Text to binary.
fn assemble(name: &str, content: Vec<u8>) -> Result<Vec<u8>, InputError> {
    let text = String::from_utf8(content).map_err(|error| InputError::NotWasm {
        file: name.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })?;
    // The parser is a dependency that sees arbitrary text: its defects are the input's fault here.
    match catch_unwind(AssertUnwindSafe(|| encode(&text))) {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let (line, column) = error.span().linecol_in(&text);
            Err(InputError::Text {
                file: name.to_owned(),
                position: Position {
                    line: line as u32 + 1,
                    column: column as u32 + 1,
                    offset: error.span().offset(),
                },
                message: error.message(),
            })
        }
        Err(_) => Err(InputError::Text {
            file: name.to_owned(),
            position: Position {
                line: 1,
                column: 1,
                offset: 0,
            },
            message: "the parser panicked on it".to_owned(),
        }),
    }
}

/// The binary of a text.
pub(crate) fn encode(text: &str) -> Result<Vec<u8>, wast::Error> {
    let buffer = ParseBuffer::new(text)?;
    match parser::parse::<Wat<'_>>(&buffer)? {
        Wat::Module(mut module) => module.encode(),
        Wat::Component(mut component) => component.encode(),
    }
}
