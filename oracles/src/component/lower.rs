//! Component values to core values: `store` and `lower_flat`, in steps, as `realloc` is core code that
//! somebody else has to run.

use super::layout::{
    alignment, alignment_of_fields, discriminant_size, field_offsets, flags_size, flat_all,
    payload_flat, payload_offset, size, size_of_fields,
};
use super::lift::MAX_LIST_BYTES;
use super::strings::{FirstPass, Move, moves};
use super::{AbiTrap, Encoding, Source, Type, Val};
use crate::memory::Memory;
use crate::value::Value;
use std::collections::VecDeque;
use wasmparser::ValType;

/// The alignment of strings that may be Latin-1 or UTF-16.
pub const LATIN1_ALIGN: u32 = 2;

/// What a lowering needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `realloc` is called with these; its result goes into the next step
    Realloc([u32; 4]),
    /// Nothing: it is done
    Done,
}

/// Where values go that do not fit the flat ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Out {
    /// Into memory that is allocated for them, as parameters are
    Allocated,
    /// Where the caller says, as results are
    At(u32),
}

/// Where the two numbers of a string or list go.
#[derive(Clone, Copy, Debug)]
enum Place {
    Flat,
    Memory(u32),
}

#[derive(Debug)]
enum Task {
    Store(Val, Type, u32),
    Flat(Val, Type),
    /// The two numbers of a list whose elements are stored
    Range(Place, u32, u32),
    /// The flat values since then are a variant's payload
    Joined(usize, Vec<ValType>),
}

/// What waits for a pointer.
#[derive(Debug)]
enum Waiting {
    Spilled(Vec<Val>, Vec<Type>),
    List(Vec<Val>, Type, Place),
    String(Stored),
}

/// A string that is being stored.
#[derive(Debug)]
struct Stored {
    place: Place,
    ptr: u32,
    /// Alignment and size of the last `realloc`.
    last: (u32, u32),
    moves: VecDeque<Move>,
}

impl std::fmt::Debug for Move {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Move::Realloc(old, align, new) => write!(f, "realloc({old}, {align}, {new})"),
            Move::Write(at, bytes) => write!(f, "write({at}, {} bytes)", bytes.len()),
            Move::Length(length) => write!(f, "length({length})"),
        }
    }
}

/// `lower_flat_values`, in steps.
#[derive(Debug)]
pub struct Lowering {
    encoding: Encoding,
    /// The last is done next.
    tasks: Vec<Task>,
    waiting: Option<Waiting>,
    first: Option<[u32; 4]>,
    flat: Vec<Value>,
    /// The alignment of Latin-1 that stays Latin-1, and how often it was another than the specification's.
    latin1_align: u32,
    first_pass: FirstPass,
    misaligned: u64,
}

type Lowers<R> = Result<R, AbiTrap>;

impl Lowering {
    /// Lowers values of these types to at most `max` core values.
    pub fn new(
        encoding: Encoding,
        values: Vec<Val>,
        types: &[&Type],
        max: usize,
        out: Out,
    ) -> Self {
        let mut lowering = Lowering {
            encoding,
            tasks: Vec::new(),
            waiting: None,
            first: None,
            flat: Vec::new(),
            latin1_align: LATIN1_ALIGN,
            first_pass: FirstPass::Ascii,
            misaligned: 0,
        };
        let owned = types.iter().map(|&ty| ty.clone());
        if flat_all(types).len() <= max {
            let tasks = values.into_iter().zip(owned).rev();
            lowering.tasks = tasks.map(|(value, ty)| Task::Flat(value, ty)).collect();
            return lowering;
        }
        let spilled = Waiting::Spilled(values, owned.collect());
        lowering.waiting = Some(spilled);
        match out {
            Out::Allocated => {
                let (align, size) = (alignment_of_fields(types), size_of_fields(types));
                lowering.first = Some([0, 0, align, size]);
            }
            Out::At(ptr) => lowering.flat.push(Value::I32(ptr)),
        }
        lowering
    }

    /// Has Latin-1 that stays Latin-1 allocated with another alignment than the specification's.
    #[must_use]
    pub fn with_latin1_align(mut self, align: u32) -> Self {
        self.latin1_align = align;
        self
    }

    /// Says what the first allocation of a string holds that becomes UTF-8.
    #[must_use]
    pub fn with_first_pass(mut self, first_pass: FirstPass) -> Self {
        self.first_pass = first_pass;
        self
    }

    /// How often the alignment was another than the specification's.
    pub fn misaligned(&self) -> u64 {
        self.misaligned
    }

    /// The core values, once it is done. What was stored where the caller said has none.
    pub fn values(&self) -> &[Value] {
        &self.flat
    }

    /// Goes on, with what `realloc` returned if that was asked for.
    ///
    /// # Errors
    ///
    /// Why the ABI traps.
    pub fn step(&mut self, memory: Option<&mut Memory>, returned: Option<u32>) -> Lowers<Step> {
        let mut cx = Cx(memory);
        if let Some(args) = self.first.take() {
            return Ok(Step::Realloc(args));
        }
        if let Some(waiting) = self.waiting.take()
            && let Some(args) = self.resume(&mut cx, waiting, returned)?
        {
            return Ok(Step::Realloc(args));
        }
        while let Some(task) = self.tasks.pop() {
            if let Some(args) = self.task(&mut cx, task)? {
                return Ok(Step::Realloc(args));
            }
        }
        Ok(Step::Done)
    }

