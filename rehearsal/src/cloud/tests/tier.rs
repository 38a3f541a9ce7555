//! What recoveries inside a Region call: deployments in pages, zonal shifts, single instances, and alarms with reasons.

use aws_sdk_arczonalshift::types::{ConflictExceptionReason, ZonalShiftStatus};
use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_codedeploy::types::{DeploymentStatus, RevisionLocation, RevisionLocationType, S3Location};
use domain::duration::Duration;

use super::*;
use crate::world::deployments::Behaviour;
use crate::world::fault::{Fault, Kind, Since};

fn fault(at: u64, kind: Kind) -> Fault {
    Fault {
        since: Since::Beginning,
        at: Duration::from_secs(at),
        within: Duration::default(),
        kind,
        lasts: None,
    }
}

struct One {
    desk: Desk,
    clients: Clients,
    home: Region,
}

impl One {
    fn region(faults: &[Fault]) -> Self {
        let system = example("one-region");
        let world = World::new(system.clone(), Timestamp::UNIX_EPOCH, 200, faults, 1);
        let desk = Desk::new(world, VirtualClock::starting(Timestamp::UNIX_EPOCH));
        let home = system.regions.primary.clone();
        Self {
            clients: Clients::new(&desk, &Account::of(&system), &home),
            desk,
            home,
        }
    }

    async fn pass(&self, seconds: u64) {
        self.desk.clock().pass(Duration::from_secs(seconds)).await;
    }

    fn codedeploy(&self) -> aws_sdk_codedeploy::Client {
        self.clients.codedeploy_in()(&self.home)
    }
}

const BALANCER: &str =
    "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/shop/2222222222222222";

