//! The checker of what a store lists: its instances and modules, and, where nothing runs, no frame.

use super::difference::Difference;
use super::precedents::Precedents;
use crate::causes::{Cause, Known, instance_position};
use crate::divergence::count;
use crate::lockstep::following::Following;
use crate::lockstep::recording::exercised::RuleSet;
use crate::rules::RuleId;
use lockstep_oracles::address::InstanceAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a store lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items {
    /// How many frames are shown; none where something runs, whose frames are compared elsewhere.
    pub frames: Option<usize>,
    /// Whether an editing session is begun.
    pub edits: bool,
    /// Whether there is a list of breakpoints.
    pub breakpoints: bool,
    /// The instances, in the order of the list; none where the version has no such list.
    pub instances: Option<Vec<ListedInstance>>,
    /// How many of them are adapters of the engine's own, between the instances of a component.
    pub adapters: usize,
    /// The modules, without those of adapters; none where the version has no such list.
    pub modules: Option<Vec<ListedModule>>,
    /// The case's own modules, asked for themselves; empty where the version has nothing to ask for.
    pub own: Vec<OwnModule>,
}

/// An instance of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedInstance {
    /// Which it is; none where the case has no handle of it.
    pub instance: Option<InstanceAddr>,
    /// Its index in the store.
    pub index: u32,
}

/// A module of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedModule {
    /// Its number; none where it is none of the case's.
    pub module: Option<u32>,
    /// Its index in the engine.
    pub index: u64,
}

/// A module of the case's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnModule {
    /// Its number.
    pub module: u32,
    /// Its index in the engine.
    pub index: u64,
    /// Its bytecode.
    pub bytecode: Option<Vec<u8>>,
}

/// Indices that were shown before.
#[derive(Debug, Default)]
pub(crate) struct ShownIndices {
    instances: BTreeMap<u32, u32>,
    modules: BTreeMap<u32, u64>,
}

impl Following {
    fn explain_positions(&self, indices: &[u32]) -> Option<Known> {
        let known = self.setting.cause(Cause::InstancePosition)?;
        let others = self.component_instances().is_empty();
        let others = others.then(|| self.unlisted());
        instance_position::explains(indices, others).then_some(known)
    }

    /// How many entities there are at most for which an instance stands that is not listed: memories, tables and
    /// tags of the host's own, and a shared memory for each instance that imports it.
    fn unlisted(&self) -> usize {
        let store = &self.machine.store;
        let mut others = store.num_memories() + store.num_tables() + store.num_tags();
        for instance in (0..store.num_instances() as u32).map(InstanceAddr) {
            let module = &store.instance(instance).module;
            let imported = module.num_imported_memories() as usize;
            let own = module.memories().len() - imported
                + (module.tables().len() - module.num_imported_tables() as usize)
                + (module.num_tags() - module.num_imported_tags()) as usize;
            let shared = module.memories()[..imported].iter().filter(|ty| ty.shared);
            others = (others + shared.count()).saturating_sub(own);
        }
        others
    }
}

impl Precedents {
    /// The store was given a module to register, and has said so.
    pub(crate) fn registered(
        &mut self,
        module: u32,
        registered: Result<(), String>,
    ) -> Option<Difference> {
        let Err(error) = registered else {
            self.registered.insert(module);
            return None;
        };
        let expected = format!("module {module} is registered");
        Some(Difference::new(RuleId::Registered, expected, error))
    }
}

/// What a store lists is compared, and with what.
struct Listing<'a> {
    following: &'a Following,
    precedents: &'a mut Precedents,
    noted: &'a mut RuleSet,
    found: Vec<Difference>,
}

/// What is listed that must not be, or is not that must; of these instances the case has a handle.
pub(crate) fn check(
    following: &Following,
    precedents: &mut Precedents,
    noted: &mut RuleSet,
    items: &Items,
    handles: &[InstanceAddr],
) -> Vec<Difference> {
    let mut listing = Listing {
        following,
        precedents,
        noted,
        found: Vec::new(),
    };
    listing.check_guest_debug(items);
    if !following.setting.is_instrumented() {
        return listing.found;
    }
    if let Some(frames @ 1..) = items.frames {
        let (expected, shown) = ("no frame: nothing runs", format!("{frames} frames"));
        listing.differ(RuleId::FrameCount, expected.to_owned(), shown);
    }
    if let Some(instances) = &items.instances {
        listing.check_instances(instances, items.adapters, handles);
        listing.check_positions(instances);
    }
    if let Some(modules) = &items.modules {
        listing.check_modules(modules, handles);
    }
    listing.check_module_indices(items);
    for own in &items.own {
        listing.check_bytecode(own);
    }
    listing.found
}

