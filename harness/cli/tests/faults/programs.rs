//! The programs that are run with and without a fault; each is clean without.

use lockstep::case::{self, CaseOptions, ImportSettings, Stub, StubCall};
use lockstep::check::FEATURES;
use lockstep::configuration::Configuration;
use lockstep::hosting::{MemoryWrite, WriteAt};
use lockstep::schedule::Schedule;
use lockstep::subject::Settings;
use lockstep::subject::engines::linked;
use lockstep::version::Version;
use lockstep_spec_tests::{Script, parse_script};

/// A script, what its imported function `env.h` does, and how it is debugged.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    text: &'static str,
    host: Host,
    schedule: fn() -> Schedule,
    configure: fn(&mut Configuration),
    /// The first release of the engine on which it is run, and the first later one on which it is not.
    since: u32,
    before: u32,
}

#[derive(Clone, Copy)]
enum Host {
    Seeded,
    Fails,
    CallsInner,
    /// Writes where its first argument points to.
    Writes,
}

impl Program {
    pub(crate) const fn new(text: &'static str) -> Program {
        Program::with(text, Host::Seeded)
    }

    const fn with(text: &'static str, host: Host) -> Program {
        Program {
            text,
            host,
            schedule: Schedule::default,
            configure: |_| {},
            since: 0,
            before: u32::MAX,
        }
    }

    /// The same with an imported function that fails.
    pub(crate) const fn failing(text: &'static str) -> Program {
        Program::with(text, Host::Fails)
    }

    /// The same program, of which the row is about this release and later ones.
    pub(crate) const fn since(self, release: u32) -> Program {
        Program {
            since: release,
            ..self
        }
    }

    /// The same program, of which the row is about releases before this one.
    pub(crate) const fn before(self, release: u32) -> Program {
        Program {
            before: release,
            ..self
        }
    }

    /// The versions on which it is run.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Version> + use<> {
        let releases = self.since..self.before;
        let of_row = move |version: &Version| releases.contains(&version.release());
        linked().into_iter().filter(of_row)
    }

    /// The same program under another schedule.
    pub(crate) const fn under(self, schedule: fn() -> Schedule) -> Program {
        Program { schedule, ..self }
    }

    /// The same program under another configuration.
    pub(crate) const fn configured(self, configure: fn(&mut Configuration)) -> Program {
        Program { configure, ..self }
    }

    pub(crate) fn script(&self) -> Script {
        parse_script("program", self.text, FEATURES).expect("the programs parse")
    }

    /// How it is run on this version.
    pub(crate) fn options_on(&self, subject: Version) -> CaseOptions {
        let mut options = self.options();
        options.settings.subject = subject;
        options
    }

    pub(crate) fn options(&self) -> CaseOptions {
        let behaviour = match self.host {
            Host::Seeded => None,
            Host::Fails => Some(Stub::Fail),
            Host::CallsInner => Some(Stub::Call("inner".to_owned())),
            Host::Writes => Some(Stub::Calls(vec![StubCall {
                writes: vec![MemoryWrite {
                    memory: "memory".to_owned(),
                    at: WriteAt::Argument(0),
                    bytes: b"text".to_vec(),
                }],
                returns: None,
            }])),
        };
        let behaviours = behaviour.map(|behaviour| ("env.h".to_owned(), behaviour));
        let mut settings = Settings::default();
        (self.configure)(&mut settings.configuration);
        CaseOptions {
            settings,
            schedule: (self.schedule)(),
            imports: ImportSettings {
                synthesise: true,
                host: case::Host {
                    functions: behaviours.into_iter().collect(),
                    ..case::Host::default()
                },
            },
            actions_may_trap: true,
            ..CaseOptions::default()
        }
    }
}

/// Straight-line code; every opcode changes the operand stack. The two `i32` operands of
/// `i32.sub` differ, and `i64.extend_i32_u` has an `i64` below an `i32`.
pub(crate) const ARITHMETIC: Program = Program::new(
    r#"(module (func (export "go") (param i32 i64) (result i32) (local i32)
         local.get 0  i32.const 30  i32.sub  local.set 2
         local.get 1  local.get 2  i64.extend_i32_u  i64.sub  i32.wrap_i64))
       (assert_return (invoke "go" (i32.const 100) (i64.const -2)) (i32.const -72))"#,
);

