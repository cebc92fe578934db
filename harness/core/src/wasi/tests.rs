//! The host by itself, called as a program would call it.

use super::memory::Difference;
use super::*;
use lockstep_oracles::MemoryType;
use lockstep_oracles::address::MemAddr;
use lockstep_oracles::store::Store;
use std::collections::BTreeMap;
use wasip1::{
    ERRNO_BADF, ERRNO_EXIST, ERRNO_FAULT, ERRNO_INVAL, ERRNO_ISDIR, ERRNO_NOENT, ERRNO_NOTCAPABLE,
    ERRNO_NOTDIR, ERRNO_NOTEMPTY, ERRNO_SPIPE, OFLAGS_CREAT, OFLAGS_DIRECTORY, OFLAGS_EXCL,
    OFLAGS_TRUNC, RIGHTS_FD_READ, RIGHTS_FD_WRITE,
};

const PAGE: usize = 65536;

/// Where results go.
const RESULT: u64 = 8;
/// Where a buffer is, and its description.
const BUFFER: u64 = 1024;
const IOVEC: u64 = 64;
/// Where a path is.
const PATH: u64 = 512;

/// A program: its memory, and the host that it calls.
struct Program {
    host: Host,
    memory: Vec<u8>,
}

struct Plain<'m>(&'m mut [u8]);

impl GuestMemory for Plain<'_> {
    fn read(&mut self, at: u64, length: u64) -> Option<&[u8]> {
        let end = at.checked_add(length)?;
        self.0.get(at as usize..usize::try_from(end).ok()?)
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> bool {
        let into = self.0.get_mut(at as usize..at as usize + bytes.len());
        into.map(|into| into.copy_from_slice(bytes)).is_some()
    }
}

fn world() -> World {
    let file = |text: &str| Entry::File(text.as_bytes().into());
    World {
        args: vec!["prog".to_owned(), "ä".to_owned()],
        env: vec!["A=1".to_owned()],
        stdin: b"input".as_slice().into(),
        directories: vec![Directory {
            guest: "/".to_owned(),
            entries: BTreeMap::from([
                ("a.txt".to_owned(), file("hello")),
                ("d/b".to_owned(), file("below")),
                ("empty".to_owned(), Entry::Directory),
            ]),
        }],
    }
}

/// The descriptor of the directory that is open from the start.
const ROOT: u64 = 3;

impl Program {
    fn new() -> Program {
        Program {
            host: Host::new(&world(), 7),
            memory: vec![0; PAGE],
        }
    }

    fn call(&mut self, function: Function, args: &[u64]) -> Errno2 {
        let memory: &mut dyn GuestMemory = &mut Plain(&mut self.memory);
        match self.host.call(function, args, Some(memory)) {
            Answer::Errno(errno) => Errno2(errno),
            other => panic!("{other:?}"),
        }
    }

    fn put(&mut self, at: u64, bytes: &[u8]) {
        self.memory[at as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    fn u32(&self, at: u64) -> u32 {
        u32::from_le_bytes(self.memory[at as usize..][..4].try_into().unwrap())
    }

    fn u64(&self, at: u64) -> u64 {
        u64::from_le_bytes(self.memory[at as usize..][..8].try_into().unwrap())
    }

    fn text(&self, at: u64, length: u64) -> &str {
        std::str::from_utf8(&self.memory[at as usize..][..length as usize]).unwrap()
    }

    fn iovec(&mut self, at: u64, length: u64) {
        self.put(IOVEC, &(at as u32).to_le_bytes());
        self.put(IOVEC + 4, &(length as u32).to_le_bytes());
    }

    fn path(&mut self, path: &str) -> u64 {
        self.put(PATH, path.as_bytes());
        path.len() as u64
    }

    fn open(&mut self, path: &str, oflags: u16, rights: u64) -> Result<u64, Errno2> {
        let length = self.path(path);
        let args = [ROOT, 0, PATH, length, oflags.into(), rights, 0, 0, RESULT];
        match self.call(Function::PathOpen, &args) {
            Errno2(0) => Ok(self.u32(RESULT).into()),
            errno => Err(errno),
        }
    }

    fn at_path(&mut self, function: Function, path: &str) -> Errno2 {
        let length = self.path(path);
        self.call(function, &[ROOT, PATH, length])
    }

    fn write(&mut self, fd: u64, text: &str) -> Errno2 {
        self.put(BUFFER, text.as_bytes());
        self.iovec(BUFFER, text.len() as u64);
        self.call(Function::FdWrite, &[fd, IOVEC, 1, RESULT])
    }

    fn read(&mut self, fd: u64, most: u64) -> Result<String, Errno2> {
        self.iovec(BUFFER, most);
        match self.call(Function::FdRead, &[fd, IOVEC, 1, RESULT]) {
            Errno2(0) => Ok(self.text(BUFFER, self.u32(RESULT).into()).to_owned()),
            errno => Err(errno),
        }
    }
}

/// What a call returned; it shows itself by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Errno2(u16);

impl std::fmt::Debug for Errno2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "errno {}", self.0)
    }
}

