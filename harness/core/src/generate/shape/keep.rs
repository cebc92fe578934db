//! Objects that one place alone keeps while others are made. A collector that does not know the place, or leaves
//! there what has moved, is found out when the object is asked for the number that it holds.

use super::super::matrix::body::global;
use super::super::matrix::environment::{ELEM_ANYS, ELEMENTS, SLOTS, Signature};
use super::super::matrix::pools::EXNREF;
use super::super::matrix::types::{ANYS, NODE, WIDE, WIDTH, kind, reference};
use super::super::weights::{below, between, chance, one_of};
use super::builder::{Builder, Traits};
use super::endless::{NUMBER, litter_once};
use super::references::{NODEREF, field};
use super::{Plan, Role, TOP_BUDGET};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::opcode::Opcode;
use std::borrow::Cow;
use wasm_encoder::{AbstractHeapType, BlockType, Catch, HeapType, Instruction, RefType, ValType};

const ANYREF: ValType = reference(true, HeapType::ANY);
const EQREF: ValType = reference(true, kind(AbstractHeapType::Eq));
const WIDEREF: ValType = reference(true, HeapType::Concrete(WIDE));
const ARRAY: HeapType = kind(AbstractHeapType::Array);
const I32: &[ValType] = &[ValType::I32];

/// Opcodes that keeping and asking take, about.
const COST: u64 = 700;
/// Fields of a node that another can be in.
const FIELDS: [u32; 2] = [0, 2];
/// Elements of an array that keeps something, at most; and of one in some that is longer.
const MEMBERS: u32 = 40;
const MANY_MEMBERS: u32 = 600;

/// Where an object is kept.
#[derive(Clone, Copy)]
enum Place {
    /// In a global of this type, the module's or the host's.
    Global(u32, ValType),
    /// In a table, at this index, as an element of this type.
    Element(u32, u32, ValType),
    /// In a local of this type.
    Local(u32, ValType),
    /// In the node in this local, in this field.
    Field(u32, u32),
    /// In the wide structure in this local, in this field.
    Wide(u32, u32),
    /// In the array in this local, at this index.
    Member(u32, u32),
    /// In a segment since the instance was made; it comes into the table at the same index.
    Segment(u32, u32),
}

/// Locals that the code of a function shares, null but while it uses them.
struct Hands {
    own: u32,
    any: u32,
    external: u32,
    /// Where there are exceptions: a local, and the tag that carries a node.
    thrown: Option<(u32, u32)>,
    sum: u32,
}

impl Plan {
    /// A function that keeps objects, and asks for them.
    pub(super) fn define_keeping(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let traits = Traits {
            budget: TOP_BUDGET,
            hosts: true,
            traps: false,
        };
        let signature = Signature {
            params: self.environment.parameters(u, 0, 2)?,
            results: I32.to_vec(),
        };
        let ty = self.environment.type_index(signature.clone());
        let mut builder = self.builder(u, &signature, 16, traits)?;
        let held = between(u, 0, 3)?;
        builder.hold(u, held)?;
        for _ in 0..between(u, 1, 3)? {
            builder.keep(u)?;
            let steps = between(u, 0, 2)?;
            builder.sequence(u, steps)?;
        }
        builder.end(u)?;
        let body = builder.into_body();
        self.add(ty, body, Role::Keeping, 1);
        Ok(())
    }
}

