//! A component's definitions, evaluated: what is instantiated with what, and which function is which.
//!
//! Nothing is run. An index space is a list of what its entries denote; a component that is instantiated
//! is evaluated with what it was given.

use super::decode::{Definitions, IndexOptions, Item};
use super::{
    Callee, Component, ComponentError, CoreItem, CoreModule, Instantiation, Lifted, Lowered,
    Options,
};
use std::collections::HashMap;
use std::sync::Arc;
use wasmparser::{ComponentExternalKind as Kind, ComponentOuterAliasKind, ExternalKind};

type Flattens<R> = Result<R, ComponentError>;

/// A core instance.
#[derive(Clone)]
enum CoreInstance {
    /// The one that is made at this step
    Made(u32),
    /// Items of others under these names
    Exports(HashMap<String, CoreItem>),
}

/// What a component exports, imports or is given.
#[derive(Clone)]
enum Given {
    Module(u32),
    Func(u32),
    Instance(Arc<HashMap<String, Given>>),
    Component(Closure),
    /// Nothing of it is left when everything is resolved
    Type,
}

/// A component with what is around it.
#[derive(Clone)]
struct Closure {
    definitions: Arc<Definitions>,
    outer: Vec<Outer>,
}

/// What a component in another may take from it.
#[derive(Clone, Default)]
struct Outer {
    modules: Vec<u32>,
    components: Vec<Closure>,
}

/// The index spaces of a component.
#[derive(Default)]
struct Spaces {
    /// Modules and components, as those in it see them.
    own: Outer,
    core_instances: Vec<CoreInstance>,
    core: HashMap<Space, Vec<CoreItem>>,
    funcs: Vec<u32>,
    instances: Vec<Arc<HashMap<String, Given>>>,
    exports: HashMap<String, Given>,
    names: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Space {
    Func,
    Table,
    Memory,
    Global,
    Tag,
}

fn space(kind: ExternalKind) -> Space {
    match kind {
        ExternalKind::Table => Space::Table,
        ExternalKind::Memory => Space::Memory,
        ExternalKind::Global => Space::Global,
        ExternalKind::Tag => Space::Tag,
        _ => Space::Func,
    }
}

/// Flattens a component.
///
/// # Errors
///
/// When it has what is not implemented.
pub(super) fn flatten(definitions: &Definitions) -> Flattens<Component> {
    let mut flattening = Flattening::default();
    let spaces = flattening.evaluate(definitions, &HashMap::new(), &[])?;
    for name in spaces.names {
        match spaces.exports.get(&name) {
            Some(Given::Func(func)) => flattening.flat.exports.push((name, *func)),
            Some(Given::Instance(instance)) => {
                let mut functions: Vec<(String, u32)> = instance
                    .iter()
                    .filter_map(|(inner, given)| match given {
                        Given::Func(func) => Some((format!("{name}#{inner}"), *func)),
                        _ => None,
                    })
                    .collect();
                functions.sort();
                flattening.flat.exports.extend(functions);
            }
            _ => {}
        }
    }
    Ok(flattening.flat)
}

#[derive(Default)]
struct Flattening {
    flat: Component,
    /// By where a module begins: one that is met again is the same.
    modules: HashMap<u32, u32>,
}

/// Validation says that it is there.
fn there<R>(found: Option<R>) -> Flattens<R> {
    found.ok_or_else(|| ComponentError::Invalid("an index or a name denotes nothing".to_owned()))
}

impl Flattening {
    fn evaluate(
        &mut self,
        definitions: &Definitions,
        imports: &HashMap<String, Given>,
        outer: &[Outer],
    ) -> Flattens<Spaces> {
        let mut spaces = Spaces::default();
        for item in &definitions.items {
            self.item(item, &mut spaces, imports, outer)?;
        }
        Ok(spaces)
    }

