//! A program in lockstep: the subject as every instrumented execution has it, without a script.

use crate::programs::Program;
use crate::reads::{Frames, Reads, Run};
use lockstep::divergence::Execution;
use lockstep::fault::Honest;
use lockstep::lockstep::driver::{Expected, Verdict};
use lockstep::schedule::Schedule;
use lockstep::subject::Settings;
use lockstep_oracles::address::FuncAddr;
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::Value;
use lockstep_subject::VERSION;
use lockstep_subject::execute::Subject;
use lockstep_subject::factory::Factory;

/// Makes a program ready in lockstep.
pub fn prepare(program: &Program, frames: Frames) -> Run {
    let mut stepped = Stepped::new(program, frames);
    Box::new(move |repetitions| stepped.run(repetitions))
}

/// A program that is invoked in lockstep.
struct Stepped {
    subject: Subject<Box<Honest>>,
    func: FuncAddr,
}

impl Stepped {
    /// Compiles and instantiates in the subject and the oracle.
    fn new(program: &Program, frames: Frames) -> Stepped {
        let settings = Settings {
            subject: VERSION,
            features: program.features,
            frames: frames.policy(),
            max_events: u64::MAX,
            ..Settings::default()
        };
        let factory = Factory::new(Execution::Instrumented, &settings)
            .expect("the engine accepts its settings");
        let mut subject = Subject::new(factory, settings, &Schedule::default(), Box::new(Honest))
            .expect("the store accepts its settings");
        let made = subject.instantiate(&program.bytes, &program.module, &[]);
        let instance = made.instance.expect("a program has no imports");
        let export = subject
            .driver()
            .following
            .machine
            .store
            .instance(instance)
            .export("run");
        let Some(Extern::Func(func)) = export else {
            panic!("a program exports `run`")
        };
        Stepped { subject, func }
    }

    /// Runs once; what was compared.
    ///
    /// # Panics
    ///
    /// If anything diverged: a measurement of a run that was cut short means nothing.
    fn run(&mut self, repetitions: u32) -> Reads {
        let before = self.reads();
        let invoked = self
            .subject
            .invoke(self.func, &[Value::I32(repetitions)])
            .expect("`run` takes an i32");
        assert!(
            matches!(invoked.verdict, Verdict::Ended(Expected::Returned(_))),
            "{:?}, {:?}",
            invoked.verdict,
            invoked.outcome,
        );
        let found = &self.subject.driver().recorder.findings.unexplained;
        assert!(found.is_empty(), "{found:?}");
        let after = self.reads();
        Reads {
            events: after.events - before.events,
            frames: after.frames - before.frames,
            values: after.values - before.values,
        }
    }

    fn reads(&mut self) -> Reads {
        let tally = &self.subject.driver().recorder.tally;
        Reads {
            events: tally.sequence_points,
            frames: tally.frames,
            values: tally.values,
        }
    }
}
