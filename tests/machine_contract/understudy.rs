//! Who plays the steps: reads what a machine asks for as the real function would, and answers plausibly.
//!
//! Every `match` here is exhaustive on purpose. A new condition does not compile until somebody has said whether it
//! may take time, whether it can be undone, and what its answer looks like.

use domain::journal::lease;
use domain::names::{Epoch, Recovery, Region, Zone, ZoneId};
use domain::step::{self, Error, Step};
use domain::steps::assess::{Assessment, Verdict, Writer};
use domain::steps::database::{Moved, Started, Written};
use domain::steps::deployment::Redeploying;
use domain::steps::journal::{Locked, OtherLocked, Record, Recorded, Released};
use domain::steps::notify::{Asked as PeopleAsked, Told};
use domain::steps::plan::{self, Plan, What};
use domain::steps::region::{
    self, Answer, Approval, CapacityAssessment, Fence, Fencing, GroupSize, InPlace, Lag, Promoted, Promotion,
    RegionAssessment, Resolved, Risk, Seen, Shifted,
};
use domain::steps::{assess, cache, capacity, database, deployment, journal, notify, traffic};
use jiff::Timestamp;
use serde_json::Value;

/// A payload, as the function that it is for reads it.
#[expect(
    clippy::large_enum_variant,
    reason = "there are a few hundred of them, in a test"
)]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asked {
    Assess(assess::Input),
    Cache(cache::Input),
    Capacity(capacity::Input),
    Database(database::Input),
    Deployment(deployment::Input),
    Journal(journal::Input),
    Notify(notify::Input),
    Traffic(traffic::Input),
}

/// What the machine finds when it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    /// What it is for.
    Down,
    /// It is over already.
    Well,
    /// What it is for, and the person who is asked says no.
    Unwanted,
    /// What it is for, and the person who is asked accepts the last resort.
    Desperate,
}

impl Situation {
    /// Every situation.
    pub(crate) const ALL: [Self; 4] = [Self::Down, Self::Well, Self::Unwanted, Self::Desperate];
}

impl Asked {
    /// Reads what a machine sends to a function, without the deadline beside it.
    pub(crate) fn read(function: &str, payload: &Value) -> step::Result<Self> {
        match function {
            "evenkeel-assess" => step::input(payload).map(Self::Assess),
            "evenkeel-cache" => step::input(payload).map(Self::Cache),
            "evenkeel-capacity" => step::input(payload).map(Self::Capacity),
            "evenkeel-database" => step::input(payload).map(Self::Database),
            "evenkeel-deployment" => step::input(payload).map(Self::Deployment),
            "evenkeel-journal" => step::input(payload).map(Self::Journal),
            "evenkeel-notify" => step::input(payload).map(Self::Notify),
            "evenkeel-traffic" => step::input(payload).map(Self::Traffic),
            other => panic!("teach the understudy what `{other}` does"),
        }
    }

    /// Whether the condition may come true later, by itself or because of the step.
    pub(crate) fn may_take_time(&self) -> bool {
        match self {
            Self::Assess(
                assess::Input::DatabaseAssessed { .. }
                | assess::Input::RegionAssessed { .. }
                | assess::Input::UsersServed { .. },
            )
            | Self::Cache(
                cache::Input::PromotedHere { .. }
                | cache::Input::PrimaryMoved { .. }
                | cache::Input::CacheFailoverPlanned { .. }
                | cache::Input::PrimaryOutOfZone { .. },
            )
            | Self::Capacity(
                capacity::Input::Raised { .. }
                | capacity::Input::Healthy { .. }
                | capacity::Input::Restored { .. }
                | capacity::Input::OtherReduced { .. }
                | capacity::Input::ReplacementPlanned { .. }
                | capacity::Input::Replaced { .. }
                | capacity::Input::ScaleOutPlanned { .. }
                | capacity::Input::ScaledOut { .. }
                | capacity::Input::EvacuationPlanned { .. }
                | capacity::Input::ReturnPlanned { .. }
                | capacity::Input::ZoneLeft { .. }
                | capacity::Input::ZoneRejoined { .. }
                | capacity::Input::RaiseTakenBack { .. }
                | capacity::Input::ServesAsPlanned { .. },
            )
            | Self::Database(
                database::Input::FailoverStarted { .. }
                | database::Input::WriterMoved { .. }
                | database::Input::WriterOutOfZone { .. }
                | database::Input::Writable { .. }
                | database::Input::SourceFenced { .. }
                | database::Input::SourceOpened { .. }
                | database::Input::PromotionStarted { .. }
                | database::Input::Promoted { .. }
                | database::Input::PlaceKnown { .. }
                | database::Input::WritableHere { .. }
                | database::Input::Rejoined { .. }
                | database::Input::StandbyArmed { .. },
            )
            | Self::Deployment(
                deployment::Input::RollbackPlanned { .. }
                | deployment::Input::Stopped { .. }
                | deployment::Input::RedeployStarted { .. }
                | deployment::Input::Redeployed { .. },
            )
            | Self::Traffic(
                traffic::Input::EdgeFrozen { .. }
                | traffic::Input::EdgeThawed { .. }
                | traffic::Input::EdgeOpen { .. }
                | traffic::Input::Shifted { .. }
                | traffic::Input::Resolved { .. }
                | traffic::Input::Served { .. }
                | traffic::Input::ZoneShifted { .. }
                | traffic::Input::ZoneUnshifted { .. },
            ) => true,
            Self::Journal(
                journal::Input::LockTaken { .. }
                | journal::Input::OtherLockTaken { .. }
                | journal::Input::OtherLockReleased { .. }
                | journal::Input::Recorded { .. }
                | journal::Input::LockReleased { .. },
            )
            | Self::Notify(notify::Input::PeopleTold { .. } | notify::Input::ApprovalAsked { .. }) => false,
        }
    }

