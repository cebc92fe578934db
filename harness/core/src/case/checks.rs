//! What must be when a case's commands are done: looked at in every execution, in the subject and in the
//! oracle. A check that is not met is no divergence: that the two agree was compared before.

use super::cuts::LEFT_OUT;
use super::lower::instance_name;
use super::script::Run;
use super::value::{Check, Content};
use super::{CommandReport, Directive, EXHAUSTED, Status};
use crate::causes::Known;
use crate::fault::Layer;
use crate::report::{counted, grouped};
use crate::subject::adapter::{Adapter, Subject};
use lockstep_oracles::address::MemAddr;
use lockstep_oracles::store::Extern;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Bytes of a stream that a report holds.
const SHOWN: usize = 64 << 10;

/// What a program printed, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    /// Standard output.
    pub stdout: Stream,
    /// Standard error.
    pub stderr: Stream,
    /// The exit code: that of `proc_exit`, or 0 where the last call returned; none where it ended otherwise.
    pub exit_code: Option<u32>,
}

/// What was written to a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// As text, and no more than the first 64 KiB; what is no UTF-8 is replaced.
    pub text: String,
    /// How many bytes it has.
    pub bytes: u64,
}

impl Stream {
    fn of(bytes: &[u8]) -> Stream {
        let shown = &bytes[..bytes.len().min(SHOWN)];
        Stream {
            text: String::from_utf8_lossy(shown).into_owned(),
            bytes: bytes.len() as u64,
        }
    }

    /// Whether the text is not all of it.
    pub fn is_cut(&self) -> bool {
        self.bytes > SHOWN as u64
    }
}

/// Whether a check is met; if not, the sentence that says so.
type Met = Result<(), String>;

impl<A: Adapter, T: Layer> Run<'_, A, T> {
    /// Keeps what the program printed, and looks at every check.
    pub(super) fn check(&mut self) {
        let code = self.exit_code();
        self.executed.printed = self.subject.wasi().as_ref().map(|host| Printed {
            stdout: Stream::of(host.stdout()),
            stderr: Stream::of(host.stderr()),
            exit_code: code,
        });
        let is_cut = self.is_cut_at().is_some();
        let open = match is_cut {
            true => Some(LEFT_OUT.to_owned()),
            false => self.open(),
        };
        for check in &self.options.checks {
            let status = match &open {
                Some(why) => Status::NotRun(why.clone()),
                None => match self.met(check) {
                    Ok(()) => Status::Passed,
                    Err(why) => match self.subject.driver().changed_values() {
                        Some(known) => changed(known),
                        None => Status::Failed(format!("expectation not met: {why}")),
                    },
                },
            };
            self.executed.checks.push(status);
        }
    }

    /// Why nothing can be said of what is there in the end, if so: not everything was done.
    fn open(&mut self) -> Option<String> {
        let ended = self.subject.driver().ended.as_ref();
        let ended = ended.map(|ended| ended.to_string());
        ended.or_else(|| {
            let statuses = self.executed.statuses.iter();
            let mut open = statuses.filter_map(|status| match status {
                Status::NotRun(why) | Status::Inconclusive(why) | Status::Unsupported(why) => {
                    Some(why.clone())
                }
                Status::Exhausted => Some(EXHAUSTED.to_owned()),
                Status::Passed | Status::Failed(_) | Status::Void(_) => None,
            });
            open.next()
        })
    }

    /// The code that the program ended with, if it ended with one.
    fn exit_code(&mut self) -> Option<u32> {
        let returned = self.returned;
        let host = self.subject.wasi().as_ref()?;
        host.exit().or(returned.then_some(0))
    }

    fn met(&mut self, check: &Check) -> Met {
        let code = self.exit_code();
        let host = self.subject.wasi().as_ref();
        match check {
            Check::Stdout(wanted) => same(wanted, host.map_or(&[], |host| host.stdout())),
            Check::Stderr(wanted) => same(wanted, host.map_or(&[], |host| host.stderr())),
            Check::Exit(wanted) => match code {
                Some(code) if code == *wanted => Ok(()),
                Some(code) => Err(format!("expected {wanted}, given {code}")),
                None => Err(format!("expected {wanted}, given none: it did not end so")),
            },
            Check::Memory {
                module,
                memory,
                offset,
                content,
            } => self.memory(*module, memory, *offset, content),
        }
    }

    fn memory(&mut self, module: Option<u32>, memory: &str, offset: u64, content: &Content) -> Met {
        let addr = self.exported_memory(module, memory);
        let addr = addr.ok_or_else(|| "its instance was not made".to_owned())?;
        let length = content.length();
        let outside = || {
            format!(
                "{} bytes at {offset} are not inside the memory",
                grouped(length)
            )
        };
        let end = offset.checked_add(length).ok_or_else(outside)?;
        let oracle = usize::try_from(end).ok();
        let oracle = oracle.and_then(|end| {
            let store = &self.subject.driver().following.machine.store;
            Some(
                store
                    .memory(addr)
                    .bytes()
                    .get(offset as usize..end)?
                    .to_vec(),
            )
        });
        holds(content, &oracle.ok_or_else(outside)?)?;
        let subject = self.subject.memory_part(addr, offset, length);
        // One without a handle is compared with the oracle's no more than at any other moment.
        subject.map_or(Ok(()), |subject| holds(content, &subject))
    }

    fn exported_memory(&mut self, module: Option<u32>, memory: &str) -> Option<MemAddr> {
        let instance = *self.instances.get(&instance_name(module? as usize))?;
        let store = &self.subject.driver().following.machine.store;
        match store.instance(instance).export(memory)? {
            Extern::Memory(addr) => Some(addr),
            _ => None,
        }
    }
}

