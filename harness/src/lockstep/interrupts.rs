//! Events of what interrupts a program at a function's entry or at a loop's head: stack overflow, the
//! epoch, fuel.
//!
//! Such an event comes between two opcodes. The oracle is brought to the sequence point right behind
//! it, where every local and every operand is what it was at the interruption, and is compared there;
//! the event of that sequence point is still due.

use super::driver::{Driver, Ended, Flow, POINTS_BETWEEN_EVENTS, Phase};
use super::frames::{Referents, StackDiff, ValueDiff, compare_locals, expected_place};
use super::looks::Look;
use super::unnamed::Unnamed;
use crate::causes::{Cause, Known};
use crate::divergence::{Moment, count};
use crate::observe::{Limited, Observation, Place, Walk};
use crate::rules::RuleId;
use crate::schedule::model::Selected;
use crate::snapshot::Snapshot;
use lockstep_oracles::address::{InstanceAddr, Pc};
use lockstep_oracles::code::Function;
use lockstep_oracles::machine::{EverySequencePoint, FrameView, Stop, StopAt};
use lockstep_oracles::opcode::Opcode;

/// What interrupts a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// A function is entered for which the stack has no room
    Overflow,
    /// The epoch is beyond the store's deadline
    Epoch,
    /// Fuel is used up
    Fuel,
}

impl Interruption {
    fn moment(self) -> Moment {
        match self {
            Interruption::Epoch => Moment::EpochYield,
            Interruption::Overflow | Interruption::Fuel => Moment::Trap,
        }
    }

    fn look(self) -> Look {
        match self {
            Interruption::Overflow => Look::Overflow,
            Interruption::Epoch => Look::EpochYield,
            Interruption::Fuel => Look::OutOfFuel,
        }
    }
}

/// What may be looked at of the stack at an interruption.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// The cause that forbids any look.
    pub(super) hidden: Option<Known>,
    /// The cause that forbids to ask for the innermost frame's instance.
    pub(super) unnamed: Option<Known>,
}

/// Whether a program may be interrupted before the opcode at this position: the first of a function,
/// or the one behind a `loop`, to which branches go.
pub(super) fn is_interruptible(function: &Function, position: usize) -> bool {
    position == 0 || function.instrs[position - 1].op == Opcode::Loop
}

/// Stops where breakpoints are, and where a program may be interrupted.
struct Interruptible<'a, 'm>(&'a Selected<'m>);

impl StopAt for Interruptible<'_, '_> {
    fn stops(&self, instance: InstanceAddr, function: &Function, position: usize) -> bool {
        // Both are asked: a breakpoint counts the points that are passed.
        self.0.stops(instance, function, position) | is_interruptible(function, position)
    }
}

