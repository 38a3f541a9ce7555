//! One cloud, as a row asks it: clients, and what things are called there.

#![expect(
    clippy::disallowed_methods,
    reason = "a side is where its clients are made, and where it is waited for what was asked of it"
)]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use domain::names::Region;
use domain::system::System;
use domain::system::region_failover::{Traffic, Web};
use jiff::Timestamp;
use rehearsal::clock::VirtualClock;
use rehearsal::cloud::{Account, Clients, Desk};
use rehearsal::world::World;
use runtime::environment::Environment;
use runtime::{InRegion, Service, Setup};

/// How often it is looked for what was asked for, a second apart. Longer than anything takes in the embedded cloud.
const LOOKS: usize = 7_200;

/// A cloud.
pub(crate) struct Side {
    pub(crate) system: System,
    pub(crate) home: Region,
    pub(crate) away: Region,
    pub(crate) rds: InRegion<aws_sdk_rds::Client>,
    pub(crate) cloudwatch: InRegion<aws_sdk_cloudwatch::Client>,
    pub(crate) autoscaling: InRegion<aws_sdk_autoscaling::Client>,
    pub(crate) elbv2: InRegion<aws_sdk_elasticloadbalancingv2::Client>,
    pub(crate) codedeploy: InRegion<aws_sdk_codedeploy::Client>,
    pub(crate) elasticache: InRegion<aws_sdk_elasticache::Client>,
    pub(crate) s3: InRegion<aws_sdk_s3::Client>,
    pub(crate) route53: aws_sdk_route53::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    pub(crate) sfn: aws_sdk_sfn::Client,
    /// What has another name on each side.
    pub(crate) hosted_zone: String,
    pub(crate) target_groups: BTreeMap<Region, String>,
    pub(crate) listeners: BTreeMap<Region, String>,
    /// What one row made and the next one asks about.
    pub(crate) kept: Mutex<String>,
    clock: Option<VirtualClock>,
}

/// The embedded cloud: its world lives as long as this.
pub(crate) struct Embedded {
    pub(crate) side: Side,
}

impl Embedded {
    /// With nothing wrong in it. Inside the runtime whose time is virtual.
    pub(crate) fn of(system: &System) -> Self {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let clock = VirtualClock::starting(start);
        let world = World::new(system.clone(), start, 20, &[], 1);
        let desk = Desk::new(world, clock.clone());
        let clients = Clients::new(&desk, &Account::of(system), &system.regions.primary);
        let mut side = Side {
            rds: clients.rds_in(),
            cloudwatch: clients.cloudwatch_in(),
            autoscaling: clients.autoscaling_in(),
            elbv2: clients.elbv2_in(),
            codedeploy: clients.codedeploy_in(),
            elasticache: clients.elasticache_in(),
            s3: clients.s3_in(),
            route53: clients.route53(),
            dynamodb: clients.dynamodb.clone(),
            sns: clients.sns.clone(),
            sfn: clients.sfn.clone(),
            clock: Some(clock),
            ..Side::unnamed(system, "http://127.0.0.1:9")
        };
        if let Some(Traffic::Record { hosted_zone, .. }) = side.traffic().cloned() {
            side.hosted_zone = hosted_zone;
        }
        for region in [side.home.clone(), side.away.clone()] {
            if let Some(web) = side.web(&region).cloned() {
                side.target_groups.insert(region.clone(), web.target_group);
                side.listeners.insert(region, web.listener);
            }
        }
        Self { side }
    }
}

impl Side {
    /// An emulator. Nothing is on it yet.
    pub(crate) fn of_emulator(url: &str, system: &System) -> Self {
        Self::unnamed(system, url)
    }

