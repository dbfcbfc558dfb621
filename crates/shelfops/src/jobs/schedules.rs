//! What is scheduled for an integration when it is added, and how people write a rhythm.

use jiff::civil::Time;
use shelfops_db::TenantTx;
use shelfops_db::models::{NewSchedule, Rhythm};
use shelfops_ingest::Stream;
use uuid::Uuid;

use crate::ops::OpError;

const MINUTE: i32 = 60;
const HOUR: i32 = 60 * MINUTE;
const DAY: i32 = 24 * HOUR;

/// How often a stream is read: sales move all day, catalogues hardly.
const fn every(stream: Stream) -> i32 {
    match stream {
        Stream::Transactions => 5 * MINUTE,
        Stream::Inventory | Stream::PurchaseOrders => HOUR,
        Stream::Stores | Stream::Products | Stream::Suppliers => DAY,
    }
}

/// How often a token is looked at: vendors' tokens last for days, and one that ran out stops all reading.
const TOKEN_EVERY: i32 = 6 * HOUR;

/// When the last day is compared with the vendor's own totals, by the tenant's clock: well after its end, so
/// that what the last hours brought has been read. Stores whose clocks are behind have theirs the next time.
const RECONCILE_AT: Time = Time::constant(4, 0, 0, 0);

/// Adds the schedules that an integration starts with: each of its streams at once and then in its
/// rhythm, its token, a daily comparison, and the tenant's quarantine. `streams` are in the order of the
/// first reading: what others refer to comes first. Schedules that are there stay as they are. In the
/// transaction that adds the integration, so that none is ever without.
///
/// # Errors
/// Fails when the server does.
pub(crate) async fn add_default_schedules(
    tx: &TenantTx,
    integration_id: Uuid,
    streams: &[Stream],
) -> Result<usize, OpError> {
    let of_integration = |kind, stream: Option<Stream>, rhythm| NewSchedule {
        kind,
        integration_id: Some(integration_id),
        stream: stream.map(|stream| stream.name().to_owned()),
        rhythm,
        starts_now: stream.is_some(),
    };
    let read = streams.iter().map(|stream| {
        of_integration("sync", Some(*stream), Rhythm::Every { seconds: every(*stream) })
    });
    let besides = [
        of_integration("refresh-token", None, Rhythm::Every { seconds: TOKEN_EVERY }),
        of_integration("reconcile", None, Rhythm::DailyAt(RECONCILE_AT)),
        NewSchedule {
            kind: "replay-quarantine",
            integration_id: None,
            stream: None,
            rhythm: Rhythm::Every { seconds: HOUR },
            starts_now: false,
        },
    ];
    let mut added = 0;
    for schedule in read.chain(besides) {
        added += usize::from(tx.add_schedule(&schedule).await?);
    }
    Ok(added)
}

/// Reads a daily time, such as `04:00`.
///
/// # Errors
/// Refuses what is no time of day.
pub(crate) fn parse_daily(text: &str) -> Result<Rhythm, OpError> {
    let is_short = text.len() == 5 && text.as_bytes()[2] == b':';
    let time = is_short.then(|| text.parse::<Time>().ok()).flatten();
    time.map(Rhythm::DailyAt)
        .ok_or_else(|| OpError::usage(format!("'{text}' is no time of day: say it as 04:00")))
}

/// Reads how often: `10m`, `2h`, `1d`.
///
/// # Errors
/// Refuses what is neither, and what is shorter than a minute or longer than 31 days.
pub(crate) fn parse_rhythm(text: &str) -> Result<Rhythm, OpError> {
    let refused = || {
        OpError::usage(format!(
            "'{text}' is no rhythm: say 10m, 2h or 7d, from one minute to 31 days"
        ))
    };
    let unit = text.chars().last().ok_or_else(refused)?;
    let seconds = match unit {
        's' => 1,
        'm' => MINUTE,
        'h' => HOUR,
        'd' => DAY,
        _ => return Err(refused()),
    };
    let count: i32 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| refused())?;
    let seconds = count.checked_mul(seconds).ok_or_else(refused)?;
    if !(MINUTE..=31 * DAY).contains(&seconds) {
        return Err(refused());
    }
    Ok(Rhythm::Every { seconds })
}

/// Writes a rhythm as people read it.
pub(crate) fn shown(every_seconds: i32, daily_at: Option<&str>) -> String {
    match daily_at {
        Some(time) => format!("daily at {time}"),
        None if every_seconds % DAY == 0 => format!("every {}d", every_seconds / DAY),
        None if every_seconds % HOUR == 0 => format!("every {}h", every_seconds / HOUR),
        None if every_seconds % MINUTE == 0 => format!("every {}m", every_seconds / MINUTE),
        None => format!("every {every_seconds}s"),
    }
}
