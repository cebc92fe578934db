//! grep PATTERN PATH…: prints each line in which the pattern is found, with its groups; `-` is standard input.
use regex::Regex;
use std::{env, fs, io::Read, process};

fn main() {
    process::exit(run());
}

fn run() -> i32 {
    let mut arguments = env::args().skip(1);
    let pattern = arguments.next().unwrap_or_default();
    let pattern = match Regex::new(&pattern) {
        Ok(pattern) => pattern,
        Err(error) => {
            eprintln!("grep: {error}");
            return 2;
        }
    };
    let mut found = false;
    for path in arguments {
        let mut text = String::new();
        if path == "-" {
            std::io::stdin().read_to_string(&mut text).expect("standard input");
        } else {
            match fs::read_to_string(&path) {
                Ok(read) => text = read,
                Err(error) => eprintln!("grep: {path}: {:?}", error.kind()),
            }
        }
        for (number, line) in text.lines().enumerate() {
            if let Some(groups) = pattern.captures(line) {
                found = true;
                let groups: Vec<_> = groups.iter().map(|group| group.map_or("-", |group| group.as_str())).collect();
                println!("{path}:{}: {}", number + 1, groups.join(" | "));
            }
        }
    }
    i32::from(!found)
}
