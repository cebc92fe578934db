//! What components show: the reproducer has a component of its own, which needs no case.

use super::look::{Kind, Look};
use lockstep_core::causes::Cause;

/// The function of a component that is called: without parameters, with one number as result.
pub(super) const EXPORT: &str = "run";

/// The component that shows a cause, as text; none for a cause of core modules.
pub(super) fn text(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::AdapterThrow => Some(THROWS.trim_end()),
        Cause::Latin1Alignment => Some(LATIN1.trim_end()),
        Cause::StringAlignment => Some(ODD.trim_end()),
        Cause::ComponentPatches => Some(BREAKPOINTS.trim_end()),
        _ => None,
    }
}

/// What its call must show, from the Canonical ABI.
pub(super) fn look(cause: Cause) -> Option<Look> {
    let (quantity, expected) = match cause {
        Cause::AdapterThrow => ("number", "a trap"),
        Cause::Latin1Alignment => ("alignment", "alignment 2"),
        Cause::StringAlignment => (STRING, "an error"),
        Cause::ComponentPatches => (EVENTS, "3 Breakpoint events"),
        _ => return None,
    };
    Some(Look {
        quantity,
        ..Look::new(Kind::Component, expected)
    })
}

/// One component throws what no instance of it catches, and another calls it.
const THROWS: &str = include_str!("templates/throws.wat");

/// The callee returns the alignment that its allocator was asked for.
const LATIN1: &str = include_str!("templates/latin1.wat");

/// The function returns a string at an odd address.
const ODD: &str = include_str!("templates/odd.wat");

/// One module has a loop, whose first opcode gets a breakpoint in place of single-step; the other has nothing.
const BREAKPOINTS: &str = include_str!("templates/breakpoints.wat");

/// What is looked at where events are counted.
pub(super) const EVENTS: &str = "events";

/// What is looked at where a string must not be taken: whether there is an error, whichever.
const STRING: &str = "string";

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::check::{UserFile, Wishes, plan_file};

    #[test]
    fn each_component_is_one_and_exports_what_is_called() {
        let causes = Cause::ALL.iter().copied();
        let having: Vec<Cause> = causes.filter(|&cause| text(cause).is_some()).collect();
        let all = [
            Cause::ComponentPatches,
            Cause::AdapterThrow,
            Cause::Latin1Alignment,
            Cause::StringAlignment,
        ];
        assert_eq!(having, all);
        for cause in having {
            let text = text(cause).unwrap().as_bytes().to_vec();
            let user = UserFile::new(cause.id().to_owned(), text).unwrap();
            let wishes = Wishes {
                invoke: vec![format!("{EXPORT}()")],
                ..Wishes::default()
            };
            assert!(plan_file(&user, &wishes).is_ok(), "{cause}");
            assert!(look(cause).is_some(), "{cause}");
        }
    }
}
