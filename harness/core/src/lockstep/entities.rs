//! The entity checkers: every memory, global and table of the case against the oracle's.

use super::comparison::Comparison;
use super::difference::Difference;
use super::driver::Driver;
use super::following::Following;
use super::references::{Fault, IN_ENTITIES, Scope};
use crate::divergence::Moment;

use crate::rules::RuleId;
use crate::seen::{Seen, SeenFunc};
use lockstep_oracles::ValType;
use lockstep_oracles::address::{GlobalAddr, InstanceAddr, MemAddr, TableAddr};
use lockstep_oracles::store::FuncInst;
use lockstep_oracles::value::{Ref, Value};

pub use super::observed::Entities;

/// A memory, global or table of the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Entity {
    Memory(MemAddr),
    Global(GlobalAddr),
    Table(TableAddr),
}

/// What came of one comparison; `None` where the subject shows no handle.
type Compared = Option<Result<(), Difference>>;

/// What to do with a difference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Report(Moment),
    Taint,
}

impl Following {
    fn compare_memory<E: Entities>(&self, subject: &mut E, addr: MemAddr) -> Compared {
        let expected = self.machine.store.memory(addr).bytes();
        let seen = subject.memory(addr)?;
        if expected == seen {
            return Some(Ok(()));
        }
        let differ = |expected, observed| differ(RuleId::Memory, expected, observed);
        if expected.len() != seen.len() {
            let show = |n: usize| format!("memory {addr}: {n} bytes");
            return differ(show(expected.len()), show(seen.len()));
        }
        let pairs = expected.iter().zip(seen);
        let at = pairs.take_while(|(a, b)| a == b).count();
        let show = |byte: u8| format!("memory {addr} byte 0x{at:x} = 0x{byte:02x}");
        differ(show(expected[at]), show(seen[at]))
    }
}

impl Comparison {
    fn compare_global<E: Entities>(
        &mut self,
        following: &Following,
        subject: &mut E,
        addr: GlobalAddr,
    ) -> Compared {
        let expected = following.machine.store.global(addr).value();
        let seen = subject.global(addr)?;
        let fault = match self.entity_fault(following, subject, expected, seen) {
            None => return Some(Ok(())),
            Some(_) if self.unresolved_agrees(following, subject, seen, as_ref(expected)) => {
                return Some(Ok(()));
            }
            Some(fault) => fault,
        };
        let (expected, shown) = fault.tell(expected.to_string(), self.references.describe(seen));
        self.differ_by(
            following,
            fault,
            RuleId::Global,
            format!("global {addr} = {expected}"),
            format!("global {addr} = {shown}"),
        )
    }

    fn compare_table<E: Entities>(
        &mut self,
        following: &Following,
        subject: &mut E,
        addr: TableAddr,
    ) -> Compared {
        let size = following.machine.store.table(addr).elements.len() as u64;
        let seen = subject.table_size(addr)?;
        if size != seen {
            let show = |n: u64| format!("table {addr}: {n} elements");
            return differ(RuleId::Table, show(size), show(seen));
        }
        for index in 0..size {
            let table = following.machine.store.table(addr);
            let ty = ValType::Ref(table.ty.element_type);
            let expected = table.elements[index as usize];
            let seen = subject.table_element(addr, index);
            let value = expected.to_cell().typed(ty);
            let fault = match self.entity_fault(following, subject, value, seen) {
                None => continue,
                Some(_) if self.unresolved_agrees(following, subject, seen, Some(expected)) => {
                    continue;
                }
                Some(fault) => fault,
            };
            let (expected, shown) = fault.tell(value.to_string(), self.references.describe(seen));
            return self.differ_by(
                following,
                fault,
                RuleId::Table,
                format!("table {addr} element {index} = {expected}"),
                format!("table {addr} element {index} = {shown}"),
            );
        }
        Some(Ok(()))
    }

    /// A reference in an entity that differs: the rule is that of the reference, or the entity's.
    fn differ_by(
        &self,
        following: &Following,
        fault: Fault,
        entity: RuleId,
        expected: String,
        observed: String,
    ) -> Compared {
        Some(Err(Difference {
            known: self.explain_identity(following, fault),
            rule: fault.rule().unwrap_or(entity),
            expected,
            observed,
        }))
    }

    /// How an entity's value differs, if it does.
    fn entity_fault<E: Entities>(
        &mut self,
        following: &Following,
        subject: &mut E,
        expected: Value,
        seen: Seen,
    ) -> Option<Fault> {
        if seen.is(expected.ty(), expected.cell()) {
            return None;
        }
        let Value::Ref(reference, ty) = expected else {
            return Some(Fault::Value);
        };
        let machine = &following.machine;
        let typed = (Scope::Store(machine.store.types()), ty);
        let checked = self
            .references
            .check(machine, typed, reference, seen, subject, IN_ENTITIES);
        checked.err()
    }

    /// Whether an unknown function reference may stand for the expected one: that one belongs to an
    /// instance the subject has no handle for (its instantiation failed), and always shows the same.
    fn unresolved_agrees<E: Entities>(
        &mut self,
        following: &Following,
        subject: &E,
        seen: Seen,
        expected: Option<Ref>,
    ) -> bool {
        self.unresolved_is(following, seen, expected, |instance| {
            subject.has_instance(instance)
        })
    }

    /// The same for a value that is not an entity's.
    pub(super) fn unresolved_is(
        &mut self,
        following: &Following,
        seen: Seen,
        expected: Option<Ref>,
        has_handle: impl Fn(InstanceAddr) -> bool,
    ) -> bool {
        let (Seen::Func(SeenFunc::Unknown(raw)), Some(Ref::Func(func))) = (seen, expected) else {
            return false;
        };
        let FuncInst::Wasm { instance, .. } = following.machine.store.func(func) else {
            return false;
        };
        if has_handle(*instance) {
            return false;
        }
        self.precedents.is_same_function(raw, func)
    }

    /// Whether the arguments agree but for function references of an instance that is being made: there
    /// is no handle yet by which they would be known.
    pub(super) fn unbound_agree(
        &mut self,
        following: &Following,
        expected: &[Value],
        args: &[Seen],
    ) -> bool {
        let making = following.instantiation.making;
        expected.len() == args.len()
            && expected.iter().zip(args).all(|(&value, &seen)| {
                let reference = match value {
                    Value::Ref(reference, _) => Some(reference),
                    _ => None,
                };
                self.value_agrees(following, value, seen)
                    || self.unresolved_is(following, seen, reference, |instance| {
                        Some(instance) != making
                    })
            })
    }
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

fn differ(rule: RuleId, expected: String, observed: String) -> Compared {
    Some(Err(Difference::new(rule, expected, observed)))
}

fn as_ref(value: Value) -> Option<Ref> {
    match value {
        Value::Ref(r, _) => Some(r),
        _ => None,
    }
}
