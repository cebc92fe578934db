//! Generated cases: a value made of any bytes, or of a seed and a number.
//!
//! Here cases are made, never run or judged.

mod actions;
mod component;
mod configuration;
mod exports;
mod features;
mod fuel;
mod host;
mod hosted;
mod link;
mod locals;
mod matrix;
mod mutate;
mod rewrite;
mod schedule;
mod seed;
mod shape;
mod smith;
mod steps;
mod weights;

pub use features::{FEATURES, Proposals};
pub use fuel::FUEL;
pub use seed::{bytes, daring, from_bytes, from_seed, with_proposals, with_settings};

use crate::case::value::MAX_EVENTS;
use crate::case::{Case, CaseModule, Step, StepAction};
use crate::configuration::{Collector, Configuration, Nans, Setting, Target};
use crate::lockstep::policy::FramePolicy;
use crate::schedule::action::list_items::ListItems;
use crate::schedule::action::{Act, Action};
use crate::schedule::{Schedule, When};
use crate::version::Version;
use arbitrary::{Arbitrary, Result, Unstructured};
use link::Sight;
use locals::Locals;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::module::{Export, ExternKind, ExternType, Import, Module};
use lockstep_spec_tests::script::Arg;
use rewrite::RewriteError;
use schedule::Scene;
use std::collections::BTreeSet;
use std::sync::Arc;
use weights::{Row, below, between, chance, pick};

/// Makes a module's binary, of what these features allow.
type Generator = fn(&mut Unstructured<'_>, WasmFeatures) -> Result<Vec<u8>>;

/// The generators of modules. The first is taken when the data is used up.
static GENERATORS: &[Row<Generator>] = &[
    Row {
        name: "smith",
        weight: 30,
        what: smith::module,
    },
    Row {
        name: "shape",
        weight: 40,
        what: shape::module,
    },
    Row {
        name: "matrix",
        weight: 15,
        what: matrix::module,
    },
    Row {
        name: "mutate",
        weight: 15,
        what: mutate::module,
    },
    Row {
        name: ENDS,
        weight: 10,
        what: shape::ending,
    },
    Row {
        name: EXHAUST,
        weight: 2,
        what: shape::exhausting,
    },
    Row {
        name: KEEP,
        weight: 10,
        what: shape::keeping,
    },
];

/// Name of what makes modules that end in every way.
const ENDS: &str = "ends";

/// Name of what makes modules that use up the stack or the heap.
const EXHAUST: &str = "exhaust";

/// Name of what makes modules that keep each object in one place.
const KEEP: &str = "keep";

/// Name of what makes components.
const COMPONENT: &str = "component";

/// Steps of a case with a module that uses something up, at most.
const EXHAUSTING_STEPS: usize = 8;

/// Bytes of the data that decide everything but the module, at most.
const DECISIONS: usize = 1024;

/// Name of the first of two instances of a module of which the second imports a function from it.
const FIRST: &str = "first";
/// What the names of modules begin with that have nothing to do with the others.
const BYSTANDER: &str = "bystander";

/// Name of the module that the host calls.
const MAIN: &str = "main";

/// Names of further instances of it.
const AGAIN: [&str; 2] = ["again", "thrice"];

/// The first offset that takes more than two bytes.
const FAR: usize = 1 << 16;
/// The same, as some are further.
const FURTHER: usize = 1 << 18;

/// The module of a case that no generator could make one for: it exports a function that returns.
const PLAIN: &[u8] =
    b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\x04\x01\x02\0\x0b";

/// Name of what makes [`PLAIN`].
const PLAIN_NAME: &str = "plain";

/// Names of the generators.
pub fn generators() -> impl Iterator<Item = &'static str> {
    let rows = GENERATORS.iter().map(|row| row.name);
    rows.chain([COMPONENT, PLAIN_NAME])
}

