//! A case as the script and options that run it.

use super::value::{Case, Check, Expect, Step, StepAction};
use super::{CaseOptions, Cuts, ImportSettings};
use crate::check;
use crate::subject::Settings;
use lockstep_spec_tests::script::{Action, Command, CommandKind, ModuleSource, Script};

impl Case {
    /// The script that does what the case says: its modules, then its steps.
    pub fn script(&self) -> Script {
        let mut commands = Vec::new();
        for (index, module) in self.modules.iter().enumerate() {
            if module.is_component() {
                let bytes = module.wasm.clone();
                commands.push(CommandKind::Component { bytes });
                continue;
            }
            commands.push(CommandKind::Module {
                name: Some(instance_name(index)),
                module: ModuleSource::Binary(module.wasm.clone()),
            });
            commands.push(CommandKind::Register {
                as_name: module.name.clone(),
                instance: Some(instance_name(index)),
            });
        }
        commands.extend(self.steps.iter().map(|step| self.command(step)));
        // A step's line is its number, from 1; the modules have none.
        let first = commands.len() - self.steps.len();
        let numbered = commands.into_iter().enumerate();
        Script {
            name: self.name.clone(),
            features: check::FEATURES,
            commands: numbered
                .map(|(index, kind)| Command {
                    line: (index + 1).saturating_sub(first) as u32,
                    kind,
                })
                .collect(),
        }
    }

    /// How the script is run.
    pub fn options(&self) -> CaseOptions {
        CaseOptions {
            settings: Settings {
                frames: self.frames,
                seed: self.host.seed,
                max_events: self.max_events,
                configuration: self.configuration,
                ..Settings::default()
            },
            imports: ImportSettings {
                synthesise: true,
                host: self.host.clone(),
            },
            actions_may_trap: true,
            script_may_err: true,
            schedule: self.schedule.clone(),
            checks: self.checks(),
            cuts: Cuts::default(),
        }
    }

    /// The checks, each of a memory with its module.
    fn checks(&self) -> Vec<Check> {
        let main = self.modules.len().saturating_sub(1) as u32;
        let mut checks = self.checks.clone();
        for check in &mut checks {
            if let Check::Memory { module, .. } = check {
                module.get_or_insert(main);
            }
        }
        checks
    }

    fn command(&self, step: &Step) -> CommandKind {
        let main = self.modules.len().saturating_sub(1);
        let instance = Some(instance_name(
            step.module.map_or(main, |module| module as usize),
        ));
        match &step.action {
            StepAction::Call {
                export,
                args,
                expect,
            } => {
                let action = Action::Invoke {
                    instance,
                    export: export.clone(),
                    args: args.clone(),
                };
                match expect {
                    None => CommandKind::Action(action),
                    Some(Expect::Returns(patterns)) => CommandKind::AssertReturn {
                        action,
                        expected: patterns.clone(),
                    },
                    Some(Expect::Traps(message)) => CommandKind::AssertTrap {
                        action,
                        message: message.clone(),
                    },
                }
            }
            StepAction::Invoke { export, args } => CommandKind::Call {
                component: step.module.unwrap_or(main as u32),
                export: export.clone(),
                args: args.clone(),
            },
            StepAction::Write {
                memory,
                offset,
                bytes,
            } => CommandKind::Write {
                instance,
                memory: memory.clone(),
                offset: *offset,
                bytes: bytes.as_slice().into(),
            },
            StepAction::Set { global, value } => CommandKind::Set {
                instance,
                global: global.clone(),
                value: *value,
            },
        }
    }
}

pub(super) fn instance_name(index: usize) -> String {
    format!("m{index}")
}
