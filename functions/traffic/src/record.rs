//! Users moved by a change of records: two of one name, of which one leads here and the other away.
//!
//! This needs Route 53's control plane, which is in us-east-1 (Route 53 Developer Guide, "Disaster recovery"), and
//! which the loss of a Region may take with it: the labelled alternative to [`crate::health_check`] (rule 2).
//!
//! Both records change in one batch: Route 53 makes all changes of a batch or none (Route 53 API,
//! ChangeResourceRecordSets), so that there is never no primary, nor two. A name may have such a pair of each type that
//! leads anywhere, A and AAAA; they change together. Nothing else of the name is touched, nor may it be: the function's
//! policy names the record, its types and the one action (`evenkeel::stack::only`).
//!
//! The step ends when the change was accepted, not when it is next seen, because only the answer to the change holds
//! the id by which it is followed. If that answer is lost, the next call sees the records changed, has no id, and the
//! name servers alone say when the change is everywhere.

use std::collections::BTreeMap;

use aws_sdk_route53::Client;
use aws_sdk_route53::error::SdkError;
use aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsError;
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecordSet, ResourceRecordSetFailover, RrType,
};
use domain::journal::Journal;
use domain::step::{Error, Result};
use domain::system::region_failover::{Hostname, LEADING_TYPES, RecordPolicy};
use journal::Hold;
use runtime::aws::classify;

const LIST: &str = "route53:ListResourceRecordSets";
const CHANGE: &str = "route53:ChangeResourceRecordSets";
const GET_CHANGE: &str = "route53:GetChange";

/// The weight of a weighted record that gets everything. Any but zero would do: the other one's is zero.
const ALL: i64 = 100;

/// How many pages of records are read for one name. A page has 300; a name cannot have a tenth of that of the types
/// that lead anywhere. Source: Route 53 API, ListResourceRecordSets, `maxitems`.
const PAGES: usize = 8;

/// The two records.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The hosted zone's id.
    pub hosted_zone: &'a str,
    /// Their name.
    pub name: &'a Hostname,
    /// How Route 53 tells them apart.
    pub policy: RecordPolicy,
    /// `SetIdentifier` of the one that leads here.
    pub here: &'a str,
    /// `SetIdentifier` of the one that leads away.
    pub away: &'a str,
}

/// Route 53 was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The change to follow, if this call made one.
    pub change_id: Option<String>,
    /// What was seen.
    pub seen: String,
}

/// Ensures that Route 53 was told to lead everybody here.
///
/// # Errors
/// `LockLost`; `Refused` when the records are not such a pair, or are protected; `Throttled`, also while an earlier
/// change of the zone is being taken in; `Unavailable`.
pub async fn shifted<J: Journal>(client: &Client, pair: &Pair<'_>, hold: &Hold<'_, J>) -> Result<Told> {
    let found = pair.find(list(client, pair).await?)?;
    let changed: Vec<ResourceRecordSet> = found
        .values()
        .filter(|both| !both.lead_here(pair.policy))
        .flat_map(|both| both.led_here(pair.policy))
        .collect();
    let seen: Vec<String> = found.iter().map(|(kind, both)| both.words(kind)).collect();
    let seen = format!("{LIST}: {} {}", pair.name, seen.join("; "));
    if changed.is_empty() {
        return Ok(Told {
            change_id: None,
            seen,
        });
    }
    hold.check_lock().await?;
    let change_id = change(client, pair, changed, hold.run.incident.as_str()).await?;
    Ok(Told {
        seen: format!(
            "{seen}; {CHANGE} in favour of {} accepted as {change_id}",
            pair.here
        ),
        change_id: Some(change_id),
    })
}

