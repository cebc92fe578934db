//! The debugger of one store: carries out the sessions of a schedule, and asks the store what it then
//! says of its breakpoints.

use super::VERSION;
use super::actions::Asked;
use super::dialect;
use super::session::{Session, State};
use lockstep_core::causes::Cause;
use lockstep_core::divergence::Moment;
use lockstep_core::fault::{Layer, Tamper as _};
use lockstep_core::lockstep::breakpoints::Breakpoints;
use lockstep_core::lockstep::edits::EditAnswer;
use lockstep_core::lockstep::items::OwnModule;
use lockstep_core::phases::{self, Phase};
use lockstep_core::schedule::action::Action;
use lockstep_core::schedule::action::register_module::RegisterModule;
use lockstep_core::schedule::{Cycle, Edit, EngineEdit, Schedule, Site, When};
use lockstep_oracles::module::Module as OracleModule;
use std::collections::BTreeMap;
use std::ops::Range;
use wasmtime::{
    AsContext, AsContextMut, BreakpointEdit, DebugEvent, ExnRef, Module, OwnedRooted,
    StoreContextMut,
};

/// Host calls of the uninstrumented execution at which the store is asked for everything.
const ASKED_HOST_CALLS: u64 = 3;

/// At every how many host calls garbage is collected, at most.
const COLLECTING_HOST_CALLS: u64 = 3;

/// A module that edits can name.
struct KnownModule {
    module: Module,
    /// PCs of its opcodes, in the order of the binary.
    pcs: Vec<u32>,
    /// Which of them are each defined function's.
    functions: Vec<Range<usize>>,
    /// How far the engine's PCs of it are from those of its binary.
    base: u32,
}

impl KnownModule {
    fn of(module: &Module, oracle: &OracleModule, base: u32) -> KnownModule {
        let mut pcs = Vec::new();
        let mut functions = Vec::new();
        for function in oracle.functions() {
            let start = pcs.len();
            pcs.extend(function.pcs.iter().map(|pc| pc.0));
            functions.push(start..pcs.len());
        }
        KnownModule {
            module: module.clone(),
            pcs,
            functions,
            base,
        }
    }
}

/// The modules that edits can name, by number; none of a component's before its handle is known.
#[derive(Default)]
struct KnownModules(Vec<Option<KnownModule>>);

impl KnownModules {
    fn get(&self, number: u32) -> Option<&KnownModule> {
        self.0.get(number as usize)?.as_ref()
    }

    fn number_of(&self, module: &Module) -> Option<u32> {
        let is = |known: &Option<KnownModule>| {
            known
                .as_ref()
                .is_some_and(|known| Module::same(&known.module, module))
        };
        let position = self.0.iter().position(is)?;
        Some(position as u32)
    }
}

/// The debugger of one store.
pub(super) struct Debugger {
    sittings: BTreeMap<When, Vec<Vec<Edit>>>,
    actions: BTreeMap<When, Vec<Action>>,
    cycle: Option<Cycle>,
    /// Which of the cycle's sessions is next.
    turn: usize,
    modules: KnownModules,
    latest: u32,
    /// Edits of modules that are not compiled yet.
    deferred: Vec<Edit>,
    /// Number of the next event at which something is to be done.
    due: u64,
    host_calls: u64,
    /// Events of traps, of host functions' errors and of the epoch, so far.
    traps: u64,
    host_errors: u64,
    epoch_yields: u64,
    /// Whether a module that comes while single-step is on is left as the store has it then.
    late_modules: bool,
    /// What is to be done once events are allowed again, while they are forbidden.
    silenced: Option<Silenced>,
}

/// What was there before events were forbidden, and what was asked for since.
struct Silenced {
    single_step: bool,
    listed: Vec<(u32, u32)>,
    later: Vec<Vec<Edit>>,
}

