//! A host that says less: what is not said follows from the seed.

use super::passes::{Change, change};
use crate::case::{Case, Host};

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

fn in_host(with: impl Fn(&mut Host) -> bool + 'static) -> Change {
    change(move |case| with(&mut case.host))
}
