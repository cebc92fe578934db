//! Fewer parameters and results.

use super::flow::drops;
use super::locals::{forget, renumber};
use super::zero::Zeros;
use super::{Draft, Func, Op, Space};
use std::collections::BTreeSet;
use std::ops::Range;
use wasmparser::{BlockType, FuncType, Operator, ValType};

/// What a function's signature loses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Less {
    /// Index of the function, imports first.
    pub(crate) func: u32,
    /// Parameters that go.
    pub(crate) params: Range<usize>,
    /// Results that stay, counted from the first.
    pub(crate) results: usize,
    /// Whether the parameters become zeros in the body; otherwise they become declared locals.
    pub(crate) forgotten: bool,
}

/// What signatures may lose: all at once first.
pub(crate) fn candidates(draft: &Draft<'_>) -> Vec<Less> {
    let mut found = Vec::new();
    for func in 0..draft.count(Space::Func) {
        let Some(ty) = draft.signature(func) else {
            continue;
        };
        let (params, results) = (ty.params().len(), ty.results().len());
        let mut less = |params: Range<usize>, results: usize| {
            let ways: &[bool] = if params.is_empty() {
                &[false]
            } else {
                &[true, false]
            };
            for &forgotten in ways {
                let less = Less {
                    func,
                    params: params.clone(),
                    results,
                    forgotten,
                };
                if !found.contains(&less) {
                    found.push(less);
                }
            }
        };
        if params > 0 && results > 0 {
            less(0..params, 0);
        }
        if params > 0 {
            less(0..params, results);
        }
        if results > 0 {
            less(0..0, 0);
            less(0..0, results - 1);
        }
        for param in (0..params).rev() {
            less(param..param + 1, results);
        }
    }
    found
}

impl Draft<'_> {
    /// Takes parameters and results away from a function, and from every direct call of it; false
    /// if that cannot be done.
    pub(crate) fn lose(&mut self, less: &Less) -> bool {
        let Some(ty) = self.signature(less.func).cloned() else {
            return false;
        };
        let (params, results) = (ty.params().to_vec(), ty.results().to_vec());
        if less.params.end > params.len() || less.results > results.len() {
            return false;
        }
        let is_last = less.params.end == params.len();
        if !is_last && !less.params.is_empty() && self.is_called(less.func) {
            return false;
        }
        let kept = params[..less.params.start].iter();
        let kept = kept.chain(&params[less.params.end..]).copied();
        let shorter = FuncType::new(kept, results[..less.results].iter().copied());
        let index = self.type_index(shorter);
        self.set_type_of(less.func, index);
        let wrapper = self.wrapper(&results);
        let imported = self.num_imported(Space::Func);
        if let Some(defined) = less.func.checked_sub(imported) {
            let func = &mut self.funcs[defined as usize];
            let locals = make_local(func, &params, &less.params);
            if less.results < results.len() {
                drop_results(func, wrapper, results.len() - less.results);
            }
            if less.forgotten {
                forget(self, defined as usize, &locals);
            }
        }
        self.shorten_calls(less, &results);
        true
    }

    fn is_called(&self, func: u32) -> bool {
        let mut code = self.code();
        code.any(|op| called(op).is_some_and(|(callee, _)| callee == func))
    }

    /// Type of a block that leaves these results.
    fn wrapper(&mut self, results: &[ValType]) -> BlockType {
        match results {
            [] => BlockType::Empty,
            [ty] => BlockType::Type(*ty),
            several => {
                BlockType::FuncType(self.type_index(FuncType::new([], several.iter().copied())))
            }
        }
    }

    fn shorten_calls(&mut self, less: &Less, results: &[ValType]) {
        let zeros = Zeros::of(self);
        let lost = results[less.results..].iter();
        let lost: Vec<Op<'static>> = lost.flat_map(|&ty| zeros.value(ty)).collect();
        for func in &mut self.funcs {
            let body = std::mem::take(&mut func.body);
            for op in body {
                let Some((_, tail)) = called(&op).filter(|(callee, _)| *callee == less.func) else {
                    func.body.push(op);
                    continue;
                };
                func.body.extend(drops(less.params.len()));
                if tail && less.results < results.len() {
                    let function_index = less.func;
                    func.body.push(Op::Plain(Operator::Call { function_index }));
                    func.body.extend(lost.iter().cloned());
                    func.body.push(Op::Plain(Operator::Return));
                } else {
                    func.body.push(op);
                    if !tail {
                        func.body.extend(lost.iter().cloned());
                    }
                }
            }
        }
    }
}

