//! `lockstep check`: a user's module under lockstep.

use super::campaign::{self, Campaign};
use super::input::Input;
use super::output::{About, Output};
use super::parts::Parts;
use super::several::{self, Turn};
use super::subjects::{Subject, Subjects};
use super::{Format, OwnFault, quoted, quoted_path};
use clap::Args;
use lockstep_core::campaign::protocol;
use lockstep_core::check::program::SERVED;
use lockstep_core::check::{self, ImportNote, InputError, Plan, ProgramWishes, UserFile, Wishes};
use lockstep_core::report::counted;
use lockstep_core::report::shown::Shown;
use lockstep_core::report::trail::Trails;
use lockstep_core::wasi::interface::MODULE;
use std::io::{self, Write};
use std::path::PathBuf;

/// Events for a case whose invocations are chosen here: boundary values make long loops.
const AUTOMATIC_EVENTS: u64 = 1_000_000;

/// Runs a module and compares every event, frame and value
///
/// The module is single-stepped beside the reference interpreter. Without --invoke, every exported
/// function is called with zeros and with boundary values; a call that needs more events than
/// --max-events is cut, and the others go on in a fresh instance; so do those after a call in which the
/// engine crashed or did not end.
///
/// A program for WASI preview 1 that exports `_start` is run as a command, with arguments behind `--`; it is
/// served by a host that does the same in every execution.
///
/// Other imports are satisfied by host functions whose results follow from --seed, the number of the
/// call and the result types, and by zeroed memories and tables.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Values are written type:value, or value alone where the parameter says the type:
  i32:-1  i32:0xff  i64:5  f32:1.5  f32:-inf  f32:nan:0x7fc00001  f64:nan  v128:0x<32 digits>
  externref:5  externref:null  funcref:null

Examples:
  lockstep check module.wat
  lockstep check m.wasm --invoke 'fac(i64:20)' --invoke 'main()'
  lockstep check m.wasm --import 'env.abort=fail' --import 'env.tick=call(on_tick)'
  lockstep check m.wasm --frames all --format json
  lockstep check hello.wasm --env LANG=C --dir data::/data -- first second
  wat2wasm m.wat -o - | lockstep check -")]
pub(super) struct Options {
    /// A module, binary or text; `-` is standard input
    file: PathBuf,
    #[command(flatten)]
    calls: Calls,
    #[command(flatten)]
    campaign: campaign::Options,
}

/// What is called, and what the host does.
#[derive(Debug, Args)]
pub(super) struct Calls {
    /// Seed of the host functions' results, decimal or after 0x
    #[arg(long, value_name = "N", value_parser = super::number, default_value = "0")]
    pub(super) seed: u64,
    /// Calls an export, in the order given: 'name(i32:20, f64:1.5)'
    #[arg(long, value_name = "CALL", allow_hyphen_values = true)]
    pub(super) invoke: Vec<String>,
    /// What an imported function does: 'module.name=fail' or 'module.name=call(export)'
    #[arg(long, value_name = "IMPORT=BEHAVIOUR")]
    pub(super) import: Vec<String>,
    #[command(flatten)]
    program: Program,
}

/// What a program for WASI finds.
#[derive(Debug, Args)]
struct Program {
    /// A variable of the environment of a program for WASI
    #[arg(long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// The standard input of a program for WASI; empty without this
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,
    /// A directory that a program for WASI has open: where it is and its name for the program, or one
    /// path for both. It is read once; what the program writes stays in memory
    #[arg(long, value_name = "HOST[::GUEST]")]
    dir: Vec<String>,
    /// Arguments of a program for WASI, behind its own name
    #[arg(last = true, value_name = "ARGUMENT")]
    args: Vec<String>,
}

impl Program {
    fn wishes(&self) -> ProgramWishes {
        let directories = self.dir.iter();
        ProgramWishes {
            args: self.args.clone(),
            env: self.env.clone(),
            stdin: self.stdin.clone(),
            directories: directories
                .map(|text| ProgramWishes::directory(text))
                .collect(),
        }
    }

    /// The options that say the same again: those before the arguments, and these.
    fn replay(&self) -> (String, String) {
        let mut options = String::new();
        for text in &self.env {
            options.push_str(&format!(" --env {}", quoted(text)));
        }
        if let Some(path) = &self.stdin {
            options.push_str(&format!(" --stdin {}", quoted_path(path)));
        }
        for text in &self.dir {
            options.push_str(&format!(" --dir {}", quoted(text)));
        }
        let mut args = String::new();
        if !self.args.is_empty() {
            args.push_str(" --");
        }
        for text in &self.args {
            args.push_str(&format!(" {}", quoted(text)));
        }
        (options, args)
    }
}