impl Driver {
    /// Brings the oracle to where the program can be interrupted next, if it is not there yet, and says
    /// what may be looked at. None if it comes to no such place.
    pub fn approach<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
    ) -> Option<Sight> {
        if self.ended.is_some() || self.phase != Phase::Running {
            return None;
        }
        let stop = match (self.ahead, interruption) {
            (Some(stop), _) => stop,
            (None, _) if self.breakpoints.is_single_step() => self.run_stepped(),
            (None, Interruption::Epoch) => self.run_to_interruptible(),
            (None, Interruption::Overflow) => self.run_to_overflow(observed),
            // How much fuel there is where is not modelled.
            (None, Interruption::Fuel) => return None,
        };
        self.ahead = Some(stop);
        let view = self.machine.top().filter(|_| stop == Stop::SequencePoint)?;
        let entered = view.position == 0;
        let fits = match interruption {
            Interruption::Overflow => entered,
            Interruption::Epoch | Interruption::Fuel => {
                is_interruptible(view.function, view.position)
            }
        };
        fits.then(|| self.sight(interruption, entered))
    }

    /// What causes forbid to look at.
    fn sight(&self, interruption: Interruption, entered: bool) -> Sight {
        let inlined = match interruption {
            Interruption::Overflow => Cause::InlinedTrap,
            Interruption::Epoch | Interruption::Fuel => Cause::InlinedLibcall,
        };
        let inlined = self.causes.get(inlined).filter(|_| self.inlined);
        let in_try = self.inlined_in_try();
        let elsewhere = self.causes.get(Cause::FuelFrame);
        let elsewhere = elsewhere.filter(|_| entered && interruption == Interruption::Fuel);
        let unnamed = match interruption {
            Interruption::Overflow => Cause::OverflowFrame,
            Interruption::Epoch | Interruption::Fuel => Cause::EpochFrame,
        };
        Sight {
            hidden: inlined.or(in_try.filter(|_| self.inlined)).or(elsewhere),
            unnamed: self.causes.get(unnamed).filter(|_| entered),
        }
    }

    /// Runs the oracle to its next sequence point.
    pub(super) fn run_stepped(&mut self) -> Stop {
        self.tally.executed += 1;
        if self.nans.any {
            return self.advance_noting_nans();
        }
        self.machine.run(&EverySequencePoint)
    }

    /// Runs the oracle to the next breakpoint or place at which the program can be interrupted.
    pub(super) fn run_to_interruptible(&mut self) -> Stop {
        let selected = Selected::new(&self.breakpoints, POINTS_BETWEEN_EVENTS);
        let stop = self.machine.run(&Interruptible(&selected));
        self.tally.executed += POINTS_BETWEEN_EVENTS - selected.left();
        stop
    }

    /// Runs the oracle to the stack that the subject shows at an overflow: how deep the calls are by then
    /// is the subject's own, but the program must come there.
    fn run_to_overflow<O: Observation>(&mut self, observed: &mut O) -> Stop {
        let callers = callers_of(observed);
        for _ in 0..POINTS_BETWEEN_EVENTS {
            let stop = self.machine.run(&EverySequencePoint);
            if stop != Stop::SequencePoint {
                return stop;
            }
            self.tally.executed += 1;
            let entered = self.machine.top().is_some_and(|view| view.position == 0);
            if entered && self.machine.depth() == callers.len() + 1 && self.waits_at(&callers) {
                return stop;
            }
        }
        self.ended
            .get_or_insert(Ended::PointLimit(POINTS_BETWEEN_EVENTS));
        Stop::SequencePoint
    }

    /// Whether the oracle's frames but the innermost are at these places.
    fn waits_at(&self, callers: &[Place]) -> bool {
        let conventions = self.conventions;
        let frames = self.machine.frames().skip(1);
        let places = frames.map(|view| expected_place(&view, conventions));
        places.eq(callers.iter().copied())
    }

    /// The stack at an interruption, for faulty observations: copied as far as it may be looked at.
    pub(crate) fn snapshot_interrupted<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
    ) -> Snapshot {
        let Some(sight) = self.approach(observed, interruption) else {
            return Snapshot::default();
        };
        if sight.hidden.is_some() {
            return Snapshot::default();
        }
        match self.stand_in(sight) {
            Some((place, imported)) => {
                let unnamed = &mut Unnamed::new(observed, place, imported);
                self.snapshot(unnamed, usize::MAX)
            }
            None => self.snapshot(observed, usize::MAX),
        }
    }

    /// Compares the stack at an interruption that the oracle was brought to.
    pub(super) fn compare_interrupted<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
        sight: Sight,
    ) -> Flow {
        if let Some(known) = sight.hidden {
            self.tally.left_out.count(known, 1);
            return Flow::Continue;
        }
        let flow = match (sight.unnamed, self.stand_in(sight)) {
            (Some(known), Some((place, imported))) => {
                self.tally.left_out.count(known, 1);
                let unnamed = &mut Unnamed::new(observed, place, imported);
                self.compare_interrupted_frames(unnamed, interruption)
            }
            _ => self.compare_interrupted_frames(observed, interruption),
        };
        if flow == Flow::Continue {
            self.tally.looks.whole(interruption.look());
        }
        flow
    }

    /// Where the innermost frame is expected, and how many functions its module imports, where its
    /// instance must not be asked for.
    fn stand_in(&self, sight: Sight) -> Option<(Place, u32)> {
        sight.unnamed?;
        let view = self.machine.top()?;
        let place = expected_place(&view, self.conventions);
        Some((place, view.module.num_imported_funcs()))
    }

    fn compare_interrupted_frames<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
    ) -> Flow {
        let moment = interruption.moment();
        let mut walk = observed.walk();
        if walk.done() {
            drop(walk);
            let expected = "the interrupted frame".to_owned();
            let shown = "no frame".to_owned();
            return self.report_control(observed, moment, RuleId::FrameCount, expected, shown);
        }
        let (place, operands) = (walk.place(), walk.num_operands() as usize);
        drop(walk);
        let Some(view) = self.machine.top() else {
            return Flow::Continue;
        };
        let expected = Interrupted::of(&view);
        let wanted = expected_place(&view, self.conventions);
        if (place.instance, place.func) != (wanted.instance, wanted.func) || !place.module_agrees {
            let diff = StackDiff::Place { frame: 0 };
            return self.misplaced(observed, moment, diff);
        }
        self.compare_interrupted_locals(observed, moment);
        if expected.is_at(place.pc) {
            self.compare_interrupted_operands(observed, moment, &expected, operands);
        } else {
            self.explain_interrupted(observed, interruption, &expected, (place.pc, operands));
        }
        self.tally.frames += 1;
        self.compare_callers(observed, moment)
    }

    fn compare_interrupted_locals<O: Observation>(&mut self, observed: &mut O, moment: Moment) {
        let Some(view) = self.machine.top() else {
            return;
        };
        let layout = Driver::layout(&self.modules, &view);
        let mut diff = None;
        let mut referents = Referents {
            machine: &self.machine,
            references: &mut self.references,
        };
        referents.references.look();
        let mut walk = observed.walk();
        let tally = &mut self.tally;
        compare_locals(&view, layout, &mut walk, &mut referents, tally, &mut diff);
        drop(walk);
        if let Some(diff) = diff {
            self.report_values(observed, moment, 0, diff);
        }
    }

    /// The frame is where it must be: so are its operands.
    fn compare_interrupted_operands<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        expected: &Interrupted,
        operands: usize,
    ) {
        if operands != expected.operands {
            let shown = count(operands, "operand");
            let wanted = Some(expected.describe());
            self.report_interrupted(observed, moment, RuleId::CheckStack, wanted, shown, None);
            return;
        }
        let mut diff = ValueDiff::default();
        self.compare_prefix(observed, operands, &mut diff);
        if diff != ValueDiff::default() {
            self.report_values(observed, moment, 0, diff);
        }
    }

    /// The frame is elsewhere: known if its record is another opcode's of the same function, and then
    /// only what the two stacks share is read.
    fn explain_interrupted<O: Observation>(
        &mut self,
        observed: &mut O,
        interruption: Interruption,
        expected: &Interrupted,
        (pc, operands): (Pc, usize),
    ) {
        let (cause, slot) = match interruption {
            Interruption::Overflow => (Cause::TrapPc, Cause::TrapSlot),
            Interruption::Epoch | Interruption::Fuel => (Cause::LibcallPc, Cause::LibcallSlot),
        };
        let moment = interruption.moment();
        let position = self.machine.top().and_then(|view| {
            let shown = view.function.position(pc)?;
            view.function.reachable[shown].then_some(shown)
        });
        let known = self.causes.get(cause).filter(|_| {
            position.is_some_and(|shown| self.is_record(shown, expected.position, operands))
        });
        let shown = format!("PC {pc}, {}", count(operands, "operand"));
        let wanted = Some(expected.describe());
        self.report_interrupted(observed, moment, RuleId::CheckPc, wanted, shown, known);
        if let (Some(unwritten), Some(shown), true) =
            (self.causes.get(slot), position, known.is_some())
        {
            let mut diff = ValueDiff::default();
            self.compare_common(observed, unwritten, (shown, operands), &mut diff);
            if diff != ValueDiff::default() {
                self.report_values(observed, moment, 0, diff);
            }
        }
    }

    /// Whether a record of the opcode at `shown` has that many operands, and is the one that was found
    /// for the same place before.
    fn is_record(&mut self, shown: usize, interrupted: usize, operands: usize) -> bool {
        let Some(height) = self.operands_at(Some(shown)) else {
            return false;
        };
        let Some(view) = self.machine.top() else {
            return false;
        };
        // A trap's record lacks what its opcode takes.
        let taken = super::traps::operands_taken(view.function.instrs[shown].op);
        let key = (view.instance, view.function.index, interrupted);
        let same = *self.records.entry(key).or_insert(shown) == shown;
        same && (height.saturating_sub(taken)..=height).contains(&operands)
    }

    fn report_interrupted<O: Observation>(
        &mut self,
        observed: &mut O,
        moment: Moment,
        rule: RuleId,
        expected: Option<String>,
        shown: String,
        known: Option<Known>,
    ) {
        match known {
            None if !self.findings.is_news(rule) => return,
            Some(known) if self.findings.has_known(known) => {
                return self.findings.count_known(known);
            }
            _ => {}
        }
        let mut divergence = self.evidence(observed, moment, rule, Some(0), expected, shown);
        divergence.known = known.map(Known::cause);
        self.record(divergence);
    }
}

