//! What a reproducer does, as the templates have it: the case in the words of one version of the engine.

use super::look::{Kind, Look};
use super::{NoReproducer, components, edits, expected, settings};
use lockstep_core::case::{Case, Step, StepAction, Stub};
use lockstep_core::causes::Cause;
use lockstep_core::check::FEATURES;
use lockstep_core::configuration::Epochs;
use lockstep_core::divergence::{Divergence, Execution};
use lockstep_core::version::Version;
use lockstep_oracles::module::{ExternType, Module};
use lockstep_spec_tests::script::{Arg, NullOf};
use serde::Serialize;
use std::sync::Arc;

/// What versions spell differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Spelling {
    /// Frames are handles, not a cursor.
    handles: bool,
    /// A PC is a `ModulePC`.
    module_pc: bool,
    /// A collection may fail.
    collection_fails: bool,
}

impl Spelling {
    fn of(version: Version) -> Spelling {
        Spelling {
            handles: version.release() >= 43,
            module_pc: version.release() >= 44,
            collection_fails: version.release() >= 46,
        }
    }
}

/// What a reproducer does.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Recipe {
    pub(super) title: String,
    /// The version, by its number.
    pub(super) version: String,
    spelling: Spelling,
    /// Statements about `config`.
    settings: Vec<String>,
    /// Statements about `store`.
    store_settings: Vec<String>,
    pub(super) modules: Vec<ModuleText>,
    /// Whether modules are linked: they import from the host or from one another.
    links: bool,
    reenter: Option<Reenter>,
    /// Other host functions that call an export.
    calls: Vec<Reenter>,
    /// Whether there is a debugger: none where the program alone goes wrong.
    pub(super) debugs: bool,
    /// Calls of the editing session before anything runs.
    pub(super) edits: Vec<String>,
    steps: Vec<StepText>,
    pub(super) look: Look,
    /// Whether `Breakpoint` events are counted.
    counts: bool,
    /// Whether a function of its own looks.
    looks: bool,
    /// Whether the handler asks which event it is.
    uses_event: bool,
    /// Whether the handler changes the store.
    handler_mut: bool,
    /// Whether what was seen is kept in the store.
    keeps: bool,
    /// Whether each event advances the epoch.
    epochs: bool,
    /// Whether the heap is limited.
    heap: bool,
}

/// A module as text.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ModuleText {
    name: String,
    constant: String,
    variable: String,
    /// The variable of its instance; none if nobody asks for it.
    instance: Option<String>,
    pub(super) text: String,
    /// The marks of its raw string.
    hashes: String,
    imports: bool,
    /// Whether its instantiation is the last thing that is done, and may fail.
    may_fail: bool,
}

impl ModuleText {
    /// The only text of a recipe, that of a module or a component.
    fn only(what: &str, text: &str) -> ModuleText {
        ModuleText {
            name: "main".to_owned(),
            constant: what.to_uppercase(),
            variable: what.to_owned(),
            instance: None,
            text: text.to_owned(),
            hashes: marks(text),
            imports: false,
            may_fail: true,
        }
    }
}

/// A call.
#[derive(Clone, Debug, Serialize)]
struct StepText {
    instance: String,
    export: String,
    args: Vec<String>,
    results: usize,
}

/// A host function that calls an export.
#[derive(Clone, Debug, Serialize)]
struct Reenter {
    module: String,
    name: String,
    export: String,
}

/// The case as a reproducer for one version.
///
/// # Errors
///
/// Where no generic reproducer is known, with the reason.
pub(super) fn of(
    case: &Case,
    cause: Option<Cause>,
    found: Option<&Divergence>,
    look: Look,
    version: Version,
) -> Result<Recipe, NoReproducer> {
    match (look.kind, cause) {
        (Kind::Refused, _) => return Ok(refused(look, version)),
        (Kind::Component, Some(cause)) => {
            return component(look, cause, version).ok_or(NoReproducer::Modules);
        }
        _ => {}
    }
    let look = look.spelled(version);
    let modules = decoded(case)?;
    let steps = &case.steps[..steps_until(case, found, &look)];
    let (reenter, calls) = reenter(case, &look)?;
    let texts = module_texts(case, &modules, steps)?;
    let configuration = &case.configuration;
    let heap = configuration.gc_heap.bytes();
    let debugs = found.is_none_or(|found| found.execution == Execution::Instrumented);
    Ok(Recipe {
        title: String::new(),
        version: version.number(),
        spelling: Spelling::of(version),
        settings: settings::of(configuration, &texts, version)?,
        store_settings: settings::of_store(configuration),
        links: texts.len() > 1 || texts.iter().any(|module| module.imports),
        reenter,
        calls,
        debugs,
        edits: match debugs {
            true => edits::of(case, &modules, cause, version)?,
            false => Vec::new(),
        },
        steps: steps
            .iter()
            .map(|step| step_text(step, &texts, &modules))
            .collect::<Result<_, _>>()?,
        counts: look.counts(),
        looks: look.is_at_a_frame(),
        uses_event: look.uses_event(),
        handler_mut: look.uses_event() && look.kind != Kind::Panic,
        keeps: look.keeps(),
        epochs: configuration.epochs != Epochs::Off,
        heap: heap.is_some(),
        modules: texts,
        look,
    })
}

