//! A user's module as a program for WASI: what it finds is read from the user's files once, before it runs.

use super::load::bounded;
use super::{InputError, UserModule};
use crate::campaign::wire;
use crate::report::counted;
use crate::wasi::interface::{MODULE, START};
use crate::wasi::{Directory, Entry, World};
use lockstep_oracles::address::FuncIndex;
use lockstep_oracles::module::ExternKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What stands for a function of WASI.
pub const SERVED: &str = "the host of programs for WASI";

/// Bytes that all files of a program may have together.
const SPACE: u64 = 256 << 20;

/// What a program for WASI finds, as the user says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramWishes {
    /// Its arguments, without its own name.
    pub args: Vec<String>,
    /// Its environment, `NAME=value`.
    pub env: Vec<String>,
    /// The file that is its standard input.
    #[serde(default, with = "wire::path::optional")]
    pub stdin: Option<PathBuf>,
    /// Directories that are open from the start: where they are, and their names for the program.
    pub directories: Vec<(PathBuf, String)>,
}

impl ProgramWishes {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == ProgramWishes::default()
    }

    /// A directory as it is written: `HOST::GUEST`, or one path for both.
    pub fn directory(text: &str) -> (PathBuf, String) {
        match text.split_once("::") {
            Some((host, guest)) => (host.into(), guest.to_owned()),
            None => (text.into(), text.to_owned()),
        }
    }

    /// What the program finds; its own name is that of its file.
    pub(super) fn world(&self, user: &UserModule) -> Result<World, InputError> {
        let name = Path::new(&user.name).file_name();
        let name = name.map_or_else(|| user.name.clone(), |name| name.to_string_lossy().into());
        let mut left = SPACE;
        let mut world = World {
            args: std::iter::once(name)
                .chain(self.args.iter().cloned())
                .collect(),
            env: self.env.clone(),
            ..World::default()
        };
        if let Some(path) = &self.stdin {
            world.stdin = file(path, &mut left)?.into();
        }
        for (host, guest) in &self.directories {
            let mut entries = BTreeMap::new();
            walk(host, "", &mut entries, &mut left)?;
            world.directories.push(Directory {
                guest: guest.clone(),
                entries,
            });
        }
        let wrong = |message| InputError::Program {
            file: user.name.clone(),
            message,
        };
        world.check().map_err(wrong)?;
        Ok(world)
    }
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> InputError {
    let file = path.display().to_string();
    move |source| InputError::Read {
        file: file.clone(),
        source,
    }
}

/// What is below a directory. Links are not followed, and what is neither file nor directory is left out.
fn walk(
    directory: &Path,
    above: &str,
    entries: &mut BTreeMap<String, Entry>,
    left: &mut u64,
) -> Result<(), InputError> {
    let wrong = unreadable(directory);
    for entry in fs::read_dir(directory).map_err(&wrong)? {
        let entry = entry.map_err(&wrong)?;
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            let message = "a program for WASI cannot be given a name that is not UTF-8";
            let error = io::Error::new(io::ErrorKind::InvalidData, message);
            return Err(unreadable(&path)(error));
        };
        let below = match above {
            "" => name.to_owned(),
            above => format!("{above}/{name}"),
        };
        let kind = entry.file_type().map_err(&wrong)?;
        if kind.is_dir() {
            walk(&path, &below, entries, left)?;
            entries.insert(below, Entry::Directory);
        } else if kind.is_file() {
            let bytes = file(&path, left)?;
            entries.insert(below, Entry::File(bytes.into()));
        }
    }
    Ok(())
}

/// A file's bytes, if there is room for them.
fn file(path: &Path, left: &mut u64) -> Result<Vec<u8>, InputError> {
    let wrong = unreadable(path);
    let too_large = || {
        let message = format!(
            "the files of a program may have {} together",
            counted(SPACE, "byte")
        );
        wrong(io::Error::new(io::ErrorKind::FileTooLarge, message))
    };
    if fs::metadata(path).map_err(&wrong)?.len() > *left {
        return Err(too_large());
    }
    let bytes = bounded(path).map_err(&wrong)?;
    *left = left.checked_sub(bytes.len() as u64).ok_or_else(too_large)?;
    Ok(bytes)
}

/// Whether a module imports anything of WASI.
pub fn uses_wasi(user: &UserModule) -> bool {
    let mut imports = user.module.imports().iter();
    imports.any(|import| import.module == MODULE)
}

/// Whether a module is a command: a program for WASI with a function to start.
pub fn is_command(user: &UserModule) -> bool {
    let start = |export: &&lockstep_oracles::module::Export| {
        export.kind == ExternKind::Func && export.name == START
    };
    let start = user.module.exports().iter().find(start);
    uses_wasi(user)
        && start.is_some_and(|export| {
            let ty = user.module.func_type(FuncIndex(export.index));
            ty.params.is_empty() && ty.results.is_empty()
        })
}
