//! The comparison of the process's code before and after the edits of a case.

use super::session::{Session, State};
use super::wasmtime::StoreContextMut;
use crate::divergence::Moment;
use crate::fault::{Layer, Tamper as _};
use crate::rules::RuleId;
use crate::subject::code_image::{Mapping, Part, again, permissions, writable_code};

impl<T: Layer> Session<T> {
    /// Records the code that there is before the case's first edit of a module.
    pub(super) fn record_code(&mut self) {
        self.image.record();
    }

    /// Takes every edit back and compares the code with what was recorded.
    pub(super) fn check_code(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        if !self.image.wanted {
            return;
        }
        self.check_writable();
        self.edit_back(store);
        self.driver.tally.code_images += 1;
        let mut now: Vec<Option<Mapping>> = self.image.recorded.iter().map(again).collect();
        self.tamper.code_image(&mut now);
        let changed = |(old, new): &(&Mapping, &Option<Mapping>)| new.as_ref() != Some(*old);
        let pairs = self.image.recorded.iter().zip(&now);
        let changed: Vec<String> = pairs
            .filter(changed)
            .map(|(old, _)| format!("{} bytes", old.range.end - old.range.start))
            .collect();
        if !changed.is_empty() {
            let all = self.image.recorded.len();
            self.driver.report_plain(
                RuleId::EditCodeImage,
                Moment::Edit,
                format!("all {all} images of code as before the first edit"),
                format!("{} differ: {}", changed.len(), changed.join(", ")),
            );
        }
    }

    /// Looks for mappings that are writable and executable at once.
    pub(super) fn check_writable(&mut self) {
        if !self.image.wanted {
            return;
        }
        let mut found = writable_code();
        self.tamper.writable_code(&mut found);
        if found > 0 {
            self.driver.report_plain(
                RuleId::EditWritable,
                Moment::Edit,
                "no mapping is writable and executable".to_owned(),
                format!("{found} are"),
            );
        }
        self.check_permissions();
    }

    /// After an edit every part of the recorded code has the permissions that it had before the first.
    fn check_permissions(&mut self) {
        let mut now = permissions(&self.image.recorded);
        self.tamper.permissions(&mut now);
        let pairs = self.image.recorded.iter().zip(&now);
        let mut changed = pairs.filter(|(old, new)| old.permissions != **new);
        let Some((old, new)) = changed.next() else {
            return;
        };
        let show = |parts: &[Part]| {
            let parts = parts.iter().map(|part| {
                let size = part.range.end - part.range.start;
                format!("{} ({size} bytes)", part.permissions)
            });
            parts.collect::<Vec<_>>().join(", ")
        };
        let (expected, observed) = (show(&old.permissions), show(new));
        self.driver.report_plain(
            RuleId::EditPermissions,
            Moment::Edit,
            format!("an image of code is {expected}, as before the first edit"),
            format!("it is {observed}"),
        );
    }
}
