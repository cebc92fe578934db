//! The functions of `wasi_snapshot_preview1` as one table: names and types. A test holds it against the
//! interface's own definition.

use lockstep_oracles::ValType;
use lockstep_oracles::module::FuncType;

/// The module that a program imports them from.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// The export that makes a module a command.
pub const START: &str = "_start";

/// The export that is the memory of a program.
pub const MEMORY: &str = "memory";

/// Builds [`Function`] from rows, so that each name is written once.
macro_rules! functions {
    ($($variant:ident $name:literal ($($param:ident)*) $result:tt;)*) => {
        /// A function of the interface.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function { $(#[doc = $name] $variant,)* }

        impl Function {
            /// Every function, in the order of the interface.
            pub const ALL: &[Function] = &[$(Function::$variant),*];

            /// Its name as an import.
            pub fn name(self) -> &'static str {
                match self { $(Function::$variant => $name,)* }
            }

            /// The types of its parameters and results.
            fn types(self) -> (&'static [ValType], &'static [ValType]) {
                match self {
                    $(Function::$variant => (&[$(ValType::$param),*], functions!(@ $result)),)*
                }
            }
        }
    };
    (@ errno) => { &[ValType::I32] };
    (@ none) => { &[] };
}

functions! {
    ArgsGet "args_get" (I32 I32) errno;
    ArgsSizesGet "args_sizes_get" (I32 I32) errno;
    EnvironGet "environ_get" (I32 I32) errno;
    EnvironSizesGet "environ_sizes_get" (I32 I32) errno;
    ClockResGet "clock_res_get" (I32 I32) errno;
    ClockTimeGet "clock_time_get" (I32 I64 I32) errno;
    FdAdvise "fd_advise" (I32 I64 I64 I32) errno;
    FdAllocate "fd_allocate" (I32 I64 I64) errno;
    FdClose "fd_close" (I32) errno;
    FdDatasync "fd_datasync" (I32) errno;
    FdFdstatGet "fd_fdstat_get" (I32 I32) errno;
    FdFdstatSetFlags "fd_fdstat_set_flags" (I32 I32) errno;
    FdFdstatSetRights "fd_fdstat_set_rights" (I32 I64 I64) errno;
    FdFilestatGet "fd_filestat_get" (I32 I32) errno;
    FdFilestatSetSize "fd_filestat_set_size" (I32 I64) errno;
    FdFilestatSetTimes "fd_filestat_set_times" (I32 I64 I64 I32) errno;
    FdPread "fd_pread" (I32 I32 I32 I64 I32) errno;
    FdPrestatGet "fd_prestat_get" (I32 I32) errno;
    FdPrestatDirName "fd_prestat_dir_name" (I32 I32 I32) errno;
    FdPwrite "fd_pwrite" (I32 I32 I32 I64 I32) errno;
    FdRead "fd_read" (I32 I32 I32 I32) errno;
    FdReaddir "fd_readdir" (I32 I32 I32 I64 I32) errno;
    FdRenumber "fd_renumber" (I32 I32) errno;
    FdSeek "fd_seek" (I32 I64 I32 I32) errno;
    FdSync "fd_sync" (I32) errno;
    FdTell "fd_tell" (I32 I32) errno;
    FdWrite "fd_write" (I32 I32 I32 I32) errno;
    PathCreateDirectory "path_create_directory" (I32 I32 I32) errno;
    PathFilestatGet "path_filestat_get" (I32 I32 I32 I32 I32) errno;
    PathFilestatSetTimes "path_filestat_set_times" (I32 I32 I32 I32 I64 I64 I32) errno;
    PathLink "path_link" (I32 I32 I32 I32 I32 I32 I32) errno;
    PathOpen "path_open" (I32 I32 I32 I32 I32 I64 I64 I32 I32) errno;
    PathReadlink "path_readlink" (I32 I32 I32 I32 I32 I32) errno;
    PathRemoveDirectory "path_remove_directory" (I32 I32 I32) errno;
    PathRename "path_rename" (I32 I32 I32 I32 I32 I32) errno;
    PathSymlink "path_symlink" (I32 I32 I32 I32 I32) errno;
    PathUnlinkFile "path_unlink_file" (I32 I32 I32) errno;
    PollOneoff "poll_oneoff" (I32 I32 I32 I32) errno;
    ProcExit "proc_exit" (I32) none;
    ProcRaise "proc_raise" (I32) errno;
    SchedYield "sched_yield" () errno;
    RandomGet "random_get" (I32 I32) errno;
    SockAccept "sock_accept" (I32 I32 I32) errno;
    SockRecv "sock_recv" (I32 I32 I32 I32 I32 I32) errno;
    SockSend "sock_send" (I32 I32 I32 I32 I32) errno;
    SockShutdown "sock_shutdown" (I32 I32) errno;
}

