//! The way around `BREAKPOINT-COUNT`: which edits are made in a store that counts how often a
//! breakpoint was asked for.
//!
//! An edit that must change nothing is not made, and a breakpoint is removed at the PC at which it
//! was asked for, or at its own where that is another's request.

use crate::schedule::EngineEdit;
use crate::schedule::model::BreakpointModel;
use std::collections::HashMap;

/// Where each breakpoint of a store was asked for.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// By module and PC of the breakpoint.
    asked: HashMap<(u32, u32), u32>,
}

impl Requests {
    /// The edit to make in place of this one, or none; `model` has not followed it yet.
    pub fn instead(&mut self, edit: EngineEdit, model: &BreakpointModel) -> Option<EngineEdit> {
        match edit {
            EngineEdit::SingleStep(_) => Some(edit),
            EngineEdit::Add { module, pc } => {
                if model.is_set(module, pc) {
                    return None;
                }
                self.asked.insert((module, model.place(module, pc)), pc);
                Some(edit)
            }
            EngineEdit::Remove { module, pc } => {
                let at = model.place(module, pc);
                let asked = self.asked.remove(&(module, at))?;
                let pc = if asked == pc { pc } else { at };
                Some(EngineEdit::Remove { module, pc })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conventions::Placement;
    use lockstep_oracles::WasmFeatures;
    use lockstep_oracles::module::Module;

    #[test]
    fn each_breakpoint_is_asked_for_once_and_removed_once() {
        let bytes = wat::parse_str("(module (func i32.const 1000 drop))").unwrap();
        let module = Module::new(&bytes, WasmFeatures::WASM2).unwrap();
        let drop = module.functions()[0].pcs[1].0;
        let mut model = BreakpointModel::new(Placement::Slipped);
        model.add_module(0, &bytes, None);
        let mut requests = Requests::default();
        let mut edit = |edit, model: &mut BreakpointModel| {
            let made = requests.instead(edit, model);
            match edit {
                EngineEdit::Add { module, pc } => model.add(module, pc),
                EngineEdit::Remove { module, pc } => model.remove(module, pc),
                EngineEdit::SingleStep(_) => false,
            };
            made
        };
        let add = |pc| EngineEdit::Add { module: 0, pc };
        let remove = |pc| EngineEdit::Remove { module: 0, pc };
        assert_eq!(edit(remove(drop), &mut model), None);
        assert_eq!(edit(add(drop - 1), &mut model), Some(add(drop - 1)));
        assert_eq!(edit(add(drop - 1), &mut model), None);
        assert_eq!(edit(add(drop), &mut model), None);
        assert_eq!(edit(remove(drop), &mut model), Some(remove(drop)));
        assert_eq!(edit(remove(drop - 1), &mut model), None);
        assert_eq!(edit(add(drop - 1), &mut model), Some(add(drop - 1)));
        assert_eq!(edit(remove(drop - 1), &mut model), Some(remove(drop - 1)));
        let step = EngineEdit::SingleStep(true);
        assert_eq!(edit(step, &mut model), Some(step));
    }
}
