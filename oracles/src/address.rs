//! Typed indices: positions in a module, and addresses in a store. Never bare integers.

/// Byte offset of an opcode from the start of the module's binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pc(pub u32);

impl std::fmt::Display for Pc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{:x}", self.0)
    }
}

macro_rules! index {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as a position in a slice.
            #[inline]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

index! {
    /// Function index in a module's function index space, imports first.
    FuncIndex;
    /// Address of a function instance in a store.
    FuncAddr;
    /// Address of a table instance in a store.
    TableAddr;
    /// Address of a memory instance in a store.
    MemAddr;
    /// Address of a global instance in a store.
    GlobalAddr;
    /// Address of a module instance in a store.
    InstanceAddr;
    /// Address of an element segment in a store.
    ElemAddr;
    /// Address of a data segment in a store.
    DataAddr;
    /// Address of a tag instance in a store.
    TagAddr;
    /// Address of a structure or array in a store: its identity.
    ObjectAddr;
    /// Address of an exception in a store: its identity.
    ExnAddr;
    /// Number by which the embedder knows a host function.
    HostFuncId;
}