impl Debugger {
    pub(super) fn of(schedule: &Schedule) -> Debugger {
        let mut sittings: BTreeMap<When, Vec<Vec<Edit>>> = BTreeMap::new();
        for sitting in &schedule.sessions {
            let at = sittings.entry(sitting.when).or_default();
            at.push(sitting.edits.clone());
        }
        let mut actions: BTreeMap<When, Vec<Action>> = BTreeMap::new();
        for act in &schedule.actions {
            actions.entry(act.when).or_default().push(act.action);
        }
        let cycle = schedule.cycle.as_ref();
        let mut debugger = Debugger {
            sittings,
            actions,
            cycle: cycle.filter(|cycle| !cycle.sessions.is_empty()).cloned(),
            turn: 0,
            modules: KnownModules::default(),
            latest: 0,
            deferred: Vec::new(),
            due: 0,
            host_calls: 0,
            traps: 0,
            host_errors: 0,
            epoch_yields: 0,
            late_modules: schedule.late_modules,
            silenced: None,
        };
        debugger.due = debugger.due_after(0);
        debugger
    }

    /// Whether something is to be done at this event.
    #[inline]
    pub(super) fn is_due(&self, event: u64) -> bool {
        event >= self.due
    }

    fn due_after(&self, event: u64) -> u64 {
        let later = When::Event(event + 1)..;
        let sitting = self.sittings.range(later.clone()).next();
        let action = self.actions.range(later).next();
        let moments = [sitting.map(|(when, _)| when), action.map(|(when, _)| when)];
        let events = moments.into_iter().flatten().map(|when| match when {
            When::Event(at) => *at,
            _ => u64::MAX,
        });
        let sitting = events.min().unwrap_or(u64::MAX);
        let cycle = self.cycle.as_ref().map_or(u64::MAX, |cycle| {
            let period = cycle.period.max(1);
            (event / period + 1).saturating_mul(period)
        });
        sitting.min(cycle)
    }

    /// The number of the module that was asked for last.
    pub(super) fn latest(&self) -> u32 {
        self.latest
    }

    /// The number of a compiled module; the same for the same module.
    pub(super) fn number(&mut self, module: &Module, oracle: &OracleModule) -> u32 {
        self.latest = self.modules.number_of(module).unwrap_or_else(|| {
            let known = KnownModule::of(module, oracle, 0);
            self.modules.0.push(Some(known));
            self.modules.0.len() as u32 - 1
        });
        self.latest
    }

    /// Makes the module of this number known, one of a component's.
    pub(super) fn learn(&mut self, number: u32, module: &Module, oracle: &OracleModule, base: u32) {
        if self.modules.get(number).is_some() {
            return;
        }
        let there = self.modules.0.len().max(number as usize + 1);
        self.modules.0.resize_with(there, || None);
        self.modules.0[number as usize] = Some(KnownModule::of(module, oracle, base));
    }

    /// The number of a module that the case compiled.
    pub(super) fn number_of(&self, module: &Module) -> Option<u32> {
        self.modules.number_of(module)
    }

    /// The compiled module of this number, if it is there.
    pub(super) fn module(&self, number: u32) -> Option<Module> {
        let known = self.modules.get(number)?;
        Some(known.module.clone())
    }

    /// Whether the start of the case asks for this module to be registered; it comes once.
    pub(super) fn registers(&mut self, number: u32) -> bool {
        let Some(actions) = self.actions.get_mut(&When::Start) else {
            return false;
        };
        let asked = Action::RegisterModule(RegisterModule { module: number });
        let before = actions.len();
        actions.retain(|&action| action != asked);
        actions.len() < before
    }

    /// What the case's modules say of themselves.
    pub(super) fn own_modules(&self) -> Vec<OwnModule> {
        let modules = self.modules.0.iter().zip(0..);
        let said = modules.filter_map(|(known, module)| {
            let known = known.as_ref()?;
            let (index, bytecode) = dialect::of_module(&known.module)?;
            Some(OwnModule {
                module,
                index,
                bytecode: bytecode.map(<[u8]>::to_vec),
            })
        });
        said.collect()
    }

