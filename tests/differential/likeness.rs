//! A system on an emulator like the one in the embedded cloud: what is found there is made here, under the same names.

use std::time::{Duration, SystemTime};

use aws_sdk_autoscaling::types::AutoScalingGroup;
use aws_sdk_cloudwatch::types::{Dimension, MetricAlarm, MetricDatum, Statistic};
use aws_sdk_codedeploy::types::RevisionLocation;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_elasticache::types::ReplicationGroup;
use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, ProtocolEnum};
use aws_sdk_rds::types::{DbCluster, DbInstance};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecordSet};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use deployment::history::{self, Which};
use domain::names::{JOURNAL_TABLE, Recovery, Region};

use crate::deployments::revision;
use crate::side::Side;

/// What was found in the embedded cloud.
pub(crate) struct Like {
    clusters: Vec<(Region, DbCluster)>,
    instances: Vec<(Region, DbInstance)>,
    groups: Vec<(Region, AutoScalingGroup)>,
    records: Vec<ResourceRecordSet>,
    alarms: Vec<(Region, MetricAlarm)>,
    cache: Option<ReplicationGroup>,
    revision: Option<RevisionLocation>,
}

/// Looks at everything that is to be made alike.
pub(crate) async fn of(side: &Side) -> Like {
    let mut like = Like {
        clusters: Vec::new(),
        instances: Vec::new(),
        groups: Vec::new(),
        records: Vec::new(),
        alarms: Vec::new(),
        cache: None,
        revision: None,
    };
    let mut regions = vec![side.home.clone()];
    if side.away != side.home {
        regions.push(side.away.clone());
        if !side.hosted_zone.is_empty() {
            like.records = side.records().await;
        }
        if side.cache(&side.home).is_some() {
            like.cache = Some(side.replication_group().await);
        }
    }
    for region in regions {
        let rds = (side.rds)(&region);
        let clusters = rds.describe_db_clusters().send().await.expect("described");
        let instances = rds.describe_db_instances().send().await.expect("described");
        let groups = (side.autoscaling)(&region).describe_auto_scaling_groups();
        let groups = groups
            .auto_scaling_group_names(side.group(&region))
            .send()
            .await
            .expect("described");
        let alarms = (side.cloudwatch)(&region)
            .describe_alarms()
            .send()
            .await
            .expect("described");
        like.alarms.extend(
            alarms
                .metric_alarms
                .into_iter()
                .flatten()
                .map(|one| (region.clone(), one)),
        );
        like.clusters.extend(
            clusters
                .db_clusters
                .into_iter()
                .flatten()
                .map(|one| (region.clone(), one)),
        );
        like.instances.extend(
            instances
                .db_instances
                .into_iter()
                .flatten()
                .map(|one| (region.clone(), one)),
        );
        like.groups.extend(
            groups
                .auto_scaling_groups
                .into_iter()
                .flatten()
                .map(|one| (region.clone(), one)),
        );
    }
    if let Some(declared) = &side.system.deployments {
        let which = Which {
            of: declared,
            succeeded: true,
            since: None,
        };
        let found = history::read(&(side.codedeploy)(&side.home), &which, |read| !read.is_empty()).await;
        like.revision = found.expect("read").read.into_iter().find_map(|one| one.revision);
    }
    like
}

/// Makes a system in two Regions on ministack.
pub(crate) async fn on_ministack(mut side: Side, like: &Like) -> Side {
    databases(&side, like).await;
    for (region, group) in &like.groups {
        let (target_group, listener) = web(&side, region, group).await;
        side.target_groups.insert(region.clone(), target_group);
        side.listeners.insert(region.clone(), listener);
    }
    if !like.records.is_empty() {
        side.hosted_zone = zone(&side, like).await;
    }
    table(&side).await;
    people(&side).await;
    cache(&side, like).await;
    switch(&side).await;
    watching(&side, like).await;
    side
}

