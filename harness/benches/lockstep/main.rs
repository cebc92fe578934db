//! Speed, as ratios: what lockstep costs beside a handler that only reads, and what the oracle
//! costs beside another interpreter. Never an assertion: the table says PASS or FAIL.
//!
//! `cargo bench -p lockstep` measures everything; `cargo bench -p lockstep -- --quick` takes a few
//! samples of each; a further argument selects by name (`-- innermost/simd`).

mod bare;
mod engines;
mod programs;
mod ratio;
mod stepped;
mod table;

use bare::{Bare, Frames, Reads};
use criterion::{Criterion, SamplingMode};
use engines::{Oracle, Wasmi};
use lockstep::lockstep::policy::FramePolicy;
use programs::Program;
use ratio::{Ratio, SLICES, Sample};
use std::time::Duration;
use stepped::Stepped;
use table::Row;

/// `wasmi` needs milliseconds for a million opcodes: it and the oracle run this many times longer.
const LONGER: u32 = 10;

/// What a benchmark compares.
struct Comparison<'a> {
    /// Criterion's name for the group.
    group: &'static str,
    /// What over what, for people.
    what: &'static str,
    program: &'a Program,
    /// Events of one slice.
    events: u64,
    bar: f64,
    over: &'a mut dyn FnMut(),
    under: &'a mut dyn FnMut(),
}

impl Comparison<'_> {
    fn measure(self, criterion: &mut Criterion<Ratio>) -> Row {
        let Comparison {
            group,
            what,
            program,
            events,
            bar,
            over,
            under,
        } = self;
        let mut samples = Vec::new();
        let mut group = criterion.benchmark_group(group);
        // One warm-up; then as many single iterations as samples, however long each takes.
        group
            .sampling_mode(SamplingMode::Flat)
            .sample_size(10)
            .warm_up_time(Duration::from_nanos(1))
            .measurement_time(Duration::from_secs(10));
        group.bench_function(program.name, |bencher| {
            bencher.iter_custom(|iterations| {
                let mut sum = 0.0;
                for _ in 0..iterations {
                    let sample = Sample::take(over, under);
                    samples.push(sample);
                    sum += sample.ratio();
                }
                sum
            });
        });
        group.finish();
        Row {
            what,
            program: program.name,
            events: events * u64::from(SLICES),
            bar,
            samples,
        }
    }
}

/// Lockstep beside the bare handler; both must have read the same.
fn lockstep_over_bare(
    criterion: &mut Criterion<Ratio>,
    program: &Program,
    (frames, policy): (Frames, FramePolicy),
    (group, what, bar): (&'static str, &'static str, f64),
) -> Row {
    let repetitions = program.million / SLICES;
    let (mut bare, mut stepped) = (Bare::new(program, frames), Stepped::new(program, policy));
    let Reads { events, .. } = bare.run(repetitions);
    assert!(
        events * u64::from(SLICES) >= 1_000_000,
        "{}: {events} events",
        program.name
    );
    assert_eq!(
        bare.run(repetitions),
        stepped.run(repetitions),
        "{}",
        program.name
    );
    Comparison {
        group,
        what,
        program,
        events,
        bar,
        over: &mut || keep(stepped.run(repetitions)),
        under: &mut || keep(bare.run(repetitions)),
    }
    .measure(criterion)
}

/// The oracle's stops alone beside a whole lockstep run with as many.
fn oracle_part(criterion: &mut Criterion<Ratio>, program: &Program) -> Row {
    let repetitions = program.million / SLICES;
    let (mut oracle, mut stepped) = (
        Oracle::new(program),
        Stepped::new(program, FramePolicy::Innermost),
    );
    let events = oracle.step(repetitions);
    assert_eq!(events, stepped.run(repetitions).events, "{}", program.name);
    Comparison {
        group: "oracle-part",
        what: "(c) oracle stepping / lockstep innermost",
        program,
        events,
        bar: 0.10,
        over: &mut || keep(oracle.step(repetitions)),
        under: &mut || keep(stepped.run(repetitions)),
    }
    .measure(criterion)
}

/// The oracle without a stop beside `wasmi`.
fn oracle_over_wasmi(criterion: &mut Criterion<Ratio>, program: &Program) -> Row {
    let repetitions = program.million / SLICES * LONGER;
    let (mut oracle, mut wasmi) = (Oracle::new(program), Wasmi::new(program));
    assert_eq!(
        oracle.run(repetitions),
        wasmi.run(repetitions),
        "{}",
        program.name
    );
    let events = oracle.step(repetitions);
    Comparison {
        group: "oracle",
        what: "(c) oracle alone / wasmi",
        program,
        events,
        bar: 15.0,
        over: &mut || keep(oracle.run(repetitions)),
        under: &mut || keep(wasmi.run(repetitions)),
    }
    .measure(criterion)
}

/// Takes a result that nobody needs, so that making it is not optimised away.
fn keep<R>(result: R) {
    std::hint::black_box(result);
}

fn main() {
    let mut criterion = Criterion::default()
        .with_measurement(Ratio)
        .configure_from_args();
    let programs = programs::programs();
    let mut rows = Vec::new();
    for program in &programs {
        let frames = (Frames::Innermost, FramePolicy::Innermost);
        let names = ("innermost", "(a) lockstep innermost / bare innermost", 1.15);
        rows.push(lockstep_over_bare(&mut criterion, program, frames, names));
    }
    for program in programs
        .iter()
        .filter(|program| program.name == "recursive")
    {
        let frames = (Frames::All, FramePolicy::All);
        let names = ("all", "(b) lockstep all / bare all", 1.5);
        rows.push(lockstep_over_bare(&mut criterion, program, frames, names));
    }
    for program in &programs {
        rows.push(oracle_over_wasmi(&mut criterion, program));
    }
    for program in &programs {
        rows.push(oracle_part(&mut criterion, program));
    }
    criterion.final_summary();
    table::print(&rows);
}
