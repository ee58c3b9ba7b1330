//! `greenwave import`: city folders made of other people's files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Failure;
use super::args::ImportSumo;
use super::out::{say, warn};
use crate::shell::sumo::{
    ImportOptions, ImportProfile, Imported, SumoError, SumoNet, import, text_of,
};

pub(super) fn sumo(options: &ImportSumo) -> Result<(), Failure> {
    refuse_full(&options.out)?;
    let read = |file: &Path, kind| {
        let bytes = fs::read(file)
            .map_err(|why| Failure::Runtime(format!("cannot read {}: {why}", file.display())))?;
        text_of(kind, bytes).map_err(|why| finding(file, &why))
    };
    let text = read(&options.net, "network file")?;
    let mut net = SumoNet::parse(&text).map_err(|why| finding(&options.net, &why))?;
    for file in &options.additional {
        let text = read(file, "additional file")?;
        let count = net
            .add_programmes(&text)
            .map_err(|why| finding(file, &why))?;
        say(&format!("{}: {count} programmes", file.display()));
    }
    let profile = match options.profile.as_str() {
        "resco" => ImportProfile::Resco,
        "field" => ImportProfile::Field,
        _ => ImportProfile::Cn,
    };
    let wanted = ImportOptions {
        profile,
        name: name_of(&options.out, &options.net),
    };
    let made = import(&net, &wanted).map_err(|findings| {
        for finding in &findings {
            say(&format!("finding: {finding}"));
        }
        say(&format!("{} findings: nothing is written", findings.len()));
        Failure::Findings
    })?;
    write(&options.out, &made).map_err(|why| {
        Failure::Runtime(format!("cannot write {}: {why}", options.out.display()))
    })?;
    tell(&options.out, profile, &made);
    Ok(())
}

fn finding(file: &Path, why: &SumoError) -> Failure {
    warn(&format!("{}: {why}", file.display()));
    Failure::Findings
}

/// A folder with something in it is somebody's work.
fn refuse_full(out: &Path) -> Result<(), Failure> {
    match fs::read_dir(out).map(Iterator::count) {
        Ok(count) if count > 0 => Err(Failure::Usage(format!(
            "{} is not empty; name a new folder with --out",
            out.display()
        ))),
        Ok(_) => Ok(()),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(why) => Err(Failure::Usage(format!(
            "{} cannot be a folder to write: {why}",
            out.display()
        ))),
    }
}

/// The city is called like its folder.
fn name_of(out: &Path, net: &Path) -> String {
    let last = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let name = last(out).or_else(|| last(net)).unwrap_or_default();
    let name: String = name.chars().filter(|letter| !letter.is_control()).collect();
    if name.trim().is_empty() {
        "imported".to_owned()
    } else {
        name
    }
}

/// Writes the folder beside its place and moves it there, so that half a city is never seen.
fn write(out: &Path, made: &Imported) -> io::Result<()> {
    let beside = beside(out);
    let written = write_below(&beside, made).and_then(|()| {
        // An empty folder may stand in the way; a full one was refused, and stays.
        if out.is_dir() {
            fs::remove_dir(out)?;
        }
        fs::rename(&beside, out)
    });
    if written.is_err() {
        let _ = fs::remove_dir_all(&beside);
    }
    written
}

fn beside(out: &Path) -> PathBuf {
    let name = out
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| "city".to_owned());
    out.with_file_name(format!(".{name}.{}", std::process::id()))
}

fn write_below(folder: &Path, made: &Imported) -> io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::create_dir(folder)?;
    for (path, text) in &made.files {
        let file = folder.join(path);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(file, text)?;
    }
    Ok(())
}

fn tell(out: &Path, profile: ImportProfile, made: &Imported) {
    for site in &made.wiring.sites {
        let movements = site
            .links
            .iter()
            .filter(|link| link.movement.is_some())
            .count();
        let groups = site
            .links
            .iter()
            .map(|link| link.group)
            .max()
            .map_or(0, |g| g + 1);
        say(&format!(
            "{}  {}: {} links, {groups} groups, {movements} movements",
            site.site, site.tls, site.link_count
        ));
    }
    for note in &made.notes {
        say(&format!("note: {note}"));
    }
    say(&format!(
        "{}: {} signals under profile {}, {} notes; see `greenwave check {}`",
        out.display(),
        made.wiring.sites.len(),
        profile.word(),
        made.notes.len(),
        out.display()
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::store::read_city_folder;

    const NET: &str = include_str!("../sumo/tests/nets/two.net.xml");

    fn options(folder: &Path, net: &str, profile: &str) -> ImportSumo {
        let file = folder.join("two.net.xml");
        fs::write(&file, net).expect("a file");
        ImportSumo {
            net: file,
            additional: Vec::new(),
            profile: profile.to_owned(),
            out: folder.join("deep/city"),
        }
    }

    #[test]
    fn a_network_becomes_a_folder_that_loads_and_no_street_may_run_it() {
        for (profile, streets) in [("cn", true), ("field", false), ("resco", false)] {
            let folder = tempfile::tempdir().expect("a folder");
            let options = options(folder.path(), NET, profile);
            sumo(&options).expect("an import");
            let files = read_city_folder(&options.out).expect("files");
            assert_eq!(files.len(), 6);
            let loaded = super::super::load::load_folder(&options.out).expect("a city");
            assert_eq!(loaded.for_streets().is_ok(), streets, "{profile}");
            assert_eq!(loaded.city.id, "city");
            let beside = fs::read_dir(folder.path().join("deep")).expect("a folder");
            assert_eq!(beside.count(), 1, "nothing is left beside it");
        }
    }

    #[test]
    fn a_folder_with_something_in_it_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let options = options(folder.path(), NET, "cn");
        fs::create_dir_all(&options.out).expect("a folder");
        sumo(&options).expect("an empty folder is taken");
        let before = read_city_folder(&options.out).expect("files");
        assert!(matches!(sumo(&options), Err(Failure::Usage(_))));
        assert_eq!(read_city_folder(&options.out).expect("files"), before);
    }

    #[test]
    fn findings_write_nothing() {
        let packed = "\u{1f}\u{8b} packed";
        let unsignalled = NET.replace(" tl=", " was=");
        let broken = &NET[..NET.len() / 2];
        for net in [packed, &unsignalled, broken, "<routes/>"] {
            let folder = tempfile::tempdir().expect("a folder");
            let options = options(folder.path(), net, "field");
            assert!(matches!(sumo(&options), Err(Failure::Findings)));
            assert!(!options.out.exists() && !folder.path().join("deep").exists());
        }
    }

    #[test]
    fn files_that_cannot_be_read_are_a_failure_at_run_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut options = options(folder.path(), NET, "field");
        options.additional = vec![folder.path().join("nowhere.add.xml")];
        assert!(matches!(sumo(&options), Err(Failure::Runtime(_))));
        assert!(!options.out.exists());
        let bytes = folder.path().join("bytes.add.xml");
        fs::write(&bytes, [0x1f, 0x8b, 0xff]).expect("a file");
        options.additional = vec![bytes];
        assert!(matches!(sumo(&options), Err(Failure::Findings)));
    }
}
