//! Draws subject configurations: mostly the default on each axis.

use super::weights::{below, chance};
use crate::configuration::{
    Allocation, AxisName, BoundsChecks, Collector, Configuration, Epochs, Fuel, GcHeap, Limiter,
    MemoryReservation, Nans, Signals, Target,
};
use crate::schedule::Schedule;
use crate::version::Version;
use arbitrary::{Result, Unstructured};
use lockstep_oracles::WasmFeatures;

/// Draws a configuration. One in a hundred is one that an engine must refuse.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn configuration(u: &mut Unstructured<'_>) -> Result<Configuration> {
    let mut configuration = Configuration::default();
    for &axis in AxisName::ALL {
        // One is drawn when the schedule is known, the other follows from the host's seed.
        if matches!(axis, AxisName::Nans | AxisName::Limiter) {
            continue;
        }
        let (times, of) = odds(axis);
        if chance(u, times, of)? {
            let others = drawn_values(axis) as u32 - 1;
            configuration.set_position(axis, 1 + below(u, others)? as usize);
        }
    }
    if chance(u, 1, 60)? {
        configuration.fuel = match below(u, 2)? {
            0 => Fuel::Thousands,
            _ => Fuel::Hundreds,
        };
    }
    accept(&mut configuration);
    if chance(u, 1, 100)? {
        refuse(u, &mut configuration)?;
    }
    Ok(configuration)
}

/// Has a heap that is full before a program that fills it has executed too much.
pub(super) fn make_exhaustible(configuration: &mut Configuration) {
    if configuration.collector == Collector::Null {
        configuration.collector = Collector::default();
    }
    if configuration.gc_heap == GcHeap::Default {
        configuration.gc_heap = GcHeap::Kib64;
    }
}

/// Has a collector that frees or moves objects, mostly; each as often as the others, and often a small heap.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn make_collectable(
    u: &mut Unstructured<'_>,
    configuration: &mut Configuration,
) -> Result<()> {
    if chance(u, 15, 16)? {
        configuration.collector = match chance(u, 1, 2)? {
            true => Collector::Copying,
            false => Collector::Drc,
        };
        if chance(u, 1, 3)? {
            configuration.gc_heap = GcHeap::Kib64;
        }
    }
    Ok(())
}

/// What no module has a use for, as no subject would run it in this configuration: shared memories, where
/// they are pooled or the interpreter has them.
pub(super) fn lacking(configuration: &Configuration) -> WasmFeatures {
    let pooled = configuration.allocation == Allocation::Pooling;
    match pooled || configuration.target == Target::Pulley64 {
        true => WasmFeatures::THREADS,
        false => WasmFeatures::empty(),
    }
}

/// Draws whose NaNs there are: the engine's only where every event comes, so that each NaN is seen.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn nans(u: &mut Unstructured<'_>, schedule: &Schedule) -> Result<Nans> {
    let any = chance(u, 1, 12)? && schedule.steps_throughout();
    Ok(if any { Nans::Any } else { Nans::Canonical })
}

/// How many values of an axis are drawn as often as each other, the first ones.
fn drawn_values(axis: AxisName) -> usize {
    match axis {
        AxisName::Fuel => Fuel::On as usize + 1,
        AxisName::Epochs => Epochs::Yield as usize + 1,
        _ => axis.axis().values.len(),
    }
}

/// How often an axis is not at its default.
fn odds(axis: AxisName) -> (u32, u32) {
    match axis {
        AxisName::Inlining | AxisName::Collector => (1, 4),
        _ => (1, 6),
    }
}

/// What follows from the host's seed, so that a seed's program does not depend on it: what the store does at
/// the epoch's deadline, and whether its limiter fails. A seed of 0 decides nothing.
pub(super) fn follow(configuration: &mut Configuration, seed: u64) {
    if configuration.epochs == Epochs::Yield {
        configuration.epochs = match seed % 24 {
            1 | 2 => Epochs::Extend,
            3 => Epochs::Trap,
            4 => Epochs::Fail,
            _ => Epochs::Yield,
        };
    }
    if (seed / 24) % 24 == 1 {
        configuration.limiter = Limiter::Fails;
    }
}

