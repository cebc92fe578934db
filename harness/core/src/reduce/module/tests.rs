//! Each pass on a small module, and all of them on generated ones.

use super::signature::Less;
use super::*;
use crate::generate;
use crate::generate::{FEATURES, Proposals};
use lockstep_oracles::module::Module;

fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

fn flows(bytes: &[u8], draft: &Draft<'_>) -> Vec<Flow> {
    let compiled = Module::new(bytes, FEATURES).unwrap();
    let functions = draft.funcs.iter().zip(compiled.functions());
    let flows = functions.map(|(func, compiled)| Flow::of(draft, func, compiled).unwrap());
    flows.collect()
}

fn flow_changes(bytes: &[u8], changes: fn(usize, &Flow) -> Vec<Change>) -> Vec<Change> {
    let draft = Draft::read(bytes).unwrap();
    let flows = flows(bytes, &draft);
    let flows = flows.iter().enumerate();
    flows
        .flat_map(|(index, flow)| changes(index, flow))
        .collect()
}

/// What a change makes of a module, if it applies and the result validates.
fn changed(bytes: &[u8], change: &Change) -> Option<Vec<u8>> {
    let mut draft = Draft::read(bytes).unwrap();
    if !change(&mut draft) {
        return None;
    }
    let written = draft.write()?;
    Module::new(&written, FEATURES).ok().map(|_| written)
}

/// A binary as text on one line.
fn text(bytes: &[u8]) -> String {
    let text = wasmprinter::print_bytes(bytes).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The valid results of changes, a line each, equal ones once.
fn results(bytes: &[u8], changes: &[Change]) -> String {
    let mut seen = Vec::new();
    for change in changes {
        let written = changed(bytes, change).map(|written| text(&written));
        seen.extend(written.filter(|written| !seen.contains(written)));
    }
    seen.join("\n")
}

#[test]
fn a_module_is_written_as_it_was_read() {
    let text = r#"(module
        (type (func (param i32) (result i32)))
        (import "m" "f" (func (type 0)))
        (import "m" "g" (global i64))
        (table 3 5 funcref)
        (memory 1 2)
        (global (mut v128) (v128.const i64x2 1 2))
        (export "f" (func 1))
        (start 2)
        (elem (i32.const 1) func 0 1)
        (elem externref (ref.null extern))
        (func (type 0) (local i32 i32 f64)
            (block (result i32)
                (br_table 0 0 (local.get 0) (memory.size)))
            (call_indirect (type 0) (local.get 1)))
        (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1)))
        (data (i32.const 4) "abc"))"#;
    let bytes = wasm(text);
    assert_eq!(Draft::read(&bytes).unwrap().write().unwrap(), bytes);
}

#[test]
fn unused_entities_go_and_indices_follow() {
    let bytes = wasm(
        r#"(module
        (import "m" "unused" (func))
        (import "m" "used" (func (param i32)))
        (table 1 funcref)
        (elem (i32.const 0) func 2)
        (memory 1)
        (data (i32.const 0) "gone with its memory")
        (global i32 (i32.const 1))
        (global i32 (i32.const 2))
        (func (export "unexported") (drop (i64.const 1)))
        (func $second (export "kept") (call 1 (global.get 1))))"#,
    );
    let mut draft = Draft::read(&bytes).unwrap();
    draft.exports.retain(|export| export.name == "kept");
    let bytes = draft.write().unwrap();
    let first = &shake::changes(&Draft::read(&bytes).unwrap())[..1];
    insta::assert_snapshot!(results(&bytes, first), @r#"
    (module (type (;0;) (func)) (type (;1;) (func (param i32))) (import "m" "used" (func (;0;) (type 1) (param i32))) (global (;0;) i32 i32.const 2) (export "kept" (func 1)) (func (;1;) (type 0) global.get 0 call 0 ) )
    "#);
}

