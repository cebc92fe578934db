//! Registers a module of the case's with the store: at the start before it is instantiated, where nothing else
//! makes the store know it yet; before a step again, which changes nothing. Versions before 45 have no such
//! call: there it is not done.

/// Registers a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterModule {
    /// Its number, in the order in which the case's modules are compiled.
    pub module: u32,
}

impl RegisterModule {
    /// What kind of action it is.
    pub const KIND: &str = "register module";

    pub(super) fn text(self) -> String {
        format!("{} {}", RegisterModule::KIND, self.module)
    }

    pub(super) fn read(words: &[&str]) -> Option<RegisterModule> {
        let [module] = words else { return None };
        let module = module.parse().ok()?;
        Some(RegisterModule { module })
    }

    pub(super) fn reduced(self) -> Vec<RegisterModule> {
        let numbers = super::smaller(self.module.into()).into_iter();
        let less = numbers.map(|module| RegisterModule {
            module: module as u32,
        });
        less.collect()
    }
}
