//! A stack whose innermost frame must not be asked for its instance.

use crate::observe::{Boundary, Objects, Observation, Place, Walk, frame_of, objects_of};
use lockstep_oracles::address::{FuncIndex, Pc};

/// An observation of which the innermost frame's instance is taken for granted; its function and PC are
/// shown as they are.
pub(crate) struct Unnamed<'o, O> {
    observed: &'o mut O,
    /// Where the innermost frame is expected.
    expected: Place,
    /// How many functions its module imports.
    imported: u32,
}

impl<'o, O> Unnamed<'o, O> {
    pub(crate) fn new(observed: &'o mut O, expected: Place, imported: u32) -> Unnamed<'o, O> {
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

pub(crate) struct UnnamedWalk<W> {
    walk: W,
    /// Until the first frame is left: where it is expected, and its module's imported functions.
    innermost: Option<(Place, u32)>,
}

impl<W: Walk> Objects for UnnamedWalk<W> {
    objects_of!(walk);
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

    frame_of!(walk);

    fn parent(&mut self) -> Boundary {
        self.innermost = None;
        self.walk.parent()
    }
}
