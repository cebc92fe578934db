//! A function in the making, with its labels: what is around the present place, and which opcodes
//! come next.

use super::super::matrix::body::{Body, Manner};
use super::super::matrix::entities::{BULK, SINGLE};
use super::super::matrix::environment::Environment;
use super::super::matrix::table::{Row as Entry, SCALAR, VECTOR, tables};
use super::super::matrix::threads::THREADS;
use super::super::weights::{Row, below, between, chance, one_of, pick};
use arbitrary::{Result, Unstructured};
use wasm_encoder::{Instruction, ValType};

/// Blocks inside each other, at most.
pub(super) const NESTING: usize = 6;

/// What a function may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    /// Opcodes that it executes, about.
    pub(super) budget: u64,
    /// Whether it may call the host.
    pub(super) hosts: bool,
    /// Whether it may trap, now and then.
    pub(super) traps: bool,
}

/// What a label belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    Block,
    /// With the local that is counted down.
    Loop(u32),
    If,
}

/// A label, and how things were outside.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) kind: Kind,
    /// What a block takes; what a branch to a loop carries.
    pub(super) params: Vec<ValType>,
    /// What a block leaves; what a branch to another label carries.
    pub(super) results: Vec<ValType>,
    floor: usize,
    dead: bool,
    times: u64,
}

/// A function in the making.
pub(super) struct Builder<'e> {
    pub(super) environment: &'e mut Environment,
    /// What each function executes at most, by index.
    pub(super) costs: &'e [u64],
    /// Functions that throw at times.
    pub(super) throwing: &'e [u32],
    /// How many handlers are around the present place.
    pub(super) protection: u32,
    pub(super) body: Body,
    pub(super) labels: Vec<Label>,
    pub(super) traits: Traits,
}

/// What comes next.
#[derive(Clone, Copy)]
enum Step {
    Compute,
    Push,
    Sink,
    Single,
    Bulk,
    Block,
    Loop,
    If,
    Switch,
    BranchIf,
    Continue,
    Leave,
    Call,
    CallIndirect,
    CallNew,
    CallRef,
    Object,
    Garbage,
    Alias,
    TypeSwitch,
    Transfer,
    Thread,
    Protect,
    Throw,
    Trap,
}

const STEPS: &[Row<Step>] = &[
    Row::new("compute", 24, Step::Compute),
    Row::new("push", 8, Step::Push),
    Row::new("sink", 4, Step::Sink),
    Row::new("single", 8, Step::Single),
    Row::new("bulk", 6, Step::Bulk),
    Row::new("block", 6, Step::Block),
    Row::new("loop", 6, Step::Loop),
    Row::new("if", 8, Step::If),
    Row::new("switch", 3, Step::Switch),
    Row::new("br_if", 5, Step::BranchIf),
    Row::new("continue", 2, Step::Continue),
    Row::new("leave", 2, Step::Leave),
    Row::new("call", 16, Step::Call),
    Row::new("call_indirect", 6, Step::CallIndirect),
    Row::new("call of a new element", 2, Step::CallNew),
    Row::new("call_ref", 2, Step::CallRef),
    Row::new("object", 5, Step::Object),
    Row::new("garbage", 2, Step::Garbage),
    Row::new("alias", 2, Step::Alias),
    Row::new("switch of types", 2, Step::TypeSwitch),
    Row::new("transfer", 2, Step::Transfer),
    Row::new("fence and wait", 1, Step::Thread),
    Row::new("handlers", 3, Step::Protect),
    Row::new("throw", 1, Step::Throw),
    Row::new("trap", 2, Step::Trap),
];

