//! A stack whose innermost frame must not be asked for its instance.

use crate::observe::{Boundary, Objects, Observation, Place, Walk};
use crate::seen::{Seen, SeenObject, SeenType};
use lockstep_oracles::address::{FuncIndex, Pc, TagAddr};

/// An observation of which the innermost frame's instance is taken for granted; its function and PC are
/// shown as they are.
pub(super) struct Unnamed<'o, O> {
    observed: &'o mut O,
    /// Where the innermost frame is expected.
    expected: Place,
    /// How many functions its module imports.
    imported: u32,
}

impl<'o, O> Unnamed<'o, O> {
    pub(super) fn new(observed: &'o mut O, expected: Place, imported: u32) -> Unnamed<'o, O> {
        Unnamed {
            observed,
            expected,
            imported,
        }
    }
}

impl<O: Observation> Observation for Unnamed<'_, O> {
    type Walk<'w>
        = UnnamedWalk<O::Walk<'w>>
    where
        Self: 'w;

    fn walk(&mut self) -> UnnamedWalk<O::Walk<'_>> {
        UnnamedWalk {
            walk: self.observed.walk(),
            innermost: Some((self.expected, self.imported)),
        }
    }
}

pub(super) struct UnnamedWalk<W> {
    walk: W,
    /// Until the first frame is left: where it is expected, and its module's imported functions.
    innermost: Option<(Place, u32)>,
}

impl<W: Walk> Objects for UnnamedWalk<W> {
    fn len(&mut self, object: SeenObject) -> u32 {
        self.walk.len(object)
    }

    fn field(&mut self, object: SeenObject, index: u32) -> Seen {
        self.walk.field(object, index)
    }

    fn tag(&mut self, object: SeenObject) -> Option<TagAddr> {
        self.walk.tag(object)
    }

    fn definition(&mut self, ty: u32) -> Option<SeenType> {
        self.walk.definition(ty)
    }
}

impl<W: Walk> Walk for UnnamedWalk<W> {
    fn done(&self) -> bool {
        self.walk.done()
    }

    fn place(&mut self) -> Place {
        let Some((expected, imported)) = self.innermost else {
            return self.walk.place();
        };
        let code = self.walk.code();
        Place {
            func: code.map(|(defined, _)| FuncIndex(imported + defined)),
            pc: code.map_or(Pc(0), |(_, pc)| pc),
            ..expected
        }
    }

    fn code(&mut self) -> Option<(u32, Pc)> {
        self.walk.code()
    }

    fn num_locals(&mut self) -> u32 {
        self.walk.num_locals()
    }

    fn num_operands(&mut self) -> u32 {
        self.walk.num_operands()
    }

    fn local(&mut self, index: u32) -> Seen {
        self.walk.local(index)
    }

    fn operand(&mut self, index: u32) -> Seen {
        self.walk.operand(index)
    }

    fn parent(&mut self) -> Boundary {
        self.innermost = None;
        self.walk.parent()
    }
}