#[test]
fn bodies_become_zeros_or_traps() {
    let bytes = wasm(r#"(module (func (result f64 i32) (f64.const 2) (i32.const 3)))"#);
    let changes = bodies::minimal(&Draft::read(&bytes).unwrap());
    insta::assert_snapshot!(results(&bytes, &changes), @r#"
    (module (type (;0;) (func (result f64 i32))) (func (;0;) (type 0) (result f64 i32) i32.const 0 f64.convert_i32_s i32.const 0 ) )
    (module (type (;0;) (func (result f64 i32))) (func (;0;) (type 0) (result f64 i32) unreachable ) )
    "#);
}

#[test]
fn a_range_becomes_drops_and_zeros() {
    let bytes = wasm(
        r#"(module (func (param i32) (result i64)
            (i64.extend_i32_u (i32.add (local.get 0) (i32.const 5)))))"#,
    );
    insta::assert_snapshot!(results(&bytes, &flow_changes(&bytes, ranges::changes)), @r#"
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) i64.const 0 ) )
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) unreachable ) )
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) i32.const 0 i64.extend_i32_u ) )
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) local.get 0 drop i64.const 0 ) )
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) local.get 0 unreachable ) )
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) i32.const 0 i32.const 0 i32.add i64.extend_i32_u ) )
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) local.get 0 i64.extend_i32_u ) )
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) local.get 0 i32.const 5 drop drop i64.const 0 ) )
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) local.get 0 i32.const 5 unreachable ) )
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) i32.const 0 i32.const 5 i32.add i64.extend_i32_u ) )
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) local.get 0 i32.const 0 i32.add i64.extend_i32_u ) )
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) local.get 0 i32.const 5 drop i64.extend_i32_u ) )
    (module (type (;0;) (func (param i32) (result i64))) (func (;0;) (type 0) (param i32) (result i64) local.get 0 i32.const 5 i32.add drop i64.const 0 ) )
    "#);
}

#[test]
fn an_operand_goes_with_what_takes_it() {
    let bytes = wasm(
        r#"(module (func (param i32 i32) (result i32)
            (i32.mul (i32.clz (local.get 0)) (i32.ctz (local.get 1)))))"#,
    );
    insta::assert_snapshot!(results(&bytes, &flow_changes(&bytes, hoist::changes)), @r#"
    (module (type (;0;) (func (param i32 i32) (result i32))) (func (;0;) (type 0) (param i32 i32) (result i32) i32.const 0 local.get 1 i32.ctz i32.mul ) )
    (module (type (;0;) (func (param i32 i32) (result i32))) (func (;0;) (type 0) (param i32 i32) (result i32) i32.const 0 i32.const 0 i32.ctz i32.mul ) )
    (module (type (;0;) (func (param i32 i32) (result i32))) (func (;0;) (type 0) (param i32 i32) (result i32) local.get 0 i32.clz i32.const 0 i32.mul ) )
    (module (type (;0;) (func (param i32 i32) (result i32))) (func (;0;) (type 0) (param i32 i32) (result i32) local.get 1 i32.const 0 i32.mul ) )
    (module (type (;0;) (func (param i32 i32) (result i32))) (func (;0;) (type 0) (param i32 i32) (result i32) local.get 0 i32.clz ) )
    (module (type (;0;) (func (param i32 i32) (result i32))) (func (;0;) (type 0) (param i32 i32) (result i32) local.get 0 i32.clz i32.ctz ) )
    (module (type (;0;) (func (param i32 i32) (result i32))) (func (;0;) (type 0) (param i32 i32) (result i32) local.get 1 i32.ctz ) )
    "#);
}

