//! A report as its template has it.

use super::look::{Kind, Look};
use super::quotes::{self, Quote};
use super::recipe::Recipe;
use super::render;
use super::{Attempt, Made, Topic, components};
use lockstep_core::causes::Cause;
use lockstep_core::divergence::Divergence;
use lockstep_core::report::{counted, shown};
use lockstep_core::rules::RuleId;
use serde::Serialize;

#[derive(Serialize)]
struct Document<'a> {
    title: &'a str,
    versions: Vec<VersionRow>,
    expected: &'a str,
    observed: String,
    ledger: Option<String>,
    quote: Option<Quote>,
    rules: Vec<RuleText>,
    cause: Option<CauseText>,
    modules: Vec<ModuleText>,
    deeds: Vec<String>,
    configuration: String,
    /// Whether there is a debugger.
    debugs: bool,
    state: Vec<StateText>,
    seen_on: String,
    place: String,
    seen_expected: &'a str,
    seen_observed: &'a str,
    listing: &'a str,
    folder: String,
    status: String,
    program: Option<String>,
    program_version: String,
    manifest: String,
    replay: Option<String>,
}

#[derive(Serialize)]
struct VersionRow {
    version: String,
    word: &'static str,
    detail: String,
}

#[derive(Serialize)]
struct RuleText {
    id: &'static str,
    promise: &'static str,
    strength: &'static str,
    source: &'static str,
}

#[derive(Serialize)]
struct CauseText {
    id: &'static str,
    text: String,
}

#[derive(Serialize)]
struct ModuleText {
    text: String,
}

#[derive(Serialize)]
struct StateText {
    what: String,
    expected: String,
    observed: String,
    differs: bool,
}

/// The report about something, from what was made for each version.
///
/// # Errors
///
/// When the template cannot be filled in.
pub(super) fn text(
    topic: &Topic,
    attempts: &[Attempt],
    replay: Option<String>,
) -> anyhow::Result<String> {
    let best = best(attempts);
    let made = best.and_then(|attempt| attempt.made.as_ref().ok());
    let found = best.and_then(|attempt| attempt.found.as_ref());
    let rules = rules(topic.cause, found);
    let document = Document {
        title: &title(topic, attempts),
        versions: attempts.iter().map(version_row).collect(),
        expected: made.map_or_else(
            || found.map_or("see below", |found| &found.expected),
            |made| &made.recipe.look.expected,
        ),
        observed: made.map_or_else(String::new, Made::seen),
        ledger: topic.cause.map(|cause| cause.row().versions()),
        quote: quotes::of(topic.cause, rules.first().copied()),
        rules: rules.iter().map(|&rule| rule_text(rule)).collect(),
        cause: topic.cause.map(|cause| CauseText {
            id: cause.id(),
            text: cause.row().explained(),
        }),
        modules: modules(topic, made),
        deeds: made.map_or_else(Vec::new, |made| deeds(&made.recipe)),
        configuration: topic
            .case_of(best)
            .map_or_else(String::new, |corpus| corpus.case.configuration.to_string()),
        debugs: made.is_none_or(|made| made.recipe.debugs),
        state: found.map_or_else(Vec::new, state),
        seen_on: best.map_or_else(String::new, |attempt| attempt.version.name()),
        place: found.map_or_else(String::new, place),
        seen_expected: found.map_or("", |found| &found.expected),
        seen_observed: found.map_or("", |found| &found.observed),
        listing: found
            .and_then(|found| found.site.as_ref())
            .map_or("", |site| &site.listing),
        folder: made.map_or_else(String::new, |made| made.folder.clone()),
        status: status(attempts),
        program: made.map(|made| fence(&made.program)),
        program_version: made.map_or_else(String::new, |made| made.recipe.version.clone()),
        manifest: made.map_or_else(String::new, |made| made.manifest.clone()),
        replay,
    };
    // A job may print the whole: no command of a CI is in it.
    render::render(render::REPORT, document).map(|text| shown::lines(&text))
}

/// A program as a block of code: it holds nothing but ASCII.
fn fence(program: &str) -> String {
    let longest = program.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let marks = "`".repeat(longest.max(2) + 1);
    format!("{marks}rust\n{}\n{marks}", program.trim_end())
}