    /// Whether it changes the system in a way that nothing changes back.
    pub(crate) fn cannot_be_undone(&self) -> bool {
        match self {
            Self::Database(
                database::Input::FailoverStarted { .. }
                | database::Input::PromotionStarted { .. }
                | database::Input::WriterOutOfZone { .. },
            )
            | Self::Capacity(capacity::Input::Replaced { .. })
            | Self::Deployment(
                deployment::Input::Stopped { .. } | deployment::Input::RedeployStarted { .. },
            )
            | Self::Traffic(traffic::Input::Shifted { .. })
            | Self::Cache(
                cache::Input::PromotedHere { .. }
                | cache::Input::PrimaryMoved { .. }
                | cache::Input::PrimaryOutOfZone { .. },
            ) => true,
            Self::Database(
                database::Input::WriterMoved { .. }
                | database::Input::Writable { .. }
                | database::Input::SourceFenced { .. }
                | database::Input::SourceOpened { .. }
                | database::Input::Promoted { .. }
                | database::Input::PlaceKnown { .. }
                | database::Input::WritableHere { .. }
                // What follows the primary again was of no use before.
                | database::Input::Rejoined { .. }
                | database::Input::StandbyArmed { .. },
            )
            | Self::Assess(
                assess::Input::DatabaseAssessed { .. }
                | assess::Input::RegionAssessed { .. }
                | assess::Input::UsersServed { .. },
            )
            | Self::Cache(cache::Input::CacheFailoverPlanned { .. })
            | Self::Capacity(
                capacity::Input::Raised { .. }
                | capacity::Input::Healthy { .. }
                | capacity::Input::Restored { .. }
                | capacity::Input::OtherReduced { .. }
                | capacity::Input::ReplacementPlanned { .. }
                | capacity::Input::ScaleOutPlanned { .. }
                // More instances than are needed harm nobody, and anybody can take them away again.
                | capacity::Input::ScaledOut { .. }
                | capacity::Input::EvacuationPlanned { .. }
                | capacity::Input::ReturnPlanned { .. }
                | capacity::Input::ZoneLeft { .. }
                | capacity::Input::ZoneRejoined { .. }
                | capacity::Input::RaiseTakenBack { .. }
                | capacity::Input::ServesAsPlanned { .. },
            )
            | Self::Deployment(
                deployment::Input::RollbackPlanned { .. } | deployment::Input::Redeployed { .. },
            )
            | Self::Traffic(
                traffic::Input::EdgeFrozen { .. }
                | traffic::Input::EdgeThawed { .. }
                | traffic::Input::EdgeOpen { .. }
                | traffic::Input::Resolved { .. }
                | traffic::Input::Served { .. }
                | traffic::Input::ZoneShifted { .. }
                | traffic::Input::ZoneUnshifted { .. },
            )
            | Self::Journal(
                journal::Input::LockTaken { .. }
                | journal::Input::OtherLockTaken { .. }
                | journal::Input::OtherLockReleased { .. }
                | journal::Input::Recorded { .. }
                | journal::Input::LockReleased { .. },
            )
            | Self::Notify(notify::Input::PeopleTold { .. } | notify::Input::ApprovalAsked { .. }) => false,
        }
    }

