//! Finished runs, kept by everything that made them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use hil_tests::sumo::SOURCES;
use hil_tests::sumo::run::RunResult;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::controllers::Name;
use crate::options::{Adaptive, Files};

/// What all runs of a comparison have in common, hashed once.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: Option<PathBuf>,
    common: Sha256,
    /// The hash of the bench itself, which the product is part of.
    program: Vec<u8>,
    /// A city's own sites: the product drives them whatever the controller is.
    is_city: bool,
}

impl Cache {
    pub(crate) fn of(options: &Adaptive, files: &Files) -> Result<Self, String> {
        let said = format!(
            "{} {} {} {} {} {} {} {:?}",
            options.begin.unwrap_or(0),
            options.end.unwrap_or(0),
            options.rules.name(),
            options.sensors.name(),
            options.sumo.name(),
            options.demand,
            options.drain,
            options.tuning
        );
        let keeps = !options.stop_at_lockup;
        let mut cache = Self::new(keeps.then_some(&options.cache), files, &said)?;
        cache.is_city = options.city.is_some();
        Ok(cache)
    }

    /// Results of runs with these files and everything else that is `said`; kept nowhere without a
    /// folder, or if the folder is called `none`.
    pub(crate) fn new(folder: Option<&PathBuf>, files: &Files, said: &str) -> Result<Self, String> {
        let mut common = Sha256::new();
        let all = [&files.net].into_iter().chain(&files.routes);
        for file in all.chain(&files.additional) {
            let bytes = fs::read(file).map_err(|why| format!("{}: {why}", file.display()))?;
            part(&mut common, &bytes);
        }
        for source in SOURCES {
            part(&mut common, source.as_bytes());
        }
        part(&mut common, said.as_bytes());
        let folder = folder
            .filter(|folder| *folder != Path::new("none"))
            .cloned();
        if let Some(folder) = &folder {
            fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        }
        let program = env::current_exe().and_then(fs::read);
        let program = program.map_err(|why| format!("the bench cannot read itself: {why}"))?;
        Ok(Self {
            folder,
            common,
            is_city: false,
            program: Sha256::digest(&program).to_vec(),
        })
    }

    fn path(&self, key: &str, seed: u32, is_own: bool) -> Option<PathBuf> {
        let mut hash = self.common.clone();
        part(&mut hash, key.as_bytes());
        part(&mut hash, &seed.to_be_bytes());
        if is_own || self.is_city {
            part(&mut hash, &self.program);
        }
        let name = hash
            .finalize()
            .iter()
            .fold(String::new(), |mut name, byte| {
                // Writing to a text cannot fail.
                let _always = write!(name, "{byte:02x}");
                name
            });
        Some(self.folder.as_ref()?.join(format!("{name}.json")))
    }

    /// The result of a run that was made before.
    pub(crate) fn get(&self, controller: Name, seed: u32) -> Option<RunResult> {
        self.recall((controller.text(), seed), controller == Name::Ours)
    }

    /// The same of any kind of run; `is_own` if the product has a part in it.
    pub(crate) fn recall<T: DeserializeOwned>(
        &self,
        (key, seed): (&str, u32),
        is_own: bool,
    ) -> Option<T> {
        let text = fs::read(self.path(key, seed, is_own)?).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Keeps a result. It is written beside its place first: a run that is cut leaves no half one.
    pub(crate) fn put(
        &self,
        (controller, seed): (Name, u32),
        result: &RunResult,
    ) -> Result<(), String> {
        let is_own = controller == Name::Ours;
        self.keep((controller.text(), seed), is_own, result)
    }

    /// The same of any kind of run.
    pub(crate) fn keep<T: Serialize>(
        &self,
        (key, seed): (&str, u32),
        is_own: bool,
        result: &T,
    ) -> Result<(), String> {
        let Some(path) = self.path(key, seed, is_own) else {
            return Ok(());
        };
        let text = serde_json::to_vec(result).map_err(|why| why.to_string())?;
        let draft = path.with_extension("draft");
        fs::write(&draft, text)
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(|why| format!("{}: {why}", path.display()))
    }
}

/// Adds one part with its length, so that no two lists of parts run together.
fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}
