//! A worker process as the campaign sees it: asked for one case at a time, watched, and ended when
//! it uses too much.

use super::interrupt::Interrupt;
use super::limits::{Limit, Limits, resident};
use super::protocol::{Answer, Failure, Message, Request, Traits};
use super::watch::{LOOK, Watch};
use crate::case::CaseReport;
use crate::causes::Cause;
use crate::lockstep::daring::Announced;
use crate::machine;
use crate::progress::Place;
use crate::report::grouped;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Time that a process gets to be gone once it has closed its output.
const GONE: Duration = Duration::from_secs(1);
/// Bytes kept of what a worker wrote to standard error last.
const TAIL: usize = 4 << 10;
/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;
/// How often that is done before the worker is looked at: oftener than a pipe is full. Some never cease to write.
const CHUNKS: usize = 64;

/// How workers are started.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
}

/// How a request ended.
#[derive(Debug)]
pub struct Asked {
    /// What was known of the case before it ran; none if it was never begun.
    pub begun: Option<Traits>,
    /// The last command that was begun.
    pub at: Option<Place>,
    /// What it dared, and what was found before that.
    pub dared: Option<Box<Announced>>,
    /// What came of the commands before the one at which it ended without a report of its own.
    pub earlier: Option<Box<CaseReport>>,
    /// How it ended.
    pub ended: Ended,
}

/// How a worker's case ended.
#[derive(Debug)]
pub enum Ended {
    /// The worker answered.
    Answer(Box<Answer>),
    /// The worker is no more.
    Died(Death),
    /// The worker wrote something that is no message.
    Garbled(String),
    /// The campaign stopped first.
    Abandoned,
}

/// How a worker ended that did not answer.
#[derive(Debug)]
pub struct Death {
    /// The limit that it met; none if it ended by itself or from outside.
    pub limit: Option<Limit>,
    /// What happened, for people: names the signal, the exit code or the limit.
    pub what: String,
    /// The last it wrote to standard error.
    pub stderr: String,
    /// The cause that explains it.
    pub known: Option<Cause>,
    /// What came of the case, stepped beside the reference interpreter, where it met a limit of time and does
    /// not end there either.
    pub endless: Option<Box<CaseReport>>,
    /// Whether nothing shows that the case did it, or the machine alone.
    pub by_machine: bool,
}

impl Ended {
    /// Whether the machine ended the case, and not what ran in it.
    pub fn is_of_machine(&self) -> bool {
        match self {
            Ended::Died(death) => death.by_machine,
            Ended::Answer(answer) => matches!(answer.result, Err(Failure::Machine(_))),
            Ended::Garbled(_) | Ended::Abandoned => false,
        }
    }
}

impl Death {
    /// Whether the case took too long.
    pub fn met_a_limit_of_time(&self) -> bool {
        matches!(self.limit, Some(Limit::Cpu | Limit::CpuInAll | Limit::Wall))
    }

    /// A worker whose answer is void, since the case damaged it as this cause says.
    pub(super) fn known(cause: Cause) -> Death {
        Death {
            limit: None,
            what: "its answer is void".to_owned(),
            stderr: String::new(),
            known: Some(cause),
            endless: None,
            by_machine: false,
        }
    }
}

/// A worker. Its standard input is a socket: requests go there, and answers come back. What it says meanwhile is on
/// its standard output, at which nobody looks before it is time to: whoever is woken by every word pays for it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    requests: UnixStream,
    stdout: ChildStdout,
    /// None once it is closed.
    stderr: Option<ChildStderr>,
    answers: Lines,
    said: Lines,
    chunk: Box<[u8]>,
    tail: Vec<u8>,
}

/// What was received of a stream, line by line. Its memory is kept: an answer has some hundred KB.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    /// Where the first line begins that was not handed on.
    begin: usize,
    /// Up to where its end was looked for.
    searched: usize,
}

