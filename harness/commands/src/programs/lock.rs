//! A file that one process at a time has locked. The lock goes with the process, however that ends.

use anyhow::bail;
use lockstep_core::campaign::interrupt::Interrupt;
use lockstep_core::report::shown::say;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How often is looked whether the lock is free.
const LOOK: Duration = Duration::from_millis(100);

/// What is locked until this is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    /// It holds the lock while it is open.
    _file: File,
}

impl Lock {
    /// Takes the lock; none if another has it.
    ///
    /// # Errors
    ///
    /// When the file cannot be made or locked.
    pub(crate) fn at_once(path: &Path) -> io::Result<Option<Lock>> {
        // What is in it does not matter; it stays, so that all lock the same file.
        let mut options = File::options();
        let file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Takes the lock, and waits while another has it; says `waits` then.
    ///
    /// # Errors
    ///
    /// As of [`Lock::at_once`], or when a signal ends the wait.
    pub(super) fn wait(path: &Path, waits: &str, interrupt: &Interrupt) -> anyhow::Result<Lock> {
        let mut said = false;
        loop {
            if let Some((_, name)) = interrupt.signal() {
                bail!("ended by {name}");
            }
            if let Some(lock) = Lock::at_once(path)? {
                return Ok(lock);
            }
            if !said {
                say(waits);
                said = true;
            }
            thread::sleep(LOOK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_has_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let first = Lock::at_once(&path).unwrap();
        assert!(first.is_some());
        assert!(Lock::at_once(&path).unwrap().is_none());
        let waits = thread::spawn({
            let path = path.clone();
            move || Lock::wait(&path, "it waits", &Interrupt::default()).map(drop)
        });
        thread::sleep(LOOK * 2);
        assert!(!waits.is_finished());
        drop(first);
        waits.join().unwrap().unwrap();
        assert!(Lock::at_once(&path).unwrap().is_some());
        assert!(Lock::at_once(directory.path()).is_err());
    }
}
