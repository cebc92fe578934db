//! markdown [PATH]: Markdown as HTML, of a file or of standard input.
use pulldown_cmark::{html, Options, Parser};
use std::{env, fs, io::Read};

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    match env::args().nth(1) {
        Some(path) => text = fs::read_to_string(path)?,
        None => drop(std::io::stdin().read_to_string(&mut text)?),
    }
    let mut page = String::new();
    html::push_html(&mut page, Parser::new_ext(&text, Options::all()));
    match env::var("TITLE") {
        Ok(title) => print!("<title>{title}</title>\n{page}"),
        Err(_) => print!("{page}"),
    }
    Ok(())
}
