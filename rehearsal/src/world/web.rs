//! What serves users in a Region: an Auto Scaling group behind a load balancer's listener.
//!
//! The group launches what it wants, as far as there is capacity; an instance boots, registers, and is healthy some
//! checks later. A launch that fails leaves an activity with AWS's words, and is tried again.

mod operations;

use domain::names::Region;
use domain::system::region_failover as declared;

use super::Ms;
use crate::dice::Dice;
use crate::facts;

/// The type of every instance.
const INSTANCE_TYPE: &str = "m7g.large";

/// A quota of vCPUs that nobody has raised is smaller; one that carries production has been.
const QUOTA_VCPUS: u32 = 256;

/// How many activities are kept.
const ACTIVITIES: usize = 50;

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
    region: Region,
    launched: u32,
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
}

/// An instance's state in its group. Source: EC2 Auto Scaling User Guide, ec2-auto-scaling-lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// It boots.
    Pending,
    /// It runs, or is believed to.
    InService,
}

impl Lifecycle {
    /// As the API spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InService => "InService",
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
            region: region.clone(),
            launched: 0,
        };
        for _ in 0..standing {
            let instance = group.launch();
            group.instances.push(Instance {
                lifecycle: Lifecycle::InService,
                target: Target::Healthy,
                ..instance
            });
        }
        group
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

    /// Which share of that load is served, both in millionths of all users' requests.
    pub fn share_of(&self, load: u64) -> u64 {
        if self.action != Action::Forward || load == 0 {
            return 0;
        }
        let whole = u64::from(self.needed.max(1)) * 100;
        let carries =
            u64::from(self.healthy()) * facts::INSTANCE_CARRIES_PERCENT * super::traffic::ALL / whole;
        (carries * super::traffic::ALL / load).min(super::traffic::ALL)
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
            let instance = self.launch();
            self.note(Activity {
                id: instance.id.clone(),
                at: now,
                ended: None,
                status: "InProgress",
                description: format!("Launching a new EC2 instance: {}", instance.id),
                status_message: None,
            });
            let boots = dice.draw(&facts::INSTANCE_BOOTS).as_millis();
            later.push((boots, Step::Booted(instance.id.clone())));
            self.instances.push(instance);
        }
        later
    }

    fn launch(&mut self) -> Instance {
        self.launched += 1;
        // Hash and number: ids differ between Regions and look like EC2's.
        let hash = domain::names::fnv1a(self.region.as_str().as_bytes()) & 0xff_ffff;
        Instance {
            id: format!("i-0{hash:06x}{:010x}", self.launched),
            zone: format!("{}{}", self.region, ["a", "b", "c"][self.launched as usize % 3]),
            lifecycle: Lifecycle::Pending,
            target: Target::Unused,
        }
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
            status_message: Some(message),
        });
    }

    fn instance_mut(&mut self, id: &str) -> Option<&mut Instance> {
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