impl PartialEq<Errno> for Errno2 {
    fn eq(&self, other: &Errno) -> bool {
        self.0 == other.raw()
    }
}

const OK: Errno = ERRNO_SUCCESS;
const BOTH: u64 = RIGHTS_FD_READ | RIGHTS_FD_WRITE;

#[test]
fn arguments_and_environment_are_given() {
    let mut program = Program::new();
    assert_eq!(
        program.call(Function::ArgsSizesGet, &[RESULT, RESULT + 4]),
        OK
    );
    assert_eq!((program.u32(RESULT), program.u32(RESULT + 4)), (2, 8));
    assert_eq!(program.call(Function::ArgsGet, &[RESULT, BUFFER]), OK);
    assert_eq!(program.text(BUFFER, 8), "prog\0ä\0");
    assert_eq!(program.u32(RESULT + 4), BUFFER as u32 + 5);
    assert_eq!(program.call(Function::EnvironGet, &[RESULT, BUFFER]), OK);
    assert_eq!(program.text(BUFFER, 4), "A=1\0");
    let end = PAGE as u64;
    assert_eq!(
        program.call(Function::ArgsGet, &[RESULT, end - 3]),
        ERRNO_FAULT
    );
    assert_eq!(program.call(Function::ArgsGet, &[end, BUFFER]), ERRNO_FAULT);
}

#[test]
fn standard_streams_are_read_and_written() {
    let mut program = Program::new();
    assert_eq!(program.read(0, 2), Ok("in".to_owned()));
    assert_eq!(program.read(0, 9), Ok("put".to_owned()));
    assert_eq!(program.read(0, 9), Ok(String::new()));
    assert_eq!(program.write(1, "out"), OK);
    assert_eq!(program.write(2, "err"), OK);
    assert_eq!(program.write(0, "no"), ERRNO_BADF);
    assert_eq!(program.read(1, 1).unwrap_err(), ERRNO_BADF);
    assert_eq!(
        (program.host.stdout(), program.host.stderr()),
        (&b"out"[..], &b"err"[..])
    );
    let seek = [1, 0, 0, RESULT];
    assert_eq!(program.call(Function::FdSeek, &seek), ERRNO_SPIPE);
    assert_eq!(program.call(Function::FdClose, &[1]), OK);
    assert_eq!(program.write(1, "gone"), ERRNO_BADF);
}

#[test]
fn files_are_opened_read_and_written() {
    let mut program = Program::new();
    let file = program.open("a.txt", 0, BOTH).unwrap();
    assert_eq!(program.read(file, 3), Ok("hel".to_owned()));
    assert_eq!(program.write(file, "LO, you"), OK);
    assert_eq!(program.call(Function::FdTell, &[file, RESULT]), OK);
    assert_eq!(program.u64(RESULT), 10);
    let back = [file, (-7i64) as u64, 2, RESULT];
    assert_eq!(program.call(Function::FdSeek, &back), OK);
    assert_eq!(program.read(file, 99), Ok("LO, you".to_owned()));
    let before = [file, (-1i64) as u64, 0, RESULT];
    assert_eq!(program.call(Function::FdSeek, &before), ERRNO_INVAL);
    assert_eq!(program.call(Function::FdFilestatGet, &[file, BUFFER]), OK);
    assert_eq!(program.u64(BUFFER + 32), 10);
    let reader = program.open("a.txt", 0, RIGHTS_FD_READ).unwrap();
    assert_eq!(program.write(reader, "x"), ERRNO_BADF);
    program.iovec(BUFFER, 3);
    let pread = [reader, IOVEC, 1, 6, RESULT];
    assert_eq!(program.call(Function::FdPread, &pread), OK);
    assert_eq!(program.text(BUFFER, 3), " yo");
    let cut = program.open("a.txt", OFLAGS_TRUNC, BOTH).unwrap();
    assert_eq!(program.read(cut, 9), Ok(String::new()));
}

