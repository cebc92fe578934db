//! `INLINED-TRY-CALL`, `INLINED-TRY-BREAK` and `INLINED-TAIL-CALL`: which calls may be inlined.
//!
//! The engine inlines bottom-up, one layer of the call graph after another: a direct call of a function
//! that the module defines, unless the two call each other, however far around. An import's code is
//! not at hand, and no indirect call is looked at. What is too large is kept as a call, too; how large
//! code is is the compiler's own, so that a call that may be inlined need not be.

use lockstep_oracles::address::FuncIndex;
use lockstep_oracles::code::Function;
use lockstep_oracles::module::Module;
use lockstep_oracles::opcode::Opcode;

/// The direct calls of a module, as far as inlining is concerned.
#[derive(Clone, Debug, Default)]
pub struct InlinedCalls {
    imported: u32,
    /// By defined function: which functions call each other, by a number that they share.
    circles: Box<[usize]>,
    /// By defined function: those that it calls by a tail call that may be inlined.
    tails: Box<[Vec<FuncIndex>]>,
    /// By defined function: those that may be inlined into it, once for each call.
    inlined: Box<[Vec<FuncIndex>]>,
    guards: bool,
    has_tail_calls: bool,
}

impl InlinedCalls {
    /// The calls of `module`.
    pub fn of(module: &Module) -> InlinedCalls {
        let imported = module.num_imported_funcs();
        let functions = module.functions();
        let callees: Vec<Vec<usize>> = functions.iter().map(|f| callees(f, imported)).collect();
        let mut calls = InlinedCalls {
            imported,
            circles: circles(&callees),
            tails: Box::default(),
            inlined: Box::default(),
            guards: false,
            has_tail_calls: ops(functions).any(|op| op.is_tail_call()),
        };
        calls.inlined = functions
            .iter()
            .map(|function| {
                let positions = 0..function.instrs.len();
                let callees = positions.filter_map(|at| calls.callee(function, at));
                callees.collect()
            })
            .collect();
        calls.guards = functions.iter().any(|function| {
            let mut positions = 0..function.instrs.len();
            positions.any(|at| calls.is_guarded(function, at))
        });
        if calls.has_tail_calls {
            let tails = functions.iter().map(|function| calls.tails_of(function));
            calls.tails = tails.collect();
        }
        calls
    }

    fn tails_of(&self, function: &Function) -> Vec<FuncIndex> {
        let instrs = function.instrs.iter().enumerate();
        let tails = instrs.filter(|(_, instr)| instr.op.is_tail_call());
        tails
            .filter_map(|(at, _)| self.callee(function, at))
            .collect()
    }

    /// Whether the code of `from` comes to that of `to` by tail calls that may be inlined, at least one.
    pub fn comes_to(&self, from: FuncIndex, to: FuncIndex) -> bool {
        let tails = |func: FuncIndex| self.of_defined(&self.tails, func);
        let mut seen = vec![from];
        let mut next = 0;
        while let Some(&func) = seen.get(next) {
            next += 1;
            for &tail in tails(func).into_iter().flatten() {
                if tail == to {
                    return true;
                }
                if !seen.contains(&tail) {
                    seen.push(tail);
                }
            }
        }
        false
    }

    /// Whether a direct call of `callee` in `caller` may be inlined.
    pub fn may_inline(&self, caller: FuncIndex, callee: FuncIndex) -> bool {
        let circle = |func: FuncIndex| self.of_defined(&self.circles, func);
        match (circle(caller), circle(callee)) {
            (Some(caller), Some(callee)) => caller != callee,
            _ => false,
        }
    }

    /// The function that the opcode calls directly, if that may be inlined.
    pub fn callee(&self, function: &Function, position: usize) -> Option<FuncIndex> {
        let called = called(function, position)?;
        self.may_inline(function.index, called).then_some(called)
    }

    /// Whether the opcode is a call that may be inlined and that a `try_table` of its function guards.
    pub fn is_guarded(&self, function: &Function, position: usize) -> bool {
        function.instrs[position].op == Opcode::Call
            && self.callee(function, position).is_some()
            && function.is_guarded(position)
    }

    /// Whether the function's code may hold that of another.
    pub fn inlines_any(&self, function: FuncIndex) -> bool {
        let inlined = self.of_defined(&self.inlined, function);
        inlined.is_some_and(|inlined| !inlined.is_empty())
    }

    /// Whether the code of any function may hold that of another.
    pub fn inlines_anywhere(&self) -> bool {
        self.inlined.iter().any(|inlined| !inlined.is_empty())
    }

    /// Whether the function's code may be in that of another.
    pub fn is_inlined(&self, func: FuncIndex) -> bool {
        self.inlined.iter().any(|inlined| inlined.contains(&func))
    }

    /// Whether a tail call that may be inlined leads to the function: its code may be that of the function
    /// it takes the place of.
    pub fn is_tail_called(&self, func: FuncIndex) -> bool {
        self.tails.iter().any(|tails| tails.contains(&func))
    }

    /// What is known of a function, in a list by defined function; nothing of an import.
    fn of_defined<'a, T>(&self, list: &'a [T], func: FuncIndex) -> Option<&'a T> {
        list.get(func.0.checked_sub(self.imported)? as usize)
    }

    /// Whether there is such a call.
    pub fn guards(&self) -> bool {
        self.guards
    }

    /// Whether a function has a tail call.
    pub fn has_tail_calls(&self) -> bool {
        self.has_tail_calls
    }
}

fn ops(functions: &[Function]) -> impl Iterator<Item = Opcode> {
    let instrs = functions.iter().flat_map(|function| &function.instrs);
    instrs.map(|instr| instr.op)
}

