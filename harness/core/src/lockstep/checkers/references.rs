//! References to objects: which of the subject's objects is which of the oracle's, and whether it
//! shows what that one holds.
//!
//! A key of the subject's is an identity for as long as no object moves and none is freed. A binding
//! of an object that the program can no longer reach says nothing: its place may be another's. What a
//! handle holds has a place of its own, wherever that is.

use super::fault::{Depth, Fault, Scope};
use super::handles::{Handles, Kept};
use super::types::TypePairs;
use crate::causes::pulley_registers::is_changed;
use crate::observe::Objects;
use crate::seen::{ObjectKind, Seen, SeenFunc, SeenObject, SeenRef, SeenType};
use lockstep_oracles::address::{ExnAddr, InstanceAddr, ObjectAddr, TagAddr};
use lockstep_oracles::machine::{Machine, Segments};
use lockstep_oracles::store::FuncInst;
use lockstep_oracles::types::{CompositeType, Hierarchy, StorageType};
use lockstep_oracles::value::{Cell, Ref};
use lockstep_oracles::{RefType, ValType};
use std::collections::{HashMap, HashSet};

/// An object of the oracle's heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    Object(ObjectAddr),
    Exception(ExnAddr),
}

impl Identity {
    /// Whether its address is even: so it is for every other object.
    pub(crate) fn is_even(self) -> bool {
        match self {
            Identity::Object(addr) => addr.0 % 2 == 0,
            Identity::Exception(addr) => addr.0 % 2 == 0,
        }
    }

    /// The address of a structure or array.
    pub(crate) fn object(self) -> Option<ObjectAddr> {
        match self {
            Identity::Object(addr) => Some(addr),
            Identity::Exception(_) => None,
        }
    }

    /// The oracle's reference to it.
    pub(crate) fn reference(self, machine: &Machine) -> Ref {
        match self {
            Identity::Object(addr) => {
                let ty = machine.store.heap().object(addr).ty;
                match machine.store.types().get(ty).composite {
                    CompositeType::Array(_) => Ref::Array(addr),
                    CompositeType::Struct(_) | CompositeType::Func(_) => Ref::Struct(addr),
                }
            }
            Identity::Exception(addr) => Ref::Exn(addr),
        }
    }
}

/// Fields, elements or payload values that are compared of one object: the first ones, the last, and of those between
/// one of so many, other ones each time.
const BREADTH: u32 = 64;
const SAMPLES: u32 = 16;

/// Which of the subject's objects is which of the oracle's.
#[derive(Debug, Default)]
pub struct References {
    /// Whether the collector moves objects, whenever it likes: keys mean something within one look only.
    moving: bool,
    /// Whether what an element segment holds is an object of its own.
    segments: Segments,
    /// Whether the subject may know no handle of a tag or function: that of an instance that is being
    /// made, or whose making failed.
    pub unbound: bool,
    /// The instance that is being made: the subject knows its functions once a frame of it was shown.
    pub(crate) making: Option<InstanceAddr>,
    keys: HashMap<Identity, u64>,
    identities: HashMap<u64, Identity>,
    /// Objects that the subject keeps handles to.
    pub(crate) handles: Handles,
    types: TypePairs,
    /// From which element on those in the middle of long arrays are compared next.
    turn: u32,
    /// Objects whose content was compared in this look.
    looked: HashSet<Identity>,
    /// The object that was found to be another one, last, and the one whose place it was shown at.
    mistaken: [Option<Identity>; 2],
    /// Floats and vectors in objects that events may have changed.
    pub(crate) changed_fields: ChangedFields,
    /// The array that an interrupted opcode is at work on.
    unfinished: Option<Identity>,
    /// Whether an object was compared.
    pub(crate) have_objects: bool,
    /// Whether what an object holds was.
    pub(crate) have_contents: bool,
}

/// Floats and vectors that the program put into objects after an event may have changed them (ledger:
/// `PULLEY-VECTORS`).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ChangedFields {
    /// Whether there may be any.
    pub(crate) may_be: bool,
    /// How many were shown since that was asked last.
    pub(crate) shown: u64,
}