    /// The moment of an event that comes now, if it is neither a breakpoint's nor an exception's.
    fn moment_of(&mut self, event: &DebugEvent<'_>) -> Option<When> {
        let (count, when): (_, fn(u64) -> When) = match event {
            DebugEvent::Trap(_) => (&mut self.traps, When::Trap),
            DebugEvent::HostcallError(_) => (&mut self.host_errors, When::HostError),
            DebugEvent::EpochYield => (&mut self.epoch_yields, When::EpochYield),
            _ => return None,
        };
        *count += 1;
        Some(when(*count))
    }

    /// The actions of this moment; they come once.
    pub(super) fn actions_at(&mut self, when: When) -> Vec<Action> {
        self.actions.remove(&when).unwrap_or_default()
    }

    fn sessions_at(&mut self, when: When) -> Vec<Vec<Edit>> {
        self.sittings.remove(&when).unwrap_or_default()
    }

    /// What an edit asks of the engine, in order.
    fn resolve(
        &mut self,
        edit: Edit,
        current: Option<(u32, u32)>,
        set: &Breakpoints,
        engine_edits: &mut Vec<EngineEdit>,
    ) {
        match edit {
            Edit::SingleStep(on) => engine_edits.push(EngineEdit::SingleStep(on)),
            Edit::Clear => engine_edits.extend(set.cleared()),
            Edit::Add(site) | Edit::Remove(site) => {
                let adds = matches!(edit, Edit::Add(_));
                if !self.sites(site, current, |module, pc| {
                    engine_edits.push(if adds {
                        EngineEdit::Add { module, pc }
                    } else {
                        EngineEdit::Remove { module, pc }
                    });
                }) {
                    self.deferred.push(edit);
                }
            }
        }
    }

    /// Hands each PC of a site on; false if its module is not compiled yet.
    fn sites(
        &self,
        site: Site,
        current: Option<(u32, u32)>,
        mut each: impl FnMut(u32, u32),
    ) -> bool {
        let Some(number) = module_of(site) else {
            if let Some((module, pc)) = current {
                each(module, pc);
            }
            return true;
        };
        let Some(known) = self.modules.get(number) else {
            return false;
        };
        match site {
            Site::Pc { pc, .. } => each(number, pc),
            Site::Opcode { nth, .. } if !known.pcs.is_empty() => {
                each(number, known.pcs[nth as usize % known.pcs.len()]);
            }
            Site::Function { nth, .. } if !known.functions.is_empty() => {
                let function = known.functions[nth as usize % known.functions.len()].clone();
                known.pcs[function].iter().for_each(|&pc| each(number, pc));
            }
            Site::All { .. } => known.pcs.iter().for_each(|&pc| each(number, pc)),
            Site::Current | Site::Opcode { .. } | Site::Function { .. } => {}
        }
        true
    }

    /// Deferred edits whose module is there now.
    fn undeferred(&mut self) -> Vec<Edit> {
        let modules = &self.modules;
        let ready = |edit: &Edit| match edit {
            Edit::Add(site) | Edit::Remove(site) => {
                module_of(*site).is_none_or(|number| modules.get(number).is_some())
            }
            Edit::SingleStep(_) | Edit::Clear => true,
        };
        let (now, later) = self.deferred.drain(..).partition(ready);
        self.deferred = later;
        now
    }
}

fn module_of(site: Site) -> Option<u32> {
    match site {
        Site::Current => None,
        Site::Opcode { module, .. }
        | Site::Pc { module, .. }
        | Site::Function { module, .. }
        | Site::All { module } => Some(module),
    }
}