/// What a generator makes, for people.
pub fn about(generator: &str) -> &'static str {
    match generator {
        "smith" => "Any valid module of the proposals in use, by wasm-smith",
        "shape" => "Programs made for debuggers: deep stacks, nested control, calls",
        "matrix" => "Batches of opcodes, each with operands at their boundaries",
        "mutate" => "Modules of the official suite, changed by wasm-mutate",
        ENDS => "Programs that end in every way, within what the host calls, at every depth",
        EXHAUST => "Programs that use up the stack or the heap",
        KEEP => "Programs that keep each object in one place while others are made",
        COMPONENT => "Components that call each other with values of every type",
        PLAIN_NAME => "The smallest module, where no other could be made",
        _ => "",
    }
}

/// Which generator made the main module of a generated case, by the case's name.
pub fn generator_of(name: &str) -> Option<&'static str> {
    let mut parts = name.split('/');
    let generator = (parts.next() == Some("generated")).then(|| parts.next())??;
    generators().find(|known| *known == generator)
}

impl<'a> Arbitrary<'a> for Case {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Case> {
        case(u, Proposals::default(), &[])
    }
}

/// Draws a case from all the data that is left. Any data makes one. The case has these settings, whatever is
/// drawn.
///
/// The first quarter of the data, but no more than it takes, decides what is done with the module;
/// the rest makes the module. So neither leaves nothing for the other.
///
/// # Errors
///
/// None in practice; the signature is that of [`Arbitrary::arbitrary`].
pub fn case(u: &mut Unstructured<'_>, proposals: Proposals, settings: &[Setting]) -> Result<Case> {
    let all = u.peek_bytes(u.len()).unwrap_or_default();
    if component::is_drawn(all)
        && let Some(case) = component::case(&mut Unstructured::new(all), proposals, settings)?
    {
        return Ok(case);
    }
    let decisions = u.bytes(DECISIONS.min(u.len() / 4))?;
    let mut decisions = Unstructured::new(decisions);
    let data = u.bytes(u.len())?;
    let u = &mut decisions;
    let mut configuration = configuration::configuration(u)?;
    let set = |configuration: &mut Configuration| {
        settings
            .iter()
            .for_each(|&setting| configuration.set(setting));
    };
    // The module must be one that can be run so.
    set(&mut configuration);
    let frames = if chance(u, 1, 6)? {
        FramePolicy::All
    } else {
        FramePolicy::Sampled
    };
    // Events change floats and vectors there (`PULLEY-VECTORS`): some cases are without any.
    let integers = configuration.target == Target::Pulley64 && chance(u, 1, 3)?;
    let mut left_out = configuration::lacking(&configuration);
    if integers {
        left_out |= features::FLOATS_AND_VECTORS;
    }
    let drawn = draw_module(u, data, proposals, left_out)?;
    let drawn = match chance(u, 1, 32)? {
        true => far(u, drawn)?,
        false => drawn,
    };
    let second = match chance(u, 1, 8)? {
        true => from_itself(&drawn),
        false => None,
    };
    let twice = second.is_some();
    let drawn = second.unwrap_or(drawn);
    match drawn.generator {
        EXHAUST => configuration::make_exhaustible(&mut configuration),
        KEEP => configuration::make_collectable(u, &mut configuration)?,
        _ => {}
    }
    let fuel = between(u, 16, 128)?;
    let manners = match drawn.generator {
        ENDS => host::CALLING,
        KEEP => host::KEEPING,
        _ => host::MANNERS,
    };
    let mut host = host::host(u, &drawn.module, manners)?;
    configuration::follow(&mut configuration, host.seed);
    let mut steps = steps::steps(u, &drawn.module, fuel)?;
    if drawn.generator == EXHAUST {
        // Each that uses something up takes a while.
        steps.truncate(EXHAUSTING_STEPS);
    }
    let mut modules: Vec<Linked> = Vec::new();
    if chance(u, 1, 16)? {
        for number in 0..between(u, 3, 5)? {
            // Nothing of it is drawn: the data is the others'.
            let call = StepAction::Call {
                export: link::GO.to_owned(),
                args: vec![Arg::I32(number)],
                expect: None,
            };
            let step = Step {
                module: Some(number),
                action: call,
            };
            steps.insert(0, step);
            modules.push(bystander(number)?);
        }
    }
    // No host makes tags.
    let must = tags(&drawn.module).next().is_some();
    let sight = match chance(u, 1, 3)? {
        true => Sight::Function,
        false => Sight::Global,
    };
    if (chance(u, 1, 4)? || must)
        && let Some(provider) = linked(&drawn.module, sight)
    {
        match sight {
            Sight::Function if chance(u, 1, 2)? => modules.push(innermost()?),
            Sight::Function => host::add_sight(u, &mut host, &drawn.module, manners)?,
            Sight::Global => {}
        }
        // The same PCs in both, where the provider's code can be moved so far.
        let provider = if chance(u, 1, 2)? {
            moved(&provider, &drawn.wasm).unwrap_or(provider)
        } else {
            provider
        };
        let mut others = steps_of(u, &provider, modules.len(), fuel)?;
        others.truncate(below(u, 3)? as usize);
        steps.splice(..0, others);
        modules.push(provider);
    }
    if twice {
        let first = (FIRST.to_owned(), drawn.wasm.clone(), drawn.module.clone());
        let mut others = steps_of(u, &first, modules.len(), fuel)?;
        others.truncate(between(u, 1, 3)? as usize);
        steps.splice(..0, others);
        modules.push(first);
    }
    let position = modules.len();
    modules.push((MAIN.to_owned(), drawn.wasm, drawn.module));
    let scene = Scene {
        modules: &modules,
        steps: steps.len() as u32,
    };
    let mut schedule = schedule::schedule(u, &scene)?;
    if drawn.generator == EXHAUST && chance(u, 1, 2)? {
        // Between two events nobody can tell which of many places with one stack the program is at.
        schedule.sessions = Schedule::default().sessions;
        schedule.cycle = None;
    }
    if drawn.generator == KEEP {
        schedule::collect_often(u, &mut schedule)?;
    }
    configuration.nans = configuration::nans(u, &schedule)?;
    if chance(u, 1, 8)? {
        // The same module once or twice more in the store; breakpoints are those of all instances.
        let more = if chance(u, 1, 3)? { 2 } else { 1 };
        for (position, name) in (position..).zip(&AGAIN[..more]) {
            let (_, wasm, module) = modules[position].clone();
            let again = (name.to_string(), wasm, module);
            let mut others = steps_of(u, &again, position, fuel)?;
            if drawn.generator == EXHAUST {
                others.truncate(EXHAUSTING_STEPS);
            }
            let middle = steps.len() / 2;
            steps.splice(middle..middle, others);
            modules.insert(position, again);
        }
    }
    let has_tags = |(_, _, module): &Linked| module.num_tags() > 0;
    let throws = modules.iter().any(has_tags);
    schedule.actions = actions::actions(u, steps.len() as u32, throws)?;
    if drawn.generator == KEEP {
        // Nor does the debugger throw.
        let replaces = |act: &Act| matches!(act.action, Action::ReplaceException(_));
        schedule.actions.retain(|act| !replaces(act));
    }
    if drawn.generator == KEEP && chance(u, 1, 4)? {
        // What the host puts into a place is there when it is nowhere else any more.
        schedule
            .actions
            .extend(actions::copies(u, steps.len() as u32)?);
    }
    if modules.len() > 2 && chance(u, 1, 2)? {
        // A list of two may be right by chance.
        schedule.actions.push(actions::list(u, steps.len() as u32)?);
    }
    if modules.iter().any(|(name, ..)| name.starts_with(BYSTANDER)) {
        schedule.actions.push(Act {
            when: When::Step(steps.len() as u32),
            action: Action::ListItems(ListItems),
        });
    }
    if chance(u, 1, 12)? {
        // What the first has left in a pool is there for the second.
        for _ in 0..between(u, 1, 2)? {
            let visit = actions::visit(u, steps.len() as u32)?;
            schedule.actions.push(visit);
        }
    }
    if !schedule.steps_throughout() {
        // What no event shows is not followed.
        configuration.nans = Nans::Canonical;
    }
    set(&mut configuration);
    let modules = modules.into_iter();
    Ok(Case {
        name: format!("generated/{}", drawn.generator),
        modules: modules
            .map(|(name, wasm, _)| CaseModule { name, wasm })
            .collect(),
        steps,
        checks: Vec::new(),
        host,
        configuration,
        schedule,
        frames,
        max_events: MAX_EVENTS,
    })
}

