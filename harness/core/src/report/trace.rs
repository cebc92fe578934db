//! Traces: both sides at every matched event, side by side or as JSON lines.
//!
//! Each event is written when it happens and forgotten: a trace never grows in memory.

use super::shown::Shown;
use super::trail::TrailEvent;
use super::{divergence, json};
use crate::divergence::{NOT_READ, StateRow};
use crate::seen::Seen;
use crate::snapshot::{FrameCopy, Snapshot};
use crate::trace::Tracer;
use lockstep_oracles::address::InstanceAddr;
use lockstep_oracles::machine::{FrameView, Machine};
use lockstep_oracles::value::Value;
use serde::Serialize;
use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, OnceLock};

/// The text of each opcode of one module, by PC.
#[derive(Debug, Default)]
struct Disassembly {
    lines: HashMap<u32, String>,
}

impl Disassembly {
    /// Disassembles a module; empty if it cannot be printed.
    fn of(module: &[u8]) -> Disassembly {
        let mut text = String::new();
        let config = wasmprinter::Config::new();
        let Ok(printed) = config.offsets_and_lines(module, &mut text) else {
            return Disassembly::default();
        };
        let lines = printed
            .filter_map(|(offset, line)| {
                Some((u32::try_from(offset?).ok()?, without_comment(line)))
            })
            .collect();
        Disassembly { lines }
    }

    /// The opcode with its immediates, or its name alone.
    fn opcode(&self, view: &FrameView<'_>) -> String {
        match self.lines.get(&view.pc().0) {
            // The printer writes a function's final `end` as the module's parenthesis.
            Some(line) if line != ")" => line.clone(),
            _ => view.op().name(),
        }
    }
}

/// A module, disassembled when its code is first met.
#[derive(Debug)]
struct Code {
    module: Arc<[u8]>,
    text: OnceLock<Disassembly>,
}

/// The code of every instance; instances of one module share it.
#[derive(Debug, Default)]
pub(super) struct Codes(HashMap<InstanceAddr, Arc<Code>>);

impl Codes {
    pub(super) fn add(&mut self, instance: InstanceAddr, module: &Arc<[u8]>) {
        let mut known = self.0.values();
        let code = known.find(|code| code.module == *module).cloned();
        let code = code.unwrap_or_else(|| {
            Arc::new(Code {
                module: module.clone(),
                text: OnceLock::new(),
            })
        });
        self.0.insert(instance, code);
    }

    /// The opcode at which a frame is.
    fn opcode(&self, view: &FrameView<'_>) -> String {
        let code = self.0.get(&view.instance);
        let text = code.map(|code| code.text.get_or_init(|| Disassembly::of(&code.module)));
        text.map_or_else(|| view.op().name(), |text| text.opcode(view))
    }
}

/// A line of disassembly without the printer's remarks, such as a label's depth.
fn without_comment(line: &str) -> String {
    let code = line.split_once(" ;;").map_or(line, |(code, _)| code);
    code.trim().to_owned()
}

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// Writes every event to `out`.
#[derive(Debug)]
pub struct TraceWriter<W> {
    out: W,
    format: TraceFormat,
    codes: Codes,
    /// Frames shown at an event, innermost first.
    frames: usize,
    command: String,
}

impl<W: Write> TraceWriter<W> {
    /// A trace with so many frames at an event.
    pub fn new(out: W, format: TraceFormat, frames: usize) -> TraceWriter<W> {
        TraceWriter {
            out,
            format,
            codes: Codes::default(),
            frames,
            command: String::new(),
        }
    }

    fn text(&mut self, event: &Event) -> std::io::Result<()> {
        let title = format!("#{} {}", event.event, event.place());
        writeln!(self.out, "{title}")?;
        for frame in &event.frames {
            if frame.frame > 0 {
                writeln!(self.out, "    frame {}: {}", frame.frame, frame.place())?;
            }
            if !frame.state.is_empty() {
                let rows: Vec<StateRow> = frame.state.iter().map(Row::plain).collect();
                let table = divergence::side_by_side(&rows);
                // The titles of the columns are at the top of the trace.
                for row in table.lines().skip(1) {
                    writeln!(self.out, "{row}")?;
                }
            }
        }
        self.out.flush()
    }

    fn json(&mut self, event: &Event) -> std::io::Result<()> {
        json::line(&mut self.out, event)?;
        self.out.flush()
    }
}

impl<W: Write + Send> Tracer for TraceWriter<W> {
    fn command(&mut self, command: &str) {
        command.clone_into(&mut self.command);
        if self.format == TraceFormat::Text {
            // A write that fails here fails again, and is reported, at the next event.
            let _ = writeln!(
                self.out,
                "== {}    (columns: oracle, subject)",
                Shown(command)
            );
        }
    }

    fn instance(&mut self, instance: InstanceAddr, module: &Arc<[u8]>) {
        self.codes.add(instance, module);
    }