#[test]
fn a_history_comes_in_pages_and_tells_what_succeeded() {
    in_virtual_time(async {
        let one = One::region(&[]);
        let codedeploy = one.codedeploy();
        let mut pages = Vec::new();
        let mut next = None;
        loop {
            let page = codedeploy
                .list_deployments()
                .application_name("shop")
                .deployment_group_name("shop-production")
                .include_only_statuses(DeploymentStatus::Succeeded)
                .set_next_token(next)
                .send()
                .await
                .expect("there is a history");
            pages.push(page.deployments().to_vec());
            next = page.next_token().map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
        let all = codedeploy.batch_get_deployments();
        let all = all
            .set_deployment_ids(Some(pages.concat()))
            .send()
            .await
            .expect("they exist");
        let keys: Vec<&str> = all
            .deployments_info()
            .iter()
            .filter_map(|info| info.revision()?.s3_location()?.key())
            .collect();
        assert_eq!(keys, ["shop-45.zip", "shop-44.zip", "shop-42.zip", "shop-41.zip"]);
        let group = codedeploy.get_deployment_group().application_name("shop");
        let group = group
            .deployment_group_name("shop-production")
            .send()
            .await
            .expect("it exists");
        let last = group
            .deployment_group_info()
            .and_then(|info| info.last_successful_deployment());
        assert_eq!(
            last.and_then(|last| last.deployment_id()),
            Some(pages[0][0].as_str())
        );
    });
}

#[test]
fn one_deployment_at_a_time_is_created_stopped_and_described() {
    in_virtual_time(async {
        let one = One::region(&[fault(10, Kind::Deployment(Behaviour::ServesErrors))]);
        let codedeploy = one.codedeploy();
        one.pass(20).await;
        let location = S3Location::builder()
            .bucket("shop-releases")
            .key("shop-45.zip")
            .build();
        let revision = RevisionLocation::builder()
            .revision_type(RevisionLocationType::S3)
            .s3_location(location)
            .build();
        let create = || {
            codedeploy
                .create_deployment()
                .application_name("shop")
                .deployment_group_name("shop-production")
                .revision(revision.clone())
                .description("evenkeel incident")
                .send()
        };
        let error = create().await.expect_err("another one runs").into_service_error();
        assert!(error.is_deployment_limit_exceeded_exception(), "{error:?}");
        let running = codedeploy.list_deployments().application_name("shop");
        let running = running
            .deployment_group_name("shop-production")
            .include_only_statuses(DeploymentStatus::InProgress)
            .send()
            .await
            .expect("one runs");
        let id = running.deployments().first().expect("one runs").clone();
        let stop = || {
            codedeploy
                .stop_deployment()
                .deployment_id(&id)
                .auto_rollback_enabled(false)
                .send()
        };
        stop().await.expect("it runs");
        one.pass(20).await;
        let error = stop().await.expect_err("it has stopped").into_service_error();
        assert!(error.is_deployment_already_completed_exception(), "{error:?}");
        let created = create().await.expect("nothing runs");
        one.pass(120).await;
        let get = codedeploy
            .get_deployment()
            .deployment_id(created.deployment_id().expect("an id"));
        let got = get.send().await.expect("it exists");
        let info = got.deployment_info().expect("it is described");
        assert_eq!(info.status(), Some(&DeploymentStatus::Succeeded));
        assert_eq!(info.description(), Some("evenkeel incident"));
        assert_eq!(
            info.deployment_overview().map(|overview| overview.succeeded()),
            Some(6)
        );

        let other = codedeploy.get_deployment().deployment_id("d-NONE").send().await;
        let error = other.expect_err("no such deployment").into_service_error();
        assert!(error.is_deployment_does_not_exist_exception(), "{error:?}");
        let other = codedeploy
            .list_deployments()
            .application_name("another")
            .send()
            .await;
        let error = other.expect_err("no such application").into_service_error();
        assert!(error.is_application_does_not_exist_exception(), "{error:?}");
    });
}

#[test]
fn a_zonal_shift_is_one_at_a_time_and_says_why_not() {
    in_virtual_time(async {
        let one = One::region(&[]);
        let shifts = one.clients.zonal_shift_in()(&one.home);
        let start = |zone: &str| {
            shifts
                .start_zonal_shift()
                .resource_identifier(BALANCER)
                .away_from(zone)
                .expires_in("12h")
                .comment("evenkeel incident")
                .send()
        };
        let error = start("eu-central-1b")
            .await
            .expect_err("a name is no ID")
            .into_service_error();
        assert!(error.is_validation_exception(), "{error:?}");
        let started = start("euc1-az3").await.expect("none is active");
        assert_eq!(started.status(), &ZonalShiftStatus::Active);
        let error = start("euc1-az2")
            .await
            .expect_err("one is active")
            .into_service_error();
        let aws_sdk_arczonalshift::operation::start_zonal_shift::StartZonalShiftError::ConflictException(
            conflict,
        ) = error
        else {
            panic!("a conflict, got {error:?}")
        };
        assert_eq!(
            conflict.reason(),
            &ConflictExceptionReason::ZonalShiftAlreadyExists
        );
        let managed = shifts.get_managed_resource().resource_identifier(BALANCER).send();
        let managed = managed.await.expect("it is managed");
        assert_eq!(managed.zonal_shifts()[0].comment(), "evenkeel incident");
        let cancel = shifts
            .cancel_zonal_shift()
            .zonal_shift_id(started.zonal_shift_id());
        let cancelled = cancel.send().await.expect("it is active");
        assert_eq!(cancelled.status(), &ZonalShiftStatus::Canceled);
        let all = shifts.list_zonal_shifts().resource_identifier(BALANCER).send();
        assert_eq!(all.await.expect("a list").items().len(), 1);
        let other = shifts
            .get_managed_resource()
            .resource_identifier("arn:x")
            .send()
            .await;
        let error = other.expect_err("nobody manages it").into_service_error();
        assert!(error.is_resource_not_found_exception(), "{error:?}");
    });
}

#[test]
fn groups_and_targets_tell_their_zones_and_instances_go_one_by_one() {
    in_virtual_time(async {
        let one = One::region(&[]);
        let (autoscaling, elb) = (
            one.clients.autoscaling_in()(&one.home),
            one.clients.elbv2_in()(&one.home),
        );
        one.pass(10).await;
        let groups = autoscaling
            .describe_auto_scaling_groups()
            .auto_scaling_group_names("shop-web");
        let groups = groups.send().await.expect("it exists");
        let group = &groups.auto_scaling_groups()[0];
        assert_eq!(
            group
                .vpc_zone_identifier()
                .map(|subnets| subnets.split(',').count()),
            Some(3)
        );
        assert_eq!(group.health_check_type(), Some("EC2"));
        let targets = elb.describe_target_health().target_group_arn(
            "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/shop/1111111111111111",
        );
        let targets = targets.send().await.expect("it exists");
        let zones = targets.target_health_descriptions().iter();
        assert!(
            zones
                .clone()
                .all(|target| target.target().and_then(|t| t.availability_zone()).is_some())
        );
        let id = group.instances()[0].instance_id().expect("an id").to_owned();
        let terminate = |fewer: bool| {
            autoscaling
                .terminate_instance_in_auto_scaling_group()
                .instance_id(&id)
                .should_decrement_desired_capacity(fewer)
                .send()
        };
        let error = terminate(true)
            .await
            .expect_err("six is the least")
            .into_service_error();
        assert_eq!(error.code(), Some("ValidationError"));
        let answer = terminate(false).await.expect("it is in the group");
        let cause = answer
            .activity()
            .and_then(|activity| activity.cause())
            .expect("a cause");
        assert!(cause.ends_with("in response to a user request."), "{cause}");
        let error = terminate(false)
            .await
            .expect_err("it is going")
            .into_service_error();
        assert!(error.is_scaling_activity_in_progress_fault(), "{error:?}");
        let more = autoscaling
            .set_desired_capacity()
            .auto_scaling_group_name("shop-web");
        more.desired_capacity(8).send().await.expect("within bounds");
        let more = autoscaling
            .set_desired_capacity()
            .auto_scaling_group_name("shop-web");
        let error = more
            .desired_capacity(13)
            .send()
            .await
            .expect_err("above the maximum");
        assert_eq!(error.code(), Some("ValidationError"));
        let activities = autoscaling
            .describe_scaling_activities()
            .auto_scaling_group_name("shop-web");
        let activities = activities.send().await.expect("it exists");
        let words = |words: &str| {
            let all = activities.activities().iter();
            all.filter(|activity| activity.description().is_some_and(|d| d.starts_with(words)))
                .count()
        };
        assert_eq!(
            (
                words("Launching a new EC2 instance"),
                words("Terminating EC2 instance")
            ),
            (3, 1)
        );
    });
}

#[test]
fn an_alarm_says_by_how_much_it_is_exceeded() {
    in_virtual_time(async {
        let one = One::region(&[fault(10, Kind::LoadSpike(180, Duration::from_secs(5)))]);
        one.pass(200).await;
        let alarms = one
            .clients
            .cloudwatch
            .describe_alarms()
            .alarm_names("shop-load")
            .alarm_names("no-such");
        let alarms = alarms.send().await.expect("an answer");
        let [alarm] = alarms.metric_alarms() else {
            panic!("one alarm, got {alarms:?}")
        };
        assert_eq!(
            (alarm.state_value(), alarm.threshold()),
            (Some(&StateValue::Alarm), Some(70.0))
        );
        let data: serde_json::Value =
            serde_json::from_str(alarm.state_reason_data().expect("data")).expect("JSON");
        assert_eq!(data["recentDatapoints"], serde_json::json!([90.0, 90.0]));
        let calm = one
            .clients
            .cloudwatch
            .describe_alarms()
            .state_value(StateValue::Ok);
        let calm = calm.send().await.expect("an answer");
        assert_eq!(calm.metric_alarms().len(), 7);
    });
}
