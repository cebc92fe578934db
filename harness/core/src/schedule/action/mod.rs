//! Actions: what the debugger does at a moment beside editing breakpoints. A file an action says what it is
//! about, how a case file has it, and what is less of it; those that change the program's state also
//! what that does to the oracle.

pub mod call_function;
pub mod clear_handler;
pub mod drop_call;
pub mod hold_exception;
pub mod hold_frame;
pub mod instantiate;
pub mod list_items;
pub mod panic_handler;
pub mod register_module;
pub mod replace_exception;
pub mod set_handler;
pub mod take_exception;
pub mod visit_store;
pub mod write_element;
pub mod write_field;
pub mod write_global;
pub mod write_memory;

use super::When;
use call_function::CallFunction;
use clear_handler::ClearHandler;
use drop_call::DropCall;
use hold_exception::HoldException;
use hold_frame::HoldFrame;
use instantiate::Instantiate;
use list_items::ListItems;
use lockstep_oracles::ValType;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::store::Store;
use lockstep_oracles::value::{Ref, Value};
use panic_handler::PanicHandler;
use register_module::RegisterModule;
use replace_exception::ReplaceException;
use set_handler::SetHandler;
use take_exception::TakeException;
use visit_store::VisitStore;
use write_element::WriteElement;
use write_field::WriteField;
use write_global::WriteGlobal;
use write_memory::WriteMemory;

/// An action at its moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// When it is done. At [`When::Start`] nothing is there yet: only that none is set of what a store is
    /// given then.
    pub when: When,
    /// What is done.
    pub action: Action,
}

/// What a debugger does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Calls a function, at an event or in a host function.
    CallFunction(CallFunction),
    /// Clears the store's handler, between calls.
    ClearHandler(ClearHandler),
    /// Drops the call, at an event.
    DropCall(DropCall),
    /// Keeps a handle to the exception of an event.
    HoldException(HoldException),
    /// Keeps a handle to the innermost frame.
    HoldFrame(HoldFrame),
    /// Instantiates a module that is there again.
    Instantiate(Instantiate),
    /// Asks the store for its instances and modules.
    ListItems(ListItems),
    /// Panics in the handler, at an event.
    PanicHandler(PanicHandler),
    /// Registers a module with the store, between calls or before it is instantiated.
    RegisterModule(RegisterModule),
    /// Replaces the exception of an event.
    ReplaceException(ReplaceException),
    /// Sets a handler, between calls.
    SetHandler(SetHandler),
    /// Takes the exception of an event.
    TakeException(TakeException),
    /// Visits another store, at an event or in a host function.
    VisitStore(VisitStore),
    /// Writes a global.
    WriteGlobal(WriteGlobal),
    /// Writes a byte of a memory.
    WriteMemory(WriteMemory),
    /// Writes an element of a table.
    WriteElement(WriteElement),
    /// Writes a field of an object.
    WriteField(WriteField),
}

impl Action {
    /// Whether it changes the state of the program: the uninstrumented execution is then left out.
    pub fn intervenes(self) -> bool {
        match self {
            Action::ClearHandler(_)
            | Action::HoldException(_)
            | Action::HoldFrame(_)
            | Action::ListItems(_)
            | Action::RegisterModule(_)
            | Action::SetHandler(_)
            | Action::VisitStore(_) => false,
            Action::CallFunction(_)
            | Action::DropCall(_)
            | Action::PanicHandler(_)
            | Action::ReplaceException(_)
            | Action::Instantiate(_)
            | Action::TakeException(_)
            | Action::WriteGlobal(_)
            | Action::WriteMemory(_)
            | Action::WriteElement(_)
            | Action::WriteField(_) => true,
        }
    }

