//! SDK clients, from a Region to a Region.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use domain::names::Region;
use domain::system::region_failover::ClusterEndpoint;
use runtime::InRegion;

use super::account::{Account, Regional};
use super::desk::{Desk, Route};
use super::tokens::Tokens;
use super::wire::client;
use super::{
    autoscaling, balancing, cloudwatch, codedeploy, dynamodb, elasticache, quotas, rds, route53,
    routing_control, s3, sns, states, zonal_shift,
};
use crate::dynamodb::Tables;
use crate::facts;
use crate::world::region::HOME_OF_ROUTE53;

/// Clients of every service that the functions of one Region call.
#[derive(Clone)]
pub struct Clients {
    /// The Region of those who call.
    pub here: Region,
    /// RDS there.
    pub rds: aws_sdk_rds::Client,
    /// CloudWatch there.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// DynamoDB there.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// SNS there.
    pub sns: aws_sdk_sns::Client,
    /// Step Functions there.
    pub sfn: aws_sdk_sfn::Client,
    /// Task tokens given out there.
    pub tokens: Tokens,
    account: Account,
    desk: Desk,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients")
            .field("here", &self.here)
            .finish_non_exhaustive()
    }
}

impl Clients {
    /// Clients in a Region that talk to the world behind a desk, and to what is kept in that account.
    pub fn new(desk: &Desk, account: &Account, here: &Region) -> Self {
        let route = &Route::within(here);
        let Regional { tables, tokens } = account.of_region(here);
        Self {
            here: here.clone(),
            rds: rds_at(desk, route),
            cloudwatch: cloudwatch_at(desk, route),
            dynamodb: dynamodb_at(desk, route, &tables),
            sns: client!(
                aws_sdk_sns,
                Xml,
                desk,
                route,
                facts::SNS_API,
                sns::rules(desk, route)
            ),
            sfn: client!(
                aws_sdk_sfn,
                Json,
                desk,
                route,
                facts::STATES_API,
                states::rules(desk, route, &tokens)
            ),
            tokens,
            account: account.clone(),
            desk: desk.clone(),
        }
    }

    /// RDS in any Region.
    pub fn rds_in(&self) -> InRegion<aws_sdk_rds::Client> {
        self.kept(self.rds.clone(), rds_at)
    }

    /// DynamoDB in any Region: each has a journal of its own.
    pub fn dynamodb_in(&self) -> InRegion<aws_sdk_dynamodb::Client> {
        let account = self.account.clone();
        self.kept(self.dynamodb.clone(), move |desk, route| {
            let Regional { tables, .. } = account.of_region(&route.to);
            dynamodb_at(desk, route, &tables)
        })
    }

    /// DynamoDB in any Region, as it answers people: they are in none, so no partition lies between.
    pub fn dynamodb_for_people(&self) -> InRegion<aws_sdk_dynamodb::Client> {
        let account = self.account.clone();
        self.kept(self.dynamodb.clone(), move |desk, route| {
            let Regional { tables, .. } = account.of_region(&route.to);
            dynamodb_at(desk, &Route::within(&route.to), &tables)
        })
    }

    /// DynamoDB in this Region, as the write lease's table answers there.
    pub fn write_lease(&self) -> aws_sdk_dynamodb::Client {
        let route = Route::within(&self.here);
        let rules = dynamodb::lease_rules(&self.desk, &route);
        client!(
            aws_sdk_dynamodb,
            Json,
            &self.desk,
            &route,
            facts::CONSISTENT_TABLE_API,
            rules
        )
    }

    /// CloudWatch in any Region.
    pub fn cloudwatch_in(&self) -> InRegion<aws_sdk_cloudwatch::Client> {
        self.kept(self.cloudwatch.clone(), cloudwatch_at)
    }

    /// EC2 Auto Scaling in any Region.
    pub fn autoscaling_in(&self) -> InRegion<aws_sdk_autoscaling::Client> {
        self.kept(None, |desk, route| {
            let rules = autoscaling::rules(desk, route);
            client!(
                aws_sdk_autoscaling,
                Xml,
                desk,
                route,
                facts::AUTO_SCALING_API,
                rules
            )
        })
    }

    /// Elastic Load Balancing in any Region.
    pub fn elbv2_in(&self) -> InRegion<aws_sdk_elasticloadbalancingv2::Client> {
        self.kept(None, |desk, route| {
            let rules = balancing::rules(desk, route);
            client!(
                aws_sdk_elasticloadbalancingv2,
                Xml,
                desk,
                route,
                facts::LOAD_BALANCING_API,
                rules
            )
        })
    }