/// Four rounds of a loop.
pub(crate) const LOOP: Program = Program::new(
    r#"(module (func (export "go") (param i32) (result i32) (local i32)
         loop
           local.get 1  local.get 0  i32.add  local.set 1
           local.get 0  i32.const 1  i32.sub  local.tee 0  br_if 0
         end
         local.get 1))
       (assert_return (invoke "go" (i32.const 4)) (i32.const 10))"#,
);

/// `go` calls `middle` calls `inner`; at `i32.mul` there are three frames. The outermost has two
/// operands, one of them the argument.
pub(crate) const CALLS: Program = Program::new(
    r#"(module
         (func (export "go") (param i32) (result i32)
           i32.const 7  local.get 0  call 1  i32.add)
         (func (param i32) (result i32)
           local.get 0  i32.const 1  i32.or  call 2)
         (func (param i32) (result i32)
           local.get 0  local.get 0  i32.mul))
       (assert_return (invoke "go" (i32.const 4)) (i32.const 32))"#,
);

/// `go` calls `inner`, and has nothing left to do behind it.
pub(crate) const LEAVES: Program = Program::new(
    r#"(module
         (func (export "go") (param i32) (result i32) local.get 0  call 1)
         (func (param i32) (result i32) local.get 0  local.get 0  i32.mul))
       (assert_return (invoke "go" (i32.const 4)) (i32.const 16))"#,
);

/// The table index of the waiting `call_indirect` is gone.
pub(crate) const CALL_INDIRECT: Program = Program::new(
    r#"(module
         (type $t (func (param i32) (result i32)))
         (table 1 funcref) (elem (i32.const 0) 1)
         (func (export "go") (type $t) local.get 0  i32.const 0  call_indirect (type $t))
         (func (type $t) local.get 0  i32.const 3  i32.add))
       (assert_return (invoke "go" (i32.const 4)) (i32.const 7))"#,
);

/// NaNs with payloads and a negative zero, as locals and as operands.
pub(crate) const FLOATS: Program = Program::new(
    r#"(module (func (export "go") (param f32 f64 f64) (result f64)
         local.get 0  local.get 1  drop  drop  local.get 2))
       (assert_return
         (invoke "go" (f32.const nan:0x200001) (f64.const nan:0x4000000000001) (f64.const -0.0))
         (f64.const -0.0))"#,
);

/// Vectors in slots that are 16-byte aligned: behind the header and an `i64`.
pub(crate) const VECTORS: Program = Program::new(
    r#"(module (func (export "go") (param i64 v128) (result v128)
         v128.const i64x2 0x100000001 0x200000002  local.get 1  i64x2.add))
       (assert_return (invoke "go" (i64.const 0) (v128.const i64x2 0x300000003 0x400000004))
         (v128.const i64x2 0x400000004 0x600000006))"#,
);

/// Function references and externals, as locals and as operands.
pub(crate) const REFERENCES: Program = Program::new(
    r#"(module
         (func) (func) (elem declare func 0 1)
         (func (export "go") (param externref) (result externref) (local funcref)
           ref.func 0  local.set 1  local.get 1  drop  local.get 0))
       (assert_return (invoke "go" (ref.extern 7)) (ref.extern 7))"#,
);

/// Two structures with equal content, and one of another type.
pub(crate) const OBJECTS: Program = Program::new(
    r#"(module
         (type $p (struct (field (mut i32)) (field i64)))
         (type $q (struct (field i32)))
         (func (export "go") (result i32)
           (local (ref null $p) (ref null $p) (ref null $q))
           i32.const 1  i64.const 2  struct.new $p  local.set 0
           i32.const 1  i64.const 2  struct.new $p  local.set 1
           i32.const 1  struct.new $q  local.set 2
           nop
           local.get 0  local.get 1  ref.eq))
       (assert_return (invoke "go") (i32.const 0))"#,
);

/// The same with a collection at every event.
pub(crate) const COLLECTED: Program = OBJECTS.under(|| Schedule {
    collect: 1,
    ..Schedule::default()
});

