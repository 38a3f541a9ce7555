//! What happens inside one Region, told to the world alone.

use jiff::Timestamp;

use super::super::deployments::{Behaviour, Create, OnInstance, Refusal, Status};
use super::super::fault::{Fault, Kind, Place, Since, Where};
use super::super::invariant::Invariant;
use super::super::traffic::ALL;
use super::super::web::{self, Dead, Lifecycle, Target, Wanted, Web};
use super::*;
use crate::scenario::SYSTEMS;

fn fault(at: u64, kind: Kind, lasts: Option<u64>) -> Fault {
    Fault {
        since: Since::Beginning,
        at: Duration::from_secs(at),
        within: Duration::default(),
        kind,
        lasts: lasts.map(Duration::from_secs),
    }
}

fn world_of(system: &str, faults: &[Fault], seed: u64) -> World {
    let example = SYSTEMS.iter().find(|example| example.name == system);
    let system = example
        .and_then(|example| example.read().ok())
        .expect("an example");
    World::new(system, Timestamp::UNIX_EPOCH, 834, faults, seed)
}

fn world(faults: &[Fault], seed: u64) -> World {
    world_of("one-region", faults, seed)
}

fn web(world: &World) -> &Web {
    world.home().web.as_ref().expect("a web tier")
}

fn share(world: &World) -> u64 {
    world.shares().iter().sum()
}

fn zone(letter: char) -> Zone {
    Zone(format!("eu-central-1{letter}"))
}

fn in_zone(world: &World, letter: char) -> usize {
    let zone = zone(letter);
    web(world)
        .staying()
        .filter(|instance| instance.zone == zone.0)
        .count()
}

fn home(world: &World) -> Region {
    world.home().region.clone()
}

/// The states of deployments that were put on the bus, and the alarms that rose, in order.
fn told(world: &mut World) -> Vec<String> {
    let events = world
        .take_outbox()
        .into_iter()
        .filter_map(|outgoing| match outgoing {
            Outgoing::Event { event, .. } => Some(event),
            Outgoing::Start { .. } | Outgoing::Person(_) | Outgoing::Line(_) => None,
        });
    let words = events.filter_map(|event| {
        let detail = &event["detail"];
        match (detail["alarmName"].as_str(), detail["deploymentId"].as_str()) {
            (Some(name), _) => Some(format!("{name} {}", detail["state"]["value"].as_str()?)),
            (_, Some(_)) => Some(detail["state"].as_str()?.to_owned()),
            (None, None) => None,
        }
    });
    words.collect()
}

fn rose(told: &[String], alarm: &str) -> bool {
    told.iter().any(|line| *line == format!("{alarm} ALARM"))
}

#[test]
fn six_instances_are_balanced_over_three_zones_and_serve_everybody() {
    let mut world = world(&[], 1);
    assert_eq!(['a', 'b', 'c'].map(|letter| in_zone(&world, letter)), [2, 2, 2]);
    assert_eq!((share(&world), web(&world).load_percent(100)), (ALL, 50));
    world.advance(1_200_000);
    assert_eq!((world.traffic.lost, world.traffic.outages.len()), (0, 0));
    assert_eq!(told(&mut world), [] as [String; 0]);
}

#[test]
fn what_is_launched_is_told_in_shapes_that_the_router_reads() {
    let dead = Kind::ZoneLost(zone('a'));
    let bad = Kind::Deployment(Behaviour::ServesErrors);
    let storm = Kind::AlarmStorm(20);
    let faults = [
        fault(20, bad, None),
        fault(400, dead, None),
        fault(700, storm, None),
        fault(900, Kind::WriterHostLost, None),
    ];
    let mut world = world(&faults, 3);
    world.advance(1_500_000);
    let mut kinds = std::collections::BTreeSet::new();
    for outgoing in world.take_outbox() {
        let Outgoing::Event { event, .. } = outgoing else {
            continue;
        };
        let text = event.to_string();
        let signal = events::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
        kinds.insert(kind(&signal));
    }
    for wanted in ["alarm", "database", "deployment", "scaling", "request"] {
        assert!(kinds.contains(wanted), "{wanted}: {kinds:?}");
    }
}

