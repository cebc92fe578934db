//! The checker of the process's code: what edits leave of it.

use super::difference::Difference;
use crate::report::counted;
use crate::rules::RuleId;
use crate::subject::code_image::{Mapping, Part};
use std::ops::Range;

/// What is not as it was recorded before the first edit, with every edit taken back; `None` is an image that
/// is gone.
pub(crate) fn restored(recorded: &[Mapping], now: &[Option<Mapping>]) -> Option<Difference> {
    let pairs = recorded.iter().zip(now);
    let changed: Vec<String> = pairs
        .filter(|(old, new)| new.as_ref() != Some(*old))
        .map(|(old, _)| counted(old.range.end - old.range.start, "byte"))
        .collect();
    let all = recorded.len();
    (!changed.is_empty()).then(|| {
        Difference::new(
            RuleId::EditCodeImage,
            format!("all {all} images of code as before the first edit"),
            format!("{} differ: {}", changed.len(), changed.join(", ")),
        )
    })
}

/// So many mappings are writable and executable at once.
pub(crate) fn writable(found: usize) -> Option<Difference> {
    let expected = "no mapping is writable and executable";
    (found > 0).then(|| Difference::new(RuleId::EditWritable, expected, format!("{found} are")))
}

/// What of the recorded code has other permissions after an edit than before the first.
pub(crate) fn permissions(recorded: &[Mapping], now: &[Vec<Part>]) -> Option<Difference> {
    let rule = RuleId::EditPermissions;
    // Of code that was edited as it came to the store nothing is known from before.
    let is_writable = |part: &Part| part.permissions.contains('w');
    if let Some(image) = now.iter().find(|image| image.iter().any(is_writable)) {
        let expected = "no part of an image of code is writable";
        return Some(Difference::new(
            rule,
            expected,
            format!("it is {}", show(image)),
        ));
    }
    let mut pairs = recorded.iter().zip(now);
    if let Some((_, image)) = pairs.find(|(old, now)| executes_beside(old, now)) {
        let expected = "no part of an image but its code is executable";
        return Some(Difference::new(
            rule,
            expected,
            format!("it is {}", show(image)),
        ));
    }
    let mut pairs = recorded.iter().zip(now);
    let (old, new) = pairs.find(|(old, new)| old.permissions != **new)?;
    let (expected, observed) = (show(&old.permissions), show(new));
    Some(Difference::new(
        rule,
        format!("an image of code is {expected}, as before the first edit"),
        format!("it is {observed}"),
    ))
}

/// Whether a part of an image is executable that is not of its code, whatever it was before the first edit:
/// that is recorded of code which was edited once, so that the store knows it.
fn executes_beside(image: &Mapping, now: &[Part]) -> bool {
    let beside = |code: &Range<u64>, part: &Part| {
        let inside = code.start <= part.range.start && part.range.end <= code.end;
        part.permissions.contains('x') && !inside
    };
    let code = image.code.as_ref();
    code.is_some_and(|code| now.iter().any(|part| beside(code, part)))
}

fn show(parts: &[Part]) -> String {
    let parts = parts.iter().map(|part| {
        let size = counted(part.range.end - part.range.start, "byte");
        format!("{} ({size})", part.permissions)
    });
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_may_be_executable() {
        let part = |range: Range<u64>, permissions: &str| Part {
            range,
            permissions: permissions.to_owned(),
        };
        let image = |code| Mapping {
            range: 0..0x4000,
            digest: [0; 32],
            permissions: Vec::new(),
            code,
        };
        let right = [part(0..0x1000, "r--p"), part(0x1000..0x3000, "r-xp")];
        let wrong = [part(0..0x1000, "r--p"), part(0x1000..0x4000, "r-xp")];
        assert!(!executes_beside(&image(Some(0x1000..0x3000)), &right));
        assert!(executes_beside(&image(Some(0x1000..0x3000)), &wrong));
        assert!(!executes_beside(&image(None), &wrong));
    }
}
