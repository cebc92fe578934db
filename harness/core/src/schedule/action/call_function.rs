//! Calls a function of the program's, from the handler of an event or from a host function, with zeros and
//! nulls: one that is exported, or any that the instance has, through the accessor for debuggers. What the
//! function does has its events as ever, within the one that is being dealt with.

use super::Entity;
use lockstep_oracles::address::{FuncAddr, InstanceAddr};
use lockstep_oracles::module::ExternKind;
use lockstep_oracles::store::Store;
use lockstep_oracles::value::Value;

/// By which way the debugger comes to the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It is exported
    Export,
    /// The accessor for debuggers, by its index
    Accessor,
}

/// Calls a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallFunction {
    /// By which way.
    pub way: Way,
    /// Which of the instance's functions that can be reached so, and called with zeros and nulls.
    pub function: Entity,
}

/// The call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// By which way.
    pub way: Way,
    /// The instance that is asked for the function.
    pub instance: InstanceAddr,
    /// Its index there.
    pub index: u32,
    /// The function.
    pub addr: FuncAddr,
    /// Zeros and nulls.
    pub args: Vec<Value>,
}

impl CallFunction {
    pub(super) fn text(self) -> String {
        let way = match self.way {
            Way::Export => "export",
            Way::Accessor => "function",
        };
        format!("call {way} {}", self.function.text())
    }

    pub(super) fn read(words: &[&str]) -> Option<CallFunction> {
        let [way, function] = words else { return None };
        Some(CallFunction {
            way: match *way {
                "export" => Way::Export,
                "function" => Way::Accessor,
                _ => return None,
            },
            function: Entity::read(function)?,
        })
    }

    pub(super) fn reduced(self) -> Vec<CallFunction> {
        let functions = self.function.reduced().into_iter();
        let functions = functions.map(|function| CallFunction { function, ..self });
        let plain = (self.way == Way::Accessor).then_some(CallFunction {
            way: Way::Export,
            ..self
        });
        plain.into_iter().chain(functions).collect()
    }

    /// The call that it is, in a store as it is now; none if there is nothing to call.
    pub fn call(self, store: &Store) -> Option<Call> {
        let instance = self.function.instance(store)?;
        let owner = store.instance(instance);
        let exported = |index: u32| {
            let mut exports = owner.module.exports().iter();
            exports.any(|export| export.kind == ExternKind::Func && export.index == index)
        };
        let indices: Vec<u32> = (0..owner.funcs.len() as u32)
            .filter(|&index| self.way == Way::Accessor || exported(index))
            .filter(|&index| zeros(store, owner.funcs[index as usize]).is_some())
            .collect();
        let index = self.function.index(&indices)?;
        let addr = owner.funcs[index as usize];
        Some(Call {
            way: self.way,
            instance,
            index,
            addr,
            args: zeros(store, addr)?,
        })
    }
}

/// Zeros and nulls for a function; none where a parameter can be neither.
pub fn zeros(store: &Store, func: FuncAddr) -> Option<Vec<Value>> {
    let params = &store.func_type(func).params;
    let args: Vec<Value> = params.iter().map(|&ty| Value::zero(ty)).collect();
    let mut fit = args.iter().zip(params);
    fit.all(|(&arg, &ty)| store.has_type(arg, ty))
        .then_some(args)
}
