//! Speed, as ratios: what lockstep costs beside a handler that only reads, and what the oracle
//! costs beside another interpreter. Never an assertion: the table says PASS or FAIL.
//!
//! `cargo bench -p lockstep-tests-42` measures everything on the version of that crate, `-- --quick` takes a few
//! samples of each, and a further argument selects by name (`-- innermost/42/simd`). What is the oracle's alone
//! is measured where the subject is the default one.

mod engines;
mod ratio;
mod table;

use criterion::{Criterion, SamplingMode};
use engines::{Oracle, Wasmi};
use lockstep::version::Version;
use lockstep_subject::VERSION;
use lockstep_tests::programs::{self, Program};
use lockstep_tests::reads::{Frames, Reads};
use lockstep_tests::{bare, stepped};
use ratio::{Ratio, SLICES, Sample};
use std::time::Duration;
use table::Row;

/// `wasmi` needs milliseconds for a million opcodes: it and the oracle run this many times longer.
const LONGER: u32 = 10;

/// What a benchmark compares.
struct Comparison<'a> {
    /// Criterion's name for the group.
    group: &'static str,
    /// What over what, for people.
    what: &'static str,
    /// Whether the subject is measured, and not the oracle alone.
    of_subject: bool,
    program: &'a Program,
    bar: f64,
}

/// Both sides of a comparison, made ready.
struct Sides {
    /// Events of one slice.
    events: u64,
    over: Box<dyn FnMut()>,
    under: Box<dyn FnMut()>,
}

impl Comparison<'_> {
    /// Measures the sides, which are made only if the benchmark is selected.
    fn measure(self, criterion: &mut Criterion<Ratio>, make: impl Fn() -> Sides) -> Row {
        let program = self.program.name;
        let subject = self.of_subject.then(|| VERSION.release().to_string());
        let name = match &subject {
            Some(subject) => format!("{subject}/{program}"),
            None => program.to_owned(),
        };
        let (mut sides, mut samples) = (None, Vec::new());
        let mut group = criterion.benchmark_group(self.group);
        // One warm-up; then as many single iterations as samples, however long each takes.
        group
            .sampling_mode(SamplingMode::Flat)
            .sample_size(10)
            .warm_up_time(Duration::from_nanos(1))
            .measurement_time(Duration::from_secs(10));
        group.bench_function(name, |bencher| {
            let Sides { over, under, .. } = sides.get_or_insert_with(&make);
            bencher.iter_custom(|iterations| {
                let mut sum = 0.0;
                for _ in 0..iterations {
                    let sample = Sample::take(over, under);
                    samples.push(sample);
                    sum += sample.sum.ratio();
                }
                sum
            });
        });
        group.finish();
        Row {
            what: self.what,
            subject: subject.unwrap_or_else(|| "-".to_owned()),
            program,
            events: sides.map_or(0, |sides| sides.events),
            bar: self.bar,
            samples,
        }
    }
}

/// A ratio of lockstep to the bare handler.
struct LockstepOverBare {
    group: &'static str,
    what: &'static str,
    frames: Frames,
    bar: f64,
}

/// What is asked of every program: the frame that a debugger shows.
const INNERMOST: LockstepOverBare = LockstepOverBare {
    group: "innermost",
    what: "(a) lockstep innermost / bare innermost",
    frames: Frames::Innermost,
    bar: 1.15,
};

/// The whole stack.
const ALL: LockstepOverBare = LockstepOverBare {
    group: "all",
    what: "(b) lockstep all / bare all",
    frames: Frames::All,
    bar: 1.5,
};

/// The whole stack of a program whose values are references to objects.
const OBJECTS: LockstepOverBare = LockstepOverBare {
    group: "objects",
    what: "(d) lockstep objects / bare objects",
    frames: Frames::All,
    bar: 1.5,
};

/// The default, against a handler that reads the whole stack, of a program with many values in its frames.
const SAMPLED: LockstepOverBare = LockstepOverBare {
    group: "sampled",
    what: "(e) lockstep sampled / bare all",
    frames: Frames::Sampled,
    bar: 1.0,
};

