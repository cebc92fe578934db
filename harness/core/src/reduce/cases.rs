//! Fewer steps, modules, settings and events.

use super::module::bodies::halves;
use super::passes::{Change, change};
use super::schedule;
use crate::case::{Case, StepAction};
use crate::configuration::{AxisName, Configuration};
use crate::lockstep::policy::FramePolicy;

/// Limits of events that are tried.
const EVENT_LIMITS: [u64; 6] = [30, 100, 300, 1_000, 3_000, 10_000];

/// Fewer events: what comes after the divergence takes time.
pub(super) fn event_limits(case: &Case) -> Vec<Change> {
    let lower = EVENT_LIMITS
        .into_iter()
        .filter(|&limit| limit < case.max_events);
    let lower = lower.map(|limit| {
        change(move |case| {
            case.max_events = limit;
            true
        })
    });
    lower.collect()
}

/// The default configuration, then axis after axis; the default frame policy.
pub(super) fn configuration(case: &Case) -> Vec<Change> {
    let mut changes = Vec::new();
    let settings = case.configuration.settings();
    if settings.len() > 1 {
        changes.push(change(|case| {
            case.configuration = Configuration::default();
            true
        }));
    }
    changes.extend(settings.into_iter().map(|setting| {
        let axis: AxisName = setting.axis;
        change(move |case| case.configuration.set_position(axis, 0))
    }));
    if case.frames != FramePolicy::Sampled {
        changes.push(change(|case| {
            case.frames = FramePolicy::Sampled;
            true
        }));
    }
    changes
}

/// Fewer steps, and shorter ones.
pub(super) fn steps(case: &Case) -> Vec<Change> {
    let mut changes: Vec<Change> = halves(case.steps.len())
        .into_iter()
        .map(|range| {
            change(move |case| {
                if range.end > case.steps.len() {
                    return false;
                }
                case.steps.drain(range.clone());
                true
            })
        })
        .collect();
    for (index, step) in case.steps.iter().enumerate() {
        match &step.action {
            StepAction::Call { expect, .. } if expect.is_some() => {
                changes.push(in_step(index, |action| match action {
                    StepAction::Call { expect, .. } => expect.take().is_some(),
                    _ => false,
                }));
            }
            StepAction::Write { bytes, .. } => {
                for range in halves(bytes.len().min(256)) {
                    changes.push(in_step(index, move |action| match action {
                        StepAction::Write { bytes, .. } if range.end <= bytes.len() => {
                            bytes.drain(range.clone());
                            true
                        }
                        _ => false,
                    }));
                }
                changes.push(in_step(index, |action| match action {
                    StepAction::Write { offset, .. } => std::mem::take(offset) != 0,
                    _ => false,
                }));
            }
            _ => {}
        }
    }
    changes
}

fn in_step(index: usize, with: impl Fn(&mut StepAction) -> bool + 'static) -> Change {
    change(move |case| {
        let step = case.steps.get_mut(index);
        step.is_some_and(|step| with(&mut step.action))
    })
}

/// No checks: what diverges does so without them.
pub(super) fn checks(case: &Case) -> Vec<Change> {
    match case.checks.is_empty() {
        true => Vec::new(),
        false => vec![change(|case| {
            case.checks.clear();
            true
        })],
    }
}

/// Fewer linked modules, and the steps and sites that are about them.
pub(super) fn modules(case: &Case) -> Vec<Change> {
    if case.modules.len() < 2 {
        return Vec::new();
    }
    let without = |index: usize| change(move |case| without_module(case, index));
    (0..case.modules.len()).map(without).collect()
}

fn without_module(case: &mut Case, index: usize) -> bool {
    let main = case.modules.len() - 1;
    if index > main || main == 0 {
        return false;
    }
    case.modules.remove(index);
    // They name modules by their position.
    case.checks.clear();
    case.steps.retain_mut(|step| {
        let of = step.module.map_or(main, |module| module as usize);
        if of == index {
            return false;
        }
        let now = if of > index { of - 1 } else { of };
        // The last module is the main one, and needs no number.
        step.module = (now != main - 1).then_some(now as u32);
        true
    });
    schedule::without_module(&mut case.schedule, index as u32);
    true
}
