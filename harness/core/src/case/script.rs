//! One execution of a script.

mod assertions;
mod components;
mod modules;

pub(crate) use components::not_modelled;

use super::checks;
use super::imports::Registry;
use super::patterns::argument;
use super::written::written;
use super::{CaseOptions, Executed, Status};
use crate::fault::Layer;
use crate::lockstep::driver::{Ended, Expected, Verdict};
use crate::outcome::Outcome;
use crate::phases::{self, Phase};
use crate::progress::{self, Place};
use crate::rules::RuleId;
use crate::schedule::Schedule;
use crate::seen::Seen;
use crate::subject::adapter::{Adapter, Subject};
use crate::subject::answer::Invoked;
use crate::subject::{Settings, SubjectError};
use crate::wasi;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::component::Component;
use lockstep_oracles::module::Module;
use lockstep_oracles::store::Extern;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::value::Value;
use lockstep_spec_tests::script::{Action, Arg, Command, CommandKind, Pattern, Script};
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

/// A definition that can be instantiated.
#[derive(Clone)]
struct Definition {
    bytes: Arc<[u8]>,
    module: Arc<Module>,
}

/// One execution of a script.
pub(super) struct Run<'a, A: Adapter, T: Layer> {
    pub(super) subject: A::Subject<T>,
    pub(super) options: &'a CaseOptions,
    script: &'a Script,
    registry: Registry,
    pub(super) instances: HashMap<String, InstanceAddr>,
    current: Option<InstanceAddr>,
    /// Names, or that of the current instance, without an instance for a reason that is known: what comes
    /// of commands that need it.
    unmade: HashMap<Option<String>, Status>,
    /// Module definitions by name, and the last of them; or what comes of commands that need one that was not
    /// made.
    definitions: HashMap<Option<String>, Result<Definition, Status>>,
    /// The components so far, in order, each with its number in the subject; none for one that the subject was not
    /// given.
    components: Vec<Option<(u32, Arc<Component>)>>,
    /// Whether a component of the store has trapped.
    component_trapped: bool,
    outcome: Option<String>,
    /// Commands so far that are steps, not definitions.
    steps: u32,
    pub(super) executed: Executed,
    /// Whether the last call returned.
    pub(super) returned: bool,
}

/// Why a command has no verdict of its own.
enum Trouble {
    Status(Status),
    Subject(SubjectError),
    /// What the script expects is not what comes; the sentence says what is.
    NotMet(String),
}

impl From<SubjectError> for Trouble {
    fn from(error: SubjectError) -> Trouble {
        Trouble::Subject(error)
    }
}

/// What the script asks for is not what comes of it.
fn not_met(expected: impl Display, given: impl Display) -> Trouble {
    Trouble::NotMet(format!(
        "expectation not met: expected {expected}, given {given}"
    ))
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Trouble {
        Trouble::Status(status)
    }
}

type Step<R> = Result<R, Trouble>;

fn failed(message: impl Into<String>) -> Status {
    Status::Failed(message.into())
}

