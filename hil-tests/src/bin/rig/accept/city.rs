//! The city of the demonstrations: the demo city, with a feed for terminals, and the peak plans all
//! day, so that it is the same city at whatever hour somebody runs it.

use std::fs;
use std::path::Path;

use crate::tools::copy;

const DEMO: &str = "signal-plans/ankang-demo";

/// Every day of the week like the morning peak.
const CALENDAR: &str = "schema = 1

[[day]]
id = \"peak\"
at = [
  { time = \"00:00\", run = \"peak\" },
]

[calendar]
mon-fri = \"peak\"
sat-sun = \"peak\"
";

/// JT/T 808 on any free port of this machine.
const FEEDS: &str = "schema = 1

[[feed]]
id = \"terminals\"
kind = \"jt808\"
listen = \"127.0.0.1:0\"
datum = \"wgs84\"
";

/// Writes the city into `to`, with terminals on any free port of this machine.
pub(super) fn write(to: &Path) -> Result<(), String> {
    let failed = |why: std::io::Error| format!("{}: {why}", to.display());
    copy(Path::new(DEMO), to)?;
    fs::write(to.join("calendar.toml"), CALENDAR).map_err(failed)?;
    let links = to.join("cabinets/links.toml");
    let text = fs::read_to_string(&links).map_err(failed)?;
    // Two cities on one machine do not get into each other's way.
    fs::write(&links, text.replace("first_port = 15020", "first_port = 0")).map_err(failed)?;
    fs::write(to.join("feeds.toml"), FEEDS).map_err(failed)
}
