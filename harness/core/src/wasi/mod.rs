//! A host for programs of WASI preview 1 that does the same in every execution.
//!
//! Nothing of the machine is seen through it: arguments, environment, standard input and files are the
//! case's, files are kept in memory, clocks begin at a fixed time and go on by a fixed tick a call, random
//! numbers follow from the case's seed. It knows no engine, and of a program no more than the bytes of its
//! memory. Each execution has a host of its own, made from the same [`World`].

mod clocks;
mod descriptors;
mod files;
pub mod interface;
pub mod memory;
mod paths;
mod poll;
mod streams;
mod world;

#[cfg(test)]
mod tests;

pub use interface::Function;
pub use memory::{BothMemories, GuestMemory};
pub use world::{Directory, Entry, World};

use crate::hosting::splitmix64;
use clocks::Clock;
use descriptors::Descriptors;
use files::Files;
use memory::Guest;
use std::sync::Arc;
use wasip1::{ERRNO_FBIG, ERRNO_NOTSOCK, ERRNO_NOTSUP, ERRNO_SUCCESS, Errno};

/// Bytes that a program may write to one stream.
const STREAM_LIMIT: usize = 64 << 20;

/// What comes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It returns this number.
    Errno(u16),
    /// The program ends with this code.
    Exit(u32),
    /// The program has no memory that the host could use: an error of the host.
    NoMemory,
}

/// The host of one execution.
#[derive(Debug)]
pub struct Host {
    args: Vec<String>,
    env: Vec<String>,
    stdin: Arc<[u8]>,
    /// How much of standard input was read.
    read: usize,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    exit: Option<u32>,
    clock: Clock,
    random: u64,
    files: Files,
    descriptors: Descriptors,
}

impl Host {
    /// A host that has not been called yet.
    pub fn new(world: &World, seed: u64) -> Host {
        let clock = Clock::default();
        let (files, roots) = Files::of(&world.directories, clock.now());
        let names = world.directories.iter();
        let names = names.map(|directory| directory.guest.clone());
        Host {
            args: world.args.clone(),
            env: world.env.clone(),
            stdin: world.stdin.clone(),
            read: 0,
            stdout: Vec::new(),
            stderr: Vec::new(),
            exit: None,
            clock,
            random: seed,
            files,
            descriptors: Descriptors::of(names.zip(roots)),
        }
    }

    /// What was written to standard output.
    pub fn stdout(&self) -> &[u8] {
        &self.stdout
    }

    /// What was written to standard error.
    pub fn stderr(&self) -> &[u8] {
        &self.stderr
    }

    /// The code that the program ended with by `proc_exit`.
    pub fn exit(&self) -> Option<u32> {
        self.exit
    }

    /// Carries a call out. The arguments are those of the function's type, each in 64 bits.
    pub fn call(
        &mut self,
        function: Function,
        args: &[u64],
        memory: Option<&mut dyn GuestMemory>,
    ) -> Answer {
        let done = match (function, memory) {
            (Function::ProcExit, _) => {
                let code = args.first().map_or(0, |&code| code as u32);
                self.exit = Some(code);
                return Answer::Exit(code);
            }
            (Function::SchedYield, _) => Ok(()),
            (Function::ProcRaise, _) => Err(ERRNO_NOTSUP),
            (_, None) => return Answer::NoMemory,
            (_, Some(memory)) => self.perform(function, args, &mut Guest(memory)),
        };
        Answer::Errno(done.err().unwrap_or(ERRNO_SUCCESS).raw())
    }