impl<'a, A: Adapter, T: Layer> Run<'a, A, T> {
    /// An execution that has not begun, in a store of its own.
    pub(super) fn new(
        script: &'a Script,
        options: &'a CaseOptions,
        schedule: &Schedule,
        factory: &Arc<A::Factory>,
        tamper: T,
    ) -> Result<Run<'a, A, T>, SubjectError> {
        let settings = Settings {
            features: script.features,
            ..options.settings
        };
        let mut subject = A::subject(factory.clone(), settings, schedule, tamper)?;
        let world = options.imports.host.wasi.as_ref();
        *subject.wasi() = world.map(|world| wasi::Host::new(world, options.settings.seed));
        let mut registry = Registry::default();
        if !options.imports.synthesise {
            registry.add_spectest(&mut subject, settings.supported())?;
            registry.add_dialect(&mut subject);
        }
        Ok(Run {
            subject,
            options,
            script,
            registry,
            instances: HashMap::new(),
            current: None,
            unmade: HashMap::new(),
            definitions: HashMap::new(),
            components: Vec::new(),
            component_trapped: false,
            outcome: None,
            steps: 0,
            executed: Executed::default(),
            returned: false,
        })
    }

    /// Executes the next command, or says why it is not executed: `cut` is the first that is not.
    pub(super) fn next(&mut self, cut: Option<usize>) {
        let index = self.executed.statuses.len();
        if self.is_cut_at().is_some_and(|cut| index >= cut) {
            return self.leave_out();
        }
        let command = &self.script.commands[index];
        let cut = cut.is_some_and(|cut| index >= cut);
        if self.passed_over(command, cut).is_none() {
            // What the debugger does ahead of a command belongs to it.
            self.tell(command);
        }
        if !command.kind.is_definition() {
            self.call(command);
            if self.subject.is_alive() {
                self.subject.before_step(self.steps);
            }
            self.steps += 1;
        }
        let status = match self.passed_over(command, cut) {
            Some(status) => status,
            None => self.judged(command),
        };
        if self.executed.cut.is_none() && !self.subject.is_alive() {
            self.executed.cut = Some(index);
        }
        if self.executed.exhausted.is_none() && self.subject.driver().was_exhausted() {
            self.executed.exhausted = Some(index);
        }
        self.executed.statuses.push(status);
        self.executed.fuel.push(self.subject.fuel_left());
        self.executed.outcomes.push(self.outcome.take());
    }

    /// What is left when every command was executed.
    pub(super) fn end(mut self) -> Executed {
        self.tell_end();
        self.check();
        let is_cut = self.is_cut_at().is_some();
        if !is_cut {
            if self.subject.is_alive() {
                // After the last, too, a debugger may do something.
                self.subject.before_step(self.steps);
            }
            self.subject.close();
        }
        let driver = self.subject.driver();
        self.executed.dared = driver.dared();
        self.executed.tally = std::mem::take(&mut driver.recorder.tally);
        self.executed.findings = std::mem::take(&mut driver.recorder.findings);
        if is_cut {
            // The process may end where a store does, and it is needed for no other case.
            std::mem::forget(self.subject);
            return self.executed;
        }
        let _phase = phases::enter(Phase::Subject);
        drop(self.subject);
        self.executed
    }

    /// Executes every command.
    pub(super) fn all(mut self, cut: Option<usize>) -> Executed {
        for _ in &self.script.commands {
            self.next(cut);
        }
        self.end()
    }

    /// Has reports name this command.
    fn call(&mut self, command: &Command) {
        let driver = self.subject.driver();
        let named = describe(command);
        driver.recorder.name_command(command.line, &named);
    }

    /// Says which command is about to be executed.
    fn tell(&mut self, command: &Command) {
        let execution = self.subject.driver().execution();
        progress::at(|| Place {
            execution,
            command: self.executed.statuses.len(),
            line: command.line,
            text: describe(command),
        });
    }

    /// Why a command is not executed, if it is not.
    fn passed_over(&mut self, command: &Command, cut: bool) -> Option<Status> {
        if let CommandKind::Unsupported { reason, .. } = &command.kind {
            return Some(Status::Unsupported(reason.clone()));
        }
        if cut {
            let why = "the instrumented execution ended before it";
            return Some(Status::NotRun(why.to_owned()));
        }
        let ended = self.subject.driver().ended.as_ref();
        ended.map(|ended| Status::NotRun(ended.to_string()))
    }

    /// Executes a command; its status, or why it has none.
    fn judged(&mut self, command: &Command) -> Status {
        self.call(command);
        if let Some(tracer) = &mut self.subject.driver().recorder.tracer {
            tracer.command(&describe(command));
        }
        let before = self.subject.driver().recorder.findings.noticed;
        let status = match self.command(command) {
            Ok(()) => Status::Passed,
            Err(Trouble::Status(status)) => status,
            Err(Trouble::Subject(error)) if error.is_of_exhaustion() => Status::Exhausted,
            Err(Trouble::Subject(error)) => Status::Failed(error.to_string()),
            // Both sides agree, or it would have been noticed: the script's mistake.
            Err(Trouble::NotMet(message)) if self.is_settled(before) => {
                return Status::Failed(format!(
                    "{message}; reference interpreter and subject agree"
                ));
            }
            Err(Trouble::NotMet(message)) => Status::Failed(message),
        };
        self.settle(status, before)
    }

    /// Whether nothing is left to say of a command whose expectation is not met: the execution goes on, and
    /// nothing diverged.
    fn is_settled(&mut self, before: u64) -> bool {
        let driver = self.subject.driver();
        self.options.script_may_err
            && driver.ended.is_none()
            && driver.changed_values().is_none()
            && driver.recorder.findings.noticed == before
    }

    /// A failed command with no divergence of its own is one: nothing fails in silence.
    fn settle(&mut self, status: Status, before: u64) -> Status {
        let driver = self.subject.driver();
        if let Some(ended @ (Ended::Known(_) | Ended::Dared(_))) = &driver.ended {
            return Status::NotRun(ended.to_string());
        }
        if let Some(
            Ended::EventLimit(_)
            | Ended::ValueLimit(_)
            | Ended::PointLimit(_)
            | Ended::OtherState
            | Ended::AdapterGoesOn
            | Ended::OracleLimit(_)
            | Ended::Wait(_)
            | Ended::UnseenNan,
        ) = driver.ended
            && let Some(ended) = driver.ended.clone()
        {
            return Status::Inconclusive(ended.to_string());
        }
        if let (Status::Failed(_), Some(known)) = (&status, driver.changed_values())
            && driver.recorder.findings.noticed == before
        {
            return checks::changed(known);
        }
        if let Status::Failed(message) = &status
            && driver.recorder.findings.noticed == before
        {
            let expected = "the command to succeed".to_owned();
            driver.report_end(RuleId::Assertion, expected, message.clone());
        }
        if matches!(status, Status::Passed | Status::Exhausted)
            && driver.recorder.findings.noticed > before
        {
            return failed("diverged, see the report");
        }
        status
    }

    fn command(&mut self, command: &Command) -> Step<()> {
        match &command.kind {
            CommandKind::Module { name, module } => {
                // If it fails, what follows has no instance, rather than an older one.
                self.forget(name.as_ref());
                let made = self.define(module);
                let made = made.and_then(|definition| self.instance(&definition));
                let instance = self.remembered(name.as_ref(), made)?;
                self.name(name.as_ref(), instance);
                Ok(())
            }
            CommandKind::Component { bytes } => self.component(bytes),
            CommandKind::Call {
                component,
                export,
                args,
            } => self.call_export(*component, export, args),
            CommandKind::ModuleDefinition { name, module } => {
                let made = self.define(module);
                let definition = match &made {
                    Ok(definition) => Ok(definition.clone()),
                    Err(Trouble::Status(Status::Unsupported(_))) => {
                        Err(Status::Unsupported(UNSUPPORTED.to_owned()))
                    }
                    Err(_) => Err(undefined()),
                };
                self.definitions.insert(None, definition.clone());
                self.definitions.insert(name.clone(), definition);
                made.map(drop)
            }
            CommandKind::ModuleInstance {
                instance,
                definition,
            } => {
                self.forget(instance.as_ref());
                let found = self.definitions.get(definition).cloned();
                let found = found.unwrap_or_else(|| Err(undefined()));
                let made = found.map_err(Trouble::from);
                let made = made.and_then(|definition| self.instance(&definition));
                let made = self.remembered(instance.as_ref(), made)?;
                self.name(instance.as_ref(), made);
                Ok(())
            }
            CommandKind::Register { as_name, instance } => {
                let found = self.found(instance.as_ref());
                if found.is_ok() || !self.options.imports.synthesise {
                    let exports = found.clone().map(|instance| self.exports(instance));
                    self.registry.register(as_name, exports);
                }
                Ok(found.map(drop)?)
            }
            CommandKind::Action(action) => self.plain_action(action),
            CommandKind::Write {
                instance,
                memory,
                offset,
                bytes,
            } => self.write(instance.as_ref(), memory, *offset, bytes),
            CommandKind::Set {
                instance,
                global,
                value,
            } => self.set(instance.as_ref(), global, *value),
            CommandKind::AssertReturn { action, expected } => self.assert_return(action, expected),
            CommandKind::AssertTrap { action, message } => self.assert_trap(action, message),
            CommandKind::AssertExhaustion { action, .. } => self.assert_exhaustion(action),
            CommandKind::AssertException { action, .. } => self.assert_exception(action),
            CommandKind::AssertUninstantiable { module, message } => {
                self.assert_uninstantiable(module, message)
            }
            CommandKind::AssertUnlinkable { module, .. } => self.assert_unlinkable(module),
            CommandKind::AssertMalformed { module, .. }
            | CommandKind::AssertInvalid { module, .. } => self.assert_rejected(module),
            CommandKind::Unsupported { reason, .. } => {
                Err(Status::Unsupported(reason.clone()).into())
            }
        }
    }

    fn plain_action(&mut self, action: &Action) -> Step<()> {
        let Performed::Invoked(invoked) = self.perform(action)? else {
            return Ok(());
        };
        match invoked.verdict {
            Verdict::Ended(Expected::Returned(_)) => Ok(()),
            Verdict::Ended(_) if self.options.actions_may_trap => Ok(()),
            verdict => Err(unmet(&verdict, &invoked.outcome, "a return")),
        }
    }

    fn write(
        &mut self,
        instance: Option<&String>,
        export: &str,
        offset: u64,
        bytes: &[u8],
    ) -> Step<()> {
        let instance = self.find(instance)?;
        let store = &self.subject.driver().following.machine.store;
        let Some(Extern::Memory(addr)) = store.instance(instance).export(export) else {
            return Err(not_possible(format!("no exported memory `{export}`")));
        };
        let written = self.subject.write_memory(addr, offset, bytes);
        written.map_err(|error| not_possible(error.to_string()))
    }

    fn set(&mut self, instance: Option<&String>, export: &str, value: Arg) -> Step<()> {
        let instance = self.find(instance)?;
        let store = &self.subject.driver().following.machine.store;
        let Some(Extern::Global(addr)) = store.instance(instance).export(export) else {
            return Err(not_possible(format!("no exported global `{export}`")));
        };
        let set = self.subject.set_global(addr, argument(value));
        set.map_err(|error| not_possible(error.to_string()))
    }

    fn perform(&mut self, action: &Action) -> Step<Performed> {
        match action {
            Action::Invoke {
                instance,
                export,
                args,
            } => {
                let instance = self.find(instance.as_ref())?;
                self.invoke(instance, export, args)
            }
            Action::Get { instance, export } => {
                let instance = self.find(instance.as_ref())?;
                let store = &self.subject.driver().following.machine.store;
                let Some(Extern::Global(addr)) = store.instance(instance).export(export) else {
                    return Err(
                        self.mistake(format!("a global `{export}`"), "no export of that kind")
                    );
                };
                let value = store.global(addr).value();
                let seen = self.subject.global(addr);
                Ok(Performed::Got(value, seen.unwrap_or(Seen::Unmodelled)))
            }
        }
    }

    fn invoke(&mut self, instance: InstanceAddr, export: &str, args: &[Arg]) -> Step<Performed> {
        let store = &self.subject.driver().following.machine.store;
        let Some(Extern::Func(func)) = store.instance(instance).export(export) else {
            return Err(self.mistake(format!("a function `{export}`"), "no export of that kind"));
        };
        let args: Vec<Value> = args.iter().map(|&arg| argument(arg)).collect();
        if let Err(error) = self.subject.driver().following.machine.accepts(func, &args) {
            return Err(self.mistake(format!("arguments of `{export}`"), error));
        }
        let invoked = self.subject.invoke(func, &args)?;
        self.outcome = Some(invoked.outcome.describe());
        self.returned = matches!(invoked.verdict, Verdict::Ended(Expected::Returned(_)));
        if invoked.tainted {
            let reason = "an earlier exhaustion left the two executions in different states";
            return Err(Status::Inconclusive(reason.to_owned()).into());
        }
        Ok(Performed::Invoked(invoked))
    }
}

