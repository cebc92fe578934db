//! `COLLECT-SLOT`: an opcode that collects by itself takes another opcode's operands for the roots of its frame;
//! `STARTUP-ROOT`: those of another function.

use crate::configuration::Collector;
use lockstep_oracles::ValType;
use lockstep_oracles::code::Function;
use lockstep_oracles::module::Module;
use lockstep_oracles::types::Hierarchy;

/// How many references the counting collector lets pile up before the read of a further one collects
/// (`MIN_OVER_APPROX_STACK_ROOTS_GC_THRESHOLD`).
const PILE: usize = 1024;

/// Whether the opcode at this position of a function may collect by itself, from code that has no record: an
/// allocation with the copying collector; with the counting one the read of a reference, once the store has
/// made as many objects as it lets pile up.
pub fn collects(
    collector: Collector,
    module: &Module,
    function: &Function,
    position: usize,
    made: usize,
) -> bool {
    let op = function.instrs[position].op;
    match collector {
        Collector::Copying => op.makes_object(),
        Collector::Drc => {
            made >= PILE && op.reads_held() && leaves_counted(module, function, position)
        }
        Collector::Null => false,
    }
}

/// Whether a module has an opcode that may collect by itself.
pub fn may_collect(collector: Collector, module: &Module) -> bool {
    module.functions().iter().any(|function| {
        let mut positions = 0..function.instrs.len();
        positions.any(|position| collects(collector, module, function, position, PILE))
    })
}

/// Whether what the opcode leaves on top is a reference that may be counted: not one to a function.
fn leaves_counted(module: &Module, function: &Function, position: usize) -> bool {
    let behind = function.before.get(position + 1).copied().flatten();
    match function.operands(behind).next() {
        Some(ValType::Ref(ty)) => module.hierarchy(ty.heap_type()) != Some(Hierarchy::Func),
        _ => false,
    }
}

/// How what the collector says of a reference that is none begins: it lies outside the heap, or on no
/// boundary (`GcHeap::index`), or what is there has a size, a type or the number of a host's value that no object
/// has (`CopyingCollection`, `TraceInfos`).
const NO_REFERENCE: [&str; 12] = [
    "BUG: gc object out-of-bounds",
    "BUG: gc object and/or heap misaligned",
    "BUG: corrupt gc heap",
    "BUG: arrays should always have inline trace info",
    "BUG: there should always be enough room in the active semi-space",
    "BUG: failed to find trace information for ",
    "BUG: out-of-line trace info but no type index",
    "BUG: array element offset overflow",
    "BUG: field offset overflow",
    "BUG: object size overflow",
    "BUG: gc object out of bounds",
    "BUG: invalid `ExternRefHostDataId`",
];

/// Whether the error is the collector's, of a root that is no reference.
pub fn is_of_wrong_root(error: &str) -> bool {
    let first = error.lines().next().unwrap_or_default();
    NO_REFERENCE.iter().any(|text| first.starts_with(text))
}

/// What the engine's panics say that followed what is no object: its kind is none, or the index of its
/// type, or of its tag's instance.
const NO_OBJECT: [&str; 6] = [
    "invalid `VMGcKind`: ",
    "GC reference 0x",
    // Its fields are on no boundary.
    "assertion failed: slice.as_ptr().addr() % mem::align_of::<T>() == 0",
    "index out of bounds: ",
    "range start index ",
    "range end index ",
];

/// Whether the panic is the engine's, of a reference to what is no object.
pub fn is_of_no_object(panic: &str) -> bool {
    NO_OBJECT.iter().any(|text| panic.starts_with(text))
}

/// How many cells the program has made, at least, where the copying collector has collected: its heap begins with
/// 64 KiB, one half is filled before a collection, and no cell takes more than 16 bytes and its share of a header.
const FILLED: u64 = 1_000;

/// Whether a collection may have written over any object: the copying collector's, which copies what a slot of
/// another opcode seems to denote (at least where the allocation puts its own result there is one that holds
/// what it held before), once so many cells were made.
pub fn may_overwrite(collector: Collector, cells: u64) -> bool {
    collector == Collector::Copying && cells >= FILLED
}

/// Whether an operand may show where its object was: it lay below what an allocation took that was made
/// in its frame, and is not of later.
pub fn is_stale(index: u32, surviving: usize) -> bool {
    (index as usize) < surviving
}

/// Objects of the copying collector lie at multiples of so many bytes (`copying::ALIGN`).
const ALIGNMENT: u32 = 16;

