//! Taking away what nothing uses.

use super::write::instruction;
use super::{Change, Draft, Elem, Entity, Items, Mode, Op, Space, change, space_of_export};
use std::collections::BTreeSet;
use wasm_encoder::reencode::Reencode;
use wasmparser::{SubType, ValType};

/// Entities that code and types name.
#[derive(Default)]
pub(super) struct Uses(pub(super) BTreeSet<Entity>);

/// Nothing of this can fail: nothing is renumbered, and what is written is not wanted.
impl Uses {
    fn ops(&mut self, ops: &[Op<'_>]) {
        for op in ops {
            let _ = instruction(self, op);
        }
    }

    fn values(&mut self, types: &[ValType]) {
        for &ty in types {
            let _ = self.val_type(ty);
        }
    }

    fn sub_type(&mut self, ty: &SubType) {
        let _ = Reencode::sub_type(self, ty.clone());
    }

    fn of_items(&mut self, items: &Items<'_>) {
        match items {
            Items::Functions(functions) => {
                self.0
                    .extend(functions.iter().map(|&func| (Space::Func, func)));
            }
            Items::Expressions(ty, items) => {
                let _ = self.ref_type(*ty);
                for item in items {
                    self.ops(item);
                }
            }
        }
    }
}

/// All that is unused at once, then what is unused of one space, then single entities.
pub(crate) fn changes(draft: &Draft<'_>) -> Vec<Change> {
    let unused = draft.unused();
    if unused.is_empty() {
        return Vec::new();
    }
    let mut sets = vec![unused.clone()];
    for space in [
        Space::Func,
        Space::Global,
        Space::Elem,
        Space::Data,
        Space::Table,
        Space::Memory,
        Space::Tag,
        Space::Type,
    ] {
        let of_space = unused.iter().filter(|(s, _)| *s == space);
        let of_space: BTreeSet<Entity> = of_space.copied().collect();
        if !of_space.is_empty() && of_space.len() < unused.len() {
            sets.push(of_space);
        }
    }
    if unused.len() > 1 {
        sets.extend(unused.iter().map(|&entity| BTreeSet::from([entity])));
    }
    let take = |set: BTreeSet<Entity>| {
        change(move |draft| {
            draft.gone.extend(set.iter().copied());
            draft.forget_items();
            true
        })
    };
    sets.into_iter().map(take).collect()
}

impl Draft<'_> {
    /// Takes away everything that is unused.
    pub(crate) fn shake(&mut self) {
        self.gone.extend(self.unused());
        self.forget_items();
    }

    /// Takes away types that are unused.
    pub(crate) fn shake_types(&mut self) {
        let unused = self.unused();
        let types = unused
            .into_iter()
            .filter(|(space, _)| *space == Space::Type);
        self.gone.extend(types);
    }

    /// Entities that neither exports nor start function nor anything they use name.
    ///
    /// An active segment does not keep its table or memory, but goes with it.
    fn unused(&self) -> BTreeSet<Entity> {
        let used = self.used();
        let all = Space::ALL.into_iter().flat_map(|space| {
            let indices = 0..self.count(space);
            indices.map(move |index| (space, index))
        });
        all.filter(|entity| !used.contains(entity) && !self.is_gone(*entity))
            .collect()
    }

    fn used(&self) -> BTreeSet<Entity> {
        let exports = self.exports.iter();
        let mut wanted: Vec<Entity> = exports
            .map(|export| (space_of_export(export.kind), export.index))
            .collect();
        wanted.extend(self.start.map(|func| (Space::Func, func)));
        let mut used = BTreeSet::new();
        loop {
            while let Some(entity) = wanted.pop() {
                let entity = match entity {
                    (Space::Type, ty) => (Space::Type, self.stand_in(ty)),
                    other => other,
                };
                if used.insert(entity) {
                    wanted.extend(self.uses_of(entity));
                }
            }
            wanted.extend(self.kept_segments(&used));
            if wanted.is_empty() {
                return used;
            }
        }
    }