/// What a command or check comes to that is not met, where a cause has changed what the program computes.
pub(super) fn changed(known: Known) -> Status {
    Status::NotRun(format!("events changed its values ({})", known.cause()))
}

/// Whether bytes are those that are wanted; if not, where they first differ, with what is around it.
fn same(wanted: &[u8], given: &[u8]) -> Met {
    if wanted == given {
        return Ok(());
    }
    let pairs = wanted.iter().zip(given);
    let at = pairs.take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let from = at.saturating_sub(16);
        let part = &bytes[from.min(bytes.len())..bytes.len().min(at + 16)];
        let length = counted(bytes.len() as u64, "byte");
        format!("{length}, there \"{}\"", part.escape_ascii())
    };
    Err(format!(
        "expected and given differ at byte {at}: {}; {}",
        around(wanted),
        around(given)
    ))
}

fn holds(content: &Content, given: &[u8]) -> Met {
    match content {
        Content::Bytes(wanted) => same(wanted, given),
        Content::Sha256 { digest, .. } => {
            let found: [u8; 32] = Sha256::digest(given).into();
            match found == *digest {
                true => Ok(()),
                false => Err(format!(
                    "expected SHA-256 {}, given {}",
                    hex(digest),
                    hex(&found)
                )),
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The entries of a report, one a check.
pub(super) fn reports(checks: &[Check], statuses: &[Status]) -> Vec<CommandReport> {
    let checked = checks.iter().zip(statuses);
    let report = |(check, status): (&Check, &Status)| CommandReport {
        line: 0,
        kind: Directive::Expect,
        text: describe(check),
        status: status.clone(),
        outcome: None,
    };
    checked.map(report).collect()
}

/// A check in a few words.
fn describe(check: &Check) -> String {
    let bytes = |bytes: &[u8]| counted(bytes.len() as u64, "byte");
    match check {
        Check::Stdout(wanted) => format!("standard output: {}", bytes(wanted)),
        Check::Stderr(wanted) => format!("standard error: {}", bytes(wanted)),
        Check::Exit(code) => format!("exit code {code}"),
        Check::Memory {
            memory,
            offset,
            content,
            ..
        } => {
            let length = counted(content.length(), "byte");
            format!("{length} of memory `{memory}` at {offset}")
        }
    }
}