impl Recipe {
    /// The same under a title.
    pub(super) fn titled(self, title: String) -> Recipe {
        Recipe { title, ..self }
    }

    /// The calls, in words.
    pub(super) fn calls(&self) -> Vec<String> {
        let calls = self.steps.iter();
        calls
            .map(|step| format!("{}({})", step.export, step.args.join(", ")))
            .collect()
    }
}

/// A module that names a heap type of a proposal that is off: no case can hold it.
const INVALID: &str = "(module (func unreachable ref.test contref drop))";

/// Only compiles a module that must be refused.
fn refused(look: Look, version: Version) -> Recipe {
    let settings = [
        "config.wasm_function_references(true);",
        "config.wasm_gc(true);",
    ];
    Recipe {
        debugs: true,
        ..bare(
            look,
            version,
            &settings,
            ModuleText::only("module", INVALID),
        )
    }
}

/// Calls a component's export; without a debugger where both executions go wrong.
fn component(look: Look, cause: Cause, version: Version) -> Option<Recipe> {
    let text = components::text(cause)?;
    let settings = ["config.wasm_exceptions(true);"];
    Some(Recipe {
        debugs: look.quantity == components::EVENTS,
        steps: vec![StepText {
            instance: "instance".to_owned(),
            export: components::EXPORT.to_owned(),
            args: Vec::new(),
            results: 1,
        }],
        ..bare(
            look,
            version,
            &settings,
            ModuleText::only("component", text),
        )
    })
}

/// A text that no case can hold, and nothing else.
fn bare(look: Look, version: Version, settings: &[&str], text: ModuleText) -> Recipe {
    Recipe {
        title: String::new(),
        version: version.number(),
        spelling: Spelling::of(version),
        settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
        store_settings: Vec::new(),
        modules: vec![text],
        links: false,
        reenter: None,
        calls: Vec::new(),
        debugs: false,
        edits: Vec::new(),
        steps: Vec::new(),
        look,
        counts: false,
        looks: false,
        uses_event: false,
        handler_mut: false,
        keeps: false,
        epochs: false,
        heap: false,
    }
}

fn decoded(case: &Case) -> Result<Vec<Arc<Module>>, NoReproducer> {
    let modules = case.modules.iter();
    let modules = modules.map(|module| Module::new(&module.wasm, FEATURES));
    let modules: Result<Vec<_>, _> = modules.collect();
    modules.map_err(|_| NoReproducer::Modules)
}

/// How many steps come until the moment that is looked at.
fn steps_until(case: &Case, found: Option<&Divergence>, look: &Look) -> usize {
    if look.kind == Kind::Positions {
        return 0;
    }
    let at_a_moment = look.is_at_a_frame() || look.kind == Kind::Ending;
    let line = found.filter(|_| at_a_moment && !look.dies).map(|found| {
        let line = found
            .command
            .strip_prefix("line ")
            .and_then(|rest| rest.split(':').next());
        line.and_then(|line| line.parse::<usize>().ok())
            .unwrap_or(0)
    });
    line.unwrap_or(case.steps.len()).min(case.steps.len())
}

fn module_texts(
    case: &Case,
    modules: &[Arc<Module>],
    steps: &[Step],
) -> Result<Vec<ModuleText>, NoReproducer> {
    let last = modules.len().saturating_sub(1);
    let only = modules.len() == 1;
    let numbered = case.modules.iter().zip(modules).enumerate();
    let texts = numbered.map(|(number, (module, decoded))| {
        let text = plain_text(&module.wasm).ok_or(NoReproducer::Modules)?;
        let used = number < last
            || steps
                .iter()
                .any(|step| step.module.map_or(last, |module| module as usize) == number);
        let name = |what: &str| match only {
            true => what.to_owned(),
            false => format!("{what}{number}"),
        };
        let provided = |import: &str| {
            case.modules[..number]
                .iter()
                .any(|other| other.name == import)
        };
        Ok(ModuleText {
            constant: name("MODULE").to_uppercase(),
            variable: name("module"),
            instance: used.then(|| name("instance")),
            hashes: marks(&text),
            imports: decoded
                .imports()
                .iter()
                .any(|import| !provided(&import.module)),
            may_fail: number == last && steps.is_empty(),
            name: module.name.clone(),
            text,
        })
    });
    texts.collect()
}

