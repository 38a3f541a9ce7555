//! The journal as one DynamoDB table.
//!
//! Every write is one conditional call, so that a repetition, a delivery out of order or a response that was lost on
//! the way back changes nothing: the condition that let the first call through keeps the second one out, and the item
//! that it met answers for both.
//!
//! Every read is strongly consistent: an eventually consistent one may not show a write that has succeeded (Amazon
//! DynamoDB Developer Guide, HowItWorks.ReadConsistency), and a decision or a destructive step on a stale lock is the
//! very thing that the lock is there to prevent.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::duration::Duration;
use domain::journal::{
    AlarmSeen, Armed, Disarmed, HealthIssue, HealthSeen, Incident, Journal, Lock, Question, RECENT_INCIDENTS,
    REDRIVES, Redrive, Stop, View, health_in_view,
};
use domain::names::{Epoch, IncidentId, SystemName};
use domain::step::{Error, Result};
use domain::steps::region::Approval;
use jiff::{SignedDuration, Timestamp};
use runtime::aws::classify;

use crate::item::{self, Item};
use crate::{arming, key, lock, question};

/// How many pages one read may take. A page is 1 MB (DynamoDB API, Query) and a view's incidents can be 20 of at most
/// 256 KiB each, the payload of the state machine that wrote them; whatever is longer is not our journal.
const MOST_PAGES: usize = 16;

/// How long it is remembered that people were told. Longer than an event can be late (24 hours) and an execution
/// redriven (14 days), see the Step Functions and EventBridge guides.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long what AWS Health said is kept after it was heard. Longer than it counts
/// ([`domain::journal::HEALTH_COUNTS_FOR`]), so that what closed an issue is still there when an older message about it is
/// delivered a day late.
const HEALTH_KEPT_FOR: SignedDuration = SignedDuration::from_hours(3 * 24);

/// The journal on AWS. Clones share their client.
///
/// The table's partition key is the string `pk`, its sort key the string `sk`, and its time-to-live attribute `ttl`.
/// The calls are GetItem, PutItem, UpdateItem and Query, and nothing else.
#[derive(Clone, Debug)]
pub struct DynamoJournal {
    client: Client,
    table: String,
}

impl DynamoJournal {
    /// The journal in that table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// The latest runs that were recorded, newest first: for people, who want to see more of them than a decision does.
    ///
    /// # Errors
    /// As every operation of [`Journal`]; `Refused` when they fill more pages than one read may take.
    pub async fn incidents(&self, system: &SystemName, at_most: usize) -> Result<Vec<Incident>> {
        let latest = self
            .items(system, key::INCIDENT, Order::Descending, at_most)
            .await?;
        latest.iter().map(item::to_incident).collect()
    }

    /// How often a system's lock was taken, whoever holds it now and whether anybody does (a consistent read). Nothing where it
    /// never was.
    ///
    /// # Errors
    /// As every operation of [`Journal`].
    pub async fn epoch(&self, system: &SystemName) -> Result<Option<Epoch>> {
        match self.item(system, key::LOCK).await? {
            Some(item) => item::to_epoch(&item),
            None => Ok(None),
        }
    }

    /// One item, as it is now.
    async fn item(&self, system: &SystemName, sort: &str) -> Result<Option<Item>> {
        let call = self
            .client
            .get_item()
            .table_name(&self.table)
            .consistent_read(true);
        let answer = call.set_key(Some(item::primary_key(system, sort))).send().await;
        answer
            .map(|output| output.item)
            .map_err(|error| classify("dynamodb:GetItem", error))
    }

