//! Campaigns: many cases under a budget, each in a worker process that may crash, hang or swell
//! without ending the campaign.
//!
//! [`pool`] hands jobs to workers and their results on in order; it judges nothing. A worker is
//! this program again, under a hidden command: it reads one request a line and answers each in
//! turn ([`protocol`], [`worker`]).

/// Exit code of a process whose work the machine ended: of a worker that cannot begin, and of a
/// campaign.
pub const MACHINE: u8 = 3;

mod dared;
mod earlier;
pub mod faults;
pub mod interrupt;
pub mod limits;
pub mod outcome;
pub mod perform;
pub mod plan;
pub mod pool;
pub mod process;
pub mod protocol;
pub mod records;
pub mod shard;
pub mod shares;
pub mod summary;
mod watch;
pub mod wire;
pub mod worker;
