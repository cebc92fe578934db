//! The oracle by itself, and the independent interpreter that it is measured against.

use lockstep::subject::limits::limits;
use lockstep_oracles::address::FuncAddr;
use lockstep_oracles::machine::{EverySequencePoint, Machine, NoSequencePoint, Stop};
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::Value;
use lockstep_tests::programs::Program;

/// A program in the oracle, with nothing beside it.
pub(crate) struct Oracle {
    machine: Machine,
    func: FuncAddr,
}

impl Oracle {
    /// Instantiates, with the limits that lockstep sets.
    pub(crate) fn new(program: &Program) -> Oracle {
        let mut machine = Machine::new(limits());
        let instance = machine
            .instantiate(&program.module, &[])
            .expect("a program has no imports");
        let Some(Extern::Func(func)) = machine.store.instance(instance).export("run") else {
            panic!("a program exports `run`")
        };
        Oracle { machine, func }
    }

    /// Runs once without a stop; the result.
    pub(crate) fn run(&mut self, repetitions: u32) -> i64 {
        self.invoke(repetitions);
        let stop = self.machine.run(&NoSequencePoint);
        self.result(stop)
    }

    /// Runs once and stops at every sequence point, as lockstep drives it; how many there were.
    pub(crate) fn step(&mut self, repetitions: u32) -> u64 {
        self.invoke(repetitions);
        let mut events = 0;
        loop {
            match self.machine.run(&EverySequencePoint) {
                Stop::SequencePoint => events += 1,
                stop => {
                    self.result(stop);
                    return events;
                }
            }
        }
    }

    fn invoke(&mut self, repetitions: u32) {
        self.machine
            .invoke(self.func, &[Value::I32(repetitions)])
            .expect("`run` takes an i32");
    }

    fn result(&self, stop: Stop) -> i64 {
        match (stop, self.machine.results()) {
            (Stop::Return, [Value::I64(result)]) => *result as i64,
            (stop, results) => panic!("a program returns an i64, not {stop:?} {results:?}"),
        }
    }
}

/// A program in `wasmi`, without fuel.
pub(crate) struct Wasmi {
    store: wasmi::Store<()>,
    run: wasmi::TypedFunc<i32, i64>,
}

impl Wasmi {
    /// Compiles everything now, so that no run pays for it.
    pub(crate) fn new(program: &Program) -> Wasmi {
        let mut config = wasmi::Config::default();
        config
            .consume_fuel(false)
            .compilation_mode(wasmi::CompilationMode::Eager);
        let engine = wasmi::Engine::new(&config);
        let module = wasmi::Module::new(&engine, &program.bytes[..]).expect("a program is valid");
        let mut store = wasmi::Store::new(&engine, ());
        let run = wasmi::Linker::new(&engine)
            .instantiate_and_start(&mut store, &module)
            .expect("a program has no imports")
            .get_typed_func(&store, "run")
            .expect("a program exports `run`");
        Wasmi { store, run }
    }

    /// Runs once; the result.
    pub(crate) fn run(&mut self, repetitions: u32) -> i64 {
        self.run
            .call(&mut self.store, repetitions as i32)
            .expect("a program returns")
    }
}
