//! A user's module or component as workers can read it: a file, or a copy of what comes through a pipe.

use super::{quoted, quoted_path};
use anyhow::anyhow;
use lockstep_core::check::UserFile;
use lockstep_core::whole_file::Temporary;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What stands for standard input.
const STANDARD_INPUT: &str = "-";

/// A user's module or component, and where it can be read again.
pub(super) struct Input {
    /// Its name in reports.
    pub(super) name: String,
    /// What it is.
    pub(super) code: UserFile,
    file: PathBuf,
    /// The copy, if there is one; it is removed with this.
    copy: Option<Temporary>,
}

impl Input {
    /// Reads a module or a component. What is no regular file is read once, and copied.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is no valid module or component, or cannot be copied.
    pub(super) fn read(path: &Path) -> anyhow::Result<Input> {
        let standard = path == Path::new(STANDARD_INPUT);
        let path = match standard {
            true => Path::new("/dev/stdin"),
            false => path,
        };
        let name = match standard {
            true => "standard input".to_owned(),
            false => path.display().to_string(),
        };
        let code = UserFile::named(name.clone(), path)?;
        let regular = !standard && fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
        let copy = match regular {
            true => None,
            false => Some(copy(&code).map_err(|error| {
                let place = std::env::temp_dir();
                anyhow!(
                    "cannot keep a copy of {name} in {}: {}",
                    place.display(),
                    error.kind()
                )
            })?),
        };
        Ok(Input {
            name,
            code,
            file: path.to_owned(),
            copy,
        })
    }

    /// It as a word of a command line.
    pub(super) fn word(&self) -> String {
        match self.file == Path::new("/dev/stdin") {
            true => quoted(&self.name),
            false => quoted_path(&self.file),
        }
    }

    /// Where a worker reads it.
    pub(super) fn file(&self) -> &Path {
        self.copy.as_ref().map_or(&self.file, Temporary::path)
    }
}

fn copy(code: &UserFile) -> io::Result<Temporary> {
    let mut file = Temporary::private()?;
    file.write_all(code.bytes())?;
    file.flush()?;
    Ok(file)
}
