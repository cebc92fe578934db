//! Checkers that look at no frame are called, and what they find is recorded.

use super::Driver;
use crate::divergence::Moment;
use crate::lockstep::checkers::accessors;
use crate::lockstep::checkers::code_image;
use crate::lockstep::checkers::edits::{self, EditAnswer};
use crate::lockstep::checkers::entities::Entities;
use crate::lockstep::checkers::handlers::SeenHandlers;
use crate::lockstep::checkers::held_frame::{self, HeldFrame, Since};
use crate::lockstep::checkers::items::{self, Items};
use crate::lockstep::verdict::Flow;
use crate::observe::Objects;
use crate::outcome::SeenException;
use crate::rules::RuleId;
use crate::schedule::When;
use crate::schedule::action::{Action, Write};
use crate::seen::Seen;
use crate::subject::code_image::{Mapping, Part};
use lockstep_oracles::address::{ExnAddr, InstanceAddr};

impl Driver {
    /// With every edit taken back the images are as they were recorded before the first; `None` is one that is gone.
    pub fn code_restored(&mut self, recorded: &[Mapping], now: &[Option<Mapping>]) {
        self.recorder.tally.code_images += 1;
        self.report(Moment::Edit, code_image::restored(recorded, now));
    }

    /// No mapping is writable and executable at once; `found` are.
    pub fn code_writable(&mut self, found: usize) {
        self.recorder.note(RuleId::EditWritable);
        self.report(Moment::Edit, code_image::writable(found));
    }

    /// After an edit every part of the recorded code has the permissions that it had before the first.
    pub fn code_permissions(&mut self, recorded: &[Mapping], now: &[Vec<Part>]) {
        self.recorder.note(RuleId::EditPermissions);
        self.report(Moment::Edit, code_image::permissions(recorded, now));
    }

    /// Whether the store is to be asked for its breakpoints after the session that was just made.
    pub fn wants_list(&self) -> bool {
        let sessions = self.recorder.tally.edit_sessions;
        edits::wants_list(&self.following.breakpoints, sessions)
    }

    /// Checks what the store answers to the session that was just made.
    pub fn edited(&mut self, answer: EditAnswer) {
        self.comparison.budget.disturb();
        let listed = answer.listed.is_some();
        self.recorder.note(RuleId::EditAccepted);
        self.recorder.note(RuleId::EditSingleStep);
        let found = edits::answered(&self.following.breakpoints, &answer);
        self.report(Moment::Edit, found);
        if listed {
            self.recorder.note(RuleId::EditBreakpoints);
        }
        let found = answer
            .listed
            .and_then(|listed| edits::listed(&mut self.following.breakpoints, &listed));
        self.report_new(Moment::Edit, found);
    }

    /// The store was given a module to register, and has said so.
    pub fn check_registered(&mut self, module: u32, registered: Result<(), String>) {
        self.recorder.note(RuleId::Registered);
        self.following.breakpoints.come(module);
        let found = self.comparison.precedents.registered(module, registered);
        self.report(Moment::Action, found);
    }

    /// Checks what the store lists; of these instances the case has a handle.
    pub fn check_items(&mut self, items: &Items, handles: &[InstanceAddr], moment: Moment) {
        let (following, precedents) = (&self.following, &mut self.comparison.precedents);
        let noted = &mut self.recorder.tally.noted;
        let found = items::check(following, precedents, noted, items, handles);
        self.report(moment, found);
    }

    /// Asks every instance that was not asked yet, or not since the host called back, and of which the
    /// subject has a handle, for its entities.
    pub(crate) fn access_new_instances<E: Entities>(&mut self, subject: &mut E, moment: Moment) {
        let accesses = &mut self.comparison.precedents.accesses;
        let noted = &mut self.recorder.tally.noted;
        let found = accessors::check(&self.following, accesses, noted, subject);
        self.report(moment, found);
    }

    /// Whether a handle to the innermost frame may be made: at an event of another kind than a breakpoint's only
    /// where no cause forbade to look at its frames.
    pub fn may_hold_frame(&self, when: When) -> bool {
        let is_seen = !when.is_other_event() || self.recorder.tally.looks.last_was_whole();
        self.ended.is_none() && self.following.visible_frames() > 0 && is_seen
    }

