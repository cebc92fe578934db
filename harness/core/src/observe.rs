//! What a subject shows at a debug event, as the checkers see it: no engine's types.

use crate::seen::{Seen, SeenObject, SeenType};
use lockstep_oracles::address::{FuncIndex, InstanceAddr, Pc, TagAddr};

/// The stack as the subject shows it at one event. Walking it twice shows the same.
pub trait Observation {
    /// One walk over the frames, innermost first.
    type Walk<'a>: Walk
    where
        Self: 'a;

    /// Starts a walk at the innermost frame.
    fn walk(&mut self) -> Self::Walk<'_>;
}

/// What is inside the objects that a look at the subject showed.
pub trait Objects {
    /// How many fields, elements or payload values it has.
    fn len(&mut self, object: SeenObject) -> u32;

    /// A field, element or payload value, `index` below [`Objects::len`]; a packed one is an `i32`,
    /// zero-extended.
    fn field(&mut self, object: SeenObject, index: u32) -> Seen;

    /// The tag of an exception, or `None` if the case holds none such.
    fn tag(&mut self, object: SeenObject) -> Option<TagAddr>;

    /// The type of that number.
    fn definition(&mut self, ty: u32) -> Option<SeenType>;
}

/// A walk over frames, innermost first.
pub trait Walk: Objects {
    /// Whether the walk has passed the outermost frame.
    fn done(&self) -> bool;

    /// Where the current frame is. Not to be called when [`Walk::done`].
    fn place(&mut self) -> Place;

    /// The current frame's function, by its index among those that its module defines, and PC, without a
    /// look at its instance. `None` if the subject shows no Wasm function here.
    fn code(&mut self) -> Option<(u32, Pc)>;

    /// How many locals the subject shows.
    fn num_locals(&mut self) -> u32;

    /// How many operands the subject shows.
    fn num_operands(&mut self) -> u32;

    /// Reads a local, `index < num_locals()`.
    fn local(&mut self, index: u32) -> Seen;

    /// Reads an operand, index 0 at the bottom of the stack, `index < num_operands()`.
    fn operand(&mut self, index: u32) -> Seen;

    /// Moves to the caller; whether host frames were crossed on the way.
    fn parent(&mut self) -> Boundary;
}

/// The methods of [`Objects`], asked of a field.
macro_rules! objects_of {
    ($field:ident) => {
        fn len(&mut self, object: $crate::seen::SeenObject) -> u32 {
            self.$field.len(object)
        }

        fn field(&mut self, object: $crate::seen::SeenObject, index: u32) -> $crate::seen::Seen {
            self.$field.field(object, index)
        }

        fn tag(
            &mut self,
            object: $crate::seen::SeenObject,
        ) -> Option<lockstep_oracles::address::TagAddr> {
            self.$field.tag(object)
        }

        fn definition(&mut self, ty: u32) -> Option<$crate::seen::SeenType> {
            self.$field.definition(ty)
        }
    };
}
pub(crate) use objects_of;

/// The methods of [`Walk`] about the current frame but its place, asked of the walk in a field.
macro_rules! frame_of {
    ($field:ident) => {
        fn code(&mut self) -> Option<(u32, lockstep_oracles::address::Pc)> {
            self.$field.code()
        }

        #[inline]
        fn num_locals(&mut self) -> u32 {
            self.$field.num_locals()
        }

        #[inline]
        fn num_operands(&mut self) -> u32 {
            self.$field.num_operands()
        }

        #[inline(always)]
        fn local(&mut self, index: u32) -> $crate::seen::Seen {
            self.$field.local(index)
        }

        #[inline(always)]
        fn operand(&mut self, index: u32) -> $crate::seen::Seen {
            self.$field.operand(index)
        }
    };
}
pub(crate) use frame_of;

/// A walk that ends behind so many frames, whatever is there.
#[derive(Debug)]
pub struct Limited<W> {
    walk: W,
    left: usize,
}

impl<W: Walk> Limited<W> {
    /// At most `frames` frames of `walk`.
    #[inline]
    pub fn new(walk: W, frames: usize) -> Limited<W> {
        Limited { walk, left: frames }
    }
}

impl<W: Walk> Objects for Limited<W> {
    objects_of!(walk);
}

impl<W: Walk> Walk for Limited<W> {
    #[inline]
    fn done(&self) -> bool {
        self.left == 0 || self.walk.done()
    }

    #[inline(always)]
    fn place(&mut self) -> Place {
        self.walk.place()
    }

    frame_of!(walk);

    #[inline]
    fn parent(&mut self) -> Boundary {
        self.left = self.left.saturating_sub(1);
        match self.left {
            0 => Boundary::Host,
            _ => self.walk.parent(),
        }
    }
}

/// Where a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The instance, or `None` if the case holds none such.
    pub instance: Option<InstanceAddr>,
    /// Whether the frame's module is the module of that instance.
    pub module_agrees: bool,
    /// The function, or `None` if the subject shows no Wasm function here.
    pub func: Option<FuncIndex>,
    /// The PC; 0 where the subject shows no function.
    pub pc: Pc,
}

/// What lies between a frame and its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// Nothing: same activation.
    Same,
    /// Host frames: a new activation.
    Host,
}
