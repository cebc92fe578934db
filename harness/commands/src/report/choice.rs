//! What to look at: from a cause, or from the rule that did not hold.
//!
//! What must be seen comes from the reference interpreter and the rules, never from what the engine showed.

use super::NoReproducer;
use super::look::{BREAKPOINT, CAUGHT, ENDING, EPOCH, Kind, Look, TRAP};
use super::{components, expected};
use lockstep_core::case::{Case, Stub};
use lockstep_core::causes::Cause;
use lockstep_core::divergence::{Divergence, Moment};
use lockstep_core::rules::RuleId;
use lockstep_core::schedule::action::Action;
use lockstep_core::schedule::action::call_function::Way;
use lockstep_core::schedule::{Schedule, When};
use lockstep_oracles::RefType;
use lockstep_oracles::address::FuncIndex;
use lockstep_oracles::module::ExternKind;
use std::collections::BTreeMap;

/// What the reproducer of a case looks at.
///
/// # Errors
///
/// Where no generic reproducer is known, with the reason.
pub(super) fn of(
    case: &Case,
    cause: Option<Cause>,
    found: Option<&Divergence>,
) -> Result<Look, NoReproducer> {
    if let Some(look) = cause
        .map(|cause| of_cause(case, cause, found))
        .transpose()?
        .flatten()
    {
        return Ok(look);
    }
    let found = found.ok_or(NoReproducer::NotSeen)?;
    of_rule(case, found)
}

/// Looks that only the cause knows of: what a hazard forbids, and what the program itself computes.
fn of_cause(
    case: &Case,
    cause: Cause,
    found: Option<&Divergence>,
) -> Result<Option<Look>, NoReproducer> {
    const READ: &str = "every frame can be read";
    const COLLECTED: &str = "garbage can be collected";
    let walk = |event, instances| Look {
        instances,
        ..Look::fatal(Kind::Walk, event, READ)
    };
    Ok(Some(match cause {
        Cause::V128Slot | Cause::UnsetLocal => walk(BREAKPOINT, false),
        Cause::InlinedTryCall | Cause::StartupFrame => of_stacks(case, BREAKPOINT)?,
        Cause::InlinedTrap => of_stacks(case, TRAP)?,
        Cause::OverflowFrame => walk(TRAP, true),
        Cause::InlinedLibcall => of_stacks(case, EPOCH).unwrap_or_else(|_| walk(EPOCH, true)),
        Cause::EpochFrame => walk(EPOCH, true),
        Cause::UnsetRoot | Cause::IfParamRoot | Cause::HalfMadeArray => {
            Look::fatal(Kind::Collect, BREAKPOINT, COLLECTED)
        }
        Cause::PulleyIntegers | Cause::IfWithoutElse => Look {
            dies: true,
            ..of_results(case)?
        },
        Cause::RelaxedMadd
        | Cause::RelaxedDot
        | Cause::PulleyVectors
        | Cause::SegmentObjects
        | Cause::HostMoved
        | Cause::ImportedType => of_results(case)?,
        Cause::TrapSlot | Cause::TrapStack => {
            let found = found.ok_or(NoReproducer::NotSeen)?;
            at(found, at_most(operands(found)?))?
        }
        Cause::LibcallSlot => {
            let found = found.ok_or(NoReproducer::NotSeen)?;
            let value = row(found, 0, "operand 0").ok_or(NoReproducer::NoMoment)?;
            Look {
                // At the last yield: at the first the slot still has the value from before the loop.
                after: None,
                once: false,
                ..at(found, of_value(Kind::Operand, 0, &value)?)?
            }
        }
        Cause::LateModule => of_events(case)?,
        Cause::HandleVersion => Look {
            event: Some(BREAKPOINT),
            after: Some(0),
            ..Look::new(Kind::Held, "the handle is not valid")
        },
        Cause::DroppedHandler => of_dropped(case)?,
        Cause::InstancePosition => of_positions(case),
        Cause::PanickedHandler => Look::fatal(Kind::Panic, TRAP, "the handler can panic"),
        Cause::TakenException => Look::fatal(Kind::Take, CAUGHT, "the exception can be taken"),
        Cause::NestedThrow => Look {
            event: Some(CAUGHT),
            nested: Some(called(case)?),
            dies: true,
            ..Look::new(Kind::Pending, "the exception is pending")
        },
        Cause::ThrownRoot => Look {
            event: Some(CAUGHT),
            collects: true,
            replaces: true,
            dies: true,
            ..of_results(case)?
        },
        Cause::HostRoot => Look {
            event: Some(BREAKPOINT),
            collects: true,
            dies: true,
            ..of_results(case)?
        },
        Cause::AdapterThrow
        | Cause::Latin1Alignment
        | Cause::StringAlignment
        | Cause::ComponentPatches => {
            return Ok(components::look(cause));
        }
        Cause::CastType => Look::new(Kind::Refused, "the module is refused"),
        Cause::HostActivation => {
            let found = found.ok_or(NoReproducer::NotSeen)?;
            let reenters = |stub: &Stub| matches!(stub, Stub::Call(_));
            match case.host.functions.values().any(reenters) {
                true => Look::new(Kind::Frames, frames(found)?),
                false => return Ok(None),
            }
        }
        _ => return Ok(None),
    }))
}

