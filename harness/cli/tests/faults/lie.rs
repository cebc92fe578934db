//! A subject that tells one lie: where, and what.

use lockstep::divergence::Moment;
use lockstep::fault::{Delivery, Tamper};
use lockstep::lockstep::accessors::{Accessed, Accessor};
use lockstep::lockstep::handlers::SeenHandlers;
use lockstep::lockstep::held_frame::HeldFrame;
use lockstep::lockstep::items::Items;
use lockstep::lockstep::throws::SeenThrow;
use lockstep::outcome::{HostFailure, Outcome, SeenException, SeenTrap};
use lockstep::schedule::EngineEdit;
use lockstep::seen::Seen;
use lockstep::snapshot::Snapshot;
use lockstep::subject::code_image::{Mapping, Part};
use lockstep_oracles::address::{FuncIndex, GlobalAddr, InstanceAddr, MemAddr, Pc, TableAddr};
use lockstep_oracles::module::Module;
use lockstep_spec_tests::script::{CommandKind, ModuleSource, Script};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// What is told instead of the truth.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// A stack, wrong in one way.
    Stack(Where, fn(&mut Snapshot, &Code)),
    /// The first stack that another store shows, which is visited.
    OtherStore(fn(&mut Snapshot)),
    /// An event that does not come.
    Skip(Where),
    /// All events of which the innermost frame is in this function.
    SkipFunction(FuncIndex),
    /// An event that comes twice.
    Twice(Where),
    /// An event that comes behind the next one.
    Late(Where),
    /// None: the engine panics at this event.
    Panic(Where),
    /// The trap of a `Trap` event.
    Trap(fn(&mut SeenTrap)),
    /// The exception that an event tells of.
    Throw(fn(&mut SeenThrow)),
    /// What each handle holds.
    Handle(fn(&mut Seen)),
    /// What each root holds that was there while garbage was collected.
    Root(fn(&mut Seen)),
    /// Why a collection was refused.
    Collection(fn(&mut Option<String>)),
    /// The error of a `HostcallError` event.
    HostError(fn(&mut Result<HostFailure, String>)),
    /// A host function's arguments.
    HostArgs(fn(&mut Vec<Seen>)),
    /// What a host function writes into the subject's memory.
    HostWrite(fn(&mut Vec<u8>)),
    /// The end of an invocation.
    Outcome(fn(&mut Outcome)),
    /// The end of an instantiation.
    Instantiation(fn(&mut Outcome)),
    /// The end of an instantiation that the debugger asked for.
    InstantiatedAgain(fn(&mut Outcome)),
    /// Whether a module compiles that must be rejected.
    Compiles(fn(&mut Result<(), Outcome>)),
    /// Single-step and the breakpoints that are listed.
    EditState(fn(&mut bool, &mut Vec<(u32, u32)>)),
    /// An edit, of which the store then says that it was made as asked for.
    Edit(fn(&mut Option<EngineEdit>, &Code)),
    /// The answer to an edit.
    Edited(fn(&mut Result<(), String>)),
    /// The executable mappings at the end.
    CodeImage(fn(&mut Vec<Option<Mapping>>)),
    /// The permissions of each recorded mapping after an edit.
    Permissions(fn(&mut Vec<Vec<Part>>)),
    /// What a kept handle to a frame says of itself.
    HeldFrame(fn(&mut HeldFrame)),
    /// The exception that a kept handle holds.
    HeldException(fn(&mut SeenException)),
    /// The exception that was pending where the debugger takes it.
    TakenException(fn(&mut Option<SeenException>)),
    /// Whether an exception is pending, behind a call at its event and where a call has ended.
    Pending(fn(&mut bool)),
    /// Which handlers the store has.
    Handlers(fn(&mut SeenHandlers)),
    /// The number of the handler that an event goes to.
    HandledBy(fn(&mut u32)),
    /// What the store lists.
    Items(fn(&mut Items)),
    /// What comes of a write through an entity's handle.
    Wrote(fn(&mut Result<(), String>)),
    /// Changes what comes of registering a module.
    Registered(fn(&mut Result<(), String>)),
    /// What is left of the fuel after a command.
    Fuel(fn(&mut Option<u64>)),
    /// How many mappings are writable and executable at once.
    WritableCode(fn(&mut usize)),
    /// What an accessor of an instance returns for an index.
    Access(fn(InstanceAddr, (Accessor, u32), &mut Accessed)),
    /// A memory's bytes.
    Memory(MemAddr, fn(&mut Vec<u8>)),
    /// A global's value.
    Global(GlobalAddr, fn(&mut Seen)),
    /// The same, at breakpoint events alone.
    GlobalAtEvents(GlobalAddr, fn(&mut Seen)),
    /// A table's size.
    TableSize(TableAddr, fn(&mut u64)),
    /// A memory's size in pages, and bytes of a page.
    MemoryPages(fn(&mut (u64, u64))),
    /// A table's element.
    TableElement(TableAddr, u64, fn(&mut Seen)),
}

