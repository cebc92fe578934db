//! What is run and what of it was read, alike under lockstep and under the bare handler.

use lockstep::lockstep::policy::FramePolicy;

/// Which frames are read at an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// Only the innermost one
    Innermost,
    /// Every one
    All,
    /// What an opcode can have changed, and the rest in turn; the bare handler reads every one
    Sampled,
}

impl Frames {
    /// The policy of lockstep that compares these.
    pub fn policy(self) -> FramePolicy {
        match self {
            Frames::Innermost => FramePolicy::Innermost,
            Frames::All => FramePolicy::All,
            Frames::Sampled => FramePolicy::Sampled,
        }
    }
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// Events.
    pub events: u64,
    /// Frames.
    pub frames: u64,
    /// Locals and operands.
    pub values: u64,
}

/// A program made ready: runs it with so many repetitions, and answers with what was read.
pub type Run = Box<dyn FnMut(u32) -> Reads>;
