//! What was compared, counted.

use super::acted::Acted;
use super::exercised::RuleSet;
use super::families::Checked;
use super::looks::Looks;
use crate::causes::LeftOut;
use lockstep_oracles::opcode::Opcode;

/// Counts of one execution of one case.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Tally {
    /// Events matched with the oracle.
    pub sequence_points: u64,
    /// (event, frame) pairs compared.
    pub frames: u64,
    /// (event, frame) pairs that the frame policy left out.
    pub frames_skipped: u64,
    /// Locals and operands compared; a `v128` is one.
    pub values: u64,
    /// Locals and operands of compared frames that the frame policy left to another event.
    #[serde(default)]
    pub values_skipped: u64,
    /// Reads, looks and collections left out, by the cause that forbids them.
    pub left_out: LeftOut,
    /// Events of the rarer kinds, and at how many of them every frame was compared.
    pub looks: Looks,
    /// Comparisons of a whole memory, global or table.
    pub entities: u64,
    /// Comparisons left out: the subject shows no handle, or an exhaustion left the content open.
    pub entities_skipped: u64,
    /// Host calls matched with the oracle.
    pub host_calls: u64,
    /// Events of thrown exceptions matched with the oracle.
    pub throws: u64,
    /// Collections that the schedule forced.
    pub collections: u64,
    /// Checks of a handle that was kept to an object.
    #[serde(default)]
    pub handles: u64,
    /// Sequence points that the oracle passed or stopped at.
    pub executed: u64,
    /// Sessions in which breakpoints were edited.
    pub edit_sessions: u64,
    /// Edits asked of the engine.
    pub edits: u64,
    /// Actions of the debugger beside edits.
    #[serde(default)]
    pub acted: Acted,
    /// Comparisons of the process's code before and after.
    pub code_images: u64,
    /// `EpochYield` events.
    pub epoch_yields: u64,
    /// Times each opcode was at a matched event, by [`Opcode`].
    #[serde(with = "crate::campaign::wire::sparse")]
    pub opcodes: Box<[u64]>,
    /// Families of rules checked at each opcode.
    pub checked: Checked,
    /// Rules that their checkers noted, as nothing counts what they compare.
    #[serde(default)]
    pub noted: RuleSet,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            sequence_points: 0,
            frames: 0,
            frames_skipped: 0,
            values: 0,
            values_skipped: 0,
            left_out: LeftOut::default(),
            looks: Looks::default(),
            entities: 0,
            entities_skipped: 0,
            host_calls: 0,
            throws: 0,
            collections: 0,
            handles: 0,
            executed: 0,
            edit_sessions: 0,
            edits: 0,
            acted: Acted::default(),
            code_images: 0,
            epoch_yields: 0,
            opcodes: vec![0; Opcode::ALL.len()].into(),
            checked: Checked::default(),
            noted: RuleSet::default(),
        }
    }
}

impl Tally {
    /// Adds another execution's counts.
    pub fn add(&mut self, other: &Tally) {
        self.sequence_points += other.sequence_points;
        self.frames += other.frames;
        self.frames_skipped += other.frames_skipped;
        self.values += other.values;
        self.values_skipped += other.values_skipped;
        self.left_out.add(&other.left_out);
        self.looks.add(&other.looks);
        self.entities += other.entities;
        self.entities_skipped += other.entities_skipped;
        self.host_calls += other.host_calls;
        self.throws += other.throws;
        self.collections += other.collections;
        self.handles += other.handles;
        self.executed += other.executed;
        self.edit_sessions += other.edit_sessions;
        self.edits += other.edits;
        self.acted.add(&other.acted);
        self.code_images += other.code_images;
        self.epoch_yields += other.epoch_yields;
        for (mine, theirs) in self.opcodes.iter_mut().zip(&other.opcodes) {
            *mine += theirs;
        }
        self.checked.add(&other.checked);
        self.noted.add(&other.noted);
    }
}
