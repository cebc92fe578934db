//! Settings of a case's executions.

use crate::configuration::Configuration;
use crate::lockstep::policy::FramePolicy;
use crate::version::Version;
use lockstep_oracles::WasmFeatures;

/// Settings of a case's executions.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The subject.
    pub subject: Version,
    /// Features that modules may use.
    pub features: WasmFeatures,
    /// Which frames are compared.
    pub frames: FramePolicy,
    /// Seed of the host's behaviour.
    pub seed: u64,
    /// Events after which the case is inconclusive.
    pub max_events: u64,
    /// The subject's configuration.
    pub configuration: Configuration,
    /// Whether the uninstrumented execution runs a twin, so that private entities are compared.
    pub twin: bool,
}

impl Settings {
    /// Those of the features that the subject has in this configuration.
    pub fn supported(&self) -> WasmFeatures {
        self.configuration.supported(self.features)
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            subject: Version::default(),
            features: WasmFeatures::WASM2,
            frames: FramePolicy::Sampled,
            seed: 0,
            max_events: 100_000_000,
            configuration: Configuration::default(),
            twin: true,
        }
    }
}