    /// Whether it is what is tried when nothing else works, and a person accepted it.
    pub(crate) fn is_the_last_resort(&self) -> bool {
        matches!(
            self,
            Self::Database(database::Input::PromotionStarted {
                how: Promotion::Detach,
                ..
            })
        )
    }

    /// Whether users can be served without it: people hear of it, and nothing waits for it.
    pub(crate) fn can_be_done_without(&self) -> bool {
        matches!(self, Self::Cache(cache::Input::PromotedHere { .. }))
    }

    /// Whether its state ends when a person answers, and not when the function does.
    pub(crate) fn waits_for_a_person(&self) -> bool {
        matches!(self, Self::Notify(notify::Input::ApprovalAsked { .. }))
    }

    pub(crate) fn takes_the_lock(&self) -> bool {
        matches!(self, Self::Journal(journal::Input::LockTaken { .. }))
    }

    /// Whether it releases one of the two locks: its own, or behind that the other Region's.
    pub(crate) fn releases_the_lock(&self) -> bool {
        matches!(
            self,
            Self::Journal(journal::Input::LockReleased { .. } | journal::Input::OtherLockReleased { .. })
        )
    }

    /// Whether users are without service until it is true, and nothing but asking again brings it about: it comes behind the
    /// promotion, or undoes what was done before it.
    pub(crate) fn users_wait_for_it(&self) -> bool {
        matches!(
            self,
            Self::Database(
                database::Input::PromotionStarted { .. }
                    | database::Input::Promoted { .. }
                    | database::Input::WritableHere { .. }
                    | database::Input::PlaceKnown { .. }
                    | database::Input::SourceOpened { .. },
            ) | Self::Traffic(
                traffic::Input::Shifted { .. }
                    | traffic::Input::Resolved { .. }
                    | traffic::Input::Served { .. }
                    | traffic::Input::EdgeThawed { .. },
            )
        )
    }

    /// What people are told, if they are.
    pub(crate) fn tells_people(&self) -> Option<&Record> {
        match self {
            Self::Notify(notify::Input::PeopleTold { record, .. }) => Some(record),
            Self::Notify(notify::Input::ApprovalAsked { .. })
            | Self::Assess(_)
            | Self::Cache(_)
            | Self::Capacity(_)
            | Self::Database(_)
            | Self::Deployment(_)
            | Self::Journal(_)
            | Self::Traffic(_) => None,
        }
    }

