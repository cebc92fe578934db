//! The accessor checker: every index of every index space of an instance, asked for as a debugger asks
//! for it, and some past the end.
//!
//! What an entity holds is compared elsewhere, through the handle that its accessor returned.

use super::difference::Difference;
use super::precedents::Precedents;
use crate::lockstep::following::Following;
use crate::lockstep::observed::Entities;
use crate::lockstep::recording::exercised::RuleSet;
use crate::rules::RuleId;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::store::Extern;
use std::collections::{BTreeSet, HashMap};

pub use crate::lockstep::observed::{Accessed, Accessor, Denoted, Identity};

/// Which entities are known by which identity.
#[derive(Debug, Default)]
struct Bound {
    entities: HashMap<(Accessor, Identity), Extern>,
    identities: HashMap<Extern, Identity>,
}

impl Bound {
    /// The host's own handle to an entity has this identity.
    fn hold(&mut self, accessor: Accessor, identity: Identity, entity: Extern) {
        self.bind(accessor, identity, entity);
        self.identities.entry(entity).or_insert(identity);
    }

    /// Binds an identity to an entity; the entity that it is bound to already, if that is another.
    fn bind(&mut self, accessor: Accessor, identity: Identity, entity: Extern) -> Option<Extern> {
        let bound = *self.entities.entry((accessor, identity)).or_insert(entity);
        (bound != entity).then_some(bound)
    }

    /// Why a handle of this identity does not denote the entity, if it does not.
    fn fault(&mut self, accessor: Accessor, entity: Extern, identity: Identity) -> Option<String> {
        if let Some(other) = self.bind(accessor, identity, entity) {
            return Some(format!("the entity that is {other:?}"));
        }
        let first = *self.identities.entry(entity).or_insert(identity);
        let another = accessor != Accessor::Function && first != identity;
        another.then(|| "an entity that none of its handles denotes".to_owned())
    }
}

/// What accessors have returned.
#[derive(Debug, Default)]
pub(crate) struct Accesses {
    /// Instances that were asked for all their entities, and whether that was while the host had called back:
    /// then they are asked once more.
    asked: BTreeSet<(u32, bool)>,
    by_identity: Bound,
    by_index: Bound,
}

impl Accesses {
    /// The host's own handle to an entity says this of it.
    fn hold(&mut self, accessor: Accessor, held: Denoted, entity: Extern) {
        if let Some(identity) = held.identity {
            self.by_identity.hold(accessor, identity, entity);
        }
        if let Some(index) = held.index {
            self.by_index.hold(accessor, index, entity);
        }
    }

    /// Why what an accessor returned is not the entity, if it is not.
    fn fault(&mut self, accessor: Accessor, entity: Extern, accessed: Accessed) -> Option<String> {
        let Accessed::Handle(Denoted { identity, index }) = accessed else {
            return Some("None".to_owned());
        };
        let identity = identity.and_then(|it| self.by_identity.fault(accessor, entity, it));
        identity.or_else(|| {
            let fault = self.by_index.fault(accessor, entity, index?)?;
            Some(format!("by its index in the store, {fault}"))
        })
    }

    /// Asks for every index of a space, and some past its end.
    fn check_space<E: Entities>(
        &mut self,
        subject: &mut E,
        instance: InstanceAddr,
        space: &Space,
        found: &mut Vec<Difference>,
    ) {
        let there = space.entities.iter().copied().enumerate();
        let there = there.map(|(index, entity)| (index as u32, entity));
        let end = space.entities.len() as u32;
        let past_the_end = std::iter::once(end).chain(BEYOND);
        for (index, entity) in there.chain(past_the_end.map(|index| (index, None))) {
            if let Some(entity) = entity
                && let Some(held) = subject.held(entity)
            {
                self.hold(space.accessor, held, entity);
            }
            let accessed = subject.access(instance, space.accessor, index, entity);
            let fault = match entity {
                Some(entity) => self.fault(space.accessor, entity, accessed),
                None => (accessed != Accessed::Nothing).then(|| "an entity".to_owned()),
            };
            if let Some(observed) = fault {
                let asked = format!("{} {index} of instance {instance}", space.accessor);
                let expected = match entity {
                    Some(_) => "the entity of that index",
                    None => "None",
                };
                found.push(Difference::new(
                    RuleId::Access,
                    format!("{asked}: {expected}"),
                    format!("{asked}: {observed}"),
                ));
            }
        }
    }
}

/// One index space of an instance.
struct Space {
    accessor: Accessor,
    /// The entity of each index, where this accessor is the one for it.
    entities: Vec<Option<Extern>>,
}

/// Indices that no instance has, beside the first past the end; that of an invalid index is not among them.
const BEYOND: [u32; 2] = [1 << 31, u32::MAX - 1];

impl Precedents {
    /// All instances are asked again when entities are compared next.
    pub(crate) fn ask_instances_again(&mut self) {
        self.accesses.asked.clear();
    }
}