/// Gives the case a configuration that the subject has: a collector that it lacks is replaced with the
/// default. So a seed and a number stand for one case on each version, and most of it is the same on
/// all.
pub fn fit(case: &mut Case, subject: Version) {
    let collectors = subject.conventions().collectors;
    if !collectors.contains(&case.configuration.collector) {
        case.configuration.collector = Collector::default();
    }
}

/// A module of a case: its name, its binary, and what the binary says.
type Linked = (String, Arc<[u8]>, Arc<Module>);

/// Steps of the module that is at this position of the case.
fn steps_of(
    u: &mut Unstructured<'_>,
    (_, _, module): &Linked,
    position: usize,
    fuel: u32,
) -> Result<Vec<Step>> {
    let mut steps = steps::steps(u, module, fuel)?;
    for step in &mut steps {
        step.module = Some(position as u32);
    }
    Ok(steps)
}

/// A module that has nothing to do with the others of its case: so that there are many in the store.
fn bystander(number: u32) -> Result<Linked> {
    let wasm = link::bystander(number);
    let module = Module::new(&wasm, FEATURES).map_err(|_| arbitrary::Error::IncorrectFormat)?;
    Ok((format!("{BYSTANDER}{number}"), wasm.into(), module))
}

/// The module that a provider of a [`Sight::Function`] imports from.
fn innermost() -> Result<Linked> {
    let wasm = link::innermost();
    let module = Module::new(&wasm, FEATURES).map_err(|_| arbitrary::Error::IncorrectFormat)?;
    Ok((link::SEEN_IN.to_owned(), wasm.into(), module))
}

