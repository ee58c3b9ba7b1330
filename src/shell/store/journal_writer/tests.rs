//! The journal on a disk that refuses.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// How many bytes the disk still takes, and how often a file was begun on it.
#[derive(Clone, Default)]
struct Disk {
    room: Arc<AtomicU64>,
    begun_at: Arc<Mutex<u32>>,
}

struct Limited(File, Arc<AtomicU64>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let wanted = u64::try_from(bytes.len()).unwrap();
        let taken = self
            .1
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
                room.checked_sub(wanted)
            });
        taken.map_err(|_room| io::ErrorKind::StorageFull)?;
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Bench {
    folder: tempfile::TempDir,
    disk: Disk,
    writer: Writer,
    health: Arc<JournalHealth>,
    now: Instant,
}

impl Bench {
    /// A folder that holds `files` whole files already, on a disk with `room`.
    fn new(files: u32, room: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..files {
            fs::write(folder.path().join(file_name(number)), b"real").unwrap();
        }
        let disk = Disk::default();
        disk.room.store(room, Ordering::Relaxed);
        let made = disk.clone();
        let create = move |path: &Path| -> io::Result<Box<dyn Write + Send>> {
            *made.begun_at.lock().unwrap() += 1;
            let file = File::create_new(path)?;
            Ok(Box::new(Limited(file, Arc::clone(&made.room))))
        };
        let health = Arc::new(JournalHealth::default());
        Self {
            writer: Writer::new(folder.path(), Box::new(create), Arc::clone(&health)),
            folder,
            disk,
            health,
            now: Instant::now(),
        }
    }

    /// What the control thread does for `seconds`: a record ten times a second, before it a
    /// snapshot if one is wanted.
    fn run(&mut self, seconds: u32) -> u64 {
        let mut handed = 0;
        for _ in 0..seconds * 10 {
            self.now += Duration::from_millis(100);
            if self.health.take_wants_snapshot() {
                self.hand(true);
                handed += 1;
            }
            self.hand(false);
            handed += 1;
        }
        handed
    }

    fn hand(&mut self, is_snapshot: bool) {
        let bytes = vec![7; if is_snapshot { 1000 } else { 10 }];
        let chunk = Chunk { bytes, is_snapshot };
        self.writer.take(&chunk, self.now);
    }

    fn files(&self) -> Vec<String> {
        let names = self.writer.names().unwrap();
        let names = names.iter().map(|path| path.file_name().unwrap());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    fn begun(&self) -> u32 {
        *self.disk.begun_at.lock().unwrap()
    }
}

/// Room for the first word of a file but not for its snapshot, as on a disk that is just full.
#[test]
fn a_full_disk_costs_no_old_file_and_is_told() {
    let mut bench = Bench::new(200, 500);
    let before = bench.files();
    let handed = bench.run(300);
    assert!(bench.health.failing());
    assert_eq!(bench.health.lost(), handed);
    assert_eq!(
        bench.files(),
        before,
        "nothing deleted, nothing left behind"
    );
    // After 1, 2, 4, 8, 16, 32 and then every 60 seconds.
    assert!((5..=11).contains(&bench.begun()), "{} tries", bench.begun());

    bench.disk.room.store(u64::MAX, Ordering::Relaxed);
    bench.run(61);
    assert!(!bench.health.failing(), "written again");
    let after = bench.files();
    assert_eq!(after.len(), FILES_MAX);
    assert_eq!(after.first(), before.get(1), "the one oldest makes room");
    assert_eq!(after.last().unwrap(), &file_name(200));
    assert!(bench.health.written_bytes() > 1000);
}

/// While nothing can be written a record that is passed over is no success.
#[test]
fn a_lost_record_does_not_end_the_alarm() {
    let mut bench = Bench::new(0, 0);
    bench.hand(true);
    assert!(bench.health.failing());
    bench.hand(false);
    assert!(bench.health.failing());
    assert_eq!(bench.health.lost(), 2);
}

/// What was written before the disk was full stays, and the next file does not come at once.
#[test]
fn a_file_that_was_begun_is_kept() {
    let mut bench = Bench::new(0, 1200);
    bench.hand(true);
    bench.run(1);
    assert!(!bench.health.failing());
    bench.run(2);
    assert!(bench.health.failing());
    assert_eq!(bench.files(), [file_name(0)]);
}

/// The newest file must not be taken for the oldest after old ones have gone.
#[test]
fn numbers_go_on_after_the_newest_file() {
    let mut bench = Bench::new(0, u64::MAX);
    fs::write(bench.folder.path().join(file_name(41)), b"real").unwrap();
    bench.hand(true);
    assert_eq!(bench.files(), [file_name(41), file_name(42)]);
}

/// A folder that cannot be made is a disk that refuses.
#[test]
fn an_unusable_folder_fails_and_recovers() {
    let mut bench = Bench::new(0, u64::MAX);
    let blocked = bench.folder.path().join("a-file");
    fs::write(&blocked, b"").unwrap();
    bench.writer.folder = blocked.join("journal");
    bench.hand(true);
    assert!(bench.health.failing());
    fs::remove_file(&blocked).unwrap();
    bench.run(2);
    assert!(!bench.health.failing());
    assert_eq!(bench.files(), [file_name(0)]);
}
