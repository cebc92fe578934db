//! The engine as a subject of cases.

use super::execute::Subject;
use super::factory::Factory;
use super::probe;
use lockstep_core::divergence::Execution;
use lockstep_core::fault::Layer;
use lockstep_core::hosting::HostFunction;
use lockstep_core::lockstep::driver::Driver;
use lockstep_core::lockstep::probes::LateModule;
use lockstep_core::outcome::Outcome;
use lockstep_core::schedule::Schedule;
use lockstep_core::seen::Seen;
use lockstep_core::subject::adapter::{self, Adapter, Wanted};
use lockstep_core::subject::answer::{Instantiated, Invoked};
use lockstep_core::subject::{Settings, SubjectError};
use lockstep_core::wasi;
use lockstep_oracles::address::{FuncAddr, GlobalAddr, MemAddr, TableAddr, TagAddr};
use lockstep_oracles::component::{Component, Val};
use lockstep_oracles::module::Module;
use lockstep_oracles::store::Extern;
use lockstep_oracles::value::{Ref, Value};
use lockstep_oracles::{GlobalType, MemoryType, TableType};
use std::sync::Arc;

/// The engine as a subject of cases.
#[derive(Debug)]
pub enum Engine {}

impl Adapter for Engine {
    type Factory = Factory;
    type Subject<T: Layer> = Subject<T>;

    fn factory(execution: Execution, settings: &Settings) -> Result<Arc<Factory>, SubjectError> {
        Factory::new(execution, settings)
    }

    fn subject<T: Layer>(
        factory: Arc<Factory>,
        settings: Settings,
        schedule: &Schedule,
        tamper: T,
    ) -> Result<Subject<T>, SubjectError> {
        Subject::new(factory, settings, schedule, tamper)
    }

    fn late_module() -> Result<LateModule, SubjectError> {
        probe::late_module()
    }
}

impl<T: Layer> adapter::Subject for Subject<T> {
    fn before_step(&mut self, step: u32) {
        self.before_step(step);
    }

    fn close(&mut self) {
        self.close();
    }

    fn driver(&mut self) -> &mut Driver {
        self.driver()
    }

    fn is_alive(&mut self) -> bool {
        self.is_alive()
    }

    fn add_host_func(&mut self, function: HostFunction, wanted: Option<Wanted<'_>>) -> FuncAddr {
        self.add_host_func(function, wanted)
    }

    fn add_tag(&mut self, wanted: Wanted<'_>) -> Result<TagAddr, SubjectError> {
        self.add_tag(wanted)
    }

    fn add_memory(&mut self, ty: MemoryType) -> Result<MemAddr, SubjectError> {
        self.add_memory(ty)
    }

    fn add_table(
        &mut self,
        ty: TableType,
        fill: Ref,
        wanted: Option<Wanted<'_>>,
    ) -> Result<TableAddr, SubjectError> {
        self.add_table(ty, fill, wanted)
    }

    fn add_global(
        &mut self,
        ty: GlobalType,
        value: Value,
        wanted: Option<Wanted<'_>>,
    ) -> Result<GlobalAddr, SubjectError> {
        self.add_global(ty, value, wanted)
    }

    fn write_memory(
        &mut self,
        addr: MemAddr,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), SubjectError> {
        self.write_memory(addr, offset, bytes)
    }

    fn set_global(&mut self, addr: GlobalAddr, value: Value) -> Result<(), SubjectError> {
        self.set_global(addr, value)
    }

    fn memory_part(&mut self, addr: MemAddr, offset: u64, length: u64) -> Option<Vec<u8>> {
        self.memory_part(addr, offset, length)
    }

    fn wasi(&mut self) -> &mut Option<wasi::Host> {
        &mut self.session().host.wasi
    }

    fn fuel_left(&mut self) -> Option<u64> {
        self.fuel_left()
    }

    fn global(&mut self, addr: GlobalAddr) -> Option<Seen> {
        self.global(addr)
    }

    fn compiles(&mut self, bytes: &[u8]) -> Result<(), Outcome> {
        self.compiles(bytes)
    }

    fn instantiate(
        &mut self,
        bytes: &Arc<[u8]>,
        oracle: &Arc<Module>,
        imports: &[Extern],
    ) -> Instantiated {
        self.instantiate(bytes, oracle, imports)
    }

    fn invoke(&mut self, func: FuncAddr, args: &[Value]) -> Result<Invoked, SubjectError> {
        self.invoke(func, args)
    }

    fn instantiate_component(
        &mut self,
        bytes: &Arc<[u8]>,
        component: &Arc<Component>,
    ) -> Result<Invoked, SubjectError> {
        self.instantiate_component(bytes, component)
    }

    fn invoke_component(
        &mut self,
        number: u32,
        export: &str,
        args: &[Val],
    ) -> Result<Invoked, SubjectError> {
        self.invoke_component(number, export, args)
    }
}