#[test]
fn a_hole_in_a_file_holds_zeros() {
    let mut program = Program::new();
    let file = program.open("new", OFLAGS_CREAT, BOTH).unwrap();
    assert_eq!(program.call(Function::FdSeek, &[file, 3, 0, RESULT]), OK);
    assert_eq!(program.write(file, "x"), OK);
    assert_eq!(program.call(Function::FdSeek, &[file, 0, 0, RESULT]), OK);
    assert_eq!(program.read(file, 9), Ok("\0\0\0x".to_owned()));
    // A file of an exbibyte is refused, and nothing is allocated for it.
    let far = [file, 1 << 60, 0, RESULT];
    assert_eq!(program.call(Function::FdSeek, &far), OK);
    assert_eq!(program.write(file, "x"), ERRNO_FBIG);
}

#[test]
fn paths_stay_below_their_directory() {
    let mut program = Program::new();
    for (path, wanted) in [
        ("a.txt", Ok(())),
        ("./d/../a.txt", Ok(())),
        ("d/b", Ok(())),
        ("d/.", Ok(())),
        ("..", Err(ERRNO_NOTCAPABLE)),
        ("d/../../a.txt", Err(ERRNO_NOTCAPABLE)),
        ("/a.txt", Err(ERRNO_NOTCAPABLE)),
        ("", Err(ERRNO_NOENT)),
        ("none", Err(ERRNO_NOENT)),
        ("none/a", Err(ERRNO_NOENT)),
        ("a.txt/", Err(ERRNO_NOTDIR)),
        ("a.txt/x", Err(ERRNO_NOTDIR)),
        ("a.txt/..", Err(ERRNO_NOTDIR)),
        ("a\0", Err(ERRNO_INVAL)),
    ] {
        match (program.open(path, 0, RIGHTS_FD_READ), wanted) {
            (Ok(_), Ok(())) => {}
            (Err(errno), Err(wanted)) => assert_eq!(errno, wanted, "{path}"),
            (opened, wanted) => panic!("{path}: {opened:?}, {wanted:?}"),
        }
    }
    let of = |program: &mut Program, path, oflags, rights| program.open(path, oflags, rights);
    let exclusive = OFLAGS_CREAT | OFLAGS_EXCL;
    assert_eq!(
        of(&mut program, "a.txt", exclusive, BOTH).unwrap_err(),
        ERRNO_EXIST
    );
    assert_eq!(
        of(&mut program, "a.txt", OFLAGS_DIRECTORY, 0).unwrap_err(),
        ERRNO_NOTDIR
    );
    assert_eq!(of(&mut program, "d", 0, BOTH).unwrap_err(), ERRNO_ISDIR);
    assert_eq!(
        of(&mut program, "a.txt", 1 << 9, BOTH).unwrap_err(),
        ERRNO_INVAL
    );
}

#[test]
fn directories_are_made_listed_and_removed() {
    let mut program = Program::new();
    let make = Function::PathCreateDirectory;
    assert_eq!(program.at_path(make, "made"), OK);
    assert_eq!(program.at_path(make, "made"), ERRNO_EXIST);
    let list = |program: &mut Program, length: u64, cookie: u64| {
        let args = [ROOT, BUFFER, length, cookie, RESULT];
        assert_eq!(program.call(Function::FdReaddir, &args), OK);
        program.u32(RESULT)
    };
    let length = list(&mut program, 4096, 0);
    let (mut at, mut names) = (BUFFER, Vec::new());
    while at < BUFFER + u64::from(length) {
        let name = program.u32(at + 16).into();
        names.push(program.text(at + 24, name).to_owned());
        at += 24 + name;
    }
    assert_eq!(names, [".", "..", "a.txt", "d", "empty", "made"]);
    // From a cookie on; an entry that has no room is cut.
    assert_eq!(list(&mut program, 4096, 5), 24 + 4);
    assert_eq!(list(&mut program, 25, 5), 25);
    assert_eq!(list(&mut program, 4096, u64::MAX), 0);
    let remove = Function::PathRemoveDirectory;
    assert_eq!(program.at_path(remove, "d"), ERRNO_NOTEMPTY);
    assert_eq!(program.at_path(remove, "a.txt"), ERRNO_NOTDIR);
    assert_eq!(program.at_path(remove, "made"), OK);
    assert_eq!(program.at_path(remove, "made"), ERRNO_NOENT);
    let unlink = Function::PathUnlinkFile;
    assert_eq!(program.at_path(unlink, "d"), ERRNO_ISDIR);
    assert_eq!(program.at_path(unlink, "d/b"), OK);
    assert_eq!(program.at_path(remove, "d/"), OK);
}

