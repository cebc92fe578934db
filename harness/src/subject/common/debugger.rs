//! The debugger of one store: carries out the sessions of a schedule, and checks what the store then
//! says of its breakpoints.

use super::VERSION;
use super::dialect;
use super::session::{Session, State};
use super::wasmtime::{
    self, AsContext, AsContextMut, BreakpointEdit, Module, Store, StoreContextMut,
};
use crate::causes::Cause;
use crate::causes::breakpoint_count::Requests;
use crate::conventions::Placement;
use crate::divergence::Moment;
use crate::fault::{Layer, Tamper as _};
use crate::phases::{self, Phase};
use crate::rules::RuleId;
use crate::schedule::model::BreakpointModel;
use crate::schedule::{Cycle, Edit, EngineEdit, Schedule, Session as Sitting, Site, When};
use lockstep_oracles::module::Module as OracleModule;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A module that edits can name.
struct KnownModule {
    module: Module,
    /// PCs of its opcodes, in the order of the binary.
    pcs: Vec<u32>,
    /// Which of them are each defined function's.
    functions: Vec<Range<usize>>,
}

/// The debugger of one store.
pub(super) struct Debugger {
    sittings: BTreeMap<When, Vec<Vec<Edit>>>,
    cycle: Option<Cycle>,
    /// Which of the cycle's sessions is next.
    turn: usize,
    modules: Vec<KnownModule>,
    latest: u32,
    /// Edits of modules that are not compiled yet.
    deferred: Vec<Edit>,
    /// Number of the next event at which something is to be done.
    due: u64,
    host_calls: u64,
    sessions: u64,
    requests: Requests,
    /// Whether any edit adds a breakpoint.
    adds: bool,
    /// What is to be done once events are allowed again, while they are forbidden.
    silenced: Option<Silenced>,
}

/// What was there before events were forbidden, and what was asked for since.
struct Silenced {
    single_step: bool,
    listed: Vec<(u32, u32)>,
    later: Vec<Vec<Edit>>,
}

/// Up to how many listed breakpoints the list is compared after every session, and after how many
/// sessions it is compared beyond that: a long list costs as much as a patch of every opcode.
const LIST_ALWAYS: usize = 64;
const LIST_EVERY: u64 = 16;

impl Debugger {
    pub(super) fn new(sessions: &[Sitting], cycle: Option<&Cycle>) -> Debugger {
        let mut sittings: BTreeMap<When, Vec<Vec<Edit>>> = BTreeMap::new();
        for sitting in sessions {
            let at = sittings.entry(sitting.when).or_default();
            at.push(sitting.edits.clone());
        }
        let cycled = cycle.into_iter().flat_map(|cycle| &cycle.sessions);
        let all = sessions.iter().map(|sitting| &sitting.edits).chain(cycled);
        let adds = all.flatten().any(|edit| matches!(edit, Edit::Add(_)));
        let mut debugger = Debugger {
            sittings,
            cycle: cycle.filter(|cycle| !cycle.sessions.is_empty()).cloned(),
            turn: 0,
            modules: Vec::new(),
            latest: 0,
            deferred: Vec::new(),
            due: 0,
            host_calls: 0,
            sessions: 0,
            requests: Requests::default(),
            adds,
            silenced: None,
        };
        debugger.due = debugger.due_after(0);
        debugger
    }

    pub(super) fn of(schedule: &Schedule) -> Debugger {
        Debugger::new(&schedule.sessions, schedule.cycle.as_ref())
    }

    /// Whether something is to be done at this event.
    #[inline]
    pub(super) fn is_due(&self, event: u64) -> bool {
        event >= self.due
    }

    fn due_after(&self, event: u64) -> u64 {
        let mut later = self.sittings.range(When::Event(event + 1)..);
        let sitting = match later.next() {
            Some((When::Event(at), _)) => *at,
            _ => u64::MAX,
        };
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
        let known = self
            .modules
            .iter()
            .position(|known| Module::same(&known.module, module));
        let number = known.unwrap_or_else(|| {
            let mut pcs = Vec::new();
            let mut functions = Vec::new();
            for function in oracle.functions() {
                let start = pcs.len();
                pcs.extend(function.pcs.iter().map(|pc| pc.0));
                functions.push(start..pcs.len());
            }
            self.modules.push(KnownModule {
                module: module.clone(),
                pcs,
                functions,
            });
            self.modules.len() - 1
        });
        self.latest = number as u32;
        self.latest
    }

