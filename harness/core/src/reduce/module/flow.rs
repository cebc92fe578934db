//! What a function's instructions do to the operand stack, and how they nest.

use super::zero::Zeros;
use super::{Draft, Func, Op};
use lockstep_oracles::code::Function;
use std::ops::Range;
use wasmparser::{BlockType, Operator, ValType};

/// A function body, typed and taken apart.
pub(crate) struct Flow {
    /// Operand types before each instruction, bottom first; none where control cannot come.
    pub(crate) before: Vec<Option<Vec<ValType>>>,
    /// Its sequences, outer ones before those they contain.
    pub(crate) sequences: Vec<Sequence>,
    /// Its blocks, in order of their openings.
    pub(crate) blocks: Vec<Block>,
    zeros: Zeros,
}

/// The instructions directly inside the function, a block, or an arm of an `if`.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    /// Where each of its items begins; the last is where the sequence ends (`end` or `else`).
    pub(crate) items: Vec<usize>,
    /// Operands that are not its own, below those it may take.
    pub(crate) base: usize,
    /// What it leaves above them.
    pub(crate) results: Vec<ValType>,
}

/// A `block`, `loop`, `if` or `try_table`.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) begin: usize,
    pub(crate) params: Vec<ValType>,
    pub(crate) results: Vec<ValType>,
    /// The `else` of an `if` that has one.
    pub(crate) otherwise: Option<usize>,
    pub(crate) end: usize,
}

impl Sequence {
    /// Where the sequence ends.
    pub(crate) fn end(&self) -> usize {
        self.items.last().copied().unwrap_or_default()
    }

    /// How many items it has.
    pub(crate) fn len(&self) -> usize {
        self.items.len().saturating_sub(1)
    }
}

impl Flow {
    /// The flow of a function that the oracle has compiled from the same binary.
    pub(crate) fn of(draft: &Draft<'_>, func: &Func<'_>, compiled: &Function) -> Option<Flow> {
        if compiled.instrs.len() != func.body.len() {
            return None;
        }
        let before: Vec<_> = (0..func.body.len())
            .map(|position| {
                compiled.reachable[position].then(|| {
                    let mut types: Vec<ValType> = compiled.operand_types(position).collect();
                    types.reverse();
                    types
                })
            })
            .collect();
        let results = draft.func_type(func.ty)?.results().to_vec();
        let mut scan = Scan {
            draft,
            before: &before,
            open: Vec::new(),
            sequences: Vec::new(),
            blocks: Vec::new(),
        };
        scan.enter(0, 0, Vec::new(), results);
        for (position, op) in func.body.iter().enumerate() {
            scan.instruction(position, op)?;
        }
        let (mut sequences, mut blocks) = (scan.sequences, scan.blocks);
        sequences.sort_by_key(|sequence| (sequence.items.first().copied(), sequence.end()));
        blocks.sort_by_key(|block| block.begin);
        Some(Flow {
            before,
            sequences,
            blocks,
            zeros: Zeros::of(draft),
        })
    }

    /// Operand types before an instruction, if control can come there.
    pub(crate) fn at(&self, position: usize) -> Option<&[ValType]> {
        self.before.get(position)?.as_deref()
    }

    /// Instructions that make a stack of types `to` of one of types `from`.
    pub(crate) fn convert(&self, from: &[ValType], to: &[ValType]) -> Vec<Op<'static>> {
        let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        let mut ops = drops(from.len() - common);
        ops.extend(self.values(&to[common..]));
        ops
    }

    /// Instructions that push the least values of these types.
    pub(crate) fn values(&self, types: &[ValType]) -> Vec<Op<'static>> {
        types.iter().flat_map(|&ty| self.zeros.value(ty)).collect()
    }
}

/// A block that is open during the scan.
struct Open {
    begin: Option<usize>,
    params: Vec<ValType>,
    otherwise: Option<usize>,
    sequence: Sequence,
}

struct Scan<'s, 'a> {
    draft: &'s Draft<'a>,
    before: &'s [Option<Vec<ValType>>],
    open: Vec<Open>,
    sequences: Vec<Sequence>,
    blocks: Vec<Block>,
}

impl Scan<'_, '_> {
    fn enter(&mut self, first: usize, base: usize, params: Vec<ValType>, results: Vec<ValType>) {
        self.open.push(Open {
            begin: first.checked_sub(1),
            params,
            otherwise: None,
            sequence: Sequence {
                items: Vec::new(),
                base,
                results,
            },
        });
    }

    fn instruction(&mut self, position: usize, op: &Op<'_>) -> Option<()> {
        let current = self.open.last_mut()?;
        current.sequence.items.push(position);
        match op {
            Op::Plain(Operator::Block { blockty } | Operator::Loop { blockty }) => {
                self.block(position, *blockty, 0)?;
            }
            Op::Plain(Operator::TryTable { try_table }) => {
                self.block(position, try_table.ty, 0)?;
            }
            Op::Plain(Operator::If { blockty }) => self.block(position, *blockty, 1)?,
            Op::Plain(Operator::Else) => {
                current.otherwise = Some(position);
                let empty = Sequence {
                    items: Vec::new(),
                    ..current.sequence.clone()
                };
                let arm = std::mem::replace(&mut current.sequence, empty);
                self.sequences.push(arm);
            }
            Op::Plain(Operator::End) => {
                let closed = self.open.pop()?;
                let results = closed.sequence.results.clone();
                self.sequences.push(closed.sequence);
                if let Some(begin) = closed.begin {
                    self.blocks.push(Block {
                        begin,
                        params: closed.params,
                        results,
                        otherwise: closed.otherwise,
                        end: position,
                    });
                }
            }
            _ => {}
        }
        Some(())
    }

    fn block(&mut self, position: usize, ty: BlockType, condition: usize) -> Option<()> {
        let (params, results) = self.draft.block_type(ty)?;
        // In dead code nothing is known of what lies below; its sequences are not changed.
        let height = self.before[position].as_ref().map_or(0, Vec::len);
        let base = height.saturating_sub(condition + params.len());
        self.enter(position + 1, base, params, results);
        Some(())
    }
}

/// So many drops.
pub(crate) fn drops(count: usize) -> Vec<Op<'static>> {
    vec![Op::Plain(Operator::Drop); count]
}

impl Draft<'_> {
    /// What a block takes and leaves.
    fn block_type(&self, ty: BlockType) -> Option<(Vec<ValType>, Vec<ValType>)> {
        Some(match ty {
            BlockType::Empty => (Vec::new(), Vec::new()),
            BlockType::Type(ty) => (Vec::new(), vec![ty]),
            BlockType::FuncType(index) => {
                let ty = self.func_type(index)?;
                (ty.params().to_vec(), ty.results().to_vec())
            }
        })
    }
}

/// A body with ranges of it replaced; the ranges are disjoint and in order.
pub(crate) fn replaced<'a>(
    body: &[Op<'a>],
    replacements: &[(Range<usize>, Vec<Op<'static>>)],
) -> Option<Vec<Op<'a>>> {
    let mut new = Vec::with_capacity(body.len());
    let mut next = 0;
    for (range, with) in replacements {
        new.extend_from_slice(body.get(next..range.start)?);
        new.extend(with.iter().cloned());
        next = range.end;
    }
    new.extend_from_slice(body.get(next..)?);
    Some(new)
}