/// At which event a stack is lied about.
#[derive(Clone, Copy)]
pub(crate) struct Where {
    moment: Moment,
    /// Opcode that the innermost frame is at; any if empty.
    opcode: &'static str,
    /// Which of these events, from 1.
    nth: u32,
}

impl Where {
    /// The nth such event.
    pub(crate) const fn nth(self, nth: u32) -> Where {
        Where { nth, ..self }
    }
}

/// The first `Breakpoint` event at an opcode.
pub(crate) const fn at(opcode: &'static str) -> Where {
    Where {
        moment: Moment::Breakpoint,
        opcode,
        nth: 1,
    }
}

/// The first event of another kind.
pub(crate) const fn when(moment: Moment) -> Where {
    Where {
        moment,
        opcode: "",
        nth: 1,
    }
}

/// PCs and opcodes of a script's modules; a program that names opcodes keeps its PCs apart.
pub(crate) struct Code(Vec<(Pc, String)>);

impl Code {
    pub(crate) fn of(script: &Script) -> Code {
        let mut code = Vec::new();
        for command in &script.commands {
            let (CommandKind::Module {
                module: ModuleSource::Binary(bytes),
                ..
            }
            | CommandKind::ModuleDefinition {
                module: ModuleSource::Binary(bytes),
                ..
            }) = &command.kind
            else {
                continue;
            };
            let module = Module::new(bytes, script.features).expect("the programs are valid");
            for function in module.functions() {
                let names = function.instrs.iter().map(|instr| instr.op.name());
                code.extend(function.pcs.iter().copied().zip(names));
            }
        }
        Code(code)
    }

    fn opcode(&self, pc: Pc) -> &str {
        self.0
            .iter()
            .find(|(at, _)| *at == pc)
            .map_or("", |(_, name)| name)
    }

    fn position(&self, pc: Pc) -> usize {
        self.0
            .iter()
            .position(|(at, _)| *at == pc)
            .expect("a PC that is shown is an opcode's")
    }

    /// The PC of the first opcode.
    pub(crate) fn first(&self) -> Pc {
        self.0[0].0
    }

    /// The PC of the opcode after the one at `pc`.
    pub(crate) fn next(&self, pc: Pc) -> Pc {
        self.0[self.position(pc) + 1].0
    }

    /// The PC of the opcode before the one at `pc`.
    pub(crate) fn previous(&self, pc: Pc) -> Pc {
        self.0[self.position(pc) - 1].0
    }
}

/// Tells one [`Fault`]: once where it is about an event, always where it is about a state.
pub(crate) struct Lie {
    fault: Fault,
    code: Code,
    seen: u32,
    told: Arc<AtomicU32>,
    asked: Asked,
    /// Whether a breakpoint event is what came last.
    at_event: bool,
}

/// What the debugger asked for.
#[derive(Default)]
struct Asked {
    single_step: bool,
    breakpoints: BTreeSet<(u32, u32)>,
}

impl Asked {
    fn follow(&mut self, edit: EngineEdit) {
        match edit {
            EngineEdit::SingleStep(on) => self.single_step = on,
            EngineEdit::Add { module, pc } => {
                self.breakpoints.insert((module, pc));
            }
            EngineEdit::Remove { module, pc } => {
                self.breakpoints.remove(&(module, pc));
            }
        }
    }
}

impl Lie {
    /// A subject with this fault in this script, and a count of how often it shows.
    pub(crate) fn new(fault: Fault, script: &Script) -> (Lie, Arc<AtomicU32>) {
        let told = Arc::new(AtomicU32::new(0));
        (
            Lie {
                fault,
                code: Code::of(script),
                seen: 0,
                told: told.clone(),
                asked: Asked::default(),
                at_event: false,
            },
            told,
        )
    }

    fn is_at(&mut self, place: Where, moment: Moment, stack: &Snapshot) -> bool {
        let pc = stack.frames.first().map(|frame| frame.place.pc);
        let opcode = pc.map_or("", |pc| self.code.opcode(pc));
        if moment != place.moment || !(place.opcode.is_empty() || place.opcode == opcode) {
            return false;
        }
        self.seen += 1;
        self.seen == place.nth
    }

