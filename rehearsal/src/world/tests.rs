//! Whole stories, told to the world alone: what AWS would be asked is asked here directly.

use domain::duration::Duration;
use domain::steps::region::Risk;
use domain::system::Meaning;
use jiff::Timestamp;

use super::database::{Refusal, Role};
use super::dns::{Policy, Status};
use super::fault::{Kind, Place, Where};
use super::person::{Does, When};
use super::web::{Action, Web};
use super::*;
use crate::scenario::SYSTEMS;

const RATE: u32 = 834;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn fault(at: u64, kind: Kind, lasts: Option<u64>) -> Fault {
    Fault {
        since: Since::Beginning,
        at: seconds(at),
        within: Duration::default(),
        kind,
        lasts: lasts.map(seconds),
    }
}

fn lost(at: u64, lasts: Option<u64>) -> Fault {
    fault(at, Kind::RegionLost(Where::At(Place::Primary)), lasts)
}

fn world(system: &str, faults: &[Fault], seed: u64) -> World {
    let example = SYSTEMS.iter().find(|example| example.name == system);
    let system = example
        .and_then(|example| example.read().ok())
        .expect("an example");
    World::new(system, Timestamp::UNIX_EPOCH, RATE, faults, seed)
}

fn away(world: &World) -> Region {
    world.sites[AWAY].region.clone()
}

/// Whether an RDS event was recorded in a site's Region.
fn recorded(world: &World, site: usize, id: &str) -> bool {
    world.sites[site]
        .rds_events
        .iter()
        .any(|recorded| recorded.event.id == id)
}

/// Raises the standby's group, and lets time pass until it is healthy.
fn raise(world: &mut World) {
    let (to, needed) = (away(world), world.sites[AWAY].web.as_ref().map(|web| web.needed));
    world
        .update_group(&to, "shop-web", needed, needed, None)
        .expect("within the limit");
    world.advance(world.now + 200_000);
}

/// Sends users to the standby by its switch.
fn shift(world: &mut World) {
    world
        .put_object("shop-switch-eu-west-1", "standby-serves", String::new())
        .expect("the bucket");
}

#[test]
fn a_lost_region_is_replaced_and_what_had_not_arrived_is_lost() {
    for seed in 1..40 {
        let mut world = world("two-regions", &[lost(120, None)], seed);
        world.advance(150_000);
        assert!(!world.serves(), "seed {seed}");
        let to = away(&world);
        world.approval_answered(true, &[Risk::DataLoss, Risk::NotFenced]);
        world.failover_global(&to, true).expect("accepted");
        assert!(matches!(
            world.failover_global(&to, true),
            Err(Refusal::Global(_))
        ));
        raise(&mut world);
        assert!(world.sites[AWAY].database.serves(), "seed {seed}");
        assert!(recorded(&world, AWAY, "RDS-EVENT-0391") && recorded(&world, AWAY, "RDS-EVENT-0238"));
        let shifted = world.now;
        shift(&mut world);
        world.advance(shifted + 120_000);
        assert!(world.serves(), "seed {seed}");

        let lag = world.moments.lag_at_loss.expect("it was lost");
        assert!((200..=900).contains(&lag), "seed {seed}: {lag} ms");
        assert_eq!(world.traffic.lost_writes_ms, lag, "seed {seed}");
        let writes = u64::from(RATE) * lag / 1_000;
        assert!(world.traffic.lost_writes.abs_diff(writes) <= 2, "seed {seed}");
        let [(from, Some(until))] = world.traffic.outages[..] else {
            panic!("seed {seed}: one outage, got {:?}", world.traffic.outages)
        };
        assert_eq!(from, 120_000, "seed {seed}");
        // The checkers (20 to 30 s), the name servers (5 s), and the stubborn resolver (60 s).
        let moved = until - shifted;
        assert!((20_000..=95_000).contains(&moved), "seed {seed}: {moved} ms");
        assert_eq!(world.ledger.violations, [], "seed {seed}");
        let dns = world.dns.as_ref().expect("a name");
        let answer = dns.answer("ns-3.example.org", "shop.example.com.");
        assert_eq!(
            answer,
            dns.answer("ns-1.example.net", "eu-west-1.shop.example.com")
        );
        assert!(world.moments.promotion_done.is_some() && world.moments.last_resolver_moved.is_some());
    }
}

