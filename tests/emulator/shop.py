"""An application on the emulator. Every flow has one to itself; all of them are in one account, and one deployment keeps
them upright.

Both Regions have a database, a web tier and people's topics; the name leads to the primary Region. What Evenkeel needs
besides is its own stack: `stack.py`. What answers HTTPS and DNS is `application.py`.
"""

import functools
import json
import pathlib
import string

import boto3
import botocore.config

# One application for each flow that changes it. A name is moved by its records, or by an object that a health check watches.
NAMES = ("shop", "store", "market", "stall")
STEERED_BY_AN_OBJECT = ("market",)
SWITCH = "standby-serves"
ACCOUNT = "111122223333"
PRIMARY, STANDBY = REGIONS = ("eu-central-1", "eu-west-1")
ZONES = {PRIMARY: ("eu-central-1a", "eu-central-1b", "eu-central-1c"), STANDBY: ("eu-west-1a",)}
SYSTEM_FILE = pathlib.Path(__file__).with_name("shop.toml")
GROUPS = {PRIMARY: "sg-11111111111111111", STANDBY: "sg-33333333333333333"}
ISOLATING = {PRIMARY: "sg-22222222222222222", STANDBY: "sg-44444444444444444"}
# How many instances serve in each Region before anything happens.
SERVING = {PRIMARY: 3, STANDBY: 1}


@functools.cache
def client(url, service, region=PRIMARY):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=ACCOUNT,  # ministack takes the account from the key
        aws_secret_access_key="not checked",
        config=botocore.config.Config(
            retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30, max_pool_connections=20
        ),
    )


