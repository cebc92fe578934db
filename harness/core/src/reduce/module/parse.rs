//! Reading a binary into a [`Draft`].

use super::{Data, Draft, Elem, Export, Func, Global, Import, Items, Mode, Op};
use crate::check::load;
use wasmparser::{
    ConstExpr, DataKind, ElementItems, ElementKind, FunctionBody, Operator, OperatorsReader,
    Parser, Payload, TableInit,
};

type Result<T> = std::result::Result<T, wasmparser::Error>;

impl<'a> Draft<'a> {
    /// Reads a binary; none if it is not one that passes can change.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Draft<'a>> {
        if load::is_component(bytes) {
            return None;
        }
        let mut draft = Draft::default();
        for payload in Parser::new(0).parse_all(bytes) {
            draft.payload(payload.ok()?).ok()?;
        }
        Some(draft)
    }

    fn payload(&mut self, payload: Payload<'a>) -> Result<()> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types {
                    let group = group?;
                    self.groups.push(group.types().len() as u32);
                    self.types.extend(group.into_types());
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    self.imports.push(Import {
                        module: import.module.to_owned(),
                        name: import.name.to_owned(),
                        ty: import.ty,
                    });
                }
            }
            Payload::FunctionSection(types) => {
                for ty in types {
                    self.funcs.push(Func {
                        ty: ty?,
                        locals: Vec::new(),
                        body: Vec::new(),
                    });
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let table = table?;
                    self.tables.push(table.ty);
                    self.table_inits.push(match table.init {
                        TableInit::RefNull => None,
                        TableInit::Expr(init) => Some(constant(init)?),
                    });
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    self.memories.push(memory?);
                }
            }
            Payload::TagSection(tags) => {
                for tag in tags {
                    self.tags.push(tag?.func_type_idx);
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let global = global?;
                    self.globals.push(Global {
                        ty: global.ty,
                        init: constant(global.init_expr)?,
                    });
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    self.exports.push(Export {
                        name: export.name.to_owned(),
                        kind: export.kind,
                        index: export.index,
                    });
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(elements) => {
                for element in elements {
                    self.elems.push(elem(element?)?);
                }
            }
            Payload::DataSection(segments) => {
                for segment in segments {
                    let segment = segment?;
                    let mode = match segment.kind {
                        DataKind::Passive => Mode::Passive,
                        DataKind::Active {
                            memory_index,
                            offset_expr,
                        } => Mode::Active(memory_index, constant(offset_expr)?),
                    };
                    let bytes = segment.data.to_vec();
                    self.datas.push(Data { mode, bytes });
                }
            }
            Payload::CodeSectionEntry(body) => {
                let next = self.funcs.iter_mut().find(|func| func.body.is_empty());
                if let Some(func) = next {
                    (func.locals, func.body) = function(&body)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn elem<'a>(element: wasmparser::Element<'a>) -> Result<Elem<'a>> {
    let mode = match element.kind {
        ElementKind::Passive => Mode::Passive,
        ElementKind::Declared => Mode::Declared,
        ElementKind::Active {
            table_index,
            offset_expr,
        } => Mode::Active(table_index.unwrap_or(0), constant(offset_expr)?),
    };
    let items = match element.items {
        ElementItems::Functions(functions) => {
            Items::Functions(functions.into_iter().collect::<Result<_>>()?)
        }
        ElementItems::Expressions(ty, expressions) => {
            let expressions = expressions.into_iter().map(|item| constant(item?));
            Items::Expressions(ty, expressions.collect::<Result<_>>()?)
        }
    };
    Ok(Elem { mode, items })
}

fn function<'a>(body: &FunctionBody<'a>) -> Result<(Vec<wasmparser::ValType>, Vec<Op<'a>>)> {
    let mut locals = Vec::new();
    for run in body.get_locals_reader()? {
        let (count, ty) = run?;
        locals.extend(std::iter::repeat_n(ty, count as usize));
    }
    Ok((locals, operators(body.get_operators_reader()?)?))
}

fn constant<'a>(expression: ConstExpr<'a>) -> Result<Vec<Op<'a>>> {
    operators(expression.get_operators_reader())
}

fn operators<'a>(mut reader: OperatorsReader<'a>) -> Result<Vec<Op<'a>>> {
    let mut ops = Vec::new();
    while !reader.eof() {
        ops.push(match reader.read()? {
            Operator::BrTable { targets } => {
                let list = targets.targets().collect::<Result<_>>()?;
                Op::Table(list, targets.default())
            }
            plain => Op::Plain(plain),
        });
    }
    Ok(ops)
}