impl Builder<'_> {
    /// Keeps objects in places of their own, makes others, and asks each for its number; pushes their sum.
    fn keep(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        // Where nothing goes on, any operand is as good as there: those that are held are not.
        let keeps = self.environment.has(Opcode::StructNew) && !self.body.dead;
        if !keeps || !self.affords(COST) {
            return self.compute(u);
        }
        let hands = self.hands();
        let mut number = between(u, 1, 99)?;
        let mut places = Vec::new();
        for _ in 0..between(u, 2, 6)? {
            let place = self.place(u, &hands)?;
            number += 7;
            self.put(place, &hands, number);
            places.push(place);
        }
        let mut operands = Vec::new();
        for _ in 0..between(u, 0, 5)? {
            number += 7;
            self.node(number);
            operands.push(self.hold_operand(u, &hands)?);
        }
        self.make_others(u, &hands)?;
        for &ty in operands.iter().rev() {
            self.ask(ty, &hands);
        }
        for place in places {
            let ty = self.fetch(place);
            if chance(u, 1, 2)? {
                // Now only the operand stack has it, or a local: an operand that is an exception and has moved ends
                // the process where it is thrown (`COLLECT-SLOT`).
                let local = (ty == EXNREF).then(|| self.body.reserve(EXNREF));
                if let Some(local) = local {
                    self.body.op(Instruction::LocalSet(local), 1, &[]);
                }
                self.clear(place);
                self.make_others(u, &hands)?;
                if let Some(local) = local {
                    self.body.op(Instruction::LocalGet(local), 0, &[EXNREF]);
                }
            }
            self.ask(ty, &hands);
        }
        self.body.op(Instruction::LocalGet(hands.sum), 0, I32);
        Ok(())
    }

    fn hands(&mut self) -> Hands {
        let params = [NODEREF];
        let mut tags = self.environment.tags.iter().zip(0..);
        let tag = tags.find(|(tag, _)| tag.params == params);
        let tag = tag.map(|(_, index)| index);
        Hands {
            own: self.body.reserve(NODEREF),
            any: self.body.reserve(ANYREF),
            external: self.body.reserve(ValType::EXTERNREF),
            thrown: tag.map(|tag| (self.body.reserve(EXNREF), tag)),
            sum: self.body.reserve(ValType::I32),
        }
    }

    /// A place: of a type that a node can be made.
    fn place(&mut self, u: &mut Unstructured<'_>, hands: &Hands) -> Result<Place> {
        let mut types = vec![NODEREF, ANYREF, EQREF, ValType::EXTERNREF];
        if hands.thrown.is_some() {
            types.push(EXNREF);
        }
        let ty = types[below(u, types.len() as u32)? as usize];
        let place = match between(u, 0, 7)? {
            7 => {
                let holder = self.body.reserve(WIDEREF);
                let new = Instruction::StructNewDefault(WIDE);
                self.body.op(new, 0, &[WIDEREF]);
                self.body.op(Instruction::LocalSet(holder), 1, &[]);
                return Ok(Place::Wide(holder, below(u, WIDTH)?));
            }
            0 => {
                let holder = self.body.reserve(NODEREF);
                let field = FIELDS[below(u, FIELDS.len() as u32)? as usize];
                self.node(0);
                self.body.op(Instruction::LocalSet(holder), 1, &[]);
                return Ok(Place::Field(holder, field));
            }
            1 => {
                let array = reference(true, HeapType::Concrete(ANYS));
                let holder = self.body.reserve(array);
                let most = if chance(u, 1, 5)? {
                    MANY_MEMBERS
                } else {
                    MEMBERS
                };
                let length = between(u, 1, most)?;
                self.body.push_i32(length as i32);
                let new = Instruction::ArrayNewDefault(ANYS);
                self.body.op(new, 1, &[array]);
                self.body.op(Instruction::LocalSet(holder), 1, &[]);
                return Ok(Place::Member(holder, below(u, length)?));
            }
            2 => {
                let tables = self.environment.tables_of(ANYREF);
                let element = below(u, ELEMENTS)?;
                let table = tables.first();
                table.map(|&table| Place::Segment(table, element))
            }
            3 | 4 => {
                let tables = self.environment.tables_of(ty);
                let table = one_of(u, &tables)?.copied();
                let at = below(u, SLOTS)?;
                table.map(|table| Place::Element(table, at, ty))
            }
            5 => {
                let global = global(u, self.environment, ty, true)?;
                global.map(|global| Place::Global(global, ty))
            }
            _ => None,
        };
        Ok(place.unwrap_or_else(|| Place::Local(self.body.reserve(ty), ty)))
    }

    /// Pushes a node with this number.
    fn node(&mut self, number: u32) {
        let nothing = [HeapType::Concrete(NODE), HeapType::Concrete(NODE + 1)];
        for ty in nothing.into_iter().chain([HeapType::ANY]) {
            self.null(reference(true, ty));
        }
        let number = Instruction::F32Const((number as f32).into());
        self.body.op(number, 0, &[ValType::F32]);
        self.body.op(Instruction::StructNew(NODE), 4, &[NODEREF]);
    }

    fn null(&mut self, ty: ValType) {
        let ValType::Ref(RefType { heap_type, .. }) = ty else {
            return;
        };
        self.body.op(Instruction::RefNull(heap_type), 0, &[ty]);
    }

    /// Sets a local, and leaves nothing in it when its value has been pushed again.
    fn pass_through(&mut self, local: u32, ty: ValType) {
        self.body.op(Instruction::LocalSet(local), 1, &[]);
        self.body.op(Instruction::LocalGet(local), 0, &[ty]);
        self.null(ty);
        self.body.op(Instruction::LocalSet(local), 1, &[]);
    }

    /// Makes the node on top an operand of a type of its own; which.
    fn hold_operand(&mut self, u: &mut Unstructured<'_>, hands: &Hands) -> Result<ValType> {
        Ok(match between(u, 0, 2)? {
            0 | 1 => {
                self.convert(ValType::EXTERNREF, hands);
                // What comes out of a local has its type in the debug information, too (`CONVERT-TYPE`).
                self.pass_through(hands.external, ValType::EXTERNREF);
                ValType::EXTERNREF
            }
            _ => NODEREF,
        })
    }

    /// Makes the node on top a reference of this type.
    fn convert(&mut self, ty: ValType, hands: &Hands) {
        match (ty, hands.thrown) {
            (ValType::EXTERNREF, _) => {
                let convert = Instruction::ExternConvertAny;
                self.body.op(convert, 1, &[ValType::EXTERNREF]);
            }
            (EXNREF, Some((thrown, tag))) => {
                let caught = [NODEREF, EXNREF];
                let outer = self.environment.block_type(&[NODEREF], &caught);
                let inner = self.environment.block_type(&[NODEREF], &[]);
                let catches = vec![Catch::OneRef { tag, label: 0 }];
                self.body.emit(Instruction::Block(outer));
                let inner = Instruction::TryTable(inner, Cow::Owned(catches));
                self.body.emit(inner);
                self.body.emit(Instruction::Throw(tag));
                self.body.emit(Instruction::End);
                self.body.emit(Instruction::Unreachable);
                self.body.op(Instruction::End, 1, &caught);
                self.body.op(Instruction::LocalSet(thrown), 1, &[]);
                self.body.op(Instruction::Drop, 1, &[]);
                self.body.op(Instruction::LocalGet(thrown), 0, &[EXNREF]);
                self.null(EXNREF);
                self.body.op(Instruction::LocalSet(thrown), 1, &[]);
            }
            _ => {}
        }
    }

    /// Takes the node out of the reference of this type on top; leaves a reference of any kind.
    fn take_out(&mut self, ty: ValType, hands: &Hands) {
        match (ty, hands.thrown) {
            (ValType::EXTERNREF, _) => {
                let convert = Instruction::AnyConvertExtern;
                self.body.op(convert, 1, &[ANYREF]);
            }
            (EXNREF, Some((thrown, tag))) => {
                let caught = BlockType::Result(NODEREF);
                let catches = vec![Catch::One { tag, label: 0 }];
                self.body.op(Instruction::LocalSet(thrown), 1, &[]);
                self.body.op(Instruction::LocalGet(thrown), 0, &[EXNREF]);
                self.body.op(Instruction::RefIsNull, 1, I32);
                self.body.op(Instruction::If(caught), 1, &[]);
                self.body
                    .emit(Instruction::RefNull(HeapType::Concrete(NODE)));
                self.body.emit(Instruction::Else);
                self.body.emit(Instruction::Block(caught));
                let inner = Instruction::TryTable(BlockType::Empty, Cow::Owned(catches));
                self.body.emit(inner);
                self.body.emit(Instruction::LocalGet(thrown));
                self.body.emit(Instruction::ThrowRef);
                self.body.emit(Instruction::End);
                self.body.emit(Instruction::Unreachable);
                self.body.emit(Instruction::End);
                self.body.op(Instruction::End, 0, &[ANYREF]);
                self.null(EXNREF);
                self.body.op(Instruction::LocalSet(thrown), 1, &[]);
            }
            _ => {
                let top = self.body.stack.len() - 1;
                self.body.retype(top, ANYREF);
            }
        }
    }

    /// Makes a node with this number and keeps it in the place, and nowhere else.
    fn put(&mut self, place: Place, hands: &Hands, number: u32) {
        if let Place::Segment(..) = place {
            return;
        }
        self.node(number);
        match place {
            Place::Global(_, ty) | Place::Element(_, _, ty) | Place::Local(_, ty) => {
                self.convert(ty, hands);
                self.keep_in(place, ty, Some(hands));
            }
            _ => self.keep_in(place, NODEREF, Some(hands)),
        }
    }

    /// Stores what is on top, of this type, in the place; with hands what lies below it on the way.
    fn keep_in(&mut self, place: Place, ty: ValType, hands: Option<&Hands>) {
        match place {
            Place::Global(index, _) => self.body.op(Instruction::GlobalSet(index), 1, &[]),
            Place::Local(local, _) => self.body.op(Instruction::LocalSet(local), 1, &[]),
            Place::Segment(..) => self.body.op(Instruction::Drop, 1, &[]),
            _ => {
                let way = hands.and_then(|hands| hands.for_type(ty));
                let way = way.unwrap_or_else(|| self.body.reserve(ty));
                self.body.op(Instruction::LocalSet(way), 1, &[]);
                self.address(place);
                self.body.op(Instruction::LocalGet(way), 0, &[ty]);
                self.null(ty);
                self.body.op(Instruction::LocalSet(way), 1, &[]);
                match place {
                    Place::Element(table, ..) => {
                        self.body.op(Instruction::TableSet(table), 2, &[]);
                    }
                    Place::Member(..) => self.body.op(Instruction::ArraySet(ANYS), 3, &[]),
                    Place::Field(_, field) => self.set_field(NODE, field),
                    Place::Wide(_, field) => self.set_field(WIDE, field),
                    _ => {}
                }
            }
        }
    }

    fn set_field(&mut self, struct_type_index: u32, field_index: u32) {
        let set = Instruction::StructSet {
            struct_type_index,
            field_index,
        };
        self.body.op(set, 2, &[]);
    }

    /// Pushes what says where a place is: an index, the object around it.
    fn address(&mut self, place: Place) {
        match place {
            Place::Element(table, at, _) => {
                self.body.push_i32(at as i32);
                self.body.widen(self.environment.is_table64(table));
            }
            Place::Member(holder, at) => {
                let array = reference(true, HeapType::Concrete(ANYS));
                self.body.op(Instruction::LocalGet(holder), 0, &[array]);
                self.body.push_i32(at as i32);
            }
            Place::Field(holder, _) => {
                self.body.op(Instruction::LocalGet(holder), 0, &[NODEREF]);
            }
            Place::Wide(holder, _) => {
                self.body.op(Instruction::LocalGet(holder), 0, &[WIDEREF]);
            }
            _ => {}
        }
    }

    /// Pushes what is in the place; of which type. A call in between may have put something else there.
    fn fetch(&mut self, place: Place) -> ValType {
        if let Place::Segment(table, at) = place {
            self.body.push_i32(at as i32);
            self.body.widen(self.environment.is_table64(table));
            self.body.push_i32(at as i32);
            self.body.push_i32(1);
            let elem_index = ELEM_ANYS;
            let init = Instruction::TableInit { elem_index, table };
            self.body.op(init, 3, &[]);
            return self.fetch(Place::Element(table, at, ANYREF));
        }
        self.address(place);
        let (get, taken, ty) = match place {
            Place::Global(index, ty) => (Instruction::GlobalGet(index), 0, ty),
            Place::Element(table, _, ty) => (Instruction::TableGet(table), 1, ty),
            Place::Member(..) => (Instruction::ArrayGet(ANYS), 2, ANYREF),
            Place::Field(_, 0) => (field(NODE, 0), 1, NODEREF),
            Place::Field(_, index) => (field(NODE, index), 1, ANYREF),
            Place::Wide(_, index) => (field(WIDE, index), 1, ANYREF),
            Place::Local(local, ty) => (Instruction::LocalGet(local), 0, ty),
            Place::Segment(..) => unreachable!("it was loaded above"),
        };
        self.body.op(get, taken, &[ty]);
        ty
    }

    /// Leaves nothing in the place.
    fn clear(&mut self, place: Place) {
        let (place, ty) = match place {
            Place::Segment(table, at) => (Place::Element(table, at, ANYREF), ANYREF),
            Place::Global(_, ty) | Place::Element(_, _, ty) | Place::Local(_, ty) => (place, ty),
            Place::Field(_, 0) => (place, NODEREF),
            Place::Field(..) | Place::Wide(..) | Place::Member(..) => (place, ANYREF),
        };
        self.null(ty);
        self.keep_in(place, ty, None);
    }

    /// Asks what is on top, of this type, for its number, or its length; adds it to the sum.
    fn ask(&mut self, ty: ValType, hands: &Hands) {
        self.take_out(ty, hands);
        let any = hands.any;
        let number = BlockType::Result(ValType::I32);
        let node = HeapType::Concrete(NODE);
        self.body.op(Instruction::LocalSet(any), 1, &[]);
        self.body.op(Instruction::LocalGet(any), 0, &[ANYREF]);
        self.body.op(Instruction::RefTestNonNull(node), 1, I32);
        self.body.op(Instruction::If(number), 1, &[]);
        self.body.emit(Instruction::LocalGet(any));
        self.body.emit(Instruction::RefCastNonNull(node));
        self.body.emit(field(NODE, NUMBER));
        self.body.emit(Instruction::I32TruncSatF32U);
        self.body.emit(Instruction::Else);
        self.body.emit(Instruction::LocalGet(any));
        self.body.emit(Instruction::RefTestNonNull(ARRAY));
        self.body.emit(Instruction::If(number));
        self.body.emit(Instruction::LocalGet(any));
        self.body.emit(Instruction::RefCastNonNull(ARRAY));
        self.body.emit(Instruction::ArrayLen);
        self.body.emit(Instruction::Else);
        self.body.emit(Instruction::I32Const(-1));
        self.body.emit(Instruction::End);
        self.body.op(Instruction::End, 0, I32);
        self.null(ANYREF);
        self.body.op(Instruction::LocalSet(any), 1, &[]);
        self.body.op(Instruction::LocalGet(hands.sum), 0, I32);
        self.body.op(Instruction::I32Add, 2, I32);
        self.body.op(Instruction::LocalSet(hands.sum), 1, &[]);
    }

    /// Makes objects that nothing keeps: some take the memory of what was freed by mistake. Leaves the operands as
    /// they are.
    fn make_others(&mut self, u: &mut Unstructured<'_>, hands: &Hands) -> Result<()> {
        let held = self.body.stack.len();
        let floor = std::mem::replace(&mut self.body.floor, held);
        match between(u, 0, 3)? {
            0 => self.garbage(u)?,
            1 => self.call_any(u)?,
            _ => {}
        }
        while self.body.stack.len() > held {
            self.body.op(Instruction::Drop, 1, &[]);
        }
        for _ in 0..between(u, 1, 2)? {
            litter_once(u, &mut self.body)?;
        }
        for number in 0..between(u, 1, 3)? {
            self.node(1000 + number);
            if chance(u, 1, 3)? {
                // Of the size of what carries a node.
                self.convert(EXNREF, hands);
            }
            self.body.op(Instruction::Drop, 1, &[]);
        }
        self.body.floor = floor;
        Ok(())
    }
}

impl Hands {
    /// The local through which a value of this type passes.
    fn for_type(&self, ty: ValType) -> Option<u32> {
        match ty {
            NODEREF => Some(self.own),
            ANYREF => Some(self.any),
            ValType::EXTERNREF => Some(self.external),
            EXNREF => self.thrown.map(|(thrown, _)| thrown),
            _ => None,
        }
    }
}
