//! Reads scripts from files and directories. Never skips a file that it could not read or parse.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wasmparser::WasmFeatures;

use crate::error::ScriptError;
use crate::script::Script;
use crate::translate::parse_script;

/// Reads and parses one `.wast` file; the script is named after the path as given.
///
/// # Errors
///
/// The file is missing or unreadable, is not UTF-8, or does not parse as a script.
pub fn parse_file(path: impl AsRef<Path>, features: WasmFeatures) -> Result<Script, ScriptError> {
    let path = path.as_ref();
    let unreadable = |source| ScriptError::Read {
        path: path.to_owned(),
        source,
    };
    let kind = fs::metadata(path).map_err(unreadable)?;
    if kind.is_dir() {
        fs::read_dir(path).map_err(unreadable)?;
    }
    // A pipe may have nobody who ever writes to it.
    if !kind.is_file() {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
        return Err(unreadable(source));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|error| ScriptError::NotUtf8 {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })?;
    parse_script(&path.to_string_lossy(), &text, features)
}

/// Parses every `.wast` file of a directory and of those below it, sorted by path.
///
/// Symbolic links to directories are not followed.
///
/// # Errors
///
/// The first unreadable directory, the first file that [`parse_file`] rejects, or a directory
/// without any script.
pub fn parse_dir(
    dir: impl AsRef<Path>,
    features: WasmFeatures,
) -> Result<Vec<Script>, ScriptError> {
    find_scripts(dir)?
        .into_iter()
        .map(|path| parse_file(path, features))
        .collect()
}

/// The `.wast` files of a directory and of those below it, sorted by path.
///
/// Symbolic links to directories are not followed. A directory below that cannot be read is in the list itself:
/// [`parse_file`] says why, and it costs no other.
///
/// # Errors
///
/// When the directory cannot be read, or there is no script.
pub fn find_scripts(dir: impl AsRef<Path>) -> Result<Vec<PathBuf>, ScriptError> {
    let dir = dir.as_ref();
    let mut paths = Vec::new();
    collect(dir, &mut paths).map_err(|source| ScriptError::Read {
        path: dir.to_owned(),
        source,
    })?;
    if paths.is_empty() {
        return Err(ScriptError::NoScripts {
            path: dir.to_owned(),
        });
    }
    paths.sort();
    Ok(paths)
}

/// Adds the scripts below `dir` to `paths`, and directories that cannot be read, in no particular order.
fn collect(dir: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if collect(&path, paths).is_err() {
                paths.push(path);
            }
        } else if path.extension().is_some_and(|e| e == "wast") {
            paths.push(path);
        }
    }
    Ok(())
}