    fn event(&mut self, ordinal: u64, machine: &Machine, seen: &Snapshot) {
        let event = Event::of(
            &self.codes,
            &self.command,
            self.frames,
            ordinal,
            machine,
            seen,
        );
        // A tracer has nobody to tell; the caller's writer decides what a failure means.
        let _ = match self.format {
            TraceFormat::Text => self.text(&event),
            TraceFormat::Json => self.json(&event),
        };
    }
}

#[derive(Serialize)]
pub(super) struct Event {
    schema: &'static str,
    command: String,
    event: u64,
    depth: usize,
    frames: Vec<Frame>,
}

#[derive(Serialize)]
struct Frame {
    frame: usize,
    instance: u32,
    function: u32,
    name: Option<String>,
    pc: u32,
    opcode: String,
    state: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    what: String,
    oracle: String,
    subject: String,
    /// Null where the subject's value was not read.
    equal: Option<bool>,
}

impl Row {
    fn plain(&self) -> StateRow {
        StateRow {
            what: self.what.clone(),
            expected: self.oracle.clone(),
            observed: self.subject.clone(),
        }
    }
}

impl Event {
    /// What is shown of an event, with so many frames.
    pub(super) fn of(
        codes: &Codes,
        command: &str,
        frames: usize,
        ordinal: u64,
        machine: &Machine,
        seen: &Snapshot,
    ) -> Event {
        let views = machine.frames().take(frames).enumerate();
        Event {
            schema: "lockstep.event/1",
            command: command.to_owned(),
            event: ordinal,
            depth: machine.depth(),
            frames: views
                .map(|(frame, view)| Frame::of(codes, frame, &view, seen.frames.get(frame)))
                .collect(),
        }
    }

    /// The event as a step, of its innermost frame.
    pub(super) fn into_step(self) -> TrailEvent {
        let mut frames = self.frames.into_iter();
        let (mut opcode, mut place) = (String::new(), format!("depth {}", self.depth));
        let mut state = Vec::new();
        if let Some(frame) = frames.next() {
            let name = frame
                .name
                .map_or_else(String::new, |name| format!(" ${name}"));
            place = format!(
                "instance {} function {}{name} at PC 0x{:x}, {place}",
                frame.instance, frame.function, frame.pc
            );
            opcode = frame.opcode;
            state = frame.state.iter().map(Row::plain).collect();
        }
        TrailEvent {
            event: self.event,
            opcode,
            place,
            state,
        }
    }

    fn place(&self) -> String {
        let innermost = self.frames.first().map_or_else(String::new, Frame::place);
        format!("{innermost}, depth {}", self.depth)
    }
}

impl Frame {
    fn of(codes: &Codes, frame: usize, view: &FrameView<'_>, seen: Option<&FrameCopy>) -> Frame {
        let mut state = Vec::new();
        if let Some(seen) = seen.filter(|seen| seen.place.pc != view.pc()) {
            state.push(row(
                "PC".to_owned(),
                Some(view.pc().to_string()),
                Some(seen.place.pc.to_string()),
            ));
        }
        let none: &[Option<Seen>] = &[];
        rows(
            "local",
            view.locals_typed(),
            seen.map_or(none, |seen| &seen.locals),
            &mut state,
        );
        rows(
            "operand",
            view.operands_typed(),
            seen.map_or(none, |seen| &seen.operands),
            &mut state,
        );
        Frame {
            frame,
            instance: view.instance.0,
            function: view.function.index.0,
            name: view
                .module
                .func_name(view.function.index)
                .map(str::to_owned),
            pc: view.pc().0,
            opcode: codes.opcode(view),
            state,
        }
    }

    fn place(&self) -> String {
        let name = self
            .name
            .as_ref()
            .map_or_else(String::new, |name| format!(" ${}", Shown(name)));
        format!(
            "0x{:04x}  {:<28} instance {} function {}{name}",
            self.pc,
            Shown(&self.opcode),
            self.instance,
            self.function
        )
    }
}

fn rows(
    what: &str,
    expected: impl Iterator<Item = Value>,
    seen: &[Option<Seen>],
    state: &mut Vec<Row>,
) {
    let expected: Vec<Value> = expected.collect();
    for index in 0..expected.len().max(seen.len()) {
        let shown = seen.get(index).map(|seen| match seen {
            Some(seen) => seen.to_string(),
            None => NOT_READ.to_owned(),
        });
        state.push(row(
            format!("{what} {index}"),
            expected.get(index).map(Value::to_string),
            shown,
        ));
    }
}

fn row(what: String, oracle: Option<String>, subject: Option<String>) -> Row {
    let read = subject.as_deref() != Some(NOT_READ);
    let equal = read.then(|| oracle == subject);
    let text = |side: Option<String>| side.unwrap_or_else(|| "-".to_owned());
    Row {
        what,
        oracle: text(oracle),
        subject: text(subject),
        equal,
    }
}
