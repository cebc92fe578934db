//! The page of a matrix: which version has which cause.

use super::render::styled;
use super::{INDEX, prepare, put};
use crate::causes::Cause;
use crate::matrix::{Cell, Matrix, Row};
use crate::report::counted;
use crate::report::shown::Shown;
use minijinja::{Value, context};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

const TEMPLATE: &str = include_str!("matrix.html");

/// Where the page of a matrix goes.
#[derive(Debug)]
pub struct MatrixPage {
    directory: PathBuf,
    command: String,
}

/// A cell as it is shown.
#[derive(Debug, Serialize)]
struct Shade {
    word: &'static str,
    class: &'static str,
}

/// A cell that the ledger says otherwise of.
#[derive(Debug, Serialize)]
struct Disagreement {
    cause: String,
    subject: String,
    cell: &'static str,
    ledger: bool,
    cases: String,
}

impl MatrixPage {
    /// A page in a directory; what ran is named by `command`.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made or written.
    pub fn new(directory: &Path, command: &str) -> io::Result<MatrixPage> {
        prepare(directory)?;
        Ok(MatrixPage {
            directory: directory.to_owned(),
            command: command.to_owned(),
        })
    }

    /// Writes `index.html`: all of it, or nothing of it is there. Of a matrix that was interrupted the page
    /// says that it is not `complete`.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, matrix: &Matrix, complete: bool) -> io::Result<()> {
        put(
            &self.directory,
            INDEX,
            &text(&self.command, matrix, complete)?,
        )
    }
}

fn shade(cell: Cell, disagrees: bool) -> Shade {
    let class = match cell {
        _ if disagrees => "wrong",
        Cell::Shown => "shown",
        Cell::New => "wrong",
        Cell::Absent | Cell::NotApplicable => "quiet",
    };
    Shade {
        word: cell.word(),
        class,
    }
}

fn disagreements(rows: &[Row]) -> Vec<Disagreement> {
    let of = |row: &Row| {
        let wrong = row.cells.iter().filter(|entry| entry.disagrees());
        let wrong = wrong.map(|entry| Disagreement {
            cause: row.cause.to_string(),
            subject: entry.subject.to_string(),
            cell: entry.cell.word(),
            ledger: entry.ledger,
            cases: Shown(&row.cases.join(", ")).to_string(),
        });
        wrong.collect::<Vec<_>>()
    };
    rows.iter().flat_map(of).collect()
}

fn text(command: &str, matrix: &Matrix, complete: bool) -> io::Result<String> {
    let rows = matrix.rows();
    let wrong = disagreements(&rows);
    let causes = counted(rows.len() as u64, "cause");
    let (word, class, sentence) = match (wrong.len(), complete) {
        (0, true) => (
            "AGREES",
            "pass",
            format!("The ledger is right of {causes}."),
        ),
        (0, false) => (
            "INCOMPLETE",
            "open",
            "The ledger is right as far as the cases ran.".to_owned(),
        ),
        (wrong, _) => (
            "DISAGREES",
            "fail",
            format!("The ledger is wrong in {}.", counted(wrong as u64, "cell")),
        ),
    };
    let shaded: Vec<Value> = rows
        .iter()
        .map(|row| {
            let cells = row.cells.iter();
            let cells: Vec<Shade> = cells
                .map(|entry| shade(entry.cell, entry.disagrees()))
                .collect();
            context! { cause => row.cause.to_string(), cells, text => row.cause.row().text }
        })
        .collect();
    let subjects: Vec<String> = matrix.subjects().iter().map(|it| it.to_string()).collect();
    let without: Vec<&str> = matrix.without_case().into_iter().map(Cause::id).collect();
    let context = context! {
        verdict => context! { word, class, sentence },
        command => Shown(command).to_string(),
        subjects,
        rows => shaded,
        disagreements => wrong,
        without_case => without.join(", "),
    };
    styled("matrix.html", TEMPLATE, context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::CaseReport;
    use crate::corpus::Expectation;
    use crate::version::Version;
    use std::fs;

    /// A matrix of one case of a cause that 42 has, as it came out on two versions.
    fn matrix(name: &str, shown: [bool; 2]) -> Matrix {
        let mut matrix = Matrix::default();
        let expect = Expectation::of_causes(&[Cause::TrapPc.id().to_owned()]).unwrap();
        for (subject, shown) in [Version::V42, Version::V48].into_iter().zip(shown) {
            matrix.add_subject(subject);
            let mut report = CaseReport::default();
            if shown {
                report.known.insert(Cause::TrapPc, 1);
            }
            matrix.add(subject, name, &expect, None, &report);
        }
        matrix
    }

    #[test]
    fn it_says_where_the_ledger_is_wrong() {
        let agrees = text("lockstep matrix", &matrix("a case", [true, false]), true).unwrap();
        assert!(agrees.contains("<h1>AGREES</h1>"), "{agrees}");
        assert!(!agrees.contains("Where the ledger is wrong"));
        assert!(agrees.contains(r#"<td class="shown">shown</td><td class="quiet">absent</td>"#));
        let wrong = text("lockstep matrix", &matrix("a case", [false, false]), true).unwrap();
        assert!(wrong.contains("<h1>DISAGREES</h1>"), "{wrong}");
        assert!(wrong.contains("<td>42.0.2</td><td>absent</td><td>there</td>"));
        let cut = text("lockstep matrix", &matrix("a case", [true, false]), false).unwrap();
        assert!(cut.contains("<h1>INCOMPLETE</h1>"), "{cut}");
    }

    #[test]
    fn names_can_do_nothing_in_it() {
        let name = "<script>alert(1)</script>\u{1b}[31m";
        let page = text(name, &matrix(name, [false, false]), true).unwrap();
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains('\u{1b}'), "{page}");
    }

    #[test]
    fn it_is_one_file_that_others_can_read() {
        let directory = tempfile::tempdir().unwrap();
        let page = MatrixPage::new(directory.path(), "lockstep matrix").unwrap();
        page.write(&matrix("a case", [true, false]), true).unwrap();
        let files = fs::read_dir(directory.path()).unwrap();
        let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        assert_eq!(names, ["index.html"]);
    }
}
