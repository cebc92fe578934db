//! `TRY-ROOT`: a frame that waits at a guarded call has no roots.

use super::host_root::refers_to_object;
use crate::rules::RuleId;
use lockstep_oracles::machine::FrameView;

/// Rules that an object can break which was freed and is still used.
pub const CHANGES: &[RuleId] = &[
    RuleId::RefNull,
    RuleId::RefKind,
    RuleId::RefType,
    RuleId::RefIdentity,
    RuleId::RefContent,
    RuleId::HostCall,
    RuleId::ThrowEvent,
    RuleId::Outcome,
    RuleId::Values,
    RuleId::Memory,
    RuleId::Global,
    RuleId::Table,
    RuleId::Instantiate,
    RuleId::Panic,
];

/// Whether a frame waits at a call that a `try_table` guards, and holds a reference to an object that a
/// collection may free.
pub fn loses_roots(view: &FrameView<'_>) -> bool {
    view.waits && view.function.is_guarded(view.position) && refers_to_object(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::WasmFeatures;
    use lockstep_oracles::address::InstanceAddr;
    use lockstep_oracles::limits::Limits;
    use lockstep_oracles::machine::{EverySequencePoint, Machine, Stop};
    use lockstep_oracles::module::Module;

    /// Whether a frame loses its roots while `$leaf` runs, which the body calls.
    fn loses(body: &str) -> bool {
        let wat = format!(
            "(module (type $s (struct)) (func $leaf nop)
               (func (local (ref null $s)) {body}))"
        );
        let bytes = wat::parse_str(wat).unwrap();
        let module = Module::new(&bytes, WasmFeatures::WASM3).unwrap();
        let mut machine = Machine::new(Limits::default());
        machine.instantiate(&module, &[]).unwrap();
        let func = machine.store.instance(InstanceAddr(0)).funcs[1];
        machine.invoke(func, &[]).unwrap();
        while machine.depth() < 2 {
            assert_eq!(machine.run(&EverySequencePoint), Stop::SequencePoint);
        }
        machine.frames().any(|view| loses_roots(&view))
    }

    #[test]
    fn only_a_guarded_call_loses_the_objects_of_its_frame() {
        let guarded = "block $caught try_table (catch_all $caught) call $leaf end end";
        assert!(loses(&format!("struct.new $s {guarded} drop")));
        assert!(loses(&format!("struct.new $s local.set 0 {guarded}")));
        assert!(!loses("struct.new $s call $leaf drop"));
        assert!(!loses("struct.new $s try_table call $leaf end drop"));
        assert!(!loses(&format!("i32.const 1 ref.i31 {guarded} drop")));
        assert!(!loses(&format!("ref.null $s {guarded} drop")));
    }
}
