//! A pool of workers: hands jobs out in order, and what came of them on in the same order.
//!
//! Each thread owns one worker process and waits for it; a worker that died is replaced.

use super::interrupt::Interrupt;
use super::limits::Limits;
use super::process::{Asked, Death, Ended, Launch, Process};
use super::protocol::{Failure, Request, What};
use super::{dared, earlier};
use crate::case::{CaseReport, Status};
use crate::causes::{Cause, pulley_registers};
use crate::divergence::Execution;
use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How jobs are run.
#[derive(Clone, Debug)]
pub struct Pool {
    /// How workers are started.
    pub launch: Launch,
    /// What one case may use.
    pub limits: Limits,
    /// Workers at once.
    pub workers: NonZeroUsize,
}

/// A job that was run.
#[derive(Debug)]
pub struct Ran<J> {
    /// The job.
    pub job: J,
    /// How it ended.
    pub asked: Asked,
    /// Wall-clock time.
    pub elapsed: Duration,
}

/// Why a pool stopped before its jobs were done.
#[derive(Debug, thiserror::Error)]
pub enum PoolError<E> {
    /// A worker or a thread cannot be started
    #[error("cannot start a worker: {0}")]
    Start(io::Error),
    /// What came of a job could not be handed on
    #[error(transparent)]
    Deliver(E),
}

impl Pool {
    /// Runs the jobs and hands what came of each to the receiver: when it comes, and again in order. When it
    /// is interrupted, jobs that were begun are handed on as far as they ended.
    ///
    /// # Errors
    ///
    /// The receiver's first error, or that a worker cannot be started; jobs not begun are then left.
    pub fn run<J: Send, R: Receiver<J>>(
        &self,
        jobs: impl Iterator<Item = J> + Send,
        request: impl Fn(&J) -> Request + Sync,
        interrupt: &Interrupt,
        receiver: &mut R,
    ) -> Result<(), PoolError<R::Error>> {
        let supply = Mutex::new(jobs.enumerate());
        thread::scope(|scope| {
            let (sender, results) = mpsc::channel();
            for _ in 0..self.workers.get() {
                let (sender, supply, request) = (sender.clone(), &supply, &request);
                let control = move || self.control(supply, request, interrupt, &sender);
                let started = thread::Builder::new().spawn_scoped(scope, control);
                if let Err(error) = started {
                    interrupt.give_up();
                    return Err(PoolError::Start(error));
                }
            }
            drop(sender);
            let ended = in_turn(results, receiver);
            if ended.is_err() {
                interrupt.give_up();
            }
            ended
        })
    }