impl<T: Layer> Session<T> {
    /// Sessions of this breakpoint event; the innermost frame is where the oracle is.
    pub(super) fn edit_at_event(&mut self, store: &mut StoreContextMut<'_, State<T>>, event: u64) {
        let mut sessions = self.debugger.sessions_at(When::Event(event));
        if let Some(cycle) = &self.debugger.cycle
            && event.is_multiple_of(cycle.period.max(1))
        {
            sessions.push(cycle.sessions[self.debugger.turn % cycle.sessions.len()].clone());
            self.debugger.turn += 1;
        }
        self.debugger.due = self.debugger.due_after(event);
        self.edit_all(store, &sessions);
        self.act_at(store, When::Event(event));
    }

    /// Sessions and actions of the event of this exception; `searched` where it says who catches it.
    pub(super) fn act_at_throw(
        &mut self,
        store: &mut StoreContextMut<'_, State<T>>,
        exn: &OwnedRooted<ExnRef>,
        caught: Option<bool>,
    ) {
        let when = When::Throw(self.driver.recorder.tally.throws);
        let sessions = self.debugger.sessions_at(when);
        let thrown = self.driver.thrown();
        self.edit_all(store, &sessions);
        for action in self.debugger.actions_at(when) {
            match action {
                // That of the event, also where another has taken its place.
                Action::HoldException(_) => self.hold_exception(exn, thrown),
                Action::ReplaceException(action) => {
                    self.replace_exception(store, action, caught.is_some());
                }
                Action::TakeException(_) => self.take_exception(store, caught),
                action => self.take(store, when, action),
            }
        }
        if self.driver.thrown() == thrown {
            self.pending = (!self.asked.is_empty()).then(|| exn.clone());
        } else {
            // What is pending now is another, or none.
            self.asked.clear();
        }
    }

    /// Sessions and actions of an event that is neither a breakpoint's nor an exception's.
    pub(super) fn act_at_other(
        &mut self,
        store: &mut StoreContextMut<'_, State<T>>,
        event: &DebugEvent<'_>,
    ) {
        let Some(when) = self.debugger.moment_of(event) else {
            return;
        };
        if !matches!(when, When::EpochYield(_)) || self.driver.may_edit_at_yield() {
            let sessions = self.debugger.sessions_at(when);
            self.edit_all(store, &sessions);
        }
        self.act_at(store, when);
    }

    /// Whether the store is asked for everything at this host call of the uninstrumented execution: at the
    /// first ones.
    pub(super) fn asks_at_host_call(&mut self) -> bool {
        self.debugger.host_calls += 1;
        self.debugger.host_calls <= ASKED_HOST_CALLS
    }

    /// Sessions of the next host call.
    pub(super) fn edit_at_host_call(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        self.debugger.host_calls += 1;
        let call = self.debugger.host_calls;
        let sessions = self.debugger.sessions_at(When::HostCall(call));
        self.edit_all(store, &sessions);
        self.act_at(store, When::HostCall(call));
    }

    /// Where garbage is collected at events, it is at some host calls.
    pub(super) fn collect_at_host_call(&mut self) {
        let every = 1 + self.collect % COLLECTING_HOST_CALLS;
        if self.collect > 0 && self.debugger.host_calls.is_multiple_of(every) {
            self.asked.push(Asked::Collection);
        }
    }

    /// Sessions and actions before a step of the case.
    pub(super) fn at_step(&mut self, store: &mut StoreContextMut<'_, State<T>>, step: u32) {
        let sessions = self.debugger.sessions_at(When::Step(step));
        self.edit_all(store, &sessions);
        self.resumed();
        self.act_at(store, When::Step(step));
        self.check_held(store, Moment::Action);
    }

    /// Execution was resumed since the last moment.
    #[inline]
    pub(super) fn resumed(&mut self) {
        if let Some(held) = &mut self.held {
            held.resumed = true;
        }
    }

