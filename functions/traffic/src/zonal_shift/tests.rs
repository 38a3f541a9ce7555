//! Shifts against a load balancer that goes wrong in every way this API knows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_arczonalshift::operation::cancel_zonal_shift::CancelZonalShiftOutput;
use aws_sdk_arczonalshift::operation::start_zonal_shift::StartZonalShiftOutput;
use aws_sdk_arczonalshift::types::{
    AppliedStatus, AutoshiftAppliedStatus, AutoshiftInResource, ShiftType, ZonalShiftInResource,
    ZonalShiftStatus,
};
use aws_smithy_mocks::{MockResponse, mock};
use aws_smithy_types::DateTime;
use domain::duration::Duration;
use domain::journal::Stop;
use domain::names::{Epoch, Region};
use domain::steps::plan::Verdict;
use domain::steps::region::GroupSize;
use domain::system::System;
use journal::MemoryJournal;

use super::*;
use crate::mocked::{client, json_error, now, shop, status};

/// What becomes of the call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Good,
    AnswerLost,
    Refused(u16, &'static str),
}

/// A load balancer, as zonal shift has it. Clones are the same one.
#[derive(Clone)]
struct ZonalShift(Arc<Mutex<Resource>>);

struct Resource {
    enabled: bool,
    shifts: Vec<ZonalShiftInResource>,
    autoshifts: Vec<AutoshiftInResource>,
    fate: Fate,
    /// What was asked for, in order.
    asked: Vec<String>,
}

impl ZonalShift {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Resource {
            enabled: true,
            shifts: Vec::new(),
            autoshifts: Vec::new(),
            fate: Fate::Good,
            asked: Vec::new(),
        })))
    }

    fn resource(&self) -> MutexGuard<'_, Resource> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self) -> Vec<String> {
        self.resource().asked.clone()
    }

    fn client(&self) -> Client {
        let (seen, started, cancelled) = (self.clone(), self.clone(), self.clone());
        let describe = mock!(Client::get_managed_resource).then_compute_response(move |input| {
            assert_eq!(input.resource_identifier(), Some(ARN));
            let resource = seen.resource();
            if !resource.enabled {
                return json_error(404, "ResourceNotFoundException", "no managed resource");
            }
            let described =
                aws_sdk_arczonalshift::operation::get_managed_resource::GetManagedResourceOutput::builder()
                    .set_zonal_shifts(Some(resource.shifts.clone()))
                    .set_autoshifts(Some(resource.autoshifts.clone()))
                    .set_applied_weights(Some(std::collections::HashMap::new()))
                    .build();
            MockResponse::Output(described.expect("complete"))
        });
        let start = mock!(Client::start_zonal_shift).then_compute_response(move |input| {
            let mut resource = started.resource();
            let (away_from, comment) = (input.away_from().expect("said"), input.comment().expect("said"));
            let expires = input.expires_in().expect("said");
            resource
                .asked
                .push(format!("start {away_from} for {expires}: {comment}"));
            if !matches!(resource.fate, Fate::Refused(..)) {
                resource
                    .shifts
                    .push(shift("s-new", away_from, comment, ShiftType::ZonalShift));
            }
            let output = StartZonalShiftOutput::builder()
                .zonal_shift_id("s-new")
                .resource_identifier(ARN)
                .away_from(away_from)
                .expiry_time(until())
                .start_time(until())
                .status(ZonalShiftStatus::Active)
                .comment(comment)
                .build();
            fated(resource.fate, output.expect("complete"))
        });
        let cancel = mock!(Client::cancel_zonal_shift).then_compute_response(move |input| {
            let mut resource = cancelled.resource();
            let id = input.zonal_shift_id().expect("said").to_owned();
            resource.asked.push(format!("cancel {id}"));
            if !matches!(resource.fate, Fate::Refused(..)) {
                resource.shifts.retain(|shift| shift.zonal_shift_id() != id);
            }
            let output = CancelZonalShiftOutput::builder()
                .zonal_shift_id(&id)
                .resource_identifier(ARN)
                .away_from("euc1-az2")
                .expiry_time(until())
                .start_time(until())
                .status(ZonalShiftStatus::Canceled)
                .comment("")
                .build();
            fated(resource.fate, output.expect("complete"))
        });
        client!(aws_sdk_arczonalshift, [describe, start, cancel])
    }
}

