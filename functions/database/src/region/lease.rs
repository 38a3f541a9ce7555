//! The lease under which the application takes writes, as evidence of a fence (rule 4), and on its way with the
//! database from Region to Region.
//!
//! The application of a Region renews the lease while it is the holder, and takes no writes when its own clock says that
//! the last renewal is over. Only a recovery changes the holder. So a lease that ran out, margin included, and was taken
//! over proves that a Region which nobody can reach writes nothing any more: it stopped by itself, and it cannot renew.
//!
//! The race that is meant here: a source that comes back the moment after we looked. The take-over is one conditional
//! call on exactly the expiry that was seen; a renewal in between refuses it, and it refuses every renewal afterwards.
//! It keeps the old expiry (`freed_at_ms`), so that whoever finds the lease taken, as a repeated call or a second run
//! does, can tell whether the former holder's time was really over then.
//!
//! The table is a global table with multi-Region strong consistency: a write is answered when a second Region has it,
//! and a consistent read shows the newest, whatever Region asks; a Region that is cut off from the others can do neither
//! (DynamoDB Developer Guide, V2globaltables_HowItWorks, "Multi-Region strong consistency"). It is called in the
//! recovery's own Region only (rule 1).

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::journal::Journal;
use domain::names::{Epoch, Region};
use domain::step::{Error, Result};
use domain::system::Move;
use domain::system::region_failover::WriteLease;
use jiff::Timestamp;
use runtime::aws::classify;

use super::{Regions, place};

const GET: &str = "dynamodb:GetItem";
const UPDATE: &str = "dynamodb:UpdateItem";

/// A system's write lease at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The Region whose application may renew it.
    pub holder: String,
    /// When it runs out unless it is renewed.
    pub expires_at: Timestamp,
    /// The former holder, if the lease ever was another Region's.
    pub freed: Option<Freed>,
    /// The incident that changed the holder last.
    pub taken_by: Option<String>,
}

/// How the former holder left a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freed {
    /// The Region that held it before.
    pub by: String,
    /// When it would have run out for that Region: it was not renewed there any more.
    pub at: Timestamp,
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "held by {} until {}", self.holder, self.expires_at)?;
        if let Some(freed) = &self.freed {
            write!(f, ", taken from {}, which had it until {}", freed.by, freed.at)?;
        }
        if let Some(run) = &self.taken_by {
            write!(f, ", by {run}")?;
        }
        Ok(())
    }
}

/// What a lease says about the Region that is to be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It ran out there, margin included, and cannot be renewed: that Region took writes until this instant at most.
    Over(Timestamp),
    /// It ran out there, margin included, but could still be renewed: to be taken over.
    Free,
    /// It will be known soon.
    Soon,
    /// Nothing.
    Nothing,
}

/// What a lease is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// From where to where.
    pub moved: &'a Move<'a>,
    /// How long it lasts.
    pub lease: &'a WriteLease,
    /// When the failure was signalled.
    pub opened_at: Timestamp,
    /// The time.
    pub now: Timestamp,
}

impl Terms<'_> {
    /// What a lease says about the Region that is to be left, and in words.
    pub fn judge(&self, found: Option<&Lease>) -> (Finding, String) {
        let Move { system, from, to, .. } = self.moved;
        let name = &system.name;
        let Some(found) = found else {
            return (Finding::Nothing, missing(name.as_str(), self.lease));
        };
        let words = format!("the write lease of {name} is {found}");
        if found.holder == from.region.as_str() {
            return self.of_the_source(found, words);
        }
        if found.holder != to.region.as_str() {
            return (Finding::Nothing, format!("{words}, which is neither Region"));
        }
        match found
            .freed
            .as_ref()
            .filter(|freed| freed.by == from.region.as_str())
        {
            Some(freed) => {
                let writes_until = after(freed.at, self.lease.margin);
                if writes_until <= self.now {
                    (Finding::Over(writes_until), format!("{words}: it ran out"))
                } else {
                    let words = format!(
                        "{words}: with a margin of {} it has run out at {writes_until}",
                        self.lease.margin
                    );
                    (Finding::Soon, words)
                }
            }
            None => (
                Finding::Nothing,
                format!("{words}, and nothing says until when {} held it", from.region),
            ),
        }
    }

    fn of_the_source(&self, found: &Lease, words: String) -> (Finding, String) {
        let proven_at = after(found.expires_at, self.lease.margin);
        // Renewed before the failure was signalled, it has run out by then.
        let latest = after(self.opened_at, self.lease.runs_out_after());
        if proven_at <= self.now {
            (Finding::Free, format!("{words}: it ran out"))
        } else if found.expires_at <= self.now || self.now < latest {
            let words = format!(
                "{words}: with a margin of {} it has run out at {proven_at}, if it is not renewed",
                self.lease.margin
            );
            (Finding::Soon, words)
        } else {
            let words = format!(
                "{words}: it was renewed after the failure was signalled at {}, so whoever holds it is alive",
                self.opened_at
            );
            (Finding::Nothing, words)
        }
    }
}