impl ChangedFields {
    /// Whether a field of this type may show another value than the oracle's.
    fn explain(&mut self, ty: ValType, seen: Seen) -> bool {
        let explained = self.may_be && is_changed(ty) && seen.has_type(ty);
        self.shown += u64::from(explained);
        explained
    }
}

impl References {
    /// None known yet; `moving` says whether the collector moves objects.
    pub fn new(moving: bool, segments: Segments) -> References {
        References {
            moving,
            segments,
            ..References::default()
        }
    }

    /// The subject shows something at a new moment: contents may have changed since the last.
    #[inline]
    pub fn look(&mut self) {
        if !self.looked.is_empty() {
            self.looked.clear();
        }
        if self.moving {
            self.forget();
            self.bind_handles();
        }
    }

    /// What an array holds is not compared while an opcode that was interrupted is at work on it: how far it has
    /// come is the subject's own.
    pub(crate) fn leave_open(&mut self, array: Option<ObjectAddr>) {
        self.unfinished = array.map(Identity::Object);
    }

    /// Contents that were compared in this look are to be compared again.
    pub(crate) fn read_again(&mut self) {
        self.looked.clear();
    }

    /// Whether the collector moves objects.
    #[inline]
    pub(crate) fn is_moving(&self) -> bool {
        self.moving
    }

    /// What a handle holds is the object that it was made for, wherever it is now. Of two objects at one
    /// place the second stays unbound, and is another wherever it is shown.
    #[inline]
    fn bind_handles(&mut self) {
        for &Kept { identity, key } in self.handles.kept() {
            if !self.identities.contains_key(&key) {
                self.keys.insert(identity, key);
                self.identities.insert(key, identity);
            }
        }
    }

    /// Keys no longer mean what they meant: objects moved, or may have been freed unseen.
    pub fn forget(&mut self) {
        if !self.keys.is_empty() {
            self.keys.clear();
            self.identities.clear();
        }
    }