/// The export of the main module that the first action calls: one without parameters and results.
fn called(case: &Case) -> Result<String, NoReproducer> {
    let module = expected::main_module(case)?;
    let actions = case.schedule.actions.iter();
    let mut calls = actions.filter_map(|act| match act.action {
        Action::CallFunction(action) if action.way == Way::Export => Some(action.function.nth),
        _ => None,
    });
    let nth = calls.next().ok_or(NoReproducer::Schedule)? as usize;
    let exports = module.exports().iter();
    let functions: BTreeMap<u32, &str> = exports
        .filter(|export| export.kind == ExternKind::Func)
        .map(|export| (export.index, export.name.as_str()))
        .collect();
    let (&index, &name) = functions.iter().nth(nth).ok_or(NoReproducer::Schedule)?;
    let ty = module.func_type(FuncIndex(index));
    match ty.params.is_empty() && ty.results.is_empty() {
        true => Ok(name.to_owned()),
        false => Err(NoReproducer::Schedule),
    }
}

/// What the rule that did not hold is about.
fn of_rule(case: &Case, found: &Divergence) -> Result<Look, NoReproducer> {
    match found.rule {
        RuleId::OperandCount | RuleId::CallerOperands | RuleId::CheckStack => {
            let number = operands(found)?;
            at(
                found,
                Look::new(Kind::Operands, format!("an operand stack of {number}")),
            )
        }
        RuleId::TrapStack => at(found, at_most(operands(found)?)),
        RuleId::OperandType => at(found, of_type(case, found)?),
        RuleId::OperandValue => at(found, of_shown(Kind::Operand, "operand", found)?),
        RuleId::LocalValue => at(found, of_shown(Kind::Local, "local", found)?),
        RuleId::FramePc | RuleId::TrapPc | RuleId::CheckPc => at(found, of_pc(found)?),
        RuleId::FrameFunction => at(found, of_function(case, found)?),
        RuleId::FrameCount => at(found, Look::new(Kind::Frames, frames(found)?)),
        RuleId::TrapEvent if found.expected.starts_with("a Trap event") => Ok(Look {
            default: Some("no event"),
            ..Look::new(Kind::Ending, "a Trap event")
        }),
        RuleId::HostErrorEvent if found.expected.starts_with("no HostcallError event") => {
            Ok(Look {
                default: Some("no HostcallError event"),
                // The same cause makes the engine panic in other cases.
                ..Look::new(Kind::HostError, "no HostcallError event")
            })
        }
        RuleId::Panic | RuleId::Crash => {
            const LIVES: &str = "the process lives";
            Ok(Look {
                default: Some(LIVES),
                dies: true,
                ..Look::new(Kind::Survive, LIVES)
            })
        }
        RuleId::EditBreakpoints => of_list(found),
        RuleId::BreakSpurious if case.schedule == Schedule::idle() => Ok(Look {
            default: Some("0 Breakpoint events"),
            ..Look::new(Kind::Events, "0 Breakpoint events")
        }),
        RuleId::StepLost | RuleId::StepSpurious if case.schedule == Schedule::default() => {
            of_events(case)
        }
        RuleId::Values | RuleId::Outcome | RuleId::RefIdentity => of_results(case),
        rule => Err(NoReproducer::Rule(rule)),
    }
}

