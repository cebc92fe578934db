//! A stack copied out of a subject: for reports, traces and faulty observations, never the hot path.

use crate::observe::{Boundary, Limited, Observation, Place, Walk};
use crate::seen::Seen;

/// One frame, copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameCopy {
    /// Where it is.
    pub place: Place,
    /// Its locals; `None` where reading would crash the process.
    pub locals: Vec<Option<Seen>>,
    /// Its operands, bottom first; `None` where reading would crash the process.
    pub operands: Vec<Option<Seen>>,
    /// What lies between it and its caller.
    pub boundary: Boundary,
}

/// A stack, copied, innermost frame first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The frames.
    pub frames: Vec<FrameCopy>,
}

/// Which slots of a frame may be read.
pub trait Readable {
    /// Whether the local may be read.
    fn local(&self, place: Place, index: u32) -> bool;
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
        let mut frames = Vec::new();
        while !walk.done() {
            let place = walk.place();
            let locals = (0..walk.num_locals())
                .map(|i| readable.local(place, i).then(|| walk.local(i)))
                .collect();
            let count = walk.num_operands();
            let operands = (0..count)
                .map(|i| {
                    readable
                        .operand(frames.len(), place, count, i)
                        .then(|| walk.operand(i))
                })
                .collect();
            let boundary = walk.parent();
            frames.push(FrameCopy {
                place,
                locals,
                operands,
                boundary,
            });
        }
        Snapshot { frames }
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
        }
    }
}

/// A walk over a [`Snapshot`].
#[derive(Debug)]
pub struct SnapshotWalk<'a> {
    frames: &'a [FrameCopy],
}

impl Walk for SnapshotWalk<'_> {
    fn done(&self) -> bool {
        self.frames.is_empty()
    }

    fn place(&mut self) -> Place {
        self.frames[0].place
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
