//! The model of the breakpoint set and the subject, driven together by random sessions.
//!
//! Lockstep itself compares the subject with the model at every event and after every session. Here
//! the model is held against a second one, far simpler: a set of pairs, walked along the program's
//! whole trace.

use crate::cases::{LOOP, calling, case_of, clean};
use lockstep::case::{Case, Stub, run_instrumented};
use lockstep::conventions::Placement;
use lockstep::schedule::model::BreakpointModel;
use lockstep::schedule::{Cycle, Edit, Schedule, Session, Site, When};
use lockstep::snapshot::Snapshot;
use lockstep::trace::Tracer;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::machine::Machine;
use lockstep_oracles::module::Module;
use lockstep_spec_tests::script::Arg;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock};

/// A program, and what is known of it.
struct Program {
    case: Case,
    /// PCs of each module's opcodes, and which of them are each function's.
    modules: Vec<Vec<Vec<u32>>>,
    /// What happens, in order.
    trace: Vec<Happening>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Happening {
    /// The next command of the script; the modules' own are the first.
    Command,
    /// Control is at this PC of a module.
    At(u32, u32),
}

/// Every kind of structured control, taken and not, and a call of itself.
const CONTROL: &str = r#"
    (module (func $f (export "go") (param i32) (result i32)
      block
        block
          local.get 0  br_table 0 1 1
        end
        i32.const 1  return
      end
      local.get 0  i32.const 1  i32.and
      if (result i32)
        local.get 0  i32.const 1  i32.sub  call $f
      else
        i32.const 0  local.get 0  i32.const 1  i32.shr_u  call $f  i32.add
      end
      i32.const 3  i32.mul))"#;

/// Memory and a global, and a trap.
const MEMORY: &str = r#"
    (module (memory 1) (global $g (mut i32) (i32.const 40))
      (func (export "go") (param i32) (result i32)
        global.get $g  local.get 0  i32.store
        global.get $g  i32.const 4  i32.add  global.set $g
        i32.const 100  local.get 0  i32.div_u
        global.get $g  i32.load  i32.add))"#;

/// Calls through a table.
const TABLE: &str = r#"
    (module
      (type $t (func (param i32) (result i32))) (table 2 funcref) (elem (i32.const 0) $a $b)
      (func $a (type $t)  local.get 0  i32.const 5  i32.add)
      (func $b (type $t)  local.get 0  i32.eqz)
      (func (export "go") (param i32) (result i32)
        local.get 0  local.get 0  call_indirect (type $t)
        i32.const 1  call_indirect (type $t)))"#;

const LIBRARY: &str = r#"
    (module (func (export "f") (param i32) (result i32)  local.get 0  i32.const 3  i32.mul))"#;

const USER: &str = r#"
    (module (import "lib" "f" (func $f (param i32) (result i32)))
      (func (export "go") (param i32) (result i32)  local.get 0  call $f  call $f))"#;

/// The host function calls back.
const REENTRY: &str = r#"
    (module (import "env" "h" (func $h (param i32)))
      (func (export "back") (result i32)  i32.const 5  i32.const 6  i32.mul)
      (func (export "go") (param i32) (result i32)
        local.get 0  call $h  local.get 0  i32.const 1  i32.add))"#;

fn programs() -> &'static [Program] {
    static PROGRAMS: OnceLock<Vec<Program>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let mut programs = [
            // A round a number: without one there would be too many.
            (case_of(&[("main", LOOP)]), [3, 1, 2]),
            (case_of(&[("main", CONTROL)]), [6, 0, 3]),
            (case_of(&[("main", MEMORY)]), [3, 0, 1]),
            (case_of(&[("main", TABLE)]), [1, 0, 2]),
            (case_of(&[("lib", LIBRARY), ("main", USER)]), [3, 0, 1]),
            (case_of(&[("main", REENTRY)]), [3, 0, 1]),
        ];
        for (case, _) in &mut programs {
            let calls_back = Stub::Call("back".to_owned());
            case.host.functions.insert("env.h".to_owned(), calls_back);
        }
        let with_trace = |(case, arguments)| program(case, arguments);
        programs.into_iter().map(with_trace).collect()
    })
}

/// The program that makes three calls, with its whole trace.
fn program(case: Case, arguments: [u32; 3]) -> Program {
    let case = arguments.into_iter().fold(case, |case, argument| {
        calling(case, "go", &[Arg::I32(argument)])
    });
    let modules = case.modules.iter().map(|module| {
        let module = Module::new(&module.wasm, WasmFeatures::WASM2).expect("a valid module");
        let pcs = |function: &lockstep_oracles::code::Function| {
            function.pcs.iter().map(|pc| pc.0).collect()
        };
        module.functions().iter().map(pcs).collect()
    });
    let modules = modules.collect();
    let trace = Arc::new(Mutex::new(Vec::new()));
    let recorder = Recorder(trace.clone());
    run_instrumented(&case.script(), &case.options(), Some(Box::new(recorder))).unwrap();
    let trace = std::mem::take(&mut *trace.lock().unwrap());
    Program {
        case,
        modules,
        trace,
    }
}