/// The newest version whose reproducer fails, else one that has a reproducer, else any.
fn best(attempts: &[Attempt]) -> Option<&Attempt> {
    let fails = |attempt: &&Attempt| attempt.made.as_ref().is_ok_and(|made| made.verdict.fails());
    let newest = attempts.iter().rev();
    newest
        .clone()
        .find(fails)
        .or_else(|| newest.clone().find(|attempt| attempt.made.is_ok()))
        .or_else(|| newest.clone().next())
}

/// What a maintainer reads first.
pub(super) fn title(topic: &Topic, attempts: &[Attempt]) -> String {
    let best = best(attempts);
    let made = best.and_then(|attempt| attempt.made.as_ref().ok());
    let found = best.and_then(|attempt| attempt.found.as_ref());
    let what = match (made, found) {
        (Some(made), _) if made.verdict.fails() && made.recipe.look.dies => {
            format!("{}, expected: {}", made.seen(), made.recipe.look.expected)
        }
        (Some(made), _) if made.verdict.fails() => {
            format!("{} instead of {}", made.seen(), made.recipe.look.expected)
        }
        (_, Some(found)) => format!("{} instead of {}", found.observed, found.expected),
        (Some(made), None) => format!("not {}", made.recipe.look.expected),
        (None, None) => "a difference".to_owned(),
    };
    let what = what.lines().next().unwrap_or_default();
    let area = match made.is_none_or(|made| made.recipe.debugs) {
        true => "guest_debug",
        false => "wasmtime",
    };
    format!("{area}: {what} ({})", topic.name)
}

fn version_row(attempt: &Attempt) -> VersionRow {
    let (word, detail) = match &attempt.made {
        Ok(made) => made.words(),
        Err(reason) => ("none", reason.to_string()),
    };
    VersionRow {
        version: attempt.version.number(),
        word,
        detail,
    }
}

/// The rules of the cause, or the rule of the divergence; the one that was seen first.
fn rules(cause: Option<Cause>, found: Option<&Divergence>) -> Vec<RuleId> {
    let seen = found.map(|found| found.rule);
    let of_cause = cause.map_or(&[][..], |cause| cause.row().rules);
    let mut rules: Vec<RuleId> = seen
        .filter(|rule| of_cause.is_empty() || of_cause.contains(rule))
        .into_iter()
        .collect();
    if rules.is_empty() {
        // Of many the first says most.
        rules.extend(of_cause.first());
    }
    rules
}

fn rule_text(rule: RuleId) -> RuleText {
    let row = rule.rule();
    RuleText {
        id: row.id,
        promise: row.promise,
        strength: row.strength.name(),
        source: row.source,
    }
}

fn modules(topic: &Topic, made: Option<&Made>) -> Vec<ModuleText> {
    if let Some(made) = made {
        let modules = made.recipe.modules.iter();
        return modules
            .map(|module| ModuleText {
                text: module.text.clone(),
            })
            .collect();
    }
    let modules = topic.case_of(None).into_iter();
    let modules = modules.flat_map(|corpus| &corpus.case.modules);
    let texts = modules.filter_map(|module| wasmprinter::print_bytes(&module.wasm).ok());
    texts.map(|text| ModuleText { text }).collect()
}

fn state(found: &Divergence) -> Vec<StateText> {
    let rows = found.state.iter();
    rows.map(|row| StateText {
        what: row.what.clone(),
        expected: row.expected.clone(),
        observed: row.observed.clone(),
        differs: row.differs(),
    })
    .collect()
}

fn place(found: &Divergence) -> String {
    format!(
        "{}, after {}",
        found.moment.name(),
        counted(found.event, "event")
    )
}

