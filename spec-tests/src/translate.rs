//! Translates `.wast` text into a [`Script`]. Never validates a module, and never drops a directive:
//! what has no translation becomes [`CommandKind::Unsupported`] with its name.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use wasmparser::WasmFeatures;
use wast::lexer::Lexer;
use wast::parser::{self, Cursor, Parse, ParseBuffer, Parser, Peek};
use wast::token::{Id, Span};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, WastThread, Wat, kw};

use crate::error::{Position, ScriptError};
use crate::script::{Action, Command, CommandKind, ModuleSource, Script};
use crate::values;

/// Parses the text of a `.wast` file; `name` is what people will see.
///
/// `features` are those with which the script's modules are to be validated. They go into the
/// script and do not change how its text is read.
///
/// A *quoted* module that does not parse, and any module that does not resolve, is kept as
/// [`ModuleSource::BadText`], whatever the command around it expects.
///
/// # Errors
///
/// The text outside quoted modules does not parse, with the place; or the `wast` crate panicked
/// on it.
pub fn parse_script(name: &str, text: &str, features: WasmFeatures) -> Result<Script, ScriptError> {
    // The parser is a dependency that sees arbitrary text: its defects must not end a campaign.
    let commands = panic::catch_unwind(AssertUnwindSafe(|| commands(text)))
        .map_err(|payload| ScriptError::ParserPanicked {
            script: name.to_owned(),
            message: panic_message(payload.as_ref()),
        })?
        .map_err(|error| ScriptError::Syntax {
            script: name.to_owned(),
            position: Lines::new(text).position(error.span()),
            message: error.message(),
        })?;
    Ok(Script {
        name: name.to_owned(),
        features,
        commands,
    })
}

fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

fn commands(text: &str) -> Result<Vec<Command>, wast::Error> {
    let buffer = buffer(text)?;
    let Directives(directives) = parser::parse(&buffer)?;
    let lines = Lines::new(text);
    let translate = |(span, directive)| Command {
        line: lines.position(span).line,
        kind: command(directive, &lines),
    };
    Ok(directives.into_iter().map(translate).collect())
}

/// Tokens of a text. The specification has no rule against confusing Unicode, so none is applied.
fn buffer(text: &str) -> Result<ParseBuffer<'_>, wast::Error> {
    let mut lexer = Lexer::new(text);
    lexer.allow_confusing_unicode(true);
    ParseBuffer::new_with_lexer(lexer)
}

/// A directive, or the plain `(get …)` that the `wast` crate accepts only inside assertions.
enum Directive<'a> {
    Wast(WastDirective<'a>),
    Get(WastExecute<'a>),
}

/// Directives with the place of their opening parenthesis, which the `wast` crate does not keep.
struct Directives<'a>(Vec<(Span, Directive<'a>)>);

impl<'a> Parse<'a> for Directives<'a> {
    fn parse(parser: Parser<'a>) -> parser::Result<Self> {
        if !parser.peek2::<DirectiveKeyword>()? {
            let span = parser.cur_span();
            // The fields of one module, without `(module …)` around them.
            let module = parser.parse::<Wast<'a>>()?.directives;
            return Ok(Directives(
                module
                    .into_iter()
                    .map(|directive| (span, Directive::Wast(directive)))
                    .collect(),
            ));
        }
        // The annotations that the `wast` crate reads itself; others are skipped like comments.
        let _custom = parser.register_annotation("custom");
        let _producers = parser.register_annotation("producers");
        let _name = parser.register_annotation("name");
        let _dylink = parser.register_annotation("dylink.0");
        let _hint = parser.register_annotation("metadata.code.branch_hint");
        let mut directives = Vec::new();
        while !parser.is_empty() {
            let span = parser.cur_span();
            let directive = if parser.peek2::<kw::get>()? {
                Directive::Get(parser.parens(WastExecute::parse)?)
            } else {
                Directive::Wast(parser.parens(WastDirective::parse)?)
            };
            directives.push((span, directive));
        }
        Ok(Directives(directives))
    }
}

/// A keyword that starts a directive, rather than a field of a module.
struct DirectiveKeyword;