impl Calls {
    /// The calls as a worker is asked for them, all of them.
    pub(super) fn request(&self, input: &Input) -> protocol::Calls {
        protocol::Calls {
            file: input.file().to_owned(),
            name: input.name.clone(),
            invoke: self.invoke.clone(),
            imports: self.import.clone(),
            program: self.program.wishes(),
            part: (0, usize::MAX),
        }
    }

    /// The first option of these that is given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let program = &self.program;
        let given = [
            (self.seed != 0, "--seed"),
            (!self.invoke.is_empty(), "--invoke"),
            (!self.import.is_empty(), "--import"),
            (!program.env.is_empty(), "--env"),
            (program.stdin.is_some(), "--stdin"),
            (!program.dir.is_empty(), "--dir"),
            (!program.args.is_empty(), "arguments behind `--`"),
        ];
        let mut given = given.into_iter().filter(|(given, _)| *given);
        given.next().map(|(_, option)| option)
    }

    /// What is to be called.
    ///
    /// # Errors
    ///
    /// Whatever the user asks for that the module does not have, or cannot be given.
    pub(super) fn plan(&self, user: &UserFile) -> Result<Plan, InputError> {
        let wishes = Wishes {
            invoke: self.invoke.clone(),
            imports: self.import.clone(),
            program: self.program.wishes(),
            ..Wishes::default()
        };
        check::plan_file(user, &wishes)
    }

    /// The command that makes the calls again.
    pub(super) fn replay(
        &self,
        input: &Input,
        options: &campaign::Options,
        subject: &Subject,
    ) -> String {
        let mut text = format!("lockstep check {}", input.word());
        for call in &self.invoke {
            text.push_str(&format!(" --invoke {}", quoted(call)));
        }
        for import in &self.import {
            text.push_str(&format!(" --import {}", quoted(import)));
        }
        if self.seed != 0 {
            text.push_str(&format!(" --seed {}", self.seed));
        }
        let (program, args) = self.program.replay();
        text.push_str(&program);
        text.push_str(&options.replay(subject));
        text.push_str(&args);
        text
    }
}

pub(super) fn run(options: &Options, subjects: &Subjects, format: Format) -> anyhow::Result<u8> {
    let input = Input::read(&options.file)?;
    several::on_each(subjects, format, &options.campaign.report, |turn| {
        run_on(options, &input, format, turn)
    })
}

fn run_on(options: &Options, input: &Input, format: Format, turn: Turn<'_>) -> anyhow::Result<u8> {
    let subject = turn.subject;
    let plan = options.calls.plan(&input.code)?;
    if format == Format::Text && !options.campaign.report.is_quiet() {
        introduce(&plan).map_err(OwnFault::from)?;
    }
    let mut wishes = options.campaign.wishes(subject.version, options.calls.seed);
    if wishes.trails > Trails::None {
        wishes.trails = Trails::All;
    }
    if plan.automatic {
        wishes.max_events.get_or_insert(AUTOMATIC_EVENTS);
    }
    let replay = options.calls.replay(input, &options.campaign, subject);
    let campaign = Campaign {
        plan: campaign::Plan {
            named: Vec::new(),
            wishes,
            ..campaign::Plan::default()
        },
        subject,
        several: turn.several,
        options: &options.campaign,
        format,
        about: About::Invocations,
        choice: None,
        save: None,
        replay: &|_| replay.clone(),
    };
    let calls = Parts {
        request: options.calls.request(input),
        plan: &plan,
        campaign: &campaign,
        interrupt: turn.interrupt,
    };
    calls.run()
}

/// What is about to run, for people.
fn introduce(plan: &Plan) -> io::Result<()> {
    let mut out = Output::new();
    writeln!(out, "{}", Shown(&plan.script.name))?;
    // A program has dozens of them, all of one kind.
    let served = |import: &&ImportNote| import.satisfied_by == SERVED;
    let count = plan.imports.iter().filter(served).count();
    if count > 0 {
        let functions = counted(count as u64, "function");
        writeln!(out, "  import {functions} of {MODULE}: {SERVED}")?;
    }
    for import in plan.imports.iter().filter(|import| !served(import)) {
        writeln!(
            out,
            "  import {} ({}): {}",
            Shown(&import.name),
            import.ty,
            Shown(&import.satisfied_by)
        )?;
    }
    for skipped in &plan.skipped {
        writeln!(
            out,
            "  export {} is not called: {}",
            Shown(&skipped.export),
            Shown(&skipped.reason)
        )?;
    }
    if plan.automatic && plan.unexported > 0 {
        let functions = counted(plan.unexported as u64, "function");
        writeln!(out, "  {functions} not exported, so not called directly")?;
    }
    out.flush()
}
