//! The passes: what each tries to make less.

use super::module::{
    self, Draft, bodies, entities, hoist, locals, ranges, shake, signature, types, unwrap,
};
use super::{arguments, cases, host, names, retarget, schedule};
use crate::case::{Case, CaseModule, StepAction};
use crate::generate::FEATURES;
use lockstep_oracles::module::Module;
use wasmparser::ExternalKind;

/// A change of a case; false where it does not apply.
pub(super) type Change = Box<dyn Fn(&mut Case) -> bool>;

/// A change from a closure.
pub(super) fn change(with: impl Fn(&mut Case) -> bool + 'static) -> Change {
    Box::new(with)
}

/// One way to make cases smaller.
pub(super) struct Pass {
    /// Its name in progress.
    pub(super) name: &'static str,
    /// What it would try with a case, what saves most first.
    pub(super) changes: fn(&Case) -> Vec<Change>,
}

/// Every pass, cheap ones that save much first.
pub(super) const PASSES: &[Pass] = &[
    Pass {
        name: "event limit",
        changes: cases::event_limits,
    },
    Pass {
        name: "checks",
        changes: cases::checks,
    },
    Pass {
        name: "breakpoint sites",
        changes: schedule::sites,
    },
    Pass {
        name: "schedule",
        changes: schedule::changes,
    },
    Pass {
        name: "configuration",
        changes: cases::configuration,
    },
    Pass {
        name: "steps",
        changes: cases::steps,
    },
    Pass {
        name: "modules",
        changes: cases::modules,
    },
    Pass {
        name: "custom sections",
        changes: rewritten,
    },
    Pass {
        name: "exports",
        changes: exports,
    },
    Pass {
        name: "bodies",
        changes: |case| in_drafts(case, bodies::minimal),
    },
    Pass {
        name: "unused entities",
        changes: |case| in_drafts(case, shake::changes),
    },
    Pass {
        name: "entry",
        changes: retarget::changes,
    },
    Pass {
        name: "segments",
        changes: |case| in_drafts(case, entities::segments),
    },
    Pass {
        name: "instructions",
        changes: |case| in_flows(case, ranges::changes),
    },
    Pass {
        name: "blocks",
        changes: |case| in_flows(case, unwrap::changes),
    },
    Pass {
        name: "operands",
        changes: |case| in_flows(case, hoist::changes),
    },
    Pass {
        name: "signatures",
        changes: signatures,
    },
    Pass {
        name: "types",
        changes: |case| in_drafts(case, types::changes),
    },
    Pass {
        name: "locals",
        changes: |case| in_drafts(case, locals::changes),
    },
    Pass {
        name: "limits",
        changes: |case| in_drafts(case, entities::limits),
    },
    Pass {
        name: "initial values",
        changes: |case| in_drafts(case, bodies::initial_values),
    },
    Pass {
        name: "constants",
        changes: |case| in_drafts(case, bodies::immediates),
    },
    Pass {
        name: "arguments",
        changes: arguments::changes,
    },
    Pass {
        name: "host",
        changes: host::changes,
    },
    Pass {
        name: "names",
        changes: names::changes,
    },
];

/// Changes one module of a case; false if the change does not apply or leaves no binary.
pub(super) fn in_module(
    case: &mut Case,
    index: usize,
    edit: impl FnOnce(&mut Draft<'_>) -> bool,
) -> bool {
    let Some(module) = case.modules.get_mut(index) else {
        return false;
    };
    let bytes = module.wasm.clone();
    let Some(mut draft) = Draft::read(&bytes) else {
        return false;
    };
    if !edit(&mut draft) {
        return false;
    }
    match draft.write() {
        Some(written) if written[..] != bytes[..] => {
            module.wasm = written.into();
            true
        }
        _ => false,
    }
}

/// Changes of a case's modules, the main one's first.
fn in_modules(
    case: &Case,
    changes: impl Fn(usize, &CaseModule, &Draft<'_>) -> Vec<module::Change>,
) -> Vec<Change> {
    let mut found = Vec::new();
    for (index, module) in case.modules.iter().enumerate().rev() {
        let Some(draft) = Draft::read(&module.wasm) else {
            continue;
        };
        let of_module = changes(index, module, &draft);
        found.extend(
            of_module
                .into_iter()
                .map(|edit| change(move |case| in_module(case, index, &edit))),
        );
    }
    found
}

fn in_drafts(case: &Case, changes: fn(&Draft<'_>) -> Vec<module::Change>) -> Vec<Change> {
    in_modules(case, |_, _, draft| changes(draft))
}

fn in_flows(case: &Case, changes: fn(usize, &module::Flow) -> Vec<module::Change>) -> Vec<Change> {
    in_modules(case, |_, module, draft| {
        let Ok(compiled) = Module::new(&module.wasm, FEATURES) else {
            return Vec::new();
        };
        let functions = draft.funcs.iter().zip(compiled.functions()).enumerate();
        let flows = functions.filter_map(|(index, (func, compiled))| {
            Some((index, module::Flow::of(draft, func, compiled)?))
        });
        flows
            .flat_map(|(index, flow)| changes(index, &flow))
            .collect()
    })
}

/// Modules written anew: without custom sections, and each number as short as it can be.
fn rewritten(case: &Case) -> Vec<Change> {
    in_modules(case, |_, _, _| vec![module::change(|_| true)])
}

fn exports(case: &Case) -> Vec<Change> {
    in_modules(case, |index, _, draft| {
        entities::exports(draft, &names::needed(case, index))
    })
}

/// Shorter signatures, in the module and in the steps that call the function.
fn signatures(case: &Case) -> Vec<Change> {
    let mut changes = Vec::new();
    for (index, module) in case.modules.iter().enumerate().rev() {
        let Some(draft) = Draft::read(&module.wasm) else {
            continue;
        };
        for less in signature::candidates(&draft) {
            let exports = draft.exports.iter();
            let exports = exports
                .filter(|export| export.kind == ExternalKind::Func && export.index == less.func);
            let exports: Vec<String> = exports.map(|export| export.name.clone()).collect();
            changes.push(change(move |case| {
                shorten_calls(case, index, &exports, &less);
                in_module(case, index, |draft| {
                    let lost = draft.lose(&less);
                    draft.shake_types();
                    lost
                })
            }));
        }
    }
    changes
}

fn shorten_calls(case: &mut Case, index: usize, exports: &[String], less: &signature::Less) {
    let main = case.modules.len().saturating_sub(1);
    for step in &mut case.steps {
        if step.module.map_or(main, |module| module as usize) != index {
            continue;
        }
        if let StepAction::Call {
            export,
            args,
            expect,
        } = &mut step.action
            && exports.contains(export)
        {
            if less.params.end <= args.len() {
                args.drain(less.params.clone());
            }
            *expect = None;
        }
    }
}
