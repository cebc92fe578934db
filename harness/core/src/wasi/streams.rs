//! Functions of descriptors: reading, writing and seeking, and what is known of one.

use super::Host;
use super::descriptors::Object;
use super::files::Stat;
use super::memory::Guest;
use wasip1::{
    ADVICE_NOREUSE, ERRNO_BADF, ERRNO_FBIG, ERRNO_INVAL, ERRNO_NAMETOOLONG, ERRNO_NOTCAPABLE,
    ERRNO_NOTSUP, ERRNO_OVERFLOW, ERRNO_SPIPE, Errno, FDFLAGS_APPEND, FDFLAGS_DSYNC,
    FDFLAGS_NONBLOCK, FDFLAGS_RSYNC, FDFLAGS_SYNC, FILETYPE_DIRECTORY, FILETYPE_REGULAR_FILE,
    FILETYPE_UNKNOWN, FSTFLAGS_ATIM, FSTFLAGS_ATIM_NOW, FSTFLAGS_MTIM, FSTFLAGS_MTIM_NOW, Filetype,
    PREOPENTYPE_DIR, RIGHTS_FD_READ, RIGHTS_FD_WRITE, Rights, WHENCE_CUR, WHENCE_END, WHENCE_SET,
};

/// Every flag of a descriptor.
pub(super) const FLAGS: u16 =
    FDFLAGS_APPEND | FDFLAGS_DSYNC | FDFLAGS_NONBLOCK | FDFLAGS_RSYNC | FDFLAGS_SYNC;

/// Bytes of an `fdstat`, and where its parts are.
pub(super) const FDSTAT: usize = 24;
pub(super) const FDSTAT_FLAGS: usize = 2;
pub(super) const FDSTAT_RIGHTS: usize = 8;
pub(super) const FDSTAT_INHERITING: usize = 16;

/// Bytes of a `filestat`, and where its parts are.
pub(super) const FILESTAT: usize = 64;
pub(super) const FILESTAT_INODE: usize = 8;
pub(super) const FILESTAT_TYPE: usize = 16;
pub(super) const FILESTAT_NAMES: usize = 24;
pub(super) const FILESTAT_SIZE: usize = 32;
pub(super) const FILESTAT_ACCESSED: usize = 40;
pub(super) const FILESTAT_MODIFIED: usize = 48;
pub(super) const FILESTAT_CHANGED: usize = 56;

/// Bytes of a `prestat`, and where the length of the name is.
pub(super) const PRESTAT: usize = 8;
pub(super) const PRESTAT_LENGTH: usize = 4;

/// Bytes of a `dirent`, and where its parts are.
pub(super) const DIRENT: usize = 24;
pub(super) const DIRENT_INODE: usize = 8;
pub(super) const DIRENT_LENGTH: usize = 16;
pub(super) const DIRENT_TYPE: usize = 20;

/// The device that every file is on.
const DEVICE: u64 = 1;

/// Buffers, or a text: address and length.
pub(super) type Span = (u32, u32);

impl Host {
    pub(super) fn fd_read(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        (at, count): Span,
        result: u32,
    ) -> Result<(), Errno> {
        let descriptor = self.descriptors.get(fd)?;
        let buffers = guest.buffers(at, count)?;
        let read = match descriptor.object {
            Object::Stdin => {
                let read = guest.scatter(&buffers, &self.stdin[self.read..])?;
                self.read += read as usize;
                read
            }
            Object::Stdout | Object::Stderr => return Err(ERRNO_BADF),
            Object::File(_) | Object::Directory(..) => {
                let node = self.descriptors.file_with(fd, RIGHTS_FD_READ)?;
                let content = self.files.read(node, descriptor.offset)?;
                let read = guest.scatter(&buffers, content)?;
                self.descriptors.get_mut(fd)?.offset += u64::from(read);
                read
            }
        };
        guest.put_u32(result, read)
    }