    fn resume(
        &mut self,
        cx: &mut Cx<'_>,
        waiting: Waiting,
        returned: Option<u32>,
    ) -> Lowers<Option<[u32; 4]>> {
        match waiting {
            Waiting::Spilled(values, types) => {
                let types_by: Vec<&Type> = types.iter().collect();
                // Either it was allocated, or the caller has said where.
                let ptr = match (returned, self.flat.first()) {
                    (_, Some(&Value::I32(ptr))) => {
                        self.flat.clear();
                        ptr
                    }
                    (returned, _) => {
                        let ptr = returned.unwrap_or_default();
                        self.flat.push(Value::I32(ptr));
                        ptr
                    }
                };
                let bytes = size_of_fields(&types_by).into();
                cx.check(ptr, alignment_of_fields(&types_by), bytes)?;
                let offsets = field_offsets(&types_by, ptr);
                let each = values.into_iter().zip(types).zip(offsets).rev();
                let stores = each.map(|((value, ty), at)| Task::Store(value, ty, at));
                self.tasks.extend(stores);
                Ok(None)
            }
            Waiting::List(values, element, place) => {
                let ptr = returned.unwrap_or_default();
                let (each, length) = (size(&element), values.len() as u32);
                let bytes = u64::from(each) * u64::from(length);
                cx.check(ptr, alignment(&element), bytes)?;
                self.tasks.push(Task::Range(place, ptr, length));
                let places = (0..length).map(|at| ptr + at * each);
                let stores = values.into_iter().zip(places).rev();
                let stores = stores.map(|(value, at)| Task::Store(value, element.clone(), at));
                self.tasks.extend(stores);
                Ok(None)
            }
            Waiting::String(mut stored) => {
                stored.ptr = returned.unwrap_or_default();
                let (align, bytes) = stored.last;
                cx.check(stored.ptr, align, bytes.into())?;
                self.string(cx, stored)
            }
        }
    }

    fn string(&mut self, cx: &mut Cx<'_>, mut stored: Stored) -> Lowers<Option<[u32; 4]>> {
        while let Some(next) = stored.moves.pop_front() {
            match next {
                Move::Realloc(old, align, new) => {
                    let args = [stored.ptr, old, align, new];
                    stored.last = (align, new);
                    self.waiting = Some(Waiting::String(stored));
                    return Ok(Some(args));
                }
                Move::Write(at, bytes) => cx.write(stored.ptr + at, &bytes)?,
                Move::Length(length) => self.range(cx, stored.place, stored.ptr, length)?,
            }
        }
        Ok(None)
    }

    fn range(&mut self, cx: &mut Cx<'_>, place: Place, ptr: u32, length: u32) -> Lowers<()> {
        match place {
            Place::Flat => {
                self.flat.extend([Value::I32(ptr), Value::I32(length)]);
                Ok(())
            }
            Place::Memory(at) => {
                cx.write(at, &ptr.to_le_bytes())?;
                cx.write(at + 4, &length.to_le_bytes())
            }
        }
    }

    fn task(&mut self, cx: &mut Cx<'_>, task: Task) -> Lowers<Option<[u32; 4]>> {
        match task {
            Task::Store(value, ty, at) => self.store(cx, value, &ty, at),
            Task::Flat(value, ty) => self.lower_flat(cx, value, &ty),
            Task::Range(place, ptr, length) => {
                self.range(cx, place, ptr, length)?;
                Ok(None)
            }
            Task::Joined(begin, joined) => {
                for (at, wanted) in joined.iter().enumerate() {
                    match self.flat.get_mut(begin + at) {
                        Some(own) => *own = widened(*own, *wanted),
                        None => self.flat.push(zero(*wanted)),
                    }
                }
                Ok(None)
            }
        }
    }

    /// A string or a list, which allocates.
    fn allocated(
        &mut self,
        cx: &mut Cx<'_>,
        value: Val,
        ty: &Type,
        place: Place,
    ) -> Lowers<Option<[u32; 4]>> {
        match (value, ty) {
            (Val::String(text), _) => {
                let stays =
                    self.encoding == Encoding::Latin1OrUtf16 && text.source == Source::Latin1;
                self.misaligned += u64::from(stays && self.latin1_align != LATIN1_ALIGN);
                let moves =
                    moves(&text, self.encoding, (self.latin1_align, self.first_pass))?.into();
                let stored = Stored {
                    place,
                    ptr: 0,
                    last: (1, 0),
                    moves,
                };
                self.string(cx, stored)
            }
            (Val::List(values), Type::List(element)) => {
                let bytes = values.len() as u64 * u64::from(size(element));
                if bytes > MAX_LIST_BYTES {
                    return Err(AbiTrap::TooLong);
                }
                let args = [0, 0, alignment(element), bytes as u32];
                self.waiting = Some(Waiting::List(values, (**element).clone(), place));
                Ok(Some(args))
            }
            _ => unreachable!("a value of another type"),
        }
    }

