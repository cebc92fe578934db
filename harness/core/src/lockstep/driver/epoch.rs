//! `EpochYield` events: they are matched, and the stack is compared.

use super::Driver;
use crate::divergence::Moment;
use crate::lockstep::following::interrupts::Interruption;
use crate::lockstep::recording::looks::Look;
use crate::lockstep::verdict::Flow;
use crate::observe::Observation;
use crate::rules::RuleId;

impl Driver {
    /// An `EpochYield` event: it comes between two opcodes, where the program can be interrupted.
    pub fn epoch_yield<O: Observation>(&mut self, observed: &mut O) -> Flow {
        self.comparison.budget.disturb();
        if self.ended.is_some() {
            return Flow::Stop;
        }
        self.following.epoch.interrupts = true;
        let flow = self.yielded(observed);
        self.following.epoch.interrupts = false;
        self.following.epoch.unreturned = true;
        flow
    }

    fn yielded<O: Observation>(&mut self, observed: &mut O) -> Flow {
        // Another store of the engine advances the epoch, too: how many come, and where, depends on the
        // threads' pace, and what is counted of a case must not.
        if self.following.setting.neighbour {
            return Flow::Continue;
        }
        if self
            .following
            .epoch
            .comes_late(self.recorder.tally.sequence_points)
        {
            return Flow::Continue;
        }
        self.following.epoch.last = None;
        self.recorder.tally.epoch_yields += 1;
        self.recorder.tally.looks.event(Look::EpochYield);
        if !std::mem::take(&mut self.following.epoch.advanced) {
            self.report_plain(
                RuleId::EpochEvent,
                Moment::EpochYield,
                "no EpochYield event: the epoch is before the deadline".to_owned(),
                "an EpochYield event".to_owned(),
            );
        }
        if self.is_before_start(observed) {
            self.following.epoch.clear_due();
            return Flow::Continue;
        }
        let sparse = !self.following.breakpoints.is_everywhere();
        let sight = self.approach(observed, Interruption::Epoch);
        self.following.epoch.clear_due();
        if self.is_cut() {
            return Flow::Stop;
        }
        if sparse && (self.following.is_within_bulk() || self.following.is_before_bulk()) {
            // Whether it came within this opcode or comes behind it nothing says.
            return Flow::Continue;
        }
        let Some(sight) = sight else {
            let expected = "no EpochYield event: no function is entered, and no loop begins";
            let shown = "an EpochYield event";
            return self.report_misplaced(RuleId::EpochEvent, Moment::EpochYield, expected, shown);
        };
        self.following.epoch.last = Some(sight);
        self.compare_interrupted(observed, Interruption::Epoch, sight)
    }

    /// An `EpochYield` event was due where the program has passed.
    pub(crate) fn report_lost_yield(&mut self) {
        self.following.epoch.missed = Some(self.recorder.tally.sequence_points);
        self.report_plain(
            RuleId::EpochLost,
            Moment::EpochYield,
            "an EpochYield event: the epoch is beyond the deadline".to_owned(),
            "the program went on without one".to_owned(),
        );
    }
}
