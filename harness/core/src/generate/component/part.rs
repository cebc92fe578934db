//! One component of those that are composed: its core modules, what it imports and exports, as text.

use super::body::{self, Imported, SHARED, Scene};
use super::image::Image;
use super::signature::{Signature, core_text};
use super::types::Types;
use crate::generate::weights::{below, between, chance, one_of};
use arbitrary::{Result, Unstructured};
use lockstep_oracles::component::Encoding;
use std::fmt::Write;

/// Where the constants of a module begin in its memory.
const IMAGE: u32 = 64;

/// Functions of a component, at most.
const FUNCTIONS: u32 = 3;

/// A function that a component exports.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) signature: Signature,
    /// Whether a call of it may trap, or end with an exception.
    pub(super) ends: bool,
    /// Whether only the host may call it: its result is wrong behind a part for which an adapter allocates, of
    /// which the Canonical ABI says that it comes later.
    pub(super) for_host_alone: bool,
}

/// A component, and what it exports as `f0`, `f1` and so on.
pub(super) struct Part {
    pub(super) text: String,
    pub(super) functions: Vec<Function>,
}

/// What all components of a case share.
pub(super) struct Common<'a> {
    pub(super) types: &'a Types,
    /// Whether exceptions may be thrown.
    pub(super) throws: bool,
    /// Whether functions may end the call.
    pub(super) may_end: bool,
}

/// How an allocator goes about it.
struct Allocator {
    /// Whether what becomes smaller stays where it is.
    shrinks: bool,
    /// Whether new memory is filled first.
    fills: bool,
    /// What is added to each address: it is wrong then.
    off: i32,
}

impl Allocator {
    fn draw(u: &mut Unstructured<'_>, may_end: bool) -> Result<Allocator> {
        let wrong = may_end && chance(u, 1, 10)?;
        Ok(Allocator {
            shrinks: chance(u, 1, 2)?,
            fills: chance(u, 1, 2)?,
            off: match wrong {
                true => *one_of(u, &[1, -0x10_0000])?.unwrap_or(&1),
                false => 0,
            },
        })
    }

    /// The memory and its functions, from this address on. `number` tells the module from all others.
    fn text(&self, number: u32, image: &Image) -> String {
        let shrinks = match self.shrinks {
            true => "(if (i32.and (i32.ne (local.get $old) (i32.const 0)) (i32.le_u (local.get $size) (local.get $before)))
        (then (return (local.get $old))))",
            false => "",
        };
        let fills = match self.fills {
            true => "(memory.fill (local.get $at) (i32.const 0xa5) (local.get $size))",
            false => "",
        };
        let off = match self.off {
            0 => String::new(),
            off => format!("(local.set $at (i32.add (local.get $at) (i32.const {off})))"),
        };
        let heap = image.end().next_multiple_of(16);
        format!(
            r#"
    (memory (export "memory") {pages})
    (global (export "allocator-{number}") i32 (i32.const {number}))
    (global $next (mut i32) (i32.const {heap}))
    {segment}
    (func $reset (export "reset") (global.set $next (i32.const {heap})))
    (func $realloc (export "realloc") (param $old i32) (param $before i32) (param $align i32) (param $size i32)
      (result i32) (local $at i32)
      {shrinks}
      (local.set $at (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $next (i32.add (local.get $at) (local.get $size)))
      (if (i32.gt_u (global.get $next) (i32.shl (memory.size) (i32.const 16)))
        (then (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))))
      {fills}
      (memory.copy (local.get $at) (local.get $old)
        (select (local.get $before) (local.get $size) (i32.lt_u (local.get $before) (local.get $size))))
      {off}
      (local.get $at))"#,
            pages = heap.div_ceil(1 << 16),
            segment = image.segment(),
        )
    }
}

