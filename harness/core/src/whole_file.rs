//! Files that are whole or not there. Who looks at one that is written at once sees the old content or the new,
//! never a part. One that grows can be looked at before; it is removed unless it comes to its end. Nothing is left
//! beside them, also where a second signal ends the process.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::NamedTempFile;

/// Files of this process that are not whole. Each is made while this is locked, so that none is missing.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Links in a row that are followed, as many as Linux follows.
const LINKS: usize = 40;

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the process at once: without its files that are not whole, and without a destructor.
pub fn leave(code: u8) -> ! {
    // It stays locked, so that no other file is begun.
    let files = unfinished();
    files.iter().for_each(|path| remove(path));
    signal_hook::low_level::exit(i32::from(code))
}

/// Removes a file, but no link and no device.
fn remove(path: &Path) {
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        // One that cannot be removed stays.
        let _ = fs::remove_file(path);
    }
}

/// A file that is not whole: it is removed when this is dropped, or when the process [`leave`]s.
#[derive(Debug)]
pub struct Partial {
    path: PathBuf,
    /// Whether it is whole after all, or has another name.
    whole: bool,
}

impl Partial {
    /// Begins a file in place of one that is there.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn create(path: &Path) -> io::Result<(File, Partial)> {
        let mut files = unfinished();
        let file = File::create(path)?;
        files.push(path.to_owned());
        Ok((file, Partial::of(path.to_owned())))
    }

    fn of(path: PathBuf) -> Partial {
        Partial { path, whole: false }
    }

    /// The file is whole, or has another name now: it stays.
    pub fn finish(mut self) {
        self.whole = true;
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let mut files = unfinished();
        if let Some(at) = files.iter().position(|path| *path == self.path) {
            files.swap_remove(at);
        }
        if !self.whole {
            remove(&self.path);
        }
    }
}

/// A file under a name of its own, which is removed when this is dropped, or when the process [`leave`]s.
#[derive(Debug)]
pub struct Temporary {
    file: NamedTempFile,
    unfinished: Partial,
}

impl Temporary {
    /// Where the system keeps temporary files; nobody else may read it.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn private() -> io::Result<Temporary> {
        Temporary::made(&tempfile::Builder::new(), &std::env::temp_dir())
    }

    /// In a directory, with the permissions of any new file: what the process's mask leaves.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn new_in(directory: &Path) -> io::Result<Temporary> {
        let mut builder = tempfile::Builder::new();
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        Temporary::made(builder.prefix(".saving-"), directory)
    }

    fn made(builder: &tempfile::Builder<'_, '_>, directory: &Path) -> io::Result<Temporary> {
        let mut files = unfinished();
        let file = builder.tempfile_in(directory)?;
        let path = file.path().to_owned();
        files.push(path.clone());
        Ok(Temporary {
            file,
            unfinished: Partial::of(path),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Gives it its name, in place of what has that name.
    fn persist(self, path: &Path) -> io::Result<()> {
        let Temporary { file, unfinished } = self;
        file.persist(path).map_err(|error| error.error)?;
        unfinished.finish();
        Ok(())
    }
}

impl Write for Temporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Where what is written to a path goes.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// A regular file, or one that is to be: the end of the path's links.
    File(PathBuf),
    /// A device, a pipe, or a file that a process has open: nothing can take its place.
    Stream,
}

impl Target {
    fn of(path: &Path) -> io::Result<Target> {
        let mut place = path.to_owned();
        for _ in 0..LINKS {
            let kind = match fs::symlink_metadata(&place) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Target::File(place));
                }
                metadata => metadata?.file_type(),
            };
            if kind.is_file() {
                return Ok(Target::File(place));
            }
            if kind.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            if !kind.is_symlink() || is_of_a_process(&place) {
                return Ok(Target::Stream);
            }
            place = directory(&place).join(fs::read_link(&place)?);
        }
        // The system says what is wrong with so many.
        fs::metadata(path).map(|_| Target::Stream)
    }
}

/// Whether a link is one of the system's, which lead to what a process has open, like `/proc/self/fd/1`.
fn is_of_a_process(link: &Path) -> bool {
    let directory = fs::canonicalize(directory(link));
    directory.is_ok_and(|directory| directory.starts_with("/proc"))
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Whether a file can be written there, as far as that shows before; nothing changes.
///
/// # Errors
///
/// Why it cannot.
pub fn check(path: &Path) -> io::Result<()> {
    match Target::of(path)? {
        Target::File(place) => Temporary::new_in(directory(&place)).map(drop),
        Target::Stream => Ok(()),
    }
}

/// Writes a file that the user named: links are followed, devices and pipes are written to, and a regular
/// file is replaced at once.
///
/// # Errors
///
/// When it cannot be written, with its name; a regular file is then as it was.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let written = Target::of(path).and_then(|target| match target {
        Target::File(place) => replace(&place, content),
        Target::Stream => {
            let mut stream = OpenOptions::new().append(true).open(path)?;
            stream.write_all(content)
        }
    });
    written.map_err(|error| {
        let path = path.display();
        io::Error::new(error.kind(), format!("{path}: {error}"))
    })
}

/// Writes a file in place of whatever has the name: no link is followed.
///
/// # Errors
///
/// When it cannot be written; what was there is then as it was.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = Temporary::new_in(directory(path))?;
    file.write_all(content)?;
    file.persist(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn names(directory: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_looked_at_before_changes_nothing() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("a");
        check(&path).unwrap();
        assert!(names(&directory).is_empty());
        assert!(check(directory.path()).is_err());
        assert!(check(&directory.path().join("no/a")).is_err());
    }

    #[test]
    fn a_file_that_is_given_up_or_dropped_is_gone() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("a");
        let (_, whole) = Partial::create(&path).unwrap();
        assert!(unfinished().contains(&path));
        whole.finish();
        assert!(path.exists() && !unfinished().contains(&path));
        let (_, part) = Partial::create(&path).unwrap();
        drop(part);
        assert!(!path.exists() && !unfinished().contains(&path));
        drop(Temporary::new_in(directory.path()).unwrap());
        assert!(names(&directory).is_empty());
    }

    #[test]
    fn links_are_followed_by_what_a_user_named_alone() {
        use std::os::unix::fs::symlink;
        let directory = TempDir::new().unwrap();
        let at = |name: &str| directory.path().join(name);
        symlink("b", at("a")).unwrap();
        symlink("c", at("b")).unwrap();
        for content in ["one", "two"] {
            write(&at("a"), content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(at("c")).unwrap(), content);
        }
        assert!(at("a").is_symlink() && at("b").is_symlink());
        assert_eq!(names(&directory), ["a", "b", "c"]);
        replace(&at("a"), b"three").unwrap();
        assert!(!at("a").is_symlink());
        assert_eq!(fs::read_to_string(at("c")).unwrap(), "two");
        symlink("loop", at("loop")).unwrap();
        assert!(write(&at("loop"), b"").is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_and_what_a_process_has_open_stay_what_they_are() {
        use std::os::fd::AsRawFd;
        let directory = TempDir::new().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        assert_eq!(Target::of(&link).unwrap(), Target::Stream);
        write(&link, b"nothing").unwrap();
        assert!(link.is_symlink());
        let open = File::create(directory.path().join("open")).unwrap();
        let path = PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()));
        (&open).write_all(b"one ").unwrap();
        write(&path, b"two").unwrap();
        let text = fs::read_to_string(directory.path().join("open")).unwrap();
        assert_eq!(text, "one two");
    }
}
