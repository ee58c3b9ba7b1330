//! Builds the web console into `OUT_DIR/console`, or leaves a plain page that says why not.
//!
//! Node is wanted, never needed: without it the program still builds and its API works.
//! Decision 0006 says why the bundle is built here and not committed.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script reads its own files"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

const WEB: &str = "src/shell/console/web";
const SKIP: &str = "GREENWAVE_SKIP_CONSOLE";

fn main() {
    println!("cargo:rerun-if-env-changed={SKIP}");
    println!("cargo:rerun-if-changed=src/shell/console/build.rs");
    if env::var_os("CARGO_FEATURE_SHELL").is_none() {
        return;
    }
    for source in [
        "src",
        "public",
        "index.html",
        "package.json",
        "package-lock.json",
        "svelte.config.js",
        "tsconfig.json",
        "vite.config.ts",
    ] {
        println!("cargo:rerun-if-changed={WEB}/{source}");
    }
    if let Err(reason) = console() {
        println!("cargo:warning=web console not built: {reason}");
    }
}

fn console() -> Result<(), String> {
    let out = env::var_os("OUT_DIR").ok_or("cargo set no OUT_DIR")?;
    let out = PathBuf::from(out).join("console");
    let root = env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo set no CARGO_MANIFEST_DIR")?;
    let web = PathBuf::from(root).join(WEB);
    if env::var_os(SKIP).is_some_and(|value| value != "0" && !value.is_empty()) {
        return plain_page(&out, &web, &format!("{SKIP} is set"));
    }
    plain_page(&out, &web, "the build did not finish")?;
    build(&web, &out).or_else(|reason| {
        // A file that never exists makes cargo run this again, so that installing node helps.
        println!("cargo:rerun-if-changed={WEB}/.not-built");
        plain_page(&out, &web, &reason)?;
        Err(reason)
    })
}

fn build(web: &Path, out: &Path) -> Result<(), String> {
    let (lock, stamp) = (
        web.join("package-lock.json"),
        web.join("node_modules/.greenwave-lock"),
    );
    let wanted = fs::read(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    if fs::read(&stamp).ok().as_ref() != Some(&wanted) {
        let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        let mut npm = Command::new("npm");
        run(npm.args(quiet).arg("--prefer-offline").current_dir(web))?;
        fs::write(&stamp, &wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    }
    let mut vite = Command::new("node");
    vite.args(["node_modules/vite/bin/vite.js", "build", "--outDir"])
        .arg(out)
        .args(["--emptyOutDir", "--logLevel", "warn"])
        .current_dir(web);
    run(&mut vite)?;
    if out.join("assets").is_dir() {
        Ok(())
    } else {
        Err("vite wrote no assets".to_owned())
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command
        .output()
        .map_err(|error| format!("{name}: {error} (Node 20.19 or newer with npm is wanted)"))?;
    if done.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&done.stderr);
    let told: Vec<&str> = told.lines().filter(|line| !line.is_empty()).collect();
    let last = told.len().saturating_sub(6);
    Err(format!(
        "{name} ended with {}: {}",
        done.status,
        told.get(last..).unwrap_or_default().join(" | ")
    ))
}

/// The page that is served when there is no console.
fn plain_page(out: &Path, web: &Path, reason: &str) -> Result<(), String> {
    let put = || -> io::Result<()> {
        if out.exists() {
            fs::remove_dir_all(out)?;
        }
        fs::create_dir_all(out)?;
        let page = fs::read_to_string(web.join("not-built.html"))?;
        let reason = reason
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        fs::write(out.join("index.html"), page.replace("{{reason}}", &reason))
    };
    put().map_err(|error| format!("{}: {error}", out.display()))
}