struct Recorder(Arc<Mutex<Vec<Happening>>>);

impl Tracer for Recorder {
    fn command(&mut self, _: &str) {
        self.0.lock().unwrap().push(Happening::Command);
    }

    fn event(&mut self, _: u64, machine: &Machine, _: &Snapshot) {
        let top = machine.top().expect("an event has a frame");
        // Every module has one instance.
        let at = Happening::At(top.instance.0, top.pc().0);
        self.0.lock().unwrap().push(at);
    }
}

/// The second model.
#[derive(Default)]
struct Simple {
    single_step: bool,
    breakpoints: BTreeSet<(u32, u32)>,
}

impl Simple {
    fn edit(&mut self, edits: &[Edit], current: Option<(u32, u32)>, program: &Program) {
        for edit in edits {
            match *edit {
                Edit::SingleStep(on) => self.single_step = on,
                Edit::Clear => self.breakpoints.clear(),
                Edit::Add(site) => self.breakpoints.extend(pcs(site, current, program)),
                Edit::Remove(site) => {
                    for pc in pcs(site, current, program) {
                        self.breakpoints.remove(&pc);
                    }
                }
            }
        }
    }
}

fn pcs(site: Site, current: Option<(u32, u32)>, program: &Program) -> Vec<(u32, u32)> {
    let of = |module: u32| &program.modules[module as usize];
    let all = |module: u32| of(module).concat();
    match site {
        Site::Current => current.into_iter().collect(),
        Site::Pc { module, pc } => vec![(module, pc)],
        Site::Opcode { module, nth } => {
            let all = all(module);
            vec![(module, all[nth as usize % all.len()])]
        }
        Site::Function { module, nth } => {
            let function = &of(module)[nth as usize % of(module).len()];
            function.iter().map(|&pc| (module, pc)).collect()
        }
        Site::All { module } => all(module).into_iter().map(|pc| (module, pc)).collect(),
    }
}

/// Edits at the start, in the order in which they come: those of a later module when it is there.
fn edits_at_start(program: &Program, schedule: &Schedule) -> Vec<Edit> {
    let at_start = schedule.sessions.iter().filter(|s| s.when == When::Start);
    let edits: Vec<Edit> = at_start.flat_map(|session| session.edits.clone()).collect();
    let of_module = |edit: &Edit| match edit {
        Edit::Add(site) | Edit::Remove(site) => match *site {
            Site::Current => 0,
            Site::Opcode { module, .. }
            | Site::Pc { module, .. }
            | Site::Function { module, .. }
            | Site::All { module } => module,
        },
        Edit::SingleStep(_) | Edit::Clear => 0,
    };
    let modules = 0..program.modules.len() as u32;
    let in_turn = modules.flat_map(|module| edits.iter().filter(move |e| of_module(e) == module));
    in_turn.copied().collect()
}

/// Events that the schedule makes of the program's trace.
fn expected_events(program: &Program, schedule: &Schedule) -> u64 {
    let mut model = Simple::default();
    let mut events = 0;
    let mut commands = 0;
    // A module has a command for itself and one for its name.
    let first_step = 2 * program.case.modules.len() as u32;
    let at = |model: &mut Simple, when, current| {
        for session in schedule.sessions.iter().filter(|s| s.when == when) {
            model.edit(&session.edits, current, program);
        }
    };
    model.edit(&edits_at_start(program, schedule), None, program);
    let mut turn = 0;
    for &happening in &program.trace {
        let Happening::At(module, pc) = happening else {
            if commands >= first_step {
                at(&mut model, When::Step(commands - first_step), None);
            }
            commands += 1;
            continue;
        };
        let here = (module, pc);
        if !model.single_step && !model.breakpoints.contains(&here) {
            continue;
        }
        events += 1;
        at(&mut model, When::Event(events), Some(here));
        if let Some(cycle) = &schedule.cycle
            && events % cycle.period == 0
        {
            let session = &cycle.sessions[turn % cycle.sessions.len()];
            model.edit(session, Some(here), program);
            turn += 1;
        }
    }
    events
}

