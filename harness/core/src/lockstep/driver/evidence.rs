//! The evidence of a divergence, as it is recorded.

use super::Driver;
use crate::divergence::{Divergence, Moment, count};
use crate::lockstep::recording::recorder::BeforeLookahead;
use crate::observe::Observation;
use crate::rules::RuleId;

impl Driver {
    /// Gives a person's tracer the event that was just matched.
    pub(crate) fn trace<O: Observation>(&mut self, observed: &mut O) {
        let snapshot = self.following.snapshot(observed, usize::MAX);
        if let Some(tracer) = &mut self.recorder.tracer {
            tracer.event(
                self.recorder.tally.sequence_points,
                &self.following.machine,
                &snapshot,
            );
        }
    }

    /// A divergence with both states as they are now.
    pub(crate) fn evidence<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        rule: RuleId,
        frame: Option<usize>,
        expected: Option<String>,
        shown: String,
    ) -> Divergence {
        let BeforeLookahead { site, state } = match self.recorder.take_kept() {
            Some(before) => before,
            None => self
                .comparison
                .both_states(&self.following, observed, moment),
        };
        let expected = expected.unwrap_or_else(|| match &site {
            Some(site) => {
                let operands = self
                    .following
                    .machine
                    .top()
                    .map_or(0, |view| view.operands.len());
                format!(
                    "PC {} ({}), {}",
                    site.pc,
                    site.opcode,
                    count(operands, "operand")
                )
            }
            None => "no frame".to_owned(),
        });
        Divergence {
            frame,
            site,
            state,
            ..self.recorder.divergence(rule, moment, expected, shown)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::{Causes, slots};
    use crate::configuration::Configuration;
    use crate::divergence::Execution;
    use crate::lockstep::following::program::ModuleFacts;
    use crate::lockstep::following::setting::DriverConfig;
    use crate::lockstep::policy::FramePolicy;
    use crate::lockstep::verdict::Flow;
    use crate::observe::{Boundary, Objects, Place, Walk};
    use crate::outcome::SeenTrap;
    use crate::seen::{Seen, SeenObject, SeenType};
    use crate::subject::limits;
    use crate::version::Version;
    use lockstep_oracles::WasmFeatures;
    use lockstep_oracles::address::{FuncIndex, InstanceAddr, Pc, TagAddr};
    use lockstep_oracles::module::Module;
    use lockstep_oracles::store::Extern;
    use lockstep_oracles::trap::Trap;
    use lockstep_oracles::value::{Ref, Value};
    use std::sync::Arc;

    /// One frame whose operands must not be read: as 42 shows them at a trap, they were never written.
    struct Unwritten {
        place: Place,
        operands: u32,
        done: bool,
    }

    impl Observation for Unwritten {
        type Walk<'a> = &'a mut Unwritten;

        fn walk(&mut self) -> &mut Unwritten {
            self.done = false;
            self
        }
    }

    impl Objects for &mut Unwritten {
        fn len(&mut self, _: SeenObject) -> u32 {
            0
        }

        fn field(&mut self, _: SeenObject, _: u32) -> Seen {
            Seen::Unmodelled
        }

        fn tag(&mut self, _: SeenObject) -> Option<TagAddr> {
            None
        }

        fn definition(&mut self, _: u32) -> Option<SeenType> {
            None
        }
    }

    impl Walk for &mut Unwritten {
        fn done(&self) -> bool {
            self.done
        }

        fn place(&mut self) -> Place {
            self.place
        }

        fn code(&mut self) -> Option<(u32, Pc)> {
            self.place.func.map(|func| (func.0, self.place.pc))
        }

        fn num_locals(&mut self) -> u32 {
            0
        }

        fn num_operands(&mut self) -> u32 {
            self.operands
        }

        fn local(&mut self, _: u32) -> Seen {
            Seen::Unmodelled
        }

        fn operand(&mut self, index: u32) -> Seen {
            panic!("operand {index} was read")
        }

        fn parent(&mut self) -> Boundary {
            self.done = true;
            Boundary::Same
        }
    }

    /// A driver at the start of the only function of a module.
    fn driver(wat: &str) -> Driver {
        let bytes = wat::parse_str(wat).unwrap();
        let features = WasmFeatures::WASM2;
        let module = Module::new(&bytes, features).unwrap();
        let mut driver = Driver::new(DriverConfig {
            subject: Version::V42,
            execution: Execution::Instrumented,
            configuration: Configuration::default(),
            frames: FramePolicy::All,
            limits: limits::limits(),
            max_events: 1000,
            subject_stack: limits::WASM_STACK,
        });
        let instance = driver.following.machine.instantiate(&module, &[]).unwrap();
        driver.add_instance(ModuleFacts {
            bytes: bytes.into(),
            features,
            keeps_changed: Arc::new([]),
            layouts: slots::layouts(Causes::of(Version::V42), &module, false).into(),
        });
        let Some(Extern::Func(func)) = driver
            .following
            .machine
            .store
            .instance(instance)
            .export("f")
        else {
            panic!("no function")
        };
        driver
            .following
            .breakpoints
            .edit(crate::schedule::EngineEdit::SingleStep(true));
        let null = Value::Ref(Ref::Null, lockstep_oracles::RefType::EXTERNREF);
        driver.begin(func, &[null]).unwrap();
        driver
    }

    /// Given a trap whose events before it are lost, the report of them reads no reference that the
    /// trapping frame shows.
    #[test]
    fn looking_ahead_at_a_trap_reads_no_reference_that_was_never_written() {
        let mut driver =
            driver(r#"(module (func (export "f") (param externref) local.get 0 nop unreachable))"#);
        let view_of = |driver: &mut Driver| {
            let _ = driver
                .following
                .machine
                .run(&lockstep_oracles::machine::EverySequencePoint);
            driver
                .following
                .machine
                .top()
                .map(|view| view.pc())
                .unwrap()
        };
        // The subject shows the place of the `nop`, at which one operand is on the stack.
        let _ = view_of(&mut driver);
        let pc = {
            let view = driver.following.machine.top().unwrap();
            view.function.pcs[view.position + 1]
        };
        let mut shown = Unwritten {
            place: Place {
                instance: Some(InstanceAddr(0)),
                module_agrees: true,
                func: Some(FuncIndex(0)),
                pc,
            },
            operands: 1,
            done: false,
        };
        let flow = driver.trap(&mut shown, SeenTrap::Wasm(Trap::Unreachable));
        assert_eq!(flow, Flow::Stop);
        let rules = driver
            .recorder
            .findings
            .unexplained
            .iter()
            .map(|found| found.rule);
        assert!(rules.eq([RuleId::StepLost]));
    }
}
