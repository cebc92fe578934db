//! Which objects a program can still reach: what a collector must keep. The machine itself keeps all.

use super::{Activation, Machine, Status};
use crate::address::{ExnAddr, ObjectAddr};
use crate::types::{CompositeType, StorageType};
use crate::value::{Cell, Ref};
use wasmparser::ValType;

/// Whether element segments hold objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Segments {
    /// They do, as the specification has it
    #[default]
    Kept,
    /// They do not: each use makes its own
    Made,
}

/// The objects that a stopped machine can reach.
#[derive(Clone, Debug, Default)]
pub struct Reachable {
    objects: Vec<bool>,
    exceptions: Vec<bool>,
}

impl Reachable {
    /// Whether a structure or array is reachable.
    pub fn object(&self, addr: ObjectAddr) -> bool {
        self.objects.get(addr.index()).copied().unwrap_or(false)
    }

    /// Whether an exception is reachable.
    pub fn exception(&self, addr: ExnAddr) -> bool {
        self.exceptions.get(addr.index()).copied().unwrap_or(false)
    }

    /// Marks what a reference denotes; whether it is an object that was not marked before.
    fn mark(&mut self, reference: Ref) -> bool {
        let mark = match reference {
            Ref::Struct(addr) | Ref::Array(addr) => self.objects.get_mut(addr.index()),
            Ref::Exn(addr) => self.exceptions.get_mut(addr.index()),
            Ref::Null | Ref::Func(_) | Ref::Extern(_) | Ref::I31(_) => None,
        };
        mark.is_some_and(|mark| !std::mem::replace(mark, true))
    }
}

impl Machine {
    /// What the program can reach: from the stack, the entities and, if asked for, the element segments.
    /// Results that were handed over are the embedder's.
    pub fn reachable(&self, segments: Segments) -> Reachable {
        let mut roots = Vec::new();
        self.roots(segments, &mut |reference| roots.push(reference));
        self.reachable_from(&roots)
    }

    /// What these references lead to, their own objects among it.
    pub fn reachable_from(&self, roots: &[Ref]) -> Reachable {
        let heap = self.store.heap();
        let mut reachable = Reachable {
            objects: vec![false; heap.num_objects()],
            exceptions: vec![false; heap.num_exceptions()],
        };
        let mut left = roots.to_vec();
        left.retain(|&reference| reachable.mark(reference));
        while let Some(reference) = left.pop() {
            self.content(reference, &mut |reference| {
                if reachable.mark(reference) {
                    left.push(reference);
                }
            });
        }
        reachable
    }

    fn roots(&self, kept: Segments, found: &mut impl FnMut(Ref)) {
        for view in self.frames() {
            each(view.locals, view.function.locals.iter().copied(), found);
            let types = view.function.operands(view.shape);
            each(view.operands.iter().rev(), types, found);
        }
        for activation in &self.activations {
            self.pending(activation, found);
        }
        for global in &self.store.globals {
            each([&global.value], [global.ty.content_type], found);
        }
        let tables = self.store.tables.iter().flat_map(|table| &table.elements);
        let elems = match kept {
            Segments::Kept => &*self.store.elems,
            Segments::Made => &[],
        };
        let segments = elems.iter().flat_map(|elements| elements.iter());
        tables
            .chain(segments)
            .for_each(|&reference| found(reference));
    }

    /// What an activation holds beside its frames.
    fn pending(&self, activation: &Activation, found: &mut impl FnMut(Ref)) {
        match activation.status {
            Status::InHost { func, at, .. } => {
                let params = &self.store.func_type(func).params;
                let args = self.stack[at..].iter().take(params.len());
                each(args, params.iter().copied(), found);
            }
            Status::Raising(exn) => found(Ref::Exn(exn)),
            Status::Caught(ref catch) => found(Ref::Exn(catch.exn)),
            Status::Ended(super::Stop::Throw { exn, .. }) => found(Ref::Exn(exn)),
            Status::Running | Status::AtPoint | Status::Answered | Status::Ended(_) => {}
        }
    }

    /// The references inside an object.
    fn content(&self, reference: Ref, found: &mut impl FnMut(Ref)) {
        match reference {
            Ref::Struct(addr) | Ref::Array(addr) => {
                let object = self.store.heap().object(addr);
                match &self.store.types().get(object.ty).composite {
                    CompositeType::Struct(fields) => {
                        let types = fields.iter().map(|field| field.element_type);
                        each_stored(&object.fields, types, found);
                    }
                    CompositeType::Array(element) => {
                        let types = std::iter::repeat(element.element_type);
                        each_stored(&object.fields, types, found);
                    }
                    CompositeType::Func(_) => {}
                }
            }
            Ref::Exn(addr) => {
                let exception = self.store.heap().exception(addr);
                let types = &self.store.tag_type(exception.tag).params;
                each(&*exception.fields, types.iter().copied(), found);
            }
            Ref::Null | Ref::Func(_) | Ref::Extern(_) | Ref::I31(_) => {}
        }
    }
}

/// The references among typed cells.
fn each<'a>(
    cells: impl IntoIterator<Item = &'a Cell>,
    types: impl IntoIterator<Item = ValType>,
    found: &mut impl FnMut(Ref),
) {
    for (cell, ty) in cells.into_iter().zip(types) {
        if let ValType::Ref(_) = ty {
            found(Ref::from_cell(*cell));
        }
    }
}

fn each_stored(
    cells: &[Cell],
    types: impl IntoIterator<Item = StorageType>,
    found: &mut impl FnMut(Ref),
) {
    for (cell, ty) in cells.iter().zip(types) {
        if let StorageType::Val(ValType::Ref(_)) = ty {
            found(Ref::from_cell(*cell));
        }
    }
}