#[test]
fn a_block_is_taken_away_from_around_its_instructions() {
    let bytes = wasm(
        r#"(module (func (param i32) (result i32)
            (block $a (result i32)
                (if (result i32) (local.get 0)
                    (then (br $a (i32.const 1)))
                    (else (i32.const 2))))))"#,
    );
    insta::assert_snapshot!(results(&bytes, &flow_changes(&bytes, unwrap::changes)), @r#"
    (module (type (;0;) (func (param i32) (result i32))) (func (;0;) (type 0) (param i32) (result i32) local.get 0 if (result i32) ;; label = @1 i32.const 1 unreachable else i32.const 2 end ) )
    (module (type (;0;) (func (param i32) (result i32))) (func (;0;) (type 0) (param i32) (result i32) block (result i32) ;; label = @1 local.get 0 drop i32.const 1 br 0 (;@1;) end ) )
    (module (type (;0;) (func (param i32) (result i32))) (func (;0;) (type 0) (param i32) (result i32) block (result i32) ;; label = @1 local.get 0 drop i32.const 2 end ) )
    "#);
}

#[test]
fn locals_go_used_or_not() {
    let bytes = wasm(
        r#"(module (func (param i32) (local i64 f32 i64)
            (local.set 3 (i64.const 1))
            (drop (local.get 1))
            (drop (local.tee 3 (i64.const 2)))))"#,
    );
    let changes = locals::changes(&Draft::read(&bytes).unwrap());
    insta::assert_snapshot!(results(&bytes, &changes), @r#"
    (module (type (;0;) (func (param i32))) (func (;0;) (type 0) (param i32) (local i64 i64) i64.const 1 local.set 2 local.get 1 drop i64.const 2 local.tee 2 drop ) )
    (module (type (;0;) (func (param i32))) (func (;0;) (type 0) (param i32) (local f32 i64) i64.const 1 local.set 2 i64.const 0 drop i64.const 2 local.tee 2 drop ) )
    (module (type (;0;) (func (param i32))) (func (;0;) (type 0) (param i32) (local i64 f32) i64.const 1 drop local.get 1 drop i64.const 2 drop ) )
    (module (type (;0;) (func (param i32))) (func (;0;) (type 0) (param i32) (local i64 f32) i64.const 1 local.set 1 local.get 1 drop i64.const 2 local.tee 1 drop ) )
    "#);
}

#[test]
fn a_signature_loses_parameters_and_results() {
    let bytes = wasm(
        r#"(module
        (func $f (param i32 f64) (result i32 i64) (local v128)
            (if (local.get 0) (then (return (i32.const 1) (i64.const 2))))
            (i32.const 3) (i64.const 4))
        (func (export "a") (call $f (i32.const 5) (f64.const 6)) (drop) (drop)))"#,
    );
    let mut draft = Draft::read(&bytes).unwrap();
    let less = Less {
        func: 0,
        params: 1..2,
        results: 1,
        forgotten: false,
    };
    assert!(draft.lose(&less));
    draft.shake();
    let written = draft.write().unwrap();
    Module::new(&written, FEATURES).unwrap();
    insta::assert_snapshot!(text(&written), @r#"
    (module (type (;0;) (func)) (type (;1;) (func (param i32) (result i32))) (type (;2;) (func (result i32 i64))) (export "a" (func 1)) (func (;0;) (type 1) (param i32) (result i32) (local f64 v128) block (type 2) (result i32 i64) ;; label = @1 local.get 0 if ;; label = @2 i32.const 1 i64.const 2 br 1 (;@1;) end i32.const 3 i64.const 4 end drop ) (func (;1;) (type 0) i32.const 5 f64.const 0x1.8p+2 (;=6;) drop call 0 i64.const 0 drop drop ) )
    "#);
}

