//! Draws actions: what the debugger does beside edits.

use super::weights::{Row, below, between, chance, pick};
use crate::schedule::When;
use crate::schedule::action::call_function::{CallFunction, Way};
use crate::schedule::action::clear_handler::ClearHandler;
use crate::schedule::action::drop_call::DropCall;
use crate::schedule::action::hold_exception::HoldException;
use crate::schedule::action::hold_frame::HoldFrame;
use crate::schedule::action::instantiate::Instantiate;
use crate::schedule::action::list_items::ListItems;
use crate::schedule::action::panic_handler::PanicHandler;
use crate::schedule::action::register_module::RegisterModule;
use crate::schedule::action::replace_exception::ReplaceException;
use crate::schedule::action::set_handler::SetHandler;
use crate::schedule::action::take_exception::TakeException;
use crate::schedule::action::visit_store::VisitStore;
use crate::schedule::action::write_element::WriteElement;
use crate::schedule::action::write_field::WriteField;
use crate::schedule::action::write_global::WriteGlobal;
use crate::schedule::action::write_memory::WriteMemory;
use crate::schedule::action::{Act, Action, Entity};
use arbitrary::{Result, Unstructured};

/// Actions of a kind at most.
const ACTIONS: u32 = 4;
/// Copies of elements at most.
const COPIES: u32 = 12;
/// The last event of the case at which an action comes.
const EVENTS: u32 = 200;
/// The last exception, trap, or event of another kind of the case at which an action comes.
const OTHERS: u32 = 4;
/// Calls within each other that the debugger makes, at most.
const NESTED: u32 = 3;
/// Tags that an exception may be replaced by.
const TAGS: u32 = 4;
/// Modules of which one is registered.
const MODULES: u32 = 3;
/// The last host call of the case at which an action comes.
const HOST_CALLS: u32 = 6;

type Draw = fn(&mut Unstructured<'_>) -> Result<Action>;

/// Actions that change nothing of the program.
static TRANSPARENT: &[Row<Draw>] = &[
    Row {
        name: "list items",
        weight: 1,
        what: |_| Ok(Action::ListItems(ListItems)),
    },
    Row {
        name: "hold frame",
        weight: 1,
        what: |_| Ok(Action::HoldFrame(HoldFrame)),
    },
];

/// What is done with an exception at its event.
static THROWN: &[Row<Draw>] = &[
    Row {
        name: "hold exception",
        weight: 3,
        what: |_| Ok(Action::HoldException(HoldException)),
    },
    Row {
        name: "replace exception",
        weight: 2,
        what: |u| {
            let tag = below(u, TAGS)?.into();
            Ok(Action::ReplaceException(ReplaceException { tag }))
        },
    },
    Row {
        name: "take exception",
        weight: 1,
        what: |_| Ok(Action::TakeException(TakeException)),
    },
];

/// Actions after which it is another program's state: the uninstrumented execution is left out.
static INTERVENING: &[Row<Draw>] = &[
    Row {
        name: "call function",
        weight: 5,
        what: call_function,
    },
    Row {
        name: "drop call",
        weight: 2,
        what: |_| Ok(Action::DropCall(DropCall)),
    },
    Row {
        name: "instantiate",
        weight: 2,
        what: |u| {
            let instance = below(u, MODULES)?;
            Ok(Action::Instantiate(Instantiate { instance }))
        },
    },
    Row {
        name: "panic handler",
        weight: 1,
        what: |_| Ok(Action::PanicHandler(PanicHandler)),
    },
    Row {
        name: "write global",
        weight: 3,
        what: write_global,
    },
    Row {
        name: "write memory",
        weight: 3,
        what: write_memory,
    },
    Row {
        name: "write element",
        weight: 4,
        what: write_element,
    },
    Row {
        name: "write field",
        weight: 3,
        what: write_field,
    },
];

/// Changes of the store's handler.
static HANDLERS: &[Row<Action>] = &[
    Row {
        name: "set handler",
        weight: 1,
        what: Action::SetHandler(SetHandler),
    },
    Row {
        name: "clear handler",
        weight: 1,
        what: Action::ClearHandler(ClearHandler),
    },
];

/// Draws the actions of a case of so many steps: none in most. Only one with tags throws.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn actions(u: &mut Unstructured<'_>, steps: u32, throws: bool) -> Result<Vec<Act>> {
    let mut actions = Vec::new();
    let thrown = if throws { 6 } else { 0 };
    for (kinds, times) in [(TRANSPARENT, 4), (INTERVENING, 3), (THROWN, thrown)] {
        if chance(u, times, 32)? {
            for _ in 0..between(u, 1, ACTIONS)? {
                let action = (pick(u, kinds)?.what)(u)?;
                let when = moment(u, action, steps)?;
                actions.push(Act { when, action });
                if let (When::Event(event), Action::CallFunction(_)) = (when, action) {
                    nest(u, event, &mut actions)?;
                }
            }
        }
    }
    let dropped = |act: &Act| matches!(act.action, Action::DropCall(_));
    if actions.iter().any(dropped) && chance(u, 1, 2)? {
        // Else there is no event behind it.
        actions.push(Act {
            when: When::Step(between(u, 0, steps)?),
            action: Action::SetHandler(SetHandler),
        });
    }
    if chance(u, 1, 32)? {
        for _ in 0..between(u, 1, ACTIONS)? {
            actions.push(of_handler(u, steps)?);
        }
    }
    if chance(u, 1, 16)? {
        for _ in 0..between(u, 1, MODULES)? {
            actions.push(registration(u, steps)?);
        }
    }
    Ok(actions)
}

