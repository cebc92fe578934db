//! Which actions the debugger took, counted by kind.

use crate::schedule::action::Action;
use serde::{Deserialize, Serialize};

/// Actions by kind, in the order of [`Action::KINDS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted([u64; Action::KINDS.len()]);

impl Acted {
    /// One was taken.
    pub fn note(&mut self, action: Action) {
        if let Ok(kind) = Action::KINDS.binary_search(&action.kind()) {
            self.0[kind] += 1;
        }
    }

    /// Every kind, and how many of it were taken.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Action::KINDS.into_iter().zip(self.0)
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Adds another execution's counts.
    pub fn add(&mut self, other: &Acted) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_counted_by_its_name() {
        let mut acted = Acted::default();
        let drop = Action::read("drop call").unwrap();
        acted.note(drop);
        acted.note(drop);
        assert_eq!(acted.total(), 2);
        let taken: Vec<_> = acted.each().filter(|&(_, count)| count > 0).collect();
        assert_eq!(taken, [("drop call", 2)]);
        let mut sorted = Action::KINDS;
        sorted.sort_unstable();
        assert_eq!(sorted, Action::KINDS);
    }
}