    fn store(
        &mut self,
        cx: &mut Cx<'_>,
        value: Val,
        ty: &Type,
        at: u32,
    ) -> Lowers<Option<[u32; 4]>> {
        match value {
            Val::String(_) | Val::List(_) => {
                return self.allocated(cx, value, ty, Place::Memory(at));
            }
            Val::Record(values) => {
                let fields = ty.fields().unwrap_or_default();
                let offsets = field_offsets(&fields, at);
                let each = values.into_iter().zip(fields).zip(offsets).rev();
                let stores = each.map(|((value, ty), at)| Task::Store(value, ty.clone(), at));
                self.tasks.extend(stores);
            }
            Val::Variant(case, payload) => {
                let cases = ty.cases().unwrap_or_default();
                let bytes = discriminant_size(cases.len()) as usize;
                cx.write(at, &case.to_le_bytes()[..bytes])?;
                if let (Some(value), Some(Some(ty))) = (payload, cases.get(case as usize)) {
                    let at = at + payload_offset(&cases);
                    self.tasks.push(Task::Store(*value, (*ty).clone(), at));
                }
            }
            Val::Flags(bits) => {
                let Type::Flags(names) = ty else {
                    unreachable!("a value of another type")
                };
                let bytes = flags_size(names.len()) as usize;
                cx.write(at, &bits.to_le_bytes()[..bytes])?;
            }
            scalar => {
                let bits = bits(&scalar).to_le_bytes();
                cx.write(at, &bits[..size(ty) as usize])?;
            }
        }
        Ok(None)
    }

    fn lower_flat(&mut self, cx: &mut Cx<'_>, value: Val, ty: &Type) -> Lowers<Option<[u32; 4]>> {
        match value {
            Val::String(_) | Val::List(_) => return self.allocated(cx, value, ty, Place::Flat),
            Val::Record(values) => {
                let fields = ty.fields().unwrap_or_default();
                let each = values.into_iter().zip(fields).rev();
                let tasks = each.map(|(value, ty)| Task::Flat(value, ty.clone()));
                self.tasks.extend(tasks);
            }
            Val::Variant(case, payload) => {
                let cases = ty.cases().unwrap_or_default();
                self.flat.push(Value::I32(case));
                let joined = payload_flat(&cases);
                self.tasks.push(Task::Joined(self.flat.len(), joined));
                if let (Some(value), Some(Some(ty))) = (payload, cases.get(case as usize)) {
                    self.tasks.push(Task::Flat(*value, (*ty).clone()));
                }
            }
            Val::Flags(bits) => self.flat.push(Value::I32(bits)),
            Val::F32(bits) => self.flat.push(Value::F32(bits)),
            Val::F64(bits) => self.flat.push(Value::F64(bits)),
            scalar => {
                let bits = bits(&scalar);
                let value = match ty {
                    Type::S64 | Type::U64 => Value::I64(bits),
                    _ => Value::I32(bits as u32),
                };
                self.flat.push(value);
            }
        }
        Ok(None)
    }
}

/// A scalar's bits; a signed one is extended.
fn bits(value: &Val) -> u64 {
    match *value {
        Val::Bool(v) => v.into(),
        Val::Signed(v) => v as u64,
        Val::Unsigned(v) | Val::F64(v) => v,
        Val::F32(v) => v.into(),
        Val::Char(v) => u32::from(v).into(),
        _ => unreachable!("no scalar"),
    }
}

fn zero(ty: ValType) -> Value {
    match ty {
        ValType::I64 => Value::I64(0),
        ValType::F32 => Value::F32(0),
        ValType::F64 => Value::F64(0),
        _ => Value::I32(0),
    }
}

/// A value of a case's own type as one of the joined type.
fn widened(value: Value, wanted: ValType) -> Value {
    if value.ty() == wanted {
        return value;
    }
    let bits = match value {
        Value::I32(v) | Value::F32(v) => v.into(),
        Value::I64(v) | Value::F64(v) => v,
        _ => unreachable!("no flat type"),
    };
    match wanted {
        ValType::I32 => Value::I32(bits as u32),
        _ => Value::I64(bits),
    }
}

/// The memory that is lowered into; none where no type needs one.
struct Cx<'a>(Option<&'a mut Memory>);

impl Cx<'_> {
    fn check(&self, ptr: u32, align: u32, bytes: u64) -> Lowers<()> {
        if !ptr.is_multiple_of(align) {
            return Err(AbiTrap::Unaligned);
        }
        let size = self.0.as_ref().map_or(0, |memory| memory.bytes().len()) as u64;
        match u64::from(ptr) + bytes > size {
            true => Err(AbiTrap::OutOfBounds),
            false => Ok(()),
        }
    }

    fn write(&mut self, at: u32, bytes: &[u8]) -> Lowers<()> {
        let memory = self.0.as_mut().ok_or(AbiTrap::OutOfBounds)?;
        let written = memory.write(at.into(), bytes);
        written.map_err(|_| AbiTrap::OutOfBounds)
    }
}