fn fated<O, E>(fate: Fate, output: O) -> MockResponse<O, E> {
    match fate {
        Fate::Good => MockResponse::Output(output),
        Fate::AnswerLost => status(503),
        Fate::Refused(status, code) => json_error(status, code, "in AWS's words"),
    }
}

const ARN: &str =
    "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/shop/2222222222222222";

fn until() -> DateTime {
    DateTime::from_secs(1_790_882_160)
}

fn shift(id: &str, away_from: &str, comment: &str, kind: ShiftType) -> ZonalShiftInResource {
    ZonalShiftInResource::builder()
        .applied_status(AppliedStatus::Applied)
        .zonal_shift_id(id)
        .resource_identifier(ARN)
        .away_from(away_from)
        .expiry_time(until())
        .start_time(until())
        .comment(comment)
        .shift_type(kind)
        .build()
        .expect("complete")
}

fn autoshift(away_from: &str, applied: AutoshiftAppliedStatus) -> AutoshiftInResource {
    AutoshiftInResource::builder()
        .applied_status(applied)
        .away_from(away_from)
        .start_time(until())
        .build()
        .expect("complete")
}

/// A run of `shop` that holds its lock, unless a test takes it away, and a plan to leave zone a.
struct Scene {
    arc: ZonalShift,
    journal: MemoryJournal,
    shop: System,
    plan: Plan,
    run: Run,
}

impl Scene {
    async fn new(recovery: Recovery) -> Self {
        let run = Run {
            system: "shop".parse().expect("a name"),
            incident: "this".parse().expect("an incident"),
            recovery,
            opened_at: now(),
            because: "shop-zone-a-errors is in ALARM".to_owned(),
        };
        let journal = MemoryJournal::new();
        let taken = journal.take_lock(&run.system, &run.incident, now(), Duration::from_mins(80));
        taken.await.expect("free");
        Self {
            arc: ZonalShift::new(),
            journal,
            shop: shop(None),
            plan: Plan {
                at: now(),
                verdict: Verdict::Act,
                what: What::Zone {
                    zone: Some(Zone("eu-central-1a".to_owned())),
                    zone_id: Some(ZoneId("euc1-az2".to_owned())),
                    standing: GroupSize {
                        min: 6,
                        desired: 6,
                        max: 12,
                    },
                    needed: 6,
                    launches_there: true,
                    raised: None,
                },
                seen: Vec::new(),
            },
            run,
        }
    }

    async fn locked_by_another(self) -> Self {
        let released = self
            .journal
            .release_lock(&self.run.system, &self.run.incident, now());
        assert!(released.await.expect("answers"));
        let another = "another".parse().expect("an incident");
        let taken = self
            .journal
            .take_lock(&self.run.system, &another, now(), Duration::from_mins(80));
        taken.await.expect("free");
        self
    }

    async fn shifted(&self) -> Result<String> {
        let client = self.arc.client();
        let here: Region = "eu-central-1".parse().expect("a Region");
        let web = capacity::tier::web(&self.shop, &here)?;
        let hold = Hold {
            journal: &self.journal,
            run: &self.run,
            epoch: Epoch(1),
            now: now(),
        };
        shifted(&Balancer::of(&client, web, &self.plan)?, &hold).await
    }

    async fn unshifted(&self) -> Result<String> {
        let client = self.arc.client();
        let web = self.shop.web.as_ref().expect("a web tier");
        let claim = Claim {
            journal: &self.journal,
            run: &self.run,
            now: now(),
        };
        unshifted(&Balancer::of(&client, web, &self.plan)?, &claim).await
    }
}

#[track_caller]
fn failed(answer: Result<String>, name: &str) -> String {
    let error = answer.expect_err("fails");
    assert_eq!(error.name(), name, "{error}");
    error.to_string()
}