/// A module that provides functions and tags to this one. It has no name that another module of a case may have.
fn linked(module: &Module, sight: Sight) -> Option<Linked> {
    let imports = module.imports().iter();
    let functions = imports.filter(|import| matches!(import.ty, ExternType::Func(_)));
    let is_taken = |name: &str| {
        let others = [FIRST, MAIN, link::SEEN_IN];
        others.contains(&name) || AGAIN.contains(&name) || name.starts_with(BYSTANDER)
    };
    let mut wanted = tags(module).chain(functions);
    let name = &wanted.find(|import| !is_taken(&import.module))?.module;
    let wasm = link::provider(module, name, sight)?;
    let provider = Module::new(&wasm, FEATURES).ok()?;
    Some((name.clone(), wasm.into(), provider))
}

/// The module that imports one of its functions from an instance of itself, if there is one: two instances of
/// one module then wait for each other.
fn from_itself(drawn: &Drawn) -> Option<Drawn> {
    let made = link::from_itself(&drawn.wasm, &drawn.module, FIRST)?;
    let made = drawn.rewritten(made)?;
    can_run(&made.wasm, &made.module).then_some(made)
}

/// The provider with its code at the PCs of another module's, if that is further behind.
fn moved((name, wasm, _): &Linked, other: &[u8]) -> Option<Linked> {
    let wasm = link::move_code(wasm, other)?;
    let provider = Module::new(&wasm, FEATURES).ok()?;
    Some((name.clone(), wasm.into(), provider))
}