    pub(super) fn fd_pread(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        (at, count): Span,
        offset: u64,
        result: u32,
    ) -> Result<(), Errno> {
        self.seekable(fd)?;
        let node = self.descriptors.file_with(fd, RIGHTS_FD_READ)?;
        let buffers = guest.buffers(at, count)?;
        let read = guest.scatter(&buffers, self.files.read(node, offset)?)?;
        guest.put_u32(result, read)
    }

    pub(super) fn fd_write(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        (at, count): Span,
        result: u32,
    ) -> Result<(), Errno> {
        let descriptor = self.descriptors.get(fd)?;
        let bytes = guest.gather(at, count)?;
        match descriptor.object {
            Object::Stdout => Host::print(&mut self.stdout, &bytes)?,
            Object::Stderr => Host::print(&mut self.stderr, &bytes)?,
            Object::Stdin | Object::Directory(..) => return Err(ERRNO_BADF),
            Object::File(node) => {
                if !descriptor.may(RIGHTS_FD_WRITE) {
                    return Err(ERRNO_BADF);
                }
                let offset = match descriptor.flags & FDFLAGS_APPEND {
                    0 => descriptor.offset,
                    _ => self.files.stat(node).size,
                };
                self.files.write(node, offset, &bytes, self.clock.now())?;
                self.descriptors.get_mut(fd)?.offset = offset + bytes.len() as u64;
            }
        }
        guest.put_u32(result, bytes.len() as u32)
    }

    pub(super) fn fd_pwrite(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        (at, count): Span,
        offset: u64,
        result: u32,
    ) -> Result<(), Errno> {
        self.seekable(fd)?;
        let Object::File(node) = self.descriptors.get(fd)?.object else {
            return Err(ERRNO_BADF);
        };
        if !self.descriptors.get(fd)?.may(RIGHTS_FD_WRITE) {
            return Err(ERRNO_BADF);
        }
        let bytes = guest.gather(at, count)?;
        self.files.write(node, offset, &bytes, self.clock.now())?;
        guest.put_u32(result, bytes.len() as u32)
    }

    /// Whether a descriptor has an offset: the standard streams have none.
    fn seekable(&self, fd: u32) -> Result<(), Errno> {
        match self.descriptors.get(fd)?.object {
            Object::Stdin | Object::Stdout | Object::Stderr => Err(ERRNO_SPIPE),
            Object::File(_) | Object::Directory(..) => Ok(()),
        }
    }

    pub(super) fn fd_seek(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        delta: i64,
        whence: u32,
        result: u32,
    ) -> Result<(), Errno> {
        self.seekable(fd)?;
        let node = self.descriptors.file(fd)?;
        let descriptor = self.descriptors.get_mut(fd)?;
        let base = match whence {
            whence if whence == u32::from(WHENCE_SET.raw()) => 0,
            whence if whence == u32::from(WHENCE_CUR.raw()) => descriptor.offset,
            whence if whence == u32::from(WHENCE_END.raw()) => self.files.stat(node).size,
            _ => return Err(ERRNO_INVAL),
        };
        let offset = i64::try_from(base)
            .ok()
            .and_then(|base| base.checked_add(delta));
        let offset = offset.ok_or(ERRNO_OVERFLOW)?;
        let offset = u64::try_from(offset).map_err(|_| ERRNO_INVAL)?;
        descriptor.offset = offset;
        guest.put_u64(result, offset)
    }

    pub(super) fn fd_tell(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        result: u32,
    ) -> Result<(), Errno> {
        self.seekable(fd)?;
        self.descriptors.file(fd)?;
        guest.put_u64(result, self.descriptors.get(fd)?.offset)
    }

    pub(super) fn fd_advise(&mut self, fd: u32, advice: u32) -> Result<(), Errno> {
        self.seekable(fd)?;
        match advice > u32::from(ADVICE_NOREUSE.raw()) {
            true => Err(ERRNO_INVAL),
            false => Ok(()),
        }
    }

    pub(super) fn fd_allocate(&mut self, fd: u32, offset: u64, length: u64) -> Result<(), Errno> {
        self.seekable(fd)?;
        let node = self.descriptors.file_with(fd, RIGHTS_FD_WRITE)?;
        if length == 0 {
            return Err(ERRNO_INVAL);
        }
        let end = offset.checked_add(length).ok_or(ERRNO_FBIG)?;
        match end > self.files.stat(node).size {
            true => self.files.resize(node, end, self.clock.now()),
            false => Ok(()),
        }
    }

