//! A user's component as a script: which of its exported functions are called, with which arguments.

use super::{FEATURES, InputError, Plan, UserComponent, Wishes};
use crate::case::{CaseOptions, Cuts, ImportSettings};
use crate::schedule::Schedule;
use lockstep_oracles::component::{Component, Source, Text, Type, Val, parse_args, written};
use lockstep_spec_tests::script::{Command, CommandKind, Script};

/// Rows of arguments for each function.
const ROWS: usize = 4;

/// Makes a plan for a component.
///
/// # Errors
///
/// Whatever the user asks for that the component does not have, or cannot be given.
pub(super) fn plan(user: &UserComponent, wishes: &Wishes) -> Result<Plan, InputError> {
    let automatic = wishes.invoke.is_empty();
    let refused = |call: &str, message: &str| InputError::Call {
        file: user.name.clone(),
        call: call.to_owned(),
        message: message.to_owned(),
    };
    if let Some(import) = wishes.imports.first() {
        return Err(refused(import, "a component has no imports here"));
    }
    if !wishes.program.is_empty() {
        return Err(refused(
            "arguments, input and directories",
            "they are for programs for WASI",
        ));
    }
    let calls = match automatic {
        true => every_export(user),
        false => wishes
            .invoke
            .iter()
            .map(|call| explicit(user, call).map_err(|message| refused(call, &message)))
            .collect::<Result<_, _>>()?,
    };
    let component = CommandKind::Component {
        bytes: user.bytes.clone(),
    };
    let commands = std::iter::once(component).chain(calls);
    Ok(Plan {
        script: Script {
            name: user.name.clone(),
            features: FEATURES,
            // There is no text to have lines.
            commands: commands.map(|kind| Command { line: 0, kind }).collect(),
        },
        imports: Vec::new(),
        options: CaseOptions {
            settings: wishes.settings,
            imports: ImportSettings {
                synthesise: true,
                ..ImportSettings::default()
            },
            actions_may_trap: true,
            script_may_err: true,
            schedule: Schedule::default(),
            checks: Vec::new(),
            cuts: Cuts::default(),
        },
        automatic,
        skipped: Vec::new(),
        unexported: 0,
    })
}

/// A call as the user writes it: `name(arguments)`, or a name alone.
fn explicit(user: &UserComponent, call: &str) -> Result<CommandKind, String> {
    let (export, args) = split(call)?;
    fits(&user.component, export, args)?;
    Ok(CommandKind::Call {
        component: 0,
        export: export.to_owned(),
        args: args.to_owned(),
    })
}

/// The name and the arguments of a call as the user writes it.
///
/// # Errors
///
/// If the arguments have no end.
pub(crate) fn split(call: &str) -> Result<(&str, &str), String> {
    match call.split_once('(') {
        Some((export, rest)) => {
            let args = rest.strip_suffix(')').ok_or("`)` is missing at the end")?;
            Ok((export.trim(), args))
        }
        None => Ok((call.trim(), "")),
    }
}

/// Whether a component exports a function, and it can be called so.
///
/// # Errors
///
/// What it exports instead, or what is wrong with the arguments.
pub(crate) fn fits(component: &Component, export: &str, args: &str) -> Result<(), String> {
    let function = component.export(export).ok_or_else(|| {
        let known: Vec<&str> = component
            .exports
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        match known.is_empty() {
            true => "no function is exported".to_owned(),
            false => format!(
                "no exported function of that name; there are: {}",
                known.join(", ")
            ),
        }
    })?;
    let read = parse_args(args, &function.ty.param_types());
    read.map(drop).map_err(|error| error.to_string())
}

/// Calls of every exported function, with rows of arguments from small to large.
fn every_export(user: &UserComponent) -> Vec<CommandKind> {
    let mut calls = Vec::new();
    for (export, lifted) in &user.component.exports {
        let types = user.component.lifted[*lifted as usize].ty.param_types();
        let rows = if types.is_empty() { 1 } else { ROWS };
        for row in 0..rows {
            let args: Vec<String> = types
                .iter()
                .map(|ty| written(&boundary(ty, row), ty))
                .collect();
            calls.push(CommandKind::Call {
                component: 0,
                export: export.clone(),
                args: args.join(", "),
            });
        }
    }
    calls
}

/// A value for a row: nothing, one, the largest, the smallest or something beyond ASCII.
pub(crate) fn boundary(ty: &Type, row: usize) -> Val {
    let signed = |bits: u32| {
        let max = i64::MAX >> (64 - bits);
        Val::Signed([0, 1, max, -max - 1][row])
    };
    let unsigned = |bits: u32| Val::Unsigned([0, 1, u64::MAX >> (64 - bits), 1 << (bits - 1)][row]);
    if let Some(fields) = ty.fields() {
        return Val::Record(fields.into_iter().map(|ty| boundary(ty, row)).collect());
    }
    if let Some(cases) = ty.cases() {
        let case = [0, 1, cases.len() - 1, cases.len() / 2][row].min(cases.len() - 1);
        let payload = cases[case].map(|ty| Box::new(boundary(ty, row)));
        return Val::Variant(case as u32, payload);
    }
    match ty {
        Type::S8 => signed(8),
        Type::S16 => signed(16),
        Type::S32 => signed(32),
        Type::S64 => signed(64),
        Type::U8 => unsigned(8),
        Type::U16 => unsigned(16),
        Type::U32 => unsigned(32),
        Type::U64 => unsigned(64),
        Type::F32 => Val::F32([0.0, 1.5, f32::MAX, f32::NEG_INFINITY][row].to_bits()),
        Type::F64 => Val::F64([0.0, 1.5, f64::MAX, f64::NEG_INFINITY][row].to_bits()),
        Type::Char => Val::Char(['a', '\u{e9}', char::MAX, '\u{20ac}'][row]),
        Type::String => Val::String(Text {
            text: [
                "",
                "a",
                "na\u{ef}ve \u{20ac}",
                "0123456789 0123456789 0123456789",
            ][row]
                .to_owned(),
            source: Source::Utf8,
        }),
        Type::List(element) => {
            let length = [0, 1, 3, 17][row];
            Val::List(
                (0..length)
                    .map(|at| boundary(element, (row + at) % ROWS))
                    .collect(),
            )
        }
        Type::Flags(names) => Val::Flags(match row {
            0 => 0,
            1 => 1,
            _ => u32::MAX >> (32 - names.len().clamp(1, 32)),
        }),
        _ => Val::Bool(row % 2 == 1),
    }
}
