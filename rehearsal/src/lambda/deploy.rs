//! The functions, with the clients of their Region.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use database::write_check::WriteCheck;
use domain::names::JOURNAL_TABLE;
use domain::system::{System, Systems};
use journal::DynamoJournal;
use operate::Hands;
use router::{Look, Router};

use super::{Functions, Moving};
use crate::cloud::dns::NameServers;
use crate::cloud::{Clients, Desk, application};
use crate::injection::Deck;

impl Functions {
    /// The functions, deployed in front of a world in the Region of those clients.
    pub fn deploy(desk: &Desk, clients: &Clients) -> Self {
        Self::deploy_at(desk, clients, &Rc::default())
    }

    /// The same, with a deck at which what they do is recorded and done again.
    pub(crate) fn deploy_at(desk: &Desk, clients: &Clients, deck: &Rc<Deck>) -> Self {
        let clock = Arc::new(desk.clock());
        let system = desk.world().system.clone();
        let systems = || Systems::from(vec![System::clone(&system)]);
        let region = || clients.here.clone();
        let journal = || DynamoJournal::new(clients.dynamodb.clone(), JOURNAL_TABLE);
        let write_check = WriteCheck {
            connector: application::connector(desk, &clients.here),
        };
        let (rds_in, cloudwatch_in) = (clients.rds_in(), clients.cloudwatch_in());
        let leased = system
            .region_failover
            .as_ref()
            .is_some_and(|shared| shared.write_lease.is_some());
        // Making a client is slow; without a lease nobody calls it.
        let write_lease = if leased {
            clients.write_lease()
        } else {
            clients.dynamodb.clone()
        };
        let (autoscaling_in, elbv2_in) = (clients.autoscaling_in(), clients.elbv2_in());
        let serves = system.web.is_some() || system.cache.is_some();
        let moving = (serves || system.region_failover.is_some()).then(|| Moving {
            capacity: capacity::Steps {
                systems: systems(),
                region: region(),
                autoscaling_in: autoscaling_in.clone(),
                elbv2_in: elbv2_in.clone(),
                zonal_shift: clients.zonal_shift_in()(&clients.here),
                cloudwatch: clients.cloudwatch.clone(),
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
                zonal_shift: clients.zonal_shift_in()(&clients.here),
                journal: journal(),
                write_check: write_check.clone(),
                dns: Arc::new(NameServers::new(desk, &clients.here)),
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
                look: Look {
                    autoscaling_in: clients.autoscaling_in(),
                    elbv2_in: clients.elbv2_in(),
                    codedeploy_in: clients.codedeploy_in(),
                },
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
                journal_in: {
                    let dynamodb_in = clients.dynamodb_in();
                    Arc::new(move |region| DynamoJournal::new(dynamodb_in(region), JOURNAL_TABLE))
                },
                write_check: write_check.clone(),
                clock: clock.clone(),
            },
            database: database::Steps {
                systems: systems(),
                region: region(),
                rds: clients.rds.clone(),
                rds_in,
                cloudwatch_in,
                dynamodb: write_lease,
                journal: journal(),
                write_check,
                clock: clock.clone(),
            },
            deployment: system.deployments.is_some().then(|| deployment::Steps {
                systems: systems(),
                region: region(),
                codedeploy: clients.codedeploy_in()(&clients.here),
                journal: journal(),
                clock: clock.clone(),
            }),
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
                journal_in: {
                    let dynamodb_in = clients.dynamodb_for_people();
                    Arc::new(move |region| DynamoJournal::new(dynamodb_in(region), JOURNAL_TABLE))
                },
                sfn: clients.sfn.clone(),
                clock,
            },
            moving,
            desk: desk.clone(),
            deck: Rc::clone(deck),
            tokens: clients.tokens.clone(),
            warm: RefCell::default(),
            usage: Cell::default(),
            said: RefCell::default(),
            sabotage: None,
        }
    }
}