impl<'e> Builder<'e> {
    /// Begins a function.
    pub(super) fn new(
        environment: &'e mut Environment,
        (costs, throwing): (&'e [u64], &'e [u32]),
        body: Body,
        results: &[ValType],
        traits: Traits,
    ) -> Builder<'e> {
        let label = Label {
            kind: Kind::Function,
            params: Vec::new(),
            results: results.to_vec(),
            floor: 0,
            dead: false,
            times: 1,
        };
        Builder {
            environment,
            costs,
            throwing,
            protection: 0,
            body,
            labels: vec![label],
            traits,
        }
    }

    /// The code that was made.
    pub(super) fn into_body(self) -> Body {
        self.body
    }

    /// Whether so many more opcodes may be executed each time.
    pub(super) fn affords(&self, opcodes: u64) -> bool {
        let more = self.body.times.saturating_mul(opcodes);
        self.body.cost.saturating_add(more) <= self.traits.budget
    }

    /// Pushes a value of this type.
    pub(super) fn push(&mut self, u: &mut Unstructured<'_>, ty: ValType) -> Result<()> {
        self.body.push(u, self.environment, ty)
    }

    /// Sees to it that operands of these types are on top; those there are taken now and then.
    pub(super) fn operands(&mut self, u: &mut Unstructured<'_>, types: &[ValType]) -> Result<()> {
        let manner = self.manner(u)?;
        self.body.operands(u, self.environment, types, manner)
    }

    fn manner(&self, u: &mut Unstructured<'_>) -> Result<Manner> {
        Ok(if chance(u, 2, 3)? {
            Manner::Reuse
        } else {
            Manner::Fresh
        })
    }

    /// Pushes so many values of any types.
    pub(super) fn hold(&mut self, u: &mut Unstructured<'_>, count: u32) -> Result<()> {
        for _ in 0..count {
            let ty = self.environment.value_type(u)?;
            self.push(u, ty)?;
        }
        Ok(())
    }

    /// An opcode that computes, loads or stores; rather one that finds its operands.
    pub(super) fn compute(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let tables = tables(self.environment.features);
        let table = match between(u, 0, 5)? {
            0..=2 => SCALAR,
            3..=4 => VECTOR,
            _ => one_of(u, &tables)?.copied().unwrap_or(SCALAR),
        };
        let manner = self.manner(u)?;
        let mut found: Option<&'static Entry> = None;
        for _ in 0..4 {
            found = one_of(u, table)?;
            let fits = |entry: &&Entry| self.body.fits(entry.params);
            if manner == Manner::Fresh || found.as_ref().is_some_and(fits) {
                break;
            }
        }
        match found {
            Some(entry) => self.body.row(u, self.environment, entry, manner),
            None => Ok(()),
        }
    }

    /// So many steps, unless the budget or the block ends before.
    pub(super) fn sequence(&mut self, u: &mut Unstructured<'_>, steps: u32) -> Result<()> {
        for _ in 0..steps {
            if self.body.dead || !self.affords(10) {
                break;
            }
            self.step(u)?;
        }
        if self.body.dead {
            // What nothing reaches must be valid all the same.
            for _ in 0..between(u, 0, 3)? {
                self.compute(u)?;
            }
        }
        Ok(())
    }

    fn step(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let nests = self.labels.len() < NESTING;
        match pick(u, STEPS)?.what {
            Step::Block if nests => self.block(u),
            Step::Loop if nests => self.repeat(u),
            Step::If if nests => self.decide(u),
            Step::Switch if nests => self.switch(u),
            Step::BranchIf => self.branch_if(u),
            Step::Continue => self.go_on(u),
            Step::Leave => self.leave_early(u),
            Step::Call => self.call_any(u),
            Step::CallIndirect => self.call_family(u),
            Step::CallNew => self.call_new(u),
            Step::CallRef => self.call_ref(u),
            Step::Object => self.object(u),
            Step::Garbage if nests => self.garbage(u),
            Step::Alias if nests => self.alias(u),
            Step::TypeSwitch if nests => self.type_switch(u),
            Step::Transfer => self.transfer(u),
            Step::Thread => self.thread(u),
            Step::Protect if nests => self.protect(u),
            Step::Throw if self.protection > 0 || self.traits.traps => self.throw(u),
            Step::Trap if self.traits.traps => self.trap_seldom(u),
            Step::Push => {
                let count = between(u, 1, 3)?;
                self.hold(u, count)
            }
            Step::Sink => {
                self.body.tee(u)?;
                self.body.sink(u, self.environment)
            }
            Step::Single => {
                let opcode = SINGLE[below(u, SINGLE.len() as u32)? as usize];
                let manner = self.manner(u)?;
                self.body.entity(u, self.environment, opcode, manner)
            }
            Step::Bulk => {
                let opcode = BULK[below(u, BULK.len() as u32)? as usize];
                let manner = self.manner(u)?;
                self.body.entity(u, self.environment, opcode, manner)
            }
            _ => self.compute(u),
        }
    }

    /// A fence, or a wait that returns at once.
    fn thread(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let opcodes = self.environment.opcodes(THREADS);
        match one_of(u, &opcodes)? {
            Some(&opcode) => {
                let manner = Manner::Fresh;
                self.body.thread(u, self.environment, opcode, manner)
            }
            None => self.compute(u),
        }
    }

    /// Enters a block whose parameters are on top, after its opcode.
    pub(super) fn enter(&mut self, kind: Kind, params: &[ValType], results: &[ValType]) {
        self.labels.push(Label {
            kind,
            params: params.to_vec(),
            results: results.to_vec(),
            floor: self.body.floor,
            dead: self.body.dead,
            times: self.body.times,
        });
        let floor = self.body.stack.len().saturating_sub(params.len());
        self.body.floor = floor.max(self.body.floor);
        // Validation begins anew in a block, even where nothing reaches it.
        self.body.dead = false;
    }

    /// Begins the alternative of the innermost `if`.
    pub(super) fn alternative(&mut self) {
        self.body.emit(Instruction::Else);
        if let Some(label) = self.labels.last() {
            self.body.stack.truncate(self.body.floor);
            self.body.stack.extend(&label.params);
            self.body.dead = false;
        }
    }

    /// Ends the innermost block.
    pub(super) fn leave(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        self.settle(u)?;
        self.body.emit(Instruction::End);
        if let Some(label) = self.labels.pop() {
            self.body.stack.truncate(self.body.floor);
            self.body.stack.extend(&label.results);
            self.body.floor = label.floor;
            self.body.dead = label.dead;
            self.body.times = label.times;
        }
        Ok(())
    }

    /// Sees to it that the results of the innermost block, and nothing else, are on the stack.
    pub(super) fn settle(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(label) = self.labels.last() else {
            return Ok(());
        };
        let (results, kind) = (label.results.clone(), label.kind);
        if self.body.own() == results {
            return Ok(());
        }
        if self.body.dead && self.body.own().is_empty() && chance(u, 1, 2)? {
            return Ok(());
        }
        let branches = !matches!(kind, Kind::Loop(_));
        if branches && self.body.own().len() > results.len() && chance(u, 1, 3)? {
            // A branch leaves the rest behind.
            self.operands(u, &results)?;
            self.body.emit(Instruction::Br(0));
            self.body.dead = true;
            self.body.stack.truncate(self.body.floor);
            return Ok(());
        }
        while !results.starts_with(self.body.own()) {
            self.body.sink(u, self.environment)?;
        }
        let there = self.body.own().len();
        for &ty in &results[there..] {
            self.push(u, ty)?;
        }
        Ok(())
    }

    /// Ends the function's code; the `end` itself is not appended.
    pub(super) fn end(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.end_with_call(u)? {
            return self.settle(u);
        }
        if !self.body.dead && self.body.own().len() > 8 && chance(u, 1, 2)? {
            let results = self.labels.first().map(|label| label.results.clone());
            self.operands(u, &results.unwrap_or_default())?;
            self.body.emit(Instruction::Return);
            self.body.dead = true;
            self.body.stack.clear();
            self.sequence(u, 0)?;
        }
        self.settle(u)
    }
}
