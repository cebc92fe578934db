//! Which opcodes were executed and compared, and by which families of rules, as a table. It counts
//! nothing itself.

use super::text::label;
use super::{columns, grouped, json};
use crate::lockstep::families::Family;
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
    /// Families of rules checked at it.
    families: Vec<&'static str>,
}

/// Columns of a terminal that has room for a column a family.
const WIDE: usize = 160;

/// Writes each opcode of Wasm 3.0 and the proposals beyond it with its matched events, and names those
/// without any: of Wasm 2.0, and of the rest.
///
/// # Errors
///
/// When it cannot be written.
pub fn text(out: &mut impl Write, totals: &Totals) -> io::Result<()> {
    match columns::chosen() {
        Some(columns) if columns < WIDE => narrow_table(out, totals)?,
        _ => wide_table(out, totals)?,
    }
    let coverage = &totals.opcodes;
    writeln!(
        out,
        "{} of {} opcodes of Wasm 2.0 covered",
        coverage.covered, coverage.wasm_2_0
    )?;
    let without = |op: &Opcode| totals.events(*op) == 0;
    write_missing(out, missing(totals))?;
    let beyond = || Opcode::implemented().filter(|op| !op.in_wasm_2_0());
    let covered = beyond().filter(|op| !without(op)).count();
    writeln!(
        out,
        "{covered} of {} opcodes of Wasm 3.0 and the proposals beyond it covered",
        beyond().count()
    )?;
    write_missing(out, beyond().filter(without))?;
    writeln!(out)
}

/// A column a family, below its name.
fn wide_table(out: &mut impl Write, totals: &Totals) -> io::Result<()> {
    let families: Vec<String> = Family::ALL.into_iter().map(label).collect();
    writeln!(
        out,
        "{:34} {:<24} {:>15}  {}",
        "opcode",
        "proposal",
        "events compared",
        families.join("  ")
    )?;
    for op in Opcode::implemented() {
        write!(
            out,
            "{:34} {:<24} {:>15}",
            op.name(),
            op.proposal().name(),
            grouped(totals.events(op))
        )?;
        for (family, label) in Family::ALL.into_iter().zip(&families) {
            write!(out, "  {:>1$}", mark(totals, family, op), label.len())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// An opcode with its events, and the families by their numbers: those that were checked at it, and in
/// brackets those that were not and could be.
fn narrow_table(out: &mut impl Write, totals: &Totals) -> io::Result<()> {
    let families = Family::ALL.into_iter().map(label).enumerate();
    let families: Vec<String> = families
        .map(|(at, label)| format!("{} {label}", at + 1))
        .collect();
    writeln!(
        out,
        "families: {}; (n) where not checked",
        families.join(", ")
    )?;
    writeln!(out, "{:34} {:>15}  families", "opcode", "events compared")?;
    for op in Opcode::implemented() {
        let marks = Family::ALL.into_iter().enumerate();
        let marks = marks.filter_map(|(at, family)| match mark(totals, family, op) {
            "yes" => Some(format!(" {}", at + 1)),
            "no" => Some(format!(" ({})", at + 1)),
            _ => None,
        });
        let (events, marks) = (grouped(totals.events(op)), marks.collect::<String>());
        writeln!(out, "{:34} {events:>15} {marks}", op.name())?;
    }
    Ok(())
}

fn write_missing(out: &mut impl Write, opcodes: impl Iterator<Item = Opcode>) -> io::Result<()> {
    let names: Vec<String> = opcodes.map(Opcode::name).collect();
    match names.is_empty() {
        true => Ok(()),
        false => writeln!(out, "missing: {}", names.join(", ")),
    }
}

/// Whether a family was checked at an opcode: yes, no, or it cannot be.
fn mark(totals: &Totals, family: Family, op: Opcode) -> &'static str {
    if totals.checked.has(family, op) {
        "yes"
    } else if family.applies(op) {
        "no"
    } else {
        "-"
    }
}

/// Writes an object an opcode.
///
/// # Errors
///
/// When it cannot be written.
pub fn json(out: &mut impl Write, totals: &Totals) -> io::Result<()> {
    for op in Opcode::implemented() {
        let row = Row {
            schema: "lockstep.opcode/1",
            opcode: op.name(),
            proposal: op.proposal().name(),
            events: totals.events(op),
            families: totals.checked.at(op).map(Family::name).collect(),
        };
        json::line(out, &row)?;
    }
    Ok(())
}

/// Opcodes of Wasm 2.0 that were at no matched event.
pub fn missing(totals: &Totals) -> impl Iterator<Item = Opcode> {
    wasm_2_0_opcodes().filter(|op| totals.events(*op) == 0)
}
