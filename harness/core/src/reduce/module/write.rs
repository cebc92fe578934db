//! Writing a [`Draft`] back, without what is gone.

use super::{Draft, Elem, Entity, Items, Mode, Op, Space, space_of};
use std::borrow::Cow;
use std::collections::BTreeMap;
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, DataSegment, DataSegmentMode,
    ElementMode, ElementSection, ElementSegment, Elements, Encode, ExportSection, Function,
    FunctionSection, GlobalSection, ImportSection, Instruction, MemorySection, Module,
    StartSection, TableSection, TagKind, TagSection, TagType, TypeSection,
};

/// Something refers to an entity that is gone.
#[derive(Debug)]
pub(super) struct Gone;

type Result<T> = std::result::Result<T, Error<Gone>>;

/// New indices by space and old index.
pub(super) struct Renumber {
    new: Vec<Vec<Option<u32>>>,
    /// Types for which others stand.
    merged: BTreeMap<u32, u32>,
}

impl Renumber {
    fn of(draft: &Draft<'_>) -> Renumber {
        let space = |space| {
            let mut next = 0;
            let new = (0..draft.count(space)).map(|old| {
                if draft.is_gone((space, old)) {
                    return None;
                }
                next += 1;
                Some(next - 1)
            });
            new.collect()
        };
        Renumber {
            new: Space::ALL.map(space).into(),
            merged: draft.merged.clone(),
        }
    }

    fn get(&self, (space, index): Entity) -> Result<u32> {
        let index = match space {
            Space::Type => self.merged.get(&index).copied().unwrap_or(index),
            _ => index,
        };
        let new = self.new[space as usize].get(index as usize).copied();
        new.flatten().ok_or(Error::UserError(Gone))
    }
}

macro_rules! renumbered {
    ($($hook:ident $space:ident)*) => {
        impl Reencode for Renumber {
            type Error = Gone;
            $(fn $hook(&mut self, index: u32) -> Result<u32> {
                self.get((Space::$space, index))
            })*
        }

        impl Reencode for super::shake::Uses {
            type Error = std::convert::Infallible;
            $(fn $hook(
                &mut self,
                index: u32,
            ) -> std::result::Result<u32, Error<std::convert::Infallible>> {
                self.0.insert((Space::$space, index));
                Ok(index)
            })*
        }
    };
}

renumbered! {
    type_index Type
    function_index Func
    table_index Table
    memory_index Memory
    global_index Global
    element_index Elem
    data_index Data
    tag_index Tag
}

/// An instruction in the encoder's terms.
pub(super) fn instruction<'a, R: Reencode>(
    reencode: &mut R,
    op: &Op<'a>,
) -> std::result::Result<Instruction<'a>, Error<R::Error>> {
    match op {
        Op::Plain(plain) => reencode.instruction(plain.clone()),
        Op::Table(targets, default) => {
            Ok(Instruction::BrTable(Cow::Owned(targets.clone()), *default))
        }
    }
}