impl Peek for DirectiveKeyword {
    fn peek(cursor: Cursor<'_>) -> parser::Result<bool> {
        let Some((keyword, _)) = cursor.keyword()? else {
            return Ok(false);
        };
        Ok(keyword.starts_with("assert_")
            || matches!(
                keyword,
                "module" | "component" | "register" | "invoke" | "get" | "thread" | "wait"
            ))
    }

    fn display() -> &'static str {
        "directive"
    }
}

/// Why a directive has no translation.
type Reason = String;

fn command(directive: Directive<'_>, lines: &Lines) -> CommandKind {
    let directive = match directive {
        Directive::Wast(directive) => directive,
        Directive::Get(exec) => return translated("get", action(&exec).map(CommandKind::Action)),
    };
    let name = directive_name(&directive);
    let kind = match directive {
        WastDirective::Module(wat) => {
            module(wat, lines).map(|(name, module)| CommandKind::Module { name, module })
        }
        WastDirective::ModuleDefinition(wat) => {
            module(wat, lines).map(|(name, module)| CommandKind::ModuleDefinition { name, module })
        }
        WastDirective::ModuleInstance {
            instance, module, ..
        } => Ok(CommandKind::ModuleInstance {
            instance: id(instance),
            definition: id(module),
        }),
        WastDirective::Register { name, module, .. } => Ok(CommandKind::Register {
            as_name: name.to_owned(),
            instance: id(module),
        }),
        WastDirective::Invoke(call) => invoke(&call).map(CommandKind::Action),
        WastDirective::Thread(thread) => Err(thread_reason(&thread)),
        WastDirective::Wait { .. } => Err("a script has no threads".to_owned()),
        assertion => self::assertion(assertion, lines),
    };
    translated(name, kind)
}

fn translated(directive: &'static str, kind: Result<CommandKind, Reason>) -> CommandKind {
    kind.unwrap_or_else(|reason| CommandKind::Unsupported { directive, reason })
}

fn assertion(directive: WastDirective<'_>, lines: &Lines) -> Result<CommandKind, Reason> {
    match directive {
        WastDirective::AssertReturn { exec, results, .. } => Ok(CommandKind::AssertReturn {
            action: action(&exec)?,
            expected: results
                .iter()
                .map(values::result)
                .collect::<Result<_, _>>()?,
        }),
        WastDirective::AssertTrap { exec, message, .. } => assert_trap(exec, message, lines),
        WastDirective::AssertExhaustion { call, message, .. } => {
            Ok(CommandKind::AssertExhaustion {
                action: invoke(&call)?,
                message: message.to_owned(),
            })
        }
        WastDirective::AssertException { exec, .. } => Ok(CommandKind::AssertException {
            action: action(&exec)?,
        }),
        WastDirective::AssertUnlinkable {
            module, message, ..
        } => Ok(CommandKind::AssertUnlinkable {
            module: self::module(QuoteWat::Wat(module), lines)?.1,
            message: message.to_owned(),
        }),
        WastDirective::AssertMalformed {
            module, message, ..
        } => Ok(CommandKind::AssertMalformed {
            module: self::module(module, lines)?.1,
            message: message.to_owned(),
        }),
        WastDirective::AssertInvalid {
            module, message, ..
        } => Ok(CommandKind::AssertInvalid {
            module: self::module(module, lines)?.1,
            message: message.to_owned(),
        }),
        WastDirective::AssertMalformedCustom { .. } | WastDirective::AssertInvalidCustom { .. } => {
            Err("the content of custom sections is not read".to_owned())
        }
        WastDirective::AssertSuspension { .. } => {
            Err("stack switching is not part of a script".to_owned())
        }
        other => Err(format!("`{}` is not an assertion", directive_name(&other))),
    }
}

fn assert_trap(exec: WastExecute<'_>, message: &str, lines: &Lines) -> Result<CommandKind, Reason> {
    let message = message.to_owned();
    match exec {
        WastExecute::Wat(wat) => Ok(CommandKind::AssertUninstantiable {
            module: module(QuoteWat::Wat(wat), lines)?.1,
            message,
        }),
        exec => Ok(CommandKind::AssertTrap {
            action: action(&exec)?,
            message,
        }),
    }
}

fn action(exec: &WastExecute<'_>) -> Result<Action, Reason> {
    match exec {
        WastExecute::Invoke(call) => invoke(call),
        WastExecute::Get { module, global, .. } => Ok(Action::Get {
            instance: id(*module),
            export: (*global).to_owned(),
        }),
        WastExecute::Wat(_) => Err("its action is a module".to_owned()),
    }
}