    fn answer(&self, situation: Situation) -> step::Result<Value> {
        let writer = |zone: &str| Writer {
            instance: "shop-db".to_owned(),
            zone: Zone(zone.to_owned()),
        };
        match self {
            Self::Assess(assess::Input::DatabaseAssessed { .. }) => step::output(&Assessment {
                verdict: match situation {
                    Situation::Down | Situation::Unwanted | Situation::Desperate => Verdict::FailOver,
                    Situation::Well => Verdict::Healthy,
                },
                writer: writer("eu-central-1a"),
                target: None,
                seen: vec!["status available, and nothing can be written".to_owned()],
            }),
            Self::Assess(assess::Input::RegionAssessed { run }) => {
                step::output(&region_assessed(run.recovery, situation))
            }
            Self::Database(database::Input::SourceFenced { .. })
            | Self::Traffic(traffic::Input::EdgeFrozen { .. }) => step::output(&Fencing {
                at: Timestamp::UNIX_EPOCH,
                fence: Fence::Fenced,
                writes_until: None,
                seen: seen(),
            }),
            Self::Database(database::Input::Promoted { fence, .. }) => step::output(&Promoted {
                at: Timestamp::UNIX_EPOCH,
                fence: *fence,
                seen: seen(),
            }),
            Self::Database(database::Input::PlaceKnown { .. }) => step::output(&InPlace {
                at: Timestamp::UNIX_EPOCH,
                in_place: true,
                seen: seen(),
            }),
            Self::Traffic(traffic::Input::Shifted { .. }) => step::output(&Shifted {
                at: Timestamp::UNIX_EPOCH,
                change_id: Some("/change/C1".to_owned()),
                seen: seen(),
            }),
            Self::Traffic(traffic::Input::Resolved { .. }) => step::output(&Resolved {
                at: Timestamp::UNIX_EPOCH,
                ttl_seconds: 30,
                seen: seen(),
            }),
            Self::Cache(cache::Input::CacheFailoverPlanned { .. }) => step::output(&planned(
                What::FailOverCache {
                    away_from: "shop-001".to_owned(),
                },
                situation,
            )),
            Self::Capacity(capacity::Input::ReplacementPlanned { .. }) => {
                let instances = vec!["i-1".to_owned()];
                step::output(&planned(What::Replace { instances, needed: 6 }, situation))
            }
            Self::Capacity(capacity::Input::ScaleOutPlanned { .. }) => {
                let standing = standing();
                step::output(&planned(What::ScaleOut { standing, wanted: 8 }, situation))
            }
            Self::Capacity(
                capacity::Input::EvacuationPlanned { .. } | capacity::Input::ReturnPlanned { .. },
            ) => {
                let what = What::Zone {
                    zone: Some(Zone("eu-central-1a".to_owned())),
                    zone_id: Some(ZoneId("euc1-az2".to_owned())),
                    standing: standing(),
                    needed: 6,
                    launches_there: true,
                    raised: None,
                };
                step::output(&planned(what, situation))
            }
            Self::Deployment(deployment::Input::RollbackPlanned { .. }) => {
                let what = What::RollBack {
                    bad: "d-2".to_owned(),
                    bad_revision: "s3://shop-releases/2.zip".to_owned(),
                    good: Some("d-1".to_owned()),
                    good_revision: Some("s3://shop-releases/1.zip".to_owned()),
                    underway: None,
                };
                step::output(&planned(what, situation))
            }
            Self::Deployment(deployment::Input::RedeployStarted { .. }) => step::output(&Redeploying {
                at: Timestamp::UNIX_EPOCH,
                deployment: "d-3".to_owned(),
                seen: seen(),
            }),
            Self::Assess(assess::Input::UsersServed { .. })
            | Self::Cache(
                cache::Input::PromotedHere { .. }
                | cache::Input::PrimaryMoved { .. }
                | cache::Input::PrimaryOutOfZone { .. },
            )
            | Self::Capacity(
                capacity::Input::Raised { .. }
                | capacity::Input::Healthy { .. }
                | capacity::Input::Restored { .. }
                | capacity::Input::OtherReduced { .. }
                | capacity::Input::Replaced { .. }
                | capacity::Input::ScaledOut { .. }
                | capacity::Input::ZoneLeft { .. }
                | capacity::Input::ZoneRejoined { .. }
                | capacity::Input::RaiseTakenBack { .. }
                | capacity::Input::ServesAsPlanned { .. },
            )
            | Self::Deployment(deployment::Input::Stopped { .. } | deployment::Input::Redeployed { .. })
            | Self::Journal(journal::Input::OtherLockReleased { .. })
            | Self::Database(
                database::Input::SourceOpened { .. }
                | database::Input::PromotionStarted { .. }
                | database::Input::WritableHere { .. }
                | database::Input::WriterOutOfZone { .. }
                | database::Input::Rejoined { .. }
                | database::Input::StandbyArmed { .. },
            )
            | Self::Traffic(
                traffic::Input::EdgeThawed { .. }
                | traffic::Input::EdgeOpen { .. }
                | traffic::Input::Served { .. }
                | traffic::Input::ZoneShifted { .. }
                | traffic::Input::ZoneUnshifted { .. },
            ) => step::output(&Seen {
                at: Timestamp::UNIX_EPOCH,
                seen: seen(),
            }),
            Self::Notify(notify::Input::ApprovalAsked { .. }) => step::output(&PeopleAsked {
                risks: vec![Risk::DataLoss],
            }),
            Self::Database(database::Input::FailoverStarted { .. }) => step::output(&Started {
                seen: "status rebooting".to_owned(),
            }),
            Self::Database(database::Input::WriterMoved { .. }) => step::output(&Moved {
                writer: writer("eu-central-1b"),
                seen: "status available, writer in eu-central-1b".to_owned(),
            }),
            Self::Database(database::Input::Writable { .. }) => step::output(&Written {
                token: "shop-1".to_owned(),
                seen: "stored and read back shop-1".to_owned(),
            }),
            Self::Journal(journal::Input::LockTaken { run }) => step::output(&Locked {
                epoch: Epoch(7),
                expires_at: Timestamp::UNIX_EPOCH + lease(run.recovery).signed(),
            }),
            Self::Journal(journal::Input::OtherLockTaken { .. }) => step::output(&OtherLocked {
                at: Timestamp::UNIX_EPOCH,
                taken: true,
                seen: seen(),
            }),
            Self::Journal(journal::Input::Recorded { record, .. }) => step::output(&Recorded {
                outcome: record.outcome(),
            }),
            Self::Journal(journal::Input::LockReleased { .. }) => step::output(&Released { was_held: true }),
            Self::Notify(notify::Input::PeopleTold { record, .. }) => step::output(&Told {
                key: record.outcome().to_string(),
                message_id: Some("message-1".to_owned()),
            }),
        }
    }
}

