//! References that live across calls and collections: objects on several paths, equal ones that are
//! not the same, and garbage made in between, so that a collector has something to move or to free.

use super::super::matrix::body::{Body, Manner, global};
use super::super::matrix::casts::target;
use super::super::matrix::environment::{ELEM_ANYS, ELEMENTS, SLOTS};
use super::super::matrix::objects::OBJECTS;
use super::super::matrix::types::{NODE, kind, reference};
use super::super::weights::{below, between, chance, one_of};
use super::builder::{Builder, Kind};
use super::endless::litter_once;
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use wasm_encoder::{AbstractHeapType, BlockType, HeapType, Instruction, ValType};

/// A node, or null.
pub(super) const NODEREF: ValType = reference(true, HeapType::Concrete(NODE));
const ANYREF: ValType = reference(true, HeapType::ANY);
const EQ: HeapType = kind(AbstractHeapType::Eq);

/// Reads a field of a structure.
pub(super) fn field(struct_type_index: u32, field_index: u32) -> Instruction<'static> {
    Instruction::StructGet {
        struct_type_index,
        field_index,
    }
}

/// Where an object is kept, and read again.
#[derive(Clone, Copy)]
enum Path {
    Global(u32),
    /// A field of the structure in this local.
    Field(u32),
    /// An element of a table.
    Element(u32, u32),
    /// A global of the host's, of references of any kind.
    Hosted(u32),
    /// An element of a table, which a segment gives it twice.
    Segment(u32, u32),
    /// Made external and internal again.
    Converted,
    /// Nowhere: an equal object stands for it.
    Twin,
}