#[test]
fn a_file_lives_as_long_as_it_is_open() {
    let mut program = Program::new();
    let file = program.open("a.txt", 0, BOTH).unwrap();
    assert_eq!(program.at_path(Function::PathUnlinkFile, "a.txt"), OK);
    assert_eq!(program.open("a.txt", 0, BOTH).unwrap_err(), ERRNO_NOENT);
    assert_eq!(program.read(file, 9), Ok("hello".to_owned()));
}

#[test]
fn files_and_directories_are_renamed() {
    let mut program = Program::new();
    let rename = |program: &mut Program, from: &str, to: &str| {
        let from = program.path(from);
        program.put(PATH + 64, to.as_bytes());
        let to = to.len() as u64;
        let args = [ROOT, PATH, from, ROOT, PATH + 64, to];
        program.call(Function::PathRename, &args)
    };
    assert_eq!(rename(&mut program, "a.txt", "d/c"), OK);
    assert_eq!(rename(&mut program, "a.txt", "d/c"), ERRNO_NOENT);
    assert_eq!(rename(&mut program, "d/c", "d/b"), OK);
    assert_eq!(rename(&mut program, "d/b", "empty"), ERRNO_ISDIR);
    assert_eq!(rename(&mut program, "d", "d/inside"), ERRNO_INVAL);
    assert_eq!(rename(&mut program, "empty", "d"), ERRNO_NOTEMPTY);
    assert_eq!(rename(&mut program, "d", "empty"), OK);
    let file = program.open("empty/b", 0, BOTH).unwrap();
    assert_eq!(program.read(file, 9), Ok("hello".to_owned()));
}

#[test]
fn clocks_go_on_by_a_tick_and_by_what_is_waited_for() {
    let mut program = Program::new();
    let read = |program: &mut Program, clock: u64| {
        assert_eq!(
            program.call(Function::ClockTimeGet, &[clock, 0, RESULT]),
            OK
        );
        program.u64(RESULT)
    };
    assert_eq!(read(&mut program, 0), clocks::DAY);
    assert_eq!(read(&mut program, 1), clocks::START + clocks::TICK);
    let clock = |program: &mut Program, at: u64, clock: u32, timeout: u64, flags: u16| {
        program.put(at, &9u64.to_le_bytes());
        program.put(at + 8, &[0]);
        program.put(at + 16, &clock.to_le_bytes());
        program.put(at + 24, &timeout.to_le_bytes());
        program.put(at + 40, &flags.to_le_bytes());
    };
    let hour = 3_600_000_000_000;
    clock(&mut program, 2048, 1, hour, 0);
    clock(&mut program, 2096, 1, 2 * hour, 0);
    let poll = [2048, BUFFER, 2, RESULT];
    assert_eq!(program.call(Function::PollOneoff, &poll), OK);
    assert_eq!(program.u32(RESULT), 1);
    assert_eq!((program.u64(BUFFER), program.u64(BUFFER + 8)), (9, 0));
    let now = clocks::START + 2 * clocks::TICK + hour;
    assert_eq!(read(&mut program, 1), now);
    // What has passed is not waited for, nor is anything beside it.
    clock(&mut program, 2048, 1, 5, 1);
    assert_eq!(program.call(Function::PollOneoff, &poll), OK);
    assert_eq!(read(&mut program, 1), now + clocks::TICK);
    assert_eq!(
        program.call(Function::ClockTimeGet, &[4, 0, RESULT]),
        ERRNO_INVAL
    );
    assert_eq!(
        program.call(Function::PollOneoff, &[0, 0, 0, 0]),
        ERRNO_INVAL
    );
}

#[test]
fn random_numbers_follow_from_the_seed() {
    let numbers = |seed| {
        let mut host = Host::new(&World::default(), seed);
        let mut memory = [0; 64];
        for at in [0, 32] {
            let memory: &mut dyn GuestMemory = &mut Plain(&mut memory);
            let answer = host.call(Function::RandomGet, &[at, 13], Some(memory));
            assert_eq!(answer, Answer::Errno(0));
        }
        memory
    };
    assert_eq!(numbers(1), numbers(1));
    assert_ne!(numbers(1), numbers(2));
    assert_ne!(numbers(1)[..13], numbers(1)[32..45]);
    assert_eq!(numbers(1)[13..32], [0; 19]);
}

