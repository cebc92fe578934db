//! What is run and what of it was read, alike for every subject.

use crate::programs::Program;
use lockstep::lockstep::policy::FramePolicy;

/// Which frames are read at an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frames {
    /// Only the innermost one
    Innermost,
    /// Every one
    All,
    /// What an opcode can have changed, and the rest in turn; the bare handler reads every one
    #[allow(
        dead_code,
        reason = "not every program that this is a part of uses each"
    )]
    Sampled,
}

impl Frames {
    /// The policy of lockstep that compares these.
    pub(crate) fn policy(self) -> FramePolicy {
        match self {
            Frames::Innermost => FramePolicy::Innermost,
            Frames::All => FramePolicy::All,
            Frames::Sampled => FramePolicy::Sampled,
        }
    }
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reads {
    /// Events.
    pub(crate) events: u64,
    /// Frames.
    pub(crate) frames: u64,
    /// Locals and operands.
    pub(crate) values: u64,
}

/// A program made ready: runs it with so many repetitions, and answers with what was read.
pub(crate) type Run = Box<dyn FnMut(u32) -> Reads>;

/// An engine under test, and how a program is made ready in it.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    /// Its version, as the program's options spell it.
    pub(crate) name: &'static str,
    /// Under the bare handler.
    pub(crate) bare: fn(&Program, Frames) -> Run,
    /// In lockstep.
    pub(crate) stepped: fn(&Program, Frames) -> Run,
}

/// Every subject that is compiled in.
pub(crate) fn subjects() -> Vec<Subject> {
    vec![
        crate::wasmtime_42::SUBJECT,
        #[cfg(feature = "wasmtime-48")]
        crate::wasmtime_48::SUBJECT,
    ]
}
