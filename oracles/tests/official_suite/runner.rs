//! Runs one script on one machine, with the `spectest` host module. It never shares a machine
//! between scripts.

use crate::report::Outcome;
use crate::spectest::spectest;
use crate::values::{matches, value};
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::address::{FuncAddr, InstanceAddr};
use lockstep_oracles::limits::Limits;
use lockstep_oracles::machine::{InstantiateError, Machine, NoSequencePoint, Stop};
use lockstep_oracles::module::{Module, ModuleError, ModuleErrorKind};
use lockstep_oracles::opcode::Opcode;
use lockstep_oracles::store::Extern;
use lockstep_oracles::trap::Trap;
use lockstep_oracles::value::Value;
use lockstep_spec_tests::{Action, CommandKind, ModuleSource, Pattern};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Deep enough for every call that the suite expects to return, and quickly exhausted.
const LIMITS: Limits = Limits {
    call_depth: 10_000,
    stack_cells: 1 << 22,
    memory_bytes: 1 << 32,
    table_elements: 10_000_000,
    heap_cells: 1 << 24,
};

/// Why an action has no results.
enum Failure {
    Trap(Trap),
    Exhausted,
    /// An exception that nothing caught.
    Exception,
    /// Anything that no script expects.
    Other(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Trap(trap) => write!(f, "trap: {trap}"),
            Failure::Exhausted => f.write_str("exhausted"),
            Failure::Exception => f.write_str("uncaught exception"),
            Failure::Other(why) => f.write_str(why),
        }
    }
}

/// Why a module has no instance.
enum Rejection {
    Module(ModuleError),
    Link(String),
    Ended(Failure),
    Other(String),
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Rejection::Module(e) => write!(f, "{:?}: {e}", e.kind),
            Rejection::Link(why) | Rejection::Other(why) => f.write_str(why),
            Rejection::Ended(failure) => failure.fmt(f),
        }
    }
}

pub(crate) struct Runner {
    features: WasmFeatures,
    machine: Machine,
    spectest: HashMap<&'static str, Extern>,
    current: Option<InstanceAddr>,
    instances: HashMap<String, InstanceAddr>,
    registered: HashMap<String, InstanceAddr>,
    definitions: HashMap<Option<String>, Arc<Module>>,
    /// Which opcodes raised which traps.
    pub(crate) raised: HashSet<(Opcode, Trap)>,
}

impl Runner {
    pub(crate) fn new(features: WasmFeatures) -> Runner {
        let mut machine = Machine::new(LIMITS);
        let spectest = spectest(&mut machine);
        Runner {
            features,
            machine,
            spectest,
            current: None,
            instances: HashMap::new(),
            registered: HashMap::new(),
            definitions: HashMap::new(),
            raised: HashSet::new(),
        }
    }

