//! Collections of garbage: whether one may be made, and that every frame reads as before behind it.

use super::Driver;
use crate::causes::Cause;
use crate::divergence::Moment;
use crate::lockstep::verdict::Flow;
use crate::observe::Observation;
use crate::rules::RuleId;

impl Driver {
    /// Whether no cause forbids a collection now, or it is dared.
    pub fn may_collect(&mut self) -> bool {
        let known = self.following.forbids_collection();
        self.may(known)
    }

    /// Whether nothing is known by which a collection would go wrong.
    pub fn collects_soundly(&self) -> bool {
        let daring = &self.comparison.daring;
        !daring.is_armed()
            && daring.dared().is_none()
            && self.following.follows_no_object().is_none()
    }

    /// Garbage was collected at the event that was just matched: every frame still reads as before.
    pub fn collected<O: Observation>(&mut self, observed: &mut O, refused: Option<String>) -> Flow {
        if self.ended.is_some() {
            return Flow::Stop;
        }
        self.note_collection(refused);
        let depth = self.following.machine.depth();
        match self.compare_frames(observed, Moment::Collection, depth, depth) {
            // What is dared with an exception on its way shows only when that is followed.
            Flow::Continue if self.comparison.daring.has_dared(Cause::ThrownRoot) => Flow::Continue,
            Flow::Continue => self.end_dare(),
            Flow::Stop => {
                let _ = self.end_dare();
                Flow::Stop
            }
        }
    }

    /// Garbage was collected, if that was not refused.
    pub fn note_collection(&mut self, refused: Option<String>) {
        self.comparison.budget.disturb();
        if let Some(error) = refused {
            let expected = "a collection".to_owned();
            self.report_plain(RuleId::Collect, Moment::Collection, expected, error);
        }
        self.recorder.tally.collections += 1;
    }
}
