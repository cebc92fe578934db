//! A case as a value: everything one run depends on. Same case, same verdict, on any machine.

use crate::check::load;
use crate::configuration::Configuration;
use crate::hosting::MemoryWrite;
use crate::lockstep::policy::FramePolicy;
use crate::schedule::Schedule;
use crate::wasi::World;
use lockstep_spec_tests::script::{Arg, Pattern};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything one run depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its name in reports.
    pub name: String,
    /// Its modules, in the order in which they are instantiated: a later one can import from an
    /// earlier one by name. The last is the main module. Or its components, none of which knows another.
    pub modules: Vec<CaseModule>,
    /// What is done with them, in order.
    pub steps: Vec<Step>,
    /// What must be when they are done.
    pub checks: Vec<Check>,
    /// How the host behaves.
    pub host: Host,
    /// The subject's configuration.
    pub configuration: Configuration,
    /// What the debugger does.
    pub schedule: Schedule,
    /// Which frames are compared.
    pub frames: FramePolicy,
    /// Events after which the case is inconclusive.
    pub max_events: u64,
}

/// A module of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseModule {
    /// Under which name later modules import from it.
    pub name: String,
    /// The binary.
    pub wasm: Arc<[u8]>,
}

impl CaseModule {
    /// Whether it is a component.
    pub fn is_component(&self) -> bool {
        load::is_component(&self.wasm)
    }
}

/// One step of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The module whose exports are meant, by position; none is the main module.
    pub module: Option<u32>,
    /// What is done.
    pub action: StepAction,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum StepAction {
    /// Calls an exported function.
    Call {
        /// The export.
        export: String,
        /// Its arguments.
        args: Vec<Arg>,
        /// How it must end, if the case says so; oracle and subject must agree in any case.
        expect: Option<Expect>,
    },
    /// Calls an exported function of a component.
    Invoke {
        /// The export; of an exported instance `instance#function`.
        export: String,
        /// Its arguments, as component values are written, with a comma between two.
        args: String,
    },
    /// Writes bytes into an exported memory, from the host.
    Write {
        /// The export.
        memory: String,
        /// Where to, in bytes.
        offset: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// Sets an exported, mutable global from the host.
    Set {
        /// The export.
        global: String,
        /// Its new value.
        value: Arg,
    },
}

/// How a call must end.
#[derive(Clone, Debug, PartialEq)]
pub enum Expect {
    /// It returns values that match.
    Returns(Vec<Pattern>),
    /// It traps with this message of the official suite, for example `integer divide by zero`.
    Traps(String),
}

/// The host's side of a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Host {
    /// Seed of what is not said below.
    pub seed: u64,
    /// Functions by `module.name`; one that is not named here is seeded.
    pub functions: BTreeMap<String, Stub>,
    /// Memories by `module.name`; one that is not named here is as its import asks for, zeroed.
    pub memories: BTreeMap<String, HostMemory>,
    /// Tables by `module.name`; one that is not named here is as its import asks for, all null.
    pub tables: BTreeMap<String, HostTable>,
    /// Globals by `module.name`; one that is not named here is seeded.
    pub globals: BTreeMap<String, Arg>,
    /// What a program for WASI finds. Without it, functions of WASI are as any other.
    pub wasi: Option<World>,
}

/// What an imported function does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stub {
    /// Returns values that follow from seed, number of the call and result types.
    Seeded,
    /// Returns these values.
    Constant(Vec<Arg>),
    /// Fails with a host error, which the guest sees as a trap.
    Fail,
    /// Fails with a trap of the engine's own, which one follows from the number of the call.
    Trap,
    /// The same, but the trap is wrapped in an error of the host's.
    WrappedTrap,
    /// Calls an export of the newest instance that has it, with zeros and nulls, then returns seeded
    /// values.
    Call(String),
    /// The same, but an exception that the call does not catch goes on to the caller.
    Through(String),
    /// The same, but what the call ends with goes on to the caller, be it an exception, a trap or the
    /// error of a host function: the very error that the call gave.
    Relay(String),
    /// Throws an exception of an exported tag of the newest instance that has it, with seeded values.
    Throw(String),
    /// Does in each call what is said of that; in the last one and all that follow, what is said last.
    Calls(Vec<StubCall>),
}

/// What an imported function does in one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StubCall {
    /// What it writes into a memory first.
    pub writes: Vec<MemoryWrite>,
    /// What it returns; seeded values if that is not said.
    pub returns: Option<Vec<Arg>>,
}

/// What must be when a case's steps are done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// The program has written this to standard output.
    Stdout(Vec<u8>),
    /// The program has written this to standard error.
    Stderr(Vec<u8>),
    /// The program has ended with this code: by `proc_exit`, or with 0 where its last call returned.
    Exit(u32),
    /// An exported memory holds this.
    Memory {
        /// The module whose export it is, by position; none is the main module.
        module: Option<u32>,
        /// The export.
        memory: String,
        /// Where, in bytes.
        offset: u64,
        /// What.
        content: Content,
    },
}

/// What a part of a memory holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// These bytes.
    Bytes(Vec<u8>),
    /// Bytes of this SHA-256 hash.
    Sha256 {
        /// How many.
        length: u64,
        /// The hash.
        digest: [u8; 32],
    },
}

impl Content {
    /// How many bytes that is.
    pub fn length(&self) -> u64 {
        match self {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Sha256 { length, .. } => *length,
        }
    }
}

/// An imported memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostMemory {
    /// Pages at first.
    pub pages: u64,
    /// Pages at most.
    pub maximum: Option<u64>,
    /// Bytes it holds at first, by offset; elsewhere zero.
    pub data: BTreeMap<u64, Vec<u8>>,
}

/// An imported table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostTable {
    /// Elements at first, all null.
    pub elements: u64,
    /// Elements at most.
    pub maximum: Option<u64>,
}

/// Events after which a generated case is inconclusive.
pub const MAX_EVENTS: u64 = 100_000;

impl Case {
    /// A case of one module under single-step, without steps.
    pub fn of_module(name: impl Into<String>, wasm: impl Into<Arc<[u8]>>) -> Case {
        Case {
            name: name.into(),
            modules: vec![CaseModule {
                name: "main".to_owned(),
                wasm: wasm.into(),
            }],
            steps: Vec::new(),
            checks: Vec::new(),
            host: Host::default(),
            configuration: Configuration::default(),
            schedule: Schedule::default(),
            frames: FramePolicy::Sampled,
            max_events: MAX_EVENTS,
        }
    }

    /// Whether it has components. It then has no core modules.
    pub fn is_of_components(&self) -> bool {
        self.modules.iter().any(CaseModule::is_component)
    }

    /// The main module's binary; empty if the case has no module.
    pub fn main_module(&self) -> &[u8] {
        self.modules.last().map_or(&[], |module| &module.wasm)
    }
}