    pub(crate) fn run(&mut self, command: &CommandKind) -> Outcome {
        let result = match command {
            CommandKind::Module { name, module } => self.define_and_instantiate(name, module),
            CommandKind::ModuleDefinition { name, module } => self.define(name, module),
            CommandKind::ModuleInstance {
                instance,
                definition,
            } => self.instantiate_definition(instance, definition),
            CommandKind::Component { .. } | CommandKind::Call { .. } => {
                Err("no official script has it in this form".to_owned())
            }
            CommandKind::Register { as_name, instance } => self.register(as_name, instance),
            CommandKind::Action(action) => self.act(action).map(|_| ()).map_err(|e| e.to_string()),
            CommandKind::AssertReturn { action, expected } => self.assert_return(action, expected),
            CommandKind::AssertTrap { action, message } => match self.act(action) {
                Err(Failure::Trap(trap)) => same_trap(trap, message),
                Err(other) => Err(format!("trap expected ({message}): {other}")),
                Ok(values) => Err(format!("trap expected ({message}), returned {values:?}")),
            },
            CommandKind::AssertExhaustion { action, message } => match self.act(action) {
                Err(Failure::Exhausted) if message == "call stack exhausted" => Ok(()),
                Err(other) => Err(format!("exhaustion expected ({message}): {other}")),
                Ok(values) => Err(format!("exhaustion expected, returned {values:?}")),
            },
            CommandKind::AssertUninstantiable { module, message } => {
                match self.load(module).and_then(|m| self.instantiate(&m)) {
                    Err(Rejection::Ended(Failure::Trap(trap))) => same_trap(trap, message),
                    Err(other) => Err(format!("trap expected ({message}): {other}")),
                    Ok(_) => Err(format!("trap expected ({message}), instantiated")),
                }
            }
            CommandKind::AssertUnlinkable { module, message } => {
                match self.load(module).and_then(|m| self.instantiate(&m)) {
                    Err(Rejection::Link(why)) if same_message(&why, message) => Ok(()),
                    Err(other) => Err(format!("link error expected ({message}): {other}")),
                    Ok(_) => Err(format!("link error expected ({message}), instantiated")),
                }
            }
            CommandKind::AssertMalformed {
                module: ModuleSource::BadText { .. },
                ..
            }
            | CommandKind::AssertInvalid {
                module: ModuleSource::BadText { .. },
                ..
            } => return Outcome::PassedByText,
            CommandKind::AssertMalformed { module, message } => {
                self.assert_rejected(module, message, &[ModuleErrorKind::Malformed])
            }
            CommandKind::AssertInvalid { module, message } => {
                // What does not even decode is not valid either.
                let kinds = [ModuleErrorKind::Invalid, ModuleErrorKind::Malformed];
                self.assert_rejected(module, message, &kinds)
            }
            CommandKind::AssertException { action } => match self.act(action) {
                Err(Failure::Exception) => Ok(()),
                Err(other) => Err(format!("exception expected: {other}")),
                Ok(values) => Err(format!("exception expected, returned {values:?}")),
            },
            CommandKind::Write { .. } | CommandKind::Set { .. } => {
                return Outcome::Skipped("the official format has no such command".to_owned());
            }
            CommandKind::Unsupported { directive, reason } => {
                return Outcome::Skipped(format!("{directive}: {reason}"));
            }
        };
        match result {
            Ok(()) => Outcome::Passed,
            Err(why) => Outcome::Failed(why),
        }
    }

    fn define_and_instantiate(
        &mut self,
        name: &Option<String>,
        module: &ModuleSource,
    ) -> Result<(), String> {
        let instance = self
            .load(module)
            .and_then(|m| self.instantiate(&m))
            .map_err(|e| e.to_string())?;
        self.set_current(name, instance);
        Ok(())
    }

    fn define(&mut self, name: &Option<String>, module: &ModuleSource) -> Result<(), String> {
        let module = self.load(module).map_err(|e| e.to_string())?;
        self.definitions.insert(name.clone(), Arc::clone(&module));
        self.definitions.insert(None, module);
        Ok(())
    }

    fn instantiate_definition(
        &mut self,
        name: &Option<String>,
        definition: &Option<String>,
    ) -> Result<(), String> {
        let module = self
            .definitions
            .get(definition)
            .cloned()
            .ok_or("no such definition")?;
        let instance = self.instantiate(&module).map_err(|e| e.to_string())?;
        self.set_current(name, instance);
        Ok(())
    }

    fn register(&mut self, as_name: &str, instance: &Option<String>) -> Result<(), String> {
        let instance = self.instance(instance)?;
        self.registered.insert(as_name.to_owned(), instance);
        Ok(())
    }

    fn set_current(&mut self, name: &Option<String>, instance: InstanceAddr) {
        self.current = Some(instance);
        if let Some(name) = name {
            self.instances.insert(name.clone(), instance);
        }
    }

    fn instance(&self, name: &Option<String>) -> Result<InstanceAddr, String> {
        match name {
            None => self.current.ok_or_else(|| "no current instance".to_owned()),
            Some(name) => self
                .instances
                .get(name)
                .copied()
                .ok_or_else(|| format!("no instance ${name}")),
        }
    }

    fn load(&self, module: &ModuleSource) -> Result<Arc<Module>, Rejection> {
        match module {
            ModuleSource::Binary(bytes) => {
                Module::new(bytes, self.features).map_err(Rejection::Module)
            }
            ModuleSource::BadText { error } => Err(Rejection::Other(error.clone())),
        }
    }