/// The look, at the moment at which the divergence was seen.
fn at(found: &Divergence, look: Look) -> Result<Look, NoReproducer> {
    let (event, after) = match found.moment {
        Moment::Breakpoint => (BREAKPOINT, Some(found.event)),
        Moment::EpochYield => (EPOCH, Some(found.event)),
        // There is one in a call, and how many events come before a stack overflows is the engine's choice.
        Moment::Trap | Moment::HostcallError => (ENDING, None),
        Moment::HostCall
        | Moment::Throw
        | Moment::Collection
        | Moment::End
        | Moment::Edit
        | Moment::Action => {
            return Err(NoReproducer::Moment(found.moment));
        }
    };
    Ok(Look {
        event: Some(event),
        after,
        once: event != BREAKPOINT,
        frame: found.frame.unwrap_or(0),
        ..look
    })
}

/// The value of a row of the state, as the oracle has it.
fn row(found: &Divergence, frame: usize, what: &str) -> Option<String> {
    let name = format!("frame {frame} {what}");
    let row = found.state.iter().find(|row| row.what == name)?;
    (row.expected != "-").then(|| row.expected.clone())
}

/// How many operands the frame has in the oracle.
fn operands(found: &Divergence) -> Result<u32, NoReproducer> {
    let counted = found.expected.split(", ").find_map(|part| {
        let (number, what) = part.split_once(' ')?;
        what.starts_with("operand").then(|| number.parse().ok())?
    });
    counted.ok_or(NoReproducer::NoMoment)
}

fn at_most(operands: u32) -> Look {
    Look {
        high: operands,
        ..Look::new(
            Kind::OperandsAtMost,
            format!("an operand stack of {operands} at most"),
        )
    }
}

fn frames(found: &Divergence) -> Result<String, NoReproducer> {
    let number = found.expected.split(' ').next();
    let number = number.filter(|number| number.parse::<u32>().is_ok());
    let number = number.ok_or(NoReproducer::NoMoment)?;
    Ok(format!("{number} frames"))
}

/// The PCs that are right: one, or those of a range.
fn of_pc(found: &Divergence) -> Result<Look, NoReproducer> {
    let pcs = found
        .expected
        .split(|c: char| c.is_whitespace() || c == ',');
    let pcs = pcs.filter_map(|word| word.strip_prefix("0x"));
    let pcs: Vec<u32> = pcs
        .filter_map(|pc| u32::from_str_radix(pc, 16).ok())
        .collect();
    let (low, high) = match pcs[..] {
        [pc] => (pc, pc + 1),
        [low, high] => (low, high),
        _ => return Err(NoReproducer::NoMoment),
    };
    let expected = match high - low {
        1 => format!("PC {low:#x}"),
        _ => format!("PC {low:#x} or later, before {high:#x}"),
    };
    Ok(Look {
        low,
        high,
        ..Look::new(Kind::Pc, expected)
    })
}

/// The function that is executing there; where the program is interrupted at an entry, the one entered.
fn of_function(case: &Case, found: &Divergence) -> Result<Look, NoReproducer> {
    let function = match &found.site {
        Some(site) => {
            let imported = expected::main_module(case)?.num_imported_funcs();
            site.func
                .0
                .checked_sub(imported)
                .ok_or(NoReproducer::NoMoment)?
        }
        None => expected::function_at(case, found.event)?,
    };
    Ok(Look::new(
        Kind::Function,
        format!("defined function {function}"),
    ))
}

/// The operand or local that the difference is about: `frame 0 operand 2 = i32:1`.
fn of_shown(kind: Kind, what: &str, found: &Divergence) -> Result<Look, NoReproducer> {
    let (place, value) = found
        .expected
        .split_once(" = ")
        .ok_or(NoReproducer::NoMoment)?;
    let index = place
        .rsplit_once(&format!(" {what} "))
        .and_then(|(_, index)| index.parse().ok());
    of_value(kind, index.ok_or(NoReproducer::NoMoment)?, value)
}