    /// One thread's part: takes jobs one after the other and has its worker run them.
    fn control<J>(
        &self,
        supply: &Mutex<impl Iterator<Item = (usize, J)>>,
        request: &impl Fn(&J) -> Request,
        interrupt: &Interrupt,
        results: &mpsc::Sender<io::Result<(usize, Ran<J>)>>,
    ) {
        let mut worker = None;
        while !interrupt.stops() {
            let next = supply.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, job)) = next else { return };
            let request = request(&job);
            let ran = self.whole(&mut worker, job, &request, interrupt);
            let sent = ran.map(|ran| (index, ran));
            let failed = sent.is_err();
            // The receiver is gone only if a delivery failed.
            if results.send(sent).is_err() || failed {
                return;
            }
        }
    }

    /// Runs a job as [`Pool::one`] does; where it ended in the middle, what came before that is found out.
    fn whole<J>(
        &self,
        worker: &mut Option<Process>,
        job: J,
        request: &Request,
        interrupt: &Interrupt,
    ) -> io::Result<Ran<J>> {
        let mut ran = self.one(worker, job, request, interrupt)?;
        earlier::find_out(self, request, &mut ran.asked, interrupt)?;
        Ok(ran)
    }

    /// Runs a job on this worker, or on a new one if there is none; it is kept if it can go on. Where it ends in
    /// the middle, nothing is known of what came before.
    ///
    /// # Errors
    ///
    /// When no worker can be started.
    pub fn one<J>(
        &self,
        worker: &mut Option<Process>,
        job: J,
        request: &Request,
        interrupt: &Interrupt,
    ) -> io::Result<Ran<J>> {
        let begun = Instant::now();
        let asked = self.ask(worker, request, interrupt)?;
        Ok(Ran {
            job,
            asked,
            elapsed: begun.elapsed(),
        })
    }

    /// Runs a job in a worker of its own, once: what the case shows while it runs is handed to `show`, and
    /// nothing is shown twice. Where it ends in the middle, what came before that is found out.
    ///
    /// # Errors
    ///
    /// When no worker can be started.
    pub fn traced<J>(
        &self,
        job: J,
        request: &Request,
        interrupt: &Interrupt,
        show: &mut dyn FnMut(&str),
    ) -> io::Result<Ran<J>> {
        let begun = Instant::now();
        let mut asked = self.ask_once(&mut None, request, interrupt, show)?;
        earlier::find_out(self, request, &mut asked, interrupt)?;
        Ok(Ran {
            job,
            asked,
            elapsed: begun.elapsed(),
        })
    }

    /// Runs a case, and once more in a fresh worker where the machine ended it.
    fn ask(
        &self,
        worker: &mut Option<Process>,
        request: &Request,
        interrupt: &Interrupt,
    ) -> io::Result<Asked> {
        let mut asked = self.ask_once(worker, request, interrupt, &mut |_| {})?;
        if asked.ended.is_of_machine() {
            *worker = None;
            asked = self.ask_once(worker, request, interrupt, &mut |_| {})?;
        }
        if let Ended::Died(death) = &mut asked.ended
            && death.met_a_limit_of_time()
            && death.known.is_none()
        {
            match endless(&self.launch, &self.limits, request, interrupt)? {
                Ok(endless) => death.endless = endless,
                Err(Abandoned) => asked.ended = Ended::Abandoned,
            }
        }
        Ok(asked)
    }

    /// The cause that explains what a case did to its worker, as another worker finds.
    fn explain(&self, request: &Request, interrupt: &Interrupt) -> io::Result<Second<Cause>> {
        let what = What::Death(Box::new(request.what.clone()));
        let request = Request::of(what, request.wishes.clone());
        let asked = Process::start(&self.launch)?.ask(&request, &self.limits, interrupt);
        let answer = match asked.ended {
            Ended::Answer(answer) => answer,
            Ended::Abandoned => return Ok(Err(Abandoned)),
            Ended::Died(_) | Ended::Garbled(_) => return Ok(Ok(None)),
        };
        let expected = answer
            .result
            .ok()
            .filter(|report| report.commands.is_empty());
        Ok(Ok(
            expected.and_then(|report| report.known.keys().next().copied())
        ))
    }

    fn ask_once(
        &self,
        worker: &mut Option<Process>,
        request: &Request,
        interrupt: &Interrupt,
        show: &mut dyn FnMut(&str),
    ) -> io::Result<Asked> {
        let mut process = match worker.take() {
            Some(process) => process,
            None => Process::start(&self.launch)?,
        };
        let mut asked = process.ask_showing(request, &self.limits, interrupt, show);
        // Elsewhere no event comes while an integer register is in use that it would change.
        if asked.dared.is_some() {
            // Nobody knows what of the process is left whole.
            dared::settle(request, &mut asked);
            return Ok(asked);
        }
        let begun = asked.begun.as_ref();
        let changes = pulley_registers::damages(request.wishes.subject);
        let dies = changes && begun.is_some_and(|traits| traits.on_pulley);
        let damaged = dies && begun.is_some_and(|traits| traits.two_way);
        let sound = match &mut asked.ended {
            Ended::Died(death) if dies && !death.by_machine => {
                match self.explain(request, interrupt)? {
                    Ok(known) => death.known = known,
                    Err(Abandoned) => asked.ended = Ended::Abandoned,
                }
                false
            }
            Ended::Answer(answer) if damaged && is_doubtful(&answer.result) => {
                match self.explain(request, interrupt)? {
                    Ok(Some(cause)) => asked.ended = Ended::Died(Death::known(cause)),
                    Ok(None) => {}
                    Err(Abandoned) => asked.ended = Ended::Abandoned,
                }
                false
            }
            Ended::Answer(answer) => {
                let of_machine = matches!(answer.result, Err(Failure::Machine(_)));
                let shaken = dies && is_shaken(&answer.result);
                !of_machine && !shaken
            }
            _ => false,
        };
        if sound && !process.is_swollen(&self.limits) {
            *worker = Some(process);
        }
        Ok(asked)
    }
}