#[test]
fn losing_what_nobody_accepted_is_a_breach() {
    let mut world = world("two-regions", &[lost(120, None)], 1);
    world.advance(150_000);
    let to = away(&world);
    world.failover_global(&to, true).expect("accepted");
    world.advance(300_000);
    let breaches: Vec<Invariant> = world.ledger.violations.iter().map(|v| v.invariant).collect();
    assert_eq!(breaches, [Invariant::NoSilentDataLoss]);
}

#[test]
fn sending_users_where_nothing_is_ready_is_a_breach() {
    let mut world = world("two-regions", &[lost(120, None)], 1);
    world.advance(150_000);
    shift(&mut world);
    let breaches: Vec<Invariant> = world.ledger.violations.iter().map(|v| v.invariant).collect();
    assert_eq!(breaches, [Invariant::TrafficOnlyWhereWritable]);
}

#[test]
fn a_partition_hurts_no_user_and_what_gathers_arrives_afterwards() {
    let mut world = world("two-regions", &[fault(120, Kind::Partition, Some(600))], 1);
    let (home, to) = (world.sites[HOME].region.clone(), away(&world));
    world.advance(600_000);
    assert!(world.serves());
    assert_eq!(
        world.regions.reach(&to, &home, region::Plane::Control),
        region::Reach::Silent
    );
    let replication = world.replication.as_ref().expect("two Regions");
    assert!(replication.lag_ms(world.now) > 480_000);
    assert!(
        world.moments.second_signal.is_some(),
        "two signals look at the cut"
    );
    world.advance(900_000);
    let replication = world.replication.as_ref().expect("two Regions");
    assert!(replication.lag_ms(world.now) < 1_000);
    assert_eq!((world.traffic.lost, world.traffic.lost_writes), (0, 0));
    assert_eq!(world.ledger.violations, []);
}

/// A promotion while the old primary is alive and out of reach.
fn split(accepted: &[Risk]) -> World {
    let mut world = world("two-regions", &[fault(120, Kind::Partition, Some(1_200))], 1);
    world.advance(150_000);
    let to = away(&world);
    world.approval_answered(true, accepted);
    world.failover_global(&to, true).expect("accepted");
    raise(&mut world);
    shift(&mut world);
    world.advance(world.now + 120_000);
    world
}

#[test]
fn what_users_write_to_a_replaced_primary_is_lost_and_two_primaries_are_a_breach() {
    let world = split(&[Risk::DataLoss]);
    let breaches: Vec<Invariant> = world.ledger.violations.iter().map(|v| v.invariant).collect();
    assert!(breaches.contains(&Invariant::OneWriter), "{breaches:?}");
    assert!(breaches.contains(&Invariant::NoSilentDataLoss), "{breaches:?}");
    assert!(recorded(&world, AWAY, "RDS-EVENT-0391"));
    assert!(!recorded(&world, AWAY, "RDS-EVENT-0390"));
}

#[test]
fn two_primaries_that_a_person_accepted_by_name_are_counted_and_end_with_the_partition() {
    let mut world = split(&[Risk::DataLoss, Risk::NotFenced]);
    assert_eq!(world.ledger.violations, []);
    assert!(
        world.traffic.lost_writes_ms > 60_000,
        "the old primary was written to until users had moved"
    );
    assert!(
        world.sites[HOME].database.serves(),
        "it is alive, and nobody has fenced it"
    );
    world.advance(1_320_001);
    assert!(world.sites[HOME].database.fenced);
    assert!(recorded(&world, HOME, "RDS-EVENT-0390"));
    world.advance(3_000_000);
    assert!(recorded(&world, HOME, "RDS-EVENT-0240") && recorded(&world, HOME, "RDS-EVENT-0241"));
    assert_eq!(world.sites[HOME].database.role, Role::Replica);
    assert_eq!(world.ledger.violations, []);
}

#[test]
fn a_switchover_loses_nothing_and_turns_the_replication_round() {
    for seed in 1..20 {
        let mut world = world("two-regions", &[], seed);
        world.advance(100_000);
        let (home, to) = (world.sites[HOME].region.clone(), away(&world));
        world.switchover_global(&to).expect("it is healthy");
        world.advance(110_000);
        assert!(!world.serves(), "seed {seed}: the source has stopped writes");
        world.advance(200_000);
        assert_eq!(world.serving_site(), AWAY, "seed {seed}");
        assert!(recorded(&world, HOME, "RDS-EVENT-0182") && recorded(&world, AWAY, "RDS-EVENT-0185"));
        assert_eq!(world.traffic.lost_writes, 0, "seed {seed}");
        let roles = [HOME, AWAY].map(|site| world.sites[site].database.role);
        assert_eq!(roles, [Role::Replica, Role::Primary]);
        // And back.
        world.switchover_global(&home).expect("it is healthy");
        world.advance(300_000);
        assert!(world.serves(), "seed {seed}");
        assert_eq!((world.traffic.lost_writes, world.ledger.violations.len()), (0, 0));
    }
}