impl Following {
    /// The index spaces of an instance; without `guest_debug` the accessors find nothing in them.
    fn spaces(&self, instance: InstanceAddr) -> Vec<Space> {
        let found = self.setting.is_instrumented();
        let instance = self.machine.store.instance(instance);
        let memories = |shared: bool| {
            let all = instance.module.memories().iter().zip(&instance.memories);
            all.map(|(ty, &addr)| (ty.shared == shared).then_some(Extern::Memory(addr)))
                .collect()
        };
        let space = |accessor| {
            let mut entities = match accessor {
                Accessor::Function => all(&instance.funcs, Extern::Func),
                Accessor::Table => all(&instance.tables, Extern::Table),
                Accessor::Memory => memories(false),
                Accessor::SharedMemory => memories(true),
                Accessor::Global => all(&instance.globals, Extern::Global),
                Accessor::Tag => all(&instance.tags, Extern::Tag),
            };
            if !found {
                entities.fill(None);
            }
            Space { accessor, entities }
        };
        Accessor::ALL.map(space).into()
    }
}

/// What accessors return that they must not, of every instance that was not asked yet, or not since the host
/// called back, and of which the subject has a handle.
pub(crate) fn check<E: Entities>(
    following: &Following,
    accesses: &mut Accesses,
    noted: &mut RuleSet,
    subject: &mut E,
) -> Vec<Difference> {
    let mut found = Vec::new();
    let called_back = following.machine.activations() > 1;
    for number in 0..following.program.known_instances() as u32 {
        let instance = InstanceAddr(number);
        let asked = &mut accesses.asked;
        if !asked.contains(&(number, called_back)) && subject.has_instance(instance) {
            asked.insert((number, called_back));
            for space in following.spaces(instance) {
                noted.note(RuleId::Access);
                accesses.check_space(subject, instance, &space, &mut found);
            }
        }
    }
    found
}

fn all<A: Copy>(addresses: &[A], kind: fn(A) -> Extern) -> Vec<Option<Extern>> {
    addresses.iter().map(|&addr| Some(kind(addr))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::address::{FuncAddr, GlobalAddr};

    const FIRST: Extern = Extern::Global(GlobalAddr(0));
    const SECOND: Extern = Extern::Global(GlobalAddr(1));

    fn handle(identity: u64) -> Accessed {
        Accessed::Handle(Denoted {
            identity: Some(Identity(identity)),
            index: None,
        })
    }

    fn indexed(index: u64) -> Accessed {
        Accessed::Handle(Denoted {
            identity: None,
            index: Some(Identity(index)),
        })
    }

    #[test]
    fn an_entity_and_its_identity_belong_together() {
        let mut accesses = Accesses::default();
        assert_eq!(accesses.fault(Accessor::Global, FIRST, handle(1)), None);
        assert_eq!(accesses.fault(Accessor::Global, FIRST, handle(1)), None);
        assert!(
            accesses
                .fault(Accessor::Global, SECOND, handle(1))
                .is_some()
        );
        assert!(accesses.fault(Accessor::Global, FIRST, handle(2)).is_some());
    }

    #[test]
    fn an_entity_and_its_index_belong_together() {
        let mut accesses = Accesses::default();
        let held = Denoted {
            identity: Some(Identity(9)),
            index: Some(Identity(1)),
        };
        accesses.hold(Accessor::Tag, held, FIRST);
        assert_eq!(accesses.fault(Accessor::Tag, FIRST, indexed(1)), None);
        assert!(accesses.fault(Accessor::Tag, FIRST, indexed(2)).is_some());
        assert!(accesses.fault(Accessor::Tag, SECOND, indexed(1)).is_some());
        assert_eq!(accesses.fault(Accessor::Tag, SECOND, indexed(9)), None);
    }

    #[test]
    fn identities_are_those_of_a_kind() {
        let mut accesses = Accesses::default();
        let func = Extern::Func(FuncAddr(0));
        assert_eq!(accesses.fault(Accessor::Global, FIRST, handle(1)), None);
        assert_eq!(accesses.fault(Accessor::Function, func, handle(1)), None);
    }

    #[test]
    fn a_function_may_have_several_identities_but_none_of_another_s() {
        let mut accesses = Accesses::default();
        let (first, second) = (Extern::Func(FuncAddr(0)), Extern::Func(FuncAddr(1)));
        assert_eq!(accesses.fault(Accessor::Function, first, handle(1)), None);
        assert_eq!(accesses.fault(Accessor::Function, first, handle(2)), None);
        assert!(
            accesses
                .fault(Accessor::Function, second, handle(2))
                .is_some()
        );
    }

    #[test]
    fn nothing_is_never_an_entity_and_a_handle_without_identity_may_be_any() {
        let mut accesses = Accesses::default();
        assert!(
            accesses
                .fault(Accessor::Tag, FIRST, Accessed::Nothing)
                .is_some()
        );
        assert_eq!(
            accesses.fault(Accessor::Tag, FIRST, Accessed::Handle(Denoted::default())),
            None
        );
    }
}
