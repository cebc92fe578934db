//! digest PATH…: SHA-256 and SHA-512 of files and of their compressed form, and of standard input (`-`).
use sha2::{Digest, Sha256, Sha512};
use std::{env, fs, io::Read, process};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn main() {
    process::exit(run());
}

fn run() -> i32 {
    let mut failed = 0;
    for path in env::args().skip(1) {
        let mut bytes = Vec::new();
        let read = match path.as_str() {
            "-" => std::io::stdin().read_to_end(&mut bytes).map(drop),
            path => fs::read(path).map(|read| bytes = read),
        };
        if let Err(error) = read {
            println!("{path}: {:?}", error.kind());
            failed += 1;
            continue;
        }
        let packed = miniz_oxide::deflate::compress_to_vec(&bytes, 6);
        let back = miniz_oxide::inflate::decompress_to_vec(&packed).expect("what was just compressed");
        assert_eq!(back, bytes);
        println!("{} {} {path}", hex(&Sha256::digest(&bytes)), bytes.len());
        println!("{} {} {path}.deflate", hex(&Sha512::digest(&packed)[..16]), packed.len());
    }
    failed
}