#[test]
fn a_switchover_of_a_lost_source_is_refused() {
    let mut world = world("two-regions", &[lost(10, None)], 1);
    world.advance(60_000);
    let to = away(&world);
    assert!(matches!(world.switchover_global(&to), Err(Refusal::Global(_))));
    assert!(
        matches!(world.failover_global(&to, false), Err(Refusal::Global(_))),
        "without leave to lose data it is a switchover"
    );
}

#[test]
fn a_region_that_comes_back_is_fenced_and_made_anew() {
    let mut world = world("two-regions", &[lost(120, Some(1_200))], 5);
    world.advance(150_000);
    let to = away(&world);
    world.approval_answered(true, &[Risk::DataLoss, Risk::NotFenced]);
    world.failover_global(&to, true).expect("accepted");
    world.advance(1_320_001);
    assert!(world.sites[HOME].database.fenced, "from its first moment");
    world.advance(3_000_000);
    let replication = world.replication.as_ref().expect("two Regions");
    assert_eq!(replication.followed_by(HOME), Some(AWAY));
    assert!(replication.members.iter().all(|member| member.connected));
    assert!(!world.lags(&world.sites[HOME].region).is_empty());
}

#[test]
fn a_detached_cluster_is_on_its_own() {
    let mut world = world("two-regions", &[lost(120, None)], 1);
    world.advance(150_000);
    let to = away(&world);
    world.approval_answered(true, &[Risk::DataLoss, Risk::NotFenced, Risk::Detach]);
    world.remove_from_global(&to).expect("it is a secondary");
    world.advance(220_000);
    assert!(world.sites[AWAY].database.serves());
    let replication = world.replication.as_ref().expect("two Regions");
    assert_eq!(replication.members.len(), 1);
    assert!(world.traffic.lost_writes_ms > 0);
    assert_eq!(world.ledger.violations, []);
}

#[test]
fn a_read_replica_is_promoted_once_and_the_way_back_needs_a_new_one() {
    let mut world = world("two-regions-replica", &[lost(120, Some(600))], 1);
    world.advance(150_000);
    let (home, to) = (world.sites[HOME].region.clone(), away(&world));
    world.approval_answered(true, &[Risk::DataLoss, Risk::NotFenced]);
    world
        .promote_replica(&to, "shop-db-eu-west-1")
        .expect("it is available");
    world.advance(400_000);
    assert!(world.sites[AWAY].database.serves());
    assert!(matches!(
        world.promote_replica(&to, "shop-db-eu-west-1"),
        Err(Refusal::State(_))
    ));

    world.advance(800_000);
    assert!(
        world.sites[HOME].database.serves(),
        "nobody fences the old primary of a read replica"
    );
    let source = world.sites[AWAY].database.arn(&world.system.account);
    assert!(matches!(
        world.create_replica(&home, "shop-db", &source),
        Err(Refusal::Exists(_))
    ));
    world
        .rename_database(&home, "shop-db", "shop-db-old")
        .expect("it is available");
    world.advance(1_000_000);
    assert!(world.sites[HOME].database_named("shop-db").is_none());
    assert!(world.sites[HOME].database_named("shop-db-old").is_some());
    world
        .create_replica(&home, "shop-db", &source)
        .expect("the source is well");
    assert_eq!(world.sites[HOME].database.status(), "creating");
    world.advance(3_000_000);
    let replication = world.replication.as_ref().expect("two Regions");
    assert_eq!(replication.followed_by(HOME), Some(AWAY));
    assert_eq!(world.sites[HOME].database.status(), "available");
}

