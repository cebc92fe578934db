//! The checker of edits: what the store answers to a session is what the edits asked for.

use super::difference::Difference;
use crate::lockstep::following::breakpoints::{Breakpoints, Listed};
use crate::rules::RuleId;
use crate::schedule::EngineEdit;

/// What a store answers to an editing session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditAnswer {
    /// The first edit that was refused, and why.
    pub refused: Option<(EngineEdit, String)>,
    /// What `is_single_step()` answers then.
    pub single_step: bool,
    /// The breakpoints that are listed then, sorted, if it was asked for them: module and PC.
    pub listed: Option<Vec<(u32, u32)>>,
}

/// Up to how many listed breakpoints the list is compared after every session, and after how many
/// sessions it is compared beyond that: a long list costs as much as a patch of every opcode.
const LIST_ALWAYS: usize = 64;
const LIST_EVERY: u64 = 16;

/// Listed breakpoints a session, on average, of a list so long that it is compared less often: what many
/// sessions cost does not grow with the square of their number.
const LIST_SHARE: u64 = 64;

/// Breakpoints shown in a report.
const LIST_SHOWN: usize = 20;

/// Whether the store is to be asked for its breakpoints after so many sessions.
pub(crate) fn wants_list(breakpoints: &Breakpoints, sessions: u64) -> bool {
    breakpoints.is_open()
        || breakpoints.len() <= LIST_ALWAYS
        || is_turn(sessions, breakpoints.len() as u64)
}

/// What a session was answered that it must not be.
pub(crate) fn answered(
    breakpoints: &Breakpoints,
    answer: &EditAnswer,
) -> impl Iterator<Item = Difference> + use<> {
    let refused = answer.refused.as_ref().map(|(edit, error)| {
        let expected = format!("{edit:?} succeeds");
        Difference::new(RuleId::EditAccepted, expected, error.clone())
    });
    let expected = breakpoints.is_single_step();
    let stepped = (answer.single_step != expected).then(|| {
        let say = |on: bool| format!("is_single_step() answers {on}");
        Difference::new(
            RuleId::EditSingleStep,
            say(expected),
            say(answer.single_step),
        )
    });
    refused.into_iter().chain(stepped)
}

/// Whether other breakpoints are listed than the edits asked for.
pub(crate) fn listed(breakpoints: &mut Breakpoints, listed: &[(u32, u32)]) -> Option<Difference> {
    let known = match breakpoints.settle(listed) {
        Listed::Right => return None,
        Listed::Kept(known) => Some(known),
        Listed::Wrong => None,
    };
    let right: Vec<_> = breakpoints.listed().collect();
    let expected = show(&right, listed);
    let found = Difference::new(RuleId::EditBreakpoints, expected, show(listed, &right));
    Some(found.explained(known))
}

/// Whether a list of this length is compared after so many sessions.
fn is_turn(sessions: u64, length: u64) -> bool {
    // A power of two: as the list grows, the turns stay among those that a shorter one has.
    let every = LIST_EVERY.max((length / LIST_SHARE).next_power_of_two());
    sessions.is_multiple_of(every)
}

/// A list beside another, both sorted: all of it where it is short, else what only it has.
fn show(list: &[(u32, u32)], other: &[(u32, u32)]) -> String {
    let only =
        |entry: &&(u32, u32)| list.len() <= LIST_SHOWN || other.binary_search(entry).is_err();
    let shown = list.iter().filter(only).take(LIST_SHOWN);
    let shown: Vec<String> = shown
        .map(|(module, pc)| format!("{module}:{pc:#x}"))
        .collect();
    let which = if list.len() <= LIST_SHOWN {
        "listed"
    } else {
        "listed, only here"
    };
    format!("{} {which}: {}", list.len(), shown.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_list_only_what_the_other_has_not_is_shown() {
        let long: Vec<(u32, u32)> = (0..30).map(|pc| (0, pc)).collect();
        let mut other = long.clone();
        other.remove(7);
        assert_eq!(show(&long, &other), "30 listed, only here: 0:0x7");
        assert_eq!(show(&other, &long), "29 listed, only here: ");
        assert_eq!(show(&long[..2], &[]), "2 listed: 0:0x0 0:0x1");
    }

    /// Entries that are compared while so many breakpoints are added, each in a session of its own.
    fn compared(breakpoints: u64) -> u64 {
        let turns = (1..=breakpoints).filter(|&count| is_turn(count, count));
        turns.sum()
    }

    #[test]
    fn ten_times_as_many_breakpoints_cost_ten_times_as_much() {
        let (few, many) = (compared(1_000), compared(10_000));
        assert!(few > 0 && many <= 20 * few, "{few} {many}");
        assert!(compared(100_000) <= 12 * many);
    }
}
