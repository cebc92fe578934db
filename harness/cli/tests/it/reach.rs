//! What generated cases reach: exhaustion, errors that a host passes on, a module that is there twice.

use crate::cases::{LOOP, calling, case_of, clean_on};
use lockstep::case::{Case, CaseReport, Status, Stub, run_case_on};
use lockstep::configuration::{Collector, Fuel, GcHeap};
use lockstep::generate::{self, Proposals};
use lockstep::schedule::{Edit, Schedule, Session, Site, When};
use lockstep::subject::engines::linked;
use lockstep::version::Version;
use lockstep_spec_tests::script::Arg;

/// Runs a case of which nothing may diverge, on each version.
fn agreed(case: &Case) -> Vec<CaseReport> {
    let reports = linked().into_iter().map(|subject| {
        let report = run_case_on(subject, case).unwrap();
        assert!(report.divergences.is_empty(), "{subject}: {report:#?}");
        report
    });
    reports.collect()
}

fn outcomes(report: &CaseReport) -> Vec<&str> {
    let commands = report.commands.iter();
    commands.filter_map(|c| c.outcome.as_deref()).collect()
}

/// A host function that relays `inner`, which ends like this.
fn relaying(inner: &str) -> Case {
    let text = format!(
        r#"(module
             (import "env" "relay" (func $relay (result i32)))
             (import "env" "fail" (func $fail))
             (func (export "inner") {inner})
             (func (export "outer") (result i32) i32.const 7  call $relay  i32.add))"#
    );
    let mut case = calling(case_of(&[("main", &text)]), "outer", &[]);
    let relay = Stub::Relay("inner".to_owned());
    case.host.functions.insert("env.relay".to_owned(), relay);
    case.host
        .functions
        .insert("env.fail".to_owned(), Stub::Fail);
    case
}

#[test]
fn a_host_function_passes_on_the_very_error_of_its_own_call() {
    for (inner, ends) in [
        ("unreachable", "trapped: unreachable"),
        (
            "i32.const 1  i32.const 0  i32.div_s  drop",
            "trapped: integer divide by zero",
        ),
        ("call $fail", "host function failed (host call 1)"),
    ] {
        for report in agreed(&relaying(inner)) {
            assert_eq!(outcomes(&report).last(), Some(&ends), "{report:#?}");
        }
    }
    for report in agreed(&relaying("nop")) {
        assert!(outcomes(&report).last().unwrap().starts_with("returned"));
    }
}

#[test]
fn a_stack_overflow_after_a_caught_exception_is_an_exhaustion() {
    let text = r#"(module (tag $t)
        (func $f (export "f")
          block $h  try_table (catch_all $h)  throw $t  end  unreachable  end
          call $f))"#;
    let mut case = calling(case_of(&[("main", text)]), "f", &[]);
    case.schedule = Schedule::idle();
    for report in agreed(&case) {
        assert_eq!(report.count(|s| *s == Status::Exhausted), 1, "{report:#?}");
    }
}

#[test]
fn a_heap_that_is_full_is_an_exhaustion_and_one_with_garbage_is_collected() {
    let text = r#"(module
        (type $bytes (array (mut i8)))
        (type $node (struct (field (ref null $node)) (field (ref $bytes))))
        (func (export "litter") (param i32)
          loop
            i32.const 4096  array.new_default $bytes  drop
            local.get 0  i32.const 1  i32.sub  local.tee 0  br_if 0
          end)
        (func (export "fill") (local (ref null $node))
          loop
            local.get 0  i32.const 4096  array.new_default $bytes  struct.new $node  local.set 0
            br 0
          end))"#;
    let mut case = case_of(&[("main", text)]);
    case.configuration.gc_heap = GcHeap::Kib64;
    // More garbage than the heap has room for.
    let littered = calling(case.clone(), "litter", &[Arg::I32(40)]);
    for subject in linked() {
        clean_on(subject, &littered);
    }
    for report in agreed(&calling(case, "fill", &[])) {
        assert_eq!(report.count(|s| *s == Status::Exhausted), 1, "{report:#?}");
        assert!(report.tally.sequence_points < 500, "{report:#?}");
    }
}

#[test]
fn breakpoints_and_steps_use_no_fuel() {
    let rounds = [Arg::I32(20)];
    for edit in [Edit::SingleStep(true), Edit::Add(Site::All { module: 0 })] {
        let mut case = calling(case_of(&[("main", LOOP)]), "go", &rounds);
        case.configuration.fuel = Fuel::On;
        case.schedule = Schedule {
            sessions: vec![Session {
                when: When::Start,
                edits: vec![edit],
            }],
            ..Schedule::idle()
        };
        agreed(&case);
    }
}

