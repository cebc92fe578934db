//! A stack copied out of a subject: for reports, traces and faulty observations, never the hot path.

use crate::observe::{Boundary, Limited, Objects, Observation, Place, Walk};
use crate::seen::{ObjectKind, Seen, SeenComposite, SeenObject, SeenStorage, SeenType};
use lockstep_oracles::address::{Pc, TagAddr};
use std::collections::BTreeMap;

/// One frame, copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameCopy {
    /// Where it is.
    pub place: Place,
    /// Its function among those that its module defines, and its PC, as they are shown without a look at
    /// its instance.
    pub code: Option<(u32, Pc)>,
    /// Its locals; `None` where reading would crash the process.
    pub locals: Vec<Option<Seen>>,
    /// Its operands, bottom first; `None` where reading would crash the process.
    pub operands: Vec<Option<Seen>>,
    /// What lies between it and its caller.
    pub boundary: Boundary,
}

/// An object, copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectCopy {
    /// Its fields, elements or payload values.
    pub fields: Vec<Seen>,
    /// An exception's tag.
    pub tag: Option<TagAddr>,
}

/// A stack, copied, innermost frame first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The frames.
    pub frames: Vec<FrameCopy>,
    /// The objects that they refer to, and those in these, by slot.
    pub objects: BTreeMap<u32, ObjectCopy>,
    /// The types of the objects, and those that these mention, by number.
    pub types: BTreeMap<u32, SeenType>,
}

/// References from a frame to an object that is copied.
const OBJECT_DEPTH: u32 = 2;
/// Fields, elements or payload values of an object that is copied; larger ones are not.
const LARGEST_OBJECT: u32 = 1 << 17;

/// Which slots of a frame may be read.
pub trait Readable {
    /// Whether the local of the n-th frame may be read.
    fn local(&self, frame: usize, place: Place, index: u32) -> bool;
    /// Whether the operand of the n-th frame may be read, when the subject shows `count` operands.
    fn operand(&self, frame: usize, place: Place, count: u32, index: u32) -> bool;
}

impl Snapshot {
    /// Copies at most `limit` frames, reading only what may be read.
    pub fn take<O: Observation>(
        observed: &mut O,
        limit: usize,
        readable: &impl Readable,
    ) -> Snapshot {
        if limit == 0 {
            // Nothing may be looked at, not even whether there is a frame.
            return Snapshot::default();
        }
        let mut walk = Limited::new(observed.walk(), limit);
        let mut frames: Vec<FrameCopy> = Vec::new();
        let mut copy = Snapshot::default();
        while !walk.done() {
            let place = walk.place();
            let code = walk.code();
            let locals: Vec<Option<Seen>> = (0..walk.num_locals())
                .map(|i| {
                    readable
                        .local(frames.len(), place, i)
                        .then(|| walk.local(i))
                })
                .collect();
            let count = walk.num_operands();
            let operands: Vec<Option<Seen>> = (0..count)
                .map(|i| {
                    readable
                        .operand(frames.len(), place, count, i)
                        .then(|| walk.operand(i))
                })
                .collect();
            for seen in locals.iter().chain(&operands).flatten() {
                copy.keep(&mut walk, *seen, OBJECT_DEPTH);
            }
            let boundary = walk.parent();
            frames.push(FrameCopy {
                place,
                code,
                locals,
                operands,
                boundary,
            });
        }
        copy.frames = frames;
        copy
    }

    /// Copies an object, and those in it.
    fn keep<W: Walk>(&mut self, walk: &mut W, seen: Seen, depth: u32) {
        let Some(object) = seen.object() else { return };
        if depth == 0 || self.objects.contains_key(&object.slot) {
            return;
        }
        if object.kind != ObjectKind::Exn {
            self.keep_type(walk, object.ty);
        }
        let count = walk.len(object);
        if count > LARGEST_OBJECT {
            return;
        }
        let fields: Vec<Seen> = (0..count).map(|index| walk.field(object, index)).collect();
        let tag = walk.tag(object);
        let copied = ObjectCopy {
            fields: fields.clone(),
            tag,
        };
        self.objects.insert(object.slot, copied);
        for field in fields {
            self.keep(walk, field, depth - 1);
        }
    }