#[test]
fn immediates_become_small() {
    let bytes = wasm(
        r#"(module (memory 1) (func (param i32)
            (block (block (br_table 0 1 0 (local.get 0))))
            (i32.store offset=8 (i32.const 70) (i32.const 0))
            (drop (v128.const i64x2 1 2))))"#,
    );
    let changes = bodies::immediates(&Draft::read(&bytes).unwrap());
    insta::assert_snapshot!(results(&bytes, &changes), @r#"
    (module (type (;0;) (func (param i32))) (memory (;0;) 1) (func (;0;) (type 0) (param i32) block ;; label = @1 block ;; label = @2 local.get 0 br_table 0 (;@2;) end end i32.const 70 i32.const 0 i32.store offset=8 v128.const i32x4 0x00000001 0x00000000 0x00000002 0x00000000 drop ) )
    (module (type (;0;) (func (param i32))) (memory (;0;) 1) (func (;0;) (type 0) (param i32) block ;; label = @1 block ;; label = @2 local.get 0 br_table 1 (;@1;) 0 (;@2;) end end i32.const 70 i32.const 0 i32.store offset=8 v128.const i32x4 0x00000001 0x00000000 0x00000002 0x00000000 drop ) )
    (module (type (;0;) (func (param i32))) (memory (;0;) 1) (func (;0;) (type 0) (param i32) block ;; label = @1 block ;; label = @2 local.get 0 br_table 0 (;@2;) 0 (;@2;) end end i32.const 70 i32.const 0 i32.store offset=8 v128.const i32x4 0x00000001 0x00000000 0x00000002 0x00000000 drop ) )
    (module (type (;0;) (func (param i32))) (memory (;0;) 1) (func (;0;) (type 0) (param i32) block ;; label = @1 block ;; label = @2 local.get 0 br_table 0 (;@2;) 1 (;@1;) 0 (;@2;) end end i32.const 0 i32.const 0 i32.store offset=8 v128.const i32x4 0x00000001 0x00000000 0x00000002 0x00000000 drop ) )
    (module (type (;0;) (func (param i32))) (memory (;0;) 1) (func (;0;) (type 0) (param i32) block ;; label = @1 block ;; label = @2 local.get 0 br_table 0 (;@2;) 1 (;@1;) 0 (;@2;) end end i32.const 1 i32.const 0 i32.store offset=8 v128.const i32x4 0x00000001 0x00000000 0x00000002 0x00000000 drop ) )
    (module (type (;0;) (func (param i32))) (memory (;0;) 1) (func (;0;) (type 0) (param i32) block ;; label = @1 block ;; label = @2 local.get 0 br_table 0 (;@2;) 1 (;@1;) 0 (;@2;) end end i32.const 35 i32.const 0 i32.store offset=8 v128.const i32x4 0x00000001 0x00000000 0x00000002 0x00000000 drop ) )
    (module (type (;0;) (func (param i32))) (memory (;0;) 1) (func (;0;) (type 0) (param i32) block ;; label = @1 block ;; label = @2 local.get 0 br_table 0 (;@2;) 1 (;@1;) 0 (;@2;) end end i32.const 70 i32.const 0 i32.store v128.const i32x4 0x00000001 0x00000000 0x00000002 0x00000000 drop ) )
    (module (type (;0;) (func (param i32))) (memory (;0;) 1) (func (;0;) (type 0) (param i32) block ;; label = @1 block ;; label = @2 local.get 0 br_table 0 (;@2;) 1 (;@1;) 0 (;@2;) end end i32.const 70 i32.const 0 i32.store offset=8 i32.const 0 i8x16.splat drop ) )
    "#);
}

