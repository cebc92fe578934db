//! The faulty layer: it lies above the subject and does what one row of the table says.

use crate::options::On;
use crate::past::{Now, Past};
use lockstep::case::Case;
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
use lockstep_oracles::address::{GlobalAddr, InstanceAddr, MemAddr, TableAddr};

/// A row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    /// Its name.
    pub(crate) name: &'static str,
    /// What the subject does wrong, in one sentence.
    pub(crate) wrong: &'static str,
    /// Where the layer does it.
    pub(crate) hooks: &'static [Hook],
}

impl Fault {
    /// Whether the subject has what the fault is about.
    pub(crate) fn applies_to(&self, on: On) -> bool {
        self.hooks.iter().all(|hook| match *hook {
            Hook::Since(release) => on.subject.release() >= release,
            _ => true,
        })
    }

    /// Whether the fault can show in this case.
    pub(crate) fn can_show(&self, case: &Case) -> bool {
        self.hooks.iter().all(|hook| match hook {
            Hook::Needs(needs) => needs(case),
            _ => true,
        })
    }
}

/// What the layer does at one hook of [`Tamper`].
#[derive(Clone, Copy)]
pub(crate) enum Hook {
    /// None: the fault cannot show in other cases, so they are counted but not run.
    Needs(fn(&Case) -> bool),
    /// None: versions before this one have nothing that could be wrong so.
    Since(u32),
    /// Changes the stack that is shown at such a moment.
    Stack(Moment, fn(&Past, &mut Snapshot)),
    /// Says how often the event of such a moment comes.
    Event(Moment, fn(&Past, &Snapshot) -> Delivery),
    /// Changes the kind of a trap.
    Trap(fn(&Past, &mut SeenTrap)),
    /// Changes the error that an event tells.
    HostError(fn(&mut Result<HostFailure, String>)),
    /// Changes the arguments of a host call.
    HostArgs(fn(&mut Vec<Seen>)),
    /// Changes how an invocation ends.
    Outcome(fn(&Past, &mut Outcome)),
    /// Changes how an instantiation ends.
    Instantiation(fn(&mut Outcome)),
    /// Changes how an instantiation ends that the debugger asked for.
    InstantiatedAgain(fn(&mut Outcome)),
    /// Changes or loses an edit.
    Edit(fn(&mut Past, EngineEdit) -> Option<EngineEdit>),
    /// Changes the answer to the edit that was asked for last.
    Edited(fn(&Past, Result<(), String>) -> Result<(), String>),
    /// Changes what the store says of single-step and breakpoints.
    EditState(fn(&Past, &mut bool, &mut Vec<(u32, u32)>)),
    /// Changes the code as it is when everything is taken back.
    CodeImage(fn(&Past, &mut Vec<Option<Mapping>>)),
    /// Changes how many mappings are writable and executable.
    WritableCode(fn(&Past, &mut usize)),
    /// Changes what an accessor of an instance returns for an index.
    Access(fn(&Past, InstanceAddr, (Accessor, u32), &mut Accessed)),
    /// Changes which handlers the store has.
    Handlers(fn(&mut SeenHandlers)),
    /// Changes the number of the handler that an event goes to.
    HandledBy(fn(&mut u32)),
    /// Changes what the store lists.
    Items(fn(&mut Items)),
    /// Changes what comes of a write.
    Wrote(fn(Result<(), String>) -> Result<(), String>),
    /// Changes what a handle to an object shows.
    Handle(fn(&mut Seen)),
    /// Changes the exception that an event tells of.
    Throw(fn(&mut SeenThrow)),
    /// Changes what a handle to a frame says of itself.
    HeldFrame(fn(&mut HeldFrame)),
    /// Changes the exception that a handle shows.
    HeldException(fn(&mut SeenException)),
    /// Changes what comes of registering a module.
    Registered(fn(&mut Result<(), String>)),
    /// Changes why a collection was refused.
    Collection(fn(&mut Option<String>)),
    /// Changes what is left of the fuel.
    Fuel(fn(&Past, &mut Option<u64>)),
    /// Changes the permissions of the code after an edit.
    Permissions(fn(&Past, &mut Vec<Vec<Part>>)),
    /// Changes a memory, given what it was when last looked at.
    Memory(fn(&Past, MemAddr, &[u8], &mut Vec<u8>)),
    /// Changes a global, given what it was when last looked at.
    Global(fn(&Past, GlobalAddr, Seen, &mut Seen)),
    /// Changes a table's size, given what it was when last looked at.
    TableSize(fn(u64, &mut u64)),
    /// Changes a table's element, given what it was when last looked at, if it was.
    TableElement(fn(&Past, (TableAddr, u64), Option<Seen>, &mut Seen)),
}