/// The campaign stopped while a second worker was asked about a case: what came of the case is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abandoned;

/// What a second worker says of a case, if it has something to say.
pub type Second<T> = Result<Option<T>, Abandoned>;

/// What comes of a case that met a limit of time and has no end in the reference interpreter either, as
/// another worker finds; none if it has one, or the two part before it.
///
/// # Errors
///
/// When no worker can be started.
pub fn endless(
    launch: &Launch,
    limits: &Limits,
    request: &Request,
    interrupt: &Interrupt,
) -> io::Result<Second<Box<CaseReport>>> {
    let what = What::Ends(Box::new(request.what.clone()));
    let request = Request::of(what, request.wishes.clone());
    let asked = Process::start(launch)?.ask(&request, limits, interrupt);
    let answer = match asked.ended {
        Ended::Answer(answer) => answer,
        Ended::Abandoned => return Ok(Err(Abandoned)),
        Ended::Died(_) | Ended::Garbled(_) => return Ok(Ok(None)),
    };
    let cut = |status: &Status| matches!(status, Status::Inconclusive(_));
    let has_no_end = |report: &CaseReport| report.divergences.is_empty() && report.count(cut) > 0;
    let report = answer.result.ok().filter(has_no_end);
    Ok(Ok(report.map(Box::new)))
}

/// Whether events on Pulley may have damaged the process, so that what it says of the case, and even
/// its panic, may be due to that. The cause was not confirmed in the process itself.
fn is_doubtful(result: &Result<CaseReport, Failure>) -> bool {
    match result {
        Ok(report) => may_be_of_registers(report),
        Err(Failure::Internal(_)) => true,
        Err(Failure::Input(_) | Failure::Machine(_)) => false,
    }
}

/// Whether events changed registers: the next case gets another process.
fn is_shaken(result: &Result<CaseReport, Failure>) -> bool {
    result.as_ref().is_ok_and(has_changed_registers)
}

/// Whether a changed register may be behind a divergence: it breaks a rule that one can break, or came
/// after one was seen.
fn may_be_of_registers(report: &CaseReport) -> bool {
    let shaken = has_changed_registers(report);
    report.divergences.iter().any(|found| {
        let instrumented = found.execution == Execution::Instrumented;
        shaken || instrumented && pulley_registers::can_break(found.rule)
    })
}

/// Whether events changed registers, and that ended an execution.
fn has_changed_registers(report: &CaseReport) -> bool {
    report.known.contains_key(&Cause::PulleyRegisters)
}

/// What takes the results of a pool's jobs.
pub trait Receiver<J> {
    /// What is made of a result when it comes.
    type Kept;
    /// Why a result could not be handed on.
    type Error;

    /// A job has ended; `waits` if others before it have not, so that its turn comes later.
    fn arrive(&mut self, ran: Ran<J>, waits: bool) -> Self::Kept;

    /// Its turn has come.
    ///
    /// # Errors
    ///
    /// When it cannot be handed on.
    fn deliver(&mut self, kept: Self::Kept) -> Result<(), Self::Error>;
}

/// A receiver to which a result means nothing before its turn.
#[derive(Clone, Copy, Debug)]
pub struct InTurn<F>(pub F);

impl<J, E, F: FnMut(Ran<J>) -> Result<(), E>> Receiver<J> for InTurn<F> {
    type Kept = Ran<J>;
    type Error = E;

    fn arrive(&mut self, ran: Ran<J>, _waits: bool) -> Ran<J> {
        ran
    }

    fn deliver(&mut self, kept: Ran<J>) -> Result<(), E> {
        (self.0)(kept)
    }
}