/// The module with PCs that take more than two bytes, from its first opcode or one that comes soon.
fn far(u: &mut Unstructured<'_>, drawn: Drawn) -> Result<Drawn> {
    let bound = if chance(u, 1, 3)? { FURTHER } else { FAR };
    let target = bound - below(u, 256)? as usize;
    let moved = link::move_code_to(&drawn.wasm, target);
    let moved = moved.and_then(|wasm| drawn.rewritten(wasm));
    Ok(moved.unwrap_or(drawn))
}

/// The tags that a module imports.
fn tags(module: &Module) -> impl Iterator<Item = &Import> {
    let imports = module.imports().iter();
    imports.filter(|import| matches!(import.ty, ExternType::Tag(_)))
}

/// Whether the harness can run a module: there is something to call, and its imports can be provided;
/// tags by one linked module.
fn can_run(wasm: &[u8], module: &Module) -> bool {
    let tags_from: BTreeSet<&str> = tags(module).map(|tag| tag.module.as_str()).collect();
    module.exports().iter().any(is_function)
        && hosted::can_provide(wasm)
        && (tags_from.is_empty() || tags_from.len() == 1 && linked(module, Sight::Global).is_some())
}

/// A valid module and where it is from.
struct Drawn {
    generator: &'static str,
    wasm: Arc<[u8]>,
    module: Arc<Module>,
}

impl Drawn {
    /// The same module written anew; none if it is not valid.
    fn rewritten(&self, wasm: Vec<u8>) -> Option<Drawn> {
        Some(Drawn {
            generator: self.generator,
            module: Module::new(&wasm, FEATURES).ok()?,
            wasm: wasm.into(),
        })
    }
}

/// Draws a generator and what it may use, but for what is left out, and has it make a module of the data; if
/// the module is not valid or cannot be run, the next generator does.
fn draw_module(
    u: &mut Unstructured<'_>,
    data: &[u8],
    proposals: Proposals,
    left_out: WasmFeatures,
) -> Result<Drawn> {
    let first = pick(u, GENERATORS)?.name;
    let position = GENERATORS.iter().position(|row| row.name == first);
    let mut features = features::draw(u, proposals)?;
    // Without objects only the stack can be used up, and nothing is kept.
    if first == KEEP || first == EXHAUST && chance(u, 1, 2)? {
        features |= proposals.features() & (WasmFeatures::GC | WasmFeatures::FUNCTION_REFERENCES);
    }
    features.remove(left_out);
    let private = chance(u, 1, 2)?;
    let locals = if chance(u, 1, 2)? {
        Locals::AsTheyAre
    } else {
        Locals::WithNull
    };
    let turns = GENERATORS.iter().cycle().skip(position.unwrap_or(0));
    for row in turns.take(GENERATORS.len()) {
        if let Ok(wasm) = (row.what)(&mut Unstructured::new(data), features)
            && let Ok(wasm) = locals::give_nulls(wasm, locals)
            && let Ok(wasm) = with_exports(wasm, private)
            && let Ok(module) = Module::new(&wasm, features)
            && can_run(&wasm, &module)
        {
            return Ok(Drawn {
                generator: row.name,
                wasm: wasm.into(),
                module,
            });
        }
    }
    let module = Module::new(PLAIN, FEATURES);
    Ok(Drawn {
        generator: PLAIN_NAME,
        wasm: PLAIN.into(),
        module: module.map_err(|_| arbitrary::Error::IncorrectFormat)?,
    })
}

fn with_exports(wasm: Vec<u8>, private: bool) -> std::result::Result<Vec<u8>, RewriteError> {
    if private {
        exports::hide_entities(wasm)
    } else {
        Ok(wasm)
    }
}

fn is_function(export: &Export) -> bool {
    export.kind == ExternKind::Func
}

#[cfg(test)]
mod tests;
