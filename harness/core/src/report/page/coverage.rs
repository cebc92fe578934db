//! What was compared at which opcode, as tiles of a heat map: a tile an opcode, a cell a family of rules.

use super::finding::Group;
use crate::lockstep::families::Family;
use crate::report::grouped;
use crate::report::text::label;
use crate::totals::Totals;
use lockstep_oracles::opcode::Opcode;
use serde::Serialize;
use std::collections::BTreeMap;

/// Opcodes of one proposal.
#[derive(Debug, Serialize)]
pub(super) struct Block {
    proposal: &'static str,
    of: usize,
    /// Those that were at a matched event.
    covered: usize,
    tiles: Vec<Tile>,
}

#[derive(Debug, Serialize)]
struct Tile {
    opcode: String,
    events: String,
    /// From 0, never executed, to 6, more than a hundred thousand times.
    heat: u32,
    cells: Vec<Cell>,
    /// Findings at it.
    findings: u64,
}

#[derive(Debug, Serialize)]
struct Cell {
    family: String,
    /// `yes`, `no`, or `none` where it cannot be.
    checked: &'static str,
}

/// A family, and at how many opcodes it was checked of how many.
#[derive(Debug, Serialize)]
pub(super) struct FamilyRow {
    family: String,
    covered: usize,
    of: usize,
}

/// The blocks, in the order of the opcodes; unexplained findings are counted at theirs.
pub(super) fn blocks(totals: &Totals, groups: &[Group]) -> Vec<Block> {
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    let unexplained = groups.iter().filter(|group| group.class == "unexplained");
    for finding in unexplained.flat_map(|group| &group.findings) {
        let name = finding.opcode.as_deref().unwrap_or_default();
        let name = name.split(' ').next().unwrap_or_default();
        *found.entry(name).or_insert(0) += 1;
    }
    let mut blocks: Vec<Block> = Vec::new();
    for op in Opcode::implemented() {
        let tile = tile(totals, op, &found);
        let proposal = op.proposal().name();
        let block = match blocks.iter().position(|block| block.proposal == proposal) {
            Some(position) => &mut blocks[position],
            None => {
                blocks.push(Block {
                    proposal,
                    of: 0,
                    covered: 0,
                    tiles: Vec::new(),
                });
                let last = blocks.len() - 1;
                &mut blocks[last]
            }
        };
        block.of += 1;
        block.covered += usize::from(tile.heat > 0);
        block.tiles.push(tile);
    }
    blocks
}

fn tile(totals: &Totals, op: Opcode, found: &BTreeMap<&str, u64>) -> Tile {
    let events = totals.events(op);
    let cell = |family: Family| Cell {
        family: label(family),
        checked: match () {
            () if totals.checked.has(family, op) => "yes",
            () if family.applies(op) => "no",
            () => "none",
        },
    };
    let opcode = op.name();
    Tile {
        findings: found.get(opcode.as_str()).copied().unwrap_or(0),
        opcode,
        events: grouped(events),
        heat: events
            .checked_ilog10()
            .map_or(0, |power| (power + 1).min(6)),
        cells: Family::ALL.into_iter().map(cell).collect(),
    }
}

/// The families, over all opcodes.
pub(super) fn families(totals: &Totals) -> Vec<FamilyRow> {
    let row = |family: Family| {
        let wanted = || Opcode::implemented().filter(move |op| family.applies(*op));
        FamilyRow {
            family: label(family),
            covered: wanted()
                .filter(|op| totals.checked.has(family, *op))
                .count(),
            of: wanted().count(),
        }
    };
    Family::ALL.into_iter().map(row).collect()
}
