//! Subject configurations: a table of axes, each with its values, of which a case fixes one each.
//!
//! Neutral words: how an engine is told of them is the subject adapter's business.

use crate::version::Version;
use lockstep_oracles::WasmFeatures;

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Its name, as in `--config name=value`.
    pub name: &'static str,
    /// What it decides.
    pub about: &'static str,
    /// Its values, the default first.
    pub values: &'static [&'static str],
}

/// Why a text is no setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It is not of the form `axis=value`
    #[error("`{0}` is not of the form axis=value")]
    Form(String),
    /// There is no such axis
    #[error("there is no axis `{name}`; the axes are {axes}", axes = Configuration::axis_names())]
    Axis {
        /// As written.
        name: String,
    },
    /// The axis has no such value
    #[error("axis {axis} has no value `{value}`; it has {values}", values = axis.values())]
    Value {
        /// The axis.
        axis: AxisName,
        /// As written.
        value: String,
    },
}

macro_rules! axes {
    ($($field:ident $kind:ident $name:literal $about:literal { $($variant:ident $value:literal $doc:literal,)* })*) => {
        $(
            #[doc = $about]
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub enum $kind {
                $(#[doc = $doc] $variant,)*
            }

            impl $kind {
                /// Every value, the default first.
                pub const ALL: &[$kind] = &[$($kind::$variant,)*];
            }

            impl Default for $kind {
                fn default() -> $kind {
                    $kind::ALL[0]
                }
            }
        )*

        /// An axis, by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum AxisName { $(#[doc = $about] $kind,)* }

        /// A value on each axis.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct Configuration {
            $(#[doc = $about] pub $field: $kind,)*
        }

        static AXES: &[Axis] = &[$(Axis { name: $name, about: $about, values: &[$($value,)*] },)*];

        impl Configuration {
            /// Position of the value on an axis, in [`Axis::values`].
            pub fn position(&self, axis: AxisName) -> usize {
                match axis { $(AxisName::$kind => self.$field as usize,)* }
            }

            /// Takes the value at this position of [`Axis::values`]; false if there is none.
            pub fn set_position(&mut self, axis: AxisName, position: usize) -> bool {
                match axis {
                    $(AxisName::$kind => match $kind::ALL.get(position) {
                        Some(&value) => { self.$field = value; true }
                        None => false,
                    })*
                }
            }
        }

        impl AxisName {
            /// Every axis, in the table's order.
            pub const ALL: &[AxisName] = &[$(AxisName::$kind,)*];
        }
    };
}

// Columns: field, type, name, what it decides; then the values: variant, name, meaning. The first
// value of an axis is its default.
axes! {
    target Target "target" "What code modules are compiled to" {
        Native "native" "the host's machine code",
        Pulley64 "pulley64" "bytecode of the engine's own interpreter",
    }
    opt_level OptLevel "opt-level" "The compiler's optimisation level" {
        Speed "speed" "for speed",
        None "none" "none",
        SpeedAndSize "speed-and-size" "for speed and size",
    }
    regalloc Regalloc "regalloc" "The register allocator" {
        Backtracking "backtracking" "the one that searches",
        SinglePass "single-pass" "the one that does not",
    }
    inlining Inlining "inlining" "Whether calls inside a module are inlined" {
        Off "off" "never",
        On "on" "where the compiler's heuristics say so",
    }
    memory_reservation MemoryReservation "memory-reservation" "Address space reserved for a memory" {
        Default "default" "as the engine likes",
        Zero "0" "none: a memory that grows moves",
        Mib "1m" "1 MiB",
    }
    memory_guard MemoryGuard "memory-guard" "Address space left inaccessible behind a memory" {
        Default "default" "as the engine likes",
        Zero "0" "none",
        Kib64 "64k" "64 KiB",
    }
    memory_growth MemoryGrowth "memory-growth" "Address space reserved for growth when a memory moves" {
        Default "default" "as the engine likes",
        Zero "0" "none: every growth moves",
    }
    bounds_checks BoundsChecks "bounds-checks" "How bounds checks guard against speculation" {
        Default "default" "as the engine likes",
        Spectre "spectre" "with the compiler's mitigation asked for; refused without signals-based traps",
    }
    memory_init MemoryInit "memory-init" "How a memory gets its first content" {
        CopyOnWrite "cow" "mapped copy-on-write",
        Copy "copy" "copied",
    }
    table_init TableInit "table-init" "When a table gets the functions of its segments" {
        Lazy "lazy" "each when it is first read",
        Eager "eager" "all when its instance is made",
    }
    allocation Allocation "allocation" "Where instances are allocated" {
        OnDemand "on-demand" "each for itself",
        Pooling "pooling" "in a pool made beforehand",
    }
    fuel Fuel "fuel" "Whether the code counts fuel" {
        Off "off" "it does not",
        On "on" "it does, and never runs out",
        Hundreds "500" "it does, and there are 500 units for the whole case",
        Thousands "5000" "it does, and there are 5000 units for the whole case",
    }
    epochs Epochs "epochs" "Whether the code looks at the epoch" {
        Off "off" "it does not",
        Yield "yield" "it yields when the epoch has advanced; handlers and host functions advance it",
        Extend "extend" "the same, but a callback sets another deadline, and nothing yields",
        Fail "fail" "the same, but every fourth time the callback fails with an error; the case is two-way",
        Trap "trap" "the same, but every fourth time the callback asks for a trap; the case is two-way",
    }
    signals Signals "signals" "Where traps are taken by signal" {
        Off "off" "nowhere",
        Uninstrumented "uninstrumented" "in the uninstrumented execution, the engine's default",
        Everywhere "everywhere" "asked for in both; refused together with guest_debug",
    }
    nans Nans "nans" "Whether the compiler makes NaNs canonical" {
        Canonical "canonical" "it does",
        Any "any" "it does not: any NaN the specification allows is right, and the case is two-way",
    }
    yields Yields "yields" "Whether the debug handler suspends" {
        Off "off" "it answers at once",
        On "on" "it is pending once at every event; so are host functions, and code that counts fuel, after 200 units",
    }
    collector Collector "collector" "The garbage collector" {
        Drc "drc" "deferred reference counting",
        Null "null" "none: nothing is freed",
        Copying "copying" "copying; not every subject has it",
    }
    gc_heap GcHeap "gc-heap" "How far the collected heap may grow; a full one is collected" {
        Default "default" "as far as a memory",
        Kib64 "64k" "64 KiB, unless a memory of the case may grow as far as the heap by itself",
        Kib256 "256k" "256 KiB, likewise",
    }
    limiter Limiter "limiter" "What the store's limiter does with a growth that it does not allow" {
        Refuses "refuses" "it says no: the opcode answers -1",
        Fails "fails" "it fails with an error where code asks for more than 1 MiB, or more than 64 elements",
    }
    artifact Artifact "artifact" "What is run of a compiled module" {
        Compiled "compiled" "what the compiler made",
        Serialized "serialized" "the same, serialized and deserialized",
        File "file" "the same, deserialized from a file, which is mapped",
    }
    backtrace Backtrace "backtrace" "Whether errors carry a backtrace of the program" {
        Off "off" "they do not",
        On "on" "they do, as is the engine's default",
    }
}

impl Epochs {
    /// Whether a deadline may end a program.
    pub fn ends_programs(self) -> bool {
        matches!(self, Epochs::Fail | Epochs::Trap)
    }
}

impl AxisName {
    /// Its row.
    pub fn axis(self) -> &'static Axis {
        &AXES[self as usize]
    }

    fn values(self) -> String {
        self.axis().values.join(", ")
    }
}