impl Lines {
    /// Where the next whole line is that was received, without its end.
    fn next(&mut self) -> Option<Range<usize>> {
        let new = &self.bytes[self.searched..];
        // `contains` looks at many bytes at once: a report has one line end in 100,000 of them.
        if !new.contains(&b'\n') {
            self.searched = self.bytes.len();
            return None;
        }
        let end = self.searched + new.iter().position(|byte| *byte == b'\n')?;
        let line = self.begin..end;
        (self.begin, self.searched) = (end + 1, end + 1);
        Some(line)
    }

    /// Appends what was received; the lines that were handed on are gone then.
    fn append(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.begin);
        self.searched -= std::mem::take(&mut self.begin);
        self.bytes.extend_from_slice(bytes);
    }
}

/// What a stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Received {
    /// Something, which was read.
    Bytes,
    /// Nothing as yet.
    Nothing,
    /// Its end.
    End,
}

/// Reads what is there into `lines`.
fn read(mut from: impl Read, chunk: &mut [u8], lines: &mut Lines) -> io::Result<Received> {
    match from.read(chunk) {
        Ok(0) => Ok(Received::End),
        Ok(count) => {
            lines.append(&chunk[..count]);
            Ok(Received::Bytes)
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Received::Nothing),
        // Its end is closed with words on it that nobody reads any more.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(Received::End),
        Err(error) => Err(error),
    }
}

impl Process {
    /// Starts a worker, in a process group of its own: a terminal's Ctrl-C does not reach it.
    ///
    /// # Errors
    ///
    /// When the system cannot start it.
    pub fn start(launch: &Launch) -> io::Result<Process> {
        let (requests, theirs) = UnixStream::pair()?;
        let mut child = Command::new(&launch.program)
            .args(&launch.args)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let missing = || io::Error::other("a worker has no pipe");
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take();
        Ok(Process {
            child,
            requests,
            stdout,
            stderr,
            answers: Lines::default(),
            said: Lines::default(),
            chunk: vec![0; CHUNK].into(),
            tail: Vec::new(),
        })
    }

    /// Has the worker run a case. It can be asked again only if it answered.
    pub fn ask(&mut self, request: &Request, limits: &Limits, interrupt: &Interrupt) -> Asked {
        self.ask_and_listen(request, limits, interrupt, None)
    }

    /// The same; what the case shows while it runs is handed to `show` as it comes.
    pub fn ask_showing(
        &mut self,
        request: &Request,
        limits: &Limits,
        interrupt: &Interrupt,
        show: &mut dyn FnMut(&str),
    ) -> Asked {
        self.ask_and_listen(request, limits, interrupt, Some(show))
    }

    fn ask_and_listen(
        &mut self,
        request: &Request,
        limits: &Limits,
        interrupt: &Interrupt,
        show: Option<&mut dyn FnMut(&str)>,
    ) -> Asked {
        // What an earlier case said is not this one's.
        self.last_words();
        self.tail.clear();
        let mut asked = Asked {
            begun: None,
            at: None,
            dared: None,
            earlier: None,
            ended: Ended::Abandoned,
        };
        asked.ended = match self.send(request) {
            Ok(()) => self.await_answer(limits, interrupt, &mut asked, show),
            Err(_) => Ended::Died(self.ended(false, limits)),
        };
        asked
    }

    /// Whether the idle worker holds so much memory that a new one should take its place.
    pub fn is_swollen(&self, limits: &Limits) -> bool {
        resident(self.child.id()).is_some_and(|bytes| bytes > limits.idle_memory())
    }

