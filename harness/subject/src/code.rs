//! What there is of the process's code before and after the edits of a case.

use super::session::{Session, State};
use lockstep_core::fault::{Layer, Tamper as _};
use lockstep_core::subject::code_image::{Mapping, again, permissions, writable_code};
use wasmtime::StoreContextMut;

impl<T: Layer> Session<T> {
    /// Records the code that there is before the case's first edit of a module.
    pub(super) fn record_code(&mut self) {
        self.image.record();
    }

    /// Takes every edit back and has the code compared with what was recorded.
    pub(super) fn check_code(&mut self, store: &mut StoreContextMut<'_, State<T>>) {
        if !self.image.wanted {
            return;
        }
        self.check_permissions();
        self.edit_back(store);
        let mut now: Vec<Option<Mapping>> = self.image.recorded.iter().map(again).collect();
        self.tamper.code_image(&mut now);
        self.driver.code_restored(&self.image.recorded, &now);
    }

    /// Has the permissions of the code compared, if the case asks for it.
    pub(super) fn check_permissions(&mut self) {
        if !self.image.wanted {
            return;
        }
        let mut writable = writable_code();
        self.tamper.writable_code(&mut writable);
        self.driver.code_writable(writable);
        let mut now = permissions(&self.image.recorded);
        self.tamper.permissions(&mut now);
        self.driver.code_permissions(&self.image.recorded, &now);
    }
}