#[test]
fn an_isolated_database_takes_no_writes_and_everything_arrives() {
    let mut world = world("two-regions-replica", &[], 1);
    world.advance(60_000);
    let home = world.sites[HOME].region.clone();
    let isolation = vec!["sg-22222222222222222".to_owned()];
    world
        .set_security_groups(&home, "shop-db", isolation)
        .expect("it is available");
    world.advance(80_000);
    assert!(world.sites[HOME].database.is_isolated() && !world.serves());
    let replication = world.replication.as_ref().expect("two Regions");
    assert_eq!(replication.lag_ms(world.now), 0);
    let open = vec!["sg-11111111111111111".to_owned()];
    world
        .set_security_groups(&home, "shop-db", open)
        .expect("it is available");
    world.advance(100_000);
    assert!(world.serves());
}

#[test]
fn what_is_short_is_said_in_awss_words_and_the_rest_fails() {
    let short = Kind::CapacityShort(Where::At(Place::Standby), 1);
    let mut world = world("two-regions", &[fault(10, short, Some(900))], 1);
    world.advance(20_000);
    raise(&mut world);
    let web = world.sites[AWAY].web.as_ref().expect("a web tier");
    assert_eq!((web.desired, web.healthy()), (6, 3));
    let failed = web.activities.iter().find(|activity| activity.status == "Failed");
    let why = failed.and_then(|activity| activity.status_message.as_deref());
    assert!(why.is_some_and(|why| why.starts_with("We currently do not have sufficient")));
    world.advance(1_200_000);
    let web = world.sites[AWAY].web.as_ref().expect("a web tier");
    assert_eq!(web.healthy(), 6, "the group goes on trying");
}

#[test]
fn too_few_instances_serve_their_share() {
    let mut world = world("two-regions", &[], 1);
    let web = world.sites[HOME].web.as_mut().expect("a web tier");
    // Six carry twice of all; two of six carry two thirds.
    assert_eq!(web.share_of(ALL), ALL);
    web.lose(4);
    assert_eq!(web.share_of(ALL), ALL * 2 / 3);
    assert_eq!(web.share_of(ALL / 2), ALL, "half of the load is served whole");
    web.action = Action::FixedResponse {
        status: 503,
        body: String::new(),
    };
    assert_eq!(web.share_of(ALL), 0);
    assert!(!world.serves());
}

#[test]
fn instances_that_fail_are_made_up() {
    let dead = Kind::InstancesLost(Where::At(Place::Primary), 2);
    let mut world = world("two-regions", &[fault(10, dead, None)], 1);
    world.advance(20_000);
    assert_eq!(world.sites[HOME].web.as_ref().map(Web::healthy), Some(4));
    assert!(world.serves(), "four of six carry everybody");
    world.advance(300_000);
    assert_eq!(world.sites[HOME].web.as_ref().map(Web::healthy), Some(6));
}

#[test]
fn a_change_of_records_is_pending_until_every_name_server_has_it() {
    let mut world = world("two-regions-replica", &[], 1);
    world.advance(10_000);
    let dns = world.dns.as_ref().expect("a name");
    let (zone, mut records) = (dns.zone.clone(), dns.records.clone());
    records[0].policy = Policy::Secondary;
    let half = world.change_records(&zone, vec![records[0].clone()]);
    assert!(matches!(half, Err(dns::Refusal::Invalid(_))), "two secondaries");
    records[1].policy = Policy::Primary;
    let id = world.change_records(&zone, records).expect("a whole swap");
    assert_eq!(world.change_status(&id), Some(Status::Pending));
    world.advance(10_000 + 60_000);
    assert_eq!(world.change_status(&id), Some(Status::Insync));
    assert!(world.dns.as_ref().is_some_and(|dns| dns.all_lead_to(AWAY)));
    world.advance(200_000);
    assert!(world.resolvers.all_lead_to(AWAY));

    if let Some(dns) = &mut world.dns {
        dns.protected = true;
        let records = dns.records.clone();
        assert!(matches!(
            world.change_records(&zone, records),
            Err(dns::Refusal::Invalid(_))
        ));
    }
}

#[test]
fn routing_controls_move_users() {
    let mut world = world("two-regions-routing-control", &[], 1);
    let records = world.dns.as_ref().map(|dns| dns.records.clone()).expect("a name");
    let control = |site: usize| records[site].health_check.clone().expect("a control");
    world
        .update_controls(&[(control(AWAY), true), (control(HOME), false)])
        .expect("one stays on");
    world.advance(100_000);
    assert!(world.resolvers.all_lead_to(AWAY));
}

#[test]
fn nobody_is_sent_to_a_standby_that_does_not_answer() {
    let gone = Kind::RegionLost(Where::At(Place::Standby));
    let mut world = world("two-regions", &[fault(10, gone, None)], 1);
    world.advance(20_000);
    shift(&mut world);
    world.advance(120_000);
    assert!(world.serves());
    assert!(world.dns.as_ref().is_some_and(|dns| dns.all_lead_to(HOME)));
}

