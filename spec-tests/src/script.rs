//! A script as data: what a `.wast` file says, with nothing of how an engine runs it.

use std::sync::Arc;
use wasmparser::WasmFeatures;

/// One `.wast` file, parsed and with every module encoded.
#[derive(Clone, Debug)]
pub struct Script {
    /// Name shown to people, for example `wasm-v2/br_table.wast`.
    pub name: String,
    /// Features with which its modules are validated.
    pub features: WasmFeatures,
    /// The commands, in file order.
    pub commands: Vec<Command>,
}

/// A command with the line it starts on.
#[derive(Clone, Debug)]
pub struct Command {
    /// 1-based line in the file.
    pub line: u32,
    /// What is to be done.
    pub kind: CommandKind,
}

/// What a command asks for.
#[derive(Clone, Debug)]
pub enum CommandKind {
    /// Define, validate and instantiate a module; it becomes the current instance.
    Module {
        /// `$name`, without the dollar sign.
        name: Option<String>,
        /// The module.
        module: ModuleSource,
    },
    /// Define, validate and instantiate a component. Not in this form in the official format.
    Component {
        /// Its binary.
        bytes: Arc<[u8]>,
    },
    /// Call an exported function of a component.
    Call {
        /// The component, in the order of the script, from 0.
        component: u32,
        /// The export; of an exported instance `instance#function`.
        export: String,
        /// The arguments, as component values are written, with a comma between two.
        args: String,
    },
    /// Define and validate a module without instantiating it.
    ModuleDefinition {
        /// `$name` of the definition; the last definition is also the default one.
        name: Option<String>,
        /// The module.
        module: ModuleSource,
    },
    /// Instantiate a definition; the instance becomes the current one.
    ModuleInstance {
        /// Name given to the instance.
        instance: Option<String>,
        /// Definition to instantiate; the last one if absent.
        definition: Option<String>,
    },
    /// Make an instance's exports importable under a module name.
    Register {
        /// Module name for later imports.
        as_name: String,
        /// The instance; the current one if absent.
        instance: Option<String>,
    },
    /// A plain action; a trap is a failure of the script.
    Action(Action),
    /// The action returns, with results that match.
    AssertReturn {
        /// What to do.
        action: Action,
        /// One pattern a result.
        expected: Vec<Pattern>,
    },
    /// The action traps.
    AssertTrap {
        /// What to do.
        action: Action,
        /// The message of the official interpreter.
        message: String,
    },
    /// The action exhausts a resource.
    AssertExhaustion {
        /// What to do.
        action: Action,
        /// The message of the official interpreter.
        message: String,
    },
    /// The action ends with an uncaught exception.
    AssertException {
        /// What to do.
        action: Action,
    },
    /// Instantiation traps (in a segment or in the start function).
    AssertUninstantiable {
        /// The module.
        module: ModuleSource,
        /// The message of the official interpreter.
        message: String,
    },
    /// Instantiation fails because an import is missing or has another type.
    AssertUnlinkable {
        /// The module.
        module: ModuleSource,
        /// The message of the official interpreter.
        message: String,
    },
    /// The text or the binary does not decode.
    AssertMalformed {
        /// The module.
        module: ModuleSource,
        /// The message of the official interpreter.
        message: String,
    },
    /// The module decodes but does not validate.
    AssertInvalid {
        /// The module.
        module: ModuleSource,
        /// The message of the official interpreter.
        message: String,
    },
    /// The host writes into an exported memory. Not in the official format: a step of a case.
    Write {
        /// The instance; none is the current one.
        instance: Option<String>,
        /// The export.
        memory: String,
        /// Where to, in bytes.
        offset: u64,
        /// What.
        bytes: Arc<[u8]>,
    },
    /// The host sets an exported global. Not in the official format: a step of a case.
    Set {
        /// The instance; none is the current one.
        instance: Option<String>,
        /// The export.
        global: String,
        /// Its new value.
        value: Arg,
    },
    /// A command this crate does not translate yet, with its name and the reason.
    Unsupported {
        /// Name of the directive, for example `assert_suspension`.
        directive: &'static str,
        /// Why.
        reason: String,
    },
}

/// Names of all kinds of command that count as assertions, in reporting order.
pub const ASSERTION_KINDS: [&str; 8] = [
    "assert_return",
    "assert_trap",
    "assert_exhaustion",
    "assert_exception",
    "assert_uninstantiable",
    "assert_unlinkable",
    "assert_malformed",
    "assert_invalid",
];

impl CommandKind {
    /// The directive's name as written in a script; `action` for a plain action.
    pub fn name(&self) -> &'static str {
        match self {
            CommandKind::Module { .. } => "module",
            CommandKind::Component { .. } => "component",
            CommandKind::Call { .. } => "invoke",
            CommandKind::ModuleDefinition { .. } => "module definition",
            CommandKind::ModuleInstance { .. } => "module instance",
            CommandKind::Register { .. } => "register",
            CommandKind::Action(_) => "action",
            CommandKind::Write { .. } => "write",
            CommandKind::Set { .. } => "set",
            CommandKind::AssertReturn { .. } => "assert_return",
            CommandKind::AssertTrap { .. } => "assert_trap",
            CommandKind::AssertExhaustion { .. } => "assert_exhaustion",
            CommandKind::AssertException { .. } => "assert_exception",
            CommandKind::AssertUninstantiable { .. } => "assert_uninstantiable",
            CommandKind::AssertUnlinkable { .. } => "assert_unlinkable",
            CommandKind::AssertMalformed { .. } => "assert_malformed",
            CommandKind::AssertInvalid { .. } => "assert_invalid",
            CommandKind::Unsupported { directive, .. } => directive,
        }
    }

    /// Whether the command only defines, instantiates or registers modules.
    pub fn is_definition(&self) -> bool {
        matches!(
            self,
            CommandKind::Module { .. }
                | CommandKind::Component { .. }
                | CommandKind::ModuleDefinition { .. }
                | CommandKind::ModuleInstance { .. }
                | CommandKind::Register { .. }
        )
    }

    /// Whether the command is an assertion (an unsupported directive is one if its name says so).
    pub fn is_assertion(&self) -> bool {
        self.name().starts_with("assert_")
    }
}

