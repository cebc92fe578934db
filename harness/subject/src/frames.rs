//! The stack through the debug API.

#[cfg(not(feature = "since-43"))]
mod cursor;
#[cfg(feature = "since-43")]
mod handles;

#[cfg(not(feature = "since-43"))]
pub(crate) use cursor::{FrameParentResult, Held, cursor, done, held, innermost_pc, shown};
#[cfg(feature = "since-43")]
pub(crate) use handles::{FrameParentResult, Held, cursor, done, held, innermost_pc, shown};
