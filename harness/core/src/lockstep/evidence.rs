//! The evidence of a divergence: both states side by side, and the code around the PC.

use super::comparison::Comparison;
use super::driver::Driver;
use super::following::Following;
use super::invocation::Phase;
use super::places::expected_place;
use super::recorder::BeforeLookahead;
use super::references::References;
use crate::causes::if_params::ShownOperand;
use crate::conventions::Conventions;
use crate::divergence::{Divergence, Moment, NOT_READ, Site, StateRow, count};
use crate::listing;
use crate::observe::Observation;
use crate::rules::RuleId;
use crate::seen::Seen;
use crate::snapshot::{FrameCopy, Snapshot};
use lockstep_oracles::machine::FrameView;

/// Which value of a frame is meant: other values may be shown among the real ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Indices {
    /// Its index in the oracle's frame
    pub(super) real: u32,
    /// Its index as shown
    pub(super) shown: u32,
}

impl Indices {
    /// A value that is shown where it is.
    pub(super) fn same(index: u32) -> Indices {
        Indices {
            real: index,
            shown: index,
        }
    }

    /// An operand, where those shown are these.
    pub(super) fn among(shown: &[ShownOperand], real: u32) -> Indices {
        let at = shown.iter().position(|operand| operand.real == Some(real));
        Indices {
            real,
            shown: at.map_or(real, |at| at as u32),
        }
    }
}

/// Frames shown in a report, innermost first.
const FRAMES_SHOWN: usize = 8;

impl Comparison {
    /// Both states as they are now. At a trap only what is safe to read there, whether or not the oracle
    /// has trapped.
    pub(super) fn both_states<O: Observation>(
        &self,
        following: &Following,
        observed: &mut O,
        moment: Moment,
    ) -> BeforeLookahead {
        let there = matches!(following.invocation.phase, Phase::Trapped(_))
            || following.may_show_elsewhere();
        let snapshot = match moment {
            Moment::Trap if !there => following.copy_trapped(observed, FRAMES_SHOWN, false),
            _ => following.snapshot(observed, FRAMES_SHOWN),
        };
        BeforeLookahead {
            site: following.site(),
            state: self.side_by_side(following, &snapshot),
        }
    }

    fn side_by_side(&self, following: &Following, seen: &Snapshot) -> Vec<StateRow> {
        let mut rows = Vec::new();
        let expected: Vec<FrameView<'_>> = following.machine.frames().take(FRAMES_SHOWN).collect();
        let show = |value| self.references.describe(value);
        for frame in 0..expected.len().max(seen.frames.len()) {
            let seen = seen.frames.get(frame);
            let conventions = following.setting.conventions;
            frame_rows(
                frame,
                expected.get(frame),
                conventions,
                seen,
                show,
                &mut rows,
            );
        }
        rows
    }

    /// The two values that a value rule is about; without an index, the two counts.
    pub(super) fn value_pair<O: Observation>(
        &self,
        following: &Following,
        observed: &mut O,
        frame: usize,
        rule: RuleId,
        index: Option<Indices>,
    ) -> (String, String) {
        let snapshot = following.snapshot(observed, frame + 1);
        let view = following.machine.frames().nth(frame);
        let (Some(view), Some(seen)) = (view, snapshot.frames.get(frame)) else {
            return ("a frame".to_owned(), "no frame".to_owned());
        };
        let local = matches!(
            rule,
            RuleId::LocalCount | RuleId::LocalType | RuleId::LocalValue
        );
        let (what, expected, shown) = if local {
            (
                "local",
                texts(view.locals_typed()),
                self.references.seen_texts(&seen.locals),
            )
        } else {
            (
                "operand",
                texts(view.operands_typed()),
                self.references.seen_texts(&seen.operands),
            )
        };
        match index {
            None => (count(expected.len(), what), count(shown.len(), what)),
            Some(Indices { real, shown: at }) => {
                let tell = |list: &[String], index: u32| {
                    let value = list.get(index as usize);
                    let value = value.map_or("absent", String::as_str);
                    format!("frame {frame} {what} {index} = {value}")
                };
                (tell(&expected, real), tell(&shown, at))
            }
        }
    }
}

