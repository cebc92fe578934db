//! Which findings are shown: a few examples of each kind, and of the others how many there were.

use crate::case::Directive;
use crate::causes::Cause;
use crate::divergence::Divergence;
use crate::rules::RuleId;
use std::collections::BTreeMap;
use std::fmt;

/// Examples of a kind that are shown where nobody asked for another number.
pub const EXAMPLES: u64 = 3;

/// What findings of one root cause mostly have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Of unexplained divergences.
    Divergence {
        /// The rule that did not hold.
        rule: RuleId,
        /// When.
        moment: &'static str,
        /// Without immediates; none where no opcode was about to execute.
        opcode: Option<String>,
    },
    /// Of commands that did not come to what a script or case expects: which commands they are.
    NotMet(Directive),
    /// Of known divergences.
    Known(Cause),
}

impl Kind {
    /// The kind of a divergence.
    pub fn of(found: &Divergence) -> Kind {
        if let Some(cause) = found.known {
            return Kind::Known(cause);
        }
        let opcode = found.site.as_ref();
        let opcode = opcode.and_then(|site| site.opcode.split_whitespace().next());
        Kind::Divergence {
            rule: found.rule,
            moment: found.moment.name(),
            opcode: opcode.map(str::to_owned),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Divergence {
                rule,
                moment,
                opcode: Some(opcode),
            } => write!(f, "{rule} ({moment}, {opcode})"),
            Kind::Divergence { rule, moment, .. } => write!(f, "{rule} ({moment})"),
            Kind::NotMet(directive) => write!(f, "{directive} not met"),
            Kind::Known(cause) => write!(f, "{cause} (known)"),
        }
    }
}

/// Counts findings by kind.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// How many of a kind are shown; none for all of them.
    most: Option<u64>,
    met: BTreeMap<Kind, u64>,
}

impl Findings {
    /// Shows this many of each kind, or all.
    pub fn at_most(most: Option<u64>) -> Findings {
        Findings {
            most,
            met: BTreeMap::new(),
        }
    }

    /// Counts a divergence; whether it is shown.
    pub fn admits(&mut self, found: &Divergence) -> bool {
        self.admits_kind(Kind::of(found))
    }

    /// Counts divergences, each of them; whether one is shown.
    pub fn admits_any(&mut self, found: &[Divergence]) -> bool {
        let each = found.iter().map(|found| self.admits(found));
        each.fold(false, |any, one| any | one)
    }

    /// Counts a command that did not come to what is expected; whether it is shown.
    pub fn admits_not_met(&mut self, directive: Directive) -> bool {
        self.admits_kind(Kind::NotMet(directive))
    }

    fn admits_kind(&mut self, kind: Kind) -> bool {
        let met = self.met.entry(kind).or_insert(0);
        *met += 1;
        self.most.is_none_or(|most| *met <= most)
    }

    /// How many more there were of each kind.
    pub fn held_back(&self) -> impl Iterator<Item = (&Kind, u64)> {
        let most = self.most.unwrap_or(u64::MAX);
        let more = self.met.iter();
        let more = more.map(move |(kind, met)| (kind, met.saturating_sub(most)));
        more.filter(|(_, more)| *more > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::divergence::{Execution, Moment, Site};
    use lockstep_oracles::address::{FuncIndex, Pc};

    fn found(rule: RuleId, opcode: Option<&str>) -> Divergence {
        Divergence {
            rule,
            execution: Execution::Instrumented,
            command: String::new(),
            moment: Moment::Breakpoint,
            event: 0,
            frame: None,
            expected: String::new(),
            observed: String::new(),
            site: opcode.map(|opcode| Site {
                func: FuncIndex(0),
                pc: Pc(0),
                opcode: opcode.to_owned(),
                listing: String::new(),
            }),
            state: Vec::new(),
            known: None,
        }
    }

    #[test]
    fn a_few_of_each_kind_are_shown_and_the_rest_counted() {
        let mut findings = Findings::at_most(Some(1));
        assert!(findings.admits(&found(RuleId::FramePc, Some("local.get 1"))));
        // Immediates and what else differs from case to case make no other kind.
        assert!(!findings.admits(&found(RuleId::FramePc, Some("local.get 2"))));
        assert!(!findings.admits(&found(RuleId::FramePc, Some("local.get 3"))));
        assert!(findings.admits(&found(RuleId::FramePc, Some("nop"))));
        assert!(findings.admits(&found(RuleId::Crash, None)));
        assert!(!findings.admits(&found(RuleId::Crash, None)));
        let more: Vec<String> = findings
            .held_back()
            .map(|(kind, more)| format!("{more} {kind}"))
            .collect();
        assert_eq!(
            more,
            [
                "2 FRAME-PC (Breakpoint event, local.get)",
                "1 RESULT-NO-CRASH (Breakpoint event)",
            ]
        );
    }

    #[test]
    fn known_divergences_and_expectations_have_kinds_of_their_own() {
        let mut findings = Findings::at_most(Some(1));
        let known = Divergence {
            known: Some(Cause::TrapPc),
            ..found(RuleId::FramePc, None)
        };
        assert!(findings.admits(&known) && !findings.admits(&known));
        assert!(findings.admits(&found(RuleId::FramePc, None)));
        assert!(findings.admits_not_met(Directive::AssertReturn));
        assert!(!findings.admits_not_met(Directive::AssertReturn));
        assert!(findings.admits_not_met(Directive::Action));
        let more = findings.held_back().map(|(kind, _)| kind.to_string());
        let more: Vec<String> = more.collect();
        assert_eq!(more, ["assert_return not met", "TRAP-PC (known)"]);
    }

    #[test]
    fn all_are_shown_where_that_is_wanted() {
        let mut findings = Findings::at_most(None);
        assert!((0..10).all(|_| findings.admits(&found(RuleId::FramePc, None))));
        assert_eq!(findings.held_back().count(), 0);
    }
}
