//! What an exhaustion of stack, heap or fuel left to the engine: how far the program came is this
//! execution's own, and so is what it changed by then.

use super::entities::Entity;
use std::collections::BTreeSet;

/// What is the engine's choice from here on, because an exhaustion left it so.
#[derive(Debug, Default)]
pub(crate) struct Taint {
    /// Whether an invocation used up stack, heap or fuel, one that a host function made included.
    exhausted: bool,
    /// Entities that differ, and were not taken over.
    entities: BTreeSet<Entity>,
    /// Whether there may be more that differs, which nothing shows.
    hidden: bool,
}

impl Taint {
    /// An invocation ended with an exhaustion.
    pub(crate) fn note_exhaustion(&mut self) {
        self.exhausted = true;
    }

    /// Whether this entity is no longer compared.
    pub(crate) fn has(&self, entity: Entity) -> bool {
        self.entities.contains(&entity)
    }

    /// This entity is no longer compared.
    pub(crate) fn add(&mut self, entity: Entity) {
        self.entities.insert(entity);
    }

    /// More may differ than any entity shows.
    pub(crate) fn add_hidden(&mut self, hidden: bool) {
        self.hidden |= hidden;
    }

    /// Whether an invocation used up stack, heap or fuel, one that a host function made included: how far it
    /// came is this execution's own.
    pub(crate) fn was_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Whether an exhaustion left entities that are no longer compared.
    pub(crate) fn is_tainted(&self) -> bool {
        !self.entities.is_empty() || self.hidden
    }
}
