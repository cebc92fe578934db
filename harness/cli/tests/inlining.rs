//! Inlined callees: their events, their frames, and the several patches of one PC. A program of its
//! own, with one test: it looks at the code of the whole process.
#![cfg(target_os = "linux")]

mod cases;

use cases::{calling, case_of, clean};
use lockstep::case::{Case, CaseReport};
use lockstep::configuration::{Configuration, Inlining};
use lockstep::divergence::Execution;
use lockstep::schedule::{Edit, Schedule, Session, Site, When};
use lockstep::subject::wasmtime_42::config;
use lockstep::subject::wasmtime_42::wasmtime::{AsContextMut, Module, Store};
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::module::Module as OracleModule;
use lockstep_spec_tests::script::Arg;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

/// A callee that is called at two places.
const PROGRAM: &str = r#"
    (module
      (func $callee (param i32) (result i32)  local.get 0  i32.const 3  i32.mul)
      (func (export "go") (param i32) (result i32)
        i32.const 100  local.get 0  call $callee  local.get 0  call $callee  i32.add  i32.add))"#;

/// Opcodes of the callee and of `go`.
const CALLEE: u64 = 4;
const CALLER: u64 = 8;

fn configured(inlining: Inlining) -> Configuration {
    Configuration {
        inlining,
        ..Configuration::default()
    }
}

fn run(inlining: Inlining, edit: Edit) -> CaseReport {
    let session = Session {
        when: When::Start,
        edits: vec![edit],
    };
    let case = Case {
        configuration: configured(inlining),
        schedule: Schedule {
            sessions: vec![session],
            ..Schedule::idle()
        },
        ..case_of(&[("main", PROGRAM)])
    };
    clean(&calling(case, "go", &[Arg::I32(7)]))
}

/// At how many places the engine patches its code for a breakpoint at the callee's `i32.mul`.
fn patches(inlining: Inlining) -> usize {
    let features = WasmFeatures::WASM2;
    let engine = config::engine(Execution::Instrumented, features, &configured(inlining)).unwrap();
    let bytes = wat::parse_str(PROGRAM).unwrap();
    let oracle = OracleModule::new(&bytes, features).unwrap();
    let multiplication = oracle.functions()[0].pcs[2].0;
    let module = Module::new(&engine, &bytes).unwrap();
    let mut store = Store::new(&engine, ());
    let mut edit = store.as_context_mut().edit_breakpoints().unwrap();
    // The store takes a copy of the code when it first sees the module.
    edit.add_breakpoint(&module, 0).unwrap();
    drop(edit);
    let before = code();
    let mut edit = store.as_context_mut().edit_breakpoints().unwrap();
    edit.add_breakpoint(&module, multiplication).unwrap();
    drop(edit);
    let after = code();
    assert_eq!(before.len(), after.len());
    let pairs = before.iter().zip(&after);
    pairs.map(|(before, after)| places(before, after)).sum()
}

/// The process's executable mappings that are no file's.
fn code() -> Vec<Vec<u8>> {
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let anonymous = maps.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        (fields.len() == 5 && fields[1].contains('x')).then(|| fields[0].to_owned())
    });
    let read = |range: String| {
        let (start, end) = range.split_once('-').unwrap();
        let parse = |text| u64::from_str_radix(text, 16).unwrap();
        let mut bytes = vec![0; (parse(end) - parse(start)) as usize];
        memory.read_exact_at(&mut bytes, parse(start)).unwrap();
        bytes
    };
    anonymous.map(read).collect()
}

/// How many places differ; bytes of one patch, some of which may be as before, are near each other.
fn places(before: &[u8], after: &[u8]) -> usize {
    const PATCH: usize = 5;
    assert_eq!(before.len(), after.len());
    let mut places = 0;
    let mut end_of_last = 0;
    for at in (0..before.len()).filter(|&at| before[at] != after[at]) {
        if at >= end_of_last {
            places += 1;
            end_of_last = at + PATCH;
        }
    }
    places
}

#[test]
fn events_come_in_inlined_callees() {
    // The callee's own code; inlined, also that of the two places where it is called.
    assert_eq!((patches(Inlining::Off), patches(Inlining::On)), (1, 3));

    let module = 0;
    let multiplication = Edit::Add(Site::Opcode { module, nth: 2 });
    let callee = Edit::Add(Site::Function { module, nth: 0 });
    let everything = Edit::SingleStep(true);
    let expected = [
        (multiplication, 2, 4),
        (callee, 2 * CALLEE, 4 * CALLEE),
        (everything, 2 * CALLEE + CALLER, 4 * CALLEE + CALLER),
    ];
    for (edit, events, frames) in expected {
        for &inlining in Inlining::ALL {
            // The report is clean: function, PC, locals and operands of every frame are right.
            let tally = run(inlining, edit).tally;
            assert_eq!((tally.sequence_points, tally.frames), (events, frames));
        }
    }
}