fn kind(signal: &events::Signal) -> &'static str {
    match &signal.subject {
        events::Subject::Alarm(_) => "alarm",
        events::Subject::Database(_) => "database",
        events::Subject::Deployment(_) => "deployment",
        events::Subject::Scaling(_) => "scaling",
        events::Subject::Request(_) => "request",
        _ => "another",
    }
}

#[test]
fn a_good_deployment_rolls_half_at_a_time_and_hurts_nobody() {
    let mut world = world(&[fault(20, Kind::Deployment(Behaviour::Well), None)], 1);
    world.advance(30_000);
    let draining = web(&world)
        .instances
        .iter()
        .filter(|i| i.target == Target::Draining);
    assert_eq!(draining.count(), 3);
    assert_eq!((share(&world), web(&world).load_percent(100)), (ALL, 100));
    world.advance(200_000);
    let known = world.deployments.as_ref().expect("deployments");
    let newest = known.all.last().expect("a history");
    assert_eq!(
        (newest.status, newest.count(OnInstance::Succeeded)),
        (Status::Succeeded, 6)
    );
    assert_eq!(world.traffic.lost, 0);
    let new = web(&world).instances.iter().filter(|i| {
        let release = i.release.as_ref().map(|release| release.key.as_str());
        release == Some("shop-46.zip")
    });
    assert_eq!(new.count(), 6);
    assert_eq!(told(&mut world), ["START", "SUCCESS"]);
}

#[test]
fn a_revision_that_does_not_start_fails_and_leaves_half_of_the_instances_out() {
    let mut world = world(&[fault(20, Kind::Deployment(Behaviour::Fails), None)], 1);
    world.advance(200_000);
    let known = world.deployments.as_ref().expect("deployments");
    let newest = known.all.last().expect("a history").clone();
    assert_eq!(
        (newest.status, newest.count(OnInstance::Failed)),
        (Status::Failed, 3)
    );
    assert_eq!(newest.error.map(|(code, _)| code), Some("HEALTH_CONSTRAINTS"));
    let good = known.last_success().expect("one").revision;
    let key = known.revisions[good].key.clone();
    assert_eq!((web(&world).healthy(), share(&world)), (3, ALL));
    assert!(told(&mut world).starts_with(&["START".to_owned(), "FAILURE".to_owned()]));

    // The way back, as a recovery would go it.
    let create = Create {
        application: "shop".to_owned(),
        group: "shop-production".to_owned(),
        key,
        description: Some("evenkeel incident".to_owned()),
    };
    let region = home(&world);
    let id = world
        .create_deployment(&region, &create)
        .expect("nothing else runs");
    assert!(matches!(
        world.create_deployment(&region, &create),
        Err(Refusal::Limit(_))
    ));
    world.advance(world.now + 120_000);
    let known = world.deployments.as_ref().expect("deployments");
    assert_eq!(known.named(&id).map(|d| d.status), Some(Status::Succeeded));
    assert_eq!(web(&world).healthy(), 6);
    assert_eq!(world.traffic.lost, 0, "half of the instances carry everybody");
    assert_eq!(world.ledger.violations, []);
}

#[test]
fn a_revision_that_serves_errors_is_seen_by_users_and_by_no_health_check() {
    let mut world = world(&[fault(20, Kind::Deployment(Behaviour::ServesErrors), None)], 1);
    world.advance(240_000);
    assert_eq!((web(&world).healthy(), share(&world)), (6, ALL / 2));
    let told = told(&mut world);
    assert!(rose(&told, "shop-checkout-failing"), "{told:?}");
    assert!(!rose(&told, "shop-unhealthy-hosts") && !rose(&told, "shop-writer-unreachable"));
    assert!(
        ["a", "b", "c"]
            .iter()
            .all(|z| rose(&told, &format!("shop-zone-{z}-errors")))
    );
}

#[test]
fn a_deployment_that_is_stopped_leaves_what_it_was_at_out_of_service() {
    let mut world = world(&[fault(20, Kind::Deployment(Behaviour::ServesErrors), None)], 1);
    world.advance(30_000);
    let region = home(&world);
    let id = world
        .deployments
        .as_ref()
        .and_then(|known| known.running())
        .map(|running| running.id.clone())
        .expect("one runs");
    world.stop_deployment(&region, &id).expect("it runs");
    world.stop_deployment(&region, &id).expect("it still does");
    world.advance(120_000);
    let known = world.deployments.as_ref().expect("deployments");
    assert_eq!(known.named(&id).map(|d| d.status), Some(Status::Stopped));
    assert!(matches!(
        world.stop_deployment(&region, &id),
        Err(Refusal::Over(_))
    ));
    assert!(matches!(
        world.stop_deployment(&region, "d-NONE"),
        Err(Refusal::NoDeployment(_))
    ));
    assert_eq!(told(&mut world)[..2], ["START", "STOP"]);
    assert!(web(&world).healthy() >= 3);
}

