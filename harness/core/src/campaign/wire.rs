//! Values that two processes write otherwise than others do: numbers in a report, paths in a request.

/// A function's index as a number.
pub mod func {
    use lockstep_oracles::address::FuncIndex;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the number.
    ///
    /// # Errors
    ///
    /// The serializer's.
    pub fn serialize<S: Serializer>(func: &FuncIndex, serializer: S) -> Result<S::Ok, S::Error> {
        func.0.serialize(serializer)
    }

    /// Reads the number.
    ///
    /// # Errors
    ///
    /// The deserializer's.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FuncIndex, D::Error> {
        u32::deserialize(deserializer).map(FuncIndex)
    }
}

/// A path: a text if it is UTF-8, else its bytes.
pub mod path {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::path::{Path, PathBuf};

    /// A path as it is read.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Bytes(Vec<u8>),
    }

    impl From<Written> for PathBuf {
        fn from(written: Written) -> PathBuf {
            match written {
                Written::Text(text) => text.into(),
                Written::Bytes(bytes) => OsString::from_vec(bytes).into(),
            }
        }
    }

    /// Writes the path.
    ///
    /// # Errors
    ///
    /// The serializer's.
    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        match path.to_str() {
            Some(text) => text.serialize(serializer),
            None => path.as_os_str().as_bytes().serialize(serializer),
        }
    }

    /// Reads the path.
    ///
    /// # Errors
    ///
    /// The deserializer's.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        Written::deserialize(deserializer).map(PathBuf::from)
    }

    /// A path that need not be there.
    pub mod optional {
        use super::{Deserialize, Deserializer, PathBuf, Serializer, Written};

        /// Writes the path, or null.
        ///
        /// # Errors
        ///
        /// The serializer's.
        pub fn serialize<S: Serializer>(
            path: &Option<PathBuf>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match path {
                Some(path) => super::serialize(path, serializer),
                None => serializer.serialize_none(),
            }
        }

        /// Reads the path, or null.
        ///
        /// # Errors
        ///
        /// The deserializer's.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<PathBuf>, D::Error> {
            Ok(Option::<Written>::deserialize(deserializer)?.map(PathBuf::from))
        }
    }
}

/// A PC as a number.
pub mod pc {
    use lockstep_oracles::address::Pc;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the number.
    ///
    /// # Errors
    ///
    /// The serializer's.
    pub fn serialize<S: Serializer>(pc: &Pc, serializer: S) -> Result<S::Ok, S::Error> {
        pc.0.serialize(serializer)
    }

    /// Reads the number.
    ///
    /// # Errors
    ///
    /// The deserializer's.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Pc, D::Error> {
        u32::deserialize(deserializer).map(Pc)
    }
}

/// Counts, or sets of bits, by opcode: those that are not zero, with their positions in [`Opcode::ALL`].
///
/// [`Opcode::ALL`]: lockstep_oracles::opcode::Opcode::ALL
pub mod sparse {
    use lockstep_oracles::opcode::Opcode;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    /// Writes pairs of position and count.
    ///
    /// # Errors
    ///
    /// The serializer's.
    pub fn serialize<S: Serializer, T: Copy + Default + PartialEq + Serialize>(
        counts: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let numbered = counts.iter().copied().enumerate();
        serializer.collect_seq(numbered.filter(|(_, count)| *count != T::default()))
    }

    /// Reads pairs of position and count.
    ///
    /// # Errors
    ///
    /// When a position is that of no opcode.
    pub fn deserialize<'de, D: Deserializer<'de>, T: Copy + Default + Deserialize<'de>>(
        deserializer: D,
    ) -> Result<Box<[T]>, D::Error> {
        let pairs = Vec::<(usize, T)>::deserialize(deserializer)?;
        let mut counts = vec![T::default(); Opcode::ALL.len()];
        for (position, count) in pairs {
            let place = counts.get_mut(position);
            *place.ok_or_else(|| D::Error::custom(format!("there is no opcode {position}")))? =
                count;
        }
        Ok(counts.into())
    }
}
