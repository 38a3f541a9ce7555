//! The functions, with the clients of their Region.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use database::write_check::WriteCheck;
use domain::names::JOURNAL_TABLE;
use domain::system::Systems;
use journal::DynamoJournal;
use operate::Hands;
use router::Router;

use super::{Functions, Moving};
use crate::cloud::dns::NameServers;
use crate::cloud::{Clients, Desk, application};

impl Functions {
    /// The functions, deployed in front of a world in the Region of those clients.
    pub fn deploy(desk: &Desk, clients: &Clients) -> Self {
        let clock = Arc::new(desk.clock());
        let system = desk.world().system.clone();
        let systems = || Systems::from(vec![system.clone()]);
        let region = || clients.here.clone();
        let journal = || DynamoJournal::new(clients.dynamodb.clone(), JOURNAL_TABLE);
        let write_check = WriteCheck {
            connector: application::connector(desk, &clients.here),
        };
        let (rds_in, cloudwatch_in) = (clients.rds_in(), clients.cloudwatch_in());
        let (autoscaling_in, elbv2_in) = (clients.autoscaling_in(), clients.elbv2_in());
        let moving = system.region_failover.is_some().then(|| Moving {
            capacity: capacity::Steps {
                systems: systems(),
                region: region(),
                autoscaling_in: autoscaling_in.clone(),
                elbv2_in: elbv2_in.clone(),
                journal: journal(),
                clock: clock.clone(),
            },
            cache: cache::Steps {
                systems: systems(),
                region: region(),
                elasticache: clients.elasticache_in()(&clients.here),
                journal: journal(),
                clock: clock.clone(),
            },
            traffic: traffic::Steps {
                systems: systems(),
                region: region(),
                elbv2_in: elbv2_in.clone(),
                s3_in: clients.s3_in(),
                route53: clients.route53(),
                routing_control_at: clients.routing_control_at(),
                journal: journal(),
                write_check: write_check.clone(),
                dns: Arc::new(NameServers::new(desk)),
                clock: clock.clone(),
            },
        });
        Self {
            region: region(),
            router: Router {
                systems: systems(),
                region: region(),
                journal: journal(),
                sfn: clients.sfn.clone(),
                sns: clients.sns.clone(),
                clock: clock.clone(),
            },
            assess: assess::Steps {
                systems: systems(),
                region: region(),
                rds: clients.rds.clone(),
                cloudwatch: clients.cloudwatch.clone(),
                elbv2: elbv2_in(&clients.here),
                servicequotas: clients.quotas_in()(&clients.here),
                rds_in: rds_in.clone(),
                cloudwatch_in: cloudwatch_in.clone(),
                autoscaling_in,
                journal: journal(),
                write_check: write_check.clone(),
                clock: clock.clone(),
            },
            database: database::Steps {
                systems: systems(),
                region: region(),
                rds: clients.rds.clone(),
                rds_in,
                cloudwatch_in,
                journal: journal(),
                write_check,
                clock: clock.clone(),
            },
            journal: journal::Steps {
                systems: systems(),
                region: region(),
                journal: journal(),
                journal_in: {
                    let dynamodb_in = clients.dynamodb_in();
                    Arc::new(move |region| DynamoJournal::new(dynamodb_in(region), JOURNAL_TABLE))
                },
                clock: clock.clone(),
            },
            notify: notify::Steps {
                systems: systems(),
                region: region(),
                sfn: clients.sfn.clone(),
                sns: clients.sns.clone(),
                journal: journal(),
                clock: clock.clone(),
            },
            hands: Hands {
                systems: systems(),
                region: region(),
                journal: journal(),
                sfn: clients.sfn.clone(),
                clock,
            },
            moving,
            desk: desk.clone(),
            tokens: clients.tokens.clone(),
            warm: RefCell::default(),
            usage: Cell::default(),
            said: RefCell::default(),
        }
    }
}
