//! How a debugger walks the frames of a store.

#[cfg(not(feature = "since-43"))]
mod cursor;
#[cfg(feature = "since-43")]
mod handles;

#[cfg(not(feature = "since-43"))]
pub(crate) use cursor::{Walk, place, walk};
#[cfg(feature = "since-43")]
pub(crate) use handles::{Walk, place, walk};
