//! What serves users in a Region: an Auto Scaling group behind a load balancer's listener.
//!
//! The group launches what it wants, as far as there is capacity; an instance boots, registers, and is healthy some
//! checks later. A launch that fails leaves an activity with AWS's words, and is tried again.
//!
//! Where the system file says in which zones and subnets the group runs, it is kept balanced over them, and an instance
//! dies before anybody notices: first the load balancer's checks see it, then perhaps the group's ([`Checks`]).

mod group;
mod operations;
mod shifts;
pub mod zones;

use domain::names::Region;
use domain::system::{WebTier, region_failover as declared};

pub use self::operations::Wanted;
pub use self::shifts::Refusal as ShiftRefusal;
pub use self::zones::Zones;

use super::Ms;
use crate::dice::Dice;
use crate::facts;

/// The type of every instance.
const INSTANCE_TYPE: &str = "m7g.large";

/// A quota of vCPUs that nobody has raised is smaller; one that carries production has been.
const QUOTA_VCPUS: u32 = 256;

/// How many activities are kept.
const ACTIVITIES: usize = 50;

/// Why a group launches what it wants and does not have.
const DIFFERENCE: &str = "a difference between desired and actual capacity";

/// A web tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Web {
    /// The Auto Scaling group.
    pub group: String,
    /// The target group's ARN.
    pub target_group: String,
    /// The listener's ARN.
    pub listener: String,
    /// `MinSize`
    pub min: u32,
    /// `DesiredCapacity`
    pub desired: u32,
    /// `MaxSize`
    pub max: u32,
    /// What the listener does with a request.
    pub action: Action,
    /// The group's instances, oldest first.
    pub instances: Vec<Instance>,
    /// What the group did, newest first.
    pub activities: Vec<Activity>,
    /// The account's quota of running On-Demand Standard vCPUs in the Region.
    pub quota_vcpus: u32,
    /// How many instances serve all users, as the system file says.
    pub needed: u32,
    /// How many more instances there is capacity for in the Region, if it is short.
    pub room: Option<u32>,
    /// Whether the instances answer.
    pub answers: bool,
    /// What the group believes about its instances.
    pub checks: Checks,
    /// Whether what is launched from now on ever becomes healthy.
    pub boots_well: bool,
    /// What new instances run: the revision that was deployed with success last.
    pub release: Option<Release>,
    /// Its zones.
    pub zones: Zones,
    region: Region,
    launched: u32,
}

/// By which checks a group notices that an instance has to be replaced.
/// Source: EC2 Auto Scaling User Guide, health-checks-overview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// EC2's status checks, the default: a dead application is not seen.
    Ec2,
    /// The load balancer's as well.
    Elb,
}

impl Checks {
    /// As the API spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::Elb => "ELB",
        }
    }
}

/// A revision on an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its key in S3.
    pub key: String,
    /// How many of a hundred requests it answers with an error.
    pub errors_percent: u64,
    /// Whether it breaks its target some time after it was started.
    pub breaks: bool,
}

/// Why nothing on an instance answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dead {
    /// Its host is gone with its zone: EC2 sees that.
    Host,
    /// The instance is broken in a way that EC2 does not see.
    Instance,
    /// The revision on it does not run: another one would.
    Revision,
}

/// What a listener does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It goes to a healthy target.
    Forward,
    /// It is answered by the load balancer itself.
    FixedResponse {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
}

/// An instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Its zone.
    pub zone: String,
    /// What the group says of it.
    pub lifecycle: Lifecycle,
    /// What the load balancer says of it.
    pub target: Target,
    /// The revision on it, where there are deployments.
    pub release: Option<Release>,
    /// Why nothing on it answers, if that is so. The load balancer sees it some checks later.
    pub dead: Option<Dead>,
    /// When it was launched.
    pub launched: Ms,
}

/// An instance's state in its group. Source: EC2 Auto Scaling User Guide, ec2-auto-scaling-lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// It boots.
    Pending,
    /// It runs, or is believed to.
    InService,
    /// It is drained and shut down.
    Terminating,
}

