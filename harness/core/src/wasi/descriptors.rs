//! What a program has open: descriptors by number, each with its offset, flags and rights.

use super::files::Node;
use std::collections::BTreeMap;
use wasip1::{
    ERRNO_BADF, ERRNO_ISDIR, ERRNO_MFILE, ERRNO_NOTDIR, Errno, Fdflags, RIGHTS_FD_ADVISE,
    RIGHTS_FD_ALLOCATE, RIGHTS_FD_DATASYNC, RIGHTS_FD_FDSTAT_SET_FLAGS, RIGHTS_FD_FILESTAT_GET,
    RIGHTS_FD_FILESTAT_SET_SIZE, RIGHTS_FD_FILESTAT_SET_TIMES, RIGHTS_FD_READ, RIGHTS_FD_READDIR,
    RIGHTS_FD_SEEK, RIGHTS_FD_SYNC, RIGHTS_FD_TELL, RIGHTS_FD_WRITE, RIGHTS_PATH_CREATE_DIRECTORY,
    RIGHTS_PATH_CREATE_FILE, RIGHTS_PATH_FILESTAT_GET, RIGHTS_PATH_FILESTAT_SET_SIZE,
    RIGHTS_PATH_FILESTAT_SET_TIMES, RIGHTS_PATH_OPEN, RIGHTS_PATH_REMOVE_DIRECTORY,
    RIGHTS_PATH_RENAME_SOURCE, RIGHTS_PATH_RENAME_TARGET, RIGHTS_PATH_UNLINK_FILE,
    RIGHTS_POLL_FD_READWRITE, Rights,
};

/// Descriptors that a program may have at once.
const MOST: usize = 1024;

/// What can be done with a file.
pub(super) const OF_FILE: Rights = RIGHTS_FD_DATASYNC
    | RIGHTS_FD_READ
    | RIGHTS_FD_SEEK
    | RIGHTS_FD_FDSTAT_SET_FLAGS
    | RIGHTS_FD_SYNC
    | RIGHTS_FD_TELL
    | RIGHTS_FD_WRITE
    | RIGHTS_FD_ADVISE
    | RIGHTS_FD_ALLOCATE
    | RIGHTS_FD_FILESTAT_GET
    | RIGHTS_FD_FILESTAT_SET_SIZE
    | RIGHTS_FD_FILESTAT_SET_TIMES
    | RIGHTS_POLL_FD_READWRITE;

/// What can be done with a directory.
pub(super) const OF_DIRECTORY: Rights = RIGHTS_FD_FDSTAT_SET_FLAGS
    | RIGHTS_FD_SYNC
    | RIGHTS_PATH_CREATE_DIRECTORY
    | RIGHTS_PATH_CREATE_FILE
    | RIGHTS_PATH_OPEN
    | RIGHTS_FD_READDIR
    | RIGHTS_PATH_RENAME_SOURCE
    | RIGHTS_PATH_RENAME_TARGET
    | RIGHTS_PATH_FILESTAT_GET
    | RIGHTS_PATH_FILESTAT_SET_SIZE
    | RIGHTS_PATH_FILESTAT_SET_TIMES
    | RIGHTS_FD_FILESTAT_GET
    | RIGHTS_FD_FILESTAT_SET_TIMES
    | RIGHTS_PATH_REMOVE_DIRECTORY
    | RIGHTS_PATH_UNLINK_FILE;

const OF_INPUT: Rights = RIGHTS_FD_READ | RIGHTS_FD_FILESTAT_GET | RIGHTS_POLL_FD_READWRITE;
const OF_OUTPUT: Rights = RIGHTS_FD_WRITE | RIGHTS_FD_FILESTAT_GET | RIGHTS_POLL_FD_READWRITE;

/// What a descriptor stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Object {
    Stdin,
    Stdout,
    Stderr,
    File(Node),
    /// A directory; its name for the program, if it is open from the start.
    Directory(Node, Option<String>),
}

/// A descriptor.
#[derive(Clone, Debug)]
pub(super) struct Descriptor {
    pub(super) object: Object,
    pub(super) offset: u64,
    pub(super) flags: Fdflags,
    pub(super) rights: Rights,
    pub(super) inheriting: Rights,
}

impl Descriptor {
    pub(super) fn of(object: Object) -> Descriptor {
        let (rights, inheriting) = match object {
            Object::Stdin => (OF_INPUT, 0),
            Object::Stdout | Object::Stderr => (OF_OUTPUT, 0),
            Object::File(_) => (OF_FILE, 0),
            Object::Directory(..) => (OF_DIRECTORY, OF_DIRECTORY | OF_FILE),
        };
        Descriptor {
            object,
            offset: 0,
            flags: 0,
            rights,
            inheriting,
        }
    }

    /// Whether it has all of these rights.
    pub(super) fn may(&self, rights: Rights) -> bool {
        self.rights & rights == rights
    }
}

/// The descriptors of a program.
#[derive(Debug)]
pub(super) struct Descriptors(BTreeMap<u32, Descriptor>);

impl Descriptors {
    /// The standard streams, and the directories that are open from the start.
    pub(super) fn of(directories: impl Iterator<Item = (String, Node)>) -> Descriptors {
        let streams = [Object::Stdin, Object::Stdout, Object::Stderr];
        let directories = directories.map(|(name, node)| Object::Directory(node, Some(name)));
        let objects = streams.into_iter().chain(directories);
        Descriptors((0..).zip(objects.map(Descriptor::of)).collect())
    }

    pub(super) fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.0.get(&fd).ok_or(ERRNO_BADF)
    }

    pub(super) fn get_mut(&mut self, fd: u32) -> Result<&mut Descriptor, Errno> {
        self.0.get_mut(&fd).ok_or(ERRNO_BADF)
    }

    /// The file of a descriptor.
    pub(super) fn file(&self, fd: u32) -> Result<Node, Errno> {
        match self.get(fd)?.object {
            Object::File(node) => Ok(node),
            Object::Directory(..) => Err(ERRNO_ISDIR),
            Object::Stdin | Object::Stdout | Object::Stderr => Err(wasip1::ERRNO_INVAL),
        }
    }

    /// The file of a descriptor that has these rights.
    pub(super) fn file_with(&self, fd: u32, rights: Rights) -> Result<Node, Errno> {
        let node = self.file(fd)?;
        match self.get(fd)?.may(rights) {
            true => Ok(node),
            false => Err(ERRNO_BADF),
        }
    }

    /// The directory of a descriptor.
    pub(super) fn directory(&self, fd: u32) -> Result<Node, Errno> {
        match self.get(fd)?.object {
            Object::Directory(node, _) => Ok(node),
            _ => Err(ERRNO_NOTDIR),
        }
    }

    /// Opens something under the lowest number that is free.
    pub(super) fn open(&mut self, descriptor: Descriptor) -> Result<u32, Errno> {
        if self.0.len() >= MOST {
            return Err(ERRNO_MFILE);
        }
        let free = (0..).find(|fd| !self.0.contains_key(fd));
        let fd = free.ok_or(ERRNO_MFILE)?;
        self.0.insert(fd, descriptor);
        Ok(fd)
    }

    pub(super) fn close(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        self.0.remove(&fd).ok_or(ERRNO_BADF)
    }

    /// Gives a descriptor the number of another, which is closed.
    pub(super) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(to)?;
        let moved = self.close(from)?;
        self.0.insert(to, moved);
        Ok(())
    }
}