    /// The breakpoints of a store of its own in which one was asked for at every byte of the module's
    /// code; none where no breakpoint is ever added, or where breakpoints stay where they are asked for.
    pub(super) fn listed_everywhere(&self, number: u32) -> Option<BTreeSet<u32>> {
        if !self.adds || VERSION.conventions().placement == Placement::Asked {
            return None;
        }
        let known = self.modules.get(number as usize)?;
        let (&first, &last) = (known.pcs.first()?, known.pcs.last()?);
        let mut store = Store::new(known.module.engine(), ());
        let mut edit = store.edit_breakpoints()?;
        for pc in first..=last {
            // An error shows again, and is reported, at the case's own edit.
            let _ = edit.add_breakpoint(&known.module, dialect::pc(pc));
        }
        drop(edit);
        let listed = store.as_context().breakpoints()?;
        Some(listed.map(|found| dialect::offset(found.pc)).collect())
    }

    fn sessions_at(&mut self, when: When) -> Vec<Vec<Edit>> {
        self.sittings.remove(&when).unwrap_or_default()
    }

    /// What an edit asks of the engine, in order.
    fn resolve(
        &mut self,
        edit: Edit,
        current: Option<(u32, u32)>,
        model: &BreakpointModel,
        engine_edits: &mut Vec<EngineEdit>,
    ) {
        match edit {
            Edit::SingleStep(on) => engine_edits.push(EngineEdit::SingleStep(on)),
            Edit::Clear => engine_edits.extend(
                model
                    .listed()
                    .map(|(module, pc)| EngineEdit::Remove { module, pc }),
            ),
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
        let Some(known) = self.modules.get(number as usize) else {
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
        let there = self.modules.len() as u32;
        let ready = |edit: &Edit| match edit {
            Edit::Add(site) | Edit::Remove(site) => module_of(*site).is_none_or(|m| m < there),
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
    }

    /// Sessions of the next host call.
    pub(super) fn edit_at_host_call(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        self.debugger.host_calls += 1;
        let call = self.debugger.host_calls;
        let sessions = self.debugger.sessions_at(When::HostCall(call));
        self.edit_all(store, &sessions);
    }

    /// Sessions before a step of the case.
    pub(super) fn edit_before_step(
        &mut self,
        store: &mut StoreContextMut<'_, State<T>>,
        step: u32,
    ) {
        let sessions = self.debugger.sessions_at(When::Step(step));
        self.edit_all(store, &sessions);
    }

    /// A module is about to be instantiated: what the start of the case asks for is done as far as
    /// its modules are there, and single-step is made to reach the module.
    ///
    /// `single_step` reaches only modules that the store knows, so the module is made known first
    /// (ledger: `LATE-MODULE`). PC 0 is the file's magic number, never an opcode.
    pub(super) fn edit_before_instance(
        &mut self,
        store: &mut StoreContextMut<'_, State<T>>,
        number: u32,
    ) {
        let known = [
            EngineEdit::Add {
                module: number,
                pc: 0,
            },
            EngineEdit::Remove {
                module: number,
                pc: 0,
            },
        ];
        let late = Cause::LateModule.is_of(VERSION);
        // Its code is recorded before it is patched for single-step.
        let unpatched = self.image.wanted && !late;
        let stepping = self.driver.breakpoints.is_single_step();
        // A breakpoint that the case has at PC 0 itself stays; a module with one is known already.
        let own = |(module, pc)| module == number && (pc == 0 || !late);
        let own = self.driver.breakpoints.listed().any(own);
        if (late || unpatched)
            && !own
            && let Some(mut edit) = store.as_context_mut().edit_breakpoints()
        {
            if unpatched && stepping {
                let _ = perform(
                    &mut edit,
                    &self.debugger.modules,
                    EngineEdit::SingleStep(false),
                );
            }
            for engine_edit in known {
                // An error shows again, and is reported, at the next edit of the module.
                let _ = perform(&mut edit, &self.debugger.modules, engine_edit);
            }
        }
        self.record_code();
        let deferred = self.debugger.undeferred();
        let mut sessions = self.debugger.sessions_at(When::Start);
        if !deferred.is_empty() {
            sessions.insert(0, deferred);
        }
        if unpatched && stepping {
            sessions.insert(0, vec![Edit::SingleStep(true)]);
        } else if late && stepping {
            sessions.push(vec![Edit::SingleStep(true)]);
        }
        self.edit_all(store, &sessions);
    }

    /// Forbids events until [`Session::speak`]: single-step off and every breakpoint removed.
    pub(super) fn silence(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        let model = &self.driver.breakpoints;
        let silenced = Silenced {
            single_step: model.is_single_step(),
            listed: model.listed().collect(),
            later: Vec::new(),
        };
        if silenced.single_step || !silenced.listed.is_empty() {
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

    fn edit_all(&mut self, store: &mut StoreContextMut<'_, State<T>>, sessions: &[Vec<Edit>]) {
        if let Some(silenced) = &mut self.debugger.silenced {
            silenced.later.extend_from_slice(sessions);
            return;
        }
        for edits in sessions {
            self.edit(store, edits);
            self.check_edit_state(store);
            self.check_writable();
        }
    }

    /// One editing session, in the engine and in the model.
    fn edit(&mut self, store: &mut StoreContextMut<'_, State<T>>, edits: &[Edit]) {
        self.debugger.sessions += 1;
        self.driver.tally.edit_sessions += 1;
        let current = self.current();
        let mut refused = None;
        let mut engine_edits = Vec::new();
        let _phase = phases::enter(Phase::Subject);
        let mut engine = store.as_context_mut().edit_breakpoints();
        for &edit in edits {
            let model = &self.driver.breakpoints;
            self.debugger
                .resolve(edit, current, model, &mut engine_edits);
            for engine_edit in engine_edits.drain(..) {
                self.driver.tally.edits += 1;
                let mut given = Some(engine_edit);
                if Cause::BreakpointCount.is_of(VERSION) {
                    let model = &self.driver.breakpoints;
                    given = self.debugger.requests.instead(engine_edit, model);
                }
                follow(&mut self.driver.breakpoints, engine_edit);
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
        drop(engine);
        if let Some((engine_edit, error)) = refused {
            self.driver.report_plain(
                RuleId::EditAccepted,
                Moment::Edit,
                format!("{engine_edit:?} succeeds"),
                error,
            );
        }
    }

    /// Module and PC of the innermost frame, where a guest is running.
    fn current(&self) -> Option<(u32, u32)> {
        let top = self.driver.machine.top()?;
        let module = self.driver.breakpoints.module_of(top.instance)?;
        Some((module, top.pc().0))
    }

    /// What the store says of single-step and its breakpoints is what the model says.
    fn check_edit_state(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        let model = &self.driver.breakpoints;
        let mut single_step = store.as_context().is_single_step();
        let whole = model.len() <= LIST_ALWAYS || self.debugger.sessions.is_multiple_of(LIST_EVERY);
        let mut listed = Vec::new();
        let phase = phases::enter(Phase::Subject);
        if whole && let Some(breakpoints) = store.as_context().breakpoints() {
            listed.extend(breakpoints.map(|found| {
                let modules = &self.debugger.modules;
                let number = modules
                    .iter()
                    .position(|known| Module::same(&known.module, &found.module));
                (
                    number.map_or(u32::MAX, |n| n as u32),
                    dialect::offset(found.pc),
                )
            }));
            listed.sort_unstable();
        }
        drop(phase);
        self.tamper.edit_state(&mut single_step, &mut listed);
        if single_step != model.is_single_step() {
            let say = |on: bool| format!("is_single_step() answers {on}");
            let expected = say(model.is_single_step());
            let rule = RuleId::EditSingleStep;
            let driver = &mut self.driver;
            driver.report_plain(rule, Moment::Edit, expected, say(single_step));
        }
        if whole && !self.driver.breakpoints.listed().eq(listed.iter().copied()) {
            self.report_list(&listed);
        }
    }

    fn report_list(&mut self, listed: &[(u32, u32)]) {
        let show = |list: &mut dyn Iterator<Item = (u32, u32)>| {
            let shown: Vec<String> = list
                .take(LIST_SHOWN)
                .map(|(module, pc)| format!("{module}:{pc:#x}"))
                .collect();
            shown.join(" ")
        };
        let model = &self.driver.breakpoints;
        let expected = format!("{} listed: {}", model.len(), show(&mut model.listed()));
        let seen = format!(
            "{} listed: {}",
            listed.len(),
            show(&mut listed.iter().copied())
        );
        let rule = RuleId::EditBreakpoints;
        self.driver.report_plain(rule, Moment::Edit, expected, seen);
    }

    /// Ends the case's debugging: single-step off, every breakpoint removed, in one session.
    pub(super) fn edit_back(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        self.edit_all(store, &[vec![Edit::SingleStep(false), Edit::Clear]]);
    }
}

/// Breakpoints shown in a report.
const LIST_SHOWN: usize = 20;

/// Makes one edit in the engine.
fn perform(
    engine: &mut BreakpointEdit<'_>,
    modules: &[KnownModule],
    edit: EngineEdit,
) -> wasmtime::Result<()> {
    // A site is resolved only when its module is known.
    match edit {
        EngineEdit::SingleStep(on) => engine.single_step(on),
        EngineEdit::Add { module, pc } => {
            engine.add_breakpoint(&modules[module as usize].module, dialect::pc(pc))
        }
        EngineEdit::Remove { module, pc } => {
            engine.remove_breakpoint(&modules[module as usize].module, dialect::pc(pc))
        }
    }
}

/// Makes one edit in the model.
fn follow(model: &mut BreakpointModel, edit: EngineEdit) {
    match edit {
        EngineEdit::SingleStep(on) => model.set_single_step(on),
        EngineEdit::Add { module, pc } => {
            model.add(module, pc);
        }
        EngineEdit::Remove { module, pc } => {
            model.remove(module, pc);
        }
    }
}