#[test]
fn a_lost_regions_alarms_are_silent_and_the_others_rise_within_the_minute() {
    for seed in 1..60 {
        let mut world = world("two-regions", &[lost(120, Some(600))], seed);
        world.advance(200_000);
        let second = world.moments.second_signal.expect("two signals");
        assert!(second - 120_000 <= 45_000, "seed {seed}: {second}");
        for outgoing in world.take_outbox() {
            // The schedules of both Regions ask for a look until then.
            if let Outgoing::Event { region, event } = outgoing
                && event["evenkeel"].is_null()
            {
                assert_eq!(region.as_str(), "eu-west-1", "seed {seed}");
            }
        }
    }
}

/// The policy's window has to outlast the alarms of an outage of 45 s: it begins with the second of them.
#[test]
fn the_signals_of_45_seconds_are_over_before_the_window_is() {
    let window = world("two-regions", &[], 1).system.policy.fail_over_region.window;
    for seed in 1..200 {
        let unreachable = Kind::WebUnreachable(Where::At(Place::Primary));
        let mut world = world("two-regions", &[fault(120, unreachable, Some(45))], seed);
        world.advance(150_000);
        let Some(second) = world.moments.second_signal else {
            continue;
        };
        world.advance(second + window.as_millis());
        let in_alarm = world
            .alarms
            .iter()
            .filter(|alarm| alarm.rose_for(Meaning::RegionDown));
        assert!(in_alarm.count() < 2, "seed {seed}");
    }
}

#[test]
fn the_application_reads_what_has_arrived() {
    let mut world = world("two-regions", &[fault(60, Kind::Partition, None)], 1);
    let (home, to) = (world.sites[HOME].region.clone(), away(&world));
    world.advance(30_000);
    assert_eq!(world.ask(&home, "shop.example.com"), Answers::Site(HOME));
    assert!(matches!(
        world.ask(&to, "eu-west-1.shop.example.com"),
        Answers::Unavailable(_)
    ));
    world.write(HOME, "first");
    world.advance(60_000);
    assert_eq!(
        (world.read(HOME), world.read(AWAY)),
        (Some("first"), Some("first"))
    );
    world.advance(61_000);
    world.write(HOME, "second");
    world.advance(90_000);
    assert_eq!(
        (world.read(HOME), world.read(AWAY)),
        (Some("second"), Some("first"))
    );
    assert_eq!(world.ask(&to, "shop.example.com"), Answers::Silent);
}

#[test]
fn a_cache_is_promoted_in_the_other_region() {
    let mut world = world("two-regions", &[lost(10, None)], 1);
    world.advance(20_000);
    let to = away(&world);
    let id = world
        .cache
        .as_ref()
        .map(|cache| cache.id.clone())
        .expect("a cache");
    let wrong = world.failover_cache(&id, &to, "another");
    assert!(matches!(wrong, Err(cache::Refusal::Parameter(_))));
    world
        .failover_cache(&id, &to, "shop-cache-eu-west-1")
        .expect("it is a member");
    assert_eq!(
        world.cache.as_ref().map(GlobalDatastore::status),
        Some("modifying")
    );
    world.advance(80_000);
    assert_eq!(
        world.cache.as_ref().map(|cache| cache.role(AWAY)),
        Some("PRIMARY")
    );
}

#[test]
fn people_answer_each_question_once_and_a_second_failure_waits_for_the_first_recovery() {
    let second = Fault {
        since: Since::CapacityRaised,
        ..fault(20, Kind::InstancesLost(Where::At(Place::Standby), 2), None)
    };
    let on_call = Person {
        when: When::ApprovalAsked(seconds(15)),
        within: Duration::default(),
        does: Does::Approve {
            accepts: vec![Risk::DataLoss],
        },
        by: "on-call".to_owned(),
        because: "nothing answers".to_owned(),
    };
    let mut world = world("two-regions", &[lost(120, None), second], 1).with_people(&[on_call]);
    world.advance(150_000);
    world.approval_asked("incident");
    world.approval_asked("incident");
    world.advance(200_000);
    let acts = world
        .take_outbox()
        .into_iter()
        .filter_map(|outgoing| match outgoing {
            Outgoing::Person(act) => Some(act.incident),
            Outgoing::Event { .. } | Outgoing::Start { .. } | Outgoing::Line(_) => None,
        });
    assert_eq!(acts.collect::<Vec<_>>(), [Some("incident".to_owned())]);
    let needed = world.sites[AWAY].web.as_ref().map(|web| web.needed);
    let to = away(&world);
    world
        .update_group(&to, "shop-web", needed, needed, None)
        .expect("within the limit");
    world.check();
    world.advance(221_000);
    let web = world.sites[AWAY].web.as_ref().expect("a web tier");
    let failed = web
        .instances
        .iter()
        .filter(|i| i.target == web::Target::Unhealthy);
    assert_eq!(failed.count(), 2);
}

