//! Makes a component of a core module and its interface: `embed INTERFACE.wit WORLD MODULE.wasm OUT.wasm`.

use std::error::Error;
use std::path::Path;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [wit, world, module, out] = args.as_slice() else {
        return Err("embed INTERFACE.wit WORLD MODULE.wasm OUT.wasm".into());
    };
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(Path::new(wit))?;
    let world = resolve.select_world(&[package], Some(world))?;
    let mut bytes = std::fs::read(module)?;
    embed_component_metadata(&mut bytes, &resolve, world, StringEncoding::UTF8)?;
    let component = ComponentEncoder::default().validate(true).module(&bytes)?.encode()?;
    std::fs::write(out, component)?;
    Ok(())
}
