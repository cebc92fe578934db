//! What components show: no case file can hold one, so that the reproducer has a component of its own.

use super::look::{Kind, Look};
use lockstep_core::causes::Cause;

/// The function of a component that is called: without parameters, with one number as result.
pub(super) const EXPORT: &str = "run";

/// The component that shows a cause, as text; none for a cause of core modules.
pub(super) fn text(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::AdapterThrow => Some(THROWS),
        Cause::Latin1Alignment => Some(LATIN1),
        _ => None,
    }
}

/// What its call must show, from the Canonical ABI.
pub(super) fn look(cause: Cause) -> Option<Look> {
    let (quantity, expected) = match cause {
        Cause::AdapterThrow => ("number", "a trap"),
        Cause::Latin1Alignment => ("alignment", "alignment 2"),
        _ => return None,
    };
    Some(Look {
        quantity,
        ..Look::new(Kind::Component, expected)
    })
}

/// One component throws what no instance of it catches, and another calls it.
const THROWS: &str = r#"(component
  (component $thrower
    (core module $m
      (tag $t)
      (func (export "run") (result i32) throw $t))
    (core instance $i (instantiate $m))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))
  (component $caller
    (import "run" (func $run (result u32)))
    (core func $run (canon lower (func $run)))
    (core module $m
      (import "env" "run" (func $run (result i32)))
      (func (export "run") (result i32) call $run))
    (core instance $i (instantiate $m (with "env" (instance (export "run" (func $run))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))
  (instance $thrower (instantiate $thrower))
  (instance $caller (instantiate $caller (with "run" (func $thrower "run"))))
  (export "run" (func $caller "run")))"#;

/// The callee returns the alignment that its allocator was asked for.
const LATIN1: &str = r#"(component
  (component $callee
    (core module $m
      (memory (export "memory") 1)
      (global $alignment (mut i32) (i32.const 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $alignment (local.get 2))
        (i32.const 64))
      (func (export "take") (param i32 i32) (result i32) (global.get $alignment)))
    (core instance $i (instantiate $m))
    (func (export "take") (param "text" string) (result u32)
      (canon lift (core func $i "take") string-encoding=latin1+utf16
        (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (component $caller
    (import "take" (func $take (param "text" string) (result u32)))
    (core module $libc (memory (export "memory") 1))
    (core instance $libc (instantiate $libc))
    (core func $take (canon lower (func $take) string-encoding=latin1+utf16
      (memory (core memory $libc "memory"))))
    (core module $m
      (import "env" "take" (func $take (param i32 i32) (result i32)))
      (func (export "run") (result i32) (call $take (i32.const 2) (i32.const 3))))
    (core instance $i (instantiate $m (with "env" (instance (export "take" (func $take))))))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))
  (instance $callee (instantiate $callee))
  (instance $caller (instantiate $caller (with "take" (func $callee "take"))))
  (export "run" (func $caller "run")))"#;

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_core::check::{UserFile, Wishes, plan_file};

    #[test]
    fn each_component_is_one_and_exports_what_is_called() {
        let causes = Cause::ALL.iter().copied();
        let having: Vec<Cause> = causes.filter(|&cause| text(cause).is_some()).collect();
        assert_eq!(having, [Cause::AdapterThrow, Cause::Latin1Alignment]);
        for cause in having {
            let text = text(cause).unwrap().as_bytes().to_vec();
            let user = UserFile::new(cause.id().to_owned(), text).unwrap();
            let wishes = Wishes {
                invoke: vec![format!("{EXPORT}()")],
                ..Wishes::default()
            };
            assert!(plan_file(&user, &wishes).is_ok(), "{cause}");
            assert!(look(cause).is_some(), "{cause}");
        }
    }
}