/// The function that an instruction calls directly, and whether that is a tail call.
fn called(op: &Op<'_>) -> Option<(u32, bool)> {
    match op {
        Op::Plain(Operator::Call { function_index }) => Some((*function_index, false)),
        Op::Plain(Operator::ReturnCall { function_index }) => Some((*function_index, true)),
        _ => None,
    }
}

/// The call that a tail call would be if it returned here.
fn without_tail<'a>(op: &Op<'a>) -> Option<Op<'a>> {
    Some(Op::Plain(match *op {
        Op::Plain(Operator::ReturnCall { function_index }) => Operator::Call { function_index },
        Op::Plain(Operator::ReturnCallIndirect {
            type_index,
            table_index,
        }) => Operator::CallIndirect {
            type_index,
            table_index,
        },
        Op::Plain(Operator::ReturnCallRef { type_index }) => Operator::CallRef { type_index },
        _ => return None,
    }))
}

/// Makes parameters declared locals, behind those that stay parameters; which locals they are now.
fn make_local(func: &mut Func<'_>, params: &[ValType], gone: &Range<usize>) -> BTreeSet<u32> {
    let stay = (params.len() - gone.len()) as u32;
    let (start, end) = (gone.start as u32, gone.end as u32);
    let mut locals = params[gone.clone()].to_vec();
    locals.append(&mut func.locals);
    func.locals = locals;
    renumber(&mut func.body, |local| {
        if local < start || local >= params.len() as u32 {
            local
        } else if local < end {
            stay + (local - start)
        } else {
            local - (end - start)
        }
    });
    (stay..stay + (end - start)).collect()
}

/// Drops results at the end; where branches carry them there, the body becomes a block of its own.
fn drop_results(func: &mut Func<'_>, wrapper: BlockType, count: usize) {
    let Some(end) = func.body.pop() else {
        return;
    };
    if returns_early(&func.body) {
        returns_to_block(&mut func.body);
        let opening = Op::Plain(Operator::Block { blockty: wrapper });
        func.body.insert(0, opening);
        func.body.push(Op::Plain(Operator::End));
    }
    let falls_through = !matches!(func.body.last(), Some(Op::Plain(Operator::Unreachable)));
    if falls_through {
        func.body.extend(drops(count));
    }
    func.body.push(end);
}

/// Whether anything but the end leaves the function with results.
fn returns_early(body: &[Op<'_>]) -> bool {
    let mut depth = 0u32;
    body.iter().any(|op| {
        let leaves = match op {
            Op::Plain(Operator::End) => {
                depth = depth.saturating_sub(1);
                false
            }
            Op::Plain(Operator::Return) => true,
            op if without_tail(op).is_some() => true,
            op => op.clone().labels_mut().iter().any(|label| **label == depth),
        };
        depth += u32::from(op.opens());
        leaves
    })
}

/// `return` becomes a branch to the block that the body is about to be, a tail call a call and one.
fn returns_to_block(body: &mut Vec<Op<'_>>) {
    let mut depth = 0u32;
    let old = std::mem::take(body);
    for op in old {
        let branch = Op::Plain(Operator::Br {
            relative_depth: depth,
        });
        match &op {
            op if op.opens() => depth += 1,
            Op::Plain(Operator::End) => depth = depth.saturating_sub(1),
            Op::Plain(Operator::Return) => {
                body.push(branch);
                continue;
            }
            tail => {
                if let Some(call) = without_tail(tail) {
                    body.extend([call, branch]);
                    continue;
                }
            }
        }
        body.push(op);
    }
}
