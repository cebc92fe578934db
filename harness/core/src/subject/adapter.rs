//! What every version's adapter can do.
//!
//! An adapter is chosen by type: what happens at an event is compiled for each version.

use super::answer::{Instantiated, Invoked};
use super::{Settings, SubjectError};
use crate::divergence::Execution;
use crate::fault::Layer;
use crate::hosting::HostFunction;
use crate::lockstep::driver::Driver;
use crate::lockstep::probes::LateModule;
use crate::outcome::Outcome;
use crate::schedule::Schedule;
use crate::seen::Seen;
use crate::wasi;
use lockstep_oracles::address::{FuncAddr, GlobalAddr, MemAddr, TableAddr, TagAddr};
use lockstep_oracles::component::{Component, Val};
use lockstep_oracles::module::Module;
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::{Ref, Value};
use lockstep_oracles::{GlobalType, MemoryType, TableType};
use std::sync::Arc;

/// An import that the host provides: its types are then those that the module names.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The module's binary.
    pub bytes: &'a Arc<[u8]>,
    /// The module.
    pub module: &'a Arc<Module>,
    /// Which of its imports, from 0.
    pub import: usize,
}

/// The adapter of one version.
pub trait Adapter: 'static {
    /// An engine with what it has compiled: what the stores of one execution share.
    type Factory: Send + Sync;
    /// One execution of one case.
    type Subject<T: Layer>: Subject;

    /// An engine for one execution.
    ///
    /// # Errors
    ///
    /// When the engine refuses the configuration; the message is its own.
    fn factory(
        execution: Execution,
        settings: &Settings,
    ) -> Result<Arc<Self::Factory>, SubjectError>;

    /// A fresh store for one execution.
    ///
    /// # Errors
    ///
    /// When the engine refuses its configuration.
    fn subject<T: Layer>(
        factory: Arc<Self::Factory>,
        settings: Settings,
        schedule: &Schedule,
        tamper: T,
    ) -> Result<Self::Subject<T>, SubjectError>;

    /// Turns single-step on in a store that knows no module, then instantiates one and calls it.
    ///
    /// # Errors
    ///
    /// When the engine refuses anything of this.
    fn late_module() -> Result<LateModule, SubjectError>;
}

/// One execution of one case: the engine's store and, beside it, the oracle.
pub trait Subject {
    /// The schedule's sessions before a step of the case.
    fn before_step(&mut self, step: u32);

    /// What is left to check when a case has ended.
    fn close(&mut self);

    /// The driver: what was compared and found.
    fn driver(&mut self) -> &mut Driver;

    /// Whether the case can go on.
    fn is_alive(&mut self) -> bool;

    /// Makes a host function in both: for an import, of its type.
    fn add_host_func(&mut self, function: HostFunction, wanted: Option<Wanted<'_>>) -> FuncAddr;

    /// Makes a tag of the host's in both.
    ///
    /// # Errors
    ///
    /// When the engine cannot make it.
    fn add_tag(&mut self, wanted: Wanted<'_>) -> Result<TagAddr, SubjectError>;

    /// Makes a memory of the host's in both.
    ///
    /// # Errors
    ///
    /// When the engine cannot make it.
    fn add_memory(&mut self, ty: MemoryType) -> Result<MemAddr, SubjectError>;

    /// Makes a table of the host's in both, filled with `fill`: for an import, of its element type.
    ///
    /// # Errors
    ///
    /// When the engine cannot make it.
    fn add_table(
        &mut self,
        ty: TableType,
        fill: Ref,
        wanted: Option<Wanted<'_>>,
    ) -> Result<TableAddr, SubjectError>;

    /// Makes a global of the host's in both: for an import, of its type.
    ///
    /// # Errors
    ///
    /// When the engine cannot make it.
    fn add_global(
        &mut self,
        ty: GlobalType,
        value: Value,
        wanted: Option<Wanted<'_>>,
    ) -> Result<GlobalAddr, SubjectError>;

    /// Writes into a memory of both, from the host.
    ///
    /// # Errors
    ///
    /// When the bytes do not fit; nothing has been written then.
    fn write_memory(
        &mut self,
        addr: MemAddr,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), SubjectError>;

    /// Sets a global of both, from the host.
    ///
    /// # Errors
    ///
    /// When it is not mutable, or the value of another type.
    fn set_global(&mut self, addr: GlobalAddr, value: Value) -> Result<(), SubjectError>;

    /// A part of a memory, as the subject has it; none if it is not all inside, or there is no handle.
    fn memory_part(&mut self, addr: MemAddr, offset: u64, length: u64) -> Option<Vec<u8>>;

    /// The host of programs for WASI, if the case has one.
    fn wasi(&mut self) -> &mut Option<wasi::Host>;

    /// What is left of the fuel, where it is counted.
    fn fuel_left(&mut self) -> Option<u64>;

    /// The value of an exported global, as the subject has it.
    fn global(&mut self, addr: GlobalAddr) -> Option<Seen>;

    /// Whether the engine compiles the module.
    ///
    /// # Errors
    ///
    /// The engine's message, or that it panicked.
    fn compiles(&mut self, bytes: &[u8]) -> Result<(), Outcome>;

    /// Instantiates a valid module in both, its start function in lockstep, and compares.
    fn instantiate(
        &mut self,
        bytes: &Arc<[u8]>,
        oracle: &Arc<Module>,
        imports: &[Extern],
    ) -> Instantiated;

    /// Invokes a function in both, in lockstep, and compares.
    ///
    /// # Errors
    ///
    /// When the arguments do not fit, or the subject has no handle for the function.
    fn invoke(&mut self, func: FuncAddr, args: &[Value]) -> Result<Invoked, SubjectError>;

    /// Instantiates a valid component in both, its start functions in lockstep, and compares.
    ///
    /// # Errors
    ///
    /// When the engine does not compile it.
    fn instantiate_component(
        &mut self,
        bytes: &Arc<[u8]>,
        component: &Arc<Component>,
    ) -> Result<Invoked, SubjectError>;

    /// Calls an exported function of a component in both, in lockstep, and compares. Components are counted in the
    /// order in which they were to be instantiated, from 0.
    ///
    /// # Errors
    ///
    /// When the subject has no such function, or returns a value of another type.
    fn invoke_component(
        &mut self,
        number: u32,
        export: &str,
        args: &[Val],
    ) -> Result<Invoked, SubjectError>;
}
