//! Templates, and what they may be asked for: nothing of a case reaches a page or a program as it is.

use super::look::{Kind, Look};
use crate::markdown::{code, fenced, one_line, said};
use anyhow::Context;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

/// The template of a reproducer's program.
const PROGRAM: &str = "main.rs";
/// The template of a program about a component.
const COMPONENT: &str = "component.rs";
/// The template of a reproducer's manifest.
pub(super) const MANIFEST: &str = "Cargo.toml";
/// The template of a report.
pub(super) const REPORT: &str = "report.md";

/// The template of the program that looks at something.
pub(super) fn program(look: &Look) -> &'static str {
    match look.kind {
        Kind::Component => COMPONENT,
        _ => PROGRAM,
    }
}

/// A template, filled in.
///
/// # Errors
///
/// When the template asks for what is not there: a fault of Lockstep's own.
pub(super) fn render(template: &str, context: impl Serialize) -> anyhow::Result<String> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    // No template is HTML.
    templates.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    templates.set_keep_trailing_newline(true);
    templates.add_template(PROGRAM, include_str!("templates/main.rs.j2"))?;
    templates.add_template(COMPONENT, include_str!("templates/component.rs.j2"))?;
    templates.add_template(MANIFEST, include_str!("templates/Cargo.toml.j2"))?;
    templates.add_template(REPORT, include_str!("templates/report.md.j2"))?;
    templates.add_filter("string_literal", |text: String| rust_string(&text));
    templates.add_filter("hex", |number: u32| format!("{number:#x}"));
    templates.add_filter("code", |text: String| code(&text));
    templates.add_filter("line", |text: String| one_line(&text));
    templates.add_filter("said", |text: String| said(&text));
    templates.add_filter("fenced", |text: String, language: String| {
        fenced(&text, &language)
    });
    let template = templates.get_template(template)?;
    let text = template.render(Value::from_serialize(context));
    text.context("a report's template cannot be filled in")
}

/// A text as a string of Rust, of ASCII alone.
fn rust_string(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '\'' => c.to_string(),
        c => c.escape_default().to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_ends_a_string() {
        assert_eq!(rust_string("a\"b\\\u{202e}"), r#""a\"b\\\u{202e}""#);
    }
}