    /// ElastiCache in any Region.
    pub fn elasticache_in(&self) -> InRegion<aws_sdk_elasticache::Client> {
        self.kept(None, |desk, route| {
            let rules = elasticache::rules(desk, route);
            client!(
                aws_sdk_elasticache,
                Xml,
                desk,
                route,
                facts::ELASTICACHE_API,
                rules
            )
        })
    }

    /// CodeDeploy in any Region.
    pub fn codedeploy_in(&self) -> InRegion<aws_sdk_codedeploy::Client> {
        self.kept(None, |desk, route| {
            let rules = codedeploy::rules(desk, route);
            client!(
                aws_sdk_codedeploy,
                Json,
                desk,
                route,
                facts::CODEDEPLOY_API,
                rules
            )
        })
    }

    /// Zonal shift in any Region.
    pub fn zonal_shift_in(&self) -> InRegion<aws_sdk_arczonalshift::Client> {
        self.kept(None, |desk, route| {
            let rules = zonal_shift::rules(desk, route);
            client!(
                aws_sdk_arczonalshift,
                Json,
                desk,
                route,
                facts::ZONAL_SHIFT_API,
                rules
            )
        })
    }

    /// Service Quotas in any Region.
    pub fn quotas_in(&self) -> InRegion<aws_sdk_servicequotas::Client> {
        self.kept(None, |desk, route| {
            let rules = quotas::rules(desk, route);
            client!(aws_sdk_servicequotas, Json, desk, route, facts::QUOTAS_API, rules)
        })
    }

    /// S3 in any Region.
    pub fn s3_in(&self) -> InRegion<aws_sdk_s3::Client> {
        self.kept(None, |desk, route| {
            let rules = s3::rules(desk, route);
            client!(aws_sdk_s3, BareXml, desk, route, facts::S3_API, rules)
        })
    }

    /// Route 53.
    pub fn route53(&self) -> aws_sdk_route53::Client {
        let route = Route {
            from: self.here.clone(),
            to: HOME_OF_ROUTE53.parse().expect("us-east-1 is a Region"),
        };
        let rules = route53::rules(&self.desk, &route);
        client!(
            aws_sdk_route53,
            Xml,
            &self.desk,
            &route,
            facts::ROUTE53_API,
            rules
        )
    }

    /// The endpoints of a routing-control cluster.
    pub fn routing_control_at(
        &self,
    ) -> Arc<dyn Fn(&ClusterEndpoint) -> aws_sdk_route53recoverycluster::Client + Send + Sync> {
        let at = self.kept(None, |desk, route| {
            let rules = routing_control::rules(desk, route);
            client!(
                aws_sdk_route53recoverycluster,
                Json,
                desk,
                route,
                facts::ROUTING_CONTROL_API,
                rules
            )
        });
        Arc::new(move |endpoint| at(&endpoint.region))
    }

    /// Clients of a service, made when they are first asked for; the one of this Region may be there already.
    fn kept<C: Clone + Send + Sync + 'static>(
        &self,
        own: impl Into<Option<C>>,
        make: impl Fn(&Desk, &Route) -> C + Send + Sync + 'static,
    ) -> InRegion<C> {
        let (desk, here) = (self.desk.clone(), self.here.clone());
        let made: BTreeMap<Region, C> = own.into().map(|own| (here.clone(), own)).into_iter().collect();
        let made = Mutex::new(made);
        Arc::new(move |region| {
            let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
            let client = made.entry(region.clone()).or_insert_with(|| {
                let route = Route {
                    from: here.clone(),
                    to: region.clone(),
                };
                make(&desk, &route)
            });
            client.clone()
        })
    }
}

fn dynamodb_at(desk: &Desk, route: &Route, tables: &Arc<Mutex<Tables>>) -> aws_sdk_dynamodb::Client {
    client!(
        aws_sdk_dynamodb,
        Json,
        desk,
        route,
        facts::DYNAMODB_API,
        dynamodb::rules(desk, route, tables)
    )
}

fn rds_at(desk: &Desk, route: &Route) -> aws_sdk_rds::Client {
    client!(
        aws_sdk_rds,
        Xml,
        desk,
        route,
        facts::RDS_API,
        rds::rules(desk, route)
    )
}

fn cloudwatch_at(desk: &Desk, route: &Route) -> aws_sdk_cloudwatch::Client {
    let rules = cloudwatch::rules(desk, route);
    client!(
        aws_sdk_cloudwatch,
        Cbor,
        desk,
        route,
        facts::CLOUDWATCH_API,
        rules
    )
}