fn constant(renumber: &mut Renumber, ops: &[Op<'_>]) -> Result<ConstExpr> {
    let mut bytes = Vec::new();
    for op in ops.split_last().map_or(ops, |(_, before)| before) {
        instruction(renumber, op)?.encode(&mut bytes);
    }
    Ok(ConstExpr::raw(bytes))
}

impl Draft<'_> {
    /// The binary; none if something refers to what is gone.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        self.written(&mut Renumber::of(self)).ok()
    }

    /// The entities of a space that the module defines and that are left.
    fn left<'d, T>(&'d self, space: Space, all: &'d [T]) -> impl Iterator<Item = &'d T> {
        let first = self.num_imported(space);
        let all = (first..).zip(all);
        all.filter(move |(index, _)| !self.gone.contains(&(space, *index)))
            .map(|(_, item)| item)
    }

    fn written(&self, renumber: &mut Renumber) -> Result<Vec<u8>> {
        let mut module = Module::new();
        self.write_types(&mut module, renumber)?;
        self.write_imports(&mut module, renumber)?;
        self.write_entities(&mut module, renumber)?;
        self.write_exports(&mut module, renumber)?;
        self.write_elems(&mut module, renumber)?;
        self.write_code(&mut module, renumber)?;
        self.write_data(&mut module, renumber)?;
        Ok(module.finish())
    }

    fn write_types(&self, module: &mut Module, renumber: &mut Renumber) -> Result<()> {
        let mut section = TypeSection::new();
        let mut types = (0..).zip(&self.types);
        for &size in &self.groups {
            let group = types.by_ref().take(size as usize);
            let group = group.filter(|(index, _)| !self.is_gone((Space::Type, *index)));
            let group = group.map(|(_, ty)| renumber.sub_type(ty.clone()));
            let group: Vec<_> = group.collect::<Result<_>>()?;
            match group.as_slice() {
                [] => {}
                [ty] => section.ty().subtype(ty),
                _ => section.ty().rec(group),
            }
        }
        if !section.is_empty() {
            module.section(&section);
        }
        Ok(())
    }

    fn write_imports(&self, module: &mut Module, renumber: &mut Renumber) -> Result<()> {
        let mut section = ImportSection::new();
        let mut seen = [0u32; Space::ALL.len()];
        for import in &self.imports {
            let space = space_of(&import.ty);
            let index = seen[space as usize];
            seen[space as usize] += 1;
            if !self.gone.contains(&(space, index)) {
                let ty = renumber.entity_type(import.ty)?;
                section.import(&import.module, &import.name, ty);
            }
        }
        if !section.is_empty() {
            module.section(&section);
        }
        Ok(())
    }

    fn write_entities(&self, module: &mut Module, renumber: &mut Renumber) -> Result<()> {
        let mut functions = FunctionSection::new();
        for func in self.left(Space::Func, &self.funcs) {
            functions.function(renumber.type_index(func.ty)?);
        }
        if !functions.is_empty() {
            module.section(&functions);
        }
        let mut tables = TableSection::new();
        let inits = self.left(Space::Table, &self.table_inits);
        for (&ty, init) in self.left(Space::Table, &self.tables).zip(inits) {
            let ty = renumber.table_type(ty)?;
            match init {
                Some(init) => tables.table_with_init(ty, &constant(renumber, init)?),
                None => tables.table(ty),
            };
        }
        if !tables.is_empty() {
            module.section(&tables);
        }
        let mut memories = MemorySection::new();
        for &ty in self.left(Space::Memory, &self.memories) {
            memories.memory(renumber.memory_type(ty)?);
        }
        if !memories.is_empty() {
            module.section(&memories);
        }
        let mut tags = TagSection::new();
        for &ty in self.left(Space::Tag, &self.tags) {
            tags.tag(TagType {
                kind: TagKind::Exception,
                func_type_idx: renumber.type_index(ty)?,
            });
        }
        if !tags.is_empty() {
            module.section(&tags);
        }
        let mut globals = GlobalSection::new();
        for global in self.left(Space::Global, &self.globals) {
            let ty = renumber.global_type(global.ty)?;
            globals.global(ty, &constant(renumber, &global.init)?);
        }
        if !globals.is_empty() {
            module.section(&globals);
        }
        Ok(())
    }

    fn write_exports(&self, module: &mut Module, renumber: &mut Renumber) -> Result<()> {
        let mut section = ExportSection::new();
        for export in &self.exports {
            let index = renumber.external_index(export.kind, export.index)?;
            section.export(&export.name, renumber.export_kind(export.kind)?, index);
        }
        if !section.is_empty() {
            module.section(&section);
        }
        if let Some(start) = self.start {
            module.section(&StartSection {
                function_index: renumber.function_index(start)?,
            });
        }
        Ok(())
    }

    fn write_elems(&self, module: &mut Module, renumber: &mut Renumber) -> Result<()> {
        let mut section = ElementSection::new();
        for elem in self.left(Space::Elem, &self.elems) {
            write_elem(&mut section, renumber, elem)?;
        }
        if !section.is_empty() {
            module.section(&section);
        }
        Ok(())
    }

    fn write_code(&self, module: &mut Module, renumber: &mut Renumber) -> Result<()> {
        if self.names_data() {
            let count = self.left(Space::Data, &self.datas).count() as u32;
            module.section(&DataCountSection { count });
        }
        let mut section = CodeSection::new();
        for func in self.left(Space::Func, &self.funcs) {
            let locals = func.locals.iter().map(|&ty| renumber.val_type(ty));
            let locals: Vec<_> = locals.collect::<Result<_>>()?;
            let mut function = Function::new_with_locals_types(locals);
            for op in &func.body {
                function.instruction(&instruction(renumber, op)?);
            }
            section.function(&function);
        }
        if !section.is_empty() {
            module.section(&section);
        }
        Ok(())
    }

    /// Whether code names a data segment: then their number must be written before it.
    fn names_data(&self) -> bool {
        use wasmparser::Operator::{ArrayInitData, ArrayNewData, DataDrop, MemoryInit};
        let mut code = self.left(Space::Func, &self.funcs).flat_map(|f| &f.body);
        code.any(|op| match op {
            Op::Plain(op) => matches!(
                op,
                MemoryInit { .. } | DataDrop { .. } | ArrayNewData { .. } | ArrayInitData { .. }
            ),
            Op::Table(..) => false,
        })
    }

    fn write_data(&self, module: &mut Module, renumber: &mut Renumber) -> Result<()> {
        let mut section = DataSection::new();
        for data in self.left(Space::Data, &self.datas) {
            let bytes = data.bytes.iter().copied();
            match &data.mode {
                Mode::Active(memory, offset) => {
                    let offset = constant(renumber, offset)?;
                    let memory_index = renumber.memory_index(*memory)?;
                    section.segment(DataSegment {
                        mode: DataSegmentMode::Active {
                            memory_index,
                            offset: &offset,
                        },
                        data: bytes,
                    });
                }
                Mode::Passive | Mode::Declared => {
                    section.passive(bytes);
                }
            }
        }
        if !section.is_empty() {
            module.section(&section);
        }
        Ok(())
    }
}

fn write_elem(
    section: &mut ElementSection,
    renumber: &mut Renumber,
    elem: &Elem<'_>,
) -> Result<()> {
    let elements = match &elem.items {
        Items::Functions(functions) => {
            let functions = functions.iter().map(|&func| renumber.function_index(func));
            Elements::Functions(functions.collect::<Result<Vec<_>>>()?.into())
        }
        Items::Expressions(ty, items) => {
            let items = items.iter().map(|item| constant(renumber, item));
            let items = items.collect::<Result<Vec<_>>>()?;
            Elements::Expressions(renumber.ref_type(*ty)?, items.into())
        }
    };
    let offset;
    let mode = match &elem.mode {
        Mode::Passive => ElementMode::Passive,
        Mode::Declared => ElementMode::Declared,
        Mode::Active(table, at) => {
            offset = constant(renumber, at)?;
            // The short form is for table 0.
            let table = Some(renumber.table_index(*table)?).filter(|&table| table != 0);
            ElementMode::Active {
                table,
                offset: &offset,
            }
        }
    };
    section.segment(ElementSegment { mode, elements });
    Ok(())
}