impl Lifecycle {
    /// As the API spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InService => "InService",
            Self::Terminating => "Terminating",
        }
    }
}

/// A target's state. Source: ELBv2 API, TargetHealth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Not registered.
    Unused,
    /// Registered; its first checks are under way.
    Initial,
    /// It passes its checks.
    Healthy,
    /// It fails them.
    Unhealthy,
    /// It is being deregistered.
    Draining,
}

impl Target {
    /// As the API spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Initial => "initial",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Draining => "draining",
        }
    }
}

/// A scaling activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// The instance it is about, or a number where none came to be.
    pub id: String,
    /// When it began.
    pub at: Ms,
    /// When it ended, if it did.
    pub ended: Option<Ms>,
    /// `StatusCode`
    pub status: &'static str,
    /// What was tried.
    pub description: String,
    /// Why, in AWS's words, without the time that they begin with.
    pub cause: String,
    /// Why it failed, in AWS's words.
    pub status_message: Option<String>,
}

/// Why AWS refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `ValidationError`
    Validation(String),
    /// `ListenerNotFound`
    ListenerNotFound(String),
    /// `ScalingActivityInProgress`
    InProgress(String),
}

/// Something that happens to a group later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An instance has booted and is registered.
    Booted(String),
    /// An instance has passed its first checks.
    Passed(String),
    /// The group notices instances that fail, and replaces them.
    Notice,
    /// The group tries again what failed.
    Retry,
    /// The load balancer's checks see that a target does not answer.
    Fails(String),
    /// An instance that was taken out of the group is gone.
    Gone(String),
    /// Users follow a zonal shift.
    Followed(String),
    /// A zonal shift's time is over.
    Expires(String),
}

impl Web {
    /// A group that has what it wants, all of it healthy.
    pub(super) fn healthy_with(web: &declared::Web, region: &Region, standing: u32) -> Self {
        let mut group = Self {
            group: web.group.clone(),
            target_group: web.target_group.clone(),
            listener: web.listener.clone(),
            min: standing,
            desired: standing,
            max: web.max_instances,
            action: Action::Forward,
            instances: Vec::new(),
            activities: Vec::new(),
            quota_vcpus: QUOTA_VCPUS,
            needed: web.instances,
            room: None,
            answers: true,
            checks: Checks::Elb,
            boots_well: true,
            release: None,
            zones: Zones::default(),
            region: region.clone(),
            launched: 0,
        };
        group.fill(standing);
        group
    }

    /// The web tier of a system file's `[web]`: zones that are known one by one, and a group with the default health
    /// checks, EC2's own.
    pub(super) fn of_tier(tier: &WebTier, region: &Region, listener: &str) -> Self {
        let web = declared::Web {
            group: tier.group.clone(),
            target_group: tier.target_group.clone(),
            listener: listener.to_owned(),
            instances: tier.instances,
            max_instances: tier.max_instances,
            standby_instances: None,
            vcpus_per_instance: None,
        };
        let text = |zone: &domain::names::Zone| zone.0.clone();
        let mut group = Self::healthy_with(&web, region, 0);
        group.checks = Checks::Ec2;
        group.zones.load_balancer.clone_from(&tier.load_balancer);
        group.zones.ids = tier
            .zones
            .iter()
            .map(|(zone, id)| (text(zone), id.0.clone()))
            .collect();
        group.zones.subnets = tier
            .subnets
            .iter()
            .map(|(zone, subnet)| (text(zone), subnet.clone()))
            .collect();
        group.zones.used = group.zones.subnets.values().cloned().collect();
        (group.min, group.desired) = (tier.instances, tier.instances);
        group.fill(tier.instances);
        group
    }

    /// Instances that are healthy from the beginning.
    fn fill(&mut self, standing: u32) {
        for _ in 0..standing {
            let instance = match self.emptiest_zone() {
                Some(zone) => self.launch_in(zone, 0),
                None => self.launch(0),
            };
            self.instances.push(Instance {
                lifecycle: Lifecycle::InService,
                target: Target::Healthy,
                ..instance
            });
        }
    }