fn site(modules: u32) -> impl Strategy<Value = Site> {
    let module = 0..modules;
    prop_oneof![
        3 => Just(Site::Current),
        4 => (module.clone(), 0..60u32).prop_map(|(module, nth)| Site::Opcode { module, nth }),
        2 => (module.clone(), 0..4u32).prop_map(|(module, nth)| Site::Function { module, nth }),
        // Also a little behind the module.
        1 => (module.clone(), 0..200u32).prop_map(|(module, pc)| Site::Pc { module, pc }),
        1 => module.prop_map(|module| Site::All { module }),
    ]
}

fn edits(modules: u32) -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        2 => any::<bool>().prop_map(Edit::SingleStep),
        5 => site(modules).prop_map(Edit::Add),
        4 => site(modules).prop_map(Edit::Remove),
        1 => Just(Edit::Clear),
    ];
    prop::collection::vec(edit, 0..5)
}

fn session(modules: u32) -> impl Strategy<Value = Session> {
    let when = prop_oneof![
        2 => Just(When::Start),
        2 => (0..4u32).prop_map(When::Step),
        5 => (1..40u64).prop_map(When::Event),
    ];
    (when, edits(modules)).prop_map(|(when, edits)| Session { when, edits })
}

fn schedule(modules: u32) -> impl Strategy<Value = Schedule> {
    let cycle = (1..6u64, prop::collection::vec(edits(modules), 1..4));
    let cycle = cycle.prop_map(|(period, sessions)| Cycle { period, sessions });
    let sessions = prop::collection::vec(session(modules), 0..6);
    (sessions, prop::option::weighted(0.3, cycle)).prop_map(|(sessions, cycle)| Schedule {
        sessions,
        cycle,
        ..Schedule::idle()
    })
}

fn any_case() -> impl Strategy<Value = (usize, Schedule)> {
    (0..programs().len()).prop_flat_map(|index| {
        let modules = programs()[index].modules.len() as u32;
        (Just(index), schedule(modules))
    })
}

#[derive(Clone, Debug)]
enum Operation {
    SingleStep(bool),
    Add(u32, u32),
    Remove(u32, u32),
}

fn operation() -> impl Strategy<Value = Operation> {
    // Few PCs, so that they meet; on both sides of a word of the model's bits.
    let pc = prop_oneof![60..68u32, Just(0), Just(u32::MAX)];
    prop_oneof![
        any::<bool>().prop_map(Operation::SingleStep),
        (0..3u32, pc.clone()).prop_map(|(module, pc)| Operation::Add(module, pc)),
        (0..3u32, pc).prop_map(|(module, pc)| Operation::Remove(module, pc)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn subject_and_model_agree_under_any_sessions((index, schedule) in any_case()) {
        let program = &programs()[index];
        let expected = expected_events(program, &schedule);
        let case = Case { schedule, ..program.case.clone() };
        let report = clean(&case);
        prop_assert_eq!(report.tally.sequence_points, expected);
    }

    #[test]
    fn the_model_is_a_set_and_a_flag(operations in prop::collection::vec(operation(), 0..60)) {
        let mut model = BreakpointModel::new(Placement::Asked);
        // The modules' instances come in another order, one twice.
        [2, 0, 1, 0].into_iter().for_each(|module| model.add_instance(module));
        let (mut set, mut ever, mut on, mut stepped) = (BTreeSet::new(), BTreeSet::new(), false, false);
        for operation in operations {
            match operation {
                Operation::SingleStep(turned) => {
                    model.set_single_step(turned);
                    on = turned;
                    stepped |= turned;
                }
                Operation::Add(module, pc) => {
                    ever.insert((module, pc));
                    prop_assert_eq!(model.add(module, pc), set.insert((module, pc)));
                }
                Operation::Remove(module, pc) => {
                    prop_assert_eq!(model.remove(module, pc), set.remove(&(module, pc)));
                }
            }
            prop_assert_eq!(model.is_single_step(), on);
            prop_assert!(model.listed().eq(set.iter().copied()));
            prop_assert_eq!((model.len(), model.is_empty()), (set.len(), set.is_empty()));
            for (instance, module) in [(0, 2), (1, 0), (2, 1), (3, 0)] {
                for pc in (58..70).chain([0]) {
                    let at = (module, pc);
                    let instance = InstanceAddr(instance);
                    prop_assert_eq!(model.selects(instance, pc), on || set.contains(&at));
                    prop_assert_eq!(model.ever_selected(instance, pc), stepped || ever.contains(&at));
                }
            }
        }
    }
}

/// The second model, where nothing is to be modelled.
#[test]
fn everything_and_nothing_are_expected() {
    let program = &programs()[0];
    let at_everything = expected_events(program, &Schedule::default());
    let points = program.trace.iter().filter(|h| **h != Happening::Command);
    assert_eq!(at_everything, points.count() as u64);
    assert_eq!(expected_events(program, &Schedule::idle()), 0);
}
