//! A function as the machine executes it: one instruction an opcode, in file order, with its PC.

use crate::address::{FuncIndex, Pc};
use crate::opcode::{Control, Opcode};
use wasmparser::{RefType, ValType};

/// One opcode with its immediates resolved. Same position in [`Function::instrs`] and [`Function::pcs`].
#[derive(Clone, Copy, Debug)]
pub struct Instr {
    /// What to do.
    pub op: Opcode,
    /// First immediate; its meaning depends on `op` (an index, a branch table position, a lane, the
    /// number of a loop's parameters …).
    pub a: u32,
    /// Second immediate (a constant's low bits, a memory offset …).
    pub b: u64,
}

/// A position in the hash-consed lists of operand types: `None` is the empty operand stack.
pub type Shape = Option<ShapeId>;

/// Index of a [`ShapeNode`] in [`Function::shapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShapeId(pub u32);

/// An operand stack's type: the top operand's type, and everything below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShapeNode {
    /// What is below.
    pub below: Shape,
    /// Type of this operand.
    pub ty: ValType,
    /// Operands up to and including this one.
    pub height: u32,
}

/// A function defined by a module, ready to execute.
#[derive(Debug)]
pub struct Function {
    /// Its index in the module's function index space.
    pub index: FuncIndex,
    /// Offset of its body in the binary: of the number of its local declarations.
    pub start: Pc,
    /// Types of parameters and declared locals, in local index order; type indices here and in
    /// `shapes` are the module's.
    pub locals: Box<[ValType]>,
    /// How many of `locals` are parameters.
    pub num_params: u32,
    /// How many results.
    pub num_results: u32,
    /// The largest number of operands at any point.
    pub max_operands: u32,
    /// One entry an opcode, in file order, the final `end` included.
    pub instrs: Box<[Instr]>,
    /// PC of each opcode.
    pub pcs: Box<[Pc]>,
    /// Operand types just before each opcode; meaningless for opcodes that control cannot reach.
    pub before: Box<[Shape]>,
    /// Whether validation considers the opcode reachable.
    pub reachable: Box<[bool]>,
    /// The nodes that `before` points into.
    pub shapes: Box<[ShapeNode]>,
    /// Branch targets (`br`, `br_if`, `br_table` …), as `Instr::a` names them.
    pub(crate) targets: Box<[Target]>,
    /// The `try_table`s in file order, so that an inner one comes after those around it.
    pub(crate) handlers: Box<[Handler]>,
    /// The types of casts and tests, as `Instr::b` names them.
    pub(crate) casts: Box<[RefType]>,
    /// Constants that do not fit an [`Instr`] (vectors, shuffle masks).
    pub(crate) vectors: Box<[u128]>,
}

/// Where a branch goes, and what it carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// Position of the next instruction to execute; `RETURN` for the function's own label.
    pub(crate) to: u32,
    /// Operands carried.
    pub(crate) arity: u32,
    /// Cells of the frame (locals and operands) below the label's operands.
    pub(crate) below: u32,
}

/// A `try_table`.
#[derive(Clone, Debug)]
pub(crate) struct Handler {
    /// Position after the `try_table`.
    pub(crate) start: u32,
    /// Position of its `end`.
    pub(crate) end: u32,
    /// Its clauses, in order.
    pub(crate) clauses: Box<[Clause]>,
}

/// A clause of a `try_table`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clause {
    /// The tag that it catches; none if it catches all.
    pub(crate) tag: Option<u32>,
    /// Whether it also pushes the reference to the exception.
    pub(crate) with_reference: bool,
    /// Where it goes: a position in [`Function::targets`].
    pub(crate) target: u32,
}

/// [`Target::to`] of a branch to the function's own label.
pub(crate) const RETURN: u32 = u32::MAX;

impl Function {
    /// Position of the opcode at `pc`, if there is one.
    pub fn position(&self, pc: Pc) -> Option<usize> {
        self.pcs.binary_search(&pc).ok()
    }

    /// Operand types just before the opcode at `position`, top first.
    pub fn operand_types(&self, position: usize) -> Operands<'_> {
        self.operands(self.before[position])
    }

    /// Whether a `try_table` with a clause is around the opcode at `position`.
    pub fn is_guarded(&self, position: usize) -> bool {
        let inside =
            |handler: &&Handler| (handler.start as usize..handler.end as usize).contains(&position);
        let mut around = self.handlers.iter().filter(inside);
        around.any(|handler| !handler.clauses.is_empty())
    }

    /// Whether control may leave the function from the opcode at `position`, other than into a callee or by
    /// a trap: by its end, a `return`, a branch to its own label, a tail call or an exception.
    pub fn may_leave(&self, position: usize) -> bool {
        let instr = &self.instrs[position];
        match instr.op.control() {
            Control::Next | Control::Call | Control::Nowhere => false,
            Control::TailCall | Control::Throw => true,
            Control::Return => instr.op != Opcode::End || position + 1 == self.instrs.len(),
            Control::Branch => self.branches(instr).iter().any(|to| to.to == RETURN),
        }
    }

    /// Where a branch may go; nowhere from an `if` or `else`, which stay in their block.
    fn branches(&self, instr: &Instr) -> &[Target] {
        let first = instr.a as usize;
        match instr.op {
            Opcode::If | Opcode::Else => &[],
            Opcode::BrTable => &self.targets[first..=first + instr.b as usize],
            _ => &self.targets[first..=first],
        }
    }

    /// The types of a shape, top first.
    pub fn operands(&self, shape: Shape) -> Operands<'_> {
        Operands {
            shapes: &self.shapes,
            next: shape,
        }
    }
}

/// Operand types, top of the stack first.
#[derive(Clone, Debug)]
pub struct Operands<'a> {
    shapes: &'a [ShapeNode],
    next: Shape,
}

impl Iterator for Operands<'_> {
    type Item = ValType;

    #[inline]
    fn next(&mut self) -> Option<ValType> {
        let node = self.shapes[self.next?.0 as usize];
        self.next = node.below;
        Some(node.ty)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let n = self
            .next
            .map_or(0, |id| self.shapes[id.0 as usize].height as usize);
        (n, Some(n))
    }
}

impl ExactSizeIterator for Operands<'_> {}