/// Copies of elements of tables, most of them at events.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn copies(u: &mut Unstructured<'_>, steps: u32) -> Result<Vec<Act>> {
    let mut copies = Vec::new();
    for _ in 0..between(u, 1, COPIES)? {
        let action = write_element(u)?;
        copies.push(Act {
            when: moment(u, action, steps)?,
            action,
        });
    }
    Ok(copies)
}

/// A look at what the store lists, at any time.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn list(u: &mut Unstructured<'_>, steps: u32) -> Result<Act> {
    let action = Action::ListItems(ListItems);
    Ok(Act {
        when: moment(u, action, steps)?,
        action,
    })
}

/// A visit of another store, at a breakpoint event or in a host function.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn visit(u: &mut Unstructured<'_>, steps: u32) -> Result<Act> {
    let action = Action::VisitStore(VisitStore);
    Ok(Act {
        when: moment(u, action, steps)?,
        action,
    })
}

/// Between calls; at the start none is set.
fn of_handler(u: &mut Unstructured<'_>, steps: u32) -> Result<Act> {
    let &action = &pick(u, HANDLERS)?.what;
    let when = match action.is_of_start() && chance(u, 1, 4)? {
        true => When::Start,
        false => When::Step(between(u, 0, steps)?),
    };
    Ok(Act { when, action })
}

/// Before the module is instantiated, and sometimes behind it.
fn registration(u: &mut Unstructured<'_>, steps: u32) -> Result<Act> {
    let module = below(u, MODULES)?;
    let when = match chance(u, 1, 4)? {
        true => When::Step(between(u, 0, steps)?),
        false => When::Start,
    };
    let action = Action::RegisterModule(RegisterModule { module });
    Ok(Act { when, action })
}

/// Further calls at events that come soon, so that they may be within the first.
fn nest(u: &mut Unstructured<'_>, mut event: u64, actions: &mut Vec<Act>) -> Result<()> {
    for _ in 0..below(u, NESTED)? {
        event += u64::from(between(u, 1, 8)?);
        actions.push(Act {
            when: When::Event(event),
            action: call_function(u)?,
        });
    }
    Ok(())
}

/// When an action comes: what is about an exception at its event, a call or its end where the program waits.
fn moment(u: &mut Unstructured<'_>, action: Action, steps: u32) -> Result<When> {
    let kinds = match action {
        Action::HoldException(_) | Action::ReplaceException(_) | Action::TakeException(_) => {
            return Ok(When::Throw(between(u, 1, OTHERS)?.into()));
        }
        Action::CallFunction(_) | Action::Instantiate(_) | Action::VisitStore(_)
            if chance(u, 1, 6)? =>
        {
            return unwinding(u);
        }
        Action::CallFunction(_) | Action::VisitStore(_) => 4,
        _ if chance(u, 1, 5)? => return other_event(u),
        Action::DropCall(_) | Action::PanicHandler(_) => 3,
        _ => 5,
    };
    Ok(match below(u, kinds)? {
        0..=2 => When::Event(between(u, 1, EVENTS)?.into()),
        3 => When::HostCall(between(u, 1, HOST_CALLS)?.into()),
        _ => When::Step(between(u, 0, steps)?),
    })
}