/// Hands results on by index, each as soon as those before it are handed on; at the end those, in
/// order, whose predecessors never came.
fn in_turn<J, R: Receiver<J>>(
    results: mpsc::Receiver<io::Result<(usize, Ran<J>)>>,
    receiver: &mut R,
) -> Result<(), PoolError<R::Error>> {
    let mut early = BTreeMap::new();
    let mut due = 0;
    for result in results {
        let (index, ran) = result.map_err(PoolError::Start)?;
        early.insert(index, receiver.arrive(ran, index > due));
        while let Some(kept) = early.remove(&due) {
            receiver.deliver(kept).map_err(PoolError::Deliver)?;
            due += 1;
        }
    }
    early
        .into_values()
        .try_for_each(|kept| receiver.deliver(kept).map_err(PoolError::Deliver))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::protocol::{Message, Traits, Wishes};
    use crate::divergence::Divergence;
    use crate::rules::RuleId;

    /// What came, in order, and what had to wait.
    #[derive(Default)]
    struct Noted {
        waited: Vec<u8>,
        delivered: Vec<u8>,
    }

    impl Receiver<u8> for Noted {
        type Kept = u8;
        type Error = io::Error;

        fn arrive(&mut self, ran: Ran<u8>, waits: bool) -> u8 {
            self.waited.extend(waits.then_some(ran.job));
            ran.job
        }

        fn deliver(&mut self, kept: u8) -> io::Result<()> {
            self.delivered.push(kept);
            Ok(())
        }
    }

    #[test]
    fn what_comes_before_its_turn_is_known_at_once() {
        let (sender, results) = mpsc::channel();
        for job in [2, 0, 1, 4] {
            let ran = Ran {
                job,
                asked: Asked {
                    begun: None,
                    at: None,
                    dared: None,
                    earlier: None,
                    ended: Ended::Abandoned,
                },
                elapsed: Duration::ZERO,
            };
            sender.send(Ok((usize::from(job), ran))).unwrap();
        }
        drop(sender);
        let mut noted = Noted::default();
        assert!(in_turn(results, &mut noted).is_ok());
        assert_eq!(
            (noted.waited, noted.delivered),
            (vec![2, 4], vec![0, 1, 2, 4])
        );
    }

    /// Given a campaign that stops while a second worker is asked why the first died, the case has no
    /// verdict: it is not taken for one that nothing explains.
    #[test]
    fn a_case_whose_explanation_is_abandoned_is_abandoned() {
        let begun = serde_json::to_string(&Message::Begun(Traits {
            on_pulley: true,
            ..Traits::named(String::new())
        }));
        let script = format!(
            "read x; case $x in *death*) sleep 60 ;; *) echo '{}'; kill -SEGV $$ ;; esac",
            begun.unwrap()
        );
        let pool = Pool {
            launch: Launch {
                program: "sh".into(),
                args: vec!["-c".to_owned(), script],
            },
            limits: Limits::default(),
            workers: NonZeroUsize::MIN,
        };
        let request = Request::of(What::Probe, Wishes::default());
        let interrupt = Interrupt::default();
        let asked = thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(500));
                interrupt.give_up();
            });
            pool.one(&mut None, (), &request, &interrupt)
        });
        let ended = asked.unwrap().asked.ended;
        assert!(matches!(ended, Ended::Abandoned), "{ended:?}");
    }

    #[test]
    fn registers_are_suspected_of_what_they_can_break_and_of_all_that_follows() {
        let of = |rule, execution, known: &[Cause]| CaseReport {
            divergences: vec![Divergence::at_end(
                rule,
                execution,
                String::new(),
                String::new(),
                String::new(),
            )],
            known: known.iter().map(|&cause| (cause, 1)).collect(),
            ..CaseReport::default()
        };
        let suspected = |rule, execution| may_be_of_registers(&of(rule, execution, &[]));
        assert!(suspected(RuleId::LocalValue, Execution::Instrumented));
        assert!(!suspected(RuleId::EditBreakpoints, Execution::Instrumented));
        assert!(!suspected(RuleId::Values, Execution::Uninstrumented));
        let registers = [Cause::PulleyRegisters];
        let after = of(RuleId::Values, Execution::Uninstrumented, &registers);
        assert!(may_be_of_registers(&after) && has_changed_registers(&after));
        assert!(!may_be_of_registers(&CaseReport::default()));
    }
}
