//! What was compared and found in one execution, kept for its report.

pub mod acted;
pub mod exercised;
pub mod families;
pub mod findings;
pub mod looks;
pub mod recorder;
pub mod tally;
