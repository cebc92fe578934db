//! Every value of every axis runs, or is refused as the model says; every pair of values, too.

use crate::cases::{calling, case_of, clean_on};
use lockstep::case::{Case, CaseOptions, Status, Stub, run, run_case_on};
use lockstep::causes::Cause;
use lockstep::configuration::{AxisName, Configuration, Nans, Setting, Target};
use lockstep::divergence::Execution;
use lockstep::schedule::Schedule;
use lockstep::subject::Settings;
use lockstep::subject::adapter::Adapter;
use lockstep::subject::engines::linked;
use lockstep::subject::wasmtime_42::Engine as Wasmtime42;
use lockstep::version::Version;
use lockstep_spec_tests::Selection;
use lockstep_spec_tests::script::Arg;
use subject_48::Engine as Wasmtime48;
use subject_50::Engine as Wasmtime50;

/// A little of everything that an axis may touch: memory that grows, floats, a table, a reference, a
/// host function, calls and a trap.
const PROGRAM: &str = r#"
    (module
      (import "env" "h" (func $h (param i32) (result i32)))
      (memory (export "memory") 1 3) (data (i32.const 8) "lockstep")
      (table 2 funcref) (elem (i32.const 0) $add $host)
      (type $t (func (param i32) (result i32)))
      (func $add (type $t)  local.get 0  i32.const 3  i32.add)
      (func $host (type $t)  local.get 0  call $h)
      (func (export "go") (param i32) (result i32 f64) (local $kept externref)
        i32.const 1  memory.grow  drop
        i32.const 65536  local.get 0  i32.store
        local.get 0  call $add  call $host
        i32.const 8  i32.load  i32.add
        f64.const 0.5  local.get 0  f64.convert_i32_u  f64.mul)
      (func (export "trap") (param i32) (result i32)
        i32.const 1  local.get 0  i32.div_u)
      (func (export "outside") (param i32) (result i32)
        local.get 0  i32.load))"#;

fn program(configuration: Configuration) -> Case {
    let mut case = Case {
        configuration,
        ..case_of(&[("main", PROGRAM)])
    };
    let seeded = Stub::Seeded;
    case.host.functions.insert("env.h".to_owned(), seeded);
    let case = calling(case, "go", &[Arg::I32(7)]);
    let case = calling(case, "trap", &[Arg::I32(0)]);
    calling(case, "outside", &[Arg::I32(0xffff_fffe)])
}

/// Every setting, the defaults included.
fn settings() -> Vec<Setting> {
    let of_axis = |&axis: &AxisName| {
        let positions = 0..axis.axis().values.len();
        positions.map(move |position| Setting { axis, position })
    };
    AxisName::ALL.iter().flat_map(of_axis).collect()
}

/// The default with one setting, and with two that are not of one axis, each configuration once.
fn pairs() -> Vec<Configuration> {
    let changes = settings().into_iter().filter(|s| s.position != 0);
    let changes: Vec<Setting> = changes.collect();
    let mut pairs = vec![Configuration::default()];
    for (index, &one) in changes.iter().enumerate() {
        pairs.push(with(&[one]));
        let others = changes[..index]
            .iter()
            .filter(|other| other.axis != one.axis);
        pairs.extend(others.map(|&other| with(&[one, other])));
    }
    pairs
}

fn with(settings: &[Setting]) -> Configuration {
    let mut configuration = Configuration::default();
    settings
        .iter()
        .for_each(|&setting| configuration.set(setting));
    configuration
}

fn on_each(configurations: Vec<Configuration>) -> Vec<(Version, Configuration)> {
    let of = |subject| {
        configurations
            .iter()
            .map(move |&configuration| (subject, configuration))
    };
    linked().into_iter().flat_map(of).collect()
}

/// Why the model says that the case is not run.
fn refused(subject: Version, configuration: &Configuration) -> bool {
    let instrumented = configuration.refused_instrumented(subject);
    instrumented
        .or(configuration.refused_uninstrumented(subject))
        .is_some()
}

/// Why the engine refuses the settings, if it does.
fn refusal(execution: Execution, settings: &Settings) -> Option<String> {
    let error = match settings.subject {
        Version::V42 => Wasmtime42::factory(execution, settings).err(),
        Version::V48 => Wasmtime48::factory(execution, settings).err(),
        Version::V50 => Wasmtime50::factory(execution, settings).err(),
        other => panic!("{other} is not compiled in"),
    };
    error.map(|error| error.to_string())
}