/// What the debugger does, in words.
fn deeds(recipe: &Recipe) -> Vec<String> {
    let mut deeds = Vec::new();
    match recipe.edits.len() {
        _ if !recipe.debugs => {
            deeds.push(
                "There is none: `guest_debug` is off, and the program alone goes wrong.".to_owned(),
            );
        }
        0 if recipe.look.quantity == components::EVENTS => deeds.push(
            "Sets a handler for debug events, makes the instance, and switches single-step on."
                .to_owned(),
        ),
        0 => deeds.push("Sets a handler for debug events, and no breakpoint.".to_owned()),
        1..=6 => {
            let edits: Vec<String> = recipe
                .edits
                .iter()
                .map(|edit| format!("`{edit}`"))
                .collect();
            deeds.push(format!("Before anything runs: {}.", edits.join(", ")));
        }
        many => {
            let edits = counted(many as u64, "edit");
            deeds.push(format!("Makes {edits} before anything runs."));
        }
    }
    let calls = recipe.calls();
    if !calls.is_empty() {
        let calls: Vec<String> = calls
            .iter()
            .map(|call| crate::markdown::code(call))
            .collect();
        deeds.push(format!("Calls {}.", calls.join(", then ")));
    }
    deeds.push(deed(&recipe.look));
    deeds
}

/// What is looked at, in words.
fn deed(look: &Look) -> String {
    let frame = match look.frame() {
        0 => "the innermost frame".to_owned(),
        n => format!("frame {n} (0 is the innermost)"),
    };
    let what = match look.kind {
        Kind::Pc => format!("asks {frame} for its PC"),
        Kind::Function => format!("asks {frame} for its function"),
        Kind::Operands | Kind::OperandsAtMost => {
            format!("asks {frame} for the depth of its operand stack")
        }
        Kind::OperandType => format!("asks {frame} for the type of an operand"),
        Kind::Operand => format!("reads an operand of {frame}"),
        Kind::Local => format!("reads a local of {frame}"),
        Kind::Frames => "counts the frames of all activations".to_owned(),
        Kind::Walk => "reads every frame".to_owned(),
        Kind::Stacks => "asks every frame for its instance and its function".to_owned(),
        Kind::Collect => "collects garbage".to_owned(),
        Kind::Take => "takes the exception that was thrown".to_owned(),
        Kind::Pending => {
            let export = crate::markdown::code(look.nested.as_deref().unwrap_or_default());
            format!("calls {export}, and asks whether the exception is pending behind it")
        }
        Kind::Panic => "panics".to_owned(),
        Kind::Ending | Kind::HostError => "waits for the event that ends the call".to_owned(),
        Kind::Events => "counts the `Breakpoint` events".to_owned(),
        Kind::Listed => "asks the store for its breakpoints".to_owned(),
        Kind::Result if look.replaces => {
            "puts an equal exception in the place of the one that was thrown, and collects garbage; \
             the program's results are compared"
                .to_owned()
        }
        Kind::Result if look.collects => {
            "collects garbage; the program's results are compared".to_owned()
        }
        Kind::Result => "does nothing else; the program's results are compared".to_owned(),
        Kind::Survive => "does nothing else".to_owned(),
        Kind::Refused => "only compiles the module".to_owned(),
        Kind::Held => {
            format!("keeps the handle of {frame}, and asks after the calls whether it is valid")
        }
        Kind::Dropped => {
            "drops the first call, and counts the `Breakpoint` events that come after it".to_owned()
        }
        Kind::Component if look.quantity == components::EVENTS => "adds a breakpoint at the second event, where the loop's first opcode is, and switches single-step \
             off there; the events of the call are counted"
            .to_owned(),
        Kind::Component => "does nothing else; how the component's call ends is looked at".to_owned(),
        Kind::Positions => "asks every instance that the store lists for its index".to_owned(),
    };
    match look.moment() {
        Some(moment) => format!("At {moment} it {what}."),
        None => format!("It {what}."),
    }
}

/// Whether there is a reproducer, and what was done with it.
fn status(attempts: &[Attempt]) -> String {
    let failed: Vec<String> = attempts
        .iter()
        .filter(|attempt| attempt.made.as_ref().is_ok_and(|made| made.verdict.fails()))
        .map(|attempt| attempt.version.number())
        .collect();
    if !failed.is_empty() {
        return format!(
            "Compiled against the published crate, run, and seen to fail, on {}.",
            failed.join(", ")
        );
    }
    match attempts
        .iter()
        .find_map(|attempt| attempt.made.as_ref().ok())
    {
        Some(made) => format!("**Not to be trusted**: {}.", made.words().1),
        None => "There is no reproducer; the table says why.".to_owned(),
    }
}