#[test]
fn bad_pointers_are_faults_and_change_nothing() {
    let mut program = Program::new();
    let end = PAGE as u64;
    let most = u64::from(u32::MAX);
    for (function, args) in [
        (Function::FdWrite, vec![1, end - 4, 1, RESULT]),
        (Function::FdWrite, vec![1, most, 1, RESULT]),
        (Function::FdRead, vec![0, most - 7, 1, RESULT]),
        (Function::RandomGet, vec![0, most]),
        (Function::RandomGet, vec![most, most]),
        (Function::ClockTimeGet, vec![0, 0, end - 7]),
        (
            Function::PathOpen,
            vec![ROOT, 0, most, 5, 0, 0, 0, 0, RESULT],
        ),
        (Function::FdReaddir, vec![ROOT, BUFFER, most, 0, RESULT]),
        (Function::PollOneoff, vec![0, 0, most, RESULT]),
        (Function::PollOneoff, vec![BUFFER, end - 1, 1, RESULT]),
        (Function::FdPrestatGet, vec![ROOT, end - 4]),
    ] {
        assert_eq!(
            program.call(function, &args),
            ERRNO_FAULT,
            "{function:?} {args:?}"
        );
    }
    // One buffer of 4 GiB, and two that together have more than can be said.
    program.iovec(0, most);
    assert_eq!(
        program.call(Function::FdWrite, &[1, IOVEC, 1, RESULT]),
        ERRNO_FAULT
    );
    assert_eq!(
        program.call(Function::FdRead, &[0, IOVEC, 1, RESULT]),
        ERRNO_FAULT
    );
    let most_buffers = u64::from(u32::MAX);
    let args = [1, IOVEC, most_buffers, RESULT];
    assert_eq!(program.call(Function::FdWrite, &args), ERRNO_INVAL);
    assert_eq!(program.host.stdout(), b"");
    assert_eq!(program.read(0, 9), Ok("input".to_owned()));
}

#[test]
fn a_program_ends_with_its_code_and_without_memory_nothing_is_done() {
    let mut host = Host::new(&World::default(), 0);
    let answer = host.call(Function::FdWrite, &[1, 0, 0, 0], None);
    assert_eq!(answer, Answer::NoMemory);
    assert_eq!(host.call(Function::SchedYield, &[], None), Answer::Errno(0));
    assert_eq!(host.exit(), None);
    assert_eq!(host.call(Function::ProcExit, &[3], None), Answer::Exit(3));
    assert_eq!(host.exit(), Some(3));
}

/// A store with a memory of one page.
fn oracle() -> (Store, MemAddr) {
    let mut store = Store::default();
    let memory = store.alloc_memory(MemoryType {
        memory64: false,
        shared: false,
        initial: 1,
        maximum: None,
        page_size_log2: None,
    });
    (store, memory)
}

#[test]
fn what_the_host_reads_is_compared_and_what_it_writes_is_written_into_both() {
    let mut subject = vec![0; PAGE];
    let (mut store, memory) = oracle();
    let oracle = store.memory_mut(memory);
    let mut both = BothMemories::new(&mut subject, oracle, None);
    assert!(both.write(5, b"text"));
    assert!(!both.write(PAGE as u64 - 1, b"text"));
    assert_eq!(both.read(5, 4), Some(&b"text"[..]));
    assert_eq!(both.difference(), None);
    assert_eq!(&subject[5..9], b"text");
    assert_eq!(&oracle.bytes()[5..9], b"text");
    subject[7] = b'n';
    let mut both = BothMemories::new(&mut subject, oracle, None);
    both.read(0, 6);
    assert_eq!(both.difference(), None);
    both.read(6, 20);
    let found = Difference {
        at: 7,
        expected: b'x',
        observed: b'n',
    };
    assert_eq!(both.difference(), Some(found));
}

#[test]
fn a_lie_about_what_is_written_changes_the_subject_alone() {
    let mut subject = vec![0; PAGE];
    let (mut store, memory) = oracle();
    let oracle = store.memory_mut(memory);
    let mut lie = |_, bytes: &mut Vec<u8>| bytes[0] ^= 1;
    let mut both = BothMemories::new(&mut subject, oracle, Some(&mut lie));
    assert!(both.write(0, &[4]));
    assert_eq!((subject[0], oracle.bytes()[0]), (5, 4));
}