#[test]
fn limits_segments_and_globals_become_small() {
    let bytes = wasm(
        r#"(module
        (memory 3 9)
        (table 6 8 funcref)
        (global f64 (f64.const 1))
        (elem (i32.const 2) func 0)
        (data (i32.const 4) "ab")
        (func))"#,
    );
    let draft = Draft::read(&bytes).unwrap();
    let mut changes = entities::limits(&draft);
    changes.extend(bodies::initial_values(&draft));
    changes.extend(entities::segments(&draft));
    insta::assert_snapshot!(results(&bytes, &changes), @r#"
    (module (type (;0;) (func)) (table (;0;) 6 8 funcref) (memory (;0;) 0 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "ab") )
    (module (type (;0;) (func)) (table (;0;) 6 8 funcref) (memory (;0;) 1 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "ab") )
    (module (type (;0;) (func)) (table (;0;) 6 8 funcref) (memory (;0;) 3) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "ab") )
    (module (type (;0;) (func)) (table (;0;) 0 8 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "ab") )
    (module (type (;0;) (func)) (table (;0;) 1 8 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "ab") )
    (module (type (;0;) (func)) (table (;0;) 3 8 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "ab") )
    (module (type (;0;) (func)) (table (;0;) 6 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "ab") )
    (module (type (;0;) (func)) (table (;0;) 6 8 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 0) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "ab") )
    (module (type (;0;) (func)) (table (;0;) 6 8 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 0) "ab") )
    (module (type (;0;) (func)) (table (;0;) 6 8 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x0p+0 (;=0;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "ab") )
    (module (type (;0;) (func)) (table (;0;) 6 8 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "ab") )
    (module (type (;0;) (func)) (table (;0;) 6 8 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) )
    (module (type (;0;) (func)) (table (;0;) 6 8 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "") )
    (module (type (;0;) (func)) (table (;0;) 6 8 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "b") )
    (module (type (;0;) (func)) (table (;0;) 6 8 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func 0) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "a") )
    (module (type (;0;) (func)) (table (;0;) 6 8 funcref) (memory (;0;) 3 9) (global (;0;) f64 f64.const 0x1p+0 (;=1;)) (elem (;0;) (i32.const 2) func) (func (;0;) (type 0)) (data (;0;) (i32.const 4) "ab") )
    "#);
}

#[test]
fn what_the_proposals_brought_is_read_and_written() {
    let bytes = wasm(
        r#"(module
            (rec (type (sub (struct (field (mut (ref null 1)))))) (type (array (mut i8))))
            (type (sub final 0 (struct (field (mut (ref null 1))) (field i32))))
            (import "env" "x" (tag (param i32)))
            (tag (param (ref null 0)))
            (table 3 (ref i31) (ref.i31 (i32.const 1)))
            (memory i64 1 2)
            (memory 1 1 shared)
            (global (mut (ref null 2)) (struct.new_default 2))
            (data "abc")
            (func (export "f") (param (ref null 0)) (result (ref null 1))
              (local (ref null 2))
              (array.new_data 1 0 (i32.const 0) (i32.const 2))))"#,
    );
    let draft = Draft::read(&bytes).unwrap();
    assert_eq!(text(&draft.write().unwrap()), text(&bytes));
    let mut shaken = draft;
    shaken.shake();
    assert_eq!(shaken.gone.len(), 8, "{:?}", shaken.gone);
    let written = shaken.write().unwrap();
    Module::new(&written, FEATURES).unwrap();
}

/// Applies changes as the search does: each that leaves a valid, smaller module is kept.
fn smallest(text: &str, changes: fn(&[u8]) -> Vec<Change>) -> String {
    let mut bytes = wasm(text);
    loop {
        let changes = changes(&bytes);
        let mut results = changes.iter().filter_map(|change| changed(&bytes, change));
        match results.find(|result| result.len() < bytes.len()) {
            Some(smaller) => bytes = smaller,
            None => return self::text(&bytes),
        }
    }
}

#[test]
fn types_become_few_and_plain() {
    let text = r#"(module
        (rec (type $a (sub (struct (field i32) (field (mut i64)))))
             (type $b (sub $a (struct (field i32) (field (mut i64)) (field (ref null $c)))))
             (type $c (array (ref null $b))))
        (type $d (struct (field f32) (field f64)))
        (tag $e (param i32 i64))
        (func (export "f") (param (ref null $b)) (result (ref null $c))
            (struct.set $a 1 (local.get 0) (i64.const 1))
            (drop (struct.new $d (f32.const 1) (f64.const 2)))
            (throw $e (i32.const 1) (i64.const 2))))"#;
    let types = |bytes: &[u8]| types::changes(&Draft::read(bytes).unwrap());
    insta::assert_snapshot!(smallest(text, types), @r#"
    (module (type (;0;) (struct)) (type (;1;) (array (ref null 0))) (type (;2;) (func (param (ref null 0)) (result (ref null 1)))) (type (;3;) (func)) (tag (;0;) (type 3)) (export "f" (func 0)) (func (;0;) (type 2) (param (ref null 0)) (result (ref null 1)) local.get 0 i64.const 1 drop drop f32.const 0x1p+0 (;=1;) f64.const 0x1p+1 (;=2;) struct.new 0 drop i32.const 1 i64.const 2 drop drop throw 0 ) )
    "#);
}