/// The function that the opcode calls directly.
pub fn called(function: &Function, position: usize) -> Option<FuncIndex> {
    let instr = function.instrs[position];
    matches!(instr.op, Opcode::Call | Opcode::ReturnCall).then_some(FuncIndex(instr.a))
}

/// The defined functions that one calls directly, in code that there is for certain: the compiler leaves out
/// what is behind an opcode that it knows to trap.
fn callees(function: &Function, imported: u32) -> Vec<usize> {
    let instrs = function.instrs.iter();
    let certain = instrs.take_while(|instr| instr.op.traps().is_empty());
    let positions = (0..certain.count()).filter(|&at| function.reachable[at]);
    let called = positions.filter_map(|at| called(function, at));
    let defined = called.filter_map(|func| func.0.checked_sub(imported));
    defined.map(|func| func as usize).collect()
}

/// For each node of a graph the number of its strongly connected component (Kosaraju's algorithm).
fn circles(callees: &[Vec<usize>]) -> Box<[usize]> {
    let mut callers = vec![Vec::new(); callees.len()];
    for (caller, callees) in callees.iter().enumerate() {
        for &callee in callees {
            callers[callee].push(caller);
        }
    }
    let mut seen = vec![false; callees.len()];
    let mut finished = Vec::new();
    for root in 0..callees.len() {
        finish(callees, root, &mut seen, &mut finished);
    }
    let mut circles = vec![usize::MAX; callees.len()];
    for &root in finished.iter().rev() {
        let mut next = vec![root];
        while let Some(node) = next.pop() {
            if circles[node] == usize::MAX {
                circles[node] = root;
                next.extend(&callers[node]);
            }
        }
    }
    circles.into()
}

/// Adds what is reached from `root` and was not seen, callees first.
fn finish(callees: &[Vec<usize>], root: usize, seen: &mut [bool], finished: &mut Vec<usize>) {
    let mut path = vec![(root, 0)];
    if std::mem::replace(&mut seen[root], true) {
        return;
    }
    while let Some((node, next)) = path.last_mut() {
        match callees[*node].get(*next) {
            Some(&callee) => {
                *next += 1;
                if !std::mem::replace(&mut seen[callee], true) {
                    path.push((callee, 0));
                }
            }
            None => {
                finished.push(*node);
                path.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::WasmFeatures;

    fn calls(wat: &str) -> InlinedCalls {
        let bytes = wat::parse_str(wat).unwrap();
        InlinedCalls::of(&Module::new(&bytes, WasmFeatures::WASM3).unwrap())
    }

    fn may_inline(calls: &InlinedCalls, caller: u32, callee: u32) -> bool {
        calls.may_inline(FuncIndex(caller), FuncIndex(callee))
    }

    #[test]
    fn a_defined_function_may_be_inlined_and_an_import_not() {
        let calls = calls(r#"(module (import "a" "f" (func)) (func) (func call 0 call 1))"#);
        assert!(may_inline(&calls, 2, 1));
        assert!(!may_inline(&calls, 2, 0));
    }

    #[test]
    fn only_a_function_that_calls_another_holds_its_code() {
        let calls = calls(
            "(module (import \"\" \"\" (func)) (func) (func call 0) (func call 1) (func call 3))",
        );
        let inlines = [0, 1, 2, 3, 4].map(|func| calls.inlines_any(FuncIndex(func)));
        assert_eq!(inlines, [false, false, false, true, true]);
    }

    #[test]
    fn a_tail_call_that_may_be_inlined_leads_to_its_callee() {
        let calls =
            calls("(module (func) (func return_call 0) (func call 1) (func return_call 3))");
        let called = [0, 1, 2, 3].map(|func| calls.is_tail_called(FuncIndex(func)));
        assert_eq!(called, [true, false, false, false]);
        let inlined = [0, 1, 2, 3].map(|func| calls.is_inlined(FuncIndex(func)));
        assert_eq!(inlined, [true, true, false, false]);
    }

    #[test]
    fn functions_that_call_each_other_are_not_inlined_into_each_other() {
        let calls = calls(
            "(module (func call 1) (func call 2) (func return_call 0) (func call 0) (func call 4))",
        );
        for (caller, callee) in [(0, 1), (1, 2), (2, 0), (4, 4)] {
            assert!(!may_inline(&calls, caller, callee), "{caller} {callee}");
        }
        assert!(may_inline(&calls, 3, 0));
    }

    #[test]
    fn code_that_may_be_left_out_makes_no_circle() {
        for dead in ["return", "i32.const 0 i32.load offset=0x80000000 drop"] {
            let calls = calls(&format!(
                "(module (memory 1) (func call 1) (func {dead} call 0))"
            ));
            assert!(may_inline(&calls, 0, 1), "{dead}");
        }
    }

    #[test]
    fn tail_calls_lead_from_one_function_to_another() {
        let calls = calls(
            "(module (func return_call 1) (func return_call 2) (func return_call 2) (func call 0))",
        );
        let comes = |from, to| calls.comes_to(FuncIndex(from), FuncIndex(to));
        assert!(comes(0, 1) && comes(0, 2) && comes(1, 2));
        assert!(!comes(0, 0) && !comes(2, 1) && !comes(3, 0));
        assert!(!comes(2, 2), "it calls itself");
    }

    #[test]
    fn only_a_guarded_call_that_may_be_inlined_counts() {
        let guards = |import: &str, called: u32, clause: &str| {
            let wat = format!(
                "(module {import} (func) (func block try_table {clause} call {called} end end))"
            );
            calls(&wat).guards()
        };
        assert!(guards("", 0, "(catch_all 0)"));
        assert!(!guards("", 0, ""));
        assert!(!guards("", 1, "(catch_all 0)"));
        assert!(!guards(r#"(import "a" "f" (func))"#, 0, "(catch_all 0)"));
    }
}