/// The engine refuses, in either execution, what the model says, and nothing else.
fn assert_refused_as_modelled(subject: Version, configuration: Configuration) {
    let settings = Settings {
        subject,
        configuration,
        ..Settings::default()
    };
    let modelled = [
        (
            Execution::Instrumented,
            configuration.refused_instrumented(subject),
        ),
        (
            Execution::Uninstrumented,
            configuration.refused_uninstrumented(subject),
        ),
    ];
    for (execution, reason) in modelled {
        let message = refusal(execution, &settings);
        assert_eq!(
            message.is_some(),
            reason.is_some(),
            "{configuration}, {execution:?}: the engine {message:?}, the model {reason:?}"
        );
    }
}

#[test]
fn every_value_of_every_axis_runs_or_is_refused() {
    for subject in linked().into_iter() {
        every_value_runs_or_is_refused(subject);
    }
}

fn every_value_runs_or_is_refused(subject: Version) {
    let of_program = |case: &Case| clean_on(subject, case).tally.sequence_points;
    let events = of_program(&program(Configuration::default()));
    for setting in settings() {
        let configuration = with(&[setting]);
        let case = program(configuration);
        let report = run_case_on(subject, &case).unwrap();
        assert!(report.divergences.is_empty(), "{setting}: {report:#?}");
        assert_eq!(report.refused.is_some(), refused(subject, &configuration));
        if report.refused.is_some() {
            assert!(report.commands.is_empty(), "{setting}: {report:#?}");
        } else if configuration.epochs.ends_programs() {
            let ended = report.count(|status| *status == Status::Exhausted);
            assert!(ended > 0 && report.two_way, "{setting}: {report:#?}");
        } else if configuration.target == Target::Pulley64 {
            // On 42 an event in the middle of the program would change an integer: none comes.
            let forbidden = report.tally.left_out.of(Cause::PulleyIntegers);
            if !Cause::PulleyIntegers.is_of(subject) {
                assert_eq!((of_program(&case), forbidden), (events, 0), "{setting}");
                continue;
            }
            assert!(
                of_program(&case) < events && forbidden > 0,
                "{setting}: {report:#?}"
            );
        } else {
            assert_eq!(of_program(&case), events, "{setting}");
        }
    }
}

/// Without an event the bytecode is right.
#[test]
fn pulley_runs_when_nothing_is_debugged() {
    let case = Case {
        schedule: Schedule::idle(),
        ..program(Configuration {
            target: Target::Pulley64,
            ..Configuration::default()
        })
    };
    for subject in linked().into_iter() {
        let entry = &Cause::PulleyRegisters;
        let known: Vec<Cause> = clean_on(subject, &case).known.into_keys().collect();
        assert!(!known.contains(entry), "{known:?}");
    }
}

/// On Pulley one cause ends the instrumented execution, and natively another ends it later: what is
/// left runs up to there. With NaNs of the engine's choice events come whatever they change.
#[test]
fn a_script_that_two_entries_end_is_not_run_beyond_either() {
    let name = "gc/array_new_elem.wast";
    let file = Selection::All.scripts().find(|file| file.name == name);
    let mut options = CaseOptions::default();
    options.settings.configuration.target = Target::Pulley64;
    options.settings.configuration.nans = Nans::Any;
    let report = run(&file.unwrap().parse().unwrap(), &options).unwrap();
    assert!(report.divergences.is_empty(), "{:#?}", report.divergences);
    assert_eq!(report.known[&Cause::PulleyRegisters], 1);
}

#[test]
fn pairs_of_values_are_refused_as_modelled() {
    let pairs = pairs();
    assert!(pairs.len() > 200, "{}", pairs.len());
    for subject in linked().into_iter() {
        assert!(pairs.iter().any(|pair| refused(subject, pair)));
        let each = pairs.iter().copied();
        each.for_each(|pair| assert_refused_as_modelled(subject, pair));
    }
}

/// Combinations of three: all that contain a refused value, with signals set in each way.
#[test]
fn refusals_do_not_depend_on_what_is_beside_them() {
    for pair in pairs() {
        let positions = 0..AxisName::Signals.axis().values.len();
        for position in positions {
            let mut configuration = pair;
            let axis = AxisName::Signals;
            configuration.set(Setting { axis, position });
            for subject in linked().into_iter() {
                assert_refused_as_modelled(subject, configuration);
            }
        }
    }
}

#[test]
fn pairs_of_values_run() {
    for (subject, configuration) in on_each(pairs()) {
        let case = program(configuration);
        let report = run_case_on(subject, &case).unwrap();
        assert!(
            report.divergences.is_empty(),
            "{configuration}: {report:#?}"
        );
        assert_eq!(
            report.refused.is_some(),
            refused(subject, &configuration),
            "{configuration}"
        );
    }
}