    /// How many targets are healthy.
    pub fn healthy(&self) -> u32 {
        let healthy = self
            .instances
            .iter()
            .filter(|instance| instance.target == Target::Healthy);
        if self.answers { count(healthy) } else { 0 }
    }

    /// How many instances are in service.
    pub fn in_service(&self) -> u32 {
        count(
            self.instances
                .iter()
                .filter(|instance| instance.lifecycle == Lifecycle::InService),
        )
    }

    /// What the load balancer says of an instance.
    pub const fn target_of(&self, instance: &Instance) -> Target {
        match (self.answers, instance.target) {
            (false, Target::Healthy) => Target::Unhealthy,
            (_, target) => target,
        }
    }

    /// The instances that users are sent to, evenly: healthy targets in zones that nobody is shifted away from.
    /// Source: Elastic Load Balancing User Guide, disable-cross-zone: an Application Load Balancer's nodes send to the
    /// targets of all zones unless told otherwise; and zonal-shift.
    pub fn in_rotation(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|instance| {
            self.target_of(instance) == Target::Healthy && self.zones.takes_users(&instance.zone)
        })
    }

    /// Which share of that load is served, both in millionths of all users' requests.
    pub fn share_of(&self, load: u64) -> u64 {
        if self.action != Action::Forward || load == 0 {
            return 0;
        }
        let whole = u64::from(self.needed.max(1)) * 100;
        let targets = u64::from(count(self.in_rotation()));
        let carries = targets * facts::INSTANCE_CARRIES_PERCENT * super::traffic::ALL / whole;
        let carried = (carries * super::traffic::ALL / load).min(super::traffic::ALL);
        let failing: u64 = self.in_rotation().map(|instance| self.fails(instance)).sum();
        carried - carried * failing / (targets.max(1) * 100)
    }

    /// How many of a hundred requests fail that meet that instance.
    pub fn fails(&self, instance: &Instance) -> u64 {
        if instance.dead.is_some() {
            return 100;
        }
        let release = instance.release.as_ref();
        let errors = release.map_or(0, |release| release.errors_percent);
        errors.max(self.zones.fails_percent(&instance.zone))
    }

    /// How many of a hundred requests of a zone fail, or would: what its targets answer, what a canary there meets, and
    /// everything once fewer than half of its targets are healthy.
    pub fn zone_fails(&self, zone: &str) -> u64 {
        let there = || {
            let registered = |target| !matches!(target, Target::Unused | Target::Draining | Target::Initial);
            self.instances
                .iter()
                .filter(move |instance| instance.zone == zone && registered(self.target_of(instance)))
        };
        let healthy = there().filter(|instance| self.target_of(instance) == Target::Healthy);
        let (all, healthy) = (u64::from(count(there())), u64::from(count(healthy)));
        if healthy * 2 < all {
            return 100;
        }
        let failing: u64 = there()
            .filter(|instance| self.target_of(instance) == Target::Healthy)
            .map(|instance| self.fails(instance))
            .sum();
        (failing / healthy.max(1)).max(self.zones.fails_percent(zone))
    }

    /// What an instance that users are sent to bears, in percent of what it carries, with so many percent of an ordinary
    /// day's requests.
    pub fn load_percent(&self, demand: u64) -> u64 {
        let carry = u64::from(count(self.in_rotation())) * facts::INSTANCE_CARRIES_PERCENT;
        (demand * u64::from(self.needed) * 100)
            .checked_div(carry)
            .unwrap_or(0)
    }

    /// Makes the group as large as it wants to be. What follows is to be done later.
    fn reconcile(&mut self, now: Ms, dice: &mut Dice) -> Vec<(Ms, Step)> {
        let mut later = Vec::new();
        while count(self.instances.iter()) > self.desired {
            // The newest go first: they have no connections yet.
            self.instances.pop();
        }
        while count(self.instances.iter()) < self.desired {
            if self.room == Some(0) {
                self.note_shortage(now);
                later.push((dice.draw(&facts::LAUNCH_RETRIED).as_millis(), Step::Retry));
                break;
            }
            self.room = self.room.map(|room| room - 1);
            let instance = self.launch(now);
            self.note_launch(&instance, DIFFERENCE);
            let boots = dice.draw(&facts::INSTANCE_BOOTS).as_millis();
            later.push((boots, Step::Booted(instance.id.clone())));
            self.instances.push(instance);
        }
        later
    }

    fn launch(&mut self, now: Ms) -> Instance {
        let letter = ["a", "b", "c"][(self.launched as usize + 1) % 3];
        let zone = format!("{}{letter}", self.region);
        self.launch_in(zone, now)
    }

    fn launch_in(&mut self, zone: String, now: Ms) -> Instance {
        self.launched += 1;
        // Hash and number: ids differ between Regions and look like EC2's.
        let hash = domain::names::fnv1a(self.region.as_str().as_bytes()) & 0xff_ffff;
        Instance {
            id: format!("i-0{hash:06x}{:010x}", self.launched),
            zone,
            lifecycle: Lifecycle::Pending,
            target: Target::Unused,
            release: self.release.clone(),
            dead: None,
            launched: now,
        }
    }

    fn note_launch(&mut self, instance: &Instance, cause: &str) {
        self.note(Activity {
            id: instance.id.clone(),
            at: instance.launched,
            ended: None,
            status: "InProgress",
            description: format!("Launching a new EC2 instance: {}", instance.id),
            cause: cause.to_owned(),
            status_message: None,
        });
    }

    fn note(&mut self, activity: Activity) {
        self.activities.insert(0, activity);
        self.activities.truncate(ACTIVITIES);
    }

    fn note_shortage(&mut self, now: Ms) {
        let zone = |letter| format!("{}{letter}", self.region);
        // The words of EC2's InsufficientInstanceCapacity. Source: EC2 User Guide, troubleshooting-launch.
        let message = format!(
            "We currently do not have sufficient {INSTANCE_TYPE} capacity in the Availability Zone you requested \
             ({}). Our system will be working on provisioning additional capacity. You can currently get \
             {INSTANCE_TYPE} capacity by not specifying an Availability Zone in your request or choosing {}, {}. \
             Launching EC2 instance failed.",
            zone("a"),
            zone("b"),
            zone("c")
        );
        self.note(Activity {
            id: format!("failed-{now}"),
            at: now,
            ended: Some(now),
            status: "Failed",
            description: "Launching a new EC2 instance. Status Reason: insufficient capacity".to_owned(),
            cause: DIFFERENCE.to_owned(),
            status_message: Some(message),
        });
    }

    pub(super) fn instance_mut(&mut self, id: &str) -> Option<&mut Instance> {
        self.instances.iter_mut().find(|instance| instance.id == id)
    }

    /// The newest instances fail. Says how many did.
    pub(super) fn lose(&mut self, how_many: u32) -> u32 {
        let mut lost = 0;
        for instance in self.instances.iter_mut().rev().take(how_many as usize) {
            instance.target = Target::Unhealthy;
            lost += 1;
        }
        lost
    }

    /// Half of the instances are out of service for a deployment. Says how many are.
    pub(super) fn deploy(&mut self) -> u32 {
        let half = self.instances.len() / 2;
        let mut out = 0;
        for instance in self.instances.iter_mut().take(half) {
            instance.target = Target::Draining;
            out += 1;
        }
        out
    }

    /// The deployment is over.
    pub(super) fn deployed(&mut self) {
        for instance in &mut self.instances {
            if instance.target == Target::Draining {
                instance.target = Target::Healthy;
            }
        }
    }
}

fn count<T>(of: impl Iterator<Item = T>) -> u32 {
    u32::try_from(of.count()).unwrap_or(u32::MAX)
}