impl Hook {
    /// The hook's name in [`Tamper`], if it is one.
    pub(crate) fn name(&self) -> Option<&'static str> {
        Some(match self {
            Hook::Needs(_) | Hook::Since(_) => return None,
            Hook::Stack(..) | Hook::Event(..) => "event",
            Hook::Trap(_) => "trap",
            Hook::HostError(_) => "host_error",
            Hook::HostArgs(_) => "host_args",
            Hook::Outcome(_) => "outcome",
            Hook::Instantiation(_) => "instantiation",
            Hook::InstantiatedAgain(_) => "instantiated_again",
            Hook::Edit(_) => "edit",
            Hook::Edited(_) => "edited",
            Hook::EditState(_) => "edit_state",
            Hook::CodeImage(_) => "code_image",
            Hook::WritableCode(_) => "writable_code",
            Hook::Access(_) => "access",
            Hook::Handlers(_) => "handlers",
            Hook::HandledBy(_) => "handled_by",
            Hook::Items(_) => "items",
            Hook::Wrote(_) => "wrote",
            Hook::Handle(_) => "handle",
            Hook::Throw(_) => "throw",
            Hook::HeldFrame(_) => "held_frame",
            Hook::HeldException(_) => "held_exception",
            Hook::Registered(_) => "registered",
            Hook::Collection(_) => "collection",
            Hook::Fuel(_) => "fuel",
            Hook::Permissions(_) => "permissions",
            Hook::Memory(_) => "memory",
            Hook::Global(_) => "global",
            Hook::TableSize(_) => "table_size",
            Hook::TableElement(_) => "table_element",
        })
    }
}

/// A subject with one fault.
pub(crate) struct Layer {
    hooks: &'static [Hook],
    past: Past,
}

impl Layer {
    /// A subject with these faulty hooks, about to run this case.
    pub(crate) fn new(hooks: &'static [Hook], case: &Case) -> Layer {
        Layer {
            hooks,
            past: Past::of(case),
        }
    }
}

impl Tamper for Layer {
    fn event(&mut self, moment: Moment, stack: &mut Snapshot) -> Delivery {
        let (truth, depth) = (stack.frames.first().cloned(), stack.frames.len());
        let past = &mut self.past;
        if moment == Moment::Breakpoint {
            past.comes(stack);
        }
        let mut delivery = Delivery::Once;
        for hook in self.hooks {
            match hook {
                Hook::Stack(at, change) if *at == moment => change(past, stack),
                Hook::Event(at, says) if *at == moment => delivery = says(past, stack),
                _ => {}
            }
        }
        if moment == Moment::Breakpoint {
            past.passes(truth, depth);
        }
        past.thrown = moment == Moment::Throw;
        past.trap = None;
        past.host_failed = false;
        delivery
    }

    fn trap(&mut self, trap: &mut SeenTrap) {
        self.past.trap = Some(*trap);
        for hook in self.hooks {
            if let Hook::Trap(change) = hook {
                change(&self.past, trap);
            }
        }
    }

    fn host_error(&mut self, error: &mut Result<HostFailure, String>) {
        self.past.host_failed = true;
        for hook in self.hooks {
            if let Hook::HostError(change) = hook {
                change(error);
            }
        }
    }

    fn handle(&mut self, _handle: usize, held: &mut Seen) {
        for hook in self.hooks {
            if let Hook::Handle(change) = hook {
                change(held);
            }
        }
    }

    fn throw(&mut self, throw: &mut SeenThrow) {
        for hook in self.hooks {
            if let Hook::Throw(change) = hook {
                change(throw);
            }
        }
    }

    fn held_frame(&mut self, held: &mut HeldFrame) {
        for hook in self.hooks {
            if let Hook::HeldFrame(change) = hook {
                change(held);
            }
        }
    }

    fn held_exception(&mut self, seen: &mut SeenException) {
        for hook in self.hooks {
            if let Hook::HeldException(change) = hook {
                change(seen);
            }
        }
    }

    fn registered(&mut self, registered: &mut Result<(), String>) {
        for hook in self.hooks {
            if let Hook::Registered(change) = hook {
                change(registered);
            }
        }
    }

    fn collection(&mut self, refused: &mut Option<String>) {
        for hook in self.hooks {
            if let Hook::Collection(change) = hook {
                change(refused);
            }
        }
    }

    fn host_args(&mut self, args: &mut Vec<Seen>) {
        self.past.goes_to(Now::Host);
        for hook in self.hooks {
            if let Hook::HostArgs(change) = hook {
                change(args);
            }
        }
    }

