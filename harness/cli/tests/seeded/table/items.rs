//! Faults of what a store lists of itself, and of how its entities are told from each other.

use super::actions::{LISTED, REGISTERED};
use crate::layer::{Fault, Hook};
use lockstep::lockstep::accessors::{Accessed, Accessor, Identity};
use lockstep::lockstep::items::{Items, ListedInstance, ListedModule};

/// The first release that lists instances and modules, and says which entity is which.
const LISTS: Hook = Hook::Since(43);

/// The first release with a call that registers a module.
const REGISTERS: Hook = Hook::Since(45);

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "instance-not-listed",
        wrong: "the store's last instance is not listed",
        hooks: &[
            LISTS,
            LISTED,
            Hook::Items(|items| {
                instances(items, |listed| {
                    listed.truncate(listed.len().saturating_sub(1))
                })
            }),
        ],
    },
    Fault {
        name: "instance-listed-twice",
        wrong: "the store's first instance is listed again at the end",
        hooks: &[
            LISTS,
            LISTED,
            Hook::Items(|items| instances(items, |listed| listed.extend(listed.first().copied()))),
        ],
    },
    Fault {
        name: "instance-index",
        wrong: "the last instance's index is that of the first",
        hooks: &[
            LISTS,
            LISTED,
            Hook::Items(|items| {
                instances(items, |listed| {
                    if let [first, .., last] = &mut listed[..] {
                        last.index = first.index;
                    }
                });
            }),
        ],
    },
    Fault {
        name: "module-not-listed",
        wrong: "the store's last module is not listed",
        hooks: &[
            LISTS,
            LISTED,
            Hook::Items(|items| {
                modules(items, |listed| {
                    listed.truncate(listed.len().saturating_sub(1))
                })
            }),
        ],
    },
    Fault {
        name: "module-listed-twice",
        wrong: "the store's first module is listed again at the end",
        hooks: &[
            LISTS,
            LISTED,
            Hook::Items(|items| modules(items, |listed| listed.extend(listed.first().copied()))),
        ],
    },
    Fault {
        name: "module-of-nobody",
        wrong: "a module is listed that the store was not given",
        hooks: &[
            LISTS,
            LISTED,
            Hook::Items(|items| {
                modules(items, |listed| {
                    listed.push(ListedModule {
                        module: None,
                        index: u64::MAX,
                    });
                });
            }),
        ],
    },
    Fault {
        name: "module-index",
        wrong: "two modules have one index in the engine",
        hooks: &[
            LISTS,
            LISTED,
            Hook::Items(|items| {
                if let [first, .., last] = &mut items.own[..] {
                    last.index = first.index;
                }
                items.modules = None;
            }),
        ],
    },
    Fault {
        name: "bytecode-cut",
        wrong: "the last byte of a module's bytecode is missing",
        hooks: &[
            LISTS,
            LISTED,
            Hook::Items(|items| {
                let own = items.own.iter_mut();
                own.flat_map(|own| &mut own.bytecode)
                    .for_each(|bytecode| bytecode.truncate(bytecode.len() - 1));
            }),
        ],
    },
    Fault {
        name: "registration-refused",
        wrong: "a module of the store's engine cannot be registered",
        hooks: &[
            REGISTERS,
            REGISTERED,
            Hook::Registered(|registered| *registered = Err("another engine's".to_owned())),
        ],
    },
    Fault {
        name: "registration-lost",
        wrong: "a module of which there is no instance is not listed",
        hooks: &[
            REGISTERS,
            REGISTERED,
            Hook::Items(|items| {
                let instances = items.instances.as_ref().map_or(0, Vec::len);
                if let Some(modules) = &mut items.modules
                    && modules.len() > instances
                {
                    modules.pop();
                }
            }),
        ],
    },
    Fault {
        name: "tag-index",
        wrong: "every tag has the same index in the store",
        hooks: &[
            LISTS,
            Hook::Access(|_, _, (accessor, _), accessed| {
                if accessor == Accessor::Tag {
                    one_index(accessed);
                }
            }),
        ],
    },
    Fault {
        name: "global-index",
        wrong: "every global has the same index in the store",
        hooks: &[
            LISTS,
            Hook::Access(|_, _, (accessor, _), accessed| {
                if accessor == Accessor::Global {
                    one_index(accessed);
                }
            }),
        ],
    },
];

fn instances(items: &mut Items, change: fn(&mut Vec<ListedInstance>)) {
    items.instances.iter_mut().for_each(change);
}

fn modules(items: &mut Items, change: fn(&mut Vec<ListedModule>)) {
    items.modules.iter_mut().for_each(change);
}

/// The index of every entity is one.
fn one_index(accessed: &mut Accessed) {
    if let Accessed::Handle(denoted) = accessed {
        denoted.index = denoted.index.map(|_| Identity(0));
    }
}