/// A structure, and an array with another, that the program soon cannot reach, and much that it never
/// can; with a collection now and then.
pub(crate) const RELEASED: Program = Program::new(
    r#"(module
         (type $p (struct (field (mut i32))))
         (type $a (array (mut (ref null $p))))
         (func (export "go") (param i32) (result i32)
           (local (ref null $p) (ref null $a))
           i32.const 1  struct.new $p  local.tee 1
           i32.const 2  struct.set $p 0
           local.get 1  i32.const 3  array.new $a  local.set 2
           ref.null $p  local.set 1
           nop
           ref.null $a  local.set 2
           loop
             i32.const 7  struct.new $p  i32.const 9  array.new $a  drop
             i32.const 8  struct.new $p  drop
             local.get 0  i32.const 1  i32.sub  local.tee 0  br_if 0
           end
           local.get 0))
       (assert_return (invoke "go" (i32.const 100)) (i32.const 0))"#,
)
.under(|| Schedule {
    collect: 50,
    ..Schedule::default()
});

/// An exception that nothing catches.
pub(crate) const EXCEPTION: Program = Program::new(
    r#"(module (tag $t (param i32)) (tag $u (param i32))
         (func (export "go") i32.const 3  throw $t))
       (assert_exception (invoke "go"))"#,
);

/// A chain of three instances: the first's own function, then two instances of one module.
pub(crate) const INSTANCES: Program = Program::new(
    r#"(module $base (func (export "f") (param i32) (result i32) local.get 0  i32.const 40  i32.add))
       (register "up")
       (module definition $link
         (import "up" "f" (func (param i32) (result i32)))
         (func (export "f") (param i32) (result i32) local.get 0  i32.eqz  call 0))
       (module instance $one $link)
       (register "up")
       (module instance $two $link)
       (assert_return (invoke $two "f" (i32.const 9)) (i32.const 41))"#,
);

/// A call of a host function, with a memory, a global and a table to be compared there.
pub(crate) const HOST_CALL: Program = Program::new(
    r#"(module
         (import "env" "h" (func (param i32 i64) (result i32)))
         (func (export "go") (param i32) (result i32)
           local.get 0  i64.const 8  call 0  drop  i32.const 3))
       (assert_return (invoke "go" (i32.const 4)) (i32.const 3))"#,
);

/// The host function writes into the memory, which nothing then reads.
pub(crate) const HOST_WRITE: Program = Program::with(
    r#"(module
         (import "env" "h" (func (param i32)))
         (memory (export "memory") 1)
         (func (export "go") i32.const 16  call 0))
       (assert_return (invoke "go"))"#,
    Host::Writes,
);

/// The host function calls `inner` back: two activations, three frames at `i32.mul`.
pub(crate) const REENTRY: Program = Program::with(
    r#"(module
         (import "env" "h" (func (param i32)))
         (func (export "go") (param i32) (result i32)
           i32.const 2  call 0  local.get 0  i32.const 1  i32.add)
         (func (export "inner") (result i32) i32.const 5  call 3)
         (func (param i32) (result i32) local.get 0  i32.const 6  i32.mul))
       (assert_return (invoke "go" (i32.const 4)) (i32.const 5))"#,
    Host::CallsInner,
);

/// The host function fails.
pub(crate) const HOST_FAILURE: Program = Program::with(
    r#"(module
         (import "env" "h" (func (param i32)))
         (func (export "go") (param i32) local.get 0  call 0  nop))
       (invoke "go" (i32.const 4))"#,
    Host::Fails,
);

/// A host function fails, and another function does nothing of the kind.
pub(crate) const FAILING: Program = Program::with(
    r#"(module
         (import "env" "h" (func (param i32)))
         (func (export "go") (param i32) local.get 0  call 0  nop)
         (func (result i32)  i32.const 3  i32.clz))
       (invoke "go" (i32.const 4))"#,
    Host::Fails,
);

/// A division by zero two calls deep; another function is beside it.
pub(crate) const TRAP: Program = Program::new(
    r#"(module
         (func (export "go") (param i32 i32) (result i32)
           i32.const 2  local.get 0  local.get 1  call 1  i32.add)
         (func (param i32 i32) (result i32) local.get 0  local.get 1  i32.div_u)
         (func nop nop nop nop nop nop nop nop nop nop))
       (assert_trap (invoke "go" (i32.const 6) (i32.const 0)) "integer divide by zero")
       (assert_return (invoke "go" (i32.const 6) (i32.const 3)) (i32.const 4))"#,
);