impl std::fmt::Display for AxisName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.axis().name)
    }
}

impl std::str::FromStr for AxisName {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<AxisName, SettingError> {
        let found = AxisName::ALL.iter().find(|axis| axis.axis().name == text);
        found.copied().ok_or_else(|| SettingError::Axis {
            name: text.to_owned(),
        })
    }
}

/// One value on one axis, as a person writes it: `axis=value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Setting {
    /// The axis.
    pub axis: AxisName,
    /// Position of the value in [`Axis::values`].
    pub position: usize,
}

impl std::str::FromStr for Setting {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Setting, SettingError> {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| SettingError::Form(text.to_owned()))?;
        let axis: AxisName = name.parse()?;
        let position = axis.axis().values.iter().position(|known| *known == value);
        let position = position.ok_or_else(|| SettingError::Value {
            axis,
            value: value.to_owned(),
        })?;
        Ok(Setting { axis, position })
    }
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}={}",
            self.axis,
            self.axis.axis().values[self.position]
        )
    }
}

impl Configuration {
    fn axis_names() -> String {
        let names: Vec<&str> = AXES.iter().map(|axis| axis.name).collect();
        names.join(", ")
    }

    /// Takes a setting.
    pub fn set(&mut self, setting: Setting) {
        let known = self.set_position(setting.axis, setting.position);
        debug_assert!(known, "a setting's position comes from the table");
    }