/// Text of the module of which there are two instances.
fn twin(number: u32) -> String {
    format!(
        r#"
  (core module $twin
    (global (export "twin-{number}") i32 (i32.const {number}))
    (global $count (mut i32) (i32.const 0))
    (func (export "step") (param i32) (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (i32.xor (local.get 0) (global.get $count))))
  (core instance $twin-a (instantiate $twin))
  (core instance $twin-b (instantiate $twin))"#
    )
}

const ENCODINGS: [(Encoding, &str); 3] = [
    (Encoding::Utf8, "utf8"),
    (Encoding::Utf16, "utf16"),
    (Encoding::Latin1OrUtf16, "latin1+utf16"),
];

/// Draws the component of this number, which may call these functions of others.
pub(super) fn draw(
    u: &mut Unstructured<'_>,
    common: &Common<'_>,
    number: u32,
    imported: &[Function],
) -> Result<Part> {
    let types = common.types;
    let (encoding, encoded) = ENCODINGS[below(u, 3)? as usize];
    let allocator = Allocator::draw(u, common.may_end)?;
    let twins = chance(u, 1, 3)?;
    // What is lowered needs the memory before the module is there that calls it.
    let split = !imported.is_empty() || chance(u, 1, 2)?;
    let callable: Vec<Imported<'_>> = imported
        .iter()
        .map(|function| Imported {
            signature: &function.signature,
            ends: function.ends,
        })
        .collect();
    let scene = Scene {
        encoding,
        imported: &callable,
        twins,
        throws: common.throws,
        may_end: common.may_end,
    };
    let mut image = Image::new(IMAGE, encoding);
    let mut code = String::new();
    let mut lifted = String::new();
    let mut functions = Vec::new();
    let (memory, main) = if split {
        ("$memory", "$main")
    } else {
        ("$main", "$main")
    };
    let options = format!(
        "string-encoding={encoded} (memory (core memory {memory} \"memory\")) (realloc (core func {memory} \"realloc\"))"
    );
    for at in 0..between(u, 1, FUNCTIONS)? {
        let forwarded = match chance(u, 1, 2)? {
            true => one_of(u, imported)?.map(|function| function.signature.clone()),
            false => None,
        };
        let signature = match forwarded {
            Some(signature) => signature,
            None => Signature::draw(u, types)?,
        };
        let body = body::draw(u, &scene, &signature, &mut image)?;
        let _ = write!(
            code,
            "\n    (func (export \"f{at}\") {}{}\n    )",
            signature.lifted(),
            body.text
        );
        let mut post = String::new();
        if chance(u, 1, 2)? {
            let results: Vec<_> = signature.core_result().into_iter().collect();
            let reset = if chance(u, 1, 2)? {
                "(call $reset)"
            } else {
                ""
            };
            let _ = write!(
                code,
                "\n    (func (export \"post-f{at}\") {} (call $mix (i64.const {at})) {reset})",
                core_text(&results, None)
            );
            post = format!(" (post-return (core func {main} \"post-f{at}\"))");
        }
        let _ = write!(
            lifted,
            "\n  (func (export \"f{at}\"){} (canon lift (core func {main} \"f{at}\") {options}{post}))",
            signature.text(types)
        );
        functions.push(Function {
            signature,
            // Who allocates wrongly ends whatever needs memory.
            ends: body.ends || allocator.off != 0,
            for_host_alone: body.for_host_alone,
        });
    }
    let mut text = format!("\n(component $c{number}");
    for named in 0..types.len() {
        let definition = types.definition_of(named);
        let _ = write!(
            text,
            "\n  (type $d{named} {definition})\n  (import \"t{named}\" (type $t{named} (eq $d{named})))"
        );
    }
    for (function, at) in imported.iter().zip(0..) {
        let ty = function.signature.text(types);
        let _ = write!(text, "\n  (import \"i{at}\" (func $i{at}{ty}))");
    }
    if twins {
        text += &twin(number);
    }
    let allocator = allocator.text(number, &image);
    let mut imports = String::new();
    let mut given = String::new();
    if split {
        let _ = write!(
            text,
            "\n  (core module $memory{allocator})\n  (core instance $memory (instantiate $memory))"
        );
        imports += r#"
    (import "memory" "memory" (memory 1))
    (import "memory" "reset" (func $reset))"#;
        given += " (with \"memory\" (instance $memory))";
    }
    if twins {
        imports += r#"
    (import "twin-a" "step" (func $step-a (param i32) (result i32)))
    (import "twin-b" "step" (func $step-b (param i32) (result i32)))"#;
        given += " (with \"twin-a\" (instance $twin-a)) (with \"twin-b\" (instance $twin-b))";
    }
    let mut lowered = String::new();
    for (function, at) in imported.iter().zip(0..) {
        let _ = write!(
            text,
            "\n  (core func $l{at} (canon lower (func $i{at}) {options}))"
        );
        let _ = write!(lowered, " (export \"l{at}\" (func $l{at}))");
        let ty = function.signature.lowered();
        let _ = write!(
            imports,
            "\n    (import \"lowered\" \"l{at}\" (func $l{at} {ty}))"
        );
    }
    if !imported.is_empty() {
        let _ = write!(given, " (with \"lowered\" (instance{lowered}))");
    }
    let own = if split { "" } else { &allocator };
    let tag = if common.throws {
        "\n    (tag $e (param i32))"
    } else {
        ""
    };
    let start = match chance(u, 1, 3)? {
        true => {
            "\n    (func $begin (call $digest (i32.const 64) (i32.const 12)))\n    (start $begin)"
        }
        false => "",
    };
    let _ = write!(
        text,
        r#"
  (core module $main{imports}{own}{tag}
    (global (export "main-{number}") i32 (i32.const {number}))
    (table 2 funcref)
    (elem (i32.const 0) $mix){SHARED}{start}{code}
  )
  (core instance $main (instantiate $main{given})){lifted}
)"#
    );
    Ok(Part { text, functions })
}
