//! json PATH POINTER…: reads a JSON document, prints what each pointer names, and the whole in a line.
use serde_json::Value;
use std::{env, fs, io::Read, process};

fn main() {
    process::exit(run());
}

fn run() -> i32 {
    let mut arguments = env::args().skip(1);
    let text = match arguments.next().as_deref() {
        Some("-") | None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        }
        Some(path) => fs::read_to_string(path),
    };
    let document: Value = match text.map(|text| serde_json::from_str(&text)) {
        Ok(Ok(document)) => document,
        Ok(Err(error)) => {
            eprintln!("json: {error}");
            return 4;
        }
        Err(error) => {
            eprintln!("json: {:?}", error.kind());
            return 2;
        }
    };
    let mut missing = 0;
    for pointer in arguments {
        match document.pointer(&pointer) {
            Some(value) => println!("{pointer}: {value:#}"),
            None => missing += 1,
        }
    }
    println!("{document}");
    missing
}
