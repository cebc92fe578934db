//! Kinds of commands in reports.

use lockstep_spec_tests::script::CommandKind;

/// Builds [`Directive`] with its names, so that each is written once.
macro_rules! directives {
    ($($variant:ident $name:literal)*) => {
        /// The kind of a command: a script's directive, or what a case does besides. It writes and reads
        /// itself as its name.
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            serde::Serialize,
            serde::Deserialize,
        )]
        pub enum Directive { $(#[doc = $name] #[serde(rename = $name)] $variant,)* }

        impl Directive {
            /// The name as written in a script.
            pub fn name(self) -> &'static str {
                match self { $(Directive::$variant => $name,)* }
            }

            fn named(name: &str) -> Option<Directive> {
                match name {
                    $($name => Some(Directive::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

directives! {
    Module "module"
    Component "component"
    ModuleDefinition "module definition"
    ModuleInstance "module instance"
    Register "register"
    Action "action"
    Invoke "invoke"
    Get "get"
    Write "write"
    Set "set"
    AssertReturn "assert_return"
    AssertTrap "assert_trap"
    AssertExhaustion "assert_exhaustion"
    AssertException "assert_exception"
    AssertSuspension "assert_suspension"
    AssertUninstantiable "assert_uninstantiable"
    AssertUnlinkable "assert_unlinkable"
    AssertMalformed "assert_malformed"
    AssertMalformedCustom "assert_malformed_custom"
    AssertInvalid "assert_invalid"
    AssertInvalidCustom "assert_invalid_custom"
    Thread "thread"
    Wait "wait"
    Case "case"
    Expect "expect"
    Probe "probe"
    Other "other"
}

impl Directive {
    /// The kind of a script's command.
    pub fn of(kind: &CommandKind) -> Directive {
        Directive::named(kind.name()).unwrap_or(Directive::Other)
    }

    /// Whether it only makes what other commands use.
    pub fn prepares(self) -> bool {
        matches!(
            self,
            Directive::Module
                | Directive::Component
                | Directive::ModuleDefinition
                | Directive::ModuleInstance
                | Directive::Register
        )
    }

    /// Whether it asserts something.
    pub fn is_assertion(self) -> bool {
        matches!(
            self,
            Directive::AssertReturn
                | Directive::AssertTrap
                | Directive::AssertExhaustion
                | Directive::AssertException
                | Directive::AssertSuspension
                | Directive::AssertUninstantiable
                | Directive::AssertUnlinkable
                | Directive::AssertMalformed
                | Directive::AssertMalformedCustom
                | Directive::AssertInvalid
                | Directive::AssertInvalidCustom
        )
    }
}

impl std::fmt::Display for Directive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_spec_tests::script::ASSERTION_KINDS;

    #[test]
    fn every_assertion_of_a_script_is_one_here() {
        for name in ASSERTION_KINDS {
            let directive = Directive::named(name).unwrap();
            assert!(directive.is_assertion(), "{name}");
            assert_eq!(directive.name(), name);
        }
        assert!(!Directive::Action.is_assertion());
    }

    #[test]
    fn a_kind_reads_itself_as_it_writes_itself() {
        let json = serde_json::to_string(&Directive::ModuleInstance).unwrap();
        assert_eq!(json, "\"module instance\"");
        let read: Directive = serde_json::from_str(&json).unwrap();
        assert_eq!(read, Directive::ModuleInstance);
    }
}
