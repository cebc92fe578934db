//! A sign of life: whether events still come, whether a case is still being made ready, and where in it
//! the process is, for whoever watches it from outside.

use crate::divergence::Execution;
use crate::lockstep::daring::Announced;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};

/// Events from one sign of life to the next.
pub const EVENTS: u64 = 256;

static SIGNS: AtomicU64 = AtomicU64::new(0);

/// Gives a sign of life.
pub fn sign() {
    SIGNS.fetch_add(1, Ordering::Relaxed);
}

/// Signs of life that this process has given.
pub fn signs() -> u64 {
    SIGNS.load(Ordering::Relaxed)
}

/// What a case does before its first event, and before what may end the process.
#[derive(Debug)]
pub enum Stage {
    /// A module of so many bytes is being decoded or compiled.
    Preparing(u64),
    /// It is ready.
    Prepared,
    /// Something is about to be done that may end the process; whoever has passed that on says so.
    Daring(Box<Announced>, Sender<()>),
    /// The case has ended; whoever has passed on what came before says so.
    Ended(Sender<()>),
}

static LISTENER: Mutex<Option<Sender<Stage>>> = Mutex::new(None);
/// Modules that are being made ready now, one inside the other or on two threads.
static PREPARING: AtomicU32 = AtomicU32::new(0);

/// Has the stages of this process's cases sent there, or nowhere.
pub fn listen(listener: Option<Sender<Stage>>) {
    *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = listener;
}

/// Whether somebody is there who watches.
fn tell(stage: Stage) -> bool {
    let listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
    let sent = listener.as_ref().map(|listener| listener.send(stage));
    sent.is_some_and(|sent| sent.is_ok())
}

/// Says what is about to be done that may end the process; whether whoever watches knows of it now.
pub fn announce(announced: Announced) -> bool {
    let (passed_on, answer) = mpsc::channel();
    tell(Stage::Daring(Box::new(announced), passed_on)) && answer.recv().is_ok()
}

/// Waits until whoever watches has passed on all that this case has said, so that none of it is taken for
/// the next one's.
pub(crate) fn settle() {
    let (passed_on, answer) = mpsc::channel();
    if tell(Stage::Ended(passed_on)) {
        // Nobody is there to hear it any more.
        let _ = answer.recv();
    }
}

/// A command that is about to be executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// In which execution.
    pub execution: Execution,
    /// Its place in the script, from 0.
    pub command: usize,
    /// Its line, from 1; 0 where there is no script.
    pub line: u32,
    /// The command, as reports write it.
    pub text: String,
}

/// Receives each place before anything is done there.
type Told = Box<dyn Fn(Place) + Send>;

static TOLD: Mutex<Option<Told>> = Mutex::new(None);

/// Has every command of this process's cases told before it is executed.
pub fn tell_places(told: impl Fn(Place) + Send + 'static) {
    *TOLD.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(told));
}

/// Tells where the process is, if anybody wants to know.
pub(crate) fn at(place: impl FnOnce() -> Place) {
    let told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(told) = &*told {
        told(place());
    }
}

/// Receives what goes on for long in a case that another process runs.
type Noticed = Box<dyn Fn(&str) + Send>;

static NOTICED: Mutex<Option<Noticed>> = Mutex::new(None);

/// Has whoever shows progress told what goes on for long.
pub fn take_notices(noticed: impl Fn(&str) + Send + 'static) {
    *NOTICED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(noticed));
}

/// Tells what goes on for long, if anybody shows progress.
pub(crate) fn notice(what: &str) {
    let noticed = NOTICED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(noticed) = &*noticed {
        noticed(what);
    }
}

/// A module is being made ready until this is dropped.
#[must_use]
#[derive(Debug)]
pub struct Preparing(());

/// Begins to make a module of so many bytes ready: its time and memory are no event of the case.
pub fn preparing(bytes: usize) -> Preparing {
    if PREPARING.fetch_add(1, Ordering::Relaxed) == 0 {
        tell(Stage::Preparing(bytes as u64));
    }
    Preparing(())
}

impl Drop for Preparing {
    fn drop(&mut self) {
        if PREPARING.fetch_sub(1, Ordering::Relaxed) == 1 {
            tell(Stage::Prepared);
        }
    }
}