    /// Whether it is done at this event, which is none of a breakpoint's. Where the epoch is reached no code of
    /// the program's is run: it would reach the epoch at once, as the deadline is set anew behind the event.
    pub fn is_for_other_event(self, when: When) -> bool {
        match self {
            Action::DropCall(_)
            | Action::HoldFrame(_)
            | Action::ListItems(_)
            | Action::PanicHandler(_)
            | Action::WriteGlobal(_)
            | Action::WriteMemory(_)
            | Action::WriteElement(_)
            | Action::WriteField(_) => true,
            Action::CallFunction(_) | Action::Instantiate(_) | Action::VisitStore(_) => {
                when.unwinds()
            }
            Action::HoldException(_) | Action::ReplaceException(_) | Action::TakeException(_) => {
                matches!(when, When::Throw(_))
            }
            // The store itself is not at hand.
            Action::ClearHandler(_) | Action::RegisterModule(_) | Action::SetHandler(_) => false,
        }
    }

    /// Whether it says something of the start already, before anything is there.
    pub fn is_of_start(self) -> bool {
        matches!(self, Action::ClearHandler(_) | Action::RegisterModule(_))
    }

    /// Whether the store may be without a handler behind it.
    pub fn may_end_events(self) -> bool {
        matches!(self, Action::ClearHandler(_) | Action::DropCall(_))
    }

    /// The write through the handle of an entity that it is, in a store as it is now; none if there is nothing
    /// to write to.
    pub fn write(self, store: &Store) -> Option<Write> {
        match self {
            Action::WriteGlobal(action) => action.write(store),
            Action::WriteMemory(action) => action.write(store),
            Action::WriteElement(action) => action.write(store),
            _ => None,
        }
    }

    /// As a case file has it.
    pub fn text(self) -> String {
        match self {
            Action::CallFunction(action) => action.text(),
            Action::ClearHandler(action) => action.text(),
            Action::DropCall(action) => action.text(),
            Action::HoldException(action) => action.text(),
            Action::HoldFrame(action) => action.text(),
            Action::Instantiate(action) => action.text(),
            Action::ListItems(action) => action.text(),
            Action::PanicHandler(action) => action.text(),
            Action::RegisterModule(action) => action.text(),
            Action::ReplaceException(action) => action.text(),
            Action::SetHandler(action) => action.text(),
            Action::TakeException(action) => action.text(),
            Action::VisitStore(action) => action.text(),
            Action::WriteGlobal(action) => action.text(),
            Action::WriteMemory(action) => action.text(),
            Action::WriteElement(action) => action.text(),
            Action::WriteField(action) => action.text(),
        }
    }

