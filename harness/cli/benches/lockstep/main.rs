//! Speed, as ratios: what lockstep costs beside a handler that only reads, and what the oracle
//! costs beside another interpreter. Never an assertion: the table says PASS or FAIL.
//!
//! `cargo bench -p lockstep` measures everything, on every subject that is compiled in;
//! `cargo bench -p lockstep -- --quick` takes a few samples of each; a further argument selects by
//! name (`-- innermost/42/simd`).

mod engines;
mod programs;
mod ratio;
mod reads;
mod table;
mod wasmtime_42;
#[cfg(feature = "wasmtime-48")]
mod wasmtime_48;

use criterion::{Criterion, SamplingMode};
use engines::{Oracle, Wasmi};
use programs::Program;
use ratio::{Ratio, SLICES, Sample};
use reads::{Frames, Reads, Subject, subjects};
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
    /// The version of the subject, if one is measured.
    subject: Option<&'static str>,
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
        let name = match self.subject {
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
            subject: self.subject.unwrap_or("-"),
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
    fn measure(
        &self,
        criterion: &mut Criterion<Ratio>,
        subject: &Subject,
        program: &Program,
    ) -> Row {
        let comparison = Comparison {
            group: self.group,
            what: self.what,
            subject: Some(subject.name),
            program,
            bar: self.bar,
        };
        comparison.measure(criterion, || {
            let repetitions = program.million / SLICES;
            let mut bare = (subject.bare)(program, self.frames);
            let mut stepped = (subject.stepped)(program, self.frames);
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
fn oracle_part(criterion: &mut Criterion<Ratio>, subject: &Subject, program: &Program) -> Row {
    let comparison = Comparison {
        group: "oracle-part",
        what: "(c) oracle stepping / lockstep innermost",
        subject: Some(subject.name),
        program,
        bar: 0.10,
    };
    comparison.measure(criterion, || {
        let repetitions = program.million / SLICES;
        let mut oracle = Oracle::new(program);
        let mut stepped = (subject.stepped)(program, Frames::Innermost);
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
        subject: None,
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
    for subject in &subjects() {
        for program in &programs {
            rows.push(INNERMOST.measure(&mut criterion, subject, program));
        }
        rows.push(ALL.measure(&mut criterion, subject, recursive));
        rows.push(OBJECTS.measure(&mut criterion, subject, &gc));
        rows.push(SAMPLED.measure(&mut criterion, subject, recursive));
        rows.push(SAMPLED.measure(&mut criterion, subject, &unoptimised));
        for program in &programs {
            rows.push(oracle_part(&mut criterion, subject, program));
        }
    }
    for program in &programs {
        rows.push(oracle_over_wasmi(&mut criterion, program));
    }
    criterion.final_summary();
    table::print(&mut rows);
}
