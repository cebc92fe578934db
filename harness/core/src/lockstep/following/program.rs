//! What is known of the case's code: the modules of its instances, and what their functions can do.

use crate::causes::if_params::{ShownStacks, shown_stacks};
use crate::causes::inlined_calls::InlinedCalls;
use crate::causes::slots::FunctionLayout;
use lockstep_oracles::WasmFeatures;
use lockstep_oracles::address::{FuncIndex, InstanceAddr};
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::FrameView;
use lockstep_oracles::module::Module;
use lockstep_oracles::opcode::Opcode;
use std::collections::HashMap;
use std::sync::Arc;

/// What the driver keeps of an instance's module.
#[derive(Clone, Debug)]
pub struct ModuleFacts {
    /// The binary, as the user gave it.
    pub bytes: Arc<[u8]>,
    /// Features it was validated with.
    pub features: WasmFeatures,
    /// Hazardous slots of its defined functions, in order.
    pub layouts: Arc<[FunctionLayout]>,
    /// Which of its defined functions keep values in integer registers that events change (ledger:
    /// `W42-PULLEY-REGISTERS`); empty if none does.
    pub keeps_changed: Arc<[bool]>,
}

/// The code of every instance of the case.
#[derive(Debug, Default)]
pub(crate) struct Program {
    /// By instance.
    modules: Vec<ModuleFacts>,
    /// Where the ledger expects operands to be shown wrong, by function; made when first needed.
    shown_stacks: HashMap<(InstanceAddr, FuncIndex), ShownStacks>,
    /// The calls of each instance's module, where callees are inlined; empty where they are not.
    pub(crate) inlined_calls: Arc<Vec<InlinedCalls>>,
    /// Whether a function has an opcode that makes an object.
    pub(crate) makes_objects: bool,
    /// Whether one has an opcode that waits.
    pub(crate) may_wait: bool,
    /// Whether one may change what no entity shows.
    pub(crate) hides_state: bool,
    /// Locals, operands and opcodes of the largest one.
    pub(crate) largest_function: usize,
}

/// Whether a function has an opcode that waits.
fn may_wait(function: &Function) -> bool {
    let waits = |op| matches!(op, Opcode::MemoryAtomicWait32 | Opcode::MemoryAtomicWait64);
    function.instrs.iter().any(|instr| waits(instr.op))
}

impl Program {
    /// Adds an instance of this module.
    pub(crate) fn add(&mut self, module: &Module, facts: ModuleFacts) {
        let functions = module.functions();
        let mut instrs = functions.iter().flat_map(|f| &f.instrs);
        self.makes_objects |= instrs.any(|instr| instr.op.makes_object());
        self.may_wait |= functions.iter().any(may_wait);
        self.hides_state |= functions.iter().any(hides_state);
        let sizes = functions
            .iter()
            .map(|f| f.locals.len() + f.max_operands as usize + f.instrs.len());
        self.largest_function = sizes.max().unwrap_or(0).max(self.largest_function);
        self.modules.push(facts);
    }

    /// How many instances there are.
    pub(crate) fn instances(&self) -> usize {
        self.modules.len()
    }

    /// What is kept of an instance's module; none of one that is being made.
    pub(crate) fn get(&self, instance: InstanceAddr) -> Option<&ModuleFacts> {
        self.modules.get(instance.index())
    }

    /// The same of an instance that has been made.
    pub(crate) fn facts(&self, instance: InstanceAddr) -> &ModuleFacts {
        &self.modules[instance.index()]
    }

    /// The layout of a frame's function.
    #[inline]
    pub(crate) fn layout(&self, view: &FrameView<'_>) -> &FunctionLayout {
        self.layout_of(view.instance, view.module, view.function)
    }

    /// The layout of a function of an instance with this module.
    #[inline]
    pub(crate) fn layout_of(
        &self,
        instance: InstanceAddr,
        module: &Module,
        function: &Function,
    ) -> &FunctionLayout {
        let defined = function.index.index() - module.num_imported_funcs() as usize;
        &self.modules[instance.index()].layouts[defined]
    }

    /// Where operands of a function are shown wrong.
    pub(crate) fn stacks(&mut self, instance: InstanceAddr, func: FuncIndex) -> &ShownStacks {
        let facts = &self.modules[instance.index()];
        self.shown_stacks
            .entry((instance, func))
            .or_insert_with(|| shown_stacks(&facts.bytes, facts.features, func))
    }

    /// The same, computed if that was not done yet.
    pub(crate) fn stacks_or<'a>(
        &'a self,
        instance: InstanceAddr,
        func: FuncIndex,
        computed: &'a mut ShownStacks,
    ) -> &'a ShownStacks {
        self.shown_stacks.get(&(instance, func)).unwrap_or_else(|| {
            let facts = &self.modules[instance.index()];
            *computed = shown_stacks(&facts.bytes, facts.features, func);
            computed
        })
    }

    /// The calls of an instance's module; none of one that is being made.
    pub(crate) fn calls(&self, instance: InstanceAddr) -> Option<&InlinedCalls> {
        self.inlined_calls.get(instance.index())
    }

    /// What the opcode calls, if that may be inlined.
    pub(crate) fn inlined_callee(
        &self,
        instance: InstanceAddr,
        function: &Function,
        position: usize,
    ) -> Option<FuncIndex> {
        self.inlined_calls[instance.index()].callee(function, position)
    }

    /// Whether any function has a direct call that a `try_table` of its own guards and that may be inlined.
    pub(crate) fn has_guarded_calls(&self) -> bool {
        self.inlined_calls.iter().any(InlinedCalls::guards)
    }

    /// Whether a frame is at such a call.
    pub(crate) fn is_at_guarded_call(&self, view: &FrameView<'_>) -> bool {
        self.inlined_calls[view.instance.index()].is_guarded(view.function, view.position)
    }

    /// Whether what a frame calls may be inlined into its code. Of an instance that is being made nothing
    /// is known.
    pub(crate) fn may_be_inlined_at(&self, view: &FrameView<'_>) -> bool {
        let calls = self.calls(view.instance);
        calls.is_none_or(|calls| calls.callee(view.function, view.position).is_some())
    }

    /// How many instances the driver knows the modules of.
    pub(crate) fn known_instances(&self) -> usize {
        self.instances()
    }

    /// Whether the program may make objects, so that the engine's heap may ask to grow.
    pub(crate) fn may_make_objects(&self) -> bool {
        self.makes_objects
    }
}

/// Whether a function may change what no entity shows: a segment that it drops, or the content of an object.
fn hides_state(function: &Function) -> bool {
    let mut opcodes = function.instrs.iter().map(|instr| instr.op);
    opcodes.any(|op| {
        matches!(
            op,
            Opcode::DataDrop
                | Opcode::ElemDrop
                | Opcode::StructSet
                | Opcode::ArraySet
                | Opcode::ArrayFill
                | Opcode::ArrayCopy
                | Opcode::ArrayInitData
                | Opcode::ArrayInitElem
        )
    })
}