#[test]
fn a_fault_between_two_regions_does_not_strike_where_there_is_one() {
    let mut world = world("aurora", &[fault(10, Kind::Partition, None)], 1);
    world.advance(20_000);
    assert!(world.serves());
    let said = format!("{:?}", world.take_outbox());
    assert!(said.contains("no second Region"), "{said}");
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = |seed| {
        let mut world = world("two-regions", &[lost(120, Some(60))], seed);
        world.advance(600_000);
        format!("{:?}", world.take_outbox())
    };
    assert_eq!(story(4), story(4));
    assert_ne!(story(4), story(5));
}

fn isolated(at: u64, lasts: Option<u64>) -> Fault {
    fault(at, Kind::RegionIsolated(Where::At(Place::Primary)), lasts)
}

/// Who holds the write lease, and the expiry that stands in the table.
fn lease_of(world: &mut World) -> (String, i64) {
    let input = aws_sdk_dynamodb::operation::get_item::GetItemInput::builder()
        .table_name("shop-write-lease")
        .key(
            "system",
            aws_sdk_dynamodb::types::AttributeValue::S("shop".to_owned()),
        )
        .consistent_read(true)
        .build()
        .expect("complete");
    let lease = world.write_lease.as_mut().expect("a lease");
    let item = lease
        .tables()
        .get_item(&input)
        .expect("a table")
        .item
        .expect("an item");
    let expires = item["expires_at_ms"].as_n().expect("a number");
    (
        item["holder"].as_s().expect("a Region").clone(),
        expires.parse().expect("a number"),
    )
}

#[test]
fn an_application_that_is_cut_off_from_every_other_region_stops_when_its_lease_runs_out() {
    for seed in 1..20 {
        let mut world = world("two-regions-lease", &[isolated(120, Some(600))], seed);
        world.advance(120_000);
        let (holder, expires) = lease_of(&mut world);
        let expires = Ms::try_from(expires).expect("after 1970");
        assert_eq!(holder, world.sites[HOME].region.to_string());
        assert!(
            (135_000..=140_000).contains(&expires),
            "renewed every 5 s: {expires}"
        );
        assert!(!world.serves(), "most users do not reach it");
        world.advance(expires - 1);
        assert!(world.shares()[HOME] > 0, "those near it do");
        world.advance(expires);
        assert_eq!(world.shares(), [0, 0]);
        assert!(world.sites[HOME].database.serves(), "the database is well");
        world.advance(700_000);
        assert_eq!(lease_of(&mut world).1, i64::try_from(expires).expect("small"));
        // It is back, nobody took its lease, and it goes on.
        world.advance(730_000);
        assert!(world.serves());
        assert_eq!(world.ledger.violations, []);
    }
}

#[test]
fn a_cut_between_the_two_regions_alone_leaves_the_lease_to_its_holder() {
    let mut world = world("two-regions-lease", &[fault(120, Kind::Partition, Some(600))], 1);
    world.advance(600_000);
    let (holder, expires) = lease_of(&mut world);
    assert_eq!(holder, world.sites[HOME].region.to_string());
    assert!(expires > 610_000, "each of the two still reaches the witness");
    assert!(world.serves());
    assert_eq!(world.traffic.lost, 0);
}

#[test]
fn only_the_holder_renews_and_an_isolated_region_without_a_lease_is_written_to_for_ever() {
    let mut leased = world("two-regions-lease", &[], 1);
    leased.advance(60_000);
    assert!(leased.may_write(HOME) && !leased.may_write(AWAY));
    let mut free = world("two-regions", &[isolated(120, None)], 1);
    free.advance(600_000);
    assert!(free.shares()[HOME] > 0);
    assert!(free.may_write(HOME) && free.may_write(AWAY));
}