    pub(super) fn fd_fdstat_get(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        result: u32,
    ) -> Result<(), Errno> {
        let descriptor = self.descriptors.get(fd)?;
        let mut stat = [0; FDSTAT];
        stat[0] = filetype(&descriptor.object).raw();
        put(&mut stat, FDSTAT_FLAGS, &descriptor.flags.to_le_bytes());
        put(&mut stat, FDSTAT_RIGHTS, &descriptor.rights.to_le_bytes());
        let inheriting = descriptor.inheriting.to_le_bytes();
        put(&mut stat, FDSTAT_INHERITING, &inheriting);
        guest.put(result, 0, &stat)
    }

    pub(super) fn fd_fdstat_set_flags(&mut self, fd: u32, flags: u32) -> Result<(), Errno> {
        let descriptor = self.descriptors.get_mut(fd)?;
        let flags = u16::try_from(flags).map_err(|_| ERRNO_INVAL)?;
        if flags & !FLAGS != 0 {
            return Err(ERRNO_INVAL);
        }
        descriptor.flags = flags;
        Ok(())
    }

    pub(super) fn fd_fdstat_set_rights(
        &mut self,
        fd: u32,
        rights: Rights,
        inheriting: Rights,
    ) -> Result<(), Errno> {
        let descriptor = self.descriptors.get_mut(fd)?;
        // Rights can be given up, not won.
        let won = rights & !descriptor.rights != 0 || inheriting & !descriptor.inheriting != 0;
        if won {
            return Err(ERRNO_NOTCAPABLE);
        }
        (descriptor.rights, descriptor.inheriting) = (rights, inheriting);
        Ok(())
    }

    pub(super) fn fd_filestat_get(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        result: u32,
    ) -> Result<(), Errno> {
        let stat = match self.descriptors.get(fd)?.object {
            Object::File(node) | Object::Directory(node, _) => self.files.stat(node),
            Object::Stdin | Object::Stdout | Object::Stderr => Stat {
                inode: 0,
                filetype: FILETYPE_UNKNOWN,
                names: 0,
                size: 0,
                accessed: 0,
                modified: 0,
                changed: 0,
            },
        };
        put_filestat(guest, result, &stat)
    }

    pub(super) fn fd_filestat_set_size(&mut self, fd: u32, size: u64) -> Result<(), Errno> {
        let node = self.descriptors.file_with(fd, RIGHTS_FD_WRITE)?;
        self.files.resize(node, size, self.clock.now())
    }

    pub(super) fn fd_filestat_set_times(
        &mut self,
        fd: u32,
        accessed: u64,
        modified: u64,
        flags: u32,
    ) -> Result<(), Errno> {
        let node = match self.descriptors.get(fd)?.object {
            Object::File(node) | Object::Directory(node, _) => node,
            _ => return Err(ERRNO_NOTSUP),
        };
        let now = self.clock.now();
        let (accessed, modified) = times(accessed, modified, flags, now)?;
        self.files.set_times(node, accessed, modified, now);
        Ok(())
    }

    pub(super) fn fd_prestat_get(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        result: u32,
    ) -> Result<(), Errno> {
        let Object::Directory(_, Some(name)) = &self.descriptors.get(fd)?.object else {
            return Err(ERRNO_BADF);
        };
        let mut stat = [0; PRESTAT];
        stat[0] = PREOPENTYPE_DIR.raw();
        put(
            &mut stat,
            PRESTAT_LENGTH,
            &(name.len() as u32).to_le_bytes(),
        );
        guest.put(result, 0, &stat)
    }

    pub(super) fn fd_prestat_dir_name(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        at: u32,
        length: u32,
    ) -> Result<(), Errno> {
        let Object::Directory(_, Some(name)) = &self.descriptors.get(fd)?.object else {
            return Err(ERRNO_BADF);
        };
        match name.len() > length as usize {
            true => Err(ERRNO_NAMETOOLONG),
            false => guest.put(at, 0, name.as_bytes()),
        }
    }