impl LockstepOverBare {
    /// Lockstep beside the bare handler; both must have read the same, but where lockstep samples.
    fn measure(&self, criterion: &mut Criterion<Ratio>, program: &Program) -> Row {
        let comparison = Comparison {
            group: self.group,
            what: self.what,
            of_subject: true,
            program,
            bar: self.bar,
        };
        comparison.measure(criterion, || {
            let repetitions = program.million / SLICES;
            let mut bare = bare::prepare(program, self.frames);
            let mut stepped = stepped::prepare(program, self.frames);
            let Reads { events, .. } = bare(repetitions);
            assert!(
                events * u64::from(SLICES) >= 1_000_000,
                "{}: {events} events",
                program.name
            );
            let (read, compared) = (bare(repetitions), stepped(repetitions));
            match self.frames {
                Frames::Sampled => assert_eq!(read.events, compared.events, "{}", program.name),
                _ => assert_eq!(read, compared, "{}", program.name),
            }
            Sides {
                events,
                over: Box::new(move || keep(stepped(repetitions))),
                under: Box::new(move || keep(bare(repetitions))),
            }
        })
    }
}

/// The oracle's stops alone beside a whole lockstep run with as many.
fn oracle_part(criterion: &mut Criterion<Ratio>, program: &Program) -> Row {
    let comparison = Comparison {
        group: "oracle-part",
        what: "(c) oracle stepping / lockstep innermost",
        of_subject: true,
        program,
        bar: 0.10,
    };
    comparison.measure(criterion, || {
        let repetitions = program.million / SLICES;
        let mut oracle = Oracle::new(program);
        let mut stepped = stepped::prepare(program, Frames::Innermost);
        let events = oracle.step(repetitions);
        assert_eq!(events, stepped(repetitions).events, "{}", program.name);
        Sides {
            events,
            over: Box::new(move || keep(oracle.step(repetitions))),
            under: Box::new(move || keep(stepped(repetitions))),
        }
    })
}

/// The oracle without a stop beside `wasmi`.
fn oracle_over_wasmi(criterion: &mut Criterion<Ratio>, program: &Program) -> Row {
    let comparison = Comparison {
        group: "oracle",
        what: "(c) oracle alone / wasmi",
        of_subject: false,
        program,
        bar: 15.0,
    };
    comparison.measure(criterion, || {
        let repetitions = program.million / SLICES * LONGER;
        let (mut oracle, mut wasmi) = (Oracle::new(program), Wasmi::new(program));
        let results = (oracle.run(repetitions), wasmi.run(repetitions));
        assert_eq!(results.0, results.1, "{}", program.name);
        Sides {
            events: oracle.step(repetitions),
            over: Box::new(move || keep(oracle.run(repetitions))),
            under: Box::new(move || keep(wasmi.run(repetitions))),
        }
    })
}

/// Takes a result that nobody needs, so that making it is not optimised away.
fn keep<R>(result: R) {
    std::hint::black_box(result);
}

fn main() {
    let mut criterion = Criterion::default()
        .with_measurement(Ratio)
        .configure_from_args();
    let (programs, gc) = (programs::programs(), programs::gc());
    let unoptimised = programs::unoptimised();
    let [_, recursive, ..] = &programs;
    let mut rows = Vec::new();
    for program in &programs {
        rows.push(INNERMOST.measure(&mut criterion, program));
    }
    rows.push(ALL.measure(&mut criterion, recursive));
    rows.push(OBJECTS.measure(&mut criterion, &gc));
    rows.push(SAMPLED.measure(&mut criterion, recursive));
    rows.push(SAMPLED.measure(&mut criterion, &unoptimised));
    for program in &programs {
        rows.push(oracle_part(&mut criterion, program));
    }
    if VERSION == Version::default() {
        for program in &programs {
            rows.push(oracle_over_wasmi(&mut criterion, program));
        }
    }
    criterion.final_summary();
    table::print(&mut rows);
}
