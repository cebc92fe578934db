//! Which of the planned cases are run: by name, by what they expect.

use clap::Args;
use lockstep_core::campaign::protocol::What;
use lockstep_core::causes::Cause;
use lockstep_core::causes::hazard::Dare;
use lockstep_core::corpus::{self, Verdict};
use lockstep_core::rules::RuleId;
use regex_lite::Regex;
use std::path::Path;

/// Options that leave cases out.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Filters {
    /// Run only cases in whose name this is found, a text or a regular expression; several are
    /// alternatives. Generated cases are `generated/GENERATOR/SEED/NUMBER`
    #[arg(long = "name", value_name = "PATTERN")]
    pub(super) patterns: Vec<Regex>,
    /// Run only corpus cases that broke this rule when they were found, or expect a cause that may touch
    /// it; nothing else says beforehand what it will show
    #[arg(long = "rule", value_name = "RULE", value_parser = rule)]
    rules: Vec<RuleId>,
    /// Run only corpus cases that expect this cause, or dare it
    #[arg(long = "cause", value_name = "CAUSE")]
    causes: Vec<Cause>,
}

/// A rule, by its id.
pub(super) fn rule(id: &str) -> Result<RuleId, String> {
    let mut all = RuleId::ALL.iter().copied();
    all.find(|rule| rule.id() == id)
        .ok_or_else(|| format!("there is no rule `{id}`; `lockstep rules` lists them"))
}

impl Filters {
    /// Cases that say something of a rule.
    pub(super) fn of_rule(rule: RuleId) -> Filters {
        Filters {
            rules: vec![rule],
            ..Filters::default()
        }
    }

    /// Cases that expect a cause.
    pub(super) fn of_cause(cause: Cause) -> Filters {
        Filters {
            causes: vec![cause],
            ..Filters::default()
        }
    }

    /// Whether cases are selected by what they expect, so that only those of the corpus are.
    pub(super) fn are_of_corpus(&self) -> bool {
        !self.rules.is_empty() || !self.causes.is_empty()
    }

    /// The cases that are run.
    ///
    /// # Errors
    ///
    /// When a case file cannot be read.
    pub(super) fn select(&self, cases: Vec<What>) -> anyhow::Result<Vec<What>> {
        let mut selected = Vec::new();
        for what in cases {
            if self.is_named(&what.name()) && self.is_expected(&what)? {
                selected.push(what);
            }
        }
        Ok(selected)
    }

    fn is_named(&self, name: &str) -> bool {
        let mut patterns = self.patterns.iter();
        self.patterns.is_empty() || patterns.any(|pattern| pattern.is_match(name))
    }

    fn is_expected(&self, what: &What) -> anyhow::Result<bool> {
        match what {
            _ if !self.are_of_corpus() => Ok(true),
            What::File(path) => self.is_met_by(path),
            _ => Ok(false),
        }
    }

    fn is_met_by(&self, path: &Path) -> anyhow::Result<bool> {
        let case = corpus::load(path)?;
        let mut causes: Vec<Cause> = match &case.expect.verdict {
            Verdict::Agreement => Vec::new(),
            Verdict::Known { causes, .. } => causes.iter().copied().collect(),
        };
        if let Some(Dare::Cause(cause)) = case.case.schedule.dare {
            causes.push(cause);
        }
        let of_rule = |rule: &RuleId| {
            let touches = |cause: &Cause| cause.row().rules.contains(rule);
            case.expect.rule == Some(*rule) || causes.iter().any(touches)
        };
        let mut rules = self.rules.iter();
        let mut wanted = self.causes.iter();
        Ok((self.rules.is_empty() || rules.any(of_rule))
            && (self.causes.is_empty() || wanted.any(|cause| causes.contains(cause))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn named(patterns: &[&str]) -> Filters {
        Filters {
            patterns: patterns.iter().map(|p| Regex::new(p).unwrap()).collect(),
            ..Filters::default()
        }
    }

    #[test]
    fn a_name_is_a_part_of_it_or_a_pattern() {
        let filters = named(&["table", "^wasm-v2/br"]);
        assert!(filters.is_named("wasm-v2/br.wast") && filters.is_named("a/table_get.wast"));
        assert!(!filters.is_named("gc/br_on_null.wast"));
        assert!(named(&[]).is_named("anything"));
    }

    #[test]
    fn only_corpus_cases_say_what_they_expect() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let corpus = corpus::discover(&[top.join("fuzz/regressions")]).unwrap();
        let mut all: Vec<What> = corpus.into_iter().map(What::File).collect();
        all.push(What::Official("wasm-v2/nop.wast".to_owned()));
        let select = |filters: &Filters| filters.select(all.clone()).unwrap().len();
        assert_eq!(select(&Filters::default()), all.len());
        let of_cause = Filters::of_cause(Cause::IfParams);
        let touched = Filters::of_rule(RuleId::OperandCount);
        let (causes, rules) = (select(&of_cause), select(&touched));
        assert!(0 < causes && causes <= rules && rules < all.len() - 1);
        let none = What::File(PathBuf::from("no/such.toml"));
        assert!(of_cause.select(vec![none]).is_err());
    }

    #[test]
    fn a_rule_that_is_not_there_is_refused() {
        assert_eq!(rule("FRAME-PC"), Ok(RuleId::FramePc));
        assert!(rule("FRAME").unwrap_err().contains("lockstep rules"));
    }
}