#[test]
fn a_revision_that_kills_its_targets_looks_like_a_lost_region_from_afar() {
    let faults = [fault(60, Kind::Deployment(Behaviour::KillsTargets), None)];
    let mut world = world_of("two-regions-deployed", &faults, 1);
    world.advance(300_000);
    assert_eq!((web(&world).healthy(), share(&world)), (0, 0));
    assert!(world.home().database.serves(), "the database is well");
    assert!(
        world.moments.second_signal.is_some(),
        "two signals say that the Region is lost"
    );
    let key = world
        .deployments
        .as_ref()
        .map(|known| known.revisions[4].key.clone());
    let create = Create {
        application: "shop".to_owned(),
        group: "shop-production".to_owned(),
        key: key.expect("a history"),
        description: None,
    };
    let region = home(&world);
    world.create_deployment(&region, &create).expect("it is over");
    world.advance(world.now + 150_000);
    assert_eq!((web(&world).healthy(), share(&world)), (6, ALL));
}

#[test]
fn instances_that_break_are_not_noticed_by_a_group_that_looks_at_ec2_only() {
    let dead = Kind::InstancesLost(Where::At(Place::Primary), 2);
    let mut world = world(&[fault(20, dead, None)], 1);
    world.advance(20_001);
    assert!(share(&world) < ALL, "until the load balancer notices");
    world.advance(60_000);
    assert_eq!((web(&world).healthy(), share(&world)), (4, ALL));
    world.advance(900_000);
    assert_eq!(web(&world).healthy(), 4, "the group sees nothing wrong");
    let told = told(&mut world);
    assert!(rose(&told, "shop-unhealthy-hosts"), "{told:?}");
    assert!(!told.iter().any(|line| line.contains("zone")), "{told:?}");

    let region = home(&world);
    let broken: Vec<String> = web(&world)
        .instances
        .iter()
        .filter(|i| i.dead == Some(Dead::Instance))
        .map(|i| i.id.clone())
        .collect();
    for id in &broken {
        world
            .terminate_instance(&region, id, false)
            .expect("it is in the group");
    }
    let again = world.terminate_instance(&region, &broken[0], false);
    assert!(matches!(again, Err(web::Refusal::InProgress(_))));
    world.advance(world.now + 200_000);
    assert_eq!((web(&world).healthy(), web(&world).instances.len()), (6, 6));
    assert_eq!(world.ledger.violations, []);
    let causes = |words: &str| {
        web(&world)
            .activities
            .iter()
            .filter(|a| a.cause.contains(words))
            .count()
    };
    assert_eq!(causes("user request"), 2);
    let gone = world.terminate_instance(&region, &broken[0], false);
    assert!(matches!(gone, Err(web::Refusal::Validation(_))));
}

#[test]
fn to_terminate_what_serves_is_a_breach() {
    let mut world = world(&[], 1);
    world.advance(10_000);
    let (region, id) = (home(&world), web(&world).instances[0].id.clone());
    world
        .terminate_instance(&region, &id, false)
        .expect("it is in the group");
    let breaches: Vec<Invariant> = world.ledger.violations.iter().map(|v| v.invariant).collect();
    assert_eq!(breaches, [Invariant::NoWorse]);
}

#[test]
fn what_is_launched_in_a_boot_loop_never_becomes_healthy() {
    let mut world = world(&[fault(5, Kind::BootLoop, Some(900))], 1);
    world.advance(10_000);
    let region = home(&world);
    world
        .update_group(&region, "shop-web", None, Some(8), None)
        .expect("within bounds");
    world.advance(300_000);
    let new = web(&world)
        .instances
        .iter()
        .filter(|i| i.target == Target::Unhealthy);
    assert_eq!((new.count(), web(&world).healthy()), (2, 6));
}