/// Between breakpoints nothing says where the fuel was used up, so what the start function has written by
/// then is not known, either.
#[test]
fn what_a_start_function_wrote_before_it_lacked_fuel_is_left_open() {
    let module = "(module
        (global $left (export \"left\") (mut i32) (i32.const 1000))
        (func $start
          loop $more
            (global.set $left (i32.sub (global.get $left) (i32.const 1)))
            (br_if $more (global.get $left))
          end)
        (start $start))";
    let mut case = case_of(&[("main", module)]);
    case.configuration.fuel = Fuel::Hundreds;
    let session = |when, on| Session {
        when,
        edits: vec![Edit::SingleStep(on)],
    };
    case.schedule = Schedule {
        sessions: vec![session(When::Start, true), session(When::Event(3), false)],
        ..Schedule::idle()
    };
    for report in agreed(&case) {
        let exhausted = report.count(|status| *status == Status::Exhausted);
        assert_eq!(exhausted, 1, "{report:#?}");
    }
}

#[test]
fn generated_cases_really_use_up_the_stack_and_the_heap() {
    let cases = (0..1000).map(|number| generate::with_proposals(0x7ea, number, Proposals::All));
    let mut exhausting: Vec<Case> = cases
        .filter(|case| generate::generator_of(&case.name) == Some("exhaust"))
        .collect();
    assert!(exhausting.len() >= 6, "{}", exhausting.len());
    exhausting.truncate(20);
    let mut used_up = (0, 0);
    for mut case in exhausting {
        generate::fit(&mut case, Version::default());
        let report = run_case_on(Version::default(), &case).unwrap();
        let ends = outcomes(&report);
        used_up.0 += u32::from(ends.contains(&"trapped: stack overflow"));
        used_up.1 += u32::from(ends.contains(&"trapped: out of memory"));
    }
    assert!(used_up.0 >= 3 && used_up.1 >= 1, "{used_up:?}");
}

#[test]
fn a_module_is_there_twice_in_some_cases_and_entities_are_private_in_half() {
    let (mut twice, mut private) = (0, 0);
    for number in 0..200 {
        let case = generate::with_proposals(0x7ea, number, Proposals::All);
        if case.is_of_components() {
            continue;
        }
        let main = case.modules.last().unwrap();
        let others = &case.modules[..case.modules.len() - 1];
        twice += u32::from(others.iter().any(|other| other.wasm == main.wasm));
        let module = lockstep_oracles::module::Module::new(&main.wasm, generate::FEATURES).unwrap();
        let exported = module.exports().iter().any(|export| {
            export.kind != lockstep_oracles::module::ExternKind::Func
                && export.name != generate::FUEL
        });
        private += u32::from(!exported);
    }
    assert!((10..50).contains(&twice), "{twice}");
    assert!((80..140).contains(&private), "{private}");
}

/// Where the heap is full is the engine's choice in the execution without events: what the program has
/// counted up to there is taken over, and what it does with it afterwards is compared.
#[test]
fn what_a_program_makes_of_an_earlier_exhaustion_is_compared() {
    let text = r#"(module
        (type $bytes (array (mut i8)))
        (import "env" "show" (func $show (param i32)))
        (global $n (mut i32) (i32.const 0))
        (func (export "fill")
          loop
            (global.set $n (i32.add (global.get $n) (i32.const 1)))
            (drop (array.new_default $bytes (i32.const 4096)))
            br 0
          end)
        (func (export "count") (result i32) (global.get $n))
        (func (export "trap") (if (global.get $n) (then unreachable)))
        (func (export "tell") (call $show (global.get $n))))"#;
    let mut case = case_of(&[("main", text)]);
    case.configuration.collector = Collector::Null;
    case.configuration.gc_heap = GcHeap::Kib64;
    case.schedule = Schedule::idle();
    let filled = calling(case, "fill", &[]);
    for after in ["count", "trap", "tell"] {
        for report in agreed(&calling(filled.clone(), after, &[])) {
            assert_eq!(report.count(|s| *s == Status::Exhausted), 1, "{report:#?}");
            let open = report.count(|s| matches!(s, Status::Inconclusive(_)));
            assert_eq!(open, 0, "{report:#?}");
        }
    }
}