/// A step that the module gives no way to take: it is not taken, in either execution.
fn not_possible(reason: String) -> Trouble {
    Trouble::Status(Status::NotRun(reason))
}

/// What comes of a command that needs a module which is unsupported.
const UNSUPPORTED: &str = "its module is unsupported";

/// What comes of an instance without a definition.
fn undefined() -> Status {
    Status::NotRun("its module definition was not made".to_owned())
}

enum Performed {
    Invoked(Invoked),
    Got(Value, Seen),
}

/// A call that ended otherwise than it is asked to. That the subject's end is the oracle's, or else a
/// divergence, was seen when it ended.
fn unmet(verdict: &Verdict, outcome: &Outcome, wanted: &str) -> Trouble {
    match verdict {
        Verdict::Exhausted => Status::Exhausted.into(),
        Verdict::Dropped => Status::Void("the debugger ended the call".to_owned()).into(),
        Verdict::Lost => failed("control diverged, see the report").into(),
        Verdict::Ended(expected) if expected.describe() == outcome.describe() => {
            not_met(wanted, outcome.describe())
        }
        Verdict::Ended(expected) => not_met(
            wanted,
            format!(
                "{} by the reference interpreter, {} by the subject",
                expected.describe(),
                outcome.describe()
            ),
        ),
    }
}