/// Ensures that Route 53 has brought a change to all of its name servers, as far as it can be asked.
///
/// Its control plane may be gone by now. It is not needed: the name servers are asked next.
///
/// # Errors
/// `NotYet` while the change is PENDING; `Refused`.
pub async fn in_sync(client: &Client, change_id: Option<&str>) -> Result<String> {
    let Some(id) = change_id else {
        return Ok("there is no change to ask Route 53 about".to_owned());
    };
    let answer = client.get_change().id(id).send().await;
    let answer = match answer.map_err(|error| classify(GET_CHANGE, error)) {
        Err(error @ (Error::Unavailable { .. } | Error::Throttled { .. })) => {
            return Ok(format!("whether {id} is INSYNC is not known: {error}"));
        }
        answer => answer?,
    };
    let status = answer.change_info().map(|info| &info.status);
    let words = status.map_or("unknown", ChangeStatus::as_str);
    let seen = format!("{GET_CHANGE}: {id} is {words}");
    match status {
        Some(ChangeStatus::Insync) => Ok(seen),
        Some(_) | None => Err(Error::NotYet { seen }),
    }
}

/// All records of the name.
async fn list(client: &Client, pair: &Pair<'_>) -> Result<Vec<ResourceRecordSet>> {
    let mut records = Vec::new();
    let request = client
        .list_resource_record_sets()
        .hosted_zone_id(pair.hosted_zone);
    let mut request = request.start_record_name(pair.name.as_str());
    for _ in 0..PAGES {
        let page = request.send().await.map_err(|error| classify(LIST, error))?;
        let more = page.is_truncated && page.next_record_name().is_some_and(|next| is(pair.name, next));
        request = client
            .list_resource_record_sets()
            .hosted_zone_id(pair.hosted_zone)
            .set_start_record_name(page.next_record_name)
            .set_start_record_type(page.next_record_type)
            .set_start_record_identifier(page.next_record_identifier);
        let of_the_name = page.resource_record_sets.into_iter();
        records.extend(of_the_name.filter(|record| is(pair.name, record.name())));
        if !more {
            break;
        }
    }
    Ok(records)
}

async fn change(
    client: &Client,
    pair: &Pair<'_>,
    records: Vec<ResourceRecordSet>,
    comment: &str,
) -> Result<String> {
    let unmade = |error: aws_sdk_route53::error::BuildError| Error::Refused {
        call: CHANGE.to_owned(),
        why: error.to_string(),
    };
    let mut batch = ChangeBatch::builder().comment(comment);
    for record in records {
        let change = Change::builder()
            .action(ChangeAction::Upsert)
            .resource_record_set(record);
        batch = batch.changes(change.build().map_err(unmade)?);
    }
    let request = client
        .change_resource_record_sets()
        .hosted_zone_id(pair.hosted_zone);
    let answer = request.change_batch(batch.build().map_err(unmade)?).send().await;
    let answer = answer.map_err(refusal)?;
    answer
        .change_info
        .map(|info| info.id)
        .ok_or_else(|| Error::Unavailable {
            call: CHANGE.to_owned(),
            why: "the answer names no change".to_owned(),
        })
}

/// Route 53 answers `InvalidChangeBatch` for records that are protected as well as for those that make no sense, and
/// gives its reasons in a list. Source: Route 53 API, ChangeResourceRecordSets, Errors.
fn refusal(
    error: SdkError<ChangeResourceRecordSetsError, aws_sdk_route53::config::http::HttpResponse>,
) -> Error {
    match error.as_service_error() {
        Some(ChangeResourceRecordSetsError::InvalidChangeBatch(invalid)) => {
            let mut reasons = invalid.messages().to_vec();
            reasons.extend(invalid.message().map(str::to_owned));
            Error::Refused {
                call: CHANGE.to_owned(),
                why: format!(
                    "InvalidChangeBatch: a protected or invalid record: {}",
                    reasons.join("; ")
                ),
            }
        }
        Some(_) | None => classify(CHANGE, error),
    }
}

/// The two records of one type.
#[derive(Clone, Debug)]
struct Both {
    here: ResourceRecordSet,
    away: ResourceRecordSet,
}

