//! Names: which exports are needed, and short ones for all.

use super::module::Draft;
use super::passes::{Change, change, in_module};
use crate::case::{Case, Check, StepAction, Stub};
use crate::wasi::interface::MEMORY;
use std::collections::{BTreeMap, BTreeSet};

/// The exports of a module that steps, stubs or later modules name.
pub(super) fn needed(case: &Case, index: usize) -> BTreeSet<String> {
    let main = case.modules.len().saturating_sub(1);
    let steps = case
        .steps
        .iter()
        .filter(|step| step.module.map_or(main, |module| module as usize) == index);
    let mut names: BTreeSet<String> = steps.map(|step| named(&step.action).clone()).collect();
    names.extend(case.host.functions.values().filter_map(|stub| match stub {
        Stub::Call(export) | Stub::Through(export) | Stub::Relay(export) | Stub::Throw(export) => {
            Some(export.clone())
        }
        _ => None,
    }));
    let written = case.host.functions.values().flat_map(|stub| match stub {
        Stub::Calls(calls) => calls.as_slice(),
        _ => &[],
    });
    let written = written.flat_map(|call| &call.writes);
    names.extend(written.map(|write| write.memory.clone()));
    if case.host.wasi.is_some() {
        names.insert(MEMORY.to_owned());
    }
    names.extend(case.checks.iter().filter_map(|check| match check {
        Check::Memory { memory, .. } => Some(memory.clone()),
        _ => None,
    }));
    for later in case.modules.iter().skip(index + 1) {
        let Some(draft) = Draft::read(&later.wasm) else {
            continue;
        };
        let imports = draft.imports.into_iter();
        let imports = imports.filter(|import| import.module == case.modules[index].name);
        names.extend(imports.map(|import| import.name));
    }
    names
}

fn named(action: &StepAction) -> &String {
    match action {
        StepAction::Call { export, .. } | StepAction::Invoke { export, .. } => export,
        StepAction::Write { memory, .. } => memory,
        StepAction::Set { global, .. } => global,
    }
}

/// Every name as short as it can be.
pub(super) fn changes(case: &Case) -> Vec<Change> {
    // Hosts that use a memory find it by its name.
    let scripted = |stub: &Stub| matches!(stub, Stub::Calls(_));
    let by_name = case.host.functions.values().any(scripted);
    if case.host.wasi.is_some() || by_name || !case.checks.is_empty() || case.is_of_components() {
        return Vec::new();
    }
    let renaming = Renaming::of(case);
    if renaming.changes_nothing() {
        return Vec::new();
    }
    vec![change(move |case| renaming.apply(case))]
}

/// New names by old ones: those of modules, and those of exports and imports.
struct Renaming {
    modules: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
    /// Keys of the host's tables.
    keys: BTreeMap<String, String>,
}

impl Renaming {
    fn of(case: &Case) -> Renaming {
        let mut modules: BTreeSet<String> = case
            .modules
            .iter()
            .map(|module| module.name.clone())
            .collect();
        let mut names = BTreeSet::new();
        let mut pairs = BTreeSet::new();
        for module in &case.modules {
            let Some(draft) = Draft::read(&module.wasm) else {
                continue;
            };
            names.extend(draft.exports.into_iter().map(|export| export.name));
            for import in draft.imports {
                modules.insert(import.module.clone());
                names.insert(import.name.clone());
                pairs.insert((import.module, import.name));
            }
        }
        let (modules, names) = (shortened(modules), shortened(names));
        let key = |(module, name): &(String, String)| {
            let new = format!("{}.{}", modules[module], names[name]);
            (format!("{module}.{name}"), new)
        };
        let keys = pairs.iter().map(key).collect();
        Renaming {
            modules,
            names,
            keys,
        }
    }

    fn changes_nothing(&self) -> bool {
        let same = |names: &BTreeMap<String, String>| names.iter().all(|(old, new)| old == new);
        same(&self.modules) && same(&self.names)
    }

    fn name(&self, old: &str) -> String {
        self.names
            .get(old)
            .map_or_else(|| old.to_owned(), String::clone)
    }

    fn apply(&self, case: &mut Case) -> bool {
        for index in 0..case.modules.len() {
            in_module(case, index, |draft| {
                for export in &mut draft.exports {
                    export.name = self.name(&export.name);
                }
                for import in &mut draft.imports {
                    import.module = self.modules[&import.module].clone();
                    import.name = self.name(&import.name);
                }
                true
            });
            let name = &mut case.modules[index].name;
            *name = self.modules[name].clone();
        }
        for step in &mut case.steps {
            let name = match &mut step.action {
                StepAction::Call { export, .. } | StepAction::Invoke { export, .. } => export,
                StepAction::Write { memory, .. } => memory,
                StepAction::Set { global, .. } => global,
            };
            *name = self.name(name);
        }
        let host = &mut case.host;
        for stub in host.functions.values_mut() {
            if let Stub::Call(export)
            | Stub::Through(export)
            | Stub::Relay(export)
            | Stub::Throw(export) = stub
            {
                *export = self.name(export);
            }
        }
        self.rekey(&mut host.functions);
        self.rekey(&mut host.memories);
        self.rekey(&mut host.tables);
        self.rekey(&mut host.globals);
        true
    }

    /// What is said of an import that no module has any more is left out.
    fn rekey<V>(&self, said: &mut BTreeMap<String, V>) {
        let old = std::mem::take(said);
        let new = old.into_iter().filter_map(|(key, value)| {
            let key = self.keys.get(&key)?.clone();
            Some((key, value))
        });
        said.extend(new);
    }
}

/// The shortest names there are, in the order of the old ones.
fn shortened(old: BTreeSet<String>) -> BTreeMap<String, String> {
    old.into_iter().zip((0..).map(short)).collect()
}

/// `a`, `b`, … `z`, `aa`, …
fn short(mut number: usize) -> String {
    let mut name = String::new();
    loop {
        name.insert(0, char::from(b'a' + (number % 26) as u8));
        if number < 26 {
            return name;
        }
        number = number / 26 - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_distinct() {
        let names: BTreeSet<String> = (0..1000).map(short).collect();
        assert_eq!(names.len(), 1000);
        assert_eq!(
            (short(0), short(25), short(26)),
            ("a".into(), "z".into(), "aa".into())
        );
    }
}
