//! A host that says less: what is not said follows from the seed.

use super::passes::{Change, change};
use crate::case::{Case, Host};
use crate::wasi::World;

/// The default host, then one thing less after another.
pub(super) fn changes(case: &Case) -> Vec<Change> {
    let host = &case.host;
    let mut changes = Vec::new();
    if *host != Host::default() {
        changes.push(in_host(|host| {
            *host = Host::default();
            true
        }));
    }
    if let Some(world) = &host.wasi {
        changes.extend(programs(world));
    }
    if host.seed != 0 {
        changes.push(in_host(|host| std::mem::take(&mut host.seed) != 0));
    }
    for name in host.functions.keys() {
        let name = name.clone();
        changes.push(in_host(move |host| host.functions.remove(&name).is_some()));
    }
    for name in host.memories.keys() {
        let name = name.clone();
        let of_data = name.clone();
        changes.push(in_host(move |host| host.memories.remove(&name).is_some()));
        changes.push(in_host(move |host| {
            let memory = host.memories.get_mut(&of_data);
            memory.is_some_and(|memory| !std::mem::take(&mut memory.data).is_empty())
        }));
    }
    for name in host.tables.keys() {
        let name = name.clone();
        changes.push(in_host(move |host| host.tables.remove(&name).is_some()));
    }
    for name in host.globals.keys() {
        let name = name.clone();
        changes.push(in_host(move |host| host.globals.remove(&name).is_some()));
    }
    changes
}

/// No program for WASI, then one that finds less.
fn programs(world: &World) -> Vec<Change> {
    let mut changes = vec![in_host(|host| host.wasi.take().is_some())];
    let parts: [fn(&mut World) -> bool; 4] = [
        |world| !std::mem::take(&mut world.args).is_empty(),
        |world| !std::mem::take(&mut world.env).is_empty(),
        |world| !std::mem::take(&mut world.stdin).is_empty(),
        |world| !std::mem::take(&mut world.directories).is_empty(),
    ];
    let parts = parts.into_iter();
    changes.extend(parts.map(|part| in_host(move |host| host.wasi.as_mut().is_some_and(part))));
    for (directory, index) in world.directories.iter().zip(0..) {
        for path in directory.entries.keys() {
            let path = path.clone();
            changes.push(in_host(move |host| {
                let directories = host.wasi.as_mut().map(|world| &mut world.directories);
                let directory = directories.and_then(|all| all.get_mut(index));
                directory.is_some_and(|directory| directory.entries.remove(&path).is_some())
            }));
        }
    }
    changes
}

fn in_host(with: impl Fn(&mut Host) -> bool + 'static) -> Change {
    change(move |case| with(&mut case.host))
}