fn missing(system: &str, lease: &WriteLease) -> String {
    format!("{} has no write lease of {system}", lease.table)
}

fn after(at: Timestamp, duration: domain::duration::Duration) -> Timestamp {
    at.saturating_add(duration.signed()).unwrap_or(Timestamp::MAX)
}

/// The lease as it is now, read consistently in this Region.
///
/// # Errors
/// `Throttled`, `Unavailable`, `Refused`, the last also when the item cannot be read.
pub async fn observe<J: Journal>(regions: &Regions<'_, J>, terms: &WriteLease) -> Result<Option<Lease>> {
    let call = regions
        .dynamodb
        .get_item()
        .table_name(&terms.table)
        .key(KEY, text(regions.moved.system.name.as_str()))
        .consistent_read(true);
    let answer = call.send().await.map_err(|error| classify(GET, error))?;
    answer.item.as_ref().map(read).transpose()
}

/// Until when the source may have taken writes, if the lease proves that it takes none any more, and what was seen. What
/// cannot be read proves nothing, and is no failure of an unplanned move.
///
/// # Errors
/// `NotYet` while that will be known soon; `LockLost`, `Unsafe` and the journal's errors before it is taken over.
pub(super) async fn evidence<J: Journal>(
    regions: &Regions<'_, J>,
    epoch: Epoch,
    lease: &WriteLease,
    observed: Result<Option<Lease>>,
) -> Result<(Option<Timestamp>, String)> {
    let terms = Terms {
        moved: &regions.moved,
        lease,
        opened_at: regions.run.opened_at,
        now: regions.now,
    };
    let unknown = |error: Error| {
        let name = &regions.moved.system.name;
        (None, format!("the write lease of {name} proves nothing: {error}"))
    };
    let found = match observed {
        Ok(found) => found,
        Err(error) => return Ok(unknown(error)),
    };
    match terms.judge(found.as_ref()) {
        (Finding::Over(until), words) => Ok((Some(until), words)),
        (Finding::Nothing, words) => Ok((None, words)),
        (Finding::Soon, seen) => Err(Error::NotYet { seen }),
        (Finding::Free, _) => {
            regions.hold(epoch).check().await?;
            let taken = take(regions, lease, found.as_ref(), &regions.moved.to.region).await;
            if let Err(error @ Error::Refused { .. }) = taken {
                return Ok(unknown(error));
            }
            // Whatever the answer was: what counts is what is there.
            let again = match observe(regions, lease).await {
                Ok(again) => again,
                Err(error) => return Ok(unknown(error)),
            };
            match terms.judge(again.as_ref()) {
                (Finding::Over(until), words) => Ok((Some(until), words)),
                (Finding::Nothing, words) => Ok((None, words)),
                (Finding::Soon | Finding::Free, seen) => Err(Error::NotYet { seen }),
            }
        }
    }
}

/// Ensures that this Region holds the lease, if there is one, so that its application can take writes. Whatever the
/// expiry: the fence, or whoever accepted that there is none, stands for the other Region.
///
/// # Errors
/// `NotYet` right after taking it; `LockLost`; `Unsafe` when a person stopped the run; `Throttled`, `Unavailable`,
/// `Refused`.
pub(super) async fn held<J: Journal>(regions: &Regions<'_, J>, epoch: Epoch) -> Result<Option<String>> {
    let Some(lease) = &regions.moved.shared.write_lease else {
        return Ok(None);
    };
    let to = &regions.moved.to.region;
    let found = observe(regions, lease).await?;
    if let Some(found) = found.as_ref().filter(|found| found.holder == to.as_str()) {
        let name = &regions.moved.system.name;
        return Ok(Some(format!("the write lease of {name} is {found}")));
    }
    regions.hold(epoch).check().await?;
    take(regions, lease, found.as_ref(), to).await?;
    Err(asked_for(regions, to))
}

