//! A journal replays to the same bytes; a changed input is found, at its cycle.

use std::fs;
use std::path::{Path, PathBuf};

use greenwave::journal::{MAGIC, RecordKind, Records, push_record};

use crate::tools::{Bench, Verdict, say};

pub(crate) fn judge(bench: &Bench) -> Result<(), String> {
    let folder = bench.out.join("replay");
    let _old = fs::remove_dir_all(&folder);
    let data = folder.to_string_lossy().into_owned();
    let arguments = [
        "demo",
        "--headless",
        "--press-key",
        "--seconds",
        "60",
        "--seed",
        "3",
        "--data",
        &data,
    ];
    let (code, text) = bench.run("replay-demo", &arguments)?;
    if code != 0 {
        return Err(format!("the demo ended with {code}:\n{text}"));
    }
    let journal = find_journal(&folder)?;
    let mut verdict = Verdict::default();

    let path = journal.to_string_lossy().into_owned();
    let (code, text) = bench.run("replay", &["replay", &path])?;
    say(text.trim_end());
    verdict.hold(
        code == 0,
        format!("the journal replays to the same outputs (exit {code})"),
    );

    let bytes = fs::read(&journal).map_err(|why| why.to_string())?;
    let tampered = folder.join("tampered.journal");
    let cycle = tamper(&bytes, &tampered)?;
    let path = tampered.to_string_lossy().into_owned();
    let (code, text) = bench.run("replay-tampered", &["replay", &path])?;
    say(text.trim_end());
    verdict.hold(
        code == 1,
        format!("a changed input is a finding (exit {code})"),
    );
    verdict.hold(
        text.contains("cycle"),
        format!("the first cycle that differs is named (changed in record {cycle}): {text}"),
    );
    verdict.close()
}

fn find_journal(folder: &Path) -> Result<PathBuf, String> {
    let mut stack = vec![folder.to_path_buf()];
    let mut found = Vec::new();
    while let Some(at) = stack.pop() {
        for entry in fs::read_dir(&at).map_err(|why| why.to_string())?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                stack.push(path);
            } else if path.extension().is_some_and(|ending| ending == "journal") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
        .into_iter()
        .next()
        .ok_or_else(|| format!("no journal below {}", folder.display()))
}

/// Changes one byte of a cycle's inputs in the middle of the file and repairs the checksum.
fn tamper(bytes: &[u8], to: &Path) -> Result<usize, String> {
    let records: Vec<_> = Records::new(bytes)
        .map_err(|why| why.to_string())?
        .collect::<Result<_, _>>()
        .map_err(|why| why.to_string())?;
    let cycles = records
        .iter()
        .filter(|(kind, _)| *kind == RecordKind::Cycle)
        .count();
    let (target, at) = records
        .iter()
        .enumerate()
        .filter(|(_, (kind, _))| *kind == RecordKind::Cycle)
        .skip(cycles / 2)
        .find_map(|(number, (_, payload))| {
            greenwave::journal::observed_lamp_byte(payload).map(|at| (number, at))
        })
        .ok_or("no cycle in the second half reads a lamp")?;
    let mut out = MAGIC.to_vec();
    for (number, (kind, payload)) in records.iter().enumerate() {
        let mut payload = payload.to_vec();
        if number == target
            && let Some(byte) = payload.get_mut(at)
        {
            // A lamp read back as something else: red for green, green for anything.
            *byte = if *byte == 3 { 1 } else { 3 };
        }
        push_record(&mut out, *kind, &payload);
    }
    fs::write(to, out).map_err(|why| why.to_string())?;
    Ok(target)
}
