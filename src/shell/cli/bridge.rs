//! `greenwave bridge`: requests of an old dispatch system, made ones that the installation takes.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;
use tokio::net::TcpListener;

use super::Failure;
use super::out::say;
use super::stop_signal::StopSignal;
use crate::shell::partners::bridge::config::Config;
use crate::shell::partners::bridge::{Bridge, post};

/// Options of `bridge`.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(super) struct BridgeOf {
    /// The configuration, as bridge.toml; docs/operating/bridge.md has a whole one.
    pub(super) config: PathBuf,
    /// Look at configuration, token, clock and installation, say what is found, and end: exit 0
    /// if requests would go through, 1 if not.
    #[arg(long, conflicts_with = "once")]
    pub(super) check: bool,
    /// Take what lies in the folder now, send it, and end: exit 1 if anything was refused or is
    /// still waiting.
    #[arg(long)]
    pub(super) once: bool,
    /// Print what a file would become, note and plates covered, and end without sending.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["check", "once"])]
    pub(super) show: Option<PathBuf>,
    /// End after this many seconds.
    #[arg(long)]
    pub(super) seconds: Option<u32>,
}

const HELP: &str = "\
The old system drops one .json or .csv file for each request into a folder, or posts it to a port of
this machine. The bridge maps its fields, corrects the times by the installation's clock, keeps the
request on the disk and sends it until there is an answer or two minutes are over. Files end up in
done/ with their answer or in refused/ with the reason. Files being written are left alone.

What a request says is never printed: lines have file names, request ids, codes and names of fields.

  greenwave bridge bridge.toml --check          # is everything in its place?
  greenwave bridge bridge.toml --show a.json    # what would this file become?
  greenwave bridge bridge.toml                  # work until stopped";

pub(super) fn bridge(options: &BridgeOf) -> Result<(), Failure> {
    let config = Config::read(&options.config).map_err(|why| {
        if options.check {
            say(&why.to_string());
            Failure::Findings
        } else {
            Failure::Usage(why.to_string())
        }
    })?;
    if let Some(file) = &options.show {
        return show(&config, file);
    }
    let runtime = super::station::runtime("bridge", 1)?;
    let listen = config.listen;
    let mut bridge = Bridge::open(config).map_err(|why| Failure::runtime(&why))?;
    if options.check {
        return runtime.block_on(check(&mut bridge));
    }
    let mut tell = |line: &str| say(line);
    if options.once {
        let done = runtime.block_on(bridge.once(&mut tell));
        let done = done.map_err(|why| Failure::runtime(&why))?;
        return if done && bridge.refused() == 0 {
            Ok(())
        } else {
            Err(Failure::Findings)
        };
    }
    let mut stop = StopSignal::listen(&runtime)?;
    runtime.block_on(async {
        let (sender, posts) = post::channel();
        if let Some(at) = listen {
            let listener = TcpListener::bind(at).await;
            let listener =
                listener.map_err(|why| Failure::Runtime(format!("post.listen {at}: {why}")))?;
            say(&format!("posts are taken at http://{at}/"));
            tokio::spawn(post::serve(listener, sender));
        }
        if let Err(why) = bridge.greet().await {
            say(&format!(
                "the installation: {why}; requests are kept and tried on"
            ));
        }
        tokio::select! {
            ended = bridge.run(posts, &mut tell) => ended.map_err(|why| Failure::runtime(&why)),
            () = stop.told_or_over(options.seconds) => Ok(()),
        }
    })
}

async fn check(bridge: &mut Bridge) -> Result<(), Failure> {
    if let Err(why) = bridge.greet().await {
        say(&format!("the installation: {why}"));
        return Err(Failure::Findings);
    }
    let offset = bridge.clock().offset_ms().map(|ms| {
        let (s, tenth) = (ms / 1000, ms.abs() % 1000 / 100);
        let sign = if ms < 0 && s == 0 { "-" } else { "" };
        format!("{sign}{s}.{tenth}")
    });
    say(&format!(
        "the installation takes the token; its clock is {} s ahead of this one (to half a second)",
        offset.as_deref().unwrap_or("an unknown number of")
    ));
    Ok(())
}

fn show(config: &Config, file: &std::path::Path) -> Result<(), Failure> {
    let content =
        std::fs::read(file).map_err(|why| Failure::Usage(format!("{}: {why}", file.display())))?;
    let csv = file
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    match Bridge::preview(config, &content, csv) {
        Ok(mut fields) => {
            if let Some(note) = fields.get_mut("note") {
                cover(note);
            }
            let plate = fields.get_mut("vehicle");
            if let Some(plate) = plate.and_then(|vehicle| vehicle.get_mut("plate")) {
                cover(plate);
            }
            say(&format!("{:#}", Value::Object(fields)));
            Ok(())
        }
        Err(why) => {
            say(&why);
            Err(Failure::Findings)
        }
    }
}

/// Leaves the first letter of a text and its length.
fn cover(text: &mut Value) {
    if let Value::String(text) = text {
        let letters = text.chars().enumerate();
        *text = letters
            .map(|(at, letter)| if at == 0 { letter } else { '*' })
            .collect();
    }
}
