//! The causes that every version has, and each shows alike. How the engine is asked, the test of a version says.

use crate::ask;
use lockstep::causes::Cause;
use lockstep_tests::causes::{agreeing, explained};
use lockstep_tests::interruptions;

lockstep_tests::causes! {
    LibcallPc => epoch_yields_still_show_another_opcode {
        explained("epoch-yield.toml", Cause::LibcallPc);
        interruptions::show_another_opcode(ask);
    }

    LibcallSlot => epoch_yields_may_show_unwritten_operands {
        let report = explained("epoch-yield.toml", Cause::LibcallPc);
        assert_ne!(report.tally.left_out.of(Cause::LibcallSlot), 0, "{report:#?}");
        interruptions::show_unwritten_operands(ask);
    }

    InlinedLibcall => inlined_epoch_yields_still_show_frames_of_code_not_executed {
        interruptions::show_a_callee_not_entered(ask);
    }

    PanickedHandler => a_handler_that_panics_where_a_call_ends_still_ends_the_process {
        let report = agreeing("panicked-handler.toml");
        assert_eq!(report.tally.left_out.of(Cause::PanickedHandler), 1, "{report:#?}");
        let test = "every::a_handler_that_panics_where_a_call_ends_still_ends_the_process";
        interruptions::end_the_process(ask, test);
    }

    NestedThrow => a_throw_within_a_throws_event_still_replaces_it {
        explained("nested-throw.toml", Cause::NestedThrow);
    }

    PulleyRegisters => registers_still_change_where_a_program_goes {
        explained("pulley-ways.toml", Cause::PulleyRegisters);
    }

    ConvertType => converted_references_still_have_their_old_type {
        explained("converted.toml", Cause::ConvertType);
    }

    RelaxedMadd => relaxed_multiply_adds_still_round_once {
        explained("relaxed-madd.toml", Cause::RelaxedMadd);
    }

    RelaxedDot => relaxed_dot_products_still_do_not_saturate {
        explained("relaxed-dot.toml", Cause::RelaxedDot);
    }

    ComponentPatches => breakpoints_of_a_component_are_still_lost {
        explained("component-patches.toml", Cause::ComponentPatches);
    }

    InlinedTailCall => inlined_tail_calls_still_leave_a_frame {
        explained("inlined-tail-call.toml", Cause::InlinedTailCall);
    }

    InlinedTryBreak => inlined_calls_in_a_try_table_are_still_always_events {
        explained("inlined-try-break.toml", Cause::InlinedTryBreak);
    }

    TryCallee => guarded_indirect_calls_still_show_their_callee {
        let report = explained("try-callee.toml", Cause::TryCallee);
        // At the leaf's two opcodes, in the two calls that are guarded; not in those that are not.
        assert_eq!(report.known.get(&Cause::TryCallee), Some(&4), "{report:#?}");
    }

    DroppedHandler => a_dropped_call_still_takes_the_handler_with_it {
        explained("drop-call.toml", Cause::DroppedHandler);
    }
}
