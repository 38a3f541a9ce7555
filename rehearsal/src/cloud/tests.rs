//! What a caller feels: typed faults, refusals, silence, and the same world from both Regions.

mod tier;

use aws_sdk_rds::error::{ProvideErrorMetadata, SdkError};
use domain::duration::Duration;
use domain::names::Region;
use domain::step::Error;
use domain::system::System;
use jiff::Timestamp;
use runtime::aws::classify;
use traffic::dns::{Place, ask};

use super::dns::NameServers;
use super::{Account, Clients, Desk};
use crate::clock::VirtualClock;
use crate::scenario::SYSTEMS;
use crate::world::World;

struct Two {
    desk: Desk,
    account: Account,
    home: Region,
    away: Region,
}

fn in_virtual_time<T>(work: impl Future<Output = T>) -> T {
    crate::clock::runtime().expect("a runtime").block_on(work)
}

fn example(name: &str) -> System {
    let system = SYSTEMS.iter().find(|system| system.name == name);
    system.expect("an example").read().expect("it is right")
}

impl Two {
    fn regions(name: &str) -> Self {
        let system = example(name);
        let world = World::new(system.clone(), Timestamp::UNIX_EPOCH, 200, &[], 1);
        Self {
            desk: Desk::new(world, VirtualClock::starting(Timestamp::UNIX_EPOCH)),
            account: Account::of(&system),
            home: system.regions.primary,
            away: system.regions.standby.expect("two Regions"),
        }
    }

    fn clients(&self, here: &Region) -> Clients {
        Clients::new(&self.desk, &self.account, here)
    }
}

#[test]
fn what_is_refused_is_typed_as_on_aws() {
    in_virtual_time(async {
        let two = Two::regions("two-regions");
        let clients = two.clients(&two.away);
        let rds = clients
            .rds
            .describe_db_clusters()
            .db_cluster_identifier("x")
            .send();
        let error = rds.await.expect_err("there is none").into_service_error();
        assert!(error.is_db_cluster_not_found_fault(), "{error:?}");
        assert_eq!(error.message(), Some("DBCluster x not found."));

        let s3 = clients.s3_in()(&two.away);
        let head = s3
            .head_object()
            .bucket("shop-switch-eu-west-1")
            .key("standby-serves")
            .send();
        assert!(
            head.await
                .expect_err("nothing is there")
                .into_service_error()
                .is_not_found()
        );
        let other = s3.put_object().bucket("another").key("a").send().await;
        assert_eq!(other.expect_err("no such bucket").code(), Some("NoSuchBucket"));

        let elb = clients.elbv2_in()(&two.away);
        let listeners = elb.describe_listeners().listener_arns("arn:x").send().await;
        let error = listeners.expect_err("there is none").into_service_error();
        assert!(error.is_listener_not_found_exception(), "{error:?}");

        let cache = clients.elasticache_in()(&two.away);
        let groups = cache
            .describe_replication_groups()
            .replication_group_id("x")
            .send()
            .await;
        let error = groups.expect_err("there is none").into_service_error();
        assert!(error.is_replication_group_not_found_fault(), "{error:?}");

        let token = clients
            .sfn
            .send_task_success()
            .task_token("x")
            .output("{}")
            .send()
            .await;
        assert!(
            token
                .expect_err("no such token")
                .into_service_error()
                .is_invalid_token()
        );
    });
}

#[test]
fn a_lost_region_is_silent_and_nothing_takes_effect_there() {
    in_virtual_time(async {
        let two = Two::regions("two-regions");
        let clients = two.clients(&two.away);
        let rds = clients.rds_in()(&two.home);
        two.desk.world().regions.set_lost(&two.home, true);
        let before = two.desk.clock().elapsed_ms();
        let call = rds
            .modify_db_cluster()
            .db_cluster_identifier("shop-db")
            .vpc_security_group_ids("sg-22222222222222222")
            .apply_immediately(true);
        let error = call.send().await.expect_err("nobody answers");
        assert_eq!(
            two.desk.clock().elapsed_ms() - before,
            1_000,
            "a connection takes no longer"
        );
        let error = classify("rds:ModifyDBCluster", error);
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
        let world = two.desk.world();
        let database = &world.site(&two.home).expect("home").database;
        assert_eq!(database.coming_security_groups, None);
    });
}

#[test]
fn a_control_plane_that_is_down_answers_at_once_that_it_is() {
    in_virtual_time(async {
        let two = Two::regions("two-regions-replica");
        let clients = two.clients(&two.away);
        let us_east: Region = "us-east-1".parse().expect("a Region");
        two.desk.world().regions.set_control(&us_east, false);
        let list = clients.route53().list_resource_record_sets();
        let error = list
            .hosted_zone_id("Z0123456789EXAMPLE")
            .send()
            .await
            .expect_err("it is down");
        assert!(matches!(&error, SdkError::ServiceError(answer) if answer.raw().status().as_u16() == 503));
        assert_eq!(error.code(), Some("ServiceUnavailable"));

        two.desk.world().regions.set_data(&two.away, false);
        let metrics = clients.cloudwatch.get_metric_data().send().await;
        let error = classify("cloudwatch:GetMetricData", metrics.expect_err("it is down"));
        assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    });
}