#[tokio::test]
async fn users_are_shifted_once_for_twelve_hours_and_then_seen_to_be() {
    let scene = Scene::new(Recovery::EvacuateZone).await;
    let words = failed(scene.shifted().await, Error::NOT_YET);
    assert!(
        words.contains("arc-zonal-shift:StartZonalShift s-new away from eu-central-1a (euc1-az2) until"),
        "{words}"
    );
    let seen = scene.shifted().await.expect("in force");
    assert_eq!(
        seen,
        "nobody is sent to eu-central-1a (euc1-az2): zonal shift s-new away from euc1-az2 (\"evenkeel this\") until \
         2026-10-01T19:16:00Z"
    );
    assert_eq!(scene.arc.asked(), ["start euc1-az2 for 12h: evenkeel this"]);
}

#[tokio::test]
async fn a_shift_whose_answer_was_lost_is_seen_and_not_repeated() {
    let scene = Scene::new(Recovery::EvacuateZone).await;
    scene.arc.resource().fate = Fate::AnswerLost;
    failed(scene.shifted().await, Error::UNAVAILABLE);
    scene.shifted().await.expect("in force");
    assert_eq!(scene.arc.asked().len(), 1);
    failed(scene.unshifted().await, Error::UNAVAILABLE);
    scene.unshifted().await.expect("taken back");
    assert_eq!(scene.arc.asked().len(), 2);
}

#[tokio::test]
async fn whoever_shifted_users_out_of_the_zone_it_is_as_good_as_ours() {
    let scene = Scene::new(Recovery::EvacuateZone).await;
    scene.arc.resource().autoshifts = vec![autoshift("euc1-az2", AutoshiftAppliedStatus::Applied)];
    let seen = scene.shifted().await.expect("AWS's");
    assert!(seen.contains("AWS's autoshift away from euc1-az2"), "{seen}");

    let scene = Scene::new(Recovery::EvacuateZone).await;
    scene.arc.resource().shifts = vec![shift("s-1", "euc1-az2", "by hand", ShiftType::ZonalShift)];
    let seen = scene.shifted().await.expect("a person's");
    assert!(seen.contains("(\"by hand\")"), "{seen}");
    assert!(scene.arc.asked().is_empty());
}

#[tokio::test]
async fn users_are_never_kept_away_from_two_zones() {
    let scene = Scene::new(Recovery::EvacuateZone).await;
    scene.arc.resource().shifts = vec![shift("s-1", "euc1-az3", "by hand", ShiftType::ZonalShift)];
    // AWS shifts too, but the person's shift goes before it.
    scene.arc.resource().autoshifts = vec![autoshift("euc1-az2", AutoshiftAppliedStatus::NotApplied)];
    let words = failed(scene.shifted().await, Error::UNSAFE);
    assert!(
        words.contains("another zone") && words.contains("away from euc1-az3"),
        "{words}"
    );

    let scene = Scene::new(Recovery::EvacuateZone).await;
    scene.arc.resource().autoshifts = vec![autoshift("euc1-az3", AutoshiftAppliedStatus::Applied)];
    failed(scene.shifted().await, Error::UNSAFE);
    assert!(scene.arc.asked().is_empty());
}

#[tokio::test]
async fn what_is_only_practised_gives_way() {
    for kind in [ShiftType::PracticeRun, ShiftType::FisExperiment] {
        for zone in ["euc1-az2", "euc1-az3"] {
            let scene = Scene::new(Recovery::EvacuateZone).await;
            scene.arc.resource().shifts = vec![shift("p-1", zone, "practice", kind.clone())];
            failed(scene.shifted().await, Error::NOT_YET);
            assert_eq!(scene.arc.asked().len(), 1, "{kind} of {zone}");
        }
    }
}

#[tokio::test]
async fn a_load_balancer_that_zonal_shift_may_not_touch_is_unsafe_and_has_nothing_to_undo() {
    let scene = Scene::new(Recovery::EvacuateZone).await;
    scene.arc.resource().enabled = false;
    let words = failed(scene.shifted().await, Error::UNSAFE);
    assert!(words.contains("zonal_shift.config.enabled"), "{words}");
    let seen = scene.unshifted().await.expect("nothing of ours");
    assert!(seen.contains("not enabled"), "{seen}");
    assert!(scene.arc.asked().is_empty());
}

