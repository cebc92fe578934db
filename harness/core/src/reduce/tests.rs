//! The search, judged by predicates instead of subjects.

use super::*;
use crate::case::{CaseModule, Host, Step, StepAction, Stub, run_case};
use crate::configuration::Configuration;
use crate::generate;
use crate::schedule::action::{Act, Action};
use crate::schedule::{Cycle, Edit, Neighbour, Schedule, Session, Site, When};
use lockstep_oracles::module::Module;
use lockstep_spec_tests::script::Arg;

fn forever() -> Limits<'static> {
    Limits {
        until: None,
        interrupted: &|| false,
    }
}

fn call(export: &str, args: &[Arg]) -> Step {
    Step {
        module: None,
        action: StepAction::Call {
            export: export.to_owned(),
            args: args.to_vec(),
            expect: None,
        },
    }
}

fn text(case: &Case) -> String {
    let text = wasmprinter::print_bytes(case.main_module()).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a module holds this opcode.
fn holds(case: &Case, opcode: &str) -> bool {
    let module = Module::new(case.main_module(), crate::generate::FEATURES).unwrap();
    let mut functions = module.functions().iter();
    functions.any(|function| {
        function
            .instrs
            .iter()
            .any(|instr| instr.op.name() == opcode)
    })
}

#[test]
fn what_is_not_needed_goes() {
    let wasm = wat::parse_str(
        r#"(module
        (import "host" "function" (func $f (param i32) (result i32)))
        (memory 5)
        (data (i32.const 3) "text")
        (func (export "long name") (param i32 i64) (result i32)
            (local f64 i32)
            (local.set 3 (i32.const 77))
            (if (local.get 0) (then (nop) (drop (call $f (i32.rotl (i32.const 9) (local.get 3))))))
            (i32.load offset=4 (local.get 3)))
        (func (export "other")))"#,
    );
    let mut case = Case::of_module("a", wasm.unwrap());
    case.steps = vec![
        call("other", &[]),
        call("long name", &[Arg::I32(500), Arg::I64(7)]),
        call("other", &[]),
    ];
    let mut judge = |case: &Case| holds(case, "i32.rotl") && !case.steps.is_empty();
    let reduced = reduce(&case, &mut judge, &forever(), &mut ()).unwrap();
    assert!(reduced.complete && reduced.after.module_bytes < reduced.before.module_bytes);
    assert_eq!(reduced.case.steps, vec![call("a", &[])]);
    insta::assert_snapshot!(text(&reduced.case), @r#"(module (type (;0;) (func)) (func (;0;) (type 0) i32.const 0 i32.const 0 i32.rotl drop ) )"#);
}

/// Given an exported tag, on which `wasm-shrink` panics, what our own passes found stays.
#[test]
fn what_a_library_panics_on_is_reduced_by_our_own_passes() {
    let wasm = wat::parse_str(
        r#"(module (tag $t) (export "t" (tag $t)) (func (export "f") nop (throw $t)))"#,
    );
    let mut case = Case::of_module("a", wasm.unwrap());
    case.steps = vec![call("f", &[])];
    let mut judge = |case: &Case| holds(case, "throw") && text(case).contains("export \"t\" (tag");
    let reduced = reduce(&case, &mut judge, &forever(), &mut ()).unwrap();
    assert!(reduced.complete && !holds(&reduced.case, "nop"));
}

#[test]
fn everything_but_modules_goes_too() {
    let wasm = wat::parse_str(r#"(module (func (export "f")))"#).unwrap();
    let mut case = Case::of_module("a", wasm.clone());
    case.modules.insert(
        0,
        CaseModule {
            name: "linked".to_owned(),
            wasm: wasm.into(),
        },
    );
    case.steps = vec![call("f", &[])];
    case.steps[0].module = Some(0);
    case.host = Host {
        seed: 9,
        functions: [("m.f".to_owned(), Stub::Fail)].into(),
        ..Host::default()
    };
    for axis in crate::configuration::AxisName::ALL {
        case.configuration.set_position(*axis, 1);
    }
    let site = Site::Opcode { module: 0, nth: 3 };
    case.schedule = Schedule {
        sessions: vec![Session {
            when: When::Event(40),
            edits: vec![Edit::Add(site), Edit::Clear],
        }],
        cycle: Some(Cycle {
            period: 9,
            sessions: vec![vec![Edit::SingleStep(true)]],
        }),
        actions: ["hold frame", "write element 1:2 3 4"]
            .map(|text| Act {
                when: When::Event(9),
                action: Action::read(text).unwrap(),
            })
            .into(),
        neighbour: Some(Neighbour {
            sessions: Vec::new(),
            cycle: None,
            thread: true,
        }),
        code_image: true,
        collect: 0,
        dare: None,
        late_modules: false,
    };
    let reduced = reduce(&case, &mut |_: &Case| true, &forever(), &mut ()).unwrap();
    let small = reduced.case;
    assert_eq!((small.modules.len(), small.steps.len()), (1, 0));
    assert_eq!(small.configuration, Configuration::default());
    assert_eq!(
        (&small.host, &small.schedule),
        (&Host::default(), &Schedule::idle())
    );
    assert_eq!(small.main_module().len(), 8, "an empty module");
}

#[test]
fn edits_stay_where_they_are_needed() {
    let wasm = wat::parse_str(r#"(module (func (export "f") (nop)))"#).unwrap();
    let mut case = Case::of_module("a", wasm);
    let add = |nth| Edit::Add(Site::Opcode { module: 0, nth });
    case.schedule.sessions = (0..6)
        .map(|n| Session {
            when: When::Event(n + 1),
            edits: vec![add(n as u32), Edit::Clear],
        })
        .collect();
    let mut judge = |case: &Case| {
        let sessions = case.schedule.sessions.iter();
        let mut adds = sessions.flat_map(|session| &session.edits);
        adds.any(|edit| matches!(edit, Edit::Add(Site::Opcode { nth: 4, .. })))
    };
    let reduced = reduce(&case, &mut judge, &forever(), &mut ()).unwrap();
    let kept = Session {
        when: When::Start,
        edits: vec![add(4)],
    };
    assert_eq!(reduced.case.schedule.sessions, vec![kept]);
}

#[test]
fn the_limit_of_events_comes_back() {
    let wasm = wat::parse_str(r#"(module (func (export "f") (nop)))"#).unwrap();
    let case = Case::of_module("a", wasm);
    let reduced = reduce(&case, &mut |_: &Case| true, &forever(), &mut ()).unwrap();
    assert_eq!(reduced.case.max_events, case.max_events);
}

#[test]
fn a_case_that_agrees_is_not_reduced() {
    let case = Case::of_module("a", Vec::new());
    let refused = reduce(&case, &mut |_: &Case| false, &forever(), &mut ());
    assert!(matches!(refused, Err(ReduceError::Agrees)));
}

/// A judge of several candidates at once.
struct Wide(usize);

impl Judge for Wide {
    fn first(&mut self, cases: &[Case]) -> io::Result<Option<usize>> {
        assert!(cases.len() <= self.0);
        Ok(cases.iter().position(|case| holds(case, "i32.add")))
    }

    fn width(&self) -> usize {
        self.0
    }
}

#[test]
fn the_width_of_the_judge_changes_nothing() {
    let case = (0..).map(|number| generate::with_proposals(3, number, generate::Proposals::None));
    let case = case
        .into_iter()
        .find(|case| holds(case, "i32.add"))
        .unwrap();
    let one = reduce(&case, &mut Wide(1), &forever(), &mut ()).unwrap();
    let three = reduce(&case, &mut Wide(3), &forever(), &mut ()).unwrap();
    assert_eq!(one.case, three.case);
}

#[test]
fn an_interrupted_reduction_keeps_the_smallest_case() {
    #[derive(Default)]
    struct Kept(Vec<Case>);
    impl Progress for Kept {
        fn smaller(&mut self, case: &Case, _: &Status) -> io::Result<()> {
            self.0.push(case.clone());
            Ok(())
        }
    }
    let case = generate::with_proposals(3, 2, generate::Proposals::None);
    let left = std::cell::Cell::new(5);
    let interrupted = || {
        left.set(left.get() - 1);
        left.get() <= 0
    };
    let limits = Limits {
        until: None,
        interrupted: &interrupted,
    };
    let mut kept = Kept::default();
    let reduced = reduce(&case, &mut |_: &Case| true, &limits, &mut kept).unwrap();
    assert!(!reduced.complete);
    assert_eq!(kept.0.last(), Some(&reduced.case));
}

/// Taking away what is unused does not change what the rest does.
#[test]
fn shaken_modules_agree_with_the_oracle_as_before() {
    for number in 0..6 {
        let case = generate::with_proposals(11, number, generate::Proposals::None);
        let mut shaken = case.clone();
        let last = shaken.modules.len() - 1;
        passes::in_module(&mut shaken, last, |draft| {
            draft.shake();
            true
        });
        let outcomes = |case: &Case| -> Option<Vec<Option<String>>> {
            let report = run_case(case).ok()?;
            let commands = report.commands.into_iter();
            // A function's index is another when those before it are gone.
            let outcome = |outcome: String| match outcome.contains("funcref:") {
                true => "returned a function".to_owned(),
                false => outcome,
            };
            Some(
                commands
                    .map(|command| command.outcome.map(outcome))
                    .collect(),
            )
        };
        assert_eq!(outcomes(&case), outcomes(&shaken), "case {number}");
    }
}
