//! The search: every pass in turn, until none finds anything smaller.

use super::passes::{PASSES, Pass};
use super::{Judge, Limits, Progress, Size, Status};
use crate::case::Case;
use crate::corpus;
use crate::generate::FEATURES;
use lockstep_oracles::module::Module;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;

/// A search under way.
pub(super) struct Search<'s> {
    /// The smallest case so far.
    pub(super) case: Case,
    /// Its size.
    pub(super) size: Size,
    /// Candidates tried.
    pub(super) candidates: u64,
    judge: &'s mut dyn Judge,
    limits: &'s Limits<'s>,
    progress: &'s mut dyn Progress,
    /// Hashes of candidates that were tried.
    tried: BTreeSet<[u8; 32]>,
    /// Whether the host of the case that it began with can be made, as that of each case file.
    fits: bool,
}

/// What a pass did with a case.
enum Swept {
    /// Whether it found anything smaller.
    Done(bool),
    /// A limit was reached.
    Limit,
}

impl<'s> Search<'s> {
    /// A search that begins with a case that diverges.
    pub(super) fn new(
        case: &Case,
        judge: &'s mut dyn Judge,
        limits: &'s Limits<'s>,
        progress: &'s mut dyn Progress,
    ) -> Search<'s> {
        Search {
            case: case.clone(),
            size: Size::of(case),
            candidates: 0,
            judge,
            limits,
            progress,
            tried: BTreeSet::from([hash(case)]),
            fits: corpus::host_fits(case),
        }
    }

    /// Runs every pass until none finds anything; whether it came that far.
    pub(super) fn run(&mut self) -> io::Result<bool> {
        loop {
            let mut improved = false;
            for pass in PASSES {
                match self.sweep(pass)? {
                    Swept::Done(found) => improved |= found,
                    Swept::Limit => return Ok(false),
                }
            }
            if improved {
                continue;
            }
            match self.shrink()? {
                ControlFlow::Break(()) => return Ok(false),
                ControlFlow::Continue(false) => return Ok(true),
                ControlFlow::Continue(true) => {}
            }
        }
    }

    /// One way through a pass's changes; after a success it goes on where it was.
    fn sweep(&mut self, pass: &Pass) -> io::Result<Swept> {
        let mut found = false;
        let mut next = 0;
        loop {
            match self.step(pass, next)? {
                Step::Smaller(at) => {
                    found = true;
                    next = at;
                }
                Step::Nothing => return Ok(Swept::Done(found)),
                Step::Limit => return Ok(Swept::Limit),
            }
        }
    }

    /// Tries a pass's changes from position `next` on, up to the first that makes the case smaller.
    fn step(&mut self, pass: &Pass, next: usize) -> io::Result<Step> {
        let changes = (pass.changes)(&self.case);
        let mut batch: Vec<Candidate> = Vec::new();
        for (position, change) in changes.iter().enumerate().skip(next) {
            let mut case = self.case.clone();
            if !change(&mut case) {
                continue;
            }
            let Some(candidate) = self.candidate(case, position) else {
                continue;
            };
            if batch.iter().all(|other| other.hash != candidate.hash) {
                batch.push(candidate);
            }
            if batch.len() < self.judge.width().max(1) {
                continue;
            }
            if let Some(step) = self.judged(pass.name, &mut batch)? {
                return Ok(step);
            }
        }
        Ok(self.judged(pass.name, &mut batch)?.unwrap_or(Step::Nothing))
    }

    /// A candidate, if it is smaller, valid and not yet tried.
    fn candidate(&self, case: Case, position: usize) -> Option<Candidate> {
        let size = Size::of(&case);
        if !is_smaller(size, self.size) || !self.is_valid(&case) {
            return None;
        }
        let hash = hash(&case);
        let new = !self.tried.contains(&hash);
        new.then_some(Candidate {
            case,
            size,
            hash,
            position,
        })
    }

    /// Whether every module that differs from the current one's validates, and the host can still be made:
    /// what is kept must be a case that can be replayed.
    fn is_valid(&self, case: &Case) -> bool {
        let valid = case.modules.iter().all(|module| {
            let known = self
                .case
                .modules
                .iter()
                .any(|known| known.wasm == module.wasm);
            known || Module::new(&module.wasm, FEATURES).is_ok()
        });
        valid && (!self.fits || corpus::host_fits(case))
    }

    /// Judges a batch and empties it; none if nothing in it diverges.
    fn judged(
        &mut self,
        pass: &'static str,
        batch: &mut Vec<Candidate>,
    ) -> io::Result<Option<Step>> {
        if batch.is_empty() {
            return Ok(None);
        }
        if self.limits.reached() {
            return Ok(Some(Step::Limit));
        }
        let (mut cases, mut rest) = (Vec::new(), Vec::new());
        for candidate in batch.drain(..) {
            cases.push(candidate.case);
            rest.push((candidate.size, candidate.hash, candidate.position));
        }
        let first = self.judge.first(&cases)?;
        // What lies behind the first success counts as not tried, however many are judged at once.
        let tried = first.map_or(cases.len(), |index| index + 1);
        self.candidates += tried as u64;
        self.tried
            .extend(rest[..tried].iter().map(|(_, hash, _)| *hash));
        self.progress.tried(&self.status(pass));
        let Some(index) = first else {
            return Ok(None);
        };
        let (size, _, position) = rest[index];
        self.case = cases.swap_remove(index);
        self.size = size;
        let status = self.status(pass);
        self.progress.smaller(&self.case, &status)?;
        Ok(Some(Step::Smaller(position)))
    }

    fn status(&self, pass: &'static str) -> Status {
        Status {
            pass,
            candidates: self.candidates,
            size: self.size,
        }
    }

    /// Whether a case that something else proposes still diverges; it becomes the current one if it
    /// is smaller. None when a limit is reached.
    pub(super) fn offer(&mut self, pass: &'static str, case: Case) -> io::Result<Option<bool>> {
        let Some(candidate) = self.candidate(case, 0) else {
            return Ok(Some(false));
        };
        Ok(match self.judged(pass, &mut vec![candidate])? {
            None => Some(false),
            Some(Step::Limit) => None,
            Some(_) => Some(true),
        })
    }

    /// Gives the case its own limit of events back, if it still diverges.
    pub(super) fn restore_events(&mut self, max_events: u64) -> io::Result<()> {
        if self.case.max_events == max_events || self.limits.reached() {
            return Ok(());
        }
        let restored = Case {
            max_events,
            ..self.case.clone()
        };
        if self.judge.first(std::slice::from_ref(&restored))?.is_some() {
            self.case = restored;
            let status = self.status("event limit");
            self.progress.smaller(&self.case, &status)?;
        }
        Ok(())
    }
}

/// What one step of a sweep came to.
enum Step {
    /// The change at this position made the case smaller.
    Smaller(usize),
    Nothing,
    Limit,
}

struct Candidate {
    case: Case,
    size: Size,
    hash: [u8; 32],
    position: usize,
}

/// Fewer bytes; or as many, and less of the rest.
fn is_smaller(a: Size, b: Size) -> bool {
    (a.module_bytes, a.weight) < (b.module_bytes, b.weight)
}

fn hash(case: &Case) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut rest = case.clone();
    for module in &mut rest.modules {
        hash.update((module.wasm.len() as u64).to_le_bytes());
        hash.update(&module.wasm);
        module.wasm = [].into();
    }
    hash.update(format!("{rest:?}"));
    hash.finalize().into()
}