    fn item(
        &mut self,
        item: &Item,
        spaces: &mut Spaces,
        imports: &HashMap<String, Given>,
        outer: &[Outer],
    ) -> Flattens<()> {
        match item {
            Item::CoreModule(module) => {
                let index = self.module(module);
                spaces.own.modules.push(index);
            }
            Item::Component(definitions) => {
                let mut around = vec![spaces.own.clone()];
                around.extend_from_slice(outer);
                spaces.own.components.push(Closure {
                    definitions: definitions.clone(),
                    outer: around,
                });
            }
            Item::CoreInstantiate { module, args } => {
                let made = self.instantiate(*module, args, spaces)?;
                spaces.core_instances.push(made);
            }
            Item::CoreExports(exports) => {
                let mut items = HashMap::new();
                for (name, kind, index) in exports {
                    items.insert(name.clone(), spaces.core(space(*kind), *index)?);
                }
                spaces.core_instances.push(CoreInstance::Exports(items));
            }
            Item::Instantiate { component, args } => {
                let closure = there(spaces.own.components.get(*component as usize))?.clone();
                let mut given = HashMap::new();
                for (name, kind, index) in args {
                    given.insert(name.clone(), spaces.given(*kind, *index)?);
                }
                let made = self.evaluate(&closure.definitions, &given, &closure.outer)?;
                spaces.instances.push(Arc::new(made.exports));
            }
            Item::Exports(exports) => {
                let mut given = HashMap::new();
                for (name, kind, index) in exports {
                    given.insert(name.clone(), spaces.given(*kind, *index)?);
                }
                spaces.instances.push(Arc::new(given));
            }
            Item::AliasExport {
                kind,
                instance,
                name,
            } => {
                let instance = there(spaces.instances.get(*instance as usize))?;
                let found = instance.get(name).cloned();
                match found {
                    None if *kind == Kind::Type => {}
                    found => spaces.take(there(found)?),
                }
            }
            Item::AliasCore {
                kind,
                instance,
                name,
            } => {
                let item = spaces.core_export(*instance, name)?;
                spaces.core.entry(space(*kind)).or_default().push(item);
            }
            Item::AliasOuter { kind, count, index } => {
                let from = match count {
                    0 => &spaces.own,
                    count => there(outer.get(*count as usize - 1))?,
                };
                match kind {
                    ComponentOuterAliasKind::CoreModule => {
                        let module = *there(from.modules.get(*index as usize))?;
                        spaces.own.modules.push(module);
                    }
                    ComponentOuterAliasKind::Component => {
                        let component = there(from.components.get(*index as usize))?.clone();
                        spaces.own.components.push(component);
                    }
                    _ => {}
                }
            }
            Item::Lift { core, ty, options } => {
                let lifted = Lifted {
                    core: spaces.core(Space::Func, *core)?,
                    ty: ty.clone(),
                    options: spaces.options(options)?,
                };
                spaces.funcs.push(self.flat.lifted.len() as u32);
                self.flat.lifted.push(lifted);
            }
            Item::Lower { func, ty, options } => {
                let lowered = Lowered {
                    callee: Callee::Lifted(*there(spaces.funcs.get(*func as usize))?),
                    ty: ty.clone(),
                    options: spaces.options(options)?,
                };
                let index = self.flat.lowered.len() as u32;
                self.flat.lowered.push(lowered);
                let functions = spaces.core.entry(Space::Func).or_default();
                functions.push(CoreItem::Lowered(index));
            }
            Item::Import { name, kind } => match imports.get(name) {
                Some(given) => spaces.take(given.clone()),
                None if *kind == Kind::Type => {}
                None => {
                    return Err(ComponentError::Unsupported(format!(
                        "the import `{name}`: components that import are not run"
                    )));
                }
            },
            Item::Export { name, kind, index } => {
                let given = spaces.given(*kind, *index)?;
                spaces.exports.insert(name.clone(), given.clone());
                spaces.names.push(name.clone());
                // An export is a definition of its own.
                spaces.take(given);
            }
        }
        Ok(())
    }

    fn module(&mut self, module: &CoreModule) -> u32 {
        let next = self.flat.modules.len() as u32;
        let index = *self.modules.entry(module.offset).or_insert(next);
        if index == next {
            self.flat.modules.push(module.clone());
        }
        index
    }

    fn instantiate(
        &mut self,
        module: u32,
        args: &[(String, u32)],
        spaces: &Spaces,
    ) -> Flattens<CoreInstance> {
        let module = *there(spaces.own.modules.get(module as usize))?;
        let oracle = self.flat.modules[module as usize].module.clone();
        let mut imports = Vec::new();
        for import in oracle.imports() {
            let arg = args.iter().find(|(name, _)| *name == import.module);
            let (_, instance) = there(arg)?;
            imports.push(spaces.core_export(*instance, &import.name)?);
        }
        let step = self.flat.instantiations.len() as u32;
        let step_of = Instantiation { module, imports };
        self.flat.instantiations.push(step_of);
        Ok(CoreInstance::Made(step))
    }
}

impl Spaces {
    fn core(&self, space: Space, index: u32) -> Flattens<CoreItem> {
        let items = there(self.core.get(&space))?;
        there(items.get(index as usize)).cloned()
    }

    fn core_export(&self, instance: u32, name: &str) -> Flattens<CoreItem> {
        match there(self.core_instances.get(instance as usize))? {
            CoreInstance::Made(step) => Ok(CoreItem::Export(*step, name.to_owned())),
            CoreInstance::Exports(items) => there(items.get(name)).cloned(),
        }
    }

    fn options(&self, options: &IndexOptions) -> Flattens<Options> {
        let item =
            |space, index: Option<u32>| index.map(|index| self.core(space, index)).transpose();
        Ok(Options {
            encoding: options.encoding,
            memory: item(Space::Memory, options.memory)?,
            realloc: item(Space::Func, options.realloc)?,
            post_return: item(Space::Func, options.post_return)?,
        })
    }

    fn given(&self, kind: Kind, index: u32) -> Flattens<Given> {
        let index = index as usize;
        Ok(match kind {
            Kind::Module => Given::Module(*there(self.own.modules.get(index))?),
            Kind::Func => Given::Func(*there(self.funcs.get(index))?),
            Kind::Instance => Given::Instance(there(self.instances.get(index))?.clone()),
            Kind::Component => Given::Component(there(self.own.components.get(index))?.clone()),
            Kind::Type => Given::Type,
            Kind::Value => return Err(ComponentError::Unsupported("a value".to_owned())),
        })
    }

    fn take(&mut self, given: Given) {
        match given {
            Given::Module(module) => self.own.modules.push(module),
            Given::Func(func) => self.funcs.push(func),
            Given::Instance(instance) => self.instances.push(instance),
            Given::Component(component) => self.own.components.push(component),
            Given::Type => {}
        }
    }
}
