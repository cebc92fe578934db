//! The stack through the debug API.

#[cfg(not(feature = "since-43"))]
mod cursor;
#[cfg(feature = "since-43")]
mod handles;

#[cfg(not(feature = "since-43"))]
pub(crate) use cursor::{
    FrameParentResult, Held, KeptFrame, count, cursor, done, held, innermost_pc, keep, shown,
};
#[cfg(feature = "since-43")]
pub(crate) use handles::{
    FrameParentResult, Held, KeptFrame, count, cursor, done, held, innermost_pc, keep, shown,
};
