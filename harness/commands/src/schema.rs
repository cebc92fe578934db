//! `lockstep schema`: what the JSON looks like, for programs.

use super::output::Output;
use super::{OK, OwnFault};
use clap::Args;
use std::io::Write;

/// Prints the JSON Schema of what `--format json` writes
///
/// It describes one line, an object with a `schema` that says which it is. The words are in
/// harness/docs/json.md.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Example:
  lockstep schema | jq '.\"$defs\".totals.properties | keys'")]
pub(super) struct Options {}

/// Of all objects, each under its name.
const SCHEMA: &str = include_str!("lockstep.schema.json");

pub(super) fn run(_: &Options) -> anyhow::Result<u8> {
    let mut out = Output::new();
    out.write_all(SCHEMA.as_bytes()).map_err(OwnFault::from)?;
    out.flush().map_err(OwnFault::from)?;
    Ok(OK)
}