impl Listing<'_> {
    fn differ(&mut self, rule: RuleId, expected: String, observed: String) {
        self.found.push(Difference::new(rule, expected, observed));
    }

    /// Whether everything is there with `guest_debug`, and nothing without.
    fn check_guest_debug(&mut self, items: &Items) {
        self.noted.note(RuleId::GuestDebug);
        let there = self.following.setting.is_instrumented();
        let listed = |len: Option<usize>| len.is_some_and(|len| len > 0);
        let instances = listed(items.instances.as_ref().map(Vec::len));
        let modules = listed(items.modules.as_ref().map(Vec::len));
        let bytecode = items.own.iter().any(|own| own.bytecode.is_some());
        let mut shown = vec![
            ("an editing session", items.edits, there),
            ("a list of breakpoints", items.breakpoints, there),
        ];
        if !there {
            shown.extend([
                ("frames", listed(items.frames), false),
                ("instances", instances, false),
                ("modules", modules, false),
                ("bytecode", bytecode, false),
            ]);
        }
        for (what, shown, expected) in shown {
            if shown != expected {
                let say = |there| format!("{what}: {}", if there { "there" } else { "none" });
                self.differ(RuleId::GuestDebug, say(expected), say(shown));
            }
        }
    }

    fn check_instances(
        &mut self,
        listed: &[ListedInstance],
        adapters: usize,
        handles: &[InstanceAddr],
    ) {
        self.noted.note(RuleId::Instances);
        for &handle in handles {
            let same = listed.iter().filter(|one| one.instance == Some(handle));
            let times = same.count();
            if times != 1 {
                let say = |times| format!("instance {handle} is listed {times} times");
                self.differ(RuleId::Instances, say(1), say(times));
            }
        }
        // An instance whose instantiation failed, or has not ended, may be there without a handle.
        let unknown = listed.iter().filter(|one| one.instance.is_none()).count();
        let unfinished = self
            .following
            .program
            .known_instances()
            .saturating_sub(handles.len());
        if unknown > unfinished + adapters {
            let expected = format!("at most {unfinished} instances that the case has not");
            let shown = format!("{unknown} such instances");
            self.differ(RuleId::Instances, expected, shown);
        }
    }

    /// An index is the position in the list, and stays what it is.
    fn check_positions(&mut self, listed: &[ListedInstance]) {
        if !listed.is_empty() {
            self.noted.note(RuleId::InstanceIndex);
        }
        let indices: Vec<u32> = listed.iter().map(|one| one.index).collect();
        let mut positions = listed.iter().zip(0u32..);
        if let Some((one, position)) = positions.find(|(one, position)| one.index != *position) {
            let known = self.following.explain_positions(&indices);
            let say = |index| match one.instance {
                Some(addr) => format!("instance {addr}, listed as {position}, has index {index}"),
                None => format!("the instance listed as {position} has index {index}"),
            };
            let (expected, shown) = (say(position), say(one.index));
            let found = Difference::new(RuleId::InstanceIndex, expected, shown);
            self.found.push(found.explained(known));
        }
        for one in listed {
            let Some(addr) = one.instance else { continue };
            let shown = &mut self.precedents.indices.instances;
            let before = *shown.entry(addr.0).or_insert(one.index);
            if before != one.index {
                let say = |index| format!("instance {addr} has index {index}");
                let (expected, shown) = (say(before), say(one.index));
                self.differ(RuleId::InstanceIndex, expected, shown);
            }
        }
    }

    fn check_modules(&mut self, listed: &[ListedModule], handles: &[InstanceAddr]) {
        self.noted.note(RuleId::Modules);
        let held = handles.iter();
        let held: BTreeSet<u32> = held
            .filter_map(|&instance| self.following.breakpoints.module_of(instance))
            .collect();
        let numbers: BTreeSet<Option<u32>> = listed.iter().map(|one| one.module).collect();
        let registered = self.precedents.registered.difference(&held).copied();
        let registered: Vec<u32> = registered.collect();
        let there = held.into_iter().map(|module| (RuleId::Modules, module));
        let there = there.chain(
            registered
                .into_iter()
                .map(|module| (RuleId::Registered, module)),
        );
        for (rule, module) in there {
            if !numbers.contains(&Some(module)) {
                let expected = format!("module {module} is listed");
                self.differ(rule, expected, "it is not".to_owned());
            }
        }
        if numbers.contains(&None) {
            let expected = "only modules that the store was given".to_owned();
            let shown = "another module".to_owned();
            self.differ(RuleId::Modules, expected, shown);
        } else if numbers.len() != listed.len() {
            let expected = format!("{} modules, each once", numbers.len());
            let shown = format!("{} modules", listed.len());
            self.differ(RuleId::Modules, expected, shown);
        }
    }

    /// One index is one module's, wherever it is asked for.
    fn check_module_indices(&mut self, items: &Items) {
        let own = items.own.iter().map(|own| (own.module, own.index));
        let listed = items.modules.iter().flatten();
        let listed = listed.filter_map(|one| Some((one.module?, one.index)));
        for (module, index) in own.chain(listed) {
            self.noted.note(RuleId::ModuleIndex);
            let before = &mut self.precedents.indices.modules;
            let first = *before.entry(module).or_insert(index);
            let other = before.iter().find(|&(&n, &i)| n != module && i == index);
            let shown = match other {
                Some((other, _)) => format!("index {index}, that of module {other}"),
                None if first != index => format!("index {index}"),
                None => continue,
            };
            let expected = format!("module {module}: index {first}, and no other module's");
            self.differ(RuleId::ModuleIndex, expected, shown);
        }
    }

    fn check_bytecode(&mut self, own: &OwnModule) {
        let mut instances = (0..self.following.program.known_instances() as u32).map(InstanceAddr);
        let Some(instance) =
            instances.find(|&i| self.following.breakpoints.module_of(i) == Some(own.module))
        else {
            return;
        };
        self.noted.note(RuleId::Bytecode);
        let compiled: Arc<[u8]> = self.following.program.facts(instance).bytes.clone();
        if own.bytecode.as_deref() == Some(&*compiled) {
            return;
        }
        let module = own.module;
        let expected = format!(
            "bytecode of module {module}: the {} compiled bytes",
            compiled.len()
        );
        let shown = match &own.bytecode {
            None => "none".to_owned(),
            Some(other) => count(other.len(), "other byte"),
        };
        self.differ(RuleId::Bytecode, expected, shown);
    }
}
