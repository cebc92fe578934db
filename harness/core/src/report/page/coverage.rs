//! What was compared at which opcode, as tiles of a heat map: a tile an opcode, a cell a family of rules, of
//! which one can be chosen by a rule of it; and which rules have no opcode.

use super::finding::Group;
use crate::lockstep::families::Family;
use crate::report::grouped;
use crate::report::text::label;
use crate::rules::RuleId;
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

/// A rule that is checked at opcodes.
#[derive(Debug, Serialize)]
pub(super) struct RuleRow {
    rule: &'static str,
    /// The position of its family among the cells.
    family: usize,
    covered: usize,
    of: usize,
}

/// A rule that is about no opcode.
#[derive(Debug, Serialize)]
pub(super) struct WholeRow {
    rule: &'static str,
    /// `yes`, `no`, or `none` where it cannot be.
    checked: &'static str,
    /// Why it cannot be.
    why: &'static str,
}

/// The rules that are checked at opcodes, by family.
pub(super) fn rules(totals: &Totals) -> Vec<RuleRow> {
    let of_family = |(family, row): (usize, FamilyRow)| {
        let rules = Family::ALL[family].rules().iter();
        rules.map(move |rule| RuleRow {
            rule: rule.id(),
            family,
            covered: row.covered,
            of: row.of,
        })
    };
    let families = families(totals).into_iter().enumerate();
    families.flat_map(of_family).collect()
}

/// The others, in the contract's order.
pub(super) fn whole(totals: &Totals) -> Vec<WholeRow> {
    let is_of_opcodes = |rule: &RuleId| {
        let mut families = Family::ALL.into_iter();
        families.any(|family| family.rules().contains(rule))
    };
    let row = |rule: &RuleId| {
        let why = totals.rules.unexercisable.get(rule).copied();
        WholeRow {
            rule: rule.id(),
            checked: match why {
                Some(_) => "none",
                None if totals.exercised.has(*rule) => "yes",
                None => "no",
            },
            why: why.unwrap_or_default(),
        }
    };
    let rules = RuleId::ALL.iter().filter(|rule| !is_of_opcodes(rule));
    rules.map(row).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Version;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_a_place() {
        let mut totals = Totals::of(Version::V42);
        totals.checked.note(Family::Locals, Opcode::Nop);
        totals.exercised.note(RuleId::Global);
        let (of_opcodes, whole) = (rules(&totals), whole(&totals));
        let names = of_opcodes.iter().map(|row| row.rule);
        let names: BTreeSet<&str> = names.chain(whole.iter().map(|row| row.rule)).collect();
        assert_eq!(names.len(), RuleId::ALL.len());
        assert_eq!(of_opcodes.len() + whole.len(), RuleId::ALL.len());
        let row = |rule: RuleId| of_opcodes.iter().find(|row| row.rule == rule.id());
        let [value, step] = [RuleId::LocalValue, RuleId::StepLost].map(|rule| row(rule).unwrap());
        assert_eq!((value.covered, step.covered), (1, 0));
        assert_eq!(Family::ALL[value.family], Family::Locals);
        let checked = |rule: RuleId| whole.iter().find(|row| row.rule == rule.id());
        assert_eq!(checked(RuleId::Global).unwrap().checked, "yes");
        assert_eq!(checked(RuleId::Table).unwrap().checked, "no");
    }
}
