//! Functions of paths, each below a directory that is open.

use super::Host;
use super::descriptors::{Descriptor, OF_DIRECTORY, OF_FILE, Object};
use super::files::{Node, Place};
use super::memory::Guest;
use super::streams::{FLAGS, Span, put_filestat, times};
use wasip1::{
    ERRNO_EXIST, ERRNO_INVAL, ERRNO_ISDIR, ERRNO_NOENT, ERRNO_NOTDIR, Errno, OFLAGS_CREAT,
    OFLAGS_DIRECTORY, OFLAGS_EXCL, OFLAGS_TRUNC, RIGHTS_FD_WRITE, Rights,
};

impl Host {
    /// Where a path of the program's leads.
    fn place(&self, guest: &mut Guest<'_>, fd: u32, (at, length): Span) -> Result<Place, Errno> {
        let directory = self.descriptors.directory(fd)?;
        self.files.resolve(directory, &guest.text(at, length)?)
    }

    /// What is at a path of the program's.
    fn node(&self, guest: &mut Guest<'_>, fd: u32, (at, length): Span) -> Result<Node, Errno> {
        let directory = self.descriptors.directory(fd)?;
        self.files.find(directory, &guest.text(at, length)?)
    }

    pub(super) fn path_create_directory(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        path: Span,
    ) -> Result<(), Errno> {
        let place = self.place(guest, fd, path)?;
        let made = self.files.create_directory(&place, self.clock.now());
        made.map(|_| ())
    }

    pub(super) fn path_filestat_get(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        path: Span,
        result: u32,
    ) -> Result<(), Errno> {
        let node = self.node(guest, fd, path)?;
        put_filestat(guest, result, &self.files.stat(node))
    }

    pub(super) fn path_filestat_set_times(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        path: Span,
        accessed: u64,
        modified: u64,
        flags: u32,
    ) -> Result<(), Errno> {
        let node = self.node(guest, fd, path)?;
        let now = self.clock.now();
        let (accessed, modified) = times(accessed, modified, flags, now)?;
        self.files.set_times(node, accessed, modified, now);
        Ok(())
    }

    /// Opens a file or a directory; `how` is `oflags` and `fdflags`.
    pub(super) fn path_open(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        path: Span,
        how: (u32, u32),
        (rights, inheriting): (Rights, Rights),
        result: u32,
    ) -> Result<(), Errno> {
        let all = OFLAGS_CREAT | OFLAGS_DIRECTORY | OFLAGS_EXCL | OFLAGS_TRUNC;
        let valid = |flags: u32, all: u16| match u16::try_from(flags) {
            Ok(flags) if flags & !all == 0 => Ok(flags),
            _ => Err(ERRNO_INVAL),
        };
        let (oflags, fdflags) = (valid(how.0, all)?, valid(how.1, FLAGS)?);
        let place = self.place(guest, fd, path)?;
        let writes = rights & RIGHTS_FD_WRITE != 0;
        // What follows makes and changes files: the number must have a place first.
        guest.bytes(result, 4)?;
        let node = self.opened(&place, oflags, writes)?;
        let directory = self.files.is_directory(node);
        let (object, of) = match directory {
            true => (Object::Directory(node, None), OF_DIRECTORY),
            false => (Object::File(node), OF_FILE),
        };
        let opened = self.descriptors.open(Descriptor {
            object,
            offset: 0,
            flags: fdflags,
            rights: rights & of,
            inheriting: inheriting & if directory { of | OF_FILE } else { 0 },
        })?;
        guest.put_u32(result, opened)
    }

    /// The file or directory that is to be open, made if it is to be made.
    fn opened(&mut self, place: &Place, oflags: u16, writes: bool) -> Result<Node, Errno> {
        let has = |flag: u16| oflags & flag != 0;
        let now = self.clock.now();
        let Some(node) = place.found else {
            return match has(OFLAGS_CREAT) && !has(OFLAGS_DIRECTORY) {
                true => self.files.create_file(place, now),
                false => Err(ERRNO_NOENT),
            };
        };
        if has(OFLAGS_CREAT) && has(OFLAGS_EXCL) {
            return Err(ERRNO_EXIST);
        }
        let directory = self.files.is_directory(node);
        if !directory && (has(OFLAGS_DIRECTORY) || place.is_directory) {
            return Err(ERRNO_NOTDIR);
        }
        if directory && (has(OFLAGS_TRUNC) || writes && !has(OFLAGS_DIRECTORY)) {
            return Err(ERRNO_ISDIR);
        }
        if has(OFLAGS_TRUNC) {
            self.files.resize(node, 0, now)?;
        }
        Ok(node)
    }

    /// There are no symbolic links, so none can be read.
    pub(super) fn path_readlink(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        path: Span,
    ) -> Result<(), Errno> {
        self.node(guest, fd, path).and(Err(ERRNO_INVAL))
    }

    pub(super) fn path_remove_directory(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        path: Span,
    ) -> Result<(), Errno> {
        let place = self.place(guest, fd, path)?;
        self.files.remove_directory(&place, self.clock.now())
    }

    pub(super) fn path_rename(
        &mut self,
        guest: &mut Guest<'_>,
        from: (u32, u32, u32),
        to: (u32, u32, u32),
    ) -> Result<(), Errno> {
        let from = self.place(guest, from.0, (from.1, from.2))?;
        let to = self.place(guest, to.0, (to.1, to.2))?;
        self.files.rename(&from, &to, self.clock.now())
    }

    pub(super) fn path_unlink_file(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        path: Span,
    ) -> Result<(), Errno> {
        let place = self.place(guest, fd, path)?;
        self.files.unlink(&place, self.clock.now())
    }
}