/// A module as text of ASCII that makes the same code, each at the same PC.
fn plain_text(wasm: &[u8]) -> Option<String> {
    let printed = wasmprinter::print_bytes(wasm).ok()?;
    let text: String = printed.chars().fold(String::new(), |mut text, c| {
        match c {
            '\n' | ' '..='~' => text.push(c),
            c => text.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        }
        text
    });
    let made =
        lockstep_core::check::UserModule::new(String::new(), text.clone().into_bytes()).ok()?;
    let mine = Module::new(wasm, FEATURES).ok()?;
    let pcs = |module: &Module| -> Vec<_> {
        module
            .functions()
            .iter()
            .map(|function| function.pcs.clone())
            .collect()
    };
    (pcs(&made.module) == pcs(&mine)).then(|| text.trim_end().to_owned())
}

/// As many marks as a raw string needs.
fn marks(text: &str) -> String {
    let mut marks = "#".to_owned();
    while text.contains(&format!("\"{marks}")) {
        marks.push('#');
    }
    marks
}

fn step_text(
    step: &Step,
    texts: &[ModuleText],
    modules: &[Arc<Module>],
) -> Result<StepText, NoReproducer> {
    let StepAction::Call { export, args, .. } = &step.action else {
        return Err(NoReproducer::Steps);
    };
    let number = step
        .module
        .map_or(texts.len() - 1, |module| module as usize);
    let (text, module) = texts
        .get(number)
        .zip(modules.get(number))
        .ok_or(NoReproducer::Steps)?;
    let function = module.export(export);
    let function = function.ok_or(NoReproducer::Steps)?;
    let ty = module.func_type(lockstep_oracles::address::FuncIndex(function.index));
    let args: Option<Vec<String>> = args.iter().map(|&arg| argument(arg)).collect();
    Ok(StepText {
        instance: text.instance.clone().unwrap_or_default(),
        export: export.clone(),
        args: args.ok_or(NoReproducer::Steps)?,
        results: ty.results.len(),
    })
}

/// A value as an expression; none for what the engine's API has no short one for.
fn argument(arg: Arg) -> Option<String> {
    Some(match arg {
        Arg::I32(bits) => format!("Val::I32({})", bits.cast_signed()),
        Arg::I64(bits) => format!("Val::I64({})", bits.cast_signed()),
        Arg::F32(bits) => format!("Val::F32({bits:#x})"),
        Arg::F64(bits) => format!("Val::F64({bits:#x})"),
        Arg::V128(bits) => format!("Val::V128(V128::from({bits:#x}))"),
        Arg::RefExtern(number) => {
            format!("Val::ExternRef(Some(ExternRef::new(&mut store, {number}u32)?))")
        }
        Arg::RefNull(of) => match of {
            NullOf::Func | NullOf::NoFunc => "Val::FuncRef(None)",
            NullOf::Extern | NullOf::NoExtern => "Val::ExternRef(None)",
            NullOf::Any | NullOf::None => "Val::AnyRef(None)",
            NullOf::Exn | NullOf::NoExn => "Val::ExnRef(None)",
        }
        .to_owned(),
        Arg::RefHost(_) => return None,
    })
}

/// The host function that calls an export, where frames are counted in it, and those that do where the results
/// are looked at. No other stub has a reproducer, but one that only returns.
fn reenter(case: &Case, look: &Look) -> Result<(Option<Reenter>, Vec<Reenter>), NoReproducer> {
    let mut found = Vec::new();
    for (name, stub) in &case.host.functions {
        match stub {
            Stub::Seeded | Stub::Constant(_) => {}
            Stub::Call(export) if look.kind == Kind::Result || is_in_host(look) => {
                let (module, name) = name.split_once('.').ok_or(NoReproducer::HostFunctions)?;
                let empty = |module: &Module| {
                    module.imports().iter().all(|import| match &import.ty {
                        ExternType::Func(ty) => ty.params.is_empty() && ty.results.is_empty(),
                        _ => false,
                    })
                };
                if !empty(&*expected::main_module(case)?) {
                    return Err(NoReproducer::HostFunctions);
                }
                found.push(Reenter {
                    module: module.to_owned(),
                    name: name.to_owned(),
                    export: export.clone(),
                });
            }
            _ => return Err(NoReproducer::HostFunctions),
        }
    }
    if case.host.wasi.is_some() || is_in_host(look) && found.len() > 1 {
        return Err(NoReproducer::HostFunctions);
    }
    if !case.host.memories.is_empty() || !case.host.globals.is_empty() {
        return Err(NoReproducer::HostImports);
    }
    Ok(match is_in_host(look) {
        true => (found.pop(), Vec::new()),
        false => (None, found),
    })
}

/// Whether a host function looks, and no handler.
fn is_in_host(look: &Look) -> bool {
    look.kind == Kind::Frames && !look.uses_event()
}
