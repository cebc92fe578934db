//! A pool of workers: hands jobs out in order, and what came of them on in the same order.
//!
//! Each thread owns one worker process and waits for it; a worker that died is replaced.

use super::interrupt::Interrupt;
use super::limits::Limits;
use super::process::{Asked, Ended, Launch, Process};
use super::protocol::{Request, What};
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
    /// Runs the jobs and hands what came of each to `deliver`, in order. When it is interrupted, jobs
    /// that were begun are handed on as far as they ended.
    ///
    /// # Errors
    ///
    /// The first error of `deliver`, or that a worker cannot be started; jobs not begun are then left.
    pub fn run<J: Send, E>(
        &self,
        jobs: impl Iterator<Item = J> + Send,
        request: impl Fn(&J) -> Request + Sync,
        interrupt: &Interrupt,
        mut deliver: impl FnMut(Ran<J>) -> Result<(), E>,
    ) -> Result<(), PoolError<E>> {
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
            let ended = in_turn(results, &mut deliver);
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
            let begun = Instant::now();
            let sent = match self.ask(&mut worker, &request(&job), interrupt) {
                Ok(asked) => Ok((
                    index,
                    Ran {
                        job,
                        asked,
                        elapsed: begun.elapsed(),
                    },
                )),
                Err(error) => Err(error),
            };
            let failed = sent.is_err();
            // The receiver is gone only if a delivery failed.
            if results.send(sent).is_err() || failed {
                return;
            }
        }
    }

    /// The ledger entry that explains that a case took its worker with it, as another worker finds.
    fn explain(
        &self,
        request: &Request,
        interrupt: &Interrupt,
    ) -> io::Result<Option<&'static str>> {
        let request = Request {
            what: What::Death(Box::new(request.what.clone())),
            wishes: request.wishes.clone(),
        };
        let asked = Process::start(&self.launch)?.ask(&request, &self.limits, interrupt);
        let Ended::Answer(answer) = asked.ended else {
            return Ok(None);
        };
        let report = answer.result.ok().and_then(|report| report.read().ok());
        Ok(report.and_then(|report| report.known.keys().next().copied()))
    }

    fn ask(
        &self,
        worker: &mut Option<Process>,
        request: &Request,
        interrupt: &Interrupt,
    ) -> io::Result<Asked> {
        let mut process = match worker.take() {
            Some(process) => process,
            None => Process::start(&self.launch)?,
        };
        let mut asked = process.ask(request, &self.limits, interrupt);
        if let Ended::Died(death) = &mut asked.ended
            && asked.begun.as_ref().is_some_and(|traits| traits.on_pulley)
        {
            death.known = self.explain(request, interrupt)?;
            return Ok(asked);
        }
        if matches!(asked.ended, Ended::Answer(_)) && !process.is_swollen(&self.limits) {
            *worker = Some(process);
        }
        Ok(asked)
    }
}

/// Hands results on by index, each as soon as those before it are handed on; at the end those, in
/// order, whose predecessors never came.
fn in_turn<J, E>(
    results: mpsc::Receiver<io::Result<(usize, Ran<J>)>>,
    deliver: &mut impl FnMut(Ran<J>) -> Result<(), E>,
) -> Result<(), PoolError<E>> {
    let mut early = BTreeMap::new();
    let mut due = 0;
    for result in results {
        let (index, ran) = result.map_err(PoolError::Start)?;
        early.insert(index, ran);
        while let Some(ran) = early.remove(&due) {
            deliver(ran).map_err(PoolError::Deliver)?;
            due += 1;
        }
    }
    early
        .into_values()
        .try_for_each(|ran| deliver(ran).map_err(PoolError::Deliver))
}