/// Takes back what an engine must refuse, and a small heap that is never collected: the host's own
/// objects would find no room in it.
fn accept(configuration: &mut Configuration) {
    if configuration.collector == Collector::Null {
        configuration.gc_heap = GcHeap::Default;
    }
    let suspects = [
        AxisName::BoundsChecks,
        AxisName::MemoryReservation,
        AxisName::Signals,
    ];
    for axis in suspects {
        if is_refused(configuration) {
            configuration.set_position(axis, 0);
        }
    }
}

/// Whether an engine must refuse it for one of the executions.
fn is_refused(configuration: &Configuration) -> bool {
    // But for the collector, what is drawn here every subject refuses, or none.
    let subject = Version::default();
    let configuration = Configuration {
        collector: Collector::default(),
        ..*configuration
    };
    configuration.refused_instrumented(subject).is_some()
        || configuration.refused_uninstrumented(subject).is_some()
}

/// Asks for what an engine must refuse.
fn refuse(u: &mut Unstructured<'_>, configuration: &mut Configuration) -> Result<()> {
    match below(u, 4)? {
        0 => configuration.bounds_checks = BoundsChecks::Spectre,
        1 => configuration.signals = Signals::Everywhere,
        2 => {
            configuration.bounds_checks = BoundsChecks::Spectre;
            configuration.signals = Signals::Everywhere;
        }
        _ => {
            configuration.allocation = Allocation::Pooling;
            configuration.memory_reservation = MemoryReservation::Mib;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngCore;
    use rand::SeedableRng;
    use std::collections::BTreeMap;

    fn drawn(count: usize) -> Vec<Configuration> {
        let mut rng = rand_chacha::ChaCha8Rng::from_seed([7; 32]);
        let mut bytes = [0; 64];
        (0..count)
            .map(|_| {
                rng.fill_bytes(&mut bytes);
                let mut drawn = configuration(&mut Unstructured::new(&bytes)).unwrap();
                follow(&mut drawn, rng.next_u32().into());
                drawn
            })
            .collect()
    }

    #[test]
    fn every_value_of_every_axis_occurs_and_the_default_most() {
        let mut seen = BTreeMap::new();
        for configuration in drawn(3000) {
            for &axis in AxisName::ALL {
                *seen
                    .entry((axis, configuration.position(axis)))
                    .or_insert(0) += 1;
            }
        }
        for &axis in AxisName::ALL {
            let values = match axis {
                AxisName::Nans => 1,
                _ => axis.axis().values.len(),
            };
            for position in 0..values {
                assert!(seen.contains_key(&(axis, position)), "{axis} {position}");
            }
            assert!(seen[&(axis, 0)] > 2000, "{axis}");
        }
    }

    #[test]
    fn nans_are_the_engine_s_only_where_every_event_comes() {
        let mut rng = rand_chacha::ChaCha8Rng::from_seed([8; 32]);
        let mut drawn = |schedule: &Schedule| {
            (0..400)
                .filter(|_| {
                    let bytes = rng.next_u64().to_le_bytes();
                    nans(&mut Unstructured::new(&bytes), schedule) == Ok(Nans::Any)
                })
                .count()
        };
        assert!((20..100).contains(&drawn(&Schedule::default())));
        assert_eq!(drawn(&Schedule::idle()), 0);
    }

    #[test]
    fn one_in_a_hundred_is_refused() {
        let drawn = drawn(5000);
        let refused = drawn
            .iter()
            .filter(|configuration| is_refused(configuration))
            .count();
        assert!((20..=100).contains(&refused), "{refused}");
    }

    #[test]
    fn used_up_data_gives_the_default() {
        let mut configuration = configuration(&mut Unstructured::new(&[])).unwrap();
        follow(&mut configuration, 0);
        assert_eq!(configuration, Configuration::default());
    }
}
