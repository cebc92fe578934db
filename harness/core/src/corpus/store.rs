//! Case files on disk: finding them, reading them whole, and writing them so that no half of one is
//! ever seen.

use super::CorpusError;
use crate::whole_file;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The extension of a case file.
pub(super) const EXTENSION: &str = "toml";

/// Every case file in these files and directories, in order, each once.
///
/// # Errors
///
/// If one of them is missing or cannot be read, or a directory holds no case.
pub fn discover<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<PathBuf>, CorpusError> {
    let mut found = Vec::new();
    for path in paths {
        let path = path.as_ref();
        let metadata = fs::metadata(path).map_err(|source| unreadable(path, source))?;
        if !metadata.is_dir() {
            found.push(path.to_owned());
            continue;
        }
        let before = found.len();
        walk(path, &mut found)?;
        if found.len() == before {
            return Err(CorpusError::Nothing {
                path: path.to_owned(),
            });
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Case files below a directory; symbolic links to directories are not followed.
fn walk(directory: &Path, found: &mut Vec<PathBuf>) -> Result<(), CorpusError> {
    let mut pending = vec![directory.to_owned()];
    while let Some(directory) = pending.pop() {
        let unread = |source| unreadable(&directory, source);
        for entry in fs::read_dir(&directory).map_err(unread)? {
            let entry = entry.map_err(unread)?;
            let path = entry.path();
            if entry.file_type().map_err(unread)?.is_dir() {
                pending.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == EXTENSION)
            {
                found.push(path);
            }
        }
    }
    Ok(())
}

pub(super) fn unreadable(path: &Path, source: io::Error) -> CorpusError {
    CorpusError::Read {
        path: path.to_owned(),
        source,
    }
}

/// Makes the directory, if it is not there.
pub(super) fn make_directory(directory: &Path) -> Result<(), CorpusError> {
    fs::create_dir_all(directory).map_err(|source| CorpusError::Write {
        path: directory.to_owned(),
        source,
    })
}

/// Writes a file at once: who looks sees the old content or the new, never a part.
pub(super) fn replace(
    directory: &Path,
    name: &str,
    content: &[u8],
) -> Result<PathBuf, CorpusError> {
    let path = directory.join(name);
    match whole_file::replace(&path, content) {
        Ok(()) => Ok(path),
        Err(source) => Err(CorpusError::Write { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn cases_are_found_in_order_and_once() {
        let dir = TempDir::new().unwrap();
        fs::create_dir_all(dir.path().join("b/c")).unwrap();
        for name in ["b/c/2.toml", "b/1.toml", "a.toml", "a.wat"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let found = discover(&[dir.path(), &dir.path().join("a.toml")]).unwrap();
        let wanted = ["a.toml", "b/1.toml", "b/c/2.toml"].map(|name| dir.path().join(name));
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_path_that_gives_no_case_is_named() {
        let dir = TempDir::new().unwrap();
        let missing = dir.path().join("missing");
        let message = discover(&[missing]).unwrap_err().to_string();
        assert!(message.contains("missing"), "{message}");
        let message = discover(&[dir.path()]).unwrap_err().to_string();
        assert!(message.contains("holds no case file"), "{message}");
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "").unwrap();
        let message = make_directory(&path.join("sub")).unwrap_err().to_string();
        assert!(
            message.contains("cannot write") && message.contains("sub"),
            "{message}"
        );
        let message = replace(&path, "case.toml", b"").unwrap_err().to_string();
        assert!(message.contains("case.toml"), "{message}");
    }

    #[test]
    fn a_replaced_file_leaves_nothing_beside_it() {
        let dir = TempDir::new().unwrap();
        for content in ["one", "two"] {
            let path = replace(dir.path(), "case.toml", content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