/// A module as the script gives it.
#[derive(Clone, Debug)]
pub enum ModuleSource {
    /// The binary: encoded from text, or the bytes of `(module binary …)`.
    Binary(Arc<[u8]>),
    /// The text did not parse or resolve; only a malformed (or, for a resolution error,
    /// an invalid) module may be like this.
    BadText {
        /// The parser's message.
        error: String,
    },
}

/// Something that is done to an instance.
#[derive(Clone, Debug)]
pub enum Action {
    /// Call an exported function.
    Invoke {
        /// The instance; the current one if absent.
        instance: Option<String>,
        /// Name of the export.
        export: String,
        /// Arguments.
        args: Vec<Arg>,
    },
    /// Read an exported global.
    Get {
        /// The instance; the current one if absent.
        instance: Option<String>,
        /// Name of the export.
        export: String,
    },
}

/// An argument of an invocation. Floats and vectors are bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// `i32.const`
    I32(u32),
    /// `i64.const`
    I64(u64),
    /// `f32.const`, bits
    F32(u32),
    /// `f64.const`, bits
    F64(u64),
    /// `v128.const`, lane 0 in the least significant bits
    V128(u128),
    /// `ref.null` of a heap type
    RefNull(NullOf),
    /// `ref.extern n`
    RefExtern(u32),
    /// `ref.host n`: an internalised host reference
    RefHost(u32),
}

/// The heap type of a `ref.null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NullOf {
    /// `func`
    Func,
    /// `extern`
    Extern,
    /// `any`, and everything below it
    Any,
    /// `exn`
    Exn,
    /// `nofunc`
    NoFunc,
    /// `noextern`
    NoExtern,
    /// `none`
    None,
    /// `noexn`
    NoExn,
}

/// What a result must look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `i32.const`
    I32(u32),
    /// `i64.const`
    I64(u64),
    /// `f32.const`, or a NaN pattern
    F32(FloatPattern<u32>),
    /// `f64.const`, or a NaN pattern
    F64(FloatPattern<u64>),
    /// `v128.const` of integers: the bits
    V128(u128),
    /// `v128.const f32x4` with NaN patterns by lane
    F32x4([FloatPattern<u32>; 4]),
    /// `v128.const f64x2` with NaN patterns by lane
    F64x2([FloatPattern<u64>; 2]),
    /// A null reference, of any type if absent
    RefNull(Option<NullOf>),
    /// A host external, a given one or any that is not null
    RefExtern(Option<u32>),
    /// An internalised host reference
    RefHost(u32),
    /// A function reference that is not null
    RefFunc,
    /// `ref.any`
    RefAny,
    /// `ref.eq`
    RefEq,
    /// `ref.array`
    RefArray,
    /// `ref.struct`
    RefStruct,
    /// `ref.i31`
    RefI31,
    /// `ref.i31_shared` and everything else this crate has no variant for, by name
    Other(String),
    /// Any of the patterns (`either`)
    Either(Vec<Pattern>),
}

impl Pattern {
    /// The name of a pattern, or of one in it, that this crate has no variant for.
    pub fn unknown(&self) -> Option<&str> {
        match self {
            Pattern::Other(name) => Some(name),
            Pattern::Either(patterns) => patterns.iter().find_map(Pattern::unknown),
            _ => None,
        }
    }
}

/// A float result: exact bits, or any NaN of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatPattern<T> {
    /// These bits
    Bits(T),
    /// `nan:canonical`: either sign, payload exactly the quiet bit
    CanonicalNan,
    /// `nan:arithmetic`: either sign, quiet bit set
    ArithmeticNan,
}

impl FloatPattern<u32> {
    /// Whether `bits` is such an `f32`.
    pub fn matches(self, bits: u32) -> bool {
        match self {
            FloatPattern::Bits(b) => b == bits,
            FloatPattern::CanonicalNan => bits & 0x7fff_ffff == 0x7fc0_0000,
            FloatPattern::ArithmeticNan => bits & 0x7fc0_0000 == 0x7fc0_0000,
        }
    }
}

impl FloatPattern<u64> {
    /// Whether `bits` is such an `f64`.
    pub fn matches(self, bits: u64) -> bool {
        match self {
            FloatPattern::Bits(b) => b == bits,
            FloatPattern::CanonicalNan => bits & 0x7fff_ffff_ffff_ffff == 0x7ff8_0000_0000_0000,
            FloatPattern::ArithmeticNan => bits & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000,
        }
    }
}

#[cfg(test)]
mod tests;