    /// Checks what a handle says of itself.
    pub fn check_held_frame(&mut self, held: &HeldFrame, since: Since, moment: Moment) {
        self.recorder.note(RuleId::FrameHandle);
        if since.resumed && matches!(held, HeldFrame::Stale { .. }) {
            self.recorder.note(RuleId::StaleHandle);
        }
        let found = held_frame::check(&self.following.setting, held, since);
        self.report_new(moment, found);
    }

    /// Checks which handlers the store has; where it has lost the one that was set, the execution goes on
    /// without.
    pub fn check_handlers(&mut self, seen: SeenHandlers, moment: Moment) {
        let after_drop = self.following.handler.take_dropped_call();
        if self.ended.is_some() {
            return;
        }
        let handled = self.following.handler.is_set();
        self.recorder.note(RuleId::HandlerDropped);
        if handled {
            self.recorder.note(RuleId::HandlerKept);
        }
        let found = self.following.check_handlers(seen, after_drop);
        self.report(moment, found);
        if handled && !seen.last {
            self.following.set_handled(false);
        }
    }

    /// An event went to a handler that the store should not have.
    pub fn event_elsewhere(&mut self) -> Flow {
        if self.ended.is_none() {
            let found = self.following.handler.event_elsewhere();
            let rule = found.rule;
            self.report(Moment::Breakpoint, [found]);
            self.end_control(rule);
        }
        Flow::Stop
    }

    /// What the subject shows for a handle is the object that it was made for, with what that object
    /// holds now, whether or not the program can still reach it.
    pub fn check_handle<O: Objects>(
        &mut self,
        moment: Moment,
        handle: usize,
        seen: Seen,
        objects: &mut O,
    ) {
        if handle >= self.comparison.references.handles() {
            return;
        }
        self.recorder.tally.handles += 1;
        let found = self
            .comparison
            .check_handle(&self.following, handle, seen, objects);
        self.report_and_end(moment, found);
    }

    /// What was pending at the event, and was taken, is the exception that was thrown.
    pub fn check_taken(&mut self, exn: ExnAddr, taken: Option<&SeenException>) {
        if self.ended.is_some() || self.comparison.taint.is_tainted() {
            return;
        }
        self.recorder.note(RuleId::ThrowEvent);
        match taken {
            Some(taken) => {
                self.check_exception(RuleId::ThrowEvent, Moment::Throw, "pending:", exn, taken);
            }
            None => {
                let expected = format!("pending: {}", self.following.describe_exception(exn));
                let shown = "nothing is pending".to_owned();
                self.report_plain(RuleId::ThrowEvent, Moment::Throw, expected, shown);
            }
        }
    }

    /// What an owned handle to an exception shows is the exception that it was made for.
    pub fn check_held_exception(&mut self, exn: ExnAddr, seen: &SeenException, moment: Moment) {
        if self.ended.is_some() || self.comparison.taint.is_tainted() {
            return;
        }
        self.recorder.tally.handles += 1;
        self.check_exception(RuleId::Kept, moment, "the handle holds", exn, seen);
    }

    /// An exception that is shown somewhere is this one.
    fn check_exception(
        &mut self,
        rule: RuleId,
        moment: Moment,
        place: &str,
        exn: ExnAddr,
        seen: &SeenException,
    ) {
        if self.exception_agrees(exn, seen) {
            return;
        }
        let found = self
            .comparison
            .other_exception(&self.following, (rule, place), exn, seen);
        self.report_and_end(moment, Some(found));
    }

    /// The write that an action makes here; none where there is nothing to write to, an exhaustion has left open
    /// what the entities hold, or it is not known what the program has done.
    pub fn write_of(&self, when: When, action: Action) -> Option<Write> {
        let known = match when {
            When::EpochYield(_) => self.following.is_between_opcodes(),
            _ => self.following.invocation.takes_writes(),
        };
        if self.ended.is_some() || !known {
            return None;
        }
        self.comparison.write_of(&self.following, action)
    }

    /// The subject was asked for a write: the oracle makes it, too.
    pub fn wrote(&mut self, write: Write, made: Result<(), String>) {
        self.comparison.budget.disturb();
        self.recorder.note(RuleId::Write);
        let found = self.following.wrote(write, made);
        self.report(Moment::Action, found);
    }
}