    /// A module is about to be instantiated: what the start of the case asks for is done as far as
    /// its modules are there.
    ///
    /// On a subject with `LATE-MODULE` single-step is made to reach the module, as a debugger must that
    /// wants its events, unless the case leaves that out: the module is made known first, and the edit
    /// is repeated. Nor does the store know it earlier where its code is recorded unpatched.
    pub(super) fn edit_before_instance(
        &mut self,
        store: &mut StoreContextMut<'_, State<T>>,
        number: u32,
    ) {
        let late = Cause::LateModule.is_of(VERSION);
        let reaches = late && !self.debugger.late_modules;
        let records = self.image.wanted;
        let stepping = self.driver.following.breakpoints.is_single_step();
        // A module with a breakpoint is known already.
        if (reaches || records) && !self.driver.following.breakpoints.has_any_of(number) {
            self.make_known(store, number, records && stepping && !late);
        }
        self.record_code();
        let deferred = self.debugger.undeferred();
        let mut sessions = self.debugger.sessions_at(When::Start);
        if !deferred.is_empty() {
            sessions.insert(0, deferred);
        }
        if records && stepping && !late {
            sessions.insert(0, vec![Edit::SingleStep(true)]);
        } else if reaches && stepping {
            sessions.push(vec![Edit::SingleStep(true)]);
        }
        self.edit_all(store, &sessions);
    }

    /// The schedule's sessions before a component: its modules have no handle yet, and none can be edited.
    pub(super) fn edit_before_component(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        let sessions = self.debugger.sessions_at(When::Start);
        self.edit_all(store, &sessions);
    }

    /// A module of a component's is known by its handle: edits of it that were asked for before come now.
    pub(super) fn edit_known(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        let deferred = self.debugger.undeferred();
        if !deferred.is_empty() {
            self.edit_all(store, &[deferred]);
        }
    }

    /// Makes a module known to the store by a breakpoint that comes and goes, with single-step switched
    /// off before if its code is to be recorded. PC 0 is the file's magic number, never an opcode.
    fn make_known(
        &mut self,
        store: &mut StoreContextMut<'_, State<T>>,
        module: u32,
        unpatched: bool,
    ) {
        let off = unpatched.then_some(EngineEdit::SingleStep(false));
        let add = EngineEdit::Add { module, pc: 0 };
        let remove = EngineEdit::Remove { module, pc: 0 };
        let mut engine = store.as_context_mut().edit_breakpoints();
        for edit in off.into_iter().chain([add, remove]) {
            self.driver.following.breakpoints.edit(edit);
            // An error shows again, and is reported, at the next edit of the module.
            let made = engine.as_mut();
            made.map(|engine| perform(engine, &self.debugger.modules, edit));
        }
    }

    /// Forbids events until [`Session::speak`]: single-step off and every breakpoint removed.
    pub(super) fn silence(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        let set = &self.driver.following.breakpoints;
        let silenced = Silenced {
            single_step: set.is_single_step(),
            listed: set.listed().collect(),
            later: Vec::new(),
        };
        if silenced.single_step || !set.is_empty() {
            self.edit_back(store);
        }
        self.debugger.silenced = Some(silenced);
    }

    /// Events come again, as they did before they were forbidden.
    pub(super) fn speak(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        let Some(silenced) = self.debugger.silenced.take() else {
            return;
        };
        let listed = silenced.listed.into_iter();
        let mut edits: Vec<Edit> = listed
            .map(|(module, pc)| Edit::Add(Site::Pc { module, pc }))
            .collect();
        if silenced.single_step {
            edits.push(Edit::SingleStep(true));
        }
        let before = (!edits.is_empty()).then_some(edits);
        let sessions: Vec<Vec<Edit>> = before.into_iter().chain(silenced.later).collect();
        self.edit_all(store, &sessions);
    }

    pub(super) fn edit_all(
        &mut self,
        store: &mut StoreContextMut<'_, State<T>>,
        sessions: &[Vec<Edit>],
    ) {
        if let Some(silenced) = &mut self.debugger.silenced {
            silenced.later.extend_from_slice(sessions);
            return;
        }
        for edits in sessions {
            self.edit(store, edits);
            self.check_permissions();
        }
    }

