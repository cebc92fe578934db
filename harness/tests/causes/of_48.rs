//! Each cause that Wasmtime 48 has is still there: a version that no longer does what it says fails here.

mod every;
mod handles;

use handles::{ask, module};
use lockstep::causes::Cause;
use lockstep::check::FEATURES;
use lockstep::configuration::{Collector, Configuration};
use lockstep::divergence::Execution;
use lockstep_subject::config;
use lockstep_subject::wasmtime::{AsContextMut, Extern, Func, FuncType, Instance, Store, Val};
use lockstep_tests::block_on;
use lockstep_tests::causes::{assert_complete, explained};

#[test]
fn every_cause_has_the_test_that_it_names() {
    assert_complete(&[every::TESTS, handles::TESTS, TESTS]);
}

lockstep_tests::causes! {
    IfWithoutElse => ifs_without_else_still_have_no_code {
        explained("if-without-else.toml", Cause::IfWithoutElse);
    }

    HostActivation => host_activation_still_shows_frames_twice {
        explained("host-activation.toml", Cause::HostActivation);
    }

    HostRoot => roots_behind_a_host_activation_are_still_visited_twice {
        let report = explained("host-root.toml", Cause::HostActivation);
        assert_ne!(report.tally.left_out.of(Cause::HostRoot), 0, "{report:#?}");
        // What was one object is two.
        assert_eq!((same_behind(1), same_behind(2)), (1, 0));
    }

    HostMoved => an_allocation_behind_a_host_activation_still_moves_objects_twice {
        explained("host-moved.toml", Cause::HostMoved);
    }
}

/// Whether a reference in a frame and one in a global are still the same, behind so many host functions, one called
/// by the other, in the last of which garbage is collected.
fn same_behind(hosts: u32) -> i32 {
    let configuration = Configuration {
        collector: Collector::Copying,
        ..Configuration::default()
    };
    let features = configuration.supported(FEATURES);
    let engine = config::engine(Execution::Instrumented, features, &configuration).unwrap();
    let text = r#"
        (module
          (type $a (array i32))
          (import "env" "f" (func $f))
          (export "f" (func $f))
          (global $g (mut eqref) ref.null eq)
          (func (export "go") (result i32)
            array.new_fixed $a 0  global.set $g
            global.get $g  call $f  global.get $g  ref.eq))"#;
    let module = module(&engine, text);
    let mut store = Store::new(&engine, 0);
    let ty = FuncType::new(&engine, [], []);
    let host = Func::new_async(&mut store, ty, move |mut caller, _, _| {
        Box::new(async move {
            *caller.data_mut() += 1;
            if *caller.data() == hosts {
                return caller.as_context_mut().gc_async(None).await;
            }
            let again = caller.get_export("f").and_then(Extern::into_func).unwrap();
            again.call_async(&mut caller, &[], &mut []).await
        })
    });
    let imports = [host.into()];
    let instance = block_on(Instance::new_async(&mut store, &module, &imports)).unwrap();
    let go = instance.get_func(&mut store, "go").unwrap();
    let mut results = [Val::I32(-1)];
    block_on(go.call_async(&mut store, &[], &mut results)).unwrap();
    results[0].unwrap_i32()
}