    /// Tells the lie, and remembers that it was one.
    fn tell<V: Clone + PartialEq>(&self, value: &mut V, change: impl FnOnce(&mut V)) {
        let truth = value.clone();
        change(value);
        if *value != truth {
            self.told.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Another store that shows one wrong stack.
struct OtherStore {
    change: fn(&mut Snapshot),
    told: Arc<AtomicU32>,
}

impl Tamper for OtherStore {
    fn event(&mut self, _: Moment, stack: &mut Snapshot) -> Delivery {
        if self.told.fetch_add(1, Ordering::Relaxed) == 0 {
            (self.change)(stack);
        }
        Delivery::Once
    }
}

impl Tamper for Lie {
    fn visited(&mut self) -> Option<Box<dyn Tamper>> {
        let Fault::OtherStore(change) = self.fault else {
            return None;
        };
        let told = self.told.clone();
        Some(Box::new(OtherStore { change, told }))
    }

    fn event(&mut self, moment: Moment, stack: &mut Snapshot) -> Delivery {
        self.at_event = moment == Moment::Breakpoint;
        if let Fault::SkipFunction(func) = self.fault
            && stack
                .frames
                .first()
                .is_some_and(|frame| frame.place.func == Some(func))
        {
            self.told.fetch_add(1, Ordering::Relaxed);
            return Delivery::Never;
        }
        let (Fault::Stack(place, _)
        | Fault::Skip(place)
        | Fault::Twice(place)
        | Fault::Late(place)
        | Fault::Panic(place)) = self.fault
        else {
            return Delivery::Once;
        };
        if !self.is_at(place, moment, stack) {
            return Delivery::Once;
        }
        if let Fault::Stack(_, change) = self.fault {
            self.tell(stack, |stack| change(stack, &self.code));
            return Delivery::Once;
        }
        self.told.fetch_add(1, Ordering::Relaxed);
        match self.fault {
            Fault::Skip(_) => Delivery::Never,
            Fault::Twice(_) => Delivery::Twice,
            Fault::Late(_) => Delivery::AfterNext,
            _ => panic!("a deliberate panic"),
        }
    }

    fn trap(&mut self, trap: &mut SeenTrap) {
        if let Fault::Trap(change) = self.fault {
            self.tell(trap, change);
        }
    }

    fn throw(&mut self, throw: &mut SeenThrow) {
        if let Fault::Throw(change) = self.fault {
            self.tell(throw, change);
        }
    }

    fn collection(&mut self, refused: &mut Option<String>) {
        if let Fault::Collection(change) = self.fault {
            self.tell(refused, change);
        }
    }

    fn handle(&mut self, _: usize, held: &mut Seen) {
        if let Fault::Handle(change) = self.fault {
            self.tell(held, change);
        }
    }

    fn root(&mut self, _: usize, held: &mut Seen) {
        if let Fault::Root(change) = self.fault {
            self.tell(held, change);
        }
    }

    fn host_error(&mut self, error: &mut Result<HostFailure, String>) {
        if let Fault::HostError(change) = self.fault {
            self.tell(error, change);
        }
    }

    fn host_write(&mut self, _: u64, bytes: &mut Vec<u8>) {
        if let Fault::HostWrite(change) = self.fault {
            self.tell(bytes, change);
        }
    }

    fn host_args(&mut self, args: &mut Vec<Seen>) {
        if let Fault::HostArgs(change) = self.fault {
            self.tell(args, change);
        }
    }

    fn outcome(&mut self, outcome: &mut Outcome) {
        self.at_event = false;
        if let Fault::Outcome(change) = self.fault {
            self.tell(outcome, change);
        }
    }

    fn instantiation(&mut self, outcome: &mut Outcome) {
        if let Fault::Instantiation(change) = self.fault {
            self.tell(outcome, change);
        }
    }

    fn instantiated_again(&mut self, outcome: &mut Outcome) {
        if let Fault::InstantiatedAgain(change) = self.fault {
            self.tell(outcome, change);
        }
    }

    fn compiles(&mut self, compiles: &mut Result<(), Outcome>) {
        if let Fault::Compiles(change) = self.fault {
            self.tell(compiles, change);
        }
    }

    fn edit(&mut self, edit: &mut Option<EngineEdit>) {
        if let Fault::Edit(change) = self.fault {
            edit.iter().for_each(|&edit| self.asked.follow(edit));
            self.tell(edit, |edit| change(edit, &self.code));
        }
    }

    fn edited(&mut self, mut answer: Result<(), String>) -> Result<(), String> {
        if let Fault::Edited(change) = self.fault {
            self.tell(&mut answer, change);
        }
        answer
    }

    fn code_image(&mut self, mappings: &mut Vec<Option<Mapping>>) {
        if let Fault::CodeImage(change) = self.fault {
            self.tell(mappings, change);
        }
    }

    fn permissions(&mut self, permissions: &mut Vec<Vec<Part>>) {
        if let Fault::Permissions(change) = self.fault {
            self.tell(permissions, change);
        }
    }

    fn held_frame(&mut self, held: &mut HeldFrame) {
        if let Fault::HeldFrame(change) = self.fault {
            self.tell(held, change);
        }
    }

    fn held_exception(&mut self, seen: &mut SeenException) {
        if let Fault::HeldException(change) = self.fault {
            self.tell(seen, change);
        }
    }

    fn taken_exception(&mut self, taken: &mut Option<SeenException>) {
        if let Fault::TakenException(change) = self.fault {
            self.tell(taken, change);
        }
    }

    fn pending(&mut self, pending: &mut bool) {
        if let Fault::Pending(change) = self.fault {
            self.tell(pending, change);
        }
    }

    fn handlers(&mut self, handlers: &mut SeenHandlers) {
        if let Fault::Handlers(change) = self.fault {
            self.tell(handlers, change);
        }
    }

    fn handled_by(&mut self, handler: &mut u32) {
        if let Fault::HandledBy(change) = self.fault {
            self.tell(handler, change);
        }
    }

    fn items(&mut self, items: &mut Items) {
        if let Fault::Items(change) = self.fault {
            self.tell(items, change);
        }
    }

    fn registered(&mut self, registered: &mut Result<(), String>) {
        if let Fault::Registered(change) = self.fault {
            self.tell(registered, change);
        }
    }

    fn wrote(&mut self, mut made: Result<(), String>) -> Result<(), String> {
        if let Fault::Wrote(change) = self.fault {
            self.tell(&mut made, change);
        }
        made
    }

    fn fuel(&mut self, left: &mut Option<u64>) {
        if let Fault::Fuel(change) = self.fault {
            self.tell(left, change);
        }
    }

    fn writable_code(&mut self, mappings: &mut usize) {
        if let Fault::WritableCode(change) = self.fault {
            self.tell(mappings, change);
        }
    }

    fn edit_state(&mut self, single_step: &mut bool, listed: &mut Vec<(u32, u32)>) {
        if let Fault::EditState(change) = self.fault {
            let mut state = (*single_step, listed.clone());
            self.tell(&mut state, |(on, listed)| change(on, listed));
            (*single_step, *listed) = state;
        }
        if let Fault::Edit(_) = self.fault {
            *single_step = self.asked.single_step;
            *listed = self.asked.breakpoints.iter().copied().collect();
        }
    }

    fn access(&mut self, instance: InstanceAddr, asked: (Accessor, u32), accessed: &mut Accessed) {
        if let Fault::Access(change) = self.fault {
            self.tell(accessed, |accessed| change(instance, asked, accessed));
        }
    }

    fn memory(&mut self, addr: MemAddr, bytes: &mut Vec<u8>) {
        if let Fault::Memory(at, change) = self.fault
            && at == addr
        {
            self.tell(bytes, change);
        }
    }

    fn global(&mut self, addr: GlobalAddr, value: &mut Seen) {
        match self.fault {
            Fault::Global(at, change) if at == addr => self.tell(value, change),
            Fault::GlobalAtEvents(at, change) if at == addr && self.at_event => {
                self.tell(value, change);
            }
            _ => {}
        }
    }

    fn memory_pages(&mut self, _: MemAddr, pages: &mut (u64, u64)) {
        if let Fault::MemoryPages(change) = self.fault {
            self.tell(pages, change);
        }
    }

    fn table_size(&mut self, addr: TableAddr, size: &mut u64) {
        if let Fault::TableSize(at, change) = self.fault
            && at == addr
        {
            self.tell(size, change);
        }
    }

    fn table_element(&mut self, addr: TableAddr, index: u64, element: &mut Seen) {
        if let Fault::TableElement(table, at, change) = self.fault
            && (table, at) == (addr, index)
        {
            self.tell(element, change);
        }
    }
}
