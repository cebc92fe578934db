//! Faults of what memories, globals and tables hold.

use super::actions::WRITTEN;
use super::opcode_sets::{BYTE_STORES, WIDE_STORES};
use crate::layer::{Fault, Hook};
use crate::past::Now;
use lockstep::seen::{Seen, SeenFunc};
use lockstep_oracles::opcode::Opcode;
use std::ops::Range;

pub(super) const ROWS: &[Fault] = &[
    Fault {
        name: "memory-stale",
        wrong: "the last byte that a program changed is shown as it was",
        hooks: &[Hook::Memory(|_, _, old, bytes| {
            let same_size = old.len() == bytes.len();
            let mut pairs = bytes.iter_mut().zip(old).rev();
            if same_size && let Some((byte, old)) = pairs.find(|(byte, old)| byte != old) {
                *byte = *old;
            }
        })],
    },
    Fault {
        name: "memory-size-stale",
        wrong: "after `memory.grow` a memory is shown with the size that it had",
        hooks: &[Hook::Memory(|_, _, old, bytes| bytes.truncate(old.len()))],
    },
    Fault {
        name: "global-stale",
        wrong: "a global that changed is shown as it was",
        hooks: &[Hook::Global(|_, _, old, value| *value = old)],
    },
    Fault {
        name: "global-at-events",
        wrong: "a global that changed is shown as it was, at breakpoint events alone",
        hooks: &[Hook::Global(|past, _, old, value| {
            if past.now == Now::Event {
                *value = old;
            }
        })],
    },
    Fault {
        name: "global-v128",
        wrong: "the high half of a `v128` global is shown as 0",
        hooks: &[Hook::Global(|_, _, _, value| {
            if let Seen::V128(v) = value {
                *v &= u128::from(u64::MAX);
            }
        })],
    },
    Fault {
        name: "table-element-stale",
        wrong: "a table element that changed is shown as it was",
        hooks: &[Hook::TableElement(|_, _, old, element| {
            *element = old.unwrap_or(*element);
        })],
    },
    Fault {
        name: "table-size-stale",
        wrong: "after `table.grow` a table is shown with the size that it had",
        hooks: &[Hook::TableSize(|old, size| *size = old)],
    },
    Fault {
        name: "memory-byte-wide",
        wrong: "after a store of one byte the byte behind it is shown as changed too",
        hooks: &[Hook::Memory(|past, _, old, bytes| {
            if past.has_run(BYTE_STORES)
                && let Some(changed) = changed(old, bytes)
                && let Some(behind) = bytes.get_mut(changed.end)
            {
                *behind ^= 1;
            }
        })],
    },
    Fault {
        name: "memory-big-endian",
        wrong: "after a store of four or eight bytes those that changed are shown in the wrong order",
        hooks: &[Hook::Memory(|past, _, old, bytes| {
            if past.has_run(WIDE_STORES)
                && let Some(changed) = changed(old, bytes)
            {
                bytes[changed].reverse();
            }
        })],
    },
    Fault {
        name: "memory-filled",
        wrong: "after `memory.fill` the first byte that changed alone is shown as filled",
        hooks: &[Hook::Memory(|past, _, old, bytes| {
            if past.has_run(&[Opcode::MemoryFill])
                && let Some(Range { start, end }) = changed(old, bytes)
            {
                bytes[start + 1..end].copy_from_slice(&old[start + 1..end]);
            }
        })],
    },
    Fault {
        name: "memory-copied",
        wrong: "after `memory.copy` the memory is shown as it was",
        hooks: &[Hook::Memory(|past, _, old, bytes| {
            if past.has_run(&[Opcode::MemoryCopy]) {
                old.clone_into(bytes);
            }
        })],
    },
    Fault {
        name: "memory-initialized",
        wrong: "after `memory.init` the bytes that changed are shown as 0",
        hooks: &[Hook::Memory(|past, _, old, bytes| {
            if past.has_run(&[Opcode::MemoryInit])
                && let Some(changed) = changed(old, bytes)
            {
                bytes[changed].fill(0);
            }
        })],
    },
    Fault {
        name: "memory-grown-dirty",
        wrong: "after `memory.grow` the pages that came are not shown as 0",
        hooks: &[Hook::Memory(|_, _, old, bytes| {
            if let Some(first) = bytes.get_mut(old.len()) {
                *first = 0xcc;
            }
        })],
    },
    Fault {
        name: "memory-in-host",
        wrong: "in a host function a memory is shown as it was at the event before",
        hooks: &[Hook::Memory(|past, _, old, bytes| {
            if past.now == Now::Host {
                old.clone_into(bytes);
            }
        })],
    },
    Fault {
        name: "global-of-another",
        wrong: "a global is shown with the value of the one before it if their types are the same",
        hooks: &[Hook::Global(|past, addr, _, value| {
            let before = past.globals.range(..addr.0).next_back();
            if let Some((_, other)) = before
                && std::mem::discriminant(other) == std::mem::discriminant(value)
            {
                *value = *other;
            }
        })],
    },
    Fault {
        name: "global-type",
        wrong: "an `f32` global is shown as an `i32` of the same bits",
        hooks: &[Hook::Global(|_, _, _, value| {
            if let Seen::F32(v) = *value {
                *value = Seen::I32(v);
            }
        })],
    },
    Fault {
        name: "global-reference",
        wrong: "a function in a global is shown as null",
        hooks: &[Hook::Global(|_, _, _, value| {
            if let Seen::Func(SeenFunc::Known(_)) = value {
                *value = Seen::Func(SeenFunc::Null);
            }
        })],
    },
    Fault {
        name: "global-in-host",
        wrong: "in a host function a global is shown as it was at the event before",
        hooks: &[Hook::Global(|past, _, old, value| {
            if past.now == Now::Host {
                *value = old;
            }
        })],
    },
    Fault {
        name: "table-set-null",
        wrong: "after `table.set` the element that changed is shown as null",
        hooks: &[Hook::TableElement(|past, _, old, element| {
            if past.has_run(&[Opcode::TableSet]) && old.is_some_and(|old| old != *element) {
                *element = null(*element);
            }
        })],
    },
    Fault {
        name: "table-initialized",
        wrong: "after `table.init` the elements that changed are shown as null",
        hooks: &[Hook::TableElement(|past, _, old, element| {
            if past.has_run(&[Opcode::TableInit]) && old.is_some_and(|old| old != *element) {
                *element = null(*element);
            }
        })],
    },
    Fault {
        name: "table-lazy",
        wrong: "a function in a table is shown as null when it is looked at first",
        hooks: &[Hook::TableElement(|_, _, old, element| {
            if old.is_none()
                && let Seen::Func(_) = element
            {
                *element = null(*element);
            }
        })],
    },
    Fault {
        name: "table-index",
        wrong: "an element of a table is shown as the one before it",
        hooks: &[Hook::TableElement(|past, (table, index), _, element| {
            let before = index.checked_sub(1).map(|before| (table.0, before));
            let before = before.and_then(|before| past.elements.get(&before));
            *element = before.copied().unwrap_or(*element);
        })],
    },
    Fault {
        name: "write-lost",
        wrong: "what the debugger writes into a memory is not there at once",
        hooks: &[
            WRITTEN,
            Hook::Memory(|past, _, old, bytes| {
                if past.wrote {
                    old.clone_into(bytes);
                }
            }),
        ],
    },
    Fault {
        name: "write-lost-global",
        wrong: "what the debugger writes into a global is not there at once",
        hooks: &[
            WRITTEN,
            Hook::Global(|past, _, old, value| {
                if past.wrote {
                    *value = old;
                }
            }),
        ],
    },
];

/// Where the bytes lie that are not as they were; none if the size changed.
fn changed(old: &[u8], bytes: &[u8]) -> Option<Range<usize>> {
    if old.len() != bytes.len() {
        return None;
    }
    let differs = |index: &usize| old[*index] != bytes[*index];
    let start = (0..bytes.len()).find(differs)?;
    let last = (start..bytes.len()).rfind(differs)?;
    Some(start..last + 1)
}

/// The null of a reference's type.
fn null(seen: Seen) -> Seen {
    match seen {
        Seen::Func(_) => Seen::Func(SeenFunc::Null),
        Seen::Extern(_) => Seen::Extern(None),
        other => other,
    }
}
