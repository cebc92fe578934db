//! Ways to change a copied stack, and what it shows.

use lockstep::seen::{Seen, SeenFunc, SeenObject, SeenRef};
use lockstep::snapshot::{FrameCopy, Snapshot};
use lockstep_oracles::address::FuncAddr;
use lockstep_oracles::types::Hierarchy;

pub(crate) fn innermost(stack: &mut Snapshot) -> &mut FrameCopy {
    &mut stack.frames[0]
}

/// Changes the last local of the innermost frame.
pub(crate) fn last_local(stack: &mut Snapshot, change: impl Fn(Seen) -> Seen) {
    let local = innermost(stack)
        .locals
        .last_mut()
        .and_then(Option::as_mut)
        .unwrap();
    *local = change(*local);
}

pub(crate) fn local(stack: &mut Snapshot, index: usize, change: impl Fn(Seen) -> Seen) {
    let local = innermost(stack).locals[index].as_mut().unwrap();
    *local = change(*local);
}

/// Changes the top operand of the innermost frame.
pub(crate) fn top(stack: &mut Snapshot, change: impl Fn(Seen) -> Seen) {
    let operand = innermost(stack)
        .operands
        .last_mut()
        .and_then(Option::as_mut)
        .unwrap();
    *operand = change(*operand);
}

/// Flips one bit of a number.
pub(crate) fn flip(bit: u32) -> impl Fn(Seen) -> Seen {
    move |seen| match seen {
        Seen::I32(v) => Seen::I32(v ^ 1 << bit),
        Seen::I64(v) => Seen::I64(v ^ 1 << bit),
        Seen::F32(v) => Seen::F32(v ^ 1 << bit),
        Seen::F64(v) => Seen::F64(v ^ 1 << bit),
        other => other,
    }
}

pub(crate) fn low_half(seen: Seen) -> Seen {
    let Seen::V128(v) = seen else { return seen };
    Seen::V128(v & u128::from(u64::MAX))
}

pub(crate) fn high_half(seen: Seen) -> Seen {
    let Seen::V128(v) = seen else { return seen };
    Seen::V128(v & !u128::from(u64::MAX))
}

pub(crate) fn truncated(seen: Seen) -> Seen {
    let Seen::I64(v) = seen else { return seen };
    Seen::I64(u64::from(v as u32))
}

pub(crate) fn another_function(seen: Seen) -> Seen {
    let Seen::Func(SeenFunc::Known(func)) = seen else {
        return seen;
    };
    Seen::Func(SeenFunc::Known(FuncAddr(func.0 + 1)))
}

pub(crate) const NULL: Seen = Seen::Ref(Hierarchy::Any, SeenRef::Null);

/// Changes what is shown of an object.
pub(crate) fn object(change: fn(&mut SeenObject)) -> impl Fn(Seen) -> Seen {
    move |seen| match seen {
        Seen::Ref(hierarchy, SeenRef::Object(mut object)) => {
            change(&mut object);
            Seen::Ref(hierarchy, SeenRef::Object(object))
        }
        other => other,
    }
}
