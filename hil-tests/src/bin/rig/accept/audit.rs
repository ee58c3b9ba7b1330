//! Demonstration 5: one byte of the audit is changed, or its tail is cut off, without its signed heads
//! and with them; the verifier names the record.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::hospital;
use crate::tools::{Bench, Verdict, path, say};

/// Records that are cut off.
const TAIL: usize = 3;

pub(super) fn judge(bench: &Bench) -> Result<(), String> {
    let folder = hospital::folder(bench);
    let audit = folder.join("with/data/audit");
    let records = fs::read_to_string(audit.join("audit.jsonl"));
    let records = records.map_err(|why| {
        format!(
            "{}: {why}; run `rig accept hospital` first",
            audit.display()
        )
    })?;
    let lines: Vec<&str> = records.lines().collect();
    let mut verdict = Verdict::default();

    let copy = put(&folder, &audit, "audit-copy", &records)?;
    let (code, text) = verify(bench, "accept-audit-copy", &copy, &[])?;
    verdict.hold(code == 0, format!("the untouched copy was refused: {text}"));
    say(&format!("untouched: {}", text.trim()));
    let behind = text.rsplit("signed by ").next().unwrap_or_default();
    let key = behind.split([',', ' ', '\n']).next().unwrap_or_default();

    // Every byte of the middle record that carries meaning would do; this one is a digit of its time.
    let victim = lines.len() / 2;
    let (number, changed) = flip(&lines, victim)?;
    let file = put(&folder, &audit, "audit-one-byte", &changed)?;
    let (code, text) = verify(bench, "accept-audit-byte", &file, &["--key", key])?;
    say(&format!(
        "one byte of record {number} changed: exit {code}: {}",
        text.trim()
    ));
    verdict.hold(code == 1, format!("a changed byte ended with {code}"));
    verdict.hold(
        text.contains(&format!("record {number} ")),
        format!("record {number} is not named: {text}"),
    );

    let kept = lines.len().saturating_sub(TAIL);
    let cut = text_of(lines.get(..kept).unwrap_or_default());
    let file = put(&folder, &audit, "audit-cut", &cut)?;
    let (code, text) = verify(bench, "accept-audit-cut", &file, &["--key", key])?;
    say(&format!(
        "the last {TAIL} of {} records cut off: exit {code}: {}",
        lines.len(),
        text.trim()
    ));
    verdict.hold(code == 1, format!("a missing tail ended with {code}"));
    verdict.hold(
        text.contains(&format!("record {} is missing", kept + 1)),
        format!("record {} is not named: {text}", kept + 1),
    );
    cut_with_heads(bench, (&file, kept), key, &mut verdict)?;
    verdict.close()
}

/// The heads of the missing tail are cut off too: what is left looks whole by itself, and the store's
/// copies of the heads tell what is missing.
fn cut_with_heads(
    bench: &Bench,
    (file, kept): (&Path, usize),
    key: &str,
    verdict: &mut Verdict,
) -> Result<(), String> {
    let place = file.with_extension("heads");
    let failed = |why: std::io::Error| format!("{}: {why}", place.display());
    let heads = fs::read_to_string(&place).map_err(failed)?;
    let last = u64::try_from(kept).unwrap_or(u64::MAX);
    let stays = |line: &&str| {
        let head: Option<Value> = serde_json::from_str(line).ok();
        head.and_then(|head| head["seq"].as_u64())
            .is_some_and(|seq| seq <= last)
    };
    let all: Vec<&str> = heads.lines().collect();
    let left: Vec<&str> = all.iter().copied().filter(stays).collect();
    fs::write(&place, text_of(&left)).map_err(failed)?;
    verdict.hold(
        left.len() < all.len() && !left.is_empty(),
        format!("{} of {} heads are left", left.len(), all.len()),
    );

    let (code, text) = verify(bench, "accept-audit-heads", file, &["--key", key])?;
    say(&format!(
        "the same with their signed heads ({}), by itself: exit {code}: {}",
        all.len() - left.len(),
        text.trim()
    ));
    verdict.hold(
        code == 0,
        format!("without the store it ended with {code}: {text}"),
    );

    let store = path(&hospital::folder(bench).join("with/data/store.sqlite"));
    let options = ["--key", key, "--store", &store];
    let (code, text) = verify(bench, "accept-audit-store", file, &options)?;
    say(&format!(
        "and with the store's copies of heads: exit {code}: {}",
        text.trim()
    ));
    verdict.hold(code == 1, format!("a tail without heads ended with {code}"));
    verdict.hold(
        text.contains(&format!("record {} is missing", last + 1)),
        format!("record {} is not named: {text}", last + 1),
    );
    Ok(())
}

/// The records with one bit of one byte of line `victim` turned; the number of that record.
fn flip(lines: &[&str], victim: usize) -> Result<(u64, String), String> {
    let line = lines.get(victim).ok_or("the audit is empty")?;
    let record: Value = serde_json::from_str(line).map_err(|why| why.to_string())?;
    let number = record["seq"].as_u64().ok_or("a record without a number")?;
    let key = "\"at_ms\":";
    // The last digit of the milliseconds: 13 digits long.
    let at = line.find(key).ok_or("a record without a time")? + key.len() + 12;
    let mut bytes = line.as_bytes().to_vec();
    let byte = bytes.get_mut(at).ok_or("a record that ends early")?;
    *byte ^= 1;
    let line = String::from_utf8(bytes).map_err(|why| why.to_string())?;
    let mut all: Vec<&str> = lines.to_vec();
    if let Some(place) = all.get_mut(victim) {
        *place = &line;
    }
    Ok((number, text_of(&all)))
}

fn text_of(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

/// Writes records beside a copy of the signed heads.
fn put(folder: &Path, audit: &Path, name: &str, records: &str) -> Result<PathBuf, String> {
    let file = folder.join(format!("{name}.jsonl"));
    let failed = |why: std::io::Error| format!("{}: {why}", file.display());
    fs::write(&file, records).map_err(failed)?;
    fs::copy(audit.join("audit.heads"), file.with_extension("heads")).map_err(failed)?;
    Ok(file)
}

fn verify(
    bench: &Bench,
    name: &str,
    file: &Path,
    options: &[&str],
) -> Result<(i32, String), String> {
    let file = path(file);
    let mut arguments = vec!["audit", "verify", &file];
    arguments.extend(options);
    bench.run(name, &arguments)
}