/// An event that is no breakpoint's: one of the first of its kind.
///
/// # Errors
///
/// None in practice; the signature is that of every draw.
pub(super) fn other_event(u: &mut Unstructured<'_>) -> Result<When> {
    let number = between(u, 1, OTHERS)?.into();
    Ok(match below(u, 4)? {
        0 => When::Trap(number),
        1 => When::Throw(number),
        2 => When::HostError(number),
        _ => When::EpochYield(number),
    })
}

/// An event that unwinds the program: one of the first of its kind.
fn unwinding(u: &mut Unstructured<'_>) -> Result<When> {
    let number = between(u, 1, OTHERS)?.into();
    Ok(match below(u, 3)? {
        0 => When::Trap(number),
        1 => When::Throw(number),
        _ => When::HostError(number),
    })
}

fn entity(u: &mut Unstructured<'_>) -> Result<Entity> {
    Ok(Entity {
        instance: below(u, 4)?,
        nth: below(u, 8)?,
    })
}

fn call_function(u: &mut Unstructured<'_>) -> Result<Action> {
    let way = match chance(u, 1, 2)? {
        true => Way::Export,
        false => Way::Accessor,
    };
    let function = entity(u)?;
    Ok(Action::CallFunction(CallFunction { way, function }))
}

/// Few numbers, and any.
fn number(u: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match below(u, 2)? {
        0 => below(u, 16)?.into(),
        _ => u.arbitrary()?,
    })
}

fn write_global(u: &mut Unstructured<'_>) -> Result<Action> {
    Ok(Action::WriteGlobal(WriteGlobal {
        global: entity(u)?,
        bits: number(u)?,
    }))
}

fn write_field(u: &mut Unstructured<'_>) -> Result<Action> {
    Ok(Action::WriteField(WriteField {
        handle: number(u)?,
        field: number(u)?,
        bits: number(u)?,
    }))
}

fn write_memory(u: &mut Unstructured<'_>) -> Result<Action> {
    Ok(Action::WriteMemory(WriteMemory {
        memory: entity(u)?,
        offset: number(u)?,
        byte: u.arbitrary()?,
    }))
}

fn write_element(u: &mut Unstructured<'_>) -> Result<Action> {
    Ok(Action::WriteElement(WriteElement {
        table: entity(u)?,
        to: number(u)?,
        from: number(u)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngCore;
    use rand::SeedableRng;
    use std::collections::BTreeSet;

    #[test]
    fn every_action_is_drawn_and_few_cases_intervene() {
        let mut rng = rand_chacha::ChaCha8Rng::from_seed([9; 32]);
        let mut bytes = [0; 256];
        let (mut kinds, mut intervening, mut with) = (BTreeSet::new(), 0, 0);
        for _ in 0..2000 {
            rng.fill_bytes(&mut bytes);
            let mut u = Unstructured::new(&bytes);
            let mut drawn = actions(&mut u, 3, true).unwrap();
            with += usize::from(!drawn.is_empty());
            intervening += usize::from(drawn.iter().any(|act| act.action.intervenes()));
            drawn.push(visit(&mut u, 3).unwrap());
            kinds.extend(drawn.iter().map(|act| act.action.kind()));
        }
        let all = TRANSPARENT.iter().chain(INTERVENING).chain(THROWN);
        let all = all.map(|row| row.name);
        let all = all.chain(HANDLERS.iter().map(|row| row.name));
        let all = all.chain(["register module", "visit store"]);
        assert_eq!(kinds, all.collect::<BTreeSet<_>>());
        assert_eq!(kinds, BTreeSet::from(Action::KINDS));
        assert!(
            (200..=480).contains(&intervening),
            "{intervening} of {with}"
        );
    }

    #[test]
    fn used_up_data_draws_none() {
        assert_eq!(actions(&mut Unstructured::new(&[]), 3, true).unwrap(), []);
    }
}
