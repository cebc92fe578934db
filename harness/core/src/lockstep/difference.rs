//! What a checker answers with.

use crate::causes::Known;
use crate::rules::RuleId;

/// Where what the subject showed parts from what it must show.
#[derive(Debug)]
pub(super) struct Difference {
    /// The rule that does not hold.
    pub(super) rule: RuleId,
    /// What the oracle says.
    pub(super) expected: String,
    /// What the subject showed.
    pub(super) observed: String,
    /// The cause that explains it, if one does.
    pub(super) known: Option<Known>,
}

impl Difference {
    /// A difference that no cause explains.
    pub(super) fn new(
        rule: RuleId,
        expected: impl Into<String>,
        observed: impl Into<String>,
    ) -> Difference {
        Difference {
            rule,
            expected: expected.into(),
            observed: observed.into(),
            known: None,
        }
    }

    /// The same, explained by this cause.
    pub(super) fn explained(self, known: Option<Known>) -> Difference {
        Difference { known, ..self }
    }
}
