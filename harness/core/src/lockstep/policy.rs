//! Which frames are compared at an event.

/// Frames to compare, part of a case.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Default,
    clap::ValueEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum FramePolicy {
    /// Every frame of every activation at every event
    All,
    /// Only the innermost frame
    Innermost,
    /// All frames up to a depth of 64; deeper, the innermost 16, and all of them from time to time; once the
    /// case has had its share of values, the innermost alone, and all of them from time to time
    Adaptive,
    /// As `adaptive` for the first 131,072 values. Then, in single-step, what the last opcode can have changed,
    /// at every event; all else in turn, so that every value is read before its frame is left. Small frames and stacks whole at every event, and where
    /// more than one opcode lies between two events as `adaptive`. A case that differs is run again with
    /// `all`, so that the first event that differs is reported
    #[default]
    Sampled,
}

impl FramePolicy {
    /// The word in options, case files and reports.
    pub fn name(self) -> &'static str {
        match self {
            FramePolicy::All => "all",
            FramePolicy::Innermost => "innermost",
            FramePolicy::Adaptive => "adaptive",
            FramePolicy::Sampled => "sampled",
        }
    }
}

impl std::fmt::Display for FramePolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Depth up to which [`FramePolicy::Adaptive`] compares every frame.
const SHALLOW: usize = 64;
/// Frames it compares at every event beyond that.
const NEAR: usize = 16;
/// Events after which it compares every frame whatever the depth.
const PERIOD: u32 = 1000;

/// A policy and what it remembers from event to event.
#[derive(Debug)]
pub struct FrameBudget {
    policy: FramePolicy,
    /// Depth at which all frames were last compared.
    compared_at: usize,
    /// Events since then.
    since: u32,
    /// Depth up to which every frame is compared, and frames that are compared beyond it.
    reach: (usize, usize),
}

impl FrameBudget {
    /// A fresh budget.
    pub fn new(policy: FramePolicy) -> FrameBudget {
        FrameBudget {
            policy,
            compared_at: SHALLOW,
            since: 0,
            reach: (SHALLOW, NEAR),
        }
    }

    /// From here on [`FramePolicy::Adaptive`] compares the innermost frame, and all of them from time to
    /// time, and so does [`FramePolicy::Sampled`] where it is alike: the case has had its share of values.
    /// Whether it does so now, and did not before.
    pub fn narrow(&mut self) -> bool {
        let narrows = matches!(self.policy, FramePolicy::Adaptive | FramePolicy::Sampled);
        let narrowed = narrows && self.reach != (1, 1);
        if narrowed {
            self.reach = (1, 1);
        }
        narrowed
    }

    /// How many frames to compare at a breakpoint event when the stack is `depth` frames deep.
    #[inline]
    pub fn frames(&mut self, depth: usize) -> usize {
        match self.policy {
            FramePolicy::All => depth,
            FramePolicy::Innermost => 1,
            _ if depth <= self.reach.0 => depth,
            FramePolicy::Adaptive | FramePolicy::Sampled => self.deep(depth),
        }
    }

    /// Whether no event compares more than the innermost frame.
    #[inline]
    pub fn is_innermost(&self) -> bool {
        self.policy == FramePolicy::Innermost
    }

    /// Whether it is not the budget that says what is compared in single-step.
    #[inline]
    pub fn is_sampled(&self) -> bool {
        self.policy == FramePolicy::Sampled
    }

    /// How many frames to compare at a boundary: a host call, a trap, a failing host function.
    pub fn at_boundary(&mut self, depth: usize) -> usize {
        match self.policy {
            FramePolicy::Innermost => depth.min(1),
            FramePolicy::All | FramePolicy::Adaptive | FramePolicy::Sampled => depth,
        }
    }

    fn deep(&mut self, depth: usize) -> usize {
        self.since += 1;
        if depth < self.compared_at / 2 {
            self.compared_at = depth.max(SHALLOW);
        }
        if depth >= self.compared_at * 2 || self.since >= PERIOD {
            self.compared_at = depth;
            self.since = 0;
            return depth;
        }
        self.reach.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adaptive_compares_all_frames_while_shallow_and_when_the_depth_doubles() {
        let mut budget = FrameBudget::new(FramePolicy::Adaptive);
        assert_eq!(budget.frames(64), 64);
        assert_eq!(budget.frames(65), 16);
        assert_eq!(budget.frames(128), 128);
        assert_eq!(budget.frames(129), 16);
        assert_eq!(budget.frames(256), 256);
    }

    #[test]
    fn adaptive_compares_all_frames_at_least_every_thousand_events() {
        let mut budget = FrameBudget::new(FramePolicy::Adaptive);
        let full = (0..5000).filter(|_| budget.frames(100) == 100).count();
        assert_eq!(full, 5);
    }

    #[test]
    fn boundaries_compare_everything_unless_only_the_innermost_is_asked_for() {
        assert_eq!(
            FrameBudget::new(FramePolicy::Adaptive).at_boundary(900),
            900
        );
        assert_eq!(FrameBudget::new(FramePolicy::Innermost).at_boundary(900), 1);
        assert_eq!(FrameBudget::new(FramePolicy::Innermost).at_boundary(0), 0);
    }

    proptest::proptest! {
        /// Whatever the depths: at least the innermost 16 frames, never more than there are, and all
        /// of them at least once in a thousand events.
        #[test]
        fn adaptive_keeps_its_promises(depths in proptest::collection::vec(1usize..400, 1..4000)) {
            let mut budget = FrameBudget::new(FramePolicy::Adaptive);
            let mut since_all = 0;
            for depth in depths {
                let frames = budget.frames(depth);
                proptest::prop_assert!((depth.min(NEAR)..=depth).contains(&frames));
                since_all = if frames == depth { 0 } else { since_all + 1 };
                proptest::prop_assert!(since_all < PERIOD);
            }
        }
    }
}