    fn send(&mut self, request: &Request) -> io::Result<()> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.requests.write_all(&line)
    }

    fn await_answer(
        &mut self,
        limits: &Limits,
        interrupt: &Interrupt,
        asked: &mut Asked,
        mut show: Option<&mut dyn FnMut(&str)>,
    ) -> Ended {
        let mut watch = Watch::new();
        loop {
            let received = match self.receive(watch.next, show.is_some()) {
                Ok(received) => received,
                Err(error) => return Ended::Garbled(error.to_string()),
            };
            let answer = self.answers.next();
            let looks = Instant::now() >= watch.next;
            if answer.is_some() || received == Received::End || looks || show.is_some() {
                // What was said before the answer is heard before it. Of how long it took nothing depends then.
                let watched = (answer.is_none() || watch.noticed).then_some(&mut watch);
                if let Err(garbled) = self.listen(asked, watched, &mut show) {
                    return Ended::Garbled(garbled);
                }
            }
            if let Some(line) = answer {
                return match serde_json::from_slice(&self.answers.bytes[line]) {
                    Ok(Message::Done(answer)) => Ended::Answer(answer),
                    Ok(_) => Ended::Garbled("no answer".to_owned()),
                    Err(error) => Ended::Garbled(error.to_string()),
                };
            }
            if received == Received::End {
                return Ended::Died(self.ended(asked.begun.is_some(), limits));
            }
            if !looks {
                continue;
            }
            if interrupt.abandons() {
                return Ended::Abandoned;
            }
            if let Some(limit) = watch.look(self.child.id(), limits) {
                return Ended::Died(self.over(limit, limits, &watch));
            }
        }
    }

    /// Hears what the worker has said; the error is a line that is no message.
    fn listen(
        &mut self,
        asked: &mut Asked,
        mut watch: Option<&mut Watch>,
        show: &mut Option<&mut dyn FnMut(&str)>,
    ) -> Result<(), String> {
        for _ in 0..CHUNKS {
            let ready = ready([Some(self.stdout.as_fd())], Duration::ZERO);
            let [more] = ready.map_err(|error| error.to_string())?;
            let more = more && {
                let received = read(&mut self.stdout, &mut self.chunk, &mut self.said);
                received.map_err(|error| error.to_string())? == Received::Bytes
            };
            while let Some(line) = self.said.next() {
                match serde_json::from_slice(&self.said.bytes[line]) {
                    Ok(Message::Begun(traits)) => asked.begun = Some(traits),
                    Ok(Message::At(place)) => asked.at = Some(place),
                    Ok(Message::Shown(text)) => {
                        if let Some(show) = show {
                            show(&text);
                        }
                    }
                    Ok(Message::Daring(announced)) => asked.dared = Some(announced),
                    Ok(Message::Alive) => {
                        if let Some(watch) = &mut watch {
                            watch.alive(self.child.id());
                        }
                    }
                    Ok(Message::Preparing { bytes }) => {
                        if let Some(watch) = &mut watch {
                            watch.compiling(self.child.id(), bytes);
                        }
                    }
                    Ok(Message::Prepared { grown }) => {
                        if let Some(watch) = &mut watch {
                            watch.compiled(self.child.id(), grown);
                        }
                    }
                    Ok(Message::Done(_)) => return Err("an answer in the wrong place".to_owned()),
                    Err(error) => return Err(error.to_string()),
                }
            }
            if !more {
                break;
            }
        }
        Ok(())
    }

    /// Receives what there is of an answer, waiting until `deadline` at most, or, with `eager`, until something
    /// is said.
    fn receive(&mut self, deadline: Instant, eager: bool) -> io::Result<Received> {
        let wait = deadline.saturating_duration_since(Instant::now());
        let fds = [
            Some(self.requests.as_fd()),
            self.stderr.as_ref().map(|stderr| stderr.as_fd()),
            eager.then(|| self.stdout.as_fd()),
        ];
        let [answers, errors, _] = ready(fds, wait)?;
        if errors {
            self.read_errors();
        }
        match answers {
            true => read(&self.requests, &mut self.chunk, &mut self.answers),
            false => Ok(Received::Nothing),
        }
    }

    /// Reads some of standard error, of which there is something, and keeps the end of it.
    fn read_errors(&mut self) {
        let Some(stderr) = &mut self.stderr else {
            return;
        };
        let mut chunk = [0; TAIL];
        match stderr.read(&mut chunk) {
            Ok(count) if count > 0 => {
                self.tail.extend_from_slice(&chunk[..count]);
                let excess = self.tail.len().saturating_sub(TAIL);
                self.tail.drain(..excess);
            }
            _ => self.stderr = None,
        }
    }

    /// What of standard error is there and not yet read, after what was kept of it.
    fn last_words(&mut self) -> String {
        while self.stderr.is_some() {
            let stderr = self.stderr.as_ref().map(|stderr| stderr.as_fd());
            match ready([stderr], Duration::ZERO) {
                Ok([true]) => self.read_errors(),
                _ => break,
            }
        }
        String::from_utf8_lossy(&self.tail).into_owned()
    }

    /// How a worker that closed its output ended.
    fn ended(&mut self, begun: bool, limits: &Limits) -> Death {
        let deadline = Instant::now() + GONE;
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if Instant::now() < deadline => std::thread::sleep(LOOK / 10),
                _ => break None,
            }
        };
        let what = status.map_or_else(
            || "the worker closed its output and went on".to_owned(),
            told,
        );
        let stderr = self.last_words();
        let by_machine = |status| is_of_machine(status, begun, limits, &stderr);
        Death {
            known: None,
            endless: None,
            by_machine: status.is_some_and(by_machine),
            limit: None,
            what,
            stderr,
        }
    }

    /// Ends a worker that met a limit.
    fn over(&mut self, limit: Limit, limits: &Limits, watch: &Watch) -> Death {
        self.kill();
        let what = match limit {
            Limit::CpuInAll => format!(
                "not at its end after {:?} of CPU time",
                limits.in_all.unwrap_or_default()
            ),
            Limit::Cpu => format!("no event and no end in {:?} of CPU time", limits.cpu),
            Limit::Wall => format!(
                "no event and no end in {:?} of wall-clock time, with less than {:?} of CPU time",
                limits.wall(),
                limits.cpu
            ),
            Limit::Compiling => format!(
                "a module is not compiled in {:?} of CPU time",
                limits.compiling()
            ),
            Limit::Memory => {
                let beyond = match watch.compiled {
                    0 => "",
                    _ => ", beyond what compiling took",
                };
                let mib = grouped(limits.memory >> 20);
                format!("more than {mib} MiB of memory resident{beyond}")
            }
        };
        Death {
            known: None,
            endless: None,
            by_machine: false,
            limit: Some(limit),
            what,
            stderr: self.last_words(),
        }
    }

    /// Ends the worker and whatever it started.
    fn kill(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
            && matches!(self.child.try_wait(), Ok(None))
        {
            // It may be gone by now, and that is as good.
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A worker holds nothing that would be lost.
        self.kill();
    }
}

