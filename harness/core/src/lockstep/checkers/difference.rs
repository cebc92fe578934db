//! What a checker answers with.

use crate::causes::Known;
use crate::rules::RuleId;

/// Where what the subject showed parts from what it must show.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The rule that does not hold.
    pub(crate) rule: RuleId,
    /// What the oracle says.
    pub(crate) expected: String,
    /// What the subject showed.
    pub(crate) observed: String,
    /// The cause that explains it, if one does.
    pub(crate) known: Option<Known>,
}

impl Difference {
    /// A difference that no cause explains.
    pub(crate) fn new(
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
    pub(crate) fn explained(self, known: Option<Known>) -> Difference {
        Difference { known, ..self }
    }
}