async fn databases(side: &Side, like: &Like) {
    for (region, cluster) in &like.clusters {
        let (rds, id) = (
            (side.rds)(region),
            cluster.db_cluster_identifier().expect("an identifier"),
        );
        let groups = cluster.vpc_security_groups().iter();
        let groups = groups.filter_map(|group| group.vpc_security_group_id().map(str::to_owned));
        let make = rds
            .create_db_cluster()
            .db_cluster_identifier(id)
            .engine(cluster.engine().expect("an engine"));
        let make = make.set_vpc_security_group_ids(Some(groups.collect()));
        let make = if *region == side.home {
            make.master_username("shop").master_user_password("not-a-secret")
        } else {
            make.global_cluster_identifier(side.global_cluster())
        };
        let made = make.send().await.expect("a cluster");
        let members = like.instances.iter();
        for (_, instance) in members.filter(|(_, one)| one.db_cluster_identifier() == Some(id)) {
            let name = instance.db_instance_identifier().expect("an identifier");
            let tier = cluster.db_cluster_members().iter();
            let tier = tier.filter(|member| member.db_instance_identifier() == Some(name));
            rds.create_db_instance()
                .db_instance_identifier(name)
                .db_cluster_identifier(id)
                .engine(cluster.engine().expect("an engine"))
                .db_instance_class("db.r6g.large")
                .set_availability_zone(instance.availability_zone().map(str::to_owned))
                .set_promotion_tier(tier.filter_map(|member| member.promotion_tier()).next())
                .send()
                .await
                .expect("an instance");
        }
        if *region == side.home {
            let arn = made
                .db_cluster()
                .and_then(|made| made.db_cluster_arn())
                .expect("an ARN");
            let global = rds
                .create_global_cluster()
                .global_cluster_identifier(side.global_cluster());
            global
                .source_db_cluster_identifier(arn)
                .send()
                .await
                .expect("a global cluster");
        }
    }
}

/// A load balancer and a group in a Region. The ARNs of the target group and of the listener.
async fn web(side: &Side, region: &Region, group: &AutoScalingGroup) -> (String, String) {
    let balancing = (side.elbv2)(region);
    let balancer = balancing
        .create_load_balancer()
        .name("like")
        .subnets("subnet-1")
        .subnets("subnet-2");
    let balancer = balancer.send().await.expect("a load balancer");
    let balancer = balancer
        .load_balancers()
        .first()
        .and_then(|one| one.load_balancer_arn().map(str::to_owned));
    let made = balancing
        .create_target_group()
        .name("like")
        .protocol(ProtocolEnum::Http)
        .port(80)
        .vpc_id("vpc-1");
    let made = made.send().await.expect("a target group");
    let target_group = made
        .target_groups()
        .first()
        .and_then(|one| one.target_group_arn());
    let target_group = target_group.expect("an ARN").to_owned();
    let forward = Action::builder()
        .r#type(ActionTypeEnum::Forward)
        .target_group_arn(&target_group);
    let listener = balancing.create_listener().set_load_balancer_arn(balancer);
    let listener = listener
        .protocol(ProtocolEnum::Http)
        .port(80)
        .default_actions(forward.build());
    let listener = listener.send().await.expect("a listener");
    let listener = listener
        .listeners()
        .first()
        .and_then(|one| one.listener_arn())
        .expect("an ARN")
        .to_owned();
    grouped(side, region, group)
        .target_group_arns(&target_group)
        .send()
        .await
        .expect("a group");
    (target_group, listener)
}

fn grouped(
    side: &Side,
    region: &Region,
    group: &AutoScalingGroup,
) -> aws_sdk_autoscaling::operation::create_auto_scaling_group::builders::CreateAutoScalingGroupFluentBuilder
{
    let mut zones: Vec<String> = group
        .instances()
        .iter()
        .filter_map(|one| one.availability_zone().map(str::to_owned))
        .collect();
    zones.sort();
    zones.dedup();
    (side.autoscaling)(region)
        .create_auto_scaling_group()
        .set_auto_scaling_group_name(group.auto_scaling_group_name().map(str::to_owned))
        .set_min_size(group.min_size())
        .set_desired_capacity(group.desired_capacity())
        .set_max_size(group.max_size())
        .set_availability_zones(Some(zones))
        .health_check_grace_period(0)
}

