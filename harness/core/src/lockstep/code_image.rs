//! The checker of the process's code: what edits leave of it.

use super::driver::Driver;
use crate::divergence::Moment;
use crate::rules::RuleId;
use crate::subject::code_image::{Mapping, Part};
use std::ops::Range;

impl Driver {
    /// With every edit taken back the images are as they were recorded before the first; `None` is one that is gone.
    pub fn code_restored(&mut self, recorded: &[Mapping], now: &[Option<Mapping>]) {
        self.recorder.tally.code_images += 1;
        let pairs = recorded.iter().zip(now);
        let changed: Vec<String> = pairs
            .filter(|(old, new)| new.as_ref() != Some(*old))
            .map(|(old, _)| format!("{} bytes", old.range.end - old.range.start))
            .collect();
        if !changed.is_empty() {
            let all = recorded.len();
            self.report_plain(
                RuleId::EditCodeImage,
                Moment::Edit,
                format!("all {all} images of code as before the first edit"),
                format!("{} differ: {}", changed.len(), changed.join(", ")),
            );
        }
    }

    /// No mapping is writable and executable at once; `found` are.
    pub fn code_writable(&mut self, found: usize) {
        self.recorder.note(RuleId::EditWritable);
        if found > 0 {
            self.report_plain(
                RuleId::EditWritable,
                Moment::Edit,
                "no mapping is writable and executable".to_owned(),
                format!("{found} are"),
            );
        }
    }

    /// After an edit every part of the recorded code has the permissions that it had before the first.
    pub fn code_permissions(&mut self, recorded: &[Mapping], now: &[Vec<Part>]) {
        self.recorder.note(RuleId::EditPermissions);
        // Of code that was edited as it came to the store nothing is known from before.
        let is_writable = |part: &Part| part.permissions.contains('w');
        if let Some(image) = now.iter().find(|image| image.iter().any(is_writable)) {
            let expected = "no part of an image of code is writable".to_owned();
            let observed = format!("it is {}", show(image));
            self.report_plain(RuleId::EditPermissions, Moment::Edit, expected, observed);
            return;
        }
        let mut pairs = recorded.iter().zip(now);
        if let Some((_, image)) = pairs.find(|(old, now)| executes_beside(old, now)) {
            let expected = "no part of an image but its code is executable".to_owned();
            let observed = format!("it is {}", show(image));
            self.report_plain(RuleId::EditPermissions, Moment::Edit, expected, observed);
            return;
        }
        let mut pairs = recorded.iter().zip(now);
        let Some((old, new)) = pairs.find(|(old, new)| old.permissions != **new) else {
            return;
        };
        let (expected, observed) = (show(&old.permissions), show(new));
        self.report_plain(
            RuleId::EditPermissions,
            Moment::Edit,
            format!("an image of code is {expected}, as before the first edit"),
            format!("it is {observed}"),
        );
    }
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
        let size = part.range.end - part.range.start;
        format!("{} ({size} bytes)", part.permissions)
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