impl Pair<'_> {
    /// The two records of each type that has them.
    fn find(&self, records: Vec<ResourceRecordSet>) -> Result<BTreeMap<String, Both>> {
        let refused = |why: String| Error::Refused {
            call: LIST.to_owned(),
            why,
        };
        let mut types: BTreeMap<String, [Option<ResourceRecordSet>; 2]> = BTreeMap::new();
        let leads = |record: &ResourceRecordSet| LEADING_TYPES.contains(&record.r#type().as_str());
        for record in records.into_iter().filter(leads) {
            let Some(place) = [self.here, self.away]
                .iter()
                .position(|id| record.set_identifier() == Some(*id))
            else {
                continue;
            };
            if !has_policy(&record, self.policy) {
                return Err(refused(format!(
                    "the {} record `{}` of {} is no {} record",
                    record.r#type().as_str(),
                    [self.here, self.away][place],
                    self.name,
                    word(self.policy),
                )));
            }
            let found = types
                .entry(RrType::as_str(record.r#type()).to_owned())
                .or_default();
            found[place] = Some(record);
        }
        if types.is_empty() {
            return Err(refused(format!(
                "{} has no records `{}` and `{}` in the hosted zone {}",
                self.name, self.here, self.away, self.hosted_zone
            )));
        }
        let both = types.into_iter().map(|(kind, found)| match found {
            [Some(here), Some(away)] => Ok((kind, Both { here, away })),
            [None, _] => Err(refused(format!(
                "{} has no {kind} record `{}`",
                self.name, self.here
            ))),
            [_, None] => Err(refused(format!(
                "{} has no {kind} record `{}`",
                self.name, self.away
            ))),
        });
        both.collect()
    }
}

impl Both {
    fn lead_here(&self, policy: RecordPolicy) -> bool {
        match policy {
            RecordPolicy::Failover => {
                self.here.failover() == Some(&ResourceRecordSetFailover::Primary)
                    && self.away.failover() == Some(&ResourceRecordSetFailover::Secondary)
            }
            RecordPolicy::Weighted => self.here.weight().unwrap_or(0) > 0 && self.away.weight() == Some(0),
        }
    }

    /// The same two with their roles changed, and nothing else about them.
    fn led_here(&self, policy: RecordPolicy) -> [ResourceRecordSet; 2] {
        let Self { mut here, mut away } = self.clone();
        match policy {
            RecordPolicy::Failover => {
                away.failover = Some(ResourceRecordSetFailover::Secondary);
                here.failover = Some(ResourceRecordSetFailover::Primary);
            }
            RecordPolicy::Weighted => {
                away.weight = Some(0);
                here.weight = Some(ALL);
            }
        }
        [away, here]
    }

    fn words(&self, kind: &str) -> String {
        let of = |record: &ResourceRecordSet| {
            let role = record.failover().map(|failover| failover.as_str().to_owned());
            let weight = record.weight().map(|weight| format!("weight {weight}"));
            let role = role.or(weight).unwrap_or_else(|| "no policy".to_owned());
            format!("{} {role}", record.set_identifier().unwrap_or_default())
        };
        format!("{kind}: {}, {}", of(&self.here), of(&self.away))
    }
}

fn has_policy(record: &ResourceRecordSet, policy: RecordPolicy) -> bool {
    match policy {
        RecordPolicy::Failover => record.failover().is_some(),
        RecordPolicy::Weighted => record.weight().is_some(),
    }
}

const fn word(policy: RecordPolicy) -> &'static str {
    match policy {
        RecordPolicy::Failover => "failover",
        RecordPolicy::Weighted => "weighted",
    }
}

/// Route 53 answers with a final dot.
fn is(name: &Hostname, answered: &str) -> bool {
    answered.trim_end_matches('.').eq_ignore_ascii_case(name.as_str())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsOutput;
    use aws_sdk_route53::operation::get_change::GetChangeOutput;
    use aws_sdk_route53::operation::list_resource_record_sets::ListResourceRecordSetsOutput;
    use aws_sdk_route53::primitives::DateTime;
    use aws_sdk_route53::types::{ChangeInfo, ResourceRecord};
    use aws_smithy_mocks::{MockResponse, mock};

    use super::*;
    use crate::mocked::{Holding, client, status, xml_error};

    /// A hosted zone. It shows two records at a time.
    #[derive(Clone, Default)]
    struct Zone {
        records: Arc<Mutex<Vec<ResourceRecordSet>>>,
        changes: Arc<Mutex<u32>>,
        /// Whether a change is made and its answer lost.
        lost: bool,
        /// What is answered to a change instead of making it.
        refused: Option<(u16, &'static str)>,
    }

    impl Zone {
        fn with(records: impl IntoIterator<Item = ResourceRecordSet>) -> Self {
            Self {
                records: Arc::new(Mutex::new(records.into_iter().collect())),
                ..Self::default()
            }
        }

        fn client(&self) -> Client {
            let (read, written) = (self.clone(), self.clone());
            let list = mock!(Client::list_resource_record_sets).then_compute_output(move |input| {
                let first = (input.start_record_type(), input.start_record_identifier());
                read.page(input.start_record_name(), first)
            });
            let change = mock!(Client::change_resource_record_sets).then_compute_response(move |input| {
                written.changed(input.change_batch().expect("a batch").changes())
            });
            client!(aws_sdk_route53, [list, change])
        }

        fn page(
            &self,
            name: Option<&str>,
            (kind, identifier): (Option<&RrType>, Option<&str>),
        ) -> ListResourceRecordSetsOutput {
            let records = self.records.lock().expect("whole");
            let name = format!("{}.", name.expect("a name").trim_end_matches('.'));
            let begins = |record: &&ResourceRecordSet| match (kind, identifier) {
                (Some(kind), Some(id)) => {
                    record.name == name && record.r#type == *kind && record.set_identifier() == Some(id)
                }
                _ => record.name >= name,
            };
            let first = records
                .iter()
                .position(|record| begins(&record))
                .unwrap_or(records.len());
            let (page, rest) = records[first..].split_at(2.min(records.len() - first));
            let next = rest.first();
            ListResourceRecordSetsOutput::builder()
                .set_resource_record_sets(Some(page.to_vec()))
                .is_truncated(next.is_some())
                .set_next_record_name(next.map(|next| next.name.clone()))
                .set_next_record_type(next.map(|next| next.r#type.clone()))
                .set_next_record_identifier(next.and_then(|next| next.set_identifier.clone()))
                .max_items(2)
                .build()
                .expect("an answer")
        }

        fn changed<E>(&self, changes: &[Change]) -> MockResponse<ChangeResourceRecordSetsOutput, E> {
            if let Some((status, code)) = self.refused {
                return xml_error(status, code, "[said Route 53]");
            }
            let mut records = self.records.lock().expect("whole");
            for change in changes {
                assert_eq!(change.action, ChangeAction::Upsert);
                let new = change.resource_record_set.clone().expect("a record");
                let old = records.iter_mut().find(|old| {
                    old.name == new.name
                        && old.r#type == new.r#type
                        && old.set_identifier == new.set_identifier
                });
                *old.expect("no record is made anew") = new;
            }
            *self.changes.lock().expect("whole") += 1;
            if self.lost {
                return status(504);
            }
            let info = info(ChangeStatus::Pending);
            MockResponse::Output(
                ChangeResourceRecordSetsOutput::builder()
                    .change_info(info)
                    .build(),
            )
        }

        fn changes(&self) -> u32 {
            *self.changes.lock().expect("whole")
        }

        fn of(&self, identifier: &str) -> Vec<ResourceRecordSet> {
            let records = self.records.lock().expect("whole");
            let found = records
                .iter()
                .filter(|record| record.set_identifier() == Some(identifier));
            found.cloned().collect()
        }
    }

    fn info(status: ChangeStatus) -> ChangeInfo {
        ChangeInfo::builder()
            .id("C2682N5HXP0BZ4")
            .status(status)
            .submitted_at(DateTime::from_secs(0))
            .build()
            .expect("a change")
    }

    fn record(
        name: &str,
        kind: RrType,
        identifier: &str,
        role: Option<ResourceRecordSetFailover>,
        weight: Option<i64>,
    ) -> ResourceRecordSet {
        ResourceRecordSet::builder()
            .name(name)
            .r#type(kind)
            .set_identifier(identifier)
            .set_failover(role)
            .set_weight(weight)
            .ttl(30)
            .health_check_id(format!("check-of-{identifier}"))
            .resource_records(
                ResourceRecord::builder()
                    .value("192.0.2.1")
                    .build()
                    .expect("a value"),
            )
            .build()
            .expect("a record")
    }

    fn failover(kind: RrType, identifier: &str, role: ResourceRecordSetFailover) -> ResourceRecordSet {
        record("shop.example.com.", kind, identifier, Some(role), None)
    }

    fn weighted(identifier: &str, weight: i64) -> ResourceRecordSet {
        record("shop.example.com.", RrType::A, identifier, None, Some(weight))
    }

    fn of_both_types() -> Zone {
        use ResourceRecordSetFailover::{Primary, Secondary};
        Zone::with([
            record("earlier.example.com.", RrType::A, "home", Some(Primary), None),
            failover(RrType::A, "home", Primary),
            failover(RrType::A, "away", Secondary),
            failover(RrType::Aaaa, "home", Primary),
            failover(RrType::Aaaa, "away", Secondary),
            record("www.example.com.", RrType::A, "away", Some(Secondary), None),
        ])
    }

    async fn lead(zone: &Zone, policy: RecordPolicy, holding: &Holding) -> Result<Told> {
        let name: Hostname = "shop.example.com".parse().expect("a name");
        let pair = Pair {
            hosted_zone: "Z1",
            name: &name,
            policy,
            here: "away",
            away: "home",
        };
        shifted(&zone.client(), &pair, &holding.hold()).await
    }

    #[tokio::test]
    async fn failover_records_swap_their_roles_and_nothing_else_once() {
        let (zone, holding) = (of_both_types(), Holding::the_lock().await);
        let told = lead(&zone, RecordPolicy::Failover, &holding).await.expect("told");
        assert_eq!(told.change_id.as_deref(), Some("C2682N5HXP0BZ4"));
        assert_eq!(
            told.seen,
            "route53:ListResourceRecordSets: shop.example.com A: away SECONDARY, home PRIMARY; \
             AAAA: away SECONDARY, home PRIMARY; route53:ChangeResourceRecordSets in favour of away accepted as \
             C2682N5HXP0BZ4"
        );
        for kind in [RrType::A, RrType::Aaaa] {
            let shop = failover(kind.clone(), "away", ResourceRecordSetFailover::Primary);
            assert!(zone.of("away").contains(&shop), "{kind:?}");
            let shop = failover(kind.clone(), "home", ResourceRecordSetFailover::Secondary);
            assert!(zone.of("home").contains(&shop), "{kind:?}");
        }
        let www = record(
            "www.example.com.",
            RrType::A,
            "away",
            Some(ResourceRecordSetFailover::Secondary),
            None,
        );
        assert!(
            zone.of("away").contains(&www),
            "another name's record is left alone"
        );

        let told = lead(&zone, RecordPolicy::Failover, &holding)
            .await
            .expect("told before");
        assert_eq!((told.change_id, zone.changes()), (None, 1));
    }

    #[test]
    fn a_pair_leads_here_when_both_of_it_say_so() {
        use ResourceRecordSetFailover::{Primary, Secondary};
        let of = |here, away| failover_pair(here, away).lead_here(RecordPolicy::Failover);
        assert!(of(Primary, Secondary));
        assert!(!of(Primary, Primary) && !of(Secondary, Secondary) && !of(Secondary, Primary));
        let of = |here, away| {
            let (here, away) = (weighted("away", here), weighted("home", away));
            Both { here, away }.lead_here(RecordPolicy::Weighted)
        };
        assert!(of(1, 0));
        assert!(!of(1, 1) && !of(0, 0) && !of(0, 1));
    }

    fn failover_pair(here: ResourceRecordSetFailover, away: ResourceRecordSetFailover) -> Both {
        Both {
            here: failover(RrType::A, "away", here),
            away: failover(RrType::A, "home", away),
        }
    }

    #[tokio::test]
    async fn a_weighted_record_gets_everything() {
        let holding = Holding::the_lock().await;
        let zone = Zone::with([weighted("home", 1), weighted("away", 0)]);
        lead(&zone, RecordPolicy::Weighted, &holding).await.expect("told");
        assert_eq!(zone.of("home"), [weighted("home", 0)]);
        assert_eq!(zone.of("away"), [weighted("away", ALL)]);

        let zone = Zone::with([weighted("home", 0), weighted("away", 7)]);
        lead(&zone, RecordPolicy::Weighted, &holding)
            .await
            .expect("so already");
        assert_eq!(zone.changes(), 0);
    }

    #[tokio::test]
    async fn an_answer_that_was_lost_is_seen_by_the_next_call() {
        let holding = Holding::the_lock().await;
        let zone = Zone {
            lost: true,
            ..of_both_types()
        };
        let error = lead(&zone, RecordPolicy::Failover, &holding)
            .await
            .expect_err("lost");
        assert_eq!(error.name(), Error::UNAVAILABLE);
        let told = lead(&zone, RecordPolicy::Failover, &holding).await.expect("told");
        assert_eq!((told.change_id, zone.changes()), (None, 1));
    }

    #[tokio::test]
    async fn a_run_without_the_lock_changes_nothing() {
        let (zone, holding) = (of_both_types(), Holding::no_more().await);
        let error = lead(&zone, RecordPolicy::Failover, &holding)
            .await
            .expect_err("lost");
        assert_eq!((error.name(), zone.changes()), (Error::LOCK_LOST, 0));
    }

    #[tokio::test]
    async fn a_failure_has_its_name() {
        let holding = Holding::the_lock().await;
        for (refused, name, words) in [
            (
                (400, "InvalidChangeBatch"),
                Error::REFUSED,
                "a protected or invalid record: [said Route 53]",
            ),
            ((400, "Throttling"), Error::THROTTLED, "said Route 53"),
            (
                (400, "PriorRequestNotComplete"),
                Error::THROTTLED,
                "said Route 53",
            ),
            ((404, "NoSuchHostedZone"), Error::REFUSED, "said Route 53"),
            ((503, "ServiceUnavailable"), Error::UNAVAILABLE, "said Route 53"),
        ] {
            let zone = Zone {
                refused: Some(refused),
                ..of_both_types()
            };
            let error = lead(&zone, RecordPolicy::Failover, &holding)
                .await
                .expect_err("fails");
            assert_eq!(error.name(), name, "{refused:?}: {error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[tokio::test]
    async fn what_is_no_pair_is_refused() {
        use ResourceRecordSetFailover::Primary;
        let holding = Holding::the_lock().await;
        for (records, words) in [
            (vec![], "has no records `away` and `home` in the hosted zone Z1"),
            (
                vec![failover(RrType::A, "home", Primary)],
                "shop.example.com has no A record `away`",
            ),
            (
                vec![weighted("home", 1), weighted("away", 0)],
                "the A record `home` of shop.example.com is no failover record",
            ),
        ] {
            let zone = Zone::with(records);
            let error = lead(&zone, RecordPolicy::Failover, &holding)
                .await
                .expect_err(words);
            assert_eq!((error.name(), zone.changes()), (Error::REFUSED, 0));
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[tokio::test]
    async fn a_change_is_followed_as_far_as_route_53_answers() {
        let asked = |answer: MockResponse<GetChangeOutput, _>| async {
            let answer = Mutex::new(Some(answer));
            let rule = mock!(Client::get_change)
                .then_compute_response(move |_| answer.lock().expect("whole").take().expect("asked once"));
            in_sync(&client!(aws_sdk_route53, [rule]), Some("C2682N5HXP0BZ4")).await
        };
        let answer =
            |status| MockResponse::Output(GetChangeOutput::builder().change_info(info(status)).build());
        let seen = asked(answer(ChangeStatus::Insync)).await.expect("everywhere");
        assert_eq!(seen, "route53:GetChange: C2682N5HXP0BZ4 is INSYNC");
        let error = asked(answer(ChangeStatus::Pending))
            .await
            .expect_err("on its way");
        assert_eq!(error.name(), Error::NOT_YET);
        for silence in [status(503), xml_error(400, "Throttling", "Rate exceeded")] {
            let seen = asked(silence).await.expect("the name servers are asked next");
            assert!(seen.contains("not known"), "{seen}");
        }
        let error = asked(xml_error(404, "NoSuchChange", "unknown"))
            .await
            .expect_err("refused");
        assert_eq!(error.name(), Error::REFUSED);
    }

    #[tokio::test]
    async fn without_a_change_there_is_nothing_to_follow() {
        let nobody: [aws_smithy_mocks::Rule; 0] = [];
        in_sync(&client!(aws_sdk_route53, nobody), None)
            .await
            .expect("nothing asked");
    }
}