/// The undo: ensures that this Region does not hold the lease, while the database is written to where it was.
///
/// # Errors
/// `NotYet` right after giving it back; `Unsafe` when the database may be written to in this Region; `Throttled`,
/// `Unavailable`, `Refused` when that cannot be seen. That the lease cannot be read is said, and no error: then it was
/// not taken either.
pub(super) async fn given_back<J: Journal>(regions: &Regions<'_, J>) -> Result<Option<String>> {
    let Some(lease) = &regions.moved.shared.write_lease else {
        return Ok(None);
    };
    let Move { system, from, to, .. } = &regions.moved;
    let found = match observe(regions, lease).await {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(Some(missing(system.name.as_str(), lease))),
        Err(error @ Error::Refused { .. }) => {
            let words = format!(
                "if the write lease of {} is held by {}, {} has to be made its `holder` by hand: {error}",
                system.name, to.region, from.region
            );
            return Ok(Some(words));
        }
        Err(error) => return Err(error),
    };
    let words = format!("the write lease of {} is {found}", system.name);
    if found.holder != to.region.as_str() {
        return Ok(Some(words));
    }
    let known = place::known(regions).await?;
    if !known.in_place {
        return Err(Error::Unsafe {
            why: format!(
                "{words}, and stays there, or two Regions would take writes: {}",
                known.seen.join("; ")
            ),
        });
    }
    take(regions, lease, Some(&found), &from.region).await?;
    Err(asked_for(regions, &from.region))
}

fn asked_for<J: Journal>(regions: &Regions<'_, J>, to: &Region) -> Error {
    let name = &regions.moved.system.name;
    Error::NotYet {
        seen: format!("{UPDATE}: the write lease of {name} to {to}"),
    }
}

/// The table's partition key.
const KEY: &str = "system";

/// Makes a Region the holder, if the lease is what was seen: one conditional call. If it is not, or the answer was lost,
/// the next look tells. The expiry stays as it is: only who renews a lease says until when it is good.
///
/// Two Regions that write an item at the same moment are answered `ReplicatedWriteConflictException`, which passes
/// (DynamoDB API, UpdateItem).
async fn take<J: Journal>(
    regions: &Regions<'_, J>,
    lease: &WriteLease,
    seen: Option<&Lease>,
    to: &Region,
) -> Result<()> {
    let call = regions
        .dynamodb
        .update_item()
        .table_name(&lease.table)
        .key(KEY, text(regions.moved.system.name.as_str()))
        .expression_attribute_values(":to", text(to.as_str()))
        .expression_attribute_values(":run", text(regions.run.incident.as_str()));
    let call = match seen {
        Some(seen) => call
            .condition_expression("holder = :from AND expires_at_ms = :seen")
            .update_expression("SET holder = :to, taken_from = :from, freed_at_ms = :seen, taken_by = :run")
            .expression_attribute_values(":from", text(&seen.holder))
            .expression_attribute_values(":seen", millis(seen.expires_at)),
        // Nobody can have renewed what is not there. Until its application renews it, it is good for nothing.
        None => call
            .condition_expression("attribute_not_exists(holder)")
            .update_expression("SET holder = :to, expires_at_ms = :now, taken_by = :run")
            .expression_attribute_values(":now", millis(regions.now)),
    };
    match call.send().await {
        Ok(_) => Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(())
        }
        Err(error) => Err(classify(UPDATE, error)),
    }
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn millis(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_millisecond().to_string())
}

type Item = HashMap<String, AttributeValue>;

fn read(item: &Item) -> Result<Lease> {
    let freed = match (
        optional(item, "taken_from", word)?,
        optional(item, "freed_at_ms", instant)?,
    ) {
        (Some(by), Some(at)) => Some(Freed { by, at }),
        _ => None,
    };
    Ok(Lease {
        holder: required(item, "holder", word)?,
        expires_at: required(item, "expires_at_ms", instant)?,
        freed,
        taken_by: optional(item, "taken_by", word)?,
    })
}

fn word(value: &AttributeValue) -> Option<String> {
    value.as_s().ok().cloned()
}

fn instant(value: &AttributeValue) -> Option<Timestamp> {
    Timestamp::from_millisecond(value.as_n().ok()?.parse().ok()?).ok()
}

fn required<T>(item: &Item, name: &str, of: fn(&AttributeValue) -> Option<T>) -> Result<T> {
    optional(item, name, of)?.ok_or_else(|| unreadable(name, "it is missing"))
}

fn optional<T>(item: &Item, name: &str, of: fn(&AttributeValue) -> Option<T>) -> Result<Option<T>> {
    let Some(value) = item.get(name) else {
        return Ok(None);
    };
    match of(value) {
        Some(value) => Ok(Some(value)),
        None => Err(unreadable(name, "it is of another type, or out of range")),
    }
}

fn unreadable(name: &str, why: &str) -> Error {
    Error::Refused {
        call: GET.to_owned(),
        why: format!("`{name}` of the write lease cannot be read: {why}"),
    }
}

#[cfg(test)]
mod tests;