    fn unnamed(system: &System, url: &str) -> Self {
        let home = system.regions.primary.clone();
        let account = system.account.to_string();
        let environment = Environment::read(|variable| {
            let value = match variable {
                "AWS_REGION" => home.as_str(),
                // ministack takes the account from the key; moto has the one that it was started with.
                "AWS_ACCESS_KEY_ID" => account.as_str(),
                "AWS_SECRET_ACCESS_KEY" => "not checked",
                "AWS_ENDPOINT_URL" => url,
                "LAMBDA_TASK_ROOT" => ".",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let setup = Setup::new(environment.expect("an environment")).expect("a setup");
        macro_rules! in_region {
            ($sdk:ident, $service:ident) => {{
                let setup = setup.clone();
                std::sync::Arc::new(move |region: &Region| {
                    $sdk::Client::new(&setup.sdk_config_in(Service::$service, region))
                })
            }};
        }
        Self {
            system: system.clone(),
            away: system.regions.standby.clone().unwrap_or_else(|| home.clone()),
            rds: in_region!(aws_sdk_rds, Rds),
            cloudwatch: in_region!(aws_sdk_cloudwatch, CloudWatch),
            autoscaling: in_region!(aws_sdk_autoscaling, AutoScaling),
            elbv2: in_region!(aws_sdk_elasticloadbalancingv2, Elbv2),
            codedeploy: in_region!(aws_sdk_codedeploy, CodeDeploy),
            elasticache: in_region!(aws_sdk_elasticache, ElastiCache),
            s3: in_region!(aws_sdk_s3, S3),
            route53: aws_sdk_route53::Client::new(&setup.sdk_config_for(Service::Route53)),
            dynamodb: aws_sdk_dynamodb::Client::new(&setup.sdk_config_for(Service::DynamoDb)),
            sns: aws_sdk_sns::Client::new(&setup.sdk_config_for(Service::Sns)),
            sfn: aws_sdk_sfn::Client::new(&setup.sdk_config_for(Service::Sfn)),
            hosted_zone: String::new(),
            target_groups: BTreeMap::new(),
            listeners: BTreeMap::new(),
            kept: Mutex::default(),
            clock: None,
            home,
        }
    }

    /// The time there.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.as_ref().map_or_else(Timestamp::now, VirtualClock::now)
    }

    /// What serves users in a Region of a system in two.
    pub(crate) fn web(&self, region: &Region) -> Option<&Web> {
        let shared = self.system.region_failover.as_ref()?;
        let site = shared.sites.iter().find(|site| site.region == *region)?;
        Some(&site.web)
    }

    /// How the name is moved, of a system in two Regions.
    pub(crate) fn traffic(&self) -> Option<&Traffic> {
        Some(&self.system.region_failover.as_ref()?.traffic)
    }

    /// The name of the group of a Region.
    pub(crate) fn group(&self, region: &Region) -> &str {
        let in_one = self.system.web.as_ref().map(|web| web.group.as_str());
        let in_two = self.web(region).map(|web| web.group.as_str());
        in_two.or(in_one).expect("a group is declared")
    }

    /// Lets time pass: virtual time in the embedded cloud, real time on an emulator.
    pub(crate) async fn pass(&self, seconds: u64) {
        if self.clock.is_some() {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    }

    /// Looks until it is so. An emulator does at once whatever it does, so it is given a moment.
    pub(crate) async fn until(&self, what: &str, mut so: impl AsyncFnMut() -> bool) {
        let (looks, pause) = match self.clock {
            Some(_) => (LOOKS, Duration::from_secs(1)),
            None => (50, Duration::from_millis(100)),
        };
        for _ in 0..looks {
            if so().await {
                return;
            }
            tokio::time::sleep(pause).await;
        }
        panic!("it was waited in vain: {what}");
    }
}

/// What an operation says: `accepted`, or the code of its error.
pub(crate) fn said<T, E: ProvideErrorMetadata>(answer: Result<T, E>) -> String {
    match answer {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.code().unwrap_or("an error without a code").to_owned(),
    }
}

/// What one of our own functions says, which has read the answer.
pub(crate) fn heard<T>(answer: Result<T, domain::step::Error>, read: impl FnOnce(T) -> String) -> String {
    match answer {
        Ok(value) => read(value),
        Err(error) => error.name().to_owned(),
    }
}