#[test]
fn blocks_lose_types_and_clauses() {
    let text = r#"(module
        (type (func (param i32 i64) (result f32 f64)))
        (tag $e)
        (func (export "f") (local f32)
            (block $l
                (i32.const 1) (i64.const 2)
                (try_table (type 0) (catch $e $l) (catch_all $l)
                    (drop) (drop) (f32.const 3) (f64.const 4))
                (drop) (local.set 0))))"#;
    let blocks = |bytes: &[u8]| flow_changes(bytes, unwrap::changes);
    insta::assert_snapshot!(results(&wasm(text), &blocks(&wasm(text))), @r#"
    (module (type (;0;) (func (param i32 i64) (result f32 f64))) (type (;1;) (func)) (tag (;0;) (type 1)) (export "f" (func 0)) (func (;0;) (type 1) (local f32) block ;; label = @1 i32.const 1 i64.const 2 drop drop f32.const 0x1.8p+1 (;=3;) f64.const 0x1p+2 (;=4;) drop local.set 0 end ) )
    (module (type (;0;) (func)) (tag (;0;) (type 0)) (export "f" (func 0)) (func (;0;) (type 0) (local f32) block ;; label = @1 i32.const 1 i64.const 2 drop drop try_table (catch 0 0 (;@1;)) (catch_all 0 (;@1;)) ;; label = @2 i32.const 0 i64.const 0 drop drop f32.const 0x1.8p+1 (;=3;) f64.const 0x1p+2 (;=4;) drop drop end i32.const 0 f32.convert_i32_s i32.const 0 f64.convert_i32_s drop local.set 0 end ) )
    (module (type (;0;) (func (param i32 i64) (result f32 f64))) (type (;1;) (func)) (tag (;0;) (type 1)) (export "f" (func 0)) (func (;0;) (type 1) (local f32) block ;; label = @1 i32.const 1 i64.const 2 try_table (type 0) (param i32 i64) (result f32 f64) ;; label = @2 drop drop f32.const 0x1.8p+1 (;=3;) f64.const 0x1p+2 (;=4;) end drop local.set 0 end ) )
    (module (type (;0;) (func (param i32 i64) (result f32 f64))) (type (;1;) (func)) (tag (;0;) (type 1)) (export "f" (func 0)) (func (;0;) (type 1) (local f32) block ;; label = @1 i32.const 1 i64.const 2 try_table (type 0) (param i32 i64) (result f32 f64) (catch_all 0 (;@1;)) ;; label = @2 drop drop f32.const 0x1.8p+1 (;=3;) f64.const 0x1p+2 (;=4;) end drop local.set 0 end ) )
    (module (type (;0;) (func (param i32 i64) (result f32 f64))) (type (;1;) (func)) (tag (;0;) (type 1)) (export "f" (func 0)) (func (;0;) (type 1) (local f32) block ;; label = @1 i32.const 1 i64.const 2 try_table (type 0) (param i32 i64) (result f32 f64) (catch 0 0 (;@1;)) ;; label = @2 drop drop f32.const 0x1.8p+1 (;=3;) f64.const 0x1p+2 (;=4;) end drop local.set 0 end ) )
    "#);
}