fn seen() -> Vec<String> {
    vec!["as it must be".to_owned()]
}

/// What a recovery inside a Region is going to do, if there is anything to do.
fn planned(what: What, situation: Situation) -> Plan {
    Plan {
        at: Timestamp::UNIX_EPOCH,
        verdict: match situation {
            Situation::Down | Situation::Unwanted | Situation::Desperate => plan::Verdict::Act,
            Situation::Well => plan::Verdict::StandDown,
        },
        what,
        seen: seen(),
    }
}

fn standing() -> GroupSize {
    GroupSize {
        min: 6,
        desired: 6,
        max: 12,
    }
}

fn region_assessed(recovery: Recovery, situation: Situation) -> RegionAssessment {
    let name = |text: &str| text.parse::<Region>().expect("a Region");
    let verdict = match (situation, recovery) {
        (Situation::Well, _) => region::Verdict::StandDown,
        (_, Recovery::FailOverRegion) => region::Verdict::FailOver,
        _ => region::Verdict::SwitchOver,
    };
    let standing = GroupSize {
        min: 1,
        desired: 1,
        max: 12,
    };
    RegionAssessment {
        at: Timestamp::UNIX_EPOCH,
        verdict,
        from: name("eu-central-1"),
        to: name("eu-west-1"),
        source_reachable: true,
        writer_in: Some(name("eu-central-1")),
        lag: Some(Lag {
            lag_ms: 400,
            measured_at: Timestamp::UNIX_EPOCH,
            age_ms: 1_000,
        }),
        capacity: CapacityAssessment {
            standing,
            source_in_service: Some(6),
            needed: 6,
        },
        seen: seen(),
    }
}

/// What a person answers who is asked.
pub(crate) fn answered(situation: Situation) -> Value {
    let (answer, accepted) = match situation {
        Situation::Unwanted => (Answer::Rejected, vec![]),
        Situation::Down | Situation::Well => (Answer::Approved, vec![Risk::DataLoss]),
        Situation::Desperate => (Answer::Approved, vec![Risk::DataLoss, Risk::Detach]),
    };
    let approval = Approval {
        at: Timestamp::UNIX_EPOCH,
        answer,
        by: "on-call".to_owned(),
        because: "the Region is lost".to_owned(),
        accepted,
        seen: seen(),
    };
    step::output(&approval).expect("an answer is JSON")
}

/// One attempt at a step: understood, then answered, or failed with an error of the step contract.
pub(crate) struct Understudy {
    pub(crate) function: String,
    pub(crate) situation: Situation,
    pub(crate) fails: Option<Error>,
}

impl Step for Understudy {
    const NAME: &str = "understudy";

    type Input = Value;

    async fn ensure(&self, payload: Value) -> step::Result<Value> {
        let asked = Asked::read(&self.function, &payload)?;
        match &self.fails {
            Some(error) => Err(error.clone()),
            None => asked.answer(self.situation),
        }
    }
}

/// The step contract's error of that name; none for what Lambda or Step Functions itself reports.
pub(crate) fn error_named(name: &str) -> Option<Error> {
    let text = || "as the script says".to_owned();
    let error = match name {
        Error::NOT_YET => Error::NotYet { seen: text() },
        Error::UNSETTLED => Error::Unsettled { seen: text() },
        Error::UNSAFE => Error::Unsafe { why: text() },
        Error::LOCK_HELD => Error::LockHeld {
            holder: "another".to_owned(),
            since: "2026-01-05T09:00:00Z".to_owned(),
            epoch: 6,
        },
        Error::LOCK_LOST => Error::LockLost { why: text() },
        Error::THROTTLED => Error::Throttled {
            call: "rds:Call".to_owned(),
            why: text(),
        },
        Error::UNAVAILABLE => Error::Unavailable {
            call: "rds:Call".to_owned(),
            why: text(),
        },
        Error::REFUSED => Error::Refused {
            call: "rds:Call".to_owned(),
            why: text(),
        },
        Error::DEADLINE_PASSED => Error::DeadlinePassed {
            seconds: 1,
            seen: text(),
        },
        Error::INVALID_INPUT => Error::InvalidInput { what: text() },
        _ => return None,
    };
    Some(error)
}

#[test]
fn the_understudy_can_fail_with_every_error_of_the_contract() {
    for name in Error::NAMES {
        assert_eq!(error_named(name).expect(name).name(), name);
    }
}
