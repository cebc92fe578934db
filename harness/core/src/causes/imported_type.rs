//! `IMPORTED-TYPE`: an imported function has the type of its import, not its own.

use lockstep_oracles::types::{TypeId, Types};

/// Whether a test of a function's type for `wanted` comes out otherwise where the function has the type
/// that it was imported as.
pub fn strays(types: &Types, own: TypeId, imported_as: TypeId, wanted: TypeId) -> bool {
    types.is_subtype(own, wanted) != types.is_subtype(imported_as, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_oracles::WasmFeatures;
    use lockstep_oracles::limits::Limits;
    use lockstep_oracles::machine::Machine;
    use lockstep_oracles::module::Module;

    #[test]
    fn only_a_test_for_what_lies_between_the_two_types_strays() {
        let wat = "(module (type (sub (func))) (type (sub 0 (func))) (type (sub 1 (func))))";
        let module = Module::new(&wat::parse_str(wat).unwrap(), WasmFeatures::WASM3).unwrap();
        let mut machine = Machine::new(Limits::default());
        let instance = machine.instantiate(&module, &[]).unwrap();
        let [top, middle, bottom] = machine.store.instance(instance).types[..] else {
            panic!("other types");
        };
        let types = machine.store.types();
        assert!(strays(types, middle, top, middle));
        assert!(!strays(types, middle, middle, middle));
        assert!(!strays(types, middle, top, top));
        assert!(!strays(types, middle, top, bottom));
    }
}
