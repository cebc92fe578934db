//! What checkers keep from one observation to the next, and how a value is compared with it.
//!
//! A comparison is given where the subject must be; it answers with what differs, and reports nothing.

use super::budget::Budget;
use super::daring::Daring;
use super::entity_looks::EntityLooks;
use super::fault::{Depth, Fault, Scope};
use super::nans::OpenNans;
use super::precedents::Precedents;
use super::references::{NoObjects, References};
use super::registers::Registers;
use super::taint::Taint;
use crate::causes::Cause;
use crate::lockstep::following::Following;
use crate::lockstep::following::setting::DriverConfig;
use crate::lockstep::following::setting::Setting;
use crate::seen::Seen;
use lockstep_oracles::machine::Segments;
use lockstep_oracles::value::Value;

/// What an observation is compared with, beside what the oracle holds.
pub(crate) struct Comparison {
    /// Which of the subject's objects is which of the oracle's.
    pub(crate) references: References,
    /// What the subject showed first where it may choose.
    pub(crate) precedents: Precedents,
    /// NaNs that the specification leaves open.
    pub(crate) nans: OpenNans,
    /// Values that events changed.
    pub(crate) registers: Registers,
    /// At which events entities are compared.
    pub(crate) entity_looks: EntityLooks,
    /// What an exhaustion left to the engine.
    pub(crate) taint: Taint,
    /// What is done on purpose although a cause forbids it.
    pub(crate) daring: Daring,
    /// What the case may cost.
    pub(crate) budget: Budget,
}

impl Comparison {
    /// Nothing is compared yet.
    pub(crate) fn new(config: &DriverConfig, setting: &Setting) -> Comparison {
        let segments = match setting.cause(Cause::SegmentObjects) {
            Some(_) => Segments::Made,
            None => Segments::Kept,
        };
        Comparison {
            references: References::new(setting.moves_objects(), segments),
            precedents: Precedents::default(),
            nans: OpenNans::new(&config.configuration),
            registers: Registers::new(setting.changed_by()),
            entity_looks: EntityLooks::default(),
            taint: Taint::default(),
            daring: Daring::default(),
            budget: Budget::new(config.frames, config.max_events),
        }
    }

    /// Whether two lists of values are the same, bit for bit; of objects nothing is read.
    pub(crate) fn values_agree(
        &mut self,
        following: &Following,
        expected: &[Value],
        seen: &[Seen],
    ) -> bool {
        expected.len() == seen.len()
            && expected
                .iter()
                .zip(seen)
                .all(|(&value, &seen)| self.value_agrees(following, value, seen))
    }

    /// Whether two values of the store's scope are the same.
    pub(crate) fn value_agrees(&mut self, following: &Following, value: Value, seen: Seen) -> bool {
        self.value_fault(following, value, seen).is_none()
    }

    /// How two values of the store's scope differ, if they do.
    pub(crate) fn value_fault(
        &mut self,
        following: &Following,
        value: Value,
        seen: Seen,
    ) -> Option<Fault> {
        if seen.is(value.ty(), value.cell()) {
            return None;
        }
        let Value::Ref(expected, ty) = value else {
            return Some(Fault::Value);
        };
        let machine = &following.machine;
        let typed = (Scope::Store(machine.store.types()), ty);
        let checked = self.references.check(
            machine,
            typed,
            expected,
            seen,
            &mut NoObjects,
            Depth::Reference,
        );
        checked.err()
    }

    /// The subject is looked at again. What it showed without events is no longer binding: what no
    /// frame shows may have been freed.
    pub(crate) fn look(&mut self, following: &Following) {
        self.references.look();
        if !following.has_events() {
            self.references.forget();
        }
    }
}
