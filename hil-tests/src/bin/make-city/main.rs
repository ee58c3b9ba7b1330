//! Writes the demo city `signal-plans/ankang-demo` from the tables in `tables.rs`.
//!
//! `cargo run -p hil-tests --bin make-city` from the root of the repository, or with `--out DIR`.

mod conflicts;
mod crossing;
mod fleet;
mod folder;
mod geojson;
mod junction;
mod layout;
mod plans;
mod readme;
mod site;
mod tables;
mod toml_text;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::layout::{City, NodeKind};

/// Writes the demo city from its tables.
#[derive(Parser)]
struct Arguments {
    /// The folder to write; files in it are replaced.
    #[arg(long, default_value = "signal-plans/ankang-demo")]
    out: PathBuf,
}

fn main() -> io::Result<()> {
    let out = Arguments::parse().out;
    for (name, text) in files() {
        write(&out.join(name), &text)?;
    }
    Ok(())
}

/// Every file of the folder: path below it, and text.
fn files() -> BTreeMap<String, String> {
    let city = City::build();
    let mut sites = BTreeMap::new();
    for node in city.nodes.values() {
        let made = match node.kind {
            NodeKind::Gate => continue,
            NodeKind::Junction => junction::site(&city, node),
            NodeKind::Crossing => crossing::site(&city, node),
        };
        sites.insert(node.id.clone(), made);
    }
    plans::add(&city, &mut sites);
    let mut files: BTreeMap<_, _> = sites
        .values()
        .map(|site| (format!("sites/{}.toml", site.id), toml_text::site(site)))
        .collect();
    files.insert("city.toml".to_owned(), folder::city());
    files.insert("calendar.toml".to_owned(), folder::calendar());
    files.insert("cabinets/links.toml".to_owned(), folder::links(&city));
    files.insert("network.geojson".to_owned(), geojson::write(&city));
    files.insert("README.md".to_owned(), readme::write(&city, &sites));
    files
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}