fn invoke(call: &WastInvoke<'_>) -> Result<Action, Reason> {
    Ok(Action::Invoke {
        instance: id(call.module),
        export: call.name.to_owned(),
        args: call
            .args
            .iter()
            .map(values::arg)
            .collect::<Result<_, _>>()?,
    })
}

fn id(id: Option<Id<'_>>) -> Option<String> {
    id.map(|id| id.name().to_owned())
}

/// The name and the encoding of a module; a component has none.
fn module(mut wat: QuoteWat<'_>, lines: &Lines) -> Result<(Option<String>, ModuleSource), Reason> {
    let name = id(wat.name());
    let source = match &mut wat {
        QuoteWat::Wat(Wat::Component(_)) | QuoteWat::QuoteComponent(..) => {
            return Err("it has a component, not a module".to_owned());
        }
        QuoteWat::Wat(wat) => wat
            .encode()
            .map_err(|error| format!("{} at {}", error.message(), lines.position(error.span()))),
        QuoteWat::QuoteModule(_, parts) => quoted(parts),
    };
    let source = match source {
        Ok(bytes) => ModuleSource::Binary(Arc::from(bytes)),
        Err(error) => ModuleSource::BadText { error },
    };
    Ok((name, source))
}

/// Encodes the strings of `(module quote …)`; a failure is told with the place in their text.
fn quoted(parts: &[(Span, &[u8])]) -> Result<Vec<u8>, String> {
    let text = parts
        .iter()
        .flat_map(|(_, part)| *part)
        .copied()
        .collect::<Vec<_>>();
    let text = str::from_utf8(&text).map_err(|error| {
        format!(
            "malformed UTF-8 encoding at byte {} of the quoted text",
            error.valid_up_to()
        )
    })?;
    encode(text).map_err(|error| {
        let position = Lines::new(text).position(error.span());
        format!("{} at {position} of the quoted text", error.message())
    })
}

fn encode(text: &str) -> Result<Vec<u8>, wast::Error> {
    let buffer = buffer(text)?;
    match parser::parse::<Wat<'_>>(&buffer)? {
        Wat::Component(_) => Err(wast::Error::new(
            Span::from_offset(0),
            "a component where a module is quoted".to_owned(),
        )),
        mut module => module.encode(),
    }
}

fn thread_reason(thread: &WastThread<'_>) -> Reason {
    format!(
        "a script has no threads; {} commands of `${}` are left out with it",
        thread.directives.len(),
        thread.name.name()
    )
}

/// The directive's name as written.
fn directive_name(directive: &WastDirective<'_>) -> &'static str {
    match directive {
        WastDirective::Module(_) => "module",
        WastDirective::ModuleDefinition(_) => "module definition",
        WastDirective::ModuleInstance { .. } => "module instance",
        WastDirective::AssertMalformed { .. } => "assert_malformed",
        WastDirective::AssertInvalid { .. } => "assert_invalid",
        WastDirective::AssertInvalidCustom { .. } => "assert_invalid_custom",
        WastDirective::AssertMalformedCustom { .. } => "assert_malformed_custom",
        WastDirective::Register { .. } => "register",
        WastDirective::Invoke(_) => "invoke",
        WastDirective::AssertTrap { .. } => "assert_trap",
        WastDirective::AssertReturn { .. } => "assert_return",
        WastDirective::AssertExhaustion { .. } => "assert_exhaustion",
        WastDirective::AssertUnlinkable { .. } => "assert_unlinkable",
        WastDirective::AssertException { .. } => "assert_exception",
        WastDirective::AssertSuspension { .. } => "assert_suspension",
        WastDirective::Thread(_) => "thread",
        WastDirective::Wait { .. } => "wait",
    }
}

/// Where the lines of a text start.
struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    fn new(text: &str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Lines {
            starts: std::iter::once(0).chain(after_newlines).collect(),
        }
    }

    fn position(&self, span: Span) -> Position {
        let offset = span.offset();
        // `starts` begins with 0, so at least one start is not after the offset.
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        Position {
            line: saturate(line),
            column: saturate(offset - start + 1),
            offset,
        }
    }
}

fn saturate(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