/// Values as they are written: `(i32:1, i64:2)`.
fn listed(values: &[Value]) -> String {
    let values: Vec<String> = values.iter().map(Value::to_string).collect();
    format!("({})", values.join(", "))
}

/// Patterns as a case file writes them.
fn written_patterns(patterns: &[Pattern]) -> String {
    let patterns: Vec<String> = patterns.iter().map(written).collect();
    format!("({})", patterns.join(", "))
}

/// Whether the script's message names this trap.
fn expect_message(trap: Trap, message: &str) -> Step<()> {
    if trap.is_named(message) {
        return Ok(());
    }
    let wanted = format!("the trap `{message}`");
    Err(not_met(wanted, format!("the trap `{trap}`")))
}

/// A command in a few words.
pub(crate) fn describe(command: &Command) -> String {
    let kind = command.kind.name();
    match &command.kind {
        CommandKind::Action(action) => describe_action(action),
        CommandKind::AssertReturn { action, .. }
        | CommandKind::AssertTrap { action, .. }
        | CommandKind::AssertExhaustion { action, .. }
        | CommandKind::AssertException { action } => format!("{kind} {}", describe_action(action)),
        CommandKind::Module {
            name: Some(name), ..
        } => format!("{kind} ${name}"),
        CommandKind::Call { export, args, .. } => format!("{export}({args})"),
        _ => kind.to_owned(),
    }
}

fn describe_action(action: &Action) -> String {
    match action {
        Action::Get { export, .. } => format!("get {export}"),
        Action::Invoke { export, args, .. } => {
            let args: Vec<String> = args.iter().map(|&arg| argument(arg).to_string()).collect();
            format!("{export}({})", args.join(", "))
        }
    }
}