impl Following {
    /// Where the oracle is, with the code around it.
    pub(super) fn site(&self) -> Option<Site> {
        let view = self
            .machine
            .top()
            .or_else(|| self.machine.frames().next())?;
        let facts = self.program.get(view.instance)?;
        Some(Site {
            func: view.function.index,
            pc: view.pc(),
            opcode: view.op().name(),
            listing: listing::around(&facts.bytes, view.pc()),
        })
    }
}

impl References {
    pub(super) fn seen_texts(&self, values: &[Option<Seen>]) -> Vec<String> {
        let show = |seen| self.describe(seen);
        values
            .iter()
            .map(|value| value.map_or(NOT_READ.to_owned(), show))
            .collect()
    }
}

impl Driver {
    /// Gives a person's tracer the event that was just matched.
    pub(super) fn trace<O: Observation>(&mut self, observed: &mut O) {
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
    pub(super) fn evidence<O: Observation>(
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

fn texts(values: impl Iterator<Item = lockstep_oracles::value::Value>) -> Vec<String> {
    values.map(|value| value.to_string()).collect()
}

/// The rows of one frame on either side.
pub(crate) fn frame_rows(
    frame: usize,
    expected: Option<&FrameView<'_>>,
    conventions: &Conventions,
    seen: Option<&FrameCopy>,
    show: impl Fn(Seen) -> String,
    rows: &mut Vec<StateRow>,
) {
    let seen_texts = |values: &[Option<Seen>]| -> Vec<String> {
        let texts = values.iter();
        texts
            .map(|value| value.map_or(NOT_READ.to_owned(), &show))
            .collect()
    };
    let row = |what: String, expected: Option<String>, observed: Option<String>| StateRow {
        what,
        expected: expected.unwrap_or_else(|| "-".to_owned()),
        observed: observed.unwrap_or_else(|| "-".to_owned()),
    };
    let place = |instance: String, func: String| format!("instance {instance} function {func}");
    let unknown = || "?".to_owned();
    rows.push(row(
        format!("frame {frame}"),
        expected.map(|v| place(v.instance.to_string(), v.function.index.to_string())),
        seen.map(|s| {
            place(
                s.place.instance.map_or_else(unknown, |i| i.to_string()),
                s.place.func.map_or_else(unknown, |f| f.to_string()),
            )
        }),
    ));
    rows.push(row(
        format!("frame {frame} PC"),
        expected.map(|v| expected_place(v, conventions).pc.to_string()),
        seen.map(|s| s.place.pc.to_string()),
    ));
    let locals = expected.map_or_else(Vec::new, |v| texts(v.locals_typed()));
    let operands = expected.map_or_else(Vec::new, |v| texts(v.operands_typed()));
    let lists = [
        (
            "local",
            locals,
            seen.map_or_else(Vec::new, |s| seen_texts(&s.locals)),
        ),
        (
            "operand",
            operands,
            seen.map_or_else(Vec::new, |s| seen_texts(&s.operands)),
        ),
    ];
    for (what, mine, theirs) in lists {
        for index in 0..mine.len().max(theirs.len()) {
            rows.push(row(
                format!("frame {frame} {what} {index}"),
                mine.get(index).cloned(),
                theirs.get(index).cloned(),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::program::ModuleFacts;
    use super::super::setting::DriverConfig;
    use super::super::verdict::Flow;
    use super::*;
    use crate::causes::{Causes, slots};
    use crate::configuration::Configuration;
    use crate::divergence::Execution;
    use crate::lockstep::policy::FramePolicy;
    use crate::observe::{Boundary, Objects, Place, Walk};
    use crate::outcome::SeenTrap;
    use crate::seen::{SeenObject, SeenType};
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
