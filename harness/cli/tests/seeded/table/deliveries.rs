//! How often an event comes.

use crate::layer::Hook;
use crate::past::Past;
use lockstep::divergence::Moment;
use lockstep::fault::Delivery;
use lockstep::snapshot::Snapshot;

/// How often breakpoint events come.
pub(super) const fn events(says: fn(&Past, &Snapshot) -> Delivery) -> Hook {
    Hook::Event(Moment::Breakpoint, says)
}

pub(super) fn lost(is_lost: bool) -> Delivery {
    if is_lost {
        Delivery::Never
    } else {
        Delivery::Once
    }
}

pub(super) fn twice(is_doubled: bool) -> Delivery {
    if is_doubled {
        Delivery::Twice
    } else {
        Delivery::Once
    }
}

/// Whether it comes behind the next.
pub(super) fn late(is_late: bool) -> Delivery {
    if is_late {
        Delivery::AfterNext
    } else {
        Delivery::Once
    }
}
