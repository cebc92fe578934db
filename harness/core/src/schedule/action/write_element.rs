//! Writes an element of a table through the handle that its accessor returns: a copy of another element
//! of it, which so has the right type.

use super::{Entity, Write, number, smaller};
use lockstep_oracles::address::{InstanceAddr, TableAddr};
use lockstep_oracles::store::Store;
use lockstep_oracles::value::Ref;

/// Writes an element of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteElement {
    /// Which of the instance's tables that are not empty.
    pub table: Entity,
    /// Which element is written, counted round and round.
    pub to: u64,
    /// Which element is copied, counted round and round; behind the last is null, where the table may have
    /// null.
    pub from: u64,
}

/// The write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElementWrite {
    /// The instance that is asked for it.
    pub instance: InstanceAddr,
    /// Its index there.
    pub index: u32,
    /// The table.
    pub addr: TableAddr,
    /// Which element is written.
    pub to: u64,
    /// Which element is copied; none is null.
    pub from: Option<u64>,
}

impl WriteElement {
    pub(super) fn text(self) -> String {
        let (table, to, from) = (self.table.text(), self.to, self.from);
        format!("write element {table} {to} {from}")
    }

    pub(super) fn read(words: &[&str]) -> Option<WriteElement> {
        let [table, to, from] = words else {
            return None;
        };
        Some(WriteElement {
            table: Entity::read(table)?,
            to: number(to)?,
            from: number(from)?,
        })
    }

    pub(super) fn reduced(self) -> Vec<WriteElement> {
        let tables = self.table.reduced().into_iter();
        let tables = tables.map(|table| WriteElement { table, ..self });
        let to = smaller(self.to).into_iter();
        let to = to.map(|to| WriteElement { to, ..self });
        let from = smaller(self.from).into_iter();
        let from = from.map(|from| WriteElement { from, ..self });
        tables.chain(to).chain(from).collect()
    }

    pub(super) fn write(self, store: &Store) -> Option<Write> {
        let instance = self.table.instance(store)?;
        let tables = &store.instance(instance).tables;
        let indices: Vec<u32> = (0..tables.len() as u32)
            .filter(|&index| !store.table(tables[index as usize]).elements.is_empty())
            .collect();
        let index = self.table.index(&indices)?;
        let addr = tables[index as usize];
        let table = store.table(addr);
        let size = table.elements.len() as u64;
        let sources = size + u64::from(table.ty.element_type.is_nullable());
        let from = self.from % sources;
        Some(Write::Element(ElementWrite {
            instance,
            index,
            addr,
            to: self.to.checked_rem(size)?,
            from: (from < size).then_some(from),
        }))
    }
}

impl ElementWrite {
    pub(super) fn apply(self, store: &mut Store) {
        let elements = &mut store.table_mut(self.addr).elements;
        let from = self.from.and_then(|from| elements.get(from as usize));
        let element = from.copied().unwrap_or(Ref::Null);
        if let Some(written) = elements.get_mut(self.to as usize) {
            *written = element;
        }
    }
}
