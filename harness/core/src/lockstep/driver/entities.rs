//! Every memory, global and table of the case is compared, or taken over.

use super::Driver;
use crate::divergence::Moment;
use crate::lockstep::checkers::entities::Entity;
use crate::lockstep::observed::Entities;
use crate::rules::RuleId;
use lockstep_oracles::address::{GlobalAddr, MemAddr, TableAddr};

/// What to do with a difference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Report(Moment),
    Taint,
}

impl Driver {
    /// Compares every entity that is not tainted.
    pub fn compare_entities<E: Entities>(&mut self, subject: &mut E, moment: Moment) {
        self.each_entity(subject, Use::Report(moment));
    }

    /// Whether they are to be compared at this breakpoint event; once an event.
    #[inline(always)]
    pub fn entities_are_due(&mut self) -> bool {
        self.comparison.entity_looks.take() && self.ended.is_none()
    }

    /// After an exhaustion: entities that differ are taken over from the subject, or no longer compared.
    pub fn taint_entities<E: Entities>(&mut self, subject: &mut E) {
        self.each_entity(subject, Use::Taint);
    }

    fn each_entity<E: Entities>(&mut self, subject: &mut E, purpose: Use) {
        self.comparison.look(&self.following);
        let moment = match purpose {
            Use::Report(moment) => moment,
            Use::Taint => Moment::End,
        };
        self.access_new_instances(subject, moment);
        let store = &self.following.machine.store;
        let memories = (0..store.num_memories() as u32).map(|n| Entity::Memory(MemAddr(n)));
        let globals = (0..store.num_globals() as u32).map(|n| Entity::Global(GlobalAddr(n)));
        let tables = (0..store.num_tables() as u32).map(|n| Entity::Table(TableAddr(n)));
        let (mut unseen, mut adopted) = (false, false);
        for entity in memories.chain(globals).chain(tables) {
            if self.comparison.registers.are_changed() {
                self.follow_entity(subject, entity);
            }
            let compared = match entity {
                tainted if self.comparison.taint.has(tainted) => None,
                Entity::Memory(addr) => self.following.compare_memory(subject, addr),
                Entity::Global(addr) => {
                    self.comparison
                        .compare_global(&self.following, subject, addr)
                }
                Entity::Table(addr) => {
                    self.comparison
                        .compare_table(&self.following, subject, addr)
                }
            };
            let Some(compared) = compared else {
                self.recorder.tally.entities_skipped += 1;
                unseen = true;
                continue;
            };
            self.recorder.tally.entities += 1;
            self.recorder.note(match entity {
                Entity::Memory(_) => RuleId::Memory,
                Entity::Global(_) => RuleId::Global,
                Entity::Table(_) => RuleId::Table,
            });
            match (compared, purpose) {
                (Ok(()), _) => {}
                (Err(found), Use::Report(moment)) => self.report_and_end(moment, Some(found)),
                (Err(_), Use::Taint) if self.following.adopt(subject, entity) => adopted = true,
                (Err(_), Use::Taint) => self.comparison.taint.add(entity),
            }
        }
        let hidden = adopted && (unseen || self.following.program.hides_state);
        self.comparison.taint.add_hidden(hidden);
    }
}