    fn perform(
        &mut self,
        function: Function,
        args: &[u64],
        guest: &mut Guest<'_>,
    ) -> Result<(), Errno> {
        use Function as F;
        let long = |index: usize| args.get(index).copied().unwrap_or(0);
        let arg = |index: usize| long(index) as u32;
        match function {
            F::ArgsGet => strings(&self.args, guest, arg(0), arg(1)),
            F::ArgsSizesGet => sizes(&self.args, guest, arg(0), arg(1)),
            F::EnvironGet => strings(&self.env, guest, arg(0), arg(1)),
            F::EnvironSizesGet => sizes(&self.env, guest, arg(0), arg(1)),
            F::ClockResGet => guest.put_u64(arg(1), self.clock.resolution(arg(0))?),
            F::ClockTimeGet => guest.put_u64(arg(2), self.clock.read(arg(0))?),
            F::RandomGet => self.random(guest, arg(0), arg(1)),
            F::PollOneoff => self.poll(guest, arg(0), arg(1), arg(2), arg(3)),
            F::FdAdvise => self.fd_advise(arg(0), arg(3)),
            F::FdAllocate => self.fd_allocate(arg(0), long(1), long(2)),
            F::FdClose => self.descriptors.close(arg(0)).map(|_| ()),
            F::FdDatasync | F::FdSync => self.descriptors.get(arg(0)).map(|_| ()),
            F::FdFdstatGet => self.fd_fdstat_get(guest, arg(0), arg(1)),
            F::FdFdstatSetFlags => self.fd_fdstat_set_flags(arg(0), arg(1)),
            F::FdFdstatSetRights => self.fd_fdstat_set_rights(arg(0), long(1), long(2)),
            F::FdFilestatGet => self.fd_filestat_get(guest, arg(0), arg(1)),
            F::FdFilestatSetSize => self.fd_filestat_set_size(arg(0), long(1)),
            F::FdFilestatSetTimes => self.fd_filestat_set_times(arg(0), long(1), long(2), arg(3)),
            F::FdPread => self.fd_pread(guest, arg(0), (arg(1), arg(2)), long(3), arg(4)),
            F::FdPrestatGet => self.fd_prestat_get(guest, arg(0), arg(1)),
            F::FdPrestatDirName => self.fd_prestat_dir_name(guest, arg(0), arg(1), arg(2)),
            F::FdPwrite => self.fd_pwrite(guest, arg(0), (arg(1), arg(2)), long(3), arg(4)),
            F::FdRead => self.fd_read(guest, arg(0), (arg(1), arg(2)), arg(3)),
            F::FdReaddir => self.fd_readdir(guest, arg(0), (arg(1), arg(2)), long(3), arg(4)),
            F::FdRenumber => self.descriptors.renumber(arg(0), arg(1)),
            F::FdSeek => self.fd_seek(guest, arg(0), long(1) as i64, arg(2), arg(3)),
            F::FdTell => self.fd_tell(guest, arg(0), arg(1)),
            F::FdWrite => self.fd_write(guest, arg(0), (arg(1), arg(2)), arg(3)),
            F::PathCreateDirectory => self.path_create_directory(guest, arg(0), (arg(1), arg(2))),
            F::PathFilestatGet => self.path_filestat_get(guest, arg(0), (arg(2), arg(3)), arg(4)),
            F::PathFilestatSetTimes => {
                let path = (arg(2), arg(3));
                self.path_filestat_set_times(guest, arg(0), path, long(4), long(5), arg(6))
            }
            F::PathOpen => {
                let rights = (long(5), long(6));
                let path = (arg(2), arg(3));
                self.path_open(guest, arg(0), path, (arg(4), arg(7)), rights, arg(8))
            }
            F::PathReadlink => self.path_readlink(guest, arg(0), (arg(1), arg(2))),
            F::PathRemoveDirectory => self.path_remove_directory(guest, arg(0), (arg(1), arg(2))),
            F::PathRename => {
                let from = (arg(0), arg(1), arg(2));
                self.path_rename(guest, from, (arg(3), arg(4), arg(5)))
            }
            F::PathUnlinkFile => self.path_unlink_file(guest, arg(0), (arg(1), arg(2))),
            // There are no links.
            F::PathLink => self.no_link(guest, (arg(0), arg(2), arg(3)), arg(4)),
            F::PathSymlink => self.descriptors.directory(arg(2)).and(Err(ERRNO_NOTSUP)),
            // No descriptor is a socket.
            F::SockAccept | F::SockRecv | F::SockSend | F::SockShutdown => {
                self.descriptors.get(arg(0)).and(Err(ERRNO_NOTSOCK))
            }
            F::ProcExit | F::ProcRaise | F::SchedYield => Err(ERRNO_NOTSUP),
        }
    }

    fn no_link(
        &mut self,
        guest: &mut Guest<'_>,
        (fd, path, length): (u32, u32, u32),
        to: u32,
    ) -> Result<(), Errno> {
        let path = guest.text(path, length)?;
        self.files.find(self.descriptors.directory(fd)?, &path)?;
        self.descriptors.directory(to).and(Err(ERRNO_NOTSUP))
    }

    fn random(&mut self, guest: &mut Guest<'_>, at: u32, length: u32) -> Result<(), Errno> {
        guest.bytes(at, length)?;
        let mut bytes = Vec::with_capacity(length as usize + 8);
        while bytes.len() < length as usize {
            bytes.extend(splitmix64(&mut self.random).to_le_bytes());
        }
        guest.put(at, 0, &bytes[..length as usize])
    }

    /// Writes to a stream of the program's.
    fn print(stream: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Errno> {
        if stream.len() + bytes.len() > STREAM_LIMIT {
            return Err(ERRNO_FBIG);
        }
        stream.extend_from_slice(bytes);
        Ok(())
    }
}

/// Texts with a zero byte behind each, and their addresses.
fn strings(texts: &[String], guest: &mut Guest<'_>, array: u32, mut at: u32) -> Result<(), Errno> {
    for (text, index) in texts.iter().zip(0..) {
        guest.put(array, index * 4, &at.to_le_bytes())?;
        guest.put(at, 0, text.as_bytes())?;
        guest.put(at, text.len() as u32, &[0])?;
        at = at.wrapping_add(text.len() as u32 + 1);
    }
    Ok(())
}

/// How many texts there are, and how many bytes they have with a zero byte behind each.
fn sizes(texts: &[String], guest: &mut Guest<'_>, count: u32, size: u32) -> Result<(), Errno> {
    let bytes: usize = texts.iter().map(|text| text.len() + 1).sum();
    guest.put_u32(count, texts.len() as u32)?;
    guest.put_u32(size, bytes as u32)
}