    fn keep_type<W: Walk>(&mut self, walk: &mut W, number: u32) {
        if self.types.contains_key(&number) {
            return;
        }
        let Some(ty) = walk.definition(number) else {
            return;
        };
        self.types.insert(number, ty.clone());
        let mut mentioned: Vec<u32> = ty.supertype.into_iter().collect();
        let storages: Vec<SeenStorage> = match ty.composite {
            SeenComposite::Func { params, results } => params.into_iter().chain(results).collect(),
            SeenComposite::Struct(fields) => fields.into_iter().map(|(_, ty)| ty).collect(),
            SeenComposite::Array(_, element) => vec![element],
        };
        mentioned.extend(storages.into_iter().filter_map(|storage| match storage {
            SeenStorage::Concrete { ty, .. } => Some(ty),
            _ => None,
        }));
        for number in mentioned {
            self.keep_type(walk, number);
        }
    }

    /// The places of at most `limit` frames, innermost first.
    pub fn places<O: Observation>(observed: &mut O, limit: usize) -> Vec<Place> {
        if limit == 0 {
            return Vec::new();
        }
        let mut walk = Limited::new(observed.walk(), limit);
        let mut places = Vec::new();
        while !walk.done() {
            places.push(walk.place());
            walk.parent();
        }
        places
    }
}

impl Observation for Snapshot {
    type Walk<'a> = SnapshotWalk<'a>;

    fn walk(&mut self) -> SnapshotWalk<'_> {
        SnapshotWalk {
            frames: &self.frames,
            objects: &self.objects,
            types: &self.types,
        }
    }
}

/// A walk over a [`Snapshot`].
#[derive(Debug)]
pub struct SnapshotWalk<'a> {
    frames: &'a [FrameCopy],
    objects: &'a BTreeMap<u32, ObjectCopy>,
    types: &'a BTreeMap<u32, SeenType>,
}

impl Objects for SnapshotWalk<'_> {
    fn len(&mut self, object: SeenObject) -> u32 {
        let copy = self.objects.get(&object.slot);
        copy.map_or(0, |copy| copy.fields.len() as u32)
    }

    fn field(&mut self, object: SeenObject, index: u32) -> Seen {
        let copy = self.objects.get(&object.slot);
        let field = copy.and_then(|copy| copy.fields.get(index as usize));
        field.copied().unwrap_or(Seen::Unmodelled)
    }

    fn tag(&mut self, object: SeenObject) -> Option<TagAddr> {
        self.objects.get(&object.slot)?.tag
    }

    fn definition(&mut self, ty: u32) -> Option<SeenType> {
        self.types.get(&ty).cloned()
    }
}

impl Walk for SnapshotWalk<'_> {
    fn done(&self) -> bool {
        self.frames.is_empty()
    }

    fn place(&mut self) -> Place {
        self.frames[0].place
    }

    fn code(&mut self) -> Option<(u32, Pc)> {
        self.frames[0].code
    }

    fn num_locals(&mut self) -> u32 {
        self.frames[0].locals.len() as u32
    }

    fn num_operands(&mut self) -> u32 {
        self.frames[0].operands.len() as u32
    }

    fn local(&mut self, index: u32) -> Seen {
        self.frames[0].locals[index as usize].unwrap_or(Seen::Unmodelled)
    }

    fn operand(&mut self, index: u32) -> Seen {
        self.frames[0].operands[index as usize].unwrap_or(Seen::Unmodelled)
    }

    fn parent(&mut self) -> Boundary {
        let boundary = self.frames[0].boundary;
        self.frames = &self.frames[1..];
        boundary
    }
}