/// What cannot be null is made, and tail calls are calls where what they return is dropped.
#[test]
fn references_are_made_and_tail_calls_return() {
    let text = r#"(module
        (type $s (struct (field i32)))
        (type $a (array i8))
        (func $f (param (ref $s) (ref $a) (ref i31)) (result (ref eq) i32)
            (if (struct.get $s 0 (local.get 0)) (then (return_call $f
                (local.get 0) (local.get 1) (local.get 2))))
            (local.get 2) (array.len (local.get 1))))"#;
    let bytes = wasm(text);
    let mut draft = Draft::read(&bytes).unwrap();
    let less = Less {
        func: 0,
        params: 1..3,
        results: 1,
        forgotten: true,
    };
    assert!(draft.lose(&less));
    let written = draft.write().unwrap();
    Module::new(&written, FEATURES).unwrap();
    insta::assert_snapshot!(self::text(&written), @r#"
    (module (type (;0;) (struct (field i32))) (type (;1;) (array i8)) (type (;2;) (func (param (ref 0) (ref 1) (ref i31)) (result (ref eq) i32))) (type (;3;) (func (param (ref 0)) (result (ref eq)))) (type (;4;) (func (result (ref eq) i32))) (func (;0;) (type 3) (param (ref 0)) (result (ref eq)) block (type 4) (result (ref eq) i32) ;; label = @1 local.get 0 struct.get 0 0 if ;; label = @2 local.get 0 i32.const 0 array.new_default 1 i32.const 0 ref.i31 drop drop call 0 i32.const 0 br 1 (;@1;) end i32.const 0 ref.i31 i32.const 0 array.new_default 1 array.len end drop ) )
    "#);
}

/// Every change of every pass on generated modules leaves no module, or one that can be written and
/// read; and most leave a valid one.
#[test]
fn changes_of_generated_modules_are_valid_or_discarded() {
    let (mut valid, mut all) = (0, 0);
    for number in 0..12 {
        let proposals = [Proposals::None, Proposals::All][number as usize % 2];
        let case = generate::with_proposals(7, number, proposals);
        let bytes = case.main_module();
        let draft = Draft::read(bytes).unwrap();
        let mut changes = flow_changes(bytes, ranges::changes);
        changes.extend(flow_changes(bytes, hoist::changes));
        changes.extend(flow_changes(bytes, unwrap::changes));
        changes.extend(shake::changes(&draft));
        changes.extend(bodies::minimal(&draft));
        changes.extend(bodies::immediates(&draft));
        changes.extend(locals::changes(&draft));
        changes.extend(entities::limits(&draft));
        changes.extend(entities::segments(&draft));
        changes.extend(types::changes(&draft));
        for less in signature::candidates(&draft) {
            changes.push(change(move |draft| draft.lose(&less)));
        }
        // Some of each: all of them take a minute.
        for change in changes.iter().step_by(7) {
            all += 1;
            valid += u32::from(changed(bytes, change).is_some());
        }
    }
    assert!(valid * 2 > all, "only {valid} of {all} are valid");
}

/// The oracle's typing and ours agree: a range replaced by drops and zeros validates, whatever it is.
#[test]
fn ranges_of_live_code_stay_valid() {
    let bytes = wasm(
        r#"(module (func (param i32 f64) (result f64)
            (loop $l (result f64)
                (if (i32.eqz (local.get 0)) (then (local.set 1 (f64.const 2))))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br_if $l (local.get 0))
                (local.get 1))))"#,
    );
    let draft = Draft::read(&bytes).unwrap();
    for flow in flows(&bytes, &draft) {
        for change in ranges::changes(0, &flow) {
            let mut draft = Draft::read(&bytes).unwrap();
            assert!(change(&mut draft));
        }
    }
    let changes = flow_changes(&bytes, ranges::changes);
    let valid = changes
        .iter()
        .filter(|change| changed(&bytes, change).is_some());
    assert!(valid.count() * 2 > changes.len());
}