/// Traps in a loop of invocations, each shown at the same wrong opcode of one function.
pub(crate) const TRAPS: Program = Program::new(
    r#"(module (func (export "go") (param i32) (result i32)
         i32.const 8  local.get 0  i32.div_u  i32.const 1  i32.add  nop))
       (assert_trap (invoke "go" (i32.const 0)) "integer divide by zero")
       (assert_trap (invoke "go" (i32.const 0)) "integer divide by zero")"#,
);

/// `table.fill` traps; 42 tells it as the error of a host function.
pub(crate) const TABLE_TRAP: Program = Program::new(
    r#"(module (table 1 funcref)
         (func (export "go") i32.const 1  ref.null func  i32.const 1  table.fill))
       (assert_trap (invoke "go") "out of bounds table access")"#,
);

/// At `f32.neg` 42 shows the parameter of the `if` below the only operand.
pub(crate) const IF_PARAMS: Program = Program::new(
    r#"(module (func (export "go") (param i32) (result f32)
         i32.const 5  local.get 0
         if (param i32) (result f32)
           drop  f32.const 2  f32.neg
         else
           drop  f32.const 1
         end))
       (assert_return (invoke "go" (i32.const 1)) (f32.const -2))"#,
);

/// An opcode that changes no value.
pub(crate) const NOP: Program =
    Program::new(r#"(module (func (export "go") nop  i32.const 1  drop)) (invoke "go")"#);

/// Private entities: memory 1, global 4 and table 1 of the store, behind those of `spectest`.
pub(crate) const ENTITIES: Program = Program::new(
    r#"(module
         (memory 1 2) (data (i32.const 0) "abc")
         (global (mut i64) (i64.const 1)) (global funcref (ref.func 0))
         (table 3 funcref) (elem (i32.const 1) 0)
         (func (export "go")
           i32.const 8  i32.const 255  i32.store8
           global.get 0  i64.const 1  i64.shl  global.set 0))
       (invoke "go")"#,
);

/// A memory and a table that grow.
pub(crate) const GROWTH: Program = Program::new(
    r#"(module (memory 1 4) (table 1 funcref)
         (func (export "go")
           i32.const 1  memory.grow  drop
           ref.null func  i32.const 2  table.grow  drop))
       (invoke "go")"#,
);

/// An atomic access that is unaligned, and within its memory.
pub(crate) const UNALIGNED: Program = Program::new(
    r#"(module (memory 1) (func (export "go") i32.const 2  i32.atomic.load  drop))
       (assert_trap (invoke "go") "unaligned atomic")"#,
);

/// Entities that another module exports, and private ones.
pub(crate) const LINKED_ENTITIES: Program = Program::new(
    r#"(module
         (memory (export "memory") 1) (global (export "global") (mut i32) (i32.const 1))
         (table (export "table") 2 funcref)
         (func (export "first") global.get 0  i32.const 1  i32.add  global.set 0)
         (func (export "second") i32.const 0  i32.const 7  i32.store8))
       (register "a")
       (module
         (import "a" "memory" (memory 1)) (import "a" "global" (global (mut i32)))
         (import "a" "table" (table 2 funcref))
         (import "a" "first" (func)) (import "a" "second" (func))
         (global i64 (i64.const 2))
         (func (export "go") call 0  call 1))
       (invoke "go")"#,
);

/// A start function that counts to three.
pub(crate) const START: Program = Program::new(
    r#"(module (global (mut i32) (i32.const 0))
         (func global.get 0  i32.const 3  i32.add  global.set 0) (start 0))"#,
);

/// A start function that traps.
pub(crate) const START_TRAPS: Program =
    Program::new(r#"(assert_trap (module (func unreachable) (start 0)) "unreachable")"#);

/// A module without a start function.
pub(crate) const MODULE: Program = Program::new(
    r#"(module (memory 1) (func (export "go")))
       (invoke "go")"#,
);

/// A module that does not validate.
pub(crate) const INVALID: Program =
    Program::new(r#"(assert_invalid (module (func (result i32))) "type mismatch")"#);

/// A module whose import is of another type.
pub(crate) const UNLINKABLE: Program = Program::new(
    r#"(module (memory (export "m") 1)) (register "small")
       (assert_unlinkable (module (import "small" "m" (memory 2))) "incompatible import type")"#,
);