    /// Links, instantiates and runs the start function.
    fn instantiate(&mut self, module: &Arc<Module>) -> Result<InstanceAddr, Rejection> {
        let imports = module
            .imports()
            .iter()
            .map(|import| {
                self.resolve(&import.module, &import.name)
                    .ok_or_else(|| Rejection::Link("unknown import".to_owned()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let addr = self
            .machine
            .instantiate(module, &imports)
            .map_err(|e| match e {
                InstantiateError::Link { message, .. } => Rejection::Link(message),
                InstantiateError::Trap(trap) => Rejection::Ended(Failure::Trap(trap)),
                InstantiateError::Limit(why) => Rejection::Other(why),
            })?;
        if let Some(start) = module.start() {
            let start = self.machine.store.instance(addr).funcs[start.index()];
            self.call(start, &[]).map_err(Rejection::Ended)?;
        }
        Ok(addr)
    }

    fn resolve(&self, module: &str, name: &str) -> Option<Extern> {
        if let Some(instance) = self.registered.get(module) {
            return self.machine.store.instance(*instance).export(name);
        }
        match module {
            "spectest" => self.spectest.get(name).copied(),
            _ => None,
        }
    }

    fn act(&mut self, action: &Action) -> Result<Vec<Value>, Failure> {
        let (Action::Invoke {
            instance, export, ..
        }
        | Action::Get { instance, export }) = action;
        let instance = self.instance(instance).map_err(Failure::Other)?;
        let target = self.machine.store.instance(instance).export(export);
        match (action, target) {
            (Action::Get { .. }, Some(Extern::Global(global))) => {
                Ok(vec![self.machine.store.global(global).value()])
            }
            (Action::Invoke { args, .. }, Some(Extern::Func(func))) => {
                let args: Vec<Value> = args.iter().map(|&arg| value(arg)).collect();
                self.call(func, &args)
            }
            _ => Err(Failure::Other(format!("no such export \"{export}\""))),
        }
    }

    fn call(&mut self, func: FuncAddr, args: &[Value]) -> Result<Vec<Value>, Failure> {
        self.machine
            .invoke(func, args)
            .map_err(|e| Failure::Other(e.to_string()))?;
        loop {
            let failure = match self.machine.run(&NoSequencePoint) {
                Stop::Return => return Ok(self.machine.results().to_vec()),
                Stop::HostCall(_) => match self.machine.host_return(&[]) {
                    Ok(()) => continue,
                    Err(e) => Failure::Other(e.to_string()),
                },
                Stop::Throw { caught: true, .. } => continue,
                Stop::Throw { .. } => Failure::Exception,
                Stop::Trap(trap) => {
                    self.check_facts(trap);
                    Failure::Trap(trap)
                }
                Stop::Exhausted(_) => Failure::Exhausted,
                Stop::SequencePoint => Failure::Other("unselected sequence point".to_owned()),
            };
            self.machine.unwind();
            return Err(failure);
        }
    }

    /// The opcode table knows of the trap, and computing its reasons finds it.
    fn check_facts(&mut self, trap: Trap) {
        let op = self.machine.current_op().expect("an opcode trapped");
        assert!(
            op.traps().contains(&trap),
            "{} cannot trap: {trap}",
            op.name()
        );
        self.raised.insert((op, trap));
        for &other in op.traps() {
            let also = self.machine.has_reason(trap, other);
            assert!(
                also || other != trap,
                "{}: {trap} without a reason",
                op.name()
            );
        }
    }

    fn assert_return(&mut self, action: &Action, expected: &[Pattern]) -> Result<(), String> {
        let values = self.act(action).map_err(|e| e.to_string())?;
        let same = values.len() == expected.len()
            && values
                .iter()
                .zip(expected)
                .all(|(v, p)| matches(&self.machine.store, *v, p));
        if same {
            Ok(())
        } else {
            let values: Vec<_> = values.iter().map(Value::to_string).collect();
            Err(format!("expected {expected:?}, returned {values:?}"))
        }
    }

    fn assert_rejected(
        &self,
        module: &ModuleSource,
        message: &str,
        kinds: &[ModuleErrorKind],
    ) -> Result<(), String> {
        match self.load(module) {
            Err(Rejection::Module(e)) if kinds.contains(&e.kind) => Ok(()),
            Err(other) => Err(format!("{kinds:?} expected ({message}): {other}")),
            Ok(_) => Err(format!("{kinds:?} expected ({message}), accepted")),
        }
    }
}

fn same_trap(trap: Trap, message: &str) -> Result<(), String> {
    if same_message(trap.message(), message) {
        Ok(())
    } else {
        Err(format!("trap expected: {message}; trapped: {trap}"))
    }
}

/// The suite's messages and ours may each be more detailed than the other.
fn same_message(ours: &str, theirs: &str) -> bool {
    ours.starts_with(theirs) || theirs.starts_with(ours)
}