    /// Whether `seen` is the reference `expected`, whose static type is `ty`.
    ///
    /// # Errors
    ///
    /// The first difference, from the outside in.
    pub fn check<O: Objects>(
        &mut self,
        machine: &Machine,
        (scope, ty): (Scope<'_>, RefType),
        expected: Ref,
        seen: Seen,
        objects: &mut O,
        depth: Depth,
    ) -> Result<(), Fault> {
        let hierarchy = scope.hierarchy(ty.heap_type());
        let converted = match (hierarchy, seen.hierarchy()) {
            (Some(a), Some(b)) if a == b => false,
            (Some(Hierarchy::Any), Some(Hierarchy::Extern))
            | (Some(Hierarchy::Extern), Some(Hierarchy::Any)) => true,
            // It is a reference, and what it denotes is of no sort that its hierarchy has.
            (Some(_), None) if seen == Seen::Unmodelled => return Err(Fault::Kind),
            _ => return Err(Fault::StaticType),
        };
        match self.check_referent(machine, expected, seen, objects, depth) {
            checked if !converted => checked,
            Ok(()) => Err(Fault::Converted),
            // Which object it denotes says more than the type it is shown with.
            Err(fault) if seen.object().is_some() => Err(fault),
            Err(_) => Err(Fault::StaticType),
        }
    }

    /// The same for a reference of any static type.
    pub(crate) fn check_referent<O: Objects>(
        &mut self,
        machine: &Machine,
        expected: Ref,
        seen: Seen,
        objects: &mut O,
        depth: Depth,
    ) -> Result<(), Fault> {
        if seen.refers_to(expected) || self.is_of_making(machine, expected, seen) {
            return Ok(());
        }
        let shown = match seen {
            Seen::Ref(_, shown) => shown,
            Seen::Extern(None) => SeenRef::Null,
            Seen::Extern(Some(external)) => SeenRef::Extern(external),
            _ => return Err(Fault::Value),
        };
        let is_plain = |r: Ref| matches!(r, Ref::Null | Ref::Extern(_));
        if is_plain(expected) && matches!(seen, Seen::Extern(_)) {
            return Err(Fault::Value);
        }
        let identity = match (expected, shown) {
            (Ref::Null, _) | (_, SeenRef::Null) => return Err(Fault::Null),
            (Ref::I31(_), SeenRef::I31(_)) | (Ref::Extern(_), SeenRef::Extern(_)) => {
                return Err(Fault::Value);
            }
            (Ref::Struct(addr), SeenRef::Object(o)) if o.kind == ObjectKind::Struct => {
                (Identity::Object(addr), o)
            }
            (Ref::Array(addr), SeenRef::Object(o)) if o.kind == ObjectKind::Array => {
                (Identity::Object(addr), o)
            }
            (Ref::Exn(addr), SeenRef::Object(o)) if o.kind == ObjectKind::Exn => {
                (Identity::Exception(addr), o)
            }
            _ => return Err(Fault::Kind),
        };
        let (identity, object) = identity;
        self.check_object(machine, identity, object, objects, depth)
    }

    /// Whether it is a function that the subject cannot tell, and has to be one of the instance that is being
    /// made.
    fn is_of_making(&self, machine: &Machine, expected: Ref, seen: Seen) -> bool {
        let (Seen::Func(SeenFunc::Unknown(_)), Ref::Func(func)) = (seen, expected) else {
            return false;
        };
        match machine.store.func(func) {
            FuncInst::Wasm { instance, .. } => self.making == Some(*instance),
            FuncInst::Host { .. } => false,
        }
    }

    fn check_object<O: Objects>(
        &mut self,
        machine: &Machine,
        identity: Identity,
        object: SeenObject,
        objects: &mut O,
        depth: Depth,
    ) -> Result<(), Fault> {
        self.have_objects = true;
        let agrees = match identity {
            Identity::Object(addr) => {
                let id = machine.store.heap().object(addr).ty;
                let types = machine.store.types();
                self.types.are_one(types, id, object.ty, objects)
            }
            Identity::Exception(addr) => {
                let tag = machine.store.heap().exception(addr).tag;
                depth == Depth::Reference
                    || match objects.tag(object) {
                        Some(shown) => shown == tag,
                        None => self.unbound,
                    }
            }
        };
        if !agrees {
            return Err(Fault::Type);
        }
        if !self.is_bound(machine, identity, object.key) {
            let there = self.identities.get(&object.key).copied();
            self.mistaken = [Some(identity), there];
            return Err(Fault::Identity);
        }
        if let Depth::Content(left @ 1..) = depth
            && self.unfinished != Some(identity)
            && self.looked.insert(identity)
        {
            self.check_content(machine, identity, object, objects, left - 1)?;
        }
        self.handles.offer(identity, object);
        Ok(())
    }

    /// Whether the object has this key and no other has it; binds them if neither is bound.
    fn is_bound(&mut self, machine: &Machine, identity: Identity, key: u64) -> bool {
        match self.keys.get(&identity) {
            Some(&bound) if bound == key => return true,
            Some(_) => return false,
            None => {}
        }
        if self.identities.contains_key(&key) {
            self.forget_unreachable(machine);
            if self.identities.contains_key(&key) {
                return false;
            }
        }
        self.keys.insert(identity, key);
        self.identities.insert(key, identity);
        true
    }

    /// The structures and arrays of the last mistake: the one that was found to be another, and the one
    /// at whose place it was shown.
    pub fn mistaken_objects(&self) -> impl Iterator<Item = ObjectAddr> {
        let objects = self.mistaken.into_iter().flatten();
        objects.filter_map(Identity::object)
    }

    /// What neither the program can reach nor a handle holds may have been freed, and its place used
    /// again.
    fn forget_unreachable(&mut self, machine: &Machine) {
        let reachable = machine.reachable(self.segments);
        let handles = &self.handles;
        self.keys.retain(|&identity, _| {
            handles.hold(identity)
                || match identity {
                    Identity::Object(addr) => reachable.object(addr),
                    Identity::Exception(addr) => reachable.exception(addr),
                }
        });
        let keys = &self.keys;
        self.identities
            .retain(|_, identity| keys.contains_key(identity));
    }

    fn check_content<O: Objects>(
        &mut self,
        machine: &Machine,
        identity: Identity,
        object: SeenObject,
        objects: &mut O,
        left: u32,
    ) -> Result<(), Fault> {
        self.have_contents = true;
        let types = machine.store.types();
        let stored = match identity {
            Identity::Object(addr) => &machine.store.heap().object(addr).fields,
            Identity::Exception(addr) => &machine.store.heap().exception(addr).fields,
        };
        if objects.len(object) as usize != stored.len() {
            return Err(Fault::Content);
        }
        let count = stored.len() as u32;
        let last = count.saturating_sub(1).max(BREADTH.min(count));
        let between = (last - BREADTH.min(count)).max(1);
        let step = between.div_ceil(SAMPLES) as usize;
        self.turn = self.turn.wrapping_add(1);
        let first = BREADTH.min(count) + self.turn % step as u32;
        let samples = (first..last).step_by(step);
        for index in (0..count.min(BREADTH)).chain(samples).chain(last..count) {
            let ty = match identity {
                Identity::Object(addr) => {
                    let ty = machine.store.heap().object(addr).ty;
                    match &types.get(ty).composite {
                        CompositeType::Struct(fields) => fields[index as usize].element_type,
                        CompositeType::Array(element) => element.element_type,
                        CompositeType::Func(_) => return Err(Fault::Content),
                    }
                }
                Identity::Exception(addr) => {
                    let tag = machine.store.heap().exception(addr).tag;
                    StorageType::Val(machine.store.tag_type(tag).params[index as usize])
                }
            };
            let seen = objects.field(object, index);
            let cell = stored[index as usize];
            self.check_field(machine, ty, cell, seen, objects, left)?;
        }
        Ok(())
    }

    fn check_field<O: Objects>(
        &mut self,
        machine: &Machine,
        ty: StorageType,
        cell: Cell,
        seen: Seen,
        objects: &mut O,
        left: u32,
    ) -> Result<(), Fault> {
        if let (true, Seen::Func(SeenFunc::Unknown(_))) = (self.unbound, seen) {
            return match Ref::from_cell(cell) {
                Ref::Func(_) => Ok(()),
                _ => Err(Fault::Content),
            };
        }
        let agrees = match ty {
            // "`i8` and `i16` field values are zero-extended" (StructRef::field, ArrayRef::get).
            StorageType::I8 | StorageType::I16 => matches!(seen, Seen::I32(v) if v == cell.u32()),
            StorageType::Val(ValType::Ref(ty)) => {
                let typed = (Scope::Store(machine.store.types()), ty);
                let expected = Ref::from_cell(cell);
                let depth = Depth::Content(left);
                match self.check(machine, typed, expected, seen, objects, depth) {
                    Err(Fault::Type | Fault::TypeWithin) => return Err(Fault::TypeWithin),
                    Err(Fault::Identity | Fault::IdentityWithin) => {
                        return Err(Fault::IdentityWithin);
                    }
                    checked => checked.is_ok(),
                }
            }
            StorageType::Val(ty) => seen.is(ty, cell) || self.changed_fields.explain(ty, seen),
        };
        if agrees { Ok(()) } else { Err(Fault::Content) }
    }

    /// A value that the subject shows, objects by the oracle's addresses where they are known.
    pub fn describe(&self, seen: Seen) -> String {
        let Some(object) = seen.object() else {
            return seen.to_string();
        };
        let kind = object.kind.name();
        match self.identities.get(&object.key) {
            Some(Identity::Object(addr)) => format!("{kind}:{addr}"),
            Some(Identity::Exception(addr)) => format!("{kind}:{addr}"),
            None => format!("{kind}:unknown"),
        }
    }
}

/// Where the subject shows no objects.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObjects;

impl Objects for NoObjects {
    fn len(&mut self, _: SeenObject) -> u32 {
        0
    }

    fn field(&mut self, _: SeenObject, _: u32) -> Seen {
        Seen::Unmodelled
    }

    fn tag(&mut self, _: SeenObject) -> Option<TagAddr> {
        None
    }

    fn definition(&mut self, _: u32) -> Option<SeenType> {
        None
    }
}