#[test]
fn a_lost_zone_is_made_up_for_by_the_group_itself_in_the_others() {
    for seed in 1..20 {
        let mut world = world(&[fault(60, Kind::ZoneLost(zone('a')), Some(1_800))], seed);
        world.advance(60_001);
        assert!(
            share(&world) < ALL,
            "seed {seed}: until the load balancer notices"
        );
        world.advance(400_000);
        assert_eq!(in_zone(&world, 'a'), 0, "seed {seed}");
        assert_eq!((web(&world).healthy(), share(&world)), (6, ALL), "seed {seed}");
        let writer = &world.home().database.hosts[world.home().database.writer];
        assert_ne!(writer.zone, zone('a'), "seed {seed}: RDS has moved the writer");
        let cache = world.home().cache.as_ref().and_then(|cache| cache.primary());
        assert_ne!(
            cache.map(|node| node.zone.clone()),
            Some(zone('a').0),
            "seed {seed}"
        );
        assert!(rose(&told(&mut world), "shop-zone-a-errors"), "seed {seed}");
        world.advance(3_000_000);
        assert_eq!(
            ['a', 'b', 'c'].map(|letter| in_zone(&world, letter)),
            [2, 2, 2],
            "seed {seed}"
        );
        assert_eq!(world.ledger.violations, [], "seed {seed}");
    }
}

#[test]
fn a_grey_zone_fails_a_fifth_of_the_users_and_is_named_by_its_own_alarm() {
    let mut world = world(&[fault(60, Kind::ZoneGrey(zone('b')), None)], 2);
    world.advance(400_000);
    assert_eq!((web(&world).healthy(), share(&world)), (6, ALL * 8 / 10));
    let told = told(&mut world);
    assert!(
        rose(&told, "shop-zone-b-errors") && rose(&told, "shop-checkout-failing"),
        "{told:?}"
    );
    assert!(
        !rose(&told, "shop-zone-a-errors") && !rose(&told, "shop-unhealthy-hosts"),
        "{told:?}"
    );
}

#[test]
fn a_zone_is_left_and_joined_again_while_enough_serve() {
    for seed in 1..20 {
        let mut world = world(&[fault(60, Kind::ZoneGrey(zone('b')), Some(900))], seed);
        world.advance(120_000);
        let region = home(&world);
        let others = ["subnet-aaaaaaaaaaaaaaaaa", "subnet-ccccccccccccccccc"];
        let without = Wanted {
            subnets: Some(others.map(str::to_owned).to_vec()),
            ..Wanted::default()
        };
        world
            .change_group(&region, "shop-web", &without)
            .expect("known subnets");
        let mut least = u32::MAX;
        while world.now < 400_000 {
            world.advance(world.now + 500);
            least = least.min(web(&world).healthy());
        }
        // The group terminates as soon as others are in service in their place, healthy or not yet.
        assert!(least >= 4, "seed {seed}: {least}");
        assert_eq!(
            ['a', 'b', 'c'].map(|letter| in_zone(&world, letter)),
            [3, 0, 3],
            "seed {seed}"
        );
        assert_eq!(share(&world), ALL, "seed {seed}: nobody is sent there any more");

        let unknown = Wanted {
            subnets: Some(vec!["subnet-0".to_owned()]),
            ..Wanted::default()
        };
        let refused = world.change_group(&region, "shop-web", &unknown);
        assert!(matches!(refused, Err(web::Refusal::Validation(_))));

        world.advance(1_000_000);
        let all = web(&world).zones.subnets.values().cloned().collect();
        let with = Wanted {
            subnets: Some(all),
            ..Wanted::default()
        };
        world
            .change_group(&region, "shop-web", &with)
            .expect("known subnets");
        while world.now < 1_400_000 {
            world.advance(world.now + 500);
            least = least.min(web(&world).healthy());
        }
        // The group terminates as soon as others are in service in their place, healthy or not yet.
        assert!(least >= 4, "seed {seed}: {least}");
        assert_eq!(
            ['a', 'b', 'c'].map(|letter| in_zone(&world, letter)),
            [2, 2, 2],
            "seed {seed}"
        );
    }
}

