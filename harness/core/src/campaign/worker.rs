//! The worker's loop: one request a line in, its answers out. It ends when its input does.

use super::faults;
use super::limits::resident;
use super::perform::Begun;
use super::protocol::{Answer, Cost, Failure, Message, Request};
use crate::case::CaseReport;
use crate::phases::{Phase, Sampler, cpu_ns};
use crate::progress::{self, Stage};
use crate::totals::peak_rss;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Answers every request of `input` with what `perform` makes of it, on `answers`. What is to be known meanwhile is
/// said on `output`.
///
/// # Errors
///
/// When input or output fails.
pub fn serve(
    input: impl BufRead,
    output: impl Write + Send,
    answers: impl Write,
    perform: impl Fn(&Request, Begun<'_>) -> Result<CaseReport, Failure>,
) -> io::Result<()> {
    let output = &Mutex::new(output);
    let (end, stages) = mpsc::channel();
    progress::listen(Some(end.clone()));
    thread::scope(|scope| {
        // Without a thread to do it, a case that takes long is taken for one that hangs.
        let _ = thread::Builder::new()
            .name("alive".to_owned())
            .spawn_scoped(scope, move || tell_alive(output, &stages));
        let served = answer_all(input, output, answers, perform);
        progress::listen(None);
        drop(end);
        served
    })
}

/// How often it is looked whether events came.
const ALIVE: Duration = Duration::from_millis(250);

/// Says whenever events have come, and when modules are made ready, until the other end of `stages` is
/// gone.
fn tell_alive(output: &Mutex<impl Write>, stages: &Receiver<Stage>) {
    let mut told = progress::signs();
    let mut before = 0;
    loop {
        let message = match stages.recv_timeout(ALIVE) {
            Ok(Stage::Preparing(bytes)) => {
                before = resident_here();
                Message::Preparing { bytes }
            }
            Ok(Stage::Prepared) => Message::Prepared {
                grown: resident_here().saturating_sub(before),
            },
            Ok(Stage::Daring(announced, passed_on)) => {
                if write(output, &Message::Daring(announced)).is_ok() {
                    // The case waits for this.
                    let _ = passed_on.send(());
                }
                continue;
            }
            Ok(Stage::Ended(passed_on)) => {
                let _ = passed_on.send(());
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {
                let signs = progress::signs();
                if std::mem::replace(&mut told, signs) == signs {
                    continue;
                }
                Message::Alive
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if write(output, &message).is_err() {
            return;
        }
    }
}

/// The resident size of this process.
fn resident_here() -> u64 {
    resident(std::process::id()).unwrap_or(0)
}

fn answer_all(
    input: impl BufRead,
    output: &Mutex<impl Write>,
    mut answers: impl Write,
    perform: impl Fn(&Request, Begun<'_>) -> Result<CaseReport, Failure>,
) -> io::Result<()> {
    let sampler = Sampler::start();
    let mut idle_since = 0;
    for line in input.lines() {
        let line = line?;
        let started = cpu_ns();
        let before = sampler.times();
        let (result, made) = match serde_json::from_str(&line) {
            Ok(request) => answer(&request, output, &perform),
            Err(error) => (Err(Failure::Internal(error.to_string())), None),
        };
        let ended = cpu_ns();
        let making = made.map(|made| (MAKING.to_owned(), made - started));
        let after = sampler.times();
        let sampled = Phase::ALL.into_iter().skip(1).map(|phase| {
            let time = after[phase as usize] - before[phase as usize];
            (phase.name().to_owned(), time)
        });
        let cost = Cost {
            case_ns: ended - started,
            outside_ns: started - idle_since,
            peak_rss: peak_rss(),
            phases: making
                .into_iter()
                .chain(sampled)
                .collect::<BTreeMap<_, _>>(),
        };
        idle_since = ended;
        progress::settle();
        write_to(
            &mut answers,
            &Message::Done(Box::new(Answer { result, cost })),
        )?;
    }
    Ok(())
}

/// The phase in which a case is made: generated, or read.
pub const MAKING: &str = "generation";

/// Runs a case; also the CPU time at which it was made.
fn answer(
    request: &Request,
    output: &Mutex<impl Write>,
    perform: impl Fn(&Request, Begun<'_>) -> Result<CaseReport, Failure>,
) -> (Result<CaseReport, Failure>, Option<u64>) {
    let mut made = None;
    let mut failed = Ok(());
    let result = perform(request, &mut |traits| {
        made = Some(cpu_ns());
        failed = write(output, &Message::Begun(traits.clone()));
    });
    match failed {
        Ok(()) => (result, made),
        Err(error) => (Err(Failure::Internal(error.to_string())), made),
    }
}

fn write(output: &Mutex<impl Write>, message: &Message) -> io::Result<()> {
    write_to(
        &mut *output.lock().unwrap_or_else(PoisonError::into_inner),
        message,
    )
}

/// Writes a message, in one piece beside what others write there.
fn write_to(output: &mut impl Write, message: &Message) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}

/// Has each command of this process's cases told on standard output, which is a worker's, before it is
/// executed.
pub fn tell_places() {
    progress::tell_places(|place| {
        let fault = faults::of_command(&place);
        // Whoever does not read any more ends the worker soon.
        let _ = write_to(&mut io::stdout().lock(), &Message::At(place));
        if let Some(fault) = fault {
            faults::commit(&fault);
        }
    });
}

/// What a case shows while it runs: told on standard output, which is a worker's, as it is flushed.
#[derive(Debug, Default)]
pub struct Shown(Vec<u8>);

impl Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = String::from_utf8_lossy(&self.0).into_owned();
        self.0.clear();
        write_to(&mut io::stdout().lock(), &Message::Shown(text))
    }
}

/// Has the system end this process when the campaign that started it is gone, however it went.
pub fn end_with_parent() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        // Without it the end of input ends the worker, if only after its case.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::protocol::{Traits, What, Wishes};
    use std::sync::{Arc, MutexGuard};

    /// A process has one worker: so have these tests, one after the other.
    fn alone() -> MutexGuard<'static, ()> {
        static ONE: Mutex<()> = Mutex::new(());
        ONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn every_line_is_answered_in_turn() {
        let _alone = alone();
        let request = Request::of(What::Probe, Wishes::default());
        let input = format!("{}\nnonsense\n", serde_json::to_string(&request).unwrap());
        let (mut output, mut answers) = (Vec::new(), Vec::new());
        serve(input.as_bytes(), &mut output, &mut answers, |_, begun| {
            begun(&Traits::named("a"));
            Ok(CaseReport::default())
        })
        .unwrap();
        let messages = |written: Vec<u8>| -> Vec<Message> {
            let written = String::from_utf8(written).unwrap();
            let lines = written.lines();
            lines
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        };
        let (said, answers) = (messages(output), messages(answers));
        assert!(matches!(&said[..], [Message::Begun(traits)] if traits.name == "a"));
        let [Message::Done(first), Message::Done(second)] = &answers[..] else {
            panic!("{answers:?}")
        };
        assert!(first.result.is_ok() && second.result.is_err());
    }

    /// Keeps what is written to any of its copies.
    #[derive(Clone, Default)]
    struct Both(Arc<Mutex<Vec<u8>>>);

    impl Write for Both {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Given modules that are made ready as the case ends, that is said before its answer.
    #[test]
    fn what_a_case_says_comes_before_its_answer() {
        let _alone = alone();
        let request = Request::of(What::Probe, Wishes::default());
        let line = serde_json::to_string(&request).unwrap();
        // Both streams in one, as they are written.
        let both = Both::default();
        let input = format!("{line}\n{line}\n");
        serve(input.as_bytes(), both.clone(), both.clone(), |_, _| {
            drop(progress::preparing(7));
            Ok(CaseReport::default())
        })
        .unwrap();
        let output = String::from_utf8(both.0.lock().unwrap().clone()).unwrap();
        let said = output.lines().map(|line| match line {
            "{\"preparing\":{\"bytes\":7}}" => "preparing",
            line if line.starts_with("{\"prepared\"") => "prepared",
            line if line.starts_with("{\"done\"") => "done",
            other => panic!("{other}"),
        });
        let one = ["preparing", "prepared", "done"];
        assert_eq!(said.collect::<Vec<_>>(), [one, one].concat());
    }

    #[test]
    fn events_are_a_sign_of_life() {
        let _alone = alone();
        let request = Request::of(What::Probe, Wishes::default());
        let input = serde_json::to_string(&request).unwrap();
        let mut output = Vec::new();
        serve(input.as_bytes(), &mut output, io::sink(), |_, _| {
            thread::sleep(ALIVE / 2);
            progress::sign();
            thread::sleep(ALIVE * 2);
            Ok(CaseReport::default())
        })
        .unwrap();
        let output = String::from_utf8(output).unwrap();
        assert!(output.contains("\"alive\"\n"), "{output}");
    }
}