async fn zone(side: &Side, like: &Like) -> String {
    let name = side.hostname().split_once('.').map_or("", |(_, zone)| zone);
    let zone = side
        .route53
        .create_hosted_zone()
        .name(name)
        .caller_reference("like");
    let zone = zone.send().await.expect("a hosted zone");
    let id = zone
        .hosted_zone()
        .map(|zone| zone.id().trim_start_matches("/hostedzone/").to_owned());
    let id = id.expect("an id");
    let changes = like.records.iter().map(|record| {
        // Its health check is the embedded cloud's.
        let mut record = record.clone();
        record.health_check_id = None;
        let change = Change::builder()
            .action(ChangeAction::Create)
            .resource_record_set(record);
        change.build().expect("a change")
    });
    let batch = ChangeBatch::builder()
        .set_changes(Some(changes.collect()))
        .build()
        .expect("a batch");
    let made = side
        .route53
        .change_resource_record_sets()
        .hosted_zone_id(&id)
        .change_batch(batch);
    made.send().await.expect("records");
    id
}

async fn table(side: &Side) {
    let mut make = side.dynamodb.create_table().table_name(JOURNAL_TABLE);
    make = make.billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let key = KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .expect("a key");
        let text = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S);
        make = make
            .key_schema(key)
            .attribute_definitions(text.build().expect("an attribute"));
    }
    make.send().await.expect("a table");
}

async fn people(side: &Side) {
    let topic = side
        .system
        .people
        .page
        .as_str()
        .rsplit(':')
        .next()
        .unwrap_or_default();
    side.sns.create_topic().name(topic).send().await.expect("a topic");
    let machine = Recovery::FailOverDatabase.state_machine_name();
    // It lasts longer than the row that starts it.
    let definition =
        r#"{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": true}}}"#;
    let role = format!("arn:aws:iam::{}:role/like", side.system.account);
    let made = side
        .sfn
        .create_state_machine()
        .name(machine)
        .definition(definition)
        .role_arn(role);
    made.send().await.expect("a machine");
}

async fn cache(side: &Side, like: &Like) {
    let (Some(group), Some(id)) = (&like.cache, side.cache(&side.home)) else {
        return;
    };
    let nodes = group
        .node_groups()
        .first()
        .map_or(0, |nodes| nodes.node_group_members().len());
    let make = (side.elasticache)(&side.home)
        .create_replication_group()
        .replication_group_id(id);
    let make = make
        .replication_group_description("like")
        .engine("redis")
        .cache_node_type("cache.t3.micro");
    let make = make
        .num_cache_clusters(i32::try_from(nodes).expect("few nodes"))
        .multi_az_enabled(true);
    make.automatic_failover_enabled(true)
        .send()
        .await
        .expect("a replication group");
}

async fn switch(side: &Side) {
    let Some((bucket, _)) = side.switch() else {
        return;
    };
    let home = BucketLocationConstraint::from(side.away.as_str());
    let place = CreateBucketConfiguration::builder()
        .location_constraint(home)
        .build();
    let make = (side.s3)(&side.away).create_bucket().bucket(bucket);
    make.create_bucket_configuration(place)
        .send()
        .await
        .expect("a bucket");
}

async fn watching(side: &Side, like: &Like) {
    for (region, alarm) in &like.alarms {
        let (client, name) = ((side.cloudwatch)(region), alarm.alarm_name().expect("a name"));
        let make = client
            .put_metric_alarm()
            .alarm_name(name)
            .namespace("Shop")
            .metric_name(name);
        let make = make.set_threshold(alarm.threshold()).set_period(alarm.period());
        let make = make.set_comparison_operator(alarm.comparison_operator().cloned());
        let make = make.statistic(Statistic::Sum).evaluation_periods(1);
        make.send().await.expect("an alarm");
        let set = client.set_alarm_state().alarm_name(name);
        let set = set.set_state_value(alarm.state_value().cloned());
        let set = set.set_state_reason_data(alarm.state_reason_data().map(str::to_owned));
        set.state_reason("as it is there").send().await.expect("a state");
    }
    for (region, cluster) in &like.clusters {
        let id = cluster.db_cluster_identifier().expect("an identifier");
        put(side, region, "AuroraGlobalDBRPOLag", "DBClusterIdentifier", id).await;
    }
    for (region, instance) in &like.instances {
        let id = instance.db_instance_identifier().expect("an identifier");
        put(side, region, "AuroraReplicaLag", "DBInstanceIdentifier", id).await;
    }
}