#[test]
fn zones_of_a_group_never_differ_by_more_than_one_for_long() {
    let mut world = world(&[], 5);
    let (region, group) = (home(&world), web(&world).group.clone());
    let all: Vec<String> = web(&world).zones.subnets.values().cloned().collect();
    let asked = |desired, subnets: &[String]| Wanted {
        desired: Some(desired),
        subnets: Some(subnets.to_vec()),
        ..Wanted::default()
    };
    for (desired, subnets, spread) in [
        (7, &all[1..], [0, 3, 4]),
        (7, &all[..], [2, 2, 3]),
        (10, &all[..], [3, 3, 4]),
        (6, &all[..], [2, 2, 2]),
    ] {
        world
            .change_group(&region, &group, &asked(desired, subnets))
            .expect("known subnets");
        world.advance(world.now + 600_000);
        let mut there = ['a', 'b', 'c'].map(|letter| in_zone(&world, letter));
        there.sort_unstable();
        assert_eq!(there, spread, "{desired} in {} zones", subnets.len());
        assert_eq!(share(&world), ALL);
    }
}

#[test]
fn a_zonal_shift_takes_users_out_of_a_zone_until_it_ends() {
    use super::super::web::ShiftRefusal;

    let mut world = world(&[fault(10, Kind::ZoneGrey(zone('b')), None)], 1);
    world.advance(20_000);
    let (region, balancer) = (
        home(&world),
        web(&world).zones.load_balancer.clone().expect("declared"),
    );
    let hour = Duration::from_mins(60);
    let wrong = world.start_shift(&region, &balancer, "eu-central-1b", hour, "x");
    assert!(
        matches!(wrong, Err(ShiftRefusal::Invalid(_, "InvalidAz"))),
        "a name is no ID"
    );
    let long = world.start_shift(&region, &balancer, "euc1-az3", Duration::from_mins(5_000), "x");
    assert!(matches!(long, Err(ShiftRefusal::Invalid(_, "InvalidExpiresIn"))));
    let shift = world
        .start_shift(&region, &balancer, "euc1-az3", hour, "x")
        .expect("it is well known");
    let second = world.start_shift(&region, &balancer, "euc1-az2", hour, "x");
    assert!(matches!(second, Err(ShiftRefusal::Conflict(..))));
    world.advance(90_000);
    assert_eq!((web(&world).healthy(), share(&world)), (6, ALL));
    assert_eq!(web(&world).in_rotation().count(), 4);
    world.cancel_shift(&region, &shift.id).expect("it is active");
    assert!(matches!(
        world.cancel_shift(&region, &shift.id),
        Err(ShiftRefusal::Conflict(..))
    ));
    assert!(share(&world) < ALL);
    world
        .start_shift(&region, &balancer, "euc1-az3", hour, "x")
        .expect("none is active");
    world.advance(90_000 + 3_700_000);
    assert!(web(&world).zones.active_shift().is_none(), "its time is over");
    assert!(share(&world) < ALL);
}

#[test]
fn more_users_are_a_load_before_they_are_a_failure() {
    let spike = Kind::LoadSpike(250, Duration::from_secs(60));
    let mut world = world(&[fault(60, spike, Some(1_200))], 1);
    world.advance(90_000);
    assert_eq!(share(&world), ALL);
    world.advance(130_000);
    assert_eq!(
        (web(&world).load_percent(world.traffic.demand), share(&world)),
        (125, ALL * 8 / 10)
    );
    world.advance(300_000);
    assert!(rose(&told(&mut world), "shop-load"));
    let alarm = world
        .alarms
        .iter()
        .find(|alarm| alarm.name == "shop-load")
        .expect("declared");
    let newest = alarm.recent().last().expect("two datapoints");
    assert!(newest > 70.0 && newest <= 125.0, "{newest}");
    let data = envelope::reason_data(alarm, Timestamp::UNIX_EPOCH);
    let data: Value = serde_json::from_str(&data).expect("JSON");
    assert_eq!(data["threshold"].as_u64(), Some(70));
    assert_eq!(data["recentDatapoints"][1].as_f64(), Some(newest));

    let region = home(&world);
    world
        .update_group(&region, "shop-web", None, Some(11), None)
        .expect("within bounds");
    world.advance(500_000);
    assert_eq!((web(&world).healthy(), share(&world)), (11, ALL));
    assert!(world.moments.more_in_service.is_some());
    world.advance(1_500_000);
    assert_eq!(world.traffic.demand, 100);
}