    /// The settings that differ from the defaults, in the table's order.
    pub fn settings(&self) -> Vec<Setting> {
        let all = AxisName::ALL.iter().map(|&axis| Setting {
            axis,
            position: self.position(axis),
        });
        all.filter(|setting| setting.position != 0).collect()
    }

    /// Whether an engine must refuse this for the instrumented execution, and why.
    ///
    /// The reasons are promised: `Config::signals_based_traps` and `Config::guest_debug` exclude each
    /// other, the compiler's mitigations need signals-based traps, and a pool's memories must fit the
    /// reservation (`PoolingAllocationConfig::max_memory_size`).
    pub fn refused_instrumented(&self, subject: Version) -> Option<&'static str> {
        if self.signals == Signals::Everywhere {
            return Some("signals-based traps together with guest_debug");
        }
        self.refused_in_any(subject, false)
    }

    /// Whether an engine must refuse this for the uninstrumented execution, and why.
    pub fn refused_uninstrumented(&self, subject: Version) -> Option<&'static str> {
        self.refused_in_any(subject, self.signals != Signals::Off)
    }

    /// Those of the features that a subject in this configuration has; of the others it says so, and
    /// what needs one is counted as unsupported.
    ///
    /// Pulley has no threads: its loads and stores could not be those of a shared memory
    /// (`Config::wasm_threads` is refused with it).
    pub fn supported(&self, features: WasmFeatures) -> WasmFeatures {
        match self.target {
            Target::Pulley64 => features.difference(WasmFeatures::THREADS),
            Target::Native => features,
        }
    }

    fn refused_in_any(&self, subject: Version, signals: bool) -> Option<&'static str> {
        if !subject.conventions().collectors.contains(&self.collector) {
            return Some("a collector that the subject does not have");
        }
        if self.allocation == Allocation::Pooling
            && self.memory_reservation != MemoryReservation::Default
        {
            return Some("a pool whose memories may be larger than the reservation");
        }
        (self.bounds_checks == BoundsChecks::Spectre && !signals)
            .then_some("spectre mitigations without signals-based traps")
    }
}

impl Fuel {
    /// The units that there are at first; none where fuel is not counted.
    pub fn units(self) -> Option<u64> {
        match self {
            Fuel::Off => None,
            // Never used up: an opcode costs about one unit.
            Fuel::On => Some(u64::MAX),
            Fuel::Hundreds => Some(500),
            Fuel::Thousands => Some(5000),
        }
    }
}

impl GcHeap {
    /// Bytes that the heap may have; none where it is not limited by itself.
    pub fn bytes(self) -> Option<usize> {
        match self {
            GcHeap::Default => None,
            GcHeap::Kib64 => Some(64 << 10),
            GcHeap::Kib256 => Some(256 << 10),
        }
    }
}

impl std::fmt::Display for Configuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let settings: Vec<String> = self.settings().iter().map(Setting::to_string).collect();
        if settings.is_empty() {
            return f.write_str("default");
        }
        f.write_str(&settings.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_read_as_it_is_written() {
        for &axis in AxisName::ALL {
            for position in 0..axis.axis().values.len() {
                let setting = Setting { axis, position };
                assert_eq!(setting.to_string().parse(), Ok(setting));
                let mut configuration = Configuration::default();
                configuration.set(setting);
                assert_eq!(configuration.position(axis), position);
            }
        }
    }

    #[test]
    fn the_default_is_the_first_value_of_every_axis() {
        assert!(Configuration::default().settings().is_empty());
        assert_eq!(Configuration::default().to_string(), "default");
    }

    #[test]
    fn bad_settings_say_what_there_is() {
        let error = "target=arm".parse::<Setting>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "axis target has no value `arm`; it has native, pulley64"
        );
        assert!("speed".parse::<Setting>().is_err());
        let error = "colour=red".parse::<Setting>().unwrap_err().to_string();
        assert!(error.contains("no axis `colour`") && error.contains("opt-level"));
    }
}
