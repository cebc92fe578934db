//! At which breakpoint events every entity is compared: a debugger reads them where it stops. They are compared
//! at host calls and at ends anyway, and no opcode changes one without being asked to; so it is done behind
//! opcodes that do, the first few of a case and then ever fewer.

use lockstep_oracles::opcode::Opcode;

/// Looks of a case behind which they become rare.
const LOOKS: u64 = 32;

/// What is remembered from event to event.
#[derive(Debug, Default)]
pub(crate) struct EntityLooks {
    /// The last event was before an opcode that changes an entity.
    changing: bool,
    /// Whether they are compared at this event.
    due: bool,
    /// Events behind such opcodes.
    changes: u64,
}

impl EntityLooks {
    /// An event before this opcode.
    #[inline(always)]
    pub(crate) fn note(&mut self, next: Opcode) {
        if self.changing {
            self.changes += 1;
            self.due = self.changes <= LOOKS || self.changes.is_power_of_two();
        }
        self.changing = next.changes_entity();
    }

    /// Whether they are to be compared now; once an event.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> bool {
        std::mem::take(&mut self.due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_due_behind_opcodes_that_change_one() {
        let mut looks = EntityLooks::default();
        let mut due = |op| {
            looks.note(op);
            (looks.take(), looks.take())
        };
        assert_eq!(due(Opcode::GlobalSet), (false, false));
        assert_eq!(due(Opcode::I32Add), (true, false));
        assert_eq!(due(Opcode::I64Store8), (false, false));
        assert_eq!(due(Opcode::I64Store8), (true, false));
        assert_eq!(due(Opcode::Nop), (true, false));
        assert_eq!(due(Opcode::Nop), (false, false));
    }

    #[test]
    fn many_changes_are_looked_at_ever_less() {
        let mut looks = EntityLooks::default();
        let due = (0..=4096).filter(|_| {
            looks.note(Opcode::TableSet);
            looks.take()
        });
        assert_eq!(due.count(), 32 + 7);
    }
}
