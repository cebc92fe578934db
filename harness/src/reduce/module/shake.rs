//! Taking away what nothing uses.

use super::write::instruction;
use super::{Change, Draft, Entity, Items, Mode, Op, Space, change, space_of_export};
use std::collections::BTreeSet;
use wasmparser::TypeRef;

/// Entities that code and types name.
#[derive(Default)]
pub(super) struct Uses(pub(super) BTreeSet<Entity>);

impl Uses {
    fn of(ops: &[Op<'_>]) -> BTreeSet<Entity> {
        let mut uses = Uses::default();
        for op in ops {
            // It cannot fail: nothing is renumbered, and the result is not wanted.
            let _ = instruction(&mut uses, op);
        }
        uses.0
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
        // Types that name each other stay together.
        let keeps = |space: &Space| *space == Space::Type && !self.has_plain_types();
        let spaces = Space::ALL.into_iter().filter(|space| !keeps(space));
        let all = spaces.flat_map(|space| {
            let indices = 0..self.count(space);
            indices.map(move |index| (space, index))
        });
        all.filter(|entity| !used.contains(entity) && !self.gone.contains(entity))
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
                Mode::Declared => match &elem.items {
                    Items::Functions(functions) => functions
                        .iter()
                        .any(|&func| used.contains(&(Space::Func, func))),
                    Items::Expressions(..) => true,
                },
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
        let defined = index.checked_sub(self.num_imported(space));
        let Some(defined) = defined.map(|defined| defined as usize) else {
            return match self.imported(space).nth(index as usize) {
                Some((_, import)) => match import.ty {
                    TypeRef::Func(ty) => BTreeSet::from([(Space::Type, ty)]),
                    TypeRef::Tag(tag) => BTreeSet::from([(Space::Type, tag.func_type_idx)]),
                    _ => BTreeSet::new(),
                },
                None => BTreeSet::new(),
            };
        };
        match space {
            Space::Func => match self.funcs.get(defined) {
                Some(func) => {
                    let mut uses = Uses::of(&func.body);
                    uses.insert((Space::Type, func.ty));
                    uses
                }
                None => BTreeSet::new(),
            },
            Space::Global => {
                let global = self.globals.get(defined);
                global.map_or_else(BTreeSet::new, |global| Uses::of(&global.init))
            }
            Space::Elem => self.uses_of_elem(defined),
            Space::Data => match self.datas.get(defined).map(|data| &data.mode) {
                Some(Mode::Active(memory, offset)) => {
                    let mut uses = Uses::of(offset);
                    uses.insert((Space::Memory, *memory));
                    uses
                }
                _ => BTreeSet::new(),
            },
            Space::Tag => {
                let ty = self.tags.get(defined);
                ty.map(|&ty| (Space::Type, ty)).into_iter().collect()
            }
            Space::Table => match self.table_inits.get(defined) {
                Some(Some(init)) => Uses::of(init),
                _ => BTreeSet::new(),
            },
            Space::Type | Space::Memory => BTreeSet::new(),
        }
    }

    fn uses_of_elem(&self, index: usize) -> BTreeSet<Entity> {
        let Some(elem) = self.elems.get(index) else {
            return BTreeSet::new();
        };
        let mut uses = BTreeSet::new();
        match &elem.mode {
            Mode::Active(table, offset) => {
                uses.extend(Uses::of(offset));
                uses.insert((Space::Table, *table));
            }
            // It only declares: what it names need not be there.
            Mode::Declared => return uses,
            Mode::Passive => {}
        }
        match &elem.items {
            Items::Functions(functions) => {
                uses.extend(functions.iter().map(|&func| (Space::Func, func)));
            }
            Items::Expressions(_, items) => {
                uses.extend(items.iter().flat_map(|item| Uses::of(item)));
            }
        }
        uses
    }

    /// Declarations name only functions that are there.
    fn forget_items(&mut self) {
        for elem in &mut self.elems {
            if let (Mode::Declared, Items::Functions(functions)) = (&elem.mode, &mut elem.items) {
                functions.retain(|&func| !self.gone.contains(&(Space::Func, func)));
            }
        }
    }
}