/// Of which of these there is something to read, or the end; waits at most `wait`.
fn ready<const N: usize>(
    fds: [Option<BorrowedFd<'_>>; N],
    wait: Duration,
) -> io::Result<[bool; N]> {
    let open = fds.iter().flatten();
    let mut polled: Vec<PollFd<'_>> = open
        .map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN))
        .collect();
    let timeout = Timespec {
        tv_sec: wait.as_secs() as i64,
        tv_nsec: wait.subsec_nanos().into(),
    };
    match poll(&mut polled, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut answers = polled.iter().map(|fd| !fd.revents().is_empty());
    Ok(fds.map(|fd| fd.is_some() && answers.next().unwrap_or(false)))
}

/// How a process ended, for people.
fn told(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("the process was ended by {}", signal_name(signal)),
        (None, Some(code)) => format!("the process exited with code {code}"),
        (None, None) => "the process ended".to_owned(),
    }
}

/// Whether the machine ended a process, or somebody from outside, and not what ran in it: by a signal
/// that no fault raises, or because Rust's allocator did not get what the case may have, or the worker
/// itself could not begin.
fn is_of_machine(status: ExitStatus, begun: bool, limits: &Limits, stderr: &str) -> bool {
    const FAULTS: [Signal; 7] = [
        Signal::ILL,
        Signal::TRAP,
        Signal::ABORT,
        Signal::BUS,
        Signal::FPE,
        Signal::SEGV,
        Signal::SYS,
    ];
    let wanted = machine::bytes_not_allocated(stderr);
    if status.signal() == Some(Signal::ABORT.as_raw()) {
        return wanted.is_some_and(|bytes| bytes <= limits.memory);
    }
    let raised = |signal| FAULTS.iter().any(|fault| fault.as_raw() == signal);
    match (status.signal(), status.code()) {
        (Some(signal), _) => !raised(signal),
        (None, code) => !begun && code == Some(i32::from(super::MACHINE)),
    }
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL, from outside: by a person, or because the system is short of memory",
        11 => "SIGSEGV",
        1 => "SIGHUP, from outside",
        2 => "SIGINT, from outside",
        15 => "SIGTERM, from outside",
        31 => "SIGSYS",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::protocol::{What, Wishes};

    fn asked(script: &str, limits: Limits) -> Asked {
        let launch = Launch {
            program: "sh".into(),
            args: vec!["-c".to_owned(), script.to_owned()],
        };
        let request = Request::of(What::Probe, Wishes::default());
        let mut process = Process::start(&launch).unwrap();
        process.ask(&request, &limits, &Interrupt::default())
    }

    fn death(asked: Asked) -> Death {
        match asked.ended {
            Ended::Died(death) => death,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_worker_that_exits_is_told_with_its_last_words() {
        let died = death(asked("read x; echo so long >&2; exit 3", Limits::default()));
        assert_eq!(died.what, "the process exited with code 3");
        assert_eq!((died.stderr.as_str(), died.limit), ("so long\n", None));
    }

    #[test]
    fn a_worker_that_waits_meets_the_wall_clock_limit() {
        let limits = Limits {
            cpu: Duration::from_millis(30),
            ..Limits::default()
        };
        let died = death(asked("read x; sleep 60", limits));
        assert_eq!(died.limit, Some(Limit::Wall));
    }

    #[test]
    fn a_worker_that_gives_signs_of_life_goes_on() {
        let limits = Limits {
            cpu: Duration::from_millis(100),
            ..Limits::default()
        };
        // Two seconds are more than the wall-clock limit of one, and each half is less.
        let lively = r#"read x; for i in 1 2 3 4; do sleep 0.5; echo '"alive"'; done; exit 3"#;
        let died = death(asked(lively, limits));
        assert_eq!((died.limit, limits.wall().as_secs()), (None, 1), "{died:?}");

        let in_all = Limits {
            in_all: Some(Duration::from_millis(100)),
            ..Limits::default()
        };
        let busy = r#"read x; while true; do echo '"alive"'; done"#;
        assert_eq!(death(asked(busy, in_all)).limit, Some(Limit::CpuInAll));
    }

    /// Given a worker that is stopped for longer than its wall-clock limit, that time is not counted.
    #[test]
    fn a_worker_that_is_suspended_meets_no_limit() {
        let limits = Limits {
            cpu: Duration::from_millis(30),
            ..Limits::default()
        };
        let script = "read x; (sleep 1; kill -CONT $$) & kill -STOP $$; exit 3";
        let died = death(asked(script, limits));
        assert_eq!(died.what, "the process exited with code 3");
        assert_eq!(died.limit, None);
    }

    #[test]
    fn a_signal_that_no_fault_raises_is_the_machines() {
        for (end, by_machine) in [
            ("kill -KILL $$", true),
            ("kill -TERM $$", true),
            ("kill -ABRT $$", false),
            ("kill -SEGV $$", false),
            (
                "echo memory allocation of 4096 bytes failed >&2; kill -ABRT $$",
                true,
            ),
            (
                "echo memory allocation of 9999999999999 bytes failed >&2; kill -ABRT $$",
                false,
            ),
            // Before the case is begun: the worker itself could not begin.
            ("exit 3", true),
            ("exit 101", false),
        ] {
            let died = death(asked(&format!("read x; {end}"), Limits::default()));
            assert_eq!(died.by_machine, by_machine, "{end}: {died:?}");
        }
    }

    #[test]
    fn what_is_no_message_is_said() {
        let asked = asked("read x; echo hello", Limits::default());
        assert!(matches!(asked.ended, Ended::Garbled(_)), "{asked:?}");
    }
}