async fn put(side: &Side, region: &Region, metric: &str, dimension: &str, value: &str) {
    let now = u64::try_from(side.now().as_second()).expect("after 1970");
    // Of the period that is over.
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(now - 60);
    let datum = MetricDatum::builder()
        .metric_name(metric)
        .dimensions(Dimension::builder().name(dimension).value(value).build())
        .timestamp(at.into())
        .value(20.0);
    let put = (side.cloudwatch)(region)
        .put_metric_data()
        .namespace("AWS/RDS")
        .metric_data(datum.build());
    put.send().await.expect("a datapoint");
}

async fn replica(side: &Side, like: &Like) {
    let mut source = None;
    for (region, instance) in &like.instances {
        let (rds, id) = (
            (side.rds)(region),
            instance.db_instance_identifier().expect("an identifier"),
        );
        let zone = instance.availability_zone().map(str::to_owned);
        side.until("moto loads RDS", async || {
            rds.describe_db_instances().send().await.is_ok()
        })
        .await;
        if let Some(source) = &source {
            let make = rds.create_db_instance_read_replica().db_instance_identifier(id);
            let make = make
                .source_db_instance_identifier(source)
                .set_availability_zone(zone);
            make.send().await.expect("a replica");
            continue;
        }
        let make = rds
            .create_db_instance()
            .db_instance_identifier(id)
            .db_instance_class("db.r6g.large");
        let make = make
            .engine(instance.engine().expect("an engine"))
            .allocated_storage(20);
        let make = make.master_username("shop").master_user_password("not-a-secret");
        let made = make
            .set_availability_zone(zone)
            .multi_az(true)
            .send()
            .await
            .expect("an instance");
        source = made
            .db_instance()
            .and_then(|made| made.db_instance_arn().map(str::to_owned));
    }
}

/// Makes what ministack lacks on moto: a replica, or a group, and an application that is deployed to it.
pub(crate) async fn on_moto(side: Side, like: &Like) -> Side {
    if side.system.deployments.is_none() {
        replica(&side, like).await;
        return side;
    }
    let client = (side.autoscaling)(&side.home);
    // moto loads a service when it is first asked of it, which may take longer than a call may.
    side.until("moto loads its services", async || {
        let groups = client.describe_auto_scaling_groups().send().await;
        let applications = (side.codedeploy)(&side.home).list_applications().send().await;
        groups.is_ok() && applications.is_ok()
    })
    .await;
    let configuration = client
        .create_launch_configuration()
        .launch_configuration_name("like");
    let configuration = configuration.image_id("ami-12c6146b").instance_type("t3.micro");
    configuration.send().await.expect("a launch configuration");
    for (region, group) in &like.groups {
        let made = grouped(&side, region, group).launch_configuration_name("like");
        made.send().await.expect("a group");
    }
    let declared = side.system.deployments.clone().expect("deployments are declared");
    let deploy = (side.codedeploy)(&side.home);
    let application = deploy
        .create_application()
        .application_name(&declared.application);
    application.send().await.expect("an application");
    let group = deploy
        .create_deployment_group()
        .application_name(&declared.application);
    let role = format!("arn:aws:iam::{}:role/like", side.system.account);
    let group = group
        .deployment_group_name(&declared.group)
        .service_role_arn(role);
    group.send().await.expect("a deployment group");
    let place = like
        .revision
        .as_ref()
        .and_then(RevisionLocation::s3_location)
        .expect("a revision");
    let place = revision(
        place.bucket().unwrap_or_default(),
        place.key().unwrap_or_default(),
    );
    let first = deploy.create_deployment().application_name(&declared.application);
    let first = first.deployment_group_name(&declared.group).revision(place);
    first.send().await.expect("a deployment");
    side
}