fn of_value(kind: Kind, index: u32, value: &str) -> Result<Look, NoReproducer> {
    let value = expected::engine_text(value).ok_or(NoReproducer::Reference)?;
    let (what, accessor) = match kind {
        Kind::Local => ("local", "local"),
        _ => ("operand", "stack"),
    };
    Ok(Look {
        index,
        accessor,
        ..Look::new(kind, format!("{value} as {what} {index}"))
    })
}

/// The hierarchy of the type that validation gives the operand.
fn of_type(case: &Case, found: &Divergence) -> Result<Look, NoReproducer> {
    let site = found.site.as_ref().ok_or(NoReproducer::NoMoment)?;
    let (place, _) = found
        .expected
        .split_once(" = ")
        .ok_or(NoReproducer::NoMoment)?;
    let index = place
        .rsplit(' ')
        .next()
        .and_then(|index| index.parse::<u32>().ok());
    let index = index.ok_or(NoReproducer::NoMoment)?;
    let ty = expected::operand_type(case, site, index).ok_or(NoReproducer::NoMoment)?;
    let expected = match ty {
        RefType::ANYREF => "an anyref",
        RefType::EXTERNREF => "an externref",
        RefType::FUNCREF => "a funcref",
        RefType::EXNREF => "an exnref",
        _ => return Err(NoReproducer::Reference),
    };
    Ok(Look {
        index,
        ..Look::new(Kind::OperandType, expected)
    })
}

fn of_list(found: &Divergence) -> Result<Look, NoReproducer> {
    let (_, listed) = found
        .expected
        .split_once("listed:")
        .ok_or(NoReproducer::NoMoment)?;
    let mut pcs = listed
        .split_whitespace()
        .map(|place| place.strip_prefix("0:"));
    let pcs: Option<Vec<&str>> = pcs.by_ref().collect();
    let pcs = pcs.ok_or(NoReproducer::Modules)?;
    // Before anything runs, and only there: nothing else is edited by the reproducer.
    match found.event {
        0 => Ok(Look::new(
            Kind::Listed,
            format!("breakpoints: {}", pcs.join(" ")),
        )),
        _ => Err(NoReproducer::Schedule),
    }
}

/// The functions that the stack shows at each event, whose instances are asked for; equal stacks in a row
/// count once.
fn of_stacks(case: &Case, event: &'static str) -> Result<Look, NoReproducer> {
    let mut stacks = expected::stacks(case, event == TRAP)?;
    stacks.dedup();
    if event == EPOCH && stacks.len() > 1 {
        // Which of them it is where the program is interrupted is not known.
        return Err(NoReproducer::NoMoment);
    }
    Ok(Look {
        event: Some(event),
        instances: true,
        dies: true,
        ..Look::new(Kind::Stacks, format!("functions {}", stacks.join(" ")))
    })
}

/// As many events as the reference interpreter has sequence points.
fn of_events(case: &Case) -> Result<Look, NoReproducer> {
    let number = expected::sequence_points(case)?;
    Ok(Look {
        default: Some("0 Breakpoint events"),
        ..Look::new(Kind::Events, format!("{number} Breakpoint events"))
    })
}

/// As many events as the reference interpreter has sequence points after the first call, which is dropped at
/// the event of the schedule.
fn of_dropped(case: &Case) -> Result<Look, NoReproducer> {
    let dropped = case
        .schedule
        .actions
        .iter()
        .find_map(|action| match action.when {
            When::Event(event) => Some(event),
            _ => None,
        });
    let number = expected::sequence_points_after_first(case)?;
    Ok(Look {
        event: Some(BREAKPOINT),
        after: Some(dropped.ok_or(NoReproducer::Schedule)?),
        ..Look::new(
            Kind::Dropped,
            format!("{number} Breakpoint events after it"),
        )
    })
}

/// Each instance has its position in the list of all as its index.
fn of_positions(case: &Case) -> Look {
    let positions: Vec<String> = (0..case.modules.len()).map(|at| at.to_string()).collect();
    Look::new(Kind::Positions, format!("indices {}", positions.join(" ")))
}

/// What each call returns in the reference interpreter.
fn of_results(case: &Case) -> Result<Look, NoReproducer> {
    let results = expected::results(case)?;
    Ok(Look::new(Kind::Result, results.join(" ")))
}
