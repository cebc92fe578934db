//! The checker of the process's code: what edits leave of it.

use super::driver::Driver;
use crate::divergence::Moment;
use crate::rules::RuleId;
use crate::subject::code_image::{Mapping, Part};

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

fn show(parts: &[Part]) -> String {
    let parts = parts.iter().map(|part| {
        let size = part.range.end - part.range.start;
        format!("{} ({size} bytes)", part.permissions)
    });
    parts.collect::<Vec<_>>().join(", ")
}
