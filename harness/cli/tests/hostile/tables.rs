//! Bad input as tables, a file each: every row has its exit code, 2, and what is said of it. Rows that one
//! process can refuse together are given to one.

use super::Given;
use std::fs;

/// A row: what is said after `### `, and the text below it.
struct Row {
    said: &'static str,
    text: &'static str,
}

fn rows(table: &'static str) -> Vec<Row> {
    let rows = table.split("\n### ").skip(1);
    let row = |row: &'static str| {
        let (said, text) = row.split_once('\n').unwrap();
        let text = text.strip_suffix('\n').unwrap_or(text);
        Row { said, text }
    };
    rows.map(row).collect()
}

/// Asserts that of each file one line says so, and prints what else is said.
fn assert_said(given: &Given, args: &[&str], wanted: &[(String, &str)]) {
    let ran = given.run(args);
    assert_eq!(ran.code, Some(2));
    let lines: Vec<&str> = ran.text.lines().collect();
    let missing = wanted.iter().filter(|(file, part)| {
        let of_file = |line: &&&str| line.starts_with(file.as_str());
        !lines.iter().filter(of_file).any(|line| line.contains(part))
    });
    let missing: Vec<String> = missing
        .map(|(file, part)| {
            let said = lines.iter().find(|line| line.starts_with(file.as_str()));
            format!("{file} {part}\n  said: {said:?}")
        })
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Every key of a case file with a value of another type, out of range, unknown, twice, missing or beside
/// what excludes it.
#[test]
fn case_files() {
    const GOOD: &str = include_str!("case.toml");
    let rows = rows(include_str!("case-files.txt"));
    assert!(rows.len() > 400, "{}", rows.len());
    let given = Given::files(&[]);
    fs::create_dir(given.path("rows")).unwrap();
    let mut wanted = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let text = match row.text.split_once("^\n") {
            Some((before, behind)) => format!("{before}{GOOD}{behind}"),
            None if row.text.starts_with('[') && !row.text.starts_with("[[module]]") => {
                format!("{GOOD}{}", row.text)
            }
            None => format!("{}\n{GOOD}", row.text),
        };
        fs::write(given.path(&format!("rows/{number:03}.toml")), text).unwrap();
        let (line, part) = row.said.split_once(' ').unwrap();
        wanted.push((format!("lockstep: rows/{number:03}.toml:{line}: "), part));
    }
    assert_said(&given, &["replay", "rows", "--jobs", "1"], &wanted);
}

#[test]
fn scripts() {
    let rows = rows(include_str!("scripts.txt"));
    assert!(rows.len() > 50, "{}", rows.len());
    let given = Given::files(&[]);
    let mut wanted = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        fs::write(given.path(&format!("{number:03}.wast")), row.text).unwrap();
        let (place, part) = row.said.split_once(' ').unwrap();
        wanted.push((format!("lockstep: ./{number:03}.wast:{place} "), part));
    }
    assert_said(&given, &["spec", "--dir", ".", "--jobs", "1"], &wanted);
}

#[test]
fn modules() {
    let rows = rows(include_str!("modules.txt"));
    assert!(rows.len() > 90, "{}", rows.len());
    let given = Given::files(&[]);
    for row in rows {
        let (kind, part) = row.said.split_once(' ').unwrap();
        let file = match kind {
            "wat" => "m.wat",
            _ => "m.wasm",
        };
        let bytes = match kind {
            "wat" => row.text.as_bytes().to_vec(),
            _ => binary(row.text),
        };
        fs::write(given.path(file), bytes).unwrap();
        println!("{kind} {}", row.text);
        given.run(&["check", file]).comes_to(2, &[part]);
    }
}

fn binary(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    let pairs = pairs.map(|pair| str::from_utf8(pair).unwrap());
    let bytes = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap());
    bytes.collect()
}

#[test]
fn command_lines() {
    const MODULE: &str = r#"(module (func (export "f") (param i32) (result i32) (local.get 0))
        (func (export "v") (param v128)))"#;
    let rows = rows(include_str!("words.txt"));
    assert!(rows.len() > 120, "{}", rows.len());
    let case = format!("[[module]]\nwat = '''{MODULE}'''\n");
    let given = Given::files(&[("m.wat", MODULE.to_owned()), ("case.toml", case)]);
    fs::create_dir(given.path(".empty")).unwrap();
    for row in rows {
        let words: Vec<&str> = row.text.split(' ').collect();
        println!("{}", row.text);
        given.run(&words).comes_to(2, &[row.said]);
    }
}
