//! Code as a compiler makes it that does not optimise: each temporary has a local of its own, and what the
//! source calls a variable is in memory. Real code of that kind has hundreds to thousands of values a frame.

use std::fmt::Write as _;

/// Locals of a function, and how many statements it has.
pub(crate) type Size = (usize, usize);

/// The function that is exported, the one that it calls, and the one that this calls.
pub(crate) const DEEP: &[Size] = &[(1_000, 200), (400, 60), (40, 12)];
/// One that calls none.
pub(crate) const FLAT: &[Size] = &[(400, 100)];
/// Statements from one call to the next.
const BETWEEN: usize = 15;

/// The module's text, with these functions.
pub(crate) fn text(sizes: &[Size]) -> String {
    let mut text = "(module (memory 1)\n".to_owned();
    for level in (0..sizes.len()).rev() {
        function(&mut text, sizes, level);
    }
    text.push(')');
    text
}

/// Appends a function.
fn function(text: &mut String, sizes: &[Size], level: usize) {
    let (count, statements) = sizes[level];
    let locals = "i32 ".repeat(count);
    let head = match level {
        0 => {
            format!("(func (export \"run\") (param i32) (result i64) (local {locals}) (loop $again")
        }
        _ => format!("(func $f{level} (param i32) (result i32) (local {locals})"),
    };
    text.push_str(&head);
    let mut local = 1;
    for statement in 0..statements {
        if local + 4 > count {
            local = 1;
        }
        let [from, constant, sum] = [local, local + 1, local + 2];
        let (load, store) = (statement % 16 * 4, (statement + 5) % 16 * 4);
        let address = level * 64;
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            "\n(local.set {from} (i32.load offset={load} (i32.const {address})))
               (local.set {constant} (i32.const {statement}))
               (local.set {sum} (i32.add (local.get {from}) (local.get {constant})))
               (i32.store offset={store} (i32.const {address}) (local.get {sum}))"
        );
        if level + 1 < sizes.len() && statement % BETWEEN == 0 {
            let (result, callee) = (local + 3, level + 1);
            let _ = write!(
                text,
                "(local.set {result} (call $f{callee} (local.get {sum})))"
            );
        }
        local += 4;
    }
    text.push_str(match level {
        0 => "\n(br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (i64.extend_i32_u (local.get 1)))\n",
        _ => "\n(return (local.get 1)))\n",
    });
}