/// Where a program was interrupted.
struct Interrupted {
    /// Position of the next opcode.
    position: usize,
    /// PCs of the place: between the function's head and its first opcode, or the `loop`.
    pcs: std::ops::Range<Pc>,
    /// How many operands there are.
    operands: usize,
}

impl Interrupted {
    fn of(view: &FrameView<'_>) -> Interrupted {
        let pcs = &view.function.pcs;
        let pcs = match view.position {
            0 => view.function.start..pcs[0],
            at => pcs[at - 1]..Pc(pcs[at - 1].0 + 1),
        };
        Interrupted {
            position: view.position,
            pcs,
            operands: view.operands.len(),
        }
    }

    fn is_at(&self, pc: Pc) -> bool {
        self.pcs.contains(&pc)
    }

    fn describe(&self) -> String {
        let place = match self.position {
            0 => format!("PC {} or later, before {}", self.pcs.start, self.pcs.end),
            _ => format!("PC {}", self.pcs.start),
        };
        format!("{place}, {}", count(self.operands, "operand"))
    }
}

/// The places of all frames but the innermost, which is only passed.
fn callers_of<O: Observation>(observed: &mut O) -> Vec<Place> {
    let mut walk = Limited::new(observed.walk(), usize::MAX);
    let mut places = Vec::new();
    if !walk.done() {
        walk.parent();
    }
    while !walk.done() {
        places.push(walk.place());
        walk.parent();
    }
    places
}
