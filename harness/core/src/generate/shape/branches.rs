//! Branches that carry values: to one of several labels, on a condition, back to a loop, or away.

use super::super::weights::{below, between, chance, one_of};
use super::builder::{Builder, Kind};
use arbitrary::{Result, Unstructured};
use wasm_encoder::{Instruction, ValType};

impl Builder<'_> {
    /// A label that is no loop's, by its depth, and what a branch to it carries. Mostly the
    /// innermost.
    fn forward_label(&self, u: &mut Unstructured<'_>) -> Result<Option<(u32, Vec<ValType>)>> {
        let labels = self.labels.iter().rev().zip(0u32..);
        let forward: Vec<_> = labels
            .filter(|(label, _)| !matches!(label.kind, Kind::Loop(_)))
            .collect();
        let found = match chance(u, 1, 2)? {
            true => forward.first(),
            false => one_of(u, &forward)?,
        };
        Ok(found.map(|(label, depth)| (*depth, label.results.clone())))
    }

    /// Depths of all labels to which a branch may carry these.
    fn labels_like(&self, carried: &[ValType]) -> Vec<u32> {
        let labels = self.labels.iter().rev().zip(0u32..);
        labels
            .filter(|(label, _)| !matches!(label.kind, Kind::Loop(_)) && label.results == carried)
            .map(|(_, depth)| depth)
            .collect()
    }

    /// The rest of the block is not reached.
    pub(super) fn die(&mut self) {
        self.body.dead = true;
        self.body.stack.truncate(self.body.floor);
    }

    /// `br_if` to a label.
    pub(super) fn branch_if(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let Some((depth, carried)) = self.forward_label(u)? else {
            return Ok(());
        };
        self.operands(u, &carried)?;
        self.condition(u)?;
        // Away from the function only seldom.
        if depth as usize + 1 == self.labels.len() {
            self.body.mask(if chance(u, 1, 4)? { 1 } else { 0x40 });
        }
        self.body.op(Instruction::BrIf(depth), 1, &[]);
        Ok(())
    }

    /// `br`, `br_table` or `return`, after which the block is not reached; in the outermost block
    /// and in a loop's seldom.
    pub(super) fn leave_early(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let innermost = self.labels.last().map(|label| label.kind);
        let costly = !matches!(innermost, Some(Kind::Block | Kind::If));
        if costly && !chance(u, 1, 12)? {
            return self.branch_if(u);
        }
        let Some((depth, carried)) = self.forward_label(u)? else {
            return Ok(());
        };
        match between(u, 0, 3)? {
            0 if innermost == Some(Kind::If) => {
                let results = self.labels.first().map(|label| label.results.clone());
                self.operands(u, &results.unwrap_or_default())?;
                self.body.emit(Instruction::Return);
            }
            1 => self.branch_table(u, &carried)?,
            _ => {
                self.operands(u, &carried)?;
                self.body.emit(Instruction::Br(depth));
            }
        }
        self.die();
        Ok(())
    }

    /// `br_table` to labels that all take these.
    fn branch_table(&mut self, u: &mut Unstructured<'_>, carried: &[ValType]) -> Result<()> {
        let labels = self.labels_like(carried);
        let count = between(u, 0, 4)?;
        let mut targets = Vec::new();
        for _ in 0..=count {
            targets.extend(one_of(u, &labels)?);
        }
        let Some(otherwise) = targets.pop() else {
            return Ok(());
        };
        self.operands(u, carried)?;
        self.push(u, ValType::I32)?;
        if chance(u, 3, 4)? {
            self.body.mask(7);
        }
        let branch = Instruction::BrTable(targets.into(), otherwise);
        self.body.op(branch, 1, &[]);
        Ok(())
    }

    /// Blocks inside each other that leave the same types, and a `br_table` to one of them.
    pub(super) fn switch(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let carried = self.environment.value_types(u, 0, 3)?;
        let blocks = between(u, 2, 4)?;
        let ty = self.environment.block_type(&[], &carried);
        for _ in 0..blocks {
            self.body.emit(Instruction::Block(ty));
            self.enter(Kind::Block, &[], &carried);
            if chance(u, 1, 3)? {
                self.hold(u, 1)?;
            }
        }
        self.operands(u, &carried)?;
        self.push(u, ValType::I32)?;
        self.body.mask(3);
        let targets: Result<Vec<u32>> = (0..blocks).map(|_| below(u, blocks)).collect();
        let branch = Instruction::BrTable(targets?.into(), below(u, blocks)?);
        self.body.op(branch, 1, &[]);
        self.die();
        for _ in 0..blocks {
            let steps = between(u, 0, 2)?;
            self.sequence(u, steps)?;
            self.leave(u)?;
        }
        Ok(())
    }

    /// Back to the head of a loop around, if it has rounds left.
    pub(super) fn go_on(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let labels = self.labels.iter().rev().zip(0u32..);
        let found = labels
            .filter_map(|(label, depth)| match label.kind {
                Kind::Loop(counter) => Some((counter, depth, label.params.clone())),
                _ => None,
            })
            .next();
        let Some((counter, depth, carried)) = found else {
            return self.branch_if(u);
        };
        self.operands(u, &carried)?;
        let same = self.labels_like(&carried);
        match one_of(u, &same)?.copied() {
            Some(away) if depth > 0 && chance(u, 1, 2)? => {
                self.count(counter);
                let branch = Instruction::BrTable(vec![away].into(), depth);
                self.body.op(branch, 1, &[]);
                self.die();
            }
            _ => {
                self.count(counter);
                self.body.op(Instruction::BrIf(depth), 1, &[]);
            }
        }
        Ok(())
    }
}