    /// Segments that are still wanted because of what is used.
    fn kept_segments(&self, used: &BTreeSet<Entity>) -> Vec<Entity> {
        let elems = (0u32..)
            .zip(&self.elems)
            .filter(|(_, elem)| match &elem.mode {
                Mode::Active(table, _) => used.contains(&(Space::Table, *table)),
                // It only declares: it is there for what is used without it.
                Mode::Declared => {
                    let mut declared = Uses::default();
                    declared.of_items(&elem.items);
                    declared.0.iter().any(|&(space, index)| {
                        space == Space::Func && used.contains(&(space, index))
                    })
                }
                Mode::Passive => false,
            });
        let elems = elems.map(|(index, _)| (Space::Elem, index));
        let datas = (0u32..)
            .zip(&self.datas)
            .filter(|(_, data)| match data.mode {
                Mode::Active(memory, _) => used.contains(&(Space::Memory, memory)),
                Mode::Passive | Mode::Declared => false,
            });
        let datas = datas.map(|(index, _)| (Space::Data, index));
        elems
            .chain(datas)
            .filter(|entity| !used.contains(entity) && !self.gone.contains(entity))
            .collect()
    }

    fn uses_of(&self, (space, index): Entity) -> BTreeSet<Entity> {
        let mut uses = Uses::default();
        match index.checked_sub(self.num_imported(space)) {
            Some(defined) => self.add_uses(&mut uses, space, defined as usize),
            None => {
                if let Some((_, import)) = self.imported(space).nth(index as usize) {
                    let _ = uses.entity_type(import.ty);
                }
            }
        }
        uses.0
    }

    /// What an entity that the module defines names; nothing if there is none of this position.
    fn add_uses(&self, uses: &mut Uses, space: Space, defined: usize) {
        match space {
            Space::Func => {
                if let Some(func) = self.funcs.get(defined) {
                    uses.0.insert((Space::Type, func.ty));
                    uses.values(&func.locals);
                    uses.ops(&func.body);
                }
            }
            Space::Global => {
                if let Some(global) = self.globals.get(defined) {
                    uses.values(&[global.ty.content_type]);
                    uses.ops(&global.init);
                }
            }
            Space::Elem => {
                if let Some(elem) = self.elems.get(defined) {
                    self.add_uses_of_elem(uses, elem);
                }
            }
            Space::Data => {
                let data = self.datas.get(defined);
                if let Some(Mode::Active(memory, offset)) = data.map(|data| &data.mode) {
                    uses.ops(offset);
                    uses.0.insert((Space::Memory, *memory));
                }
            }
            Space::Tag => {
                let ty = self.tags.get(defined);
                uses.0.extend(ty.map(|&ty| (Space::Type, ty)));
            }
            Space::Table => {
                if let Some(table) = self.tables.get(defined) {
                    uses.values(&[ValType::Ref(table.element_type)]);
                }
                if let Some(Some(init)) = self.table_inits.get(defined) {
                    uses.ops(init);
                }
            }
            Space::Type => self.add_uses_of_type(uses, defined),
            Space::Memory => {}
        }
    }

    fn add_uses_of_elem(&self, uses: &mut Uses, elem: &Elem<'_>) {
        match &elem.mode {
            Mode::Active(table, offset) => {
                uses.ops(offset);
                uses.0.insert((Space::Table, *table));
            }
            // What it names need not be there.
            Mode::Declared => {
                if let Items::Expressions(ty, _) = elem.items {
                    uses.values(&[ValType::Ref(ty)]);
                }
                return;
            }
            Mode::Passive => {}
        }
        uses.of_items(&elem.items);
    }

    /// A type's recursion group is a part of it: types are equal if their groups are.
    fn add_uses_of_type(&self, uses: &mut Uses, index: usize) {
        let mut first = 0;
        for &size in &self.groups {
            let group = first..first + size as usize;
            if group.contains(&index) {
                for member in group.clone() {
                    let entity = (Space::Type, member as u32);
                    if !self.is_gone(entity) {
                        uses.0.insert(entity);
                    }
                }
            }
            first = group.end;
        }
        if let Some(ty) = self.types.get(index) {
            uses.sub_type(ty);
        }
    }

    /// Declarations name only functions that are there.
    fn forget_items(&mut self) {
        let gone = &self.gone;
        for elem in &mut self.elems {
            if !matches!(elem.mode, Mode::Declared) {
                continue;
            }
            match &mut elem.items {
                Items::Functions(functions) => {
                    functions.retain(|&func| !gone.contains(&(Space::Func, func)));
                }
                Items::Expressions(_, items) => items.retain(|item| {
                    let mut uses = Uses::default();
                    uses.ops(item);
                    uses.0.is_disjoint(gone)
                }),
            }
        }
    }
}
