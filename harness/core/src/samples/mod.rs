//! Built-in modules, one a theme, that run beside the official suite: what the suite has little of.
//!
//! Each is an ordinary module with its invocations, planned as a user's would be.

use crate::check::{self, InputError, Plan, UserModule, Wishes};
use crate::subject::Settings;

/// A module and what is done with it.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Name shown to people, for example `samples/loop`.
    pub name: &'static str,
    /// Text of the module.
    pub wat: &'static str,
    /// Invocations, as `lockstep check --invoke` takes them.
    pub invoke: &'static [&'static str],
    /// Behaviours of imports, as `lockstep check --import` takes them.
    pub imports: &'static [&'static str],
}

/// All samples.
pub static SAMPLES: &[Sample] = &[
    Sample {
        name: "samples/loop",
        wat: include_str!("loop.wat"),
        invoke: &[
            "gcd(i32:1071, i32:462)",
            "collatz(i64:27)",
            "primes(i32:200)",
            "mix(i32:500)",
        ],
        imports: &[],
    },
    Sample {
        name: "samples/recursion",
        wat: include_str!("recursion.wat"),
        invoke: &[
            "fib(i32:15)",
            "ackermann(i32:2, i32:5)",
            "even(i32:150)",
            "hanoi(i32:7)",
        ],
        imports: &[],
    },
    Sample {
        name: "samples/memory",
        wat: include_str!("memory.wat"),
        invoke: &[
            "sort(i32:40)",
            "bulk()",
            "grow(i32:2)",
            "grow(i32:70000)",
            "crc(i32:64)",
            "past_the_end()",
        ],
        imports: &[],
    },
    Sample {
        name: "samples/simd",
        wat: include_str!("simd.wat"),
        invoke: &[
            "dot(i32:16)",
            "mix(v128:0x0f0e0d0c0b0a09080706050403020100, v128:0x7fc000003f800000ffc01234bf800000)",
            "unaligned(i32:1, v128:0x1, i32:2)",
        ],
        imports: &[],
    },
    Sample {
        name: "samples/references",
        wat: include_str!("references.wat"),
        invoke: &[
            "keep(i32:3, externref:7)",
            "fetch(i32:3)",
            "keep(i32:3, externref:null)",
            "fetch(i32:3)",
            "call(i32:0, i32:20)",
            "call(i32:1, i32:20)",
            "swap()",
            "call(i32:0, i32:20)",
            "call(i32:2, i32:20)",
            "call(i32:3, i32:20)",
            "call(i32:99, i32:20)",
            "grow_and_fill(i32:4)",
        ],
        imports: &[],
    },
    Sample {
        name: "samples/host",
        wat: include_str!("host.wat"),
        invoke: &[
            "ask(i32:5)",
            "again(i32:3)",
            "give_up(i32:1)",
            "again(i32:2)",
            "give_up(i32:0)",
        ],
        imports: &["host.fail=fail", "host.reenter=call(inner)"],
    },
    Sample {
        name: "samples/traps",
        wat: include_str!("traps.wat"),
        invoke: &[
            "divide(i32:7, i32:0)",
            "divide(i32:-2147483648, i32:-1)",
            "divide(i32:7, i32:-2)",
            "truncate(f64:nan)",
            "truncate(f64:1e300)",
            "truncate(f64:-1.5)",
            "load(i32:65533)",
            "load(i32:65532)",
            "deep(i32:20)",
            "count()",
        ],
        imports: &[],
    },
];

impl Sample {
    /// The sample, ready to run.
    ///
    /// # Errors
    ///
    /// None in a released version: a test plans every sample.
    pub fn plan(&self, settings: Settings) -> Result<Plan, InputError> {
        let text = self.wat.as_bytes().to_vec();
        let user = UserModule::new(self.name.to_owned(), text)?;
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let wishes = Wishes {
            invoke: owned(self.invoke),
            imports: owned(self.imports),
            settings,
            ..Wishes::default()
        };
        check::plan(&user, &wishes)
    }
}