#[tokio::test]
async fn what_aws_refuses_has_its_name() {
    for (fate, name) in [
        (Fate::Refused(409, "ConflictException"), Error::NOT_YET),
        (Fate::Refused(429, "ThrottlingException"), Error::THROTTLED),
        (Fate::Refused(500, "InternalServerException"), Error::UNAVAILABLE),
        (Fate::Refused(400, "ValidationException"), Error::REFUSED),
        (Fate::Refused(403, "AccessDeniedException"), Error::REFUSED),
    ] {
        let scene = Scene::new(Recovery::EvacuateZone).await;
        scene.arc.resource().fate = fate;
        let words = failed(scene.shifted().await, name);
        assert!(
            words.contains(START) && words.contains("in AWS's words"),
            "{words}"
        );
        scene.arc.resource().shifts = vec![shift("s-1", "euc1-az2", "evenkeel this", ShiftType::ZonalShift)];
        let words = failed(scene.unshifted().await, name);
        assert!(words.contains(CANCEL), "{words}");
    }
    // It ended by itself in the moment between.
    let scene = Scene::new(Recovery::EvacuateZone).await;
    scene.arc.resource().shifts = vec![shift("s-1", "euc1-az2", "evenkeel this", ShiftType::ZonalShift)];
    scene.arc.resource().fate = Fate::Refused(404, "ResourceNotFoundException");
    failed(scene.unshifted().await, Error::NOT_YET);
}

#[tokio::test]
async fn a_run_without_the_lock_shifts_nobody_either_way() {
    let scene = Scene::new(Recovery::EvacuateZone).await.locked_by_another().await;
    failed(scene.shifted().await, Error::LOCK_LOST);
    scene.arc.resource().shifts = vec![shift("s-1", "euc1-az2", "evenkeel this", ShiftType::ZonalShift)];
    failed(scene.unshifted().await, Error::LOCK_LOST);
    assert!(scene.arc.asked().is_empty());
}

#[tokio::test]
async fn a_run_that_was_stopped_shifts_nobody_and_tidies_up() {
    let scene = Scene::new(Recovery::EvacuateZone).await;
    let stop = Stop {
        at: now(),
        by: "on call".to_owned(),
        because: "not this".to_owned(),
    };
    let stopped = scene
        .journal
        .request_stop(&scene.run.system, &scene.run.incident, &stop);
    stopped.await.expect("noted");
    failed(scene.shifted().await, Error::UNSAFE);
    scene.arc.resource().shifts = vec![shift("s-1", "euc1-az2", "evenkeel this", ShiftType::ZonalShift)];
    failed(scene.unshifted().await, Error::NOT_YET);
    assert_eq!(scene.arc.asked(), ["cancel s-1"]);
}

#[tokio::test]
async fn an_undo_takes_back_its_own_shift_and_the_way_back_any_of_ours() {
    let shifts = || {
        vec![
            shift("s-1", "euc1-az2", "by hand", ShiftType::ZonalShift),
            shift("s-2", "euc1-az2", "evenkeel earlier", ShiftType::ZonalShift),
            shift("s-3", "euc1-az3", "evenkeel this", ShiftType::ZonalShift),
        ]
    };
    let scene = Scene::new(Recovery::EvacuateZone).await;
    scene.arc.resource().shifts = shifts();
    let seen = scene.unshifted().await.expect("nothing of its own there");
    assert!(seen.contains("s-2"), "it says what else there is: {seen}");

    let scene = Scene::new(Recovery::ReturnToZone).await;
    scene.arc.resource().shifts = shifts();
    failed(scene.unshifted().await, Error::NOT_YET);
    scene.unshifted().await.expect("no other is ours");
    assert_eq!(scene.arc.asked(), ["cancel s-2"]);
}

#[tokio::test]
async fn what_is_missing_is_said_with_its_key() {
    let mut scene = Scene::new(Recovery::EvacuateZone).await;
    scene.plan.what = What::FailOverCache {
        away_from: "shop-001".to_owned(),
    };
    failed(scene.shifted().await, Error::INVALID_INPUT);
    if let Some(web) = &mut scene.shop.web {
        web.load_balancer = None;
    }
    let words = failed(scene.shifted().await, Error::INVALID_INPUT);
    assert!(words.contains("add `load-balancer` to [web]"), "{words}");
    scene.shop.web = None;
    failed(scene.shifted().await, Error::INVALID_INPUT);
}
