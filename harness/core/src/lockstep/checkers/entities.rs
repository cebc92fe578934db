//! The entity checkers: every memory, global and table of the case against the oracle's.

use super::comparison::Comparison;
use super::difference::Difference;
use super::fault::{Fault, IN_ENTITIES, Scope};
use crate::lockstep::following::Following;
use crate::seen::{Seen, SeenFunc};
use lockstep_oracles::ValType;
use lockstep_oracles::address::{GlobalAddr, InstanceAddr, MemAddr, TableAddr};
use lockstep_oracles::store::FuncInst;
use lockstep_oracles::value::{Ref, Value};

use crate::report::counted;
use crate::rules::RuleId;

pub use crate::lockstep::observed::Entities;

/// A memory, global or table of the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entity {
    Memory(MemAddr),
    Global(GlobalAddr),
    Table(TableAddr),
}

/// What came of one comparison; `None` where the subject shows no handle.
type Compared = Option<Result<(), Difference>>;

impl Following {
    pub(crate) fn compare_memory<E: Entities>(&self, subject: &mut E, addr: MemAddr) -> Compared {
        let memory = self.machine.store.memory(addr);
        let expected = (memory.pages(), memory.page_size());
        let seen = subject.memory_pages(addr)?;
        if expected != seen {
            let show = |(pages, bytes)| {
                let pages = counted(pages, "page");
                format!("memory {addr}: {pages} of {}", counted(bytes, "byte"))
            };
            return differ(RuleId::Memory, show(expected), show(seen));
        }
        let expected = memory.bytes();
        let seen = subject.memory(addr)?;
        if expected == seen {
            return Some(Ok(()));
        }
        let differ = |expected, observed| differ(RuleId::Memory, expected, observed);
        if expected.len() != seen.len() {
            let show = |n: usize| format!("memory {addr}: {}", counted(n as u64, "byte"));
            return differ(show(expected.len()), show(seen.len()));
        }
        let pairs = expected.iter().zip(seen);
        let at = pairs.take_while(|(a, b)| a == b).count();
        let show = |byte: u8| format!("memory {addr} byte 0x{at:x} = 0x{byte:02x}");
        differ(show(expected[at]), show(seen[at]))
    }
}

impl Comparison {
    pub(crate) fn compare_global<E: Entities>(
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

    pub(crate) fn compare_table<E: Entities>(
        &mut self,
        following: &Following,
        subject: &mut E,
        addr: TableAddr,
    ) -> Compared {
        let size = following.machine.store.table(addr).elements.len() as u64;
        let seen = subject.table_size(addr)?;
        if size != seen {
            let show = |n: u64| format!("table {addr}: {}", counted(n, "element"));
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
    pub(crate) fn unresolved_is(
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
    pub(crate) fn unbound_agree(
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

fn differ(rule: RuleId, expected: String, observed: String) -> Compared {
    Some(Err(Difference::new(rule, expected, observed)))
}

fn as_ref(value: Value) -> Option<Ref> {
    match value {
        Value::Ref(r, _) => Some(r),
        _ => None,
    }
}