    /// Entries from a cookie on, as many as there is room for; the last may be cut, which says that there
    /// may be more. A cookie is the number of an entry.
    pub(super) fn fd_readdir(
        &mut self,
        guest: &mut Guest<'_>,
        fd: u32,
        (at, length): Span,
        cookie: u64,
        result: u32,
    ) -> Result<(), Errno> {
        let directory = self.descriptors.directory(fd)?;
        guest.bytes(at, length)?;
        let itself = [(".", directory), ("..", directory)].into_iter();
        let entries = self.files.entries(directory)?.iter();
        let entries = entries.map(|(name, &node)| (name.as_str(), node));
        let numbered = (1u64..).zip(itself.chain(entries));
        let mut written = 0;
        for (next, (name, node)) in numbered.skip(usize::try_from(cookie).unwrap_or(usize::MAX)) {
            let stat = self.files.stat(node);
            let mut entry = vec![0; DIRENT];
            put(&mut entry, 0, &next.to_le_bytes());
            put(&mut entry, DIRENT_INODE, &stat.inode.to_le_bytes());
            put(
                &mut entry,
                DIRENT_LENGTH,
                &(name.len() as u32).to_le_bytes(),
            );
            entry[DIRENT_TYPE] = stat.filetype.raw();
            entry.extend_from_slice(name.as_bytes());
            entry.truncate((length - written) as usize);
            guest.put(at, written, &entry)?;
            written += entry.len() as u32;
            if written == length {
                break;
            }
        }
        guest.put_u32(result, written)
    }
}

/// The type of what a descriptor stands for. The standard streams are no terminal.
fn filetype(object: &Object) -> Filetype {
    match object {
        Object::Stdin | Object::Stdout | Object::Stderr => FILETYPE_UNKNOWN,
        Object::File(_) => FILETYPE_REGULAR_FILE,
        Object::Directory(..) => FILETYPE_DIRECTORY,
    }
}

/// Puts a part of a record in its place.
fn put(record: &mut [u8], offset: usize, bytes: &[u8]) {
    record[offset..offset + bytes.len()].copy_from_slice(bytes);
}

pub(super) fn put_filestat(guest: &mut Guest<'_>, at: u32, stat: &Stat) -> Result<(), Errno> {
    let mut record = [0; FILESTAT];
    put(&mut record, 0, &DEVICE.to_le_bytes());
    record[FILESTAT_TYPE] = stat.filetype.raw();
    for (offset, number) in [
        (FILESTAT_INODE, stat.inode),
        (FILESTAT_NAMES, stat.names),
        (FILESTAT_SIZE, stat.size),
        (FILESTAT_ACCESSED, stat.accessed),
        (FILESTAT_MODIFIED, stat.modified),
        (FILESTAT_CHANGED, stat.changed),
    ] {
        put(&mut record, offset, &number.to_le_bytes());
    }
    guest.put(at, 0, &record)
}

/// The times that are to be set, by the flags that say which.
pub(super) fn times(
    accessed: u64,
    modified: u64,
    flags: u32,
    now: u64,
) -> Result<(Option<u64>, Option<u64>), Errno> {
    let flags = u16::try_from(flags).map_err(|_| ERRNO_INVAL)?;
    let all = FSTFLAGS_ATIM | FSTFLAGS_ATIM_NOW | FSTFLAGS_MTIM | FSTFLAGS_MTIM_NOW;
    if flags & !all != 0 {
        return Err(ERRNO_INVAL);
    }
    let time = |given: u16, to_now: u16, time: u64| match (flags & given, flags & to_now) {
        (0, 0) => Ok(None),
        (_, 0) => Ok(Some(time)),
        (0, _) => Ok(Some(now)),
        _ => Err(ERRNO_INVAL),
    };
    Ok((
        time(FSTFLAGS_ATIM, FSTFLAGS_ATIM_NOW, accessed)?,
        time(FSTFLAGS_MTIM, FSTFLAGS_MTIM_NOW, modified)?,
    ))
}