class Shop:
    def __init__(self, url, name):
        self.url, self.name = url, name
        self.hostname = f"{name}.example.com"
        number = 1 + NAMES.index(name)
        self.addresses = {region: f"127.0.{number}.{index}" for index, region in enumerate(REGIONS, start=1)}
        self.clusters = {PRIMARY: f"{name}-db", STANDBY: f"{name}-db-{STANDBY}"}
        self.file = None  # the system file, once it is written
        self.target_groups, self.listeners, self.queues = {}, {}, {}
        self.bucket = f"{name}-switch-{STANDBY}" if name in STEERED_BY_AN_OBJECT else None

    def client(self, service, region=PRIMARY):
        return client(self.url, service, region)

    def create(self):
        """Creates all of it, and answers with the system file's text."""
        self._databases()
        for region in REGIONS:
            self._web(region)
            self._people(region)
        self.hosted_zone = self._name()
        self.measure_lag()
        self._alarms()
        traffic = (
            f'{{ kind = "record", hosted-zone = "{self.hosted_zone}", policy = "failover", '
            f'primary = "{PRIMARY}", standby = "{STANDBY}" }}'
        )
        if self.bucket:
            self.client("s3", STANDBY).create_bucket(
                Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": STANDBY}
            )
            traffic = f'{{ kind = "health-check", bucket = "{self.bucket}", key = "{SWITCH}" }}'
        return string.Template(SYSTEM_FILE.read_text()).substitute(
            name=self.name,
            account=ACCOUNT,
            hostname=self.hostname,
            traffic=traffic,
            primary_target_group=self.target_groups[PRIMARY],
            primary_listener=self.listeners[PRIMARY],
            standby_target_group=self.target_groups[STANDBY],
            standby_listener=self.listeners[STANDBY],
        )

    def _databases(self):
        shared = {"Engine": "aurora-postgresql", "EngineVersion": "17.7"}
        for region in REGIONS:
            rds, cluster = self.client("rds", region), self.clusters[region]
            follows = {"GlobalClusterIdentifier": f"{self.name}-global"}
            writes = {"MasterUsername": "shop", "MasterUserPassword": "not-a-secret"}
            created = rds.create_db_cluster(
                DBClusterIdentifier=cluster,
                VpcSecurityGroupIds=[GROUPS[region]],
                **shared,
                **(writes if region == PRIMARY else follows),
            )["DBCluster"]
            for tier, zone in enumerate(ZONES[region]):
                rds.create_db_instance(
                    DBInstanceIdentifier=f"{cluster}-{zone[-1]}",
                    DBClusterIdentifier=cluster,
                    DBInstanceClass="db.r6g.large",
                    AvailabilityZone=zone,
                    PromotionTier=tier,
                    Engine=shared["Engine"],
                )
            if region == PRIMARY:
                rds.create_global_cluster(
                    GlobalClusterIdentifier=f"{self.name}-global", SourceDBClusterIdentifier=created["DBClusterArn"]
                )

    def _web(self, region):
        balancing, scaling = self.client("elbv2", region), self.client("autoscaling", region)
        balancer = balancing.create_load_balancer(Name=self.name, Subnets=["subnet-1", "subnet-2"])
        target_group = balancing.create_target_group(Name=self.name, Protocol="HTTP", Port=80, VpcId="vpc-1")
        self.target_groups[region] = target_group["TargetGroups"][0]["TargetGroupArn"]
        listener = balancing.create_listener(
            LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.target_groups[region]}],
        )
        self.listeners[region] = listener["Listeners"][0]["ListenerArn"]
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=f"{self.name}-web",
            MinSize=1,
            DesiredCapacity=SERVING[region],
            MaxSize=6,
            AvailabilityZones=list(ZONES[region]),
            LaunchTemplate={"LaunchTemplateName": self.name, "Version": "1"},
            TargetGroupARNs=[self.target_groups[region]],
        )

    def _people(self, region):
        """Topics with a queue behind them, in which every message waits for whoever looks."""
        topics, queues = self.client("sns", region), self.client("sqs", region)
        queue = queues.create_queue(QueueName=f"{self.name}-people")["QueueUrl"]
        attributes = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        for topic in ("on-call", "news"):
            arn = topics.create_topic(Name=f"{self.name}-{topic}")["TopicArn"]
            topics.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=attributes["QueueArn"])
        self.queues[region] = queue

    def _name(self):
        route53 = self.client("route53")
        zone = route53.create_hosted_zone(Name=self.hostname, CallerReference=self.name)["HostedZone"]["Id"]
        records = []
        for region, role in zip(REGIONS, ("PRIMARY", "SECONDARY")):
            address = {"Type": "A", "TTL": 1, "ResourceRecords": [{"Value": self.addresses[region]}]}
            records.append({"Name": f"{region}.{self.hostname}", **address})
            records.append({"Name": self.hostname, "SetIdentifier": region, "Failover": role, **address})
        changes = [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
        return zone.rsplit("/", 1)[1]

    def _alarms(self):
        """All of them know that it is well."""
        for alarm in ("writer-unreachable", "load", "users-failing"):
            self.client("cloudwatch").put_metric_alarm(
                AlarmName=f"{self.name}-{alarm}",
                Namespace="Shop",
                MetricName=alarm,
                Statistic="Maximum",
                Period=60,
                EvaluationPeriods=1,
                Threshold=70,
                ComparisonOperator="GreaterThanThreshold",
            )
            self.change_alarm(alarm, "OK", 60.0)

    def change_alarm(self, alarm, value, datapoint):
        """As CloudWatch changes an alarm when a datapoint crosses its threshold, with the words that it has for it."""
        self.client("cloudwatch").set_alarm_state(
            AlarmName=f"{self.name}-{alarm}",
            StateValue=value,
            StateReason=f"Threshold Crossed: 1 datapoint [{datapoint}] was a reason for {value}.",
            StateReasonData=json.dumps(
                {
                    "version": "1.0",
                    "statistic": "Maximum",
                    "period": 60,
                    "recentDatapoints": [datapoint],
                    "threshold": 70.0,
                }
            ),
        )

    def measure_lag(self):
        """What RDS would put every minute: how far readers are behind their writer, and a Region behind the other."""
        for region in REGIONS:
            lags = [
                ("AuroraGlobalDBRPOLag", "DBClusterIdentifier", self.clusters[region], 120),
                *(
                    ("AuroraReplicaLag", "DBInstanceIdentifier", f"{self.clusters[region]}-{zone[-1]}", 15)
                    for zone in ZONES[region]
                ),
            ]
            self.client("cloudwatch", region).put_metric_data(
                Namespace="AWS/RDS",
                MetricData=[
                    {"MetricName": metric, "Dimensions": [{"Name": dimension, "Value": value}], "Value": ms}
                    for metric, dimension, value, ms in lags
                ],
            )

    # What is to be seen of it.

    def cluster(self, region):
        found = self.client("rds", region).describe_db_clusters(DBClusterIdentifier=self.clusters[region])
        return found["DBClusters"][0]

    def writer(self, region=PRIMARY):
        """The DB instance that writes in a Region's cluster, if the cluster is the one that is written to."""
        if self.writing_region() != region:
            return None
        members = self.cluster(region)["DBClusterMembers"]
        return next((one["DBInstanceIdentifier"] for one in members if one["IsClusterWriter"]), None)

    def writing_region(self):
        found = self.client("rds").describe_global_clusters(GlobalClusterIdentifier=f"{self.name}-global")
        members = found["GlobalClusters"][0]["GlobalClusterMembers"]
        return next((one["DBClusterArn"].split(":")[3] for one in members if one["IsWriter"]), None)

    def is_isolated(self, region):
        groups = self.cluster(region)["VpcSecurityGroups"]
        return any(group["VpcSecurityGroupId"] == ISOLATING[region] for group in groups)

    def edge(self, region):
        """The status that a Region's listener answers by itself, or nothing when it forwards."""
        found = self.client("elbv2", region).describe_listeners(ListenerArns=[self.listeners[region]])
        action = found["Listeners"][0]["DefaultActions"][0]
        return action.get("FixedResponseConfig", {}).get("StatusCode")

    def addresses_of(self, name):
        """Where Route 53 leads a name, with the TTL: of a pair of failover records, the one that is healthy."""
        listed = self.client("route53").list_resource_record_sets(
            HostedZoneId=self.hosted_zone, StartRecordName=name, StartRecordType="A"
        )
        role = "SECONDARY" if self.is_switched() else "PRIMARY"
        records = [
            record
            for record in listed["ResourceRecordSets"]
            if record["Name"].rstrip(".").lower() == name
            and record["Type"] == "A"
            and record.get("Failover", role) == role
        ]
        return [(value["Value"], record["TTL"]) for record in records for value in record["ResourceRecords"]]

    def is_switched(self):
        """Whether the object is there that makes the primary record's inverted health check fail."""
        if not self.bucket:
            return False
        found = self.client("s3", STANDBY).list_objects_v2(Bucket=self.bucket, Prefix=SWITCH)
        return found["KeyCount"] > 0

    def group(self, region):
        found = self.client("autoscaling", region).describe_auto_scaling_groups(
            AutoScalingGroupNames=[f"{self.name}-web"]
        )
        return found["AutoScalingGroups"][0]

    def healthy_targets(self, region):
        found = self.client("elbv2", region).describe_target_health(TargetGroupArn=self.target_groups[region])
        states = [one["TargetHealth"]["State"] for one in found["TargetHealthDescriptions"]]
        return states.count("healthy")

    def messages(self, region):
        """Takes the messages that people in a Region got: subject and text."""
        queues, taken = self.client("sqs", region), []
        while True:
            found = queues.receive_message(QueueUrl=self.queues[region], MaxNumberOfMessages=10).get("Messages", [])
            if not found:
                return taken
            for message in found:
                queues.delete_message(QueueUrl=self.queues[region], ReceiptHandle=message["ReceiptHandle"])
                taken.append(json.loads(message["Body"]))