impl Function {
    /// The function that an import asks for: of this module and name, and of its very type.
    pub fn imported(module: &str, name: &str, ty: &FuncType) -> Option<Function> {
        if module != MODULE {
            return None;
        }
        let named = Function::ALL
            .iter()
            .find(|function| function.name() == name);
        let (params, results) = named?.types();
        (*ty.params == *params && *ty.results == *results).then_some(*named?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::{memory, poll, streams};
    use std::rc::Rc;
    use witx::{Layout, RecordDatatype, Type, Variant, WasmType};

    /// The interface as its authors define it.
    fn definition() -> witx::Document {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/wasi/witx");
        let file = format!("{directory}/wasi_snapshot_preview1.witx");
        witx::load(&[file]).unwrap_or_else(|error| panic!("{}", error.report()))
    }

    fn types(types: &[WasmType]) -> Vec<ValType> {
        let of = |ty: &WasmType| match ty {
            WasmType::I32 => ValType::I32,
            WasmType::I64 => ValType::I64,
            WasmType::F32 => ValType::F32,
            WasmType::F64 => ValType::F64,
        };
        types.iter().map(of).collect()
    }

    #[test]
    fn every_function_has_the_name_and_type_of_the_definition() {
        let document = definition();
        let module = document.module(&witx::Id::new(MODULE)).unwrap();
        let mut defined: Vec<_> = module.funcs().collect();
        defined.sort_by_key(|function| function.name.as_str().to_owned());
        let mut ours = Function::ALL.to_vec();
        ours.sort_by_key(|function| function.name());
        assert_eq!(ours.len(), defined.len());
        for (function, defined) in ours.iter().zip(defined) {
            assert_eq!(function.name(), defined.name.as_str());
            let (params, results) = defined.wasm_signature();
            let (params, results) = (types(&params), types(&results));
            let wanted = (&params[..], &results[..]);
            assert_eq!(function.types(), wanted, "{}", function.name());
        }
    }

    fn named(document: &witx::Document, name: &str) -> Rc<Type> {
        let named = document.typename(&witx::Id::new(name));
        named.unwrap().type_().clone()
    }

    fn record(document: &witx::Document, name: &str) -> RecordDatatype {
        match &*named(document, name) {
            Type::Record(record) => record.clone(),
            other => panic!("{name} is no record: {other:?}"),
        }
    }

    fn variant(document: &witx::Document, name: &str) -> Variant {
        match &*named(document, name) {
            Type::Variant(variant) => variant.clone(),
            other => panic!("{name} is no variant: {other:?}"),
        }
    }

    /// Where each member of a record is, and then its size.
    fn layout(record: &RecordDatatype) -> Vec<usize> {
        let members = record.member_layout().into_iter();
        let offsets = members.map(|member| member.offset);
        offsets.chain([record.mem_size()]).collect()
    }

    #[test]
    fn records_are_laid_out_as_the_definition_says() {
        let document = definition();
        let of = |name: &str| layout(&record(&document, name));
        assert_eq!(of("iovec"), [0, 4, memory::IOVEC as usize]);
        assert_eq!(of("ciovec"), of("iovec"));
        let fdstat = [streams::FDSTAT_FLAGS, streams::FDSTAT_RIGHTS];
        assert_eq!(of("fdstat")[1..3], fdstat);
        let fdstat = [streams::FDSTAT_INHERITING, streams::FDSTAT];
        assert_eq!(of("fdstat")[3..], fdstat);
        let filestat = [
            0,
            streams::FILESTAT_INODE,
            streams::FILESTAT_TYPE,
            streams::FILESTAT_NAMES,
            streams::FILESTAT_SIZE,
            streams::FILESTAT_ACCESSED,
            streams::FILESTAT_MODIFIED,
            streams::FILESTAT_CHANGED,
            streams::FILESTAT,
        ];
        assert_eq!(of("filestat"), filestat);
        let dirent = [
            0,
            streams::DIRENT_INODE,
            streams::DIRENT_LENGTH,
            streams::DIRENT_TYPE,
            streams::DIRENT,
        ];
        assert_eq!(of("dirent"), dirent);
        let prestat = variant(&document, "prestat");
        assert_eq!(prestat.payload_offset(), streams::PRESTAT_LENGTH);
        assert_eq!(prestat.mem_size(), streams::PRESTAT);
    }

    #[test]
    fn subscriptions_and_events_are_laid_out_as_the_definition_says() {
        let document = definition();
        let of = |name: &str| layout(&record(&document, name));
        let union = variant(&document, "subscription_u").payload_offset() as u32;
        let payload = poll::SUBSCRIPTION_TYPE + union;
        assert_eq!(payload, poll::SUBSCRIPTION_PAYLOAD);
        let subscription = [0, poll::SUBSCRIPTION_TYPE, poll::SUBSCRIPTION];
        assert_eq!(of("subscription"), subscription.map(|at| at as usize));
        let clock = of("subscription_clock");
        assert_eq!(clock[1], poll::CLOCK_TIMEOUT as usize);
        assert_eq!(clock[3], poll::CLOCK_FLAGS as usize);
        let event = [0, poll::EVENT_ERROR, poll::EVENT_TYPE, poll::EVENT_BYTES];
        assert_eq!(of("event")[..4], event);
        assert_eq!(of("event")[4], poll::EVENT as usize);
        assert_eq!(of("event_fd_readwrite")[0], 0);
    }

    /// Numbers of an enumeration's cases, by name.
    fn numbers(document: &witx::Document, name: &str, of: &[(&str, u32)]) {
        let cases = variant(document, name).cases;
        for (case, number) in of {
            let at = cases.iter().position(|one| one.name.as_str() == *case);
            assert_eq!(at, Some(*number as usize), "{name} {case}");
        }
    }

    #[test]
    fn numbers_are_those_of_the_definition() {
        let document = definition();
        let errno = |errno: wasip1::Errno| u32::from(errno.raw());
        numbers(
            &document,
            "errno",
            &[
                ("success", errno(wasip1::ERRNO_SUCCESS)),
                ("badf", errno(wasip1::ERRNO_BADF)),
                ("fault", errno(wasip1::ERRNO_FAULT)),
                ("inval", errno(wasip1::ERRNO_INVAL)),
                ("noent", errno(wasip1::ERRNO_NOENT)),
                ("notsup", errno(wasip1::ERRNO_NOTSUP)),
                ("notcapable", errno(wasip1::ERRNO_NOTCAPABLE)),
            ],
        );
        let clocks = [("realtime", 0), ("thread_cputime_id", 3)];
        numbers(&document, "clockid", &clocks);
        let end = u32::from(wasip1::WHENCE_END.raw());
        numbers(&document, "whence", &[("end", end)]);
        let file = u32::from(wasip1::FILETYPE_REGULAR_FILE.raw());
        numbers(&document, "filetype", &[("regular_file", file)]);
        let written = u32::from(wasip1::EVENTTYPE_FD_WRITE.raw());
        numbers(&document, "eventtype", &[("fd_write", written)]);
        // Flags are the bits of a record's members.
        let bit = |name: &str, flag: &str| {
            let members = record(&document, name).members;
            let at = members.iter().position(|one| one.name.as_str() == flag);
            1u64 << at.unwrap()
        };
        assert_eq!(bit("rights", "fd_write"), wasip1::RIGHTS_FD_WRITE);
        assert_eq!(bit("rights", "sock_accept"), wasip1::RIGHTS_SOCK_ACCEPT);
        assert_eq!(bit("oflags", "trunc"), u64::from(wasip1::OFLAGS_TRUNC));
        assert_eq!(bit("fdflags", "append"), u64::from(wasip1::FDFLAGS_APPEND));
        assert_eq!(bit("fstflags", "mtim"), u64::from(wasip1::FSTFLAGS_MTIM));
    }
}
