//! A judge that runs candidates in worker processes: what crashes or hangs is a candidate too.

use super::{Judge, Signature};
use crate::campaign::interrupt::Interrupt;
use crate::campaign::limits::Limits;
use crate::campaign::outcome::Outcome;
use crate::campaign::pool::{Ran, endless};
use crate::campaign::process::{Ended, Launch, Process};
use crate::campaign::protocol::{Request, What, Wishes};
use crate::case::{Case, CaseReport};
use crate::corpus;
use std::io;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Instant;

/// Worker processes that stay, and a judge over them.
#[derive(Debug)]
pub struct Workers<'i> {
    launch: Launch,
    wishes: Wishes,
    limits: Limits,
    interrupt: &'i Interrupt,
    /// None where a new one must be started.
    processes: Vec<Option<Process>>,
    signature: Option<Signature>,
}

impl<'i> Workers<'i> {
    /// So many workers, each started when it is needed. What of the wishes a case has itself, it has: they say on
    /// which subject it runs, and whether with a twin.
    pub fn new(
        launch: Launch,
        wishes: Wishes,
        limits: Limits,
        workers: NonZeroUsize,
        interrupt: &'i Interrupt,
    ) -> Workers<'i> {
        Workers {
            launch,
            wishes,
            limits,
            interrupt,
            processes: (0..workers.get()).map(|_| None).collect(),
            signature: None,
        }
    }

    /// What one candidate may use from now on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// What candidates must diverge with.
    pub fn look_for(&mut self, signature: Signature) {
        self.signature = Some(signature);
    }

    /// Runs one case; none if it could not be run, was refused, or was interrupted.
    ///
    /// # Errors
    ///
    /// When no worker can be started.
    pub fn report(&mut self, case: &Case) -> io::Result<Option<CaseReport>> {
        Ok(self.reports(std::slice::from_ref(case))?.pop().flatten())
    }

    /// Runs cases side by side, as many at once as there are workers.
    fn reports(&mut self, cases: &[Case]) -> io::Result<Vec<Option<CaseReport>>> {
        let (launch, limits, interrupt) = (&self.launch, &self.limits, self.interrupt);
        let wishes = &self.wishes;
        let mut reports = Vec::new();
        for chunk in cases.chunks(self.processes.len()) {
            // On this thread: a worker ends with the thread that started it.
            for slot in self.processes.iter_mut().take(chunk.len()) {
                if slot.is_none() {
                    *slot = Some(Process::start(launch)?);
                }
            }
            let slots = self.processes.iter_mut().zip(chunk);
            let ended: Vec<Option<CaseReport>> = thread::scope(|scope| {
                let running: Vec<_> = slots
                    .map(|(slot, case)| {
                        scope.spawn(move || run(slot, case, wishes, (launch, limits), interrupt))
                    })
                    .collect();
                let joined = running.into_iter().map(|thread| thread.join());
                joined.map(|ended| ended.unwrap_or(None)).collect()
            });
            reports.extend(ended);
        }
        Ok(reports)
    }
}

/// Runs a case in the worker of this slot, which stays there if it can be asked again.
fn run(
    slot: &mut Option<Process>,
    case: &Case,
    wishes: &Wishes,
    (launch, limits): (&Launch, &Limits),
    interrupt: &Interrupt,
) -> Option<CaseReport> {
    let text = corpus::to_text(case).ok()?;
    let mut process = slot.take()?;
    let what = What::Text(text);
    let request = Request::of(what.clone(), wishes.clone());
    let begun = Instant::now();
    let mut asked = process.ask(&request, limits, interrupt);
    if let Ended::Died(death) = &mut asked.ended
        && death.met_a_limit_of_time()
    {
        // A candidate without an end in the reference interpreter either is not the case's.
        let endless = endless(launch, limits, &request, interrupt).ok()?;
        death.endless = endless.ok()?;
    }
    if matches!(asked.ended, Ended::Answer(_)) && !process.is_swollen(limits) {
        *slot = Some(process);
    }
    let ran = Ran {
        job: what,
        asked,
        elapsed: begun.elapsed(),
    };
    match Outcome::of(ran, String::new()) {
        Outcome::Case(judged) => judged.finished.result.ok(),
        Outcome::BadInput(_) | Outcome::Abandoned => None,
    }
}

impl Judge for Workers<'_> {
    fn first(&mut self, cases: &[Case]) -> io::Result<Option<usize>> {
        let Some(signature) = self.signature else {
            return Ok(None);
        };
        let reports = self.reports(cases)?;
        let diverges = |report: &Option<CaseReport>| {
            report
                .as_ref()
                .is_some_and(|report| signature.is_in(report))
        };
        Ok(reports.iter().position(diverges))
    }

    fn width(&self) -> usize {
        self.processes.len()
    }
}
