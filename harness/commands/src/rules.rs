//! `lockstep rules`: the contract as tables. It runs nothing.

use super::output::Output;
use super::{Format, OK, OwnFault};
use clap::Args;
use lockstep_core::report::contract;
use std::io::{self, IsTerminal, Write};

/// Columns where there is no terminal to ask.
const WIDTH: u16 = 160;

/// Shows what is checked: rules, and the known causes of differences
///
/// Each rule has an id, its strength (promised by documentation or specification, or pinned where
/// those are silent), its source, and the test that makes it fire. The ledger lists what published
/// versions are known to do otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  lockstep rules
  lockstep rules --format json | jq 'select(.strength == \"pinned\")'
  lockstep rules --markdown                  the tables of CONTRACT.md")]
pub(super) struct Options {
    /// The tables of CONTRACT.md, in Markdown
    #[arg(long, conflicts_with = "format")]
    markdown: bool,
}

pub(super) fn run(options: &Options, format: Format) -> anyhow::Result<u8> {
    write(options, format).map_err(OwnFault::from)?;
    Ok(OK)
}

fn write(options: &Options, format: Format) -> io::Result<()> {
    let mut out = Output::new();
    match format {
        _ if options.markdown => out.write_all(contract::markdown().as_bytes())?,
        Format::Text => out.write_all(contract::text(width()).as_bytes())?,
        Format::Json => contract::json(&mut out)?,
    }
    out.flush()
}

fn width() -> u16 {
    if !io::stdout().is_terminal() {
        return WIDTH;
    }
    comfy_table::Table::new().width().unwrap_or(WIDTH)
}