impl Builder<'_> {
    /// An opcode on objects.
    pub(super) fn object(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let opcodes = self.environment.opcodes(OBJECTS);
        match one_of(u, &opcodes)? {
            Some(&opcode) => self.body.object(u, self.environment, opcode, Manner::Fresh),
            None => self.compute(u),
        }
    }

    /// Makes objects and forgets them, a few rounds.
    pub(super) fn garbage(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let rounds = between(u, 2, 9)?;
        if !self.environment.has(Opcode::StructNew) || !self.affords(u64::from(rounds) * 40) {
            return self.compute(u);
        }
        let counter = self.body.reserve(ValType::I32);
        self.body.push_i32(rounds as i32);
        self.body.op(Instruction::LocalSet(counter), 1, &[]);
        self.body.emit(Instruction::Loop(BlockType::Empty));
        self.enter(Kind::Loop(counter), &[], &[]);
        self.body.times *= u64::from(rounds);
        for _ in 0..between(u, 1, 3)? {
            let before = self.body.stack.len();
            let kind = target(u, self.environment)?;
            self.body.push_object(u, self.environment, kind)?;
            self.body.retype(before, ANYREF);
            self.body.op(Instruction::Drop, 1, &[]);
        }
        if chance(u, 1, 3)? {
            litter_once(u, &mut self.body)?;
        }
        self.count(counter);
        self.body.op(Instruction::BrIf(0), 1, &[]);
        self.leave(u)
    }

    /// Keeps an object on one or more paths, does something else, and asks of each whether it is
    /// still the same.
    pub(super) fn alias(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if !self.environment.has(Opcode::StructNew) || !self.affords(120) {
            return self.compute(u);
        }
        let own = self.body.reserve(NODEREF);
        let before = self.body.stack.len();
        let node = HeapType::Concrete(NODE);
        self.body.push_object(u, self.environment, node)?;
        self.body.retype(before, NODEREF);
        self.body.op(Instruction::LocalSet(own), 1, &[]);
        let mut paths = Vec::new();
        for _ in 0..between(u, 1, 3)? {
            let path = self.path(u)?;
            self.store(path, own);
            paths.push(path);
        }
        match chance(u, 1, 2)? {
            true => self.garbage(u)?,
            false => self.call_any(u)?,
        }
        for path in paths {
            self.load(path, own);
            self.body.op(Instruction::LocalGet(own), 0, &[NODEREF]);
            self.body.op(Instruction::RefEq, 2, &[ValType::I32]);
        }
        Ok(())
    }

    fn path(&mut self, u: &mut Unstructured<'_>) -> Result<Path> {
        Ok(match between(u, 0, 6)? {
            0 => Path::Field(self.body.reserve(NODEREF)),
            1 => match global(u, self.environment, NODEREF, true)? {
                Some(index) => Path::Global(index),
                None => Path::Twin,
            },
            2 => self.in_table(Path::Element, below(u, SLOTS)?),
            3 => Path::Converted,
            4 => match global(u, self.environment, ANYREF, true)? {
                Some(index) => Path::Hosted(index),
                None => Path::Twin,
            },
            5 => self.in_table(Path::Segment, below(u, ELEMENTS)?),
            _ => Path::Twin,
        })
    }

    /// A path through a table of references of any kind, if there is one.
    fn in_table(&self, path: fn(u32, u32) -> Path, place: u32) -> Path {
        let tables = self.environment.tables_of(ANYREF);
        let table = tables.first();
        table.map_or(Path::Twin, |&table| path(table, place))
    }

    fn store(&mut self, path: Path, own: u32) {
        let get = Instruction::LocalGet(own);
        match path {
            Path::Global(index) | Path::Hosted(index) => {
                self.body.op(get, 0, &[NODEREF]);
                self.body.op(Instruction::GlobalSet(index), 1, &[]);
            }
            Path::Field(holder) => {
                let new = Instruction::StructNewDefault(NODE);
                self.body.op(new, 0, &[NODEREF]);
                self.body.emit(Instruction::LocalTee(holder));
                self.body.op(get, 0, &[NODEREF]);
                let set = Instruction::StructSet {
                    struct_type_index: NODE,
                    field_index: 0,
                };
                self.body.op(set, 2, &[]);
            }
            Path::Element(table, place) => {
                self.body.push_i32(place as i32);
                self.body.widen(self.environment.is_table64(table));
                self.body.op(get, 0, &[NODEREF]);
                self.body.op(Instruction::TableSet(table), 2, &[]);
            }
            Path::Segment(table, place) => self.init_element(table, place, place),
            Path::Converted | Path::Twin => {}
        }
    }

    /// Copies an element of the segment of references of any kind into the table.
    fn init_element(&mut self, table: u32, element: u32, place: u32) {
        self.body.push_i32(place as i32);
        self.body.widen(self.environment.is_table64(table));
        self.body.push_i32(element as i32);
        self.body.push_i32(1);
        let elem_index = ELEM_ANYS;
        self.body
            .op(Instruction::TableInit { elem_index, table }, 3, &[]);
    }

    /// Pushes what is on the path, as a reference that can be compared. A call in between may have
    /// put something else there.
    fn load(&mut self, path: Path, own: u32) {
        let eq = reference(true, EQ);
        match path {
            Path::Global(index) => self.body.op(Instruction::GlobalGet(index), 0, &[NODEREF]),
            Path::Field(holder) => {
                self.body.op(Instruction::LocalGet(holder), 0, &[NODEREF]);
                self.body.op(field(NODE, 0), 1, &[NODEREF]);
            }
            Path::Element(table, place) => {
                self.body.push_i32(place as i32);
                self.body.widen(self.environment.is_table64(table));
                self.body.op(Instruction::TableGet(table), 1, &[ANYREF]);
                self.make_comparable();
            }
            Path::Hosted(index) => {
                self.body.op(Instruction::GlobalGet(index), 0, &[ANYREF]);
                self.make_comparable();
            }
            Path::Segment(table, element) => {
                let place = ELEMENTS + element;
                self.init_element(table, element, place);
                self.load(Path::Element(table, place), own);
            }
            Path::Converted => {
                self.body.op(Instruction::LocalGet(own), 0, &[NODEREF]);
                let there = Instruction::ExternConvertAny;
                self.body.op(there, 1, &[ValType::EXTERNREF]);
                self.body.op(Instruction::AnyConvertExtern, 1, &[ANYREF]);
                self.body.op(Instruction::RefCastNullable(EQ), 1, &[eq]);
            }
            Path::Twin => {
                let new = Instruction::StructNewDefault(NODE);
                self.body.op(new, 0, &[NODEREF]);
            }
        }
    }

    /// Makes the reference on top one that can be compared; null, if it is a host's.
    fn make_comparable(&mut self) {
        let eq = reference(true, EQ);
        let found: &mut Body = &mut self.body;
        let local = found.reserve(ANYREF);
        found.emit(Instruction::LocalTee(local));
        found.op(Instruction::RefTestNullable(EQ), 1, &[ValType::I32]);
        found.op(Instruction::If(BlockType::Result(eq)), 1, &[]);
        found.op(Instruction::LocalGet(local), 0, &[ANYREF]);
        found.op(Instruction::RefCastNullable(EQ), 1, &[]);
        found.emit(Instruction::Else);
        found.emit(Instruction::RefNull(EQ));
        found.emit(Instruction::End);
        found.stack.push(eq);
    }
}