    /// What kind of action it is: the first words of its text.
    pub fn kind(self) -> &'static str {
        match self {
            Action::CallFunction(_) => "call function",
            Action::ClearHandler(_) => "clear handler",
            Action::DropCall(_) => "drop call",
            Action::HoldException(_) => "hold exception",
            Action::HoldFrame(_) => "hold frame",
            Action::Instantiate(_) => "instantiate",
            Action::ListItems(_) => "list items",
            Action::PanicHandler(_) => "panic handler",
            Action::RegisterModule(_) => RegisterModule::KIND,
            Action::ReplaceException(_) => "replace exception",
            Action::SetHandler(_) => "set handler",
            Action::TakeException(_) => "take exception",
            Action::VisitStore(_) => "visit store",
            Action::WriteElement(_) => "write element",
            Action::WriteField(_) => "write field",
            Action::WriteGlobal(_) => "write global",
            Action::WriteMemory(_) => "write memory",
        }
    }

    /// Every kind, sorted.
    pub const KINDS: [&str; 17] = [
        "call function",
        "clear handler",
        "drop call",
        "hold exception",
        "hold frame",
        "instantiate",
        "list items",
        "panic handler",
        "register module",
        "replace exception",
        "set handler",
        "take exception",
        "visit store",
        "write element",
        "write field",
        "write global",
        "write memory",
    ];

    /// Reads what [`Action::text`] writes.
    pub fn read(text: &str) -> Option<Action> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            ["call", ref words @ ..] => CallFunction::read(words).map(Action::CallFunction),
            ["clear", "handler"] => Some(Action::ClearHandler(ClearHandler)),
            ["drop", "call"] => Some(Action::DropCall(DropCall)),
            ["hold", "exception"] => Some(Action::HoldException(HoldException)),
            ["hold", "frame"] => Some(Action::HoldFrame(HoldFrame)),
            ["instantiate", ref words @ ..] => Instantiate::read(words).map(Action::Instantiate),
            ["list", "items"] => Some(Action::ListItems(ListItems)),
            ["panic", "handler"] => Some(Action::PanicHandler(PanicHandler)),
            ["register", "module", ref words @ ..] => {
                RegisterModule::read(words).map(Action::RegisterModule)
            }
            ["replace", "exception", ref words @ ..] => {
                ReplaceException::read(words).map(Action::ReplaceException)
            }
            ["set", "handler"] => Some(Action::SetHandler(SetHandler)),
            ["take", "exception"] => Some(Action::TakeException(TakeException)),
            ["visit", "store"] => Some(Action::VisitStore(VisitStore)),
            ["write", "global", ref words @ ..] => {
                WriteGlobal::read(words).map(Action::WriteGlobal)
            }
            ["write", "memory", ref words @ ..] => {
                WriteMemory::read(words).map(Action::WriteMemory)
            }
            ["write", "element", ref words @ ..] => {
                WriteElement::read(words).map(Action::WriteElement)
            }
            ["write", "field", ref words @ ..] => WriteField::read(words).map(Action::WriteField),
            _ => None,
        }
    }

    /// Actions of its kind that do less, the least first.
    pub fn reduced(self) -> Vec<Action> {
        match self {
            Action::ClearHandler(_)
            | Action::DropCall(_)
            | Action::HoldException(_)
            | Action::HoldFrame(_)
            | Action::ListItems(_)
            | Action::PanicHandler(_)
            | Action::SetHandler(_)
            | Action::TakeException(_)
            | Action::VisitStore(_) => Vec::new(),
            Action::CallFunction(action) => each(action.reduced(), Action::CallFunction),
            Action::Instantiate(action) => each(action.reduced(), Action::Instantiate),
            Action::RegisterModule(action) => each(action.reduced(), Action::RegisterModule),
            Action::ReplaceException(action) => each(action.reduced(), Action::ReplaceException),
            Action::WriteGlobal(action) => each(action.reduced(), Action::WriteGlobal),
            Action::WriteMemory(action) => each(action.reduced(), Action::WriteMemory),
            Action::WriteElement(action) => each(action.reduced(), Action::WriteElement),
            Action::WriteField(action) => each(action.reduced(), Action::WriteField),
        }
    }
}

fn each<A>(actions: Vec<A>, action: fn(A) -> Action) -> Vec<Action> {
    actions.into_iter().map(action).collect()
}

/// A write through the handle of an entity or an object, as both sides are asked for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Write {
    /// A value to a mutable global.
    Global(write_global::GlobalWrite),
    /// A byte to a memory.
    Memory(write_memory::MemoryWrite),
    /// An element to a table.
    Element(write_element::ElementWrite),
    /// A value to a field of an object.
    Field(write_field::FieldWrite),
}

impl Write {
    /// Makes it in the oracle.
    pub fn apply(self, store: &mut Store) {
        match self {
            Write::Global(write) => write.apply(store),
            Write::Memory(write) => write.apply(store),
            Write::Element(write) => write.apply(store),
            Write::Field(write) => write.apply(store),
        }
    }

    /// Whether it can be made: otherwise that is to be an error.
    pub fn can_be_made(self) -> bool {
        match self {
            Write::Field(write) => write.mutable,
            Write::Global(_) | Write::Memory(_) | Write::Element(_) => true,
        }
    }
}

/// An entity that an action names: counted round and round, so that it stays one when the program shrinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Which instance, in the order in which they were made.
    pub instance: u32,
    /// Which of the entities of its kind that this instance has.
    pub nth: u32,
}

