//! A stack of which some frames are not looked at.

use crate::observe::{Boundary, Objects, Observation, Place, Walk, frame_of, objects_of};

/// An observation without the frames that a cause explains.
pub(crate) struct Skipping<'o, O> {
    observed: &'o mut O,
    /// Which frames are skipped, ascending, 0 the innermost.
    skipped: &'o [usize],
}

impl<'o, O> Skipping<'o, O> {
    pub(crate) fn new(observed: &'o mut O, skipped: &'o [usize]) -> Skipping<'o, O> {
        Skipping { observed, skipped }
    }
}

impl<O: Observation> Observation for Skipping<'_, O> {
    type Walk<'w>
        = SkippingWalk<'w, O::Walk<'w>>
    where
        Self: 'w;

    fn walk(&mut self) -> SkippingWalk<'_, O::Walk<'_>> {
        let mut walk = SkippingWalk {
            walk: self.observed.walk(),
            skipped: self.skipped,
            at: 0,
        };
        walk.skip(Boundary::Same);
        walk
    }
}

pub(crate) struct SkippingWalk<'s, W> {
    walk: W,
    skipped: &'s [usize],
    /// Which frame the walk is at.
    at: usize,
}

impl<W: Walk> SkippingWalk<'_, W> {
    /// Goes on to the next frame that is looked at; what was crossed on the way is one boundary.
    fn skip(&mut self, mut crossed: Boundary) -> Boundary {
        while !self.walk.done() && self.skipped.contains(&self.at) {
            self.at += 1;
            if self.walk.parent() == Boundary::Host {
                crossed = Boundary::Host;
            }
        }
        crossed
    }
}

impl<W: Walk> Objects for SkippingWalk<'_, W> {
    objects_of!(walk);
}

impl<W: Walk> Walk for SkippingWalk<'_, W> {
    fn done(&self) -> bool {
        self.walk.done()
    }

    fn place(&mut self) -> Place {
        self.walk.place()
    }

    frame_of!(walk);

    fn parent(&mut self) -> Boundary {
        self.at += 1;
        let crossed = self.walk.parent();
        self.skip(crossed)
    }
}