    /// One editing session, in the engine and in the model; what the engine then answers is checked.
    fn edit(&mut self, store: &mut StoreContextMut<'_, State<T>>, edits: &[Edit]) {
        self.driver.recorder.tally.edit_sessions += 1;
        let refused = self.make_edits(store, edits);
        let mut single_step = store.as_context().is_single_step();
        let mut listed = self.driver.wants_list().then(|| self.listed(store));
        let mut unlisted = Vec::new();
        let shown = listed.as_mut().unwrap_or(&mut unlisted);
        self.tamper.edit_state(&mut single_step, shown);
        self.driver.edited(EditAnswer {
            refused,
            single_step,
            listed,
        });
    }

    /// The edits of a session; the first that is refused.
    fn make_edits(
        &mut self,
        store: &mut StoreContextMut<'_, State<T>>,
        edits: &[Edit],
    ) -> Option<(EngineEdit, String)> {
        let current = self.current();
        let mut refused = None;
        let mut engine_edits = Vec::new();
        self.driver.following.breakpoints.begin();
        let _phase = phases::enter(Phase::Subject);
        let mut engine = store.as_context_mut().edit_breakpoints();
        for &edit in edits {
            let set = &self.driver.following.breakpoints;
            self.debugger.resolve(edit, current, set, &mut engine_edits);
            for engine_edit in engine_edits.drain(..) {
                self.driver.recorder.tally.edits += 1;
                self.driver.following.breakpoints.edit(engine_edit);
                let mut given = Some(engine_edit);
                self.tamper.edit(&mut given);
                let (Some(engine), Some(given)) = (&mut engine, given) else {
                    continue;
                };
                let performed = perform(engine, &self.debugger.modules, given);
                if let Err(error) = self.tamper.edited(performed.map_err(|e| format!("{e:#}"))) {
                    refused.get_or_insert((engine_edit, error));
                }
            }
        }
        refused
    }

    /// The breakpoints that the store lists, sorted.
    fn listed(&self, store: &StoreContextMut<'_, State<T>>) -> Vec<(u32, u32)> {
        let _phase = phases::enter(Phase::Subject);
        let store = store.as_context();
        let breakpoints = store.breakpoints().into_iter().flatten();
        let mut listed: Vec<(u32, u32)> = breakpoints
            .map(|found| {
                let number = self.debugger.modules.number_of(&found.module);
                let known = number.and_then(|number| self.debugger.modules.get(number));
                let base = known.map_or(0, |known| known.base);
                let pc = dialect::offset(found.pc).wrapping_sub(base);
                (number.unwrap_or(u32::MAX), pc)
            })
            .collect();
        listed.sort_unstable();
        listed
    }

    /// Module and PC of the innermost frame, where a guest is running.
    fn current(&self) -> Option<(u32, u32)> {
        let top = self.driver.following.machine.top()?;
        let module = self.driver.following.breakpoints.module_of(top.instance)?;
        Some((module, top.pc().0))
    }

    /// Ends the case's debugging: single-step off, and every breakpoint removed as often as the store
    /// counts it, in one session.
    pub(super) fn edit_back(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        let undone = self.driver.following.breakpoints.undone();
        self.edit_all(store, &[undone]);
    }
}

/// Makes one edit in the engine.
fn perform(
    engine: &mut BreakpointEdit<'_>,
    modules: &KnownModules,
    edit: EngineEdit,
) -> wasmtime::Result<()> {
    let (EngineEdit::Add { module, pc } | EngineEdit::Remove { module, pc }) = edit else {
        let on = matches!(edit, EngineEdit::SingleStep(true));
        return engine.single_step(on);
    };
    // A site is resolved only when its module is known.
    let Some(known) = modules.get(module) else {
        return Err(wasmtime::Error::msg("a module that is not known"));
    };
    let pc = dialect::pc(pc.wrapping_add(known.base));
    match edit {
        EngineEdit::Remove { .. } => engine.remove_breakpoint(&known.module, pc),
        _ => engine.add_breakpoint(&known.module, pc),
    }
}