    /// Puts an item where the condition holds, and leaves things as they are where it does not.
    async fn put_unless_superseded(
        &self,
        item: Item,
        condition: &str,
        values: impl IntoIterator<Item = (&'static str, AttributeValue)>,
    ) -> Result<()> {
        let mut call = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item));
        for (placeholder, value) in values {
            call = call.expression_attribute_values(placeholder, value);
        }
        match call.condition_expression(condition).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(classify("dynamodb:PutItem", error)),
        }
    }

    /// The items of a system whose sort keys have a prefix, in the keys' order or the other way round.
    async fn items(
        &self,
        system: &SystemName,
        prefix: &str,
        order: Order,
        at_most: usize,
    ) -> Result<Vec<Item>> {
        let mut found = Vec::new();
        let mut next = None;
        for _ in 0..MOST_PAGES {
            let call = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :system AND begins_with(sk, :prefix)")
                .expression_attribute_values(":system", item::text(key::system(system)))
                .expression_attribute_values(":prefix", item::text(prefix))
                .scan_index_forward(order == Order::Ascending)
                .set_limit(i32::try_from(at_most - found.len()).ok())
                .set_exclusive_start_key(next);
            let page = call
                .send()
                .await
                .map_err(|error| classify("dynamodb:Query", error))?;
            found.extend(page.items.unwrap_or_default());
            next = page.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() || found.len() >= at_most {
                return Ok(found);
            }
        }
        Err(Error::Refused {
            call: "dynamodb:Query".to_owned(),
            why: format!(
                "system {system} has more than {MOST_PAGES} pages of `{prefix}…` in table {}",
                self.table
            ),
        })
    }
}

/// In which order items are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Ascending,
    Descending,
}