impl Entity {
    fn text(self) -> String {
        format!("{}:{}", self.instance, self.nth)
    }

    fn read(word: &str) -> Option<Entity> {
        let (instance, nth) = word.split_once(':')?;
        Some(Entity {
            instance: instance.parse().ok()?,
            nth: nth.parse().ok()?,
        })
    }

    fn reduced(self) -> Vec<Entity> {
        let instances = smaller(self.instance.into()).into_iter();
        let instances = instances.map(|instance| Entity {
            instance: instance as u32,
            ..self
        });
        let numbers = smaller(self.nth.into()).into_iter();
        let numbers = numbers.map(|nth| Entity {
            nth: nth as u32,
            ..self
        });
        instances.chain(numbers).collect()
    }

    /// The instance that is meant.
    fn instance(self, store: &Store) -> Option<InstanceAddr> {
        let instances = u32::try_from(store.num_instances()).ok()?;
        let number = self.instance.checked_rem(instances)?;
        Some(InstanceAddr(number))
    }

    /// The index that is meant, of those that there are.
    fn index(self, indices: &[u32]) -> Option<u32> {
        let nth = (self.nth as usize).checked_rem(indices.len())?;
        indices.get(nth).copied()
    }
}

/// The value of a type that has these bits, as many as it has; twice for a vector. Null, if it is a reference.
fn of_bits(bits: u64, ty: ValType) -> Value {
    match ty {
        ValType::I32 => Value::I32(bits as u32),
        ValType::I64 => Value::I64(bits),
        ValType::F32 => Value::F32(bits as u32),
        ValType::F64 => Value::F64(bits),
        ValType::V128 => Value::V128(u128::from(bits) << 64 | u128::from(bits)),
        ValType::Ref(ty) => Value::Ref(Ref::Null, ty),
    }
}

/// Numbers below this one, the least first.
fn smaller(number: u64) -> Vec<u64> {
    let mut numbers = vec![0, number / 2, number.saturating_sub(1)];
    numbers.retain(|&smaller| smaller < number);
    numbers.dedup();
    numbers
}

/// Decimal, or hexadecimal after `0x`.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One text of each kind.
    const TEXTS: [&str; 18] = [
        "call export 0:1",
        "call function 1:4",
        "clear handler",
        "drop call",
        "hold exception",
        "hold frame",
        "instantiate 2",
        "list items",
        "panic handler",
        "register module 1",
        "replace exception 2",
        "set handler",
        "take exception",
        "visit store",
        "write global 0:3 0x2a",
        "write memory 1:0 0x10 0xff",
        "write element 0:1 7 2",
        "write field 1 2 0x2a",
    ];

    #[test]
    fn actions_are_read_as_they_are_written() {
        for text in TEXTS {
            assert_eq!(Action::read(text).map(Action::text).as_deref(), Some(text));
        }
        let decimal = Action::read("write memory 1:0 16 255").map(Action::text);
        assert_eq!(decimal.as_deref(), Some("write memory 1:0 0x10 0xff"));
    }

    #[test]
    fn every_kind_has_a_text() {
        let kinds = TEXTS.map(|text| Action::read(text).unwrap().kind());
        assert_eq!(
            std::collections::BTreeSet::from(kinds),
            Action::KINDS.into()
        );
    }

    #[test]
    fn what_is_no_action_is_not_read() {
        let wrong = [
            "",
            "hold",
            "list items 3",
            "write global 0 1",
            "write memory 0:0 1 256",
            "write element 0:0 1",
        ];
        for text in wrong {
            assert_eq!(Action::read(text), None, "{text}");
        }
    }

    #[test]
    fn every_action_can_be_reduced_to_one_that_cannot() {
        for text in TEXTS {
            let mut action = Action::read(text).unwrap();
            let mut steps = 0;
            while let Some(&less) = action.reduced().first() {
                assert_ne!(less, action, "{text}");
                action = less;
                steps += 1;
                assert!(steps < 10, "{text}");
            }
        }
    }
}