#[test]
fn a_cache_that_hangs_fails_a_part_of_the_users_until_its_primary_moves() {
    let mut world = world(&[fault(60, Kind::CachePrimaryLost, None)], 1);
    world.advance(300_000);
    assert_eq!(share(&world), ALL * 6 / 10);
    assert!(rose(&told(&mut world), "shop-cache-down"));
    let region = home(&world);
    world
        .test_cache_failover(&region, "shop-cache", "0001")
        .expect("it is available");
    world.advance(400_000);
    assert_eq!(share(&world), ALL);
}

#[test]
fn an_alarm_that_flaps_goes_back_by_itself() {
    let flaps = Kind::AlarmFlaps("shop-writer-unreachable".to_owned(), 3);
    let mut world = world(&[fault(60, flaps, None)], 1);
    world.advance(900_000);
    let told = told(&mut world);
    let turns: Vec<&str> = told
        .iter()
        .filter_map(|line| line.strip_prefix("shop-writer-unreachable "))
        .collect();
    assert_eq!(turns, ["ALARM", "OK", "ALARM", "OK", "ALARM", "OK"]);
    assert_eq!(world.traffic.lost, 0);
}

#[test]
fn a_storm_is_as_many_events_as_it_says() {
    let faults = [
        fault(10, Kind::WriterHangs, None),
        fault(120, Kind::AlarmStorm(100), None),
    ];
    let mut world = world(&faults, 1);
    world.advance(119_000);
    told(&mut world);
    world.advance(181_000);
    let told = told(&mut world);
    let strangers = told.iter().filter(|line| line.starts_with("shop-storm-"));
    assert_eq!(strangers.count(), 50);
    assert!(told.len() >= 100, "{}", told.len());
}

#[test]
fn events_that_are_dropped_reach_nobody() {
    let faults = [
        fault(10, Kind::EventsDropped, None),
        fault(20, Kind::Deployment(Behaviour::Fails), None),
    ];
    let mut world = world(&faults, 1);
    world.advance(200_000);
    let outbox = world.take_outbox();
    let said = format!("{outbox:?}");
    assert!(said.contains("is dropped"));
    let any = outbox.iter().any(
        |outgoing| matches!(outgoing, Outgoing::Event { event, .. } if event["source"] == "aws.codedeploy"),
    );
    assert!(!any);
}

#[test]
fn a_deployment_goes_on_around_a_lost_zone() {
    let faults = [
        fault(20, Kind::Deployment(Behaviour::Well), None),
        fault(25, Kind::ZoneLost(zone('c')), None),
    ];
    for seed in 1..20 {
        let mut world = world(&faults, seed);
        world.advance(600_000);
        let known = world.deployments.as_ref().expect("deployments");
        let newest = known.all.last().expect("a history");
        assert_eq!(newest.status, Status::Succeeded, "seed {seed}: {newest:?}");
        assert_eq!(
            (web(&world).healthy(), in_zone(&world, 'c')),
            (6, 0),
            "seed {seed}"
        );
        let leaving = web(&world)
            .instances
            .iter()
            .filter(|i| i.lifecycle == Lifecycle::Terminating);
        assert_eq!(leaving.count(), 0, "seed {seed}");
    }
}

#[test]
fn faults_of_a_web_tier_do_not_strike_where_there_is_none() {
    for kind in [
        Kind::ZoneLost(zone('a')),
        Kind::Deployment(Behaviour::Well),
        Kind::CachePrimaryLost,
        Kind::InstancesLost(Where::At(Place::Primary), 1),
    ] {
        let mut world = world_of("aurora", &[fault(10, kind, None)], 1);
        world.advance(20_000);
        assert!(world.serves());
        let said = format!("{:?}", world.take_outbox());
        assert!(said.contains("nothing strikes: the system has no ["), "{said}");
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = |seed| {
        let faults = [
            fault(20, Kind::Deployment(Behaviour::KillsTargets), None),
            fault(100, Kind::ZoneLost(zone('b')), Some(300)),
            fault(200, Kind::LoadSpike(300, Duration::from_secs(90)), None),
        ];
        let mut world = world(&faults, seed);
        world.advance(1_200_000);
        format!("{:?}", world.take_outbox())
    };
    assert_eq!(story(4), story(4));
    assert_ne!(story(4), story(5));
}