    fn outcome(&mut self, outcome: &mut Outcome) {
        for hook in self.hooks {
            if let Hook::Outcome(change) = hook {
                change(&self.past, outcome);
            }
        }
        self.past.ends();
    }

    fn instantiation(&mut self, outcome: &mut Outcome) {
        for hook in self.hooks {
            if let Hook::Instantiation(change) = hook {
                change(outcome);
            }
        }
        self.past.instantiated += 1;
        self.past.ends();
    }

    fn instantiated_again(&mut self, outcome: &mut Outcome) {
        for hook in self.hooks {
            if let Hook::InstantiatedAgain(change) = hook {
                change(outcome);
            }
        }
    }

    fn edit(&mut self, edit: &mut Option<EngineEdit>) {
        let Some(asked) = *edit else { return };
        for hook in self.hooks {
            if let Hook::Edit(change) = hook {
                *edit = change(&mut self.past, asked);
            }
        }
        self.past.ask(asked);
    }

    fn edited(&mut self, mut answer: Result<(), String>) -> Result<(), String> {
        for hook in self.hooks {
            if let Hook::Edited(change) = hook {
                answer = change(&self.past, answer);
            }
        }
        answer
    }

    fn edit_state(&mut self, single_step: &mut bool, listed: &mut Vec<(u32, u32)>) {
        for hook in self.hooks {
            if let Hook::EditState(change) = hook {
                change(&self.past, single_step, listed);
            }
        }
    }

    fn code_image(&mut self, mappings: &mut Vec<Option<Mapping>>) {
        for hook in self.hooks {
            if let Hook::CodeImage(change) = hook {
                change(&self.past, mappings);
            }
        }
    }

    fn writable_code(&mut self, mappings: &mut usize) {
        for hook in self.hooks {
            if let Hook::WritableCode(change) = hook {
                change(&self.past, mappings);
            }
        }
    }

    fn access(&mut self, instance: InstanceAddr, asked: (Accessor, u32), accessed: &mut Accessed) {
        let (accessor, index) = asked;
        let key = (instance.0, accessor, index);
        self.past.accessed.insert(key, *accessed);
        for hook in self.hooks {
            if let Hook::Access(change) = hook {
                change(&self.past, instance, asked, accessed);
            }
        }
    }

    fn handlers(&mut self, handlers: &mut SeenHandlers) {
        for hook in self.hooks {
            if let Hook::Handlers(change) = hook {
                change(handlers);
            }
        }
    }

    fn handled_by(&mut self, handler: &mut u32) {
        for hook in self.hooks {
            if let Hook::HandledBy(change) = hook {
                change(handler);
            }
        }
    }

    fn items(&mut self, items: &mut Items) {
        for hook in self.hooks {
            if let Hook::Items(change) = hook {
                change(items);
            }
        }
    }

    fn wrote(&mut self, mut made: Result<(), String>) -> Result<(), String> {
        self.past.wrote = true;
        for hook in self.hooks {
            if let Hook::Wrote(change) = hook {
                made = change(made);
            }
        }
        made
    }

    fn fuel(&mut self, left: &mut Option<u64>) {
        for hook in self.hooks {
            if let Hook::Fuel(change) = hook {
                change(&self.past, left);
            }
        }
    }

    fn permissions(&mut self, permissions: &mut Vec<Vec<Part>>) {
        for hook in self.hooks {
            if let Hook::Permissions(change) = hook {
                change(&self.past, permissions);
            }
        }
    }

    fn memory(&mut self, addr: MemAddr, bytes: &mut Vec<u8>) {
        for hook in self.hooks {
            if let Hook::Memory(change) = hook
                && let Some(old) = self.past.memories.insert(addr.0, bytes.clone())
            {
                change(&self.past, addr, &old, bytes);
            }
        }
    }

    fn global(&mut self, addr: GlobalAddr, value: &mut Seen) {
        let old = self.past.globals.insert(addr.0, *value).unwrap_or(*value);
        for hook in self.hooks {
            if let Hook::Global(change) = hook {
                change(&self.past, addr, old, value);
            }
        }
    }

    fn table_size(&mut self, addr: TableAddr, size: &mut u64) {
        let old = self.past.sizes.insert(addr.0, *size).unwrap_or(*size);
        for hook in self.hooks {
            if let Hook::TableSize(change) = hook {
                change(old, size);
            }
        }
    }

    fn table_element(&mut self, addr: TableAddr, index: u64, element: &mut Seen) {
        let old = self.past.elements.insert((addr.0, index), *element);
        for hook in self.hooks {
            if let Hook::TableElement(change) = hook {
                change(&self.past, (addr, index), old, element);
            }
        }
    }
}