impl Journal for DynamoJournal {
    /// One call. The condition does not let the holder itself through: then a call whose response was lost, or that
    /// two deliveries of one event make at the same time, would raise the epoch under the feet of a step that carries
    /// the first one. Instead the item that refused the call is returned with the refusal, and if it is the caller's
    /// own, it is the answer.
    async fn take_lock(
        &self,
        system: &SystemName,
        holder: &IncidentId,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Lock> {
        const CALL: &str = "dynamodb:UpdateItem";
        let wanted = lock::taken(Epoch::default(), holder, now, lease);
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary_key(system, key::LOCK)))
            // A request that was held up on its way is older than what has happened since.
            .condition_expression(
                "expires_at_ms <= :now OR (attribute_not_exists(holder) AND \
                 (attribute_not_exists(changed_at_ms) OR changed_at_ms <= :now))",
            )
            .update_expression(
                "SET epoch = if_not_exists(epoch, :zero) + :one, \
                 holder = :me, changed_at_ms = :now, expires_at_ms = :expires",
            )
            .expression_attribute_values(":zero", AttributeValue::N("0".to_owned()))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":me", item::text(holder.as_str()))
            .expression_attribute_values(":now", item::millis(wanted.taken_at))
            .expression_attribute_values(":expires", item::millis(wanted.expires_at))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let (found, refused) = match call.send().await {
            Ok(output) => (output.attributes, false),
            Err(error) => match refused_by(&error) {
                Some(item) => (item, true),
                None => return Err(classify(CALL, error)),
            },
        };
        // An answer without its item says neither yes nor no, and one without a holder refuses what came late. The next
        // call finds out.
        let Some(lock) = item::to_lock(&found.unwrap_or_default())? else {
            return Err(lock::late());
        };
        if refused && lock.holder != *holder {
            Err(lock::held(&lock))
        } else {
            Ok(lock)
        }
    }

    async fn lock(&self, system: &SystemName) -> Result<Option<Lock>> {
        match self.item(system, key::LOCK).await? {
            Some(item) => item::to_lock(&item),
            None => Ok(None),
        }
    }

    /// One call, which leaves its own time behind even where nothing was held: what was sent before it and arrives
    /// after it is refused.
    async fn release_lock(&self, system: &SystemName, holder: &IncidentId, now: Timestamp) -> Result<bool> {
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary_key(system, key::LOCK)))
            // The item may not be there yet, and neither a lock nor a mark may be newer than this request.
            .condition_expression(
                "attribute_not_exists(changed_at_ms) OR \
                 ((holder = :me OR attribute_not_exists(holder)) AND changed_at_ms <= :now)",
            )
            .update_expression("SET changed_at_ms = :now REMOVE holder, expires_at_ms")
            .expression_attribute_values(":me", item::text(holder.as_str()))
            .expression_attribute_values(":now", item::millis(now))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.send().await {
            Ok(output) => Ok(output.attributes.is_some_and(|old| old.contains_key("holder"))),
            Err(error) => match refused_by(&error) {
                Some(found) => match item::to_lock(&found.unwrap_or_default())? {
                    Some(lock) if lock.holder == *holder => Err(lock::late()),
                    Some(_) | None => Ok(false),
                },
                None => Err(classify("dynamodb:UpdateItem", error)),
            },
        }
    }

    async fn record(&self, incident: &Incident) -> Result<()> {
        self.put_unless_superseded(item::from_incident(incident), "attribute_not_exists(pk)", [])
            .await
    }

    async fn note_alarm(&self, system: &SystemName, alarm: &str, seen: AlarmSeen) -> Result<()> {
        let changed = (":changed", item::millis(seen.changed_at));
        let later = "attribute_not_exists(changed_at_ms) OR changed_at_ms < :changed";
        self.put_unless_superseded(item::from_alarm(system, alarm, seen), later, [changed])
            .await
    }

    async fn note_health(&self, system: &SystemName, arn: &str, seen: &HealthSeen) -> Result<()> {
        let later = match seen.status {
            HealthIssue::Open => "attribute_not_exists(said_at_ms) OR said_at_ms < :said",
            // Of two that were said in the same moment, the one that closes the issue stands.
            HealthIssue::Closed => {
                "attribute_not_exists(said_at_ms) OR said_at_ms < :said OR (said_at_ms = :said AND is_open = :yes)"
            }
        };
        let mut values = vec![(":said", item::millis(seen.said_at))];
        if seen.status == HealthIssue::Closed {
            values.push((":yes", AttributeValue::Bool(true)));
        }
        let mut item = item::from_health(system, arn, seen);
        item.insert("ttl".to_owned(), forgotten_at(seen.heard_at, HEALTH_KEPT_FOR));
        self.put_unless_superseded(item, later, values).await
    }

    async fn was_told(&self, system: &SystemName, key: &str) -> Result<bool> {
        Ok(self.item(system, &key::told(key)).await?.is_some())
    }

    async fn note_told(&self, system: &SystemName, key: &str, now: Timestamp) -> Result<()> {
        let mut item = item::primary_key(system, &key::told(key));
        item.extend([
            ("told_at_ms".to_owned(), item::millis(now)),
            ("ttl".to_owned(), forgotten_at(now, TOLD_FOR)),
        ]);
        self.put_unless_superseded(item, "attribute_not_exists(pk)", [])
            .await
    }

    /// One call: the token is always the newest, everything else is what was written first.
    async fn ask(&self, system: &SystemName, question: &Question) -> Result<Question> {
        const CALL: &str = "dynamodb:UpdateItem";
        let mut update = "SET #token = :token".to_owned();
        let mut call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary_key(
                system,
                &key::question(&question.incident),
            )))
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", item::text(&question.token))
            .return_values(ReturnValue::AllNew);
        for (name, placeholder, value) in question::once(question) {
            update.push_str(&format!(", {name} = if_not_exists({name}, {placeholder})"));
            call = call.expression_attribute_values(placeholder, value);
        }
        let answer = call.update_expression(update).send().await;
        let found = answer.map_err(|error| classify(CALL, error))?.attributes;
        question::read(&found.unwrap_or_default())
    }

    async fn question(&self, system: &SystemName, incident: &IncidentId) -> Result<Option<Question>> {
        let item = self.item(system, &key::question(incident)).await?;
        item.as_ref().map(question::read).transpose()
    }

    async fn answer(
        &self,
        system: &SystemName,
        incident: &IncidentId,
        answer: &Approval,
    ) -> Result<Question> {
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary_key(system, &key::question(incident))))
            .condition_expression("attribute_exists(asked_at_ms)")
            .update_expression("SET answer = if_not_exists(answer, :answer)")
            .expression_attribute_values(":answer", question::written(answer)?)
            .return_values(ReturnValue::AllNew);
        match call.send().await {
            Ok(output) => question::read(&output.attributes.unwrap_or_default()),
            Err(error) if refused_by(&error).is_some() => Err(question::nothing_asked(incident)),
            Err(error) => Err(classify("dynamodb:UpdateItem", error)),
        }
    }

    async fn request_stop(&self, system: &SystemName, incident: &IncidentId, stop: &Stop) -> Result<Stop> {
        let wish = question::from_stop(system, incident, stop);
        self.put_unless_superseded(wish, "attribute_not_exists(pk)", [])
            .await?;
        let kept = self.stop(system, incident).await?;
        kept.ok_or_else(|| Error::Unavailable {
            call: "dynamodb:GetItem".to_owned(),
            why: "the wish to stop was written and is not there".to_owned(),
        })
    }

    async fn stop(&self, system: &SystemName, incident: &IncidentId) -> Result<Option<Stop>> {
        let item = self.item(system, &key::stop(incident)).await?;
        item.as_ref().map(question::to_stop).transpose()
    }

    async fn note_redrive(
        &self,
        system: &SystemName,
        incident: &IncidentId,
        redrive: &Redrive,
    ) -> Result<()> {
        let redrive = question::from_redrive(system, incident, redrive);
        self.put_unless_superseded(redrive, "attribute_not_exists(pk)", [])
            .await
    }

    async fn redrives(&self, system: &SystemName, incident: &IncidentId) -> Result<Vec<Redrive>> {
        let prefix = key::redrives(incident);
        let redrives = self.items(system, &prefix, Order::Ascending, REDRIVES).await?;
        redrives.iter().map(question::to_redrive).collect()
    }

    async fn disarm(&self, system: &SystemName, disarmed: &Disarmed) -> Result<Disarmed> {
        const CALL: &str = "dynamodb:UpdateItem";
        let Disarmed { at, by, because } = disarmed;
        let mut call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary_key(system, key::ARMED)))
            .condition_expression(arming::IS_ARMED)
            .update_expression(arming::DISARM)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (placeholder, value) in arming::values(*at, by, because) {
            call = call.expression_attribute_values(placeholder, value);
        }
        let found = match call.send().await {
            Ok(output) => output.attributes,
            Err(error) => match refused_by(&error) {
                Some(item) => item,
                None => return Err(classify(CALL, error)),
            },
        };
        // An answer without its item says neither yes nor no. The next call finds out.
        let found = found.ok_or_else(|| Error::Unavailable {
            call: CALL.to_owned(),
            why: "DynamoDB answered without the item that says who disarmed it".to_owned(),
        })?;
        arming::last_disarmed(&found)
    }

    async fn arm(&self, system: &SystemName, armed: &Armed) -> Result<Option<Disarmed>> {
        let Armed { at, by, because } = armed;
        let mut call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::primary_key(system, key::ARMED)))
            .condition_expression(arming::IS_DISARMED)
            .update_expression(arming::ARM)
            .return_values(ReturnValue::AllNew);
        for (placeholder, value) in arming::values(*at, by, because) {
            call = call.expression_attribute_values(placeholder, value);
        }
        match call.send().await {
            Ok(output) => arming::last_disarmed(&output.attributes.unwrap_or_default()).map(Some),
            Err(error) if refused_by(&error).is_some() => Ok(None),
            Err(error) => Err(classify("dynamodb:UpdateItem", error)),
        }
    }

    async fn last_armed(&self, system: &SystemName) -> Result<Option<Armed>> {
        match self.item(system, key::ARMED).await? {
            Some(item) => arming::last_armed(&item),
            None => Ok(None),
        }
    }

    /// The lock is read before the incidents, and the machine records before it releases: whoever sees the lock of a
    /// run gone sees its incident, and with it the cooldown.
    async fn view(&self, system: &SystemName) -> Result<View> {
        let mut view = View {
            lock: None,
            incidents: Vec::new(),
            alarms: BTreeMap::new(),
            health: BTreeMap::new(),
            disarmed: None,
        };
        for item in self
            .items(system, key::STATE, Order::Ascending, usize::MAX)
            .await?
        {
            match item::sort_key(&item)? {
                key::LOCK => view.lock = item::to_lock(&item)?,
                key::ARMED => view.disarmed = arming::standing(&item)?,
                sort if sort.starts_with(key::HEALTH) => view.health.extend([item::to_health(&item)?]),
                _ => view.alarms.extend([item::to_alarm(&item)?]),
            }
        }
        view.health = health_in_view(view.health);
        let latest = self
            .items(system, key::INCIDENT, Order::Descending, RECENT_INCIDENTS)
            .await?;
        view.incidents = latest.iter().map(item::to_incident).collect::<Result<_>>()?;
        Ok(view)
    }
}

/// From when on DynamoDB may delete an item, in seconds, as it wants it (Developer Guide, "Using time to live").
fn forgotten_at(now: Timestamp, kept_for: SignedDuration) -> AttributeValue {
    let at = now.saturating_add(kept_for).unwrap_or(Timestamp::MAX);
    AttributeValue::N(at.as_second().to_string())
}

/// Whether the call's condition was not met, and the item that did not meet it if it was asked for.
fn refused_by(error: &SdkError<UpdateItemError>) -> Option<Option<Item>> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => Some(refusal.item.clone()),
        _ => None,
    }
}
