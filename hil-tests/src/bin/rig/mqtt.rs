//! Hostile messages over mosquitto: what became of each kind, as one JSON object.

use hil_tests::mqtt::{Mosquitto, flood};

use super::tools::{Verdict, say};

/// Publishes `messages` and judges that none had an effect.
pub(crate) fn judge(messages: u64) -> Result<(), String> {
    if let Some(why) = Mosquitto::missing() {
        return Err(format!("mosquitto: {why}"));
    }
    let flood = flood(messages)?;
    say(&serde_json::to_string(&flood).map_err(|why| why.to_string())?);
    let mut verdict = Verdict::default();
    verdict.hold(
        flood.messages == messages,
        format!("{} of {messages} were published", flood.messages),
    );
    verdict.hold(
        flood.effects == 0,
        format!("{} acts came of them", flood.effects),
    );
    // The one request that opened the corridor is among the judged.
    let judged: u64 = flood.judged.values().sum::<u64>() - 1 + flood.inbox_lost;
    let expected = messages - flood.kept_off_by_the_broker;
    verdict.hold(
        judged == expected,
        format!("{judged} were judged, {expected} came past the access list"),
    );
    verdict.close()
}
