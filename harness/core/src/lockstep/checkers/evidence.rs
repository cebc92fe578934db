//! The evidence of a divergence: both states side by side, and the code around the PC.

use super::comparison::Comparison;
use super::references::References;
use crate::causes::if_params::ShownOperand;
use crate::conventions::Conventions;
use crate::divergence::{Moment, NOT_READ, Site, StateRow, count};
use crate::listing;
use crate::lockstep::following::Following;
use crate::lockstep::following::invocation::Phase;
use crate::lockstep::following::places::expected_place;
use crate::lockstep::recording::recorder::BeforeLookahead;
use crate::observe::Observation;
use crate::rules::RuleId;
use crate::seen::Seen;
use crate::snapshot::{FrameCopy, Snapshot};
use lockstep_oracles::machine::FrameView;

/// Which value of a frame is meant: other values may be shown among the real ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Indices {
    /// Its index in the oracle's frame
    pub(crate) real: u32,
    /// Its index as shown
    pub(crate) shown: u32,
}

impl Indices {
    /// A value that is shown where it is.
    pub(crate) fn same(index: u32) -> Indices {
        Indices {
            real: index,
            shown: index,
        }
    }

    /// An operand, where those shown are these.
    pub(crate) fn among(shown: &[ShownOperand], real: u32) -> Indices {
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
    pub(crate) fn both_states<O: Observation>(
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
    pub(crate) fn value_pair<O: Observation>(
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
    pub(crate) fn site(&self) -> Option<Site> {
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
    pub(crate) fn seen_texts(&self, values: &[Option<Seen>]) -> Vec<String> {
        let show = |seen| self.describe(seen);
        values
            .iter()
            .map(|value| value.map_or(NOT_READ.to_owned(), show))
            .collect()
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
