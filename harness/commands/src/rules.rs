//! `lockstep rules` and `lockstep causes`: the contract and the ledger, whole or one row explained. They
//! run nothing.

use super::filters::{Filters, rule};
use super::output::Output;
use super::{Format, OK, OwnFault, quoted};
use clap::Args;
use lockstep_core::campaign::protocol::What;
use lockstep_core::causes::Cause;
use lockstep_core::corpus;
use lockstep_core::report::{columns, contract, explain};
use lockstep_core::rules::RuleId;
use std::io::{self, Write};

/// Columns where there is no terminal to ask.
const WIDTH: u16 = 160;
/// Where the examples are, from the top of the source tree.
const CORPUS: &str = "fuzz/regressions";
/// Examples that are named.
const EXAMPLES: usize = 3;

/// Shows what is checked: rules, and the known causes of differences
///
/// Each rule has an id, its strength (promised by documentation or specification, or pinned where
/// those are silent), its source, and the test that makes it fire. The ledger lists what published
/// versions are known to do otherwise. With an ID one rule is explained.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep rules
  lockstep rules FRAME-OPERAND-COUNT
  lockstep rules --format json | jq 'select(.strength == \"pinned\")'
  lockstep rules --markdown                  the tables of CONTRACT.md")]
pub(super) struct Options {
    /// The rule to explain
    #[arg(value_name = "ID", value_parser = rule)]
    id: Option<RuleId>,
    /// The tables of CONTRACT.md, in Markdown
    #[arg(long, conflicts_with_all = ["format", "id"])]
    markdown: bool,
}

/// Shows what versions of Wasmtime are known to do otherwise
///
/// Each cause has a kind (it explains a difference, ends the execution, or forbids what would crash), the
/// rules that it may touch, the versions that have it, and the test that fails once a version no longer
/// has it. With an ID one cause is explained.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep causes
  lockstep causes IF-PARAMS
  lockstep replay fuzz/regressions --cause IF-PARAMS --show-known")]
pub(super) struct Causes {
    /// The cause to explain
    #[arg(value_name = "ID")]
    id: Option<Cause>,
}

pub(super) fn run(options: &Options, format: Format) -> anyhow::Result<u8> {
    write(options, format).map_err(OwnFault::from)?;
    Ok(OK)
}

/// The ledger, or one row of it.
pub(super) fn causes(options: &Causes, format: Format) -> anyhow::Result<u8> {
    write_causes(options, format).map_err(OwnFault::from)?;
    Ok(OK)
}

fn write(options: &Options, format: Format) -> io::Result<()> {
    let mut out = Output::new();
    match (options.id, format) {
        (Some(id), Format::Text) => {
            let examples = examples(&Filters::of_rule(id), "rule", id.id());
            out.write_all(explain::rule(id, &examples).as_bytes())?;
        }
        (Some(id), Format::Json) => explain::rule_json(&mut out, id)?,
        _ if options.markdown => out.write_all(contract::markdown().as_bytes())?,
        (None, Format::Text) => out.write_all(contract::text(width()).as_bytes())?,
        (None, Format::Json) => contract::json(&mut out)?,
    }
    out.flush()
}

fn write_causes(options: &Causes, format: Format) -> io::Result<()> {
    let mut out = Output::new();
    match (options.id, format) {
        (Some(cause), Format::Text) => {
            let examples = examples(&Filters::of_cause(cause), "cause", cause.id());
            out.write_all(explain::cause(cause, &examples).as_bytes())?;
        }
        (Some(cause), Format::Json) => explain::cause_json(&mut out, cause)?,
        (None, Format::Text) => out.write_all(contract::ledger(width()).as_bytes())?,
        (None, Format::Json) => contract::ledger_json(&mut out)?,
    }
    out.flush()
}

/// Commands that show cases of the corpus that are selected; none where it is not there.
fn examples(filters: &Filters, option: &str, id: &str) -> Vec<String> {
    let files = corpus::discover(&[CORPUS]).unwrap_or_default();
    let all = files.into_iter().map(What::File).collect();
    // A corpus that cannot be read is the matter of `lockstep replay`.
    let selected = filters.select(all).unwrap_or_default();
    let commands = selected.iter().take(EXAMPLES).map(|what| {
        let name = quoted(&what.name());
        format!("lockstep replay {name} --show-known")
    });
    let mut commands: Vec<String> = commands.collect();
    if selected.len() > EXAMPLES {
        commands.push(format!(
            "lockstep replay {CORPUS} --{option} {id} --show-known    (all {})",
            selected.len()
        ));
    }
    commands
}

fn width() -> u16 {
    let columns = columns::chosen().and_then(|columns| u16::try_from(columns).ok());
    columns.unwrap_or(WIDTH)
}