/// Whether the copying collector may have taken words of a number for references, and have made them denote where it
/// copied what they seemed to: each word that differs was such a place, and is one.
pub fn is_moved(expected: u128, shown: u128) -> bool {
    let is_place = |word: u32| word != 0 && word.is_multiple_of(ALIGNMENT);
    (0..4).all(|nth| {
        let [expected, shown] = [expected, shown].map(|bits| (bits >> (32 * nth)) as u32);
        expected == shown || is_place(expected) && is_place(shown)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::WasmFeatures;

    #[test]
    fn only_the_errors_of_a_wrong_root_are_known() {
        let told = "BUG: gc object out-of-bounds\nlocation: gc_runtime.rs:478\n\nThis is a bug";
        assert!(is_of_wrong_root(told));
        assert!(is_of_wrong_root("BUG: gc object and/or heap misaligned"));
        let kind = "BUG: arrays should always have inline trace info";
        assert!(is_of_wrong_root(kind));
        assert!(is_of_wrong_root("BUG: corrupt gc heap"));
        let ty = "BUG: failed to find trace information for VMSharedTypeIndex(1)\nlocation: trace_infos.rs:47";
        assert!(is_of_wrong_root(ty) && !is_of_wrong_root("BUG: bad FuncRefTableId"));
        let room = "BUG: there should always be enough room in the active semi-space for objects";
        assert!(is_of_wrong_root(room));
        assert!(!is_of_wrong_root("BUG: worklist ptr is zero"));
        assert!(!is_of_wrong_root(
            "a host function's own: BUG: gc object out-of-bounds"
        ));
        assert!(!is_of_wrong_root(""));
    }

    #[test]
    fn only_the_panics_at_what_is_no_object_are_known() {
        assert!(is_of_no_object(
            "index out of bounds: the len is 3 but the index is 33840 (wasmtime-48.0.8/src/runtime/store.rs:1641)"
        ));
        assert!(is_of_no_object(
            "invalid `VMGcKind`: 0b000000000000000000000000000000"
        ));
        assert!(is_of_no_object(
            "assertion failed: slice.as_ptr().addr() % mem::align_of::<T>() == 0 (wasmtime-50.0.1/src/runtime/vm/gc/gc_runtime.rs:517)"
        ));
        assert!(!is_of_no_object("assertion failed: slice.is_empty()"));
        assert!(!is_of_no_object("attempt to add with overflow"));
        assert!(!is_of_no_object(""));
    }

    #[test]
    fn only_opcodes_that_collect_by_themselves_may() {
        let wasm = wat::parse_str(
            r#"(module (type $s (struct (field i32) (field anyref)))
                 (type $f (func))
                 (global anyref ref.null any) (global funcref ref.null func) (table 1 externref)
                 (global (ref null $f) ref.null $f)
                 (func (param (ref $s))
                   struct.new_default $s  drop
                   local.get 0  struct.get $s 0  drop
                   local.get 0  struct.get $s 1  drop
                   global.get 0  drop
                   global.get 1  drop
                   global.get 2  drop
                   i32.const 0  table.get 0  drop))"#,
        )
        .unwrap();
        let module = Module::new(&wasm, WasmFeatures::all()).unwrap();
        let function = &module.functions()[0];
        let collecting = |collector, made| {
            let positions = 0..function.instrs.len();
            let collecting =
                positions.filter(|&at| collects(collector, &module, function, at, made));
            collecting
                .map(|at| function.instrs[at].op.name())
                .collect::<Vec<_>>()
        };
        assert_eq!(collecting(Collector::Copying, 0), ["struct.new_default"]);
        assert_eq!(
            collecting(Collector::Drc, PILE),
            ["struct.get", "global.get", "table.get"]
        );
        assert!(collecting(Collector::Drc, PILE - 1).is_empty());
        assert!(collecting(Collector::Null, PILE).is_empty());
        assert!(may_collect(Collector::Drc, &module));
        assert!(!may_collect(Collector::Null, &module));
    }

    #[test]
    fn only_a_collection_that_copies_writes_over_objects() {
        assert!(may_overwrite(Collector::Copying, FILLED));
        assert!(!may_overwrite(Collector::Copying, FILLED - 1));
        assert!(!may_overwrite(Collector::Drc, u64::MAX));
    }

    #[test]
    fn only_words_that_may_be_places_are_moved() {
        assert!(is_moved(0x80, 0x8080));
        let (expected, shown) = (
            0xfffffffe_80000000_0000ffff_00000100,
            0xfffffffe_80000000_0000ffff_00008030,
        );
        assert!(is_moved(expected, shown));
        assert!(!is_moved(0x80, 0x8081));
        assert!(!is_moved(0x81, 0x8080));
        assert!(!is_moved(0, 0x8080));
        assert!(!is_moved(0x80, 0));
        assert!(!is_moved(expected, shown ^ 1 << 100));
    }

    #[test]
    fn only_what_was_there_at_an_allocation_is_stale() {
        assert!(is_stale(0, 1));
        assert!(!is_stale(1, 1));
        assert!(!is_stale(0, 0));
    }
}
