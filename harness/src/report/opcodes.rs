//! Which opcodes were executed and compared, as a table. It counts nothing itself.

use super::{grouped, json};
use crate::totals::{Totals, wasm_2_0_opcodes};
use lockstep_oracles::opcode::Opcode;
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct Row {
    schema: &'static str,
    opcode: String,
    proposal: &'static str,
    events: u64,
}

/// Writes each opcode of Wasm 2.0 with its matched events, and names those without any.
///
/// # Errors
///
/// When it cannot be written.
pub fn text(out: &mut impl Write, totals: &Totals) -> io::Result<()> {
    writeln!(
        out,
        "{:34} {:<24} {:>14}",
        "opcode", "proposal", "events compared"
    )?;
    for op in wasm_2_0_opcodes() {
        writeln!(
            out,
            "{:34} {:<24} {:>14}",
            op.name(),
            op.proposal(),
            grouped(totals.events(op))
        )?;
    }
    let coverage = totals.opcodes;
    writeln!(
        out,
        "{} of {} opcodes of Wasm 2.0 covered",
        coverage.covered, coverage.wasm_2_0
    )?;
    let missing: Vec<String> = missing(totals).map(Opcode::name).collect();
    if !missing.is_empty() {
        writeln!(out, "missing: {}", missing.join(", "))?;
    }
    writeln!(out)
}

/// Writes an object an opcode.
///
/// # Errors
///
/// When it cannot be written.
pub fn json(out: &mut impl Write, totals: &Totals) -> io::Result<()> {
    for op in wasm_2_0_opcodes() {
        let row = Row {
            schema: "lockstep.opcode/1",
            opcode: op.name(),
            proposal: op.proposal(),
            events: totals.events(op),
        };
        json::line(out, &row)?;
    }
    Ok(())
}

/// Opcodes of Wasm 2.0 that were at no matched event.
pub fn missing(totals: &Totals) -> impl Iterator<Item = Opcode> {
    wasm_2_0_opcodes().filter(|op| totals.events(*op) == 0)
}