#[test]
fn a_refusal_in_cbor_is_read_by_the_sdk() {
    let refusal = super::refusal::Refusal::unavailable();
    let response = refusal.response(super::refusal::Protocol::Cbor);
    let bytes = response.body().bytes().expect("in memory").to_vec();
    // RFC 8949: a map of two, then a text of two bytes' length.
    assert_eq!(bytes[..4], [0xa2, 0x79, 0, 6]);
    assert_eq!(&bytes[4..10], b"__type");
}

#[test]
fn name_servers_answer_real_questions_from_the_worlds_zone() {
    in_virtual_time(async {
        let two = Two::regions("two-regions");
        let dns = NameServers::new(&two.desk, &two.desk.world().sites[1].region.clone());
        let server = "ns-1.example.net".to_owned().try_into().expect("a host name");
        let name = ask(&dns, &server, "shop.example.com", 7)
            .await
            .expect("an answer");
        let home = ask(&dns, &server, "eu-central-1.shop.example.com", 8)
            .await
            .expect("an answer");
        assert_eq!(name.places, home.places);
        let system = two.desk.world().system.clone();
        let promised = system.region_failover.as_ref().expect("two Regions").ttl;
        assert_eq!(u64::from(name.ttl) * 1_000, promised.as_millis());
        assert!(
            name.places.iter().all(|place| matches!(place, Place::Address(_))),
            "{name}"
        );
        let away = ask(&dns, &server, "eu-west-1.shop.example.com", 9)
            .await
            .expect("an answer");
        assert!(name.places.is_disjoint(&away.places));

        ask(&dns, &server, "other.example.com", 10)
            .await
            .expect_err("no such name");
        let nobody = "ns-9.example.net".to_owned().try_into().expect("a host name");
        let before = two.desk.clock().elapsed_ms();
        ask(&dns, &nobody, "shop.example.com", 11)
            .await
            .expect_err("no such server");
        assert_eq!(two.desk.clock().elapsed_ms() - before, 1_000);
    });
}

#[test]
fn each_region_has_a_journal_of_its_own() {
    in_virtual_time(async {
        let two = Two::regions("two-regions");
        let table = domain::names::JOURNAL_TABLE;
        let text = |value: &str| aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned());
        let home = two.clients(&two.home).dynamodb;
        let put = home
            .put_item()
            .table_name(table)
            .item("pk", text("a"))
            .item("sk", text("b"));
        put.send().await.expect("a table");
        for (region, found) in [(&two.home, true), (&two.away, false)] {
            let get = two.clients(region).dynamodb.get_item().table_name(table);
            let item = get.key("pk", text("a")).key("sk", text("b")).send().await;
            assert_eq!(item.expect("a table").item.is_some(), found, "{region}");
        }
    });
}

#[test]
fn routing_controls_answer_at_any_endpoint_that_is_up() {
    in_virtual_time(async {
        let two = Two::regions("two-regions-routing-control");
        let clients = two.clients(&two.away);
        let system = two.desk.world().system.clone();
        let shared = system.region_failover.clone().expect("two Regions");
        let domain::system::region_failover::Traffic::RoutingControl {
            endpoints,
            primary,
            standby,
        } = shared.traffic
        else {
            panic!("the example has routing controls")
        };
        let at = clients.routing_control_at();
        for endpoint in &endpoints {
            let state = at(endpoint)
                .get_routing_control_state()
                .routing_control_arn(&primary);
            let state = state.send().await.expect("it answers");
            assert_eq!(
                state.routing_control_state().as_str(),
                "On",
                "{}",
                endpoint.region
            );
        }
        let off = at(&endpoints[0])
            .update_routing_control_state()
            .routing_control_arn(&primary);
        let off = off.routing_control_state(aws_sdk_route53recoverycluster::types::RoutingControlState::Off);
        let error = off
            .send()
            .await
            .expect_err("the other one is off")
            .into_service_error();
        assert!(error.is_conflict_exception(), "{error:?}");
        let state = at(&endpoints[1])
            .get_routing_control_state()
            .routing_control_arn(&standby);
        assert_eq!(
            state
                .send()
                .await
                .expect("it answers")
                .routing_control_state()
                .as_str(),
            "Off"
        );
    });
}

#[test]
fn the_write_check_goes_where_its_host_leads() {
    in_virtual_time(async {
        let two = Two::regions("two-regions");
        let system = two.desk.world().system.clone();
        let shared = system.region_failover.clone().expect("two Regions");
        let check = database::write_check::WriteCheck {
            connector: super::application::connector(&two.desk, &two.away),
        };
        check
            .stored_and_read_back(&shared.request, "a")
            .await
            .expect("the name leads home");
        check
            .stored_and_read_back(&shared.sites[0].write_check, "b")
            .await
            .expect("home takes writes");
        let away = check
            .stored_and_read_back(&shared.sites[1].write_check, "c")
            .await;
        assert!(away.expect_err("a replica").to_string().contains("503"));
        two.desk.clock().pass(Duration::from_secs(1)).await;
        two.desk.world().regions.set_cut(true);
        let silent = check
            .stored_and_read_back(&shared.sites[0].write_check, "d")
            .await;
        silent.expect_err("nobody answers");
    });
}
