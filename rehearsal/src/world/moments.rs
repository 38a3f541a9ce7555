//! Instants that measures are made of. Each is the first of its kind, unless it says otherwise.

use super::Ms;

/// Instants that only the world can take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments {
    /// When an alarm that means database-down first rose.
    pub alarm: Option<Ms>,
    /// When RDS first accepted a failover inside the Region that we asked for.
    pub accepted: Option<Ms>,
    /// How many failovers, in the Region or to another, RDS accepted from us.
    pub asked: u32,
    /// When a writer in another place began to serve.
    pub moved: Option<Ms>,
    /// How long the first failover that we asked for took, as the facts drew it.
    pub failover: Option<Ms>,

    /// When the Region that served was lost.
    pub lost_at: Option<Ms>,
    /// How much acknowledged work the other Region did not have at that moment, as the time in which it was made.
    pub lag_at_loss: Option<Ms>,
    /// When the first alarm that means region-down rose.
    pub first_signal: Option<Ms>,
    /// When a second one rose that looks at something else, while the first held.
    pub second_signal: Option<Ms>,
    /// When people were asked.
    pub approval_asked: Option<Ms>,
    /// When they answered.
    pub approval_answered: Option<Ms>,
    /// When RDS accepted a promotion in another Region.
    pub promotion_accepted: Option<Ms>,
    /// When the database there was the primary.
    pub promotion_done: Option<Ms>,
    /// How long that took, as the facts drew it.
    pub promotion_took: Option<Ms>,
    /// When ElastiCache accepted to move the cache's primary to the standby's Region.
    pub cache_accepted: Option<Ms>,
    /// When it was there.
    pub cache_moved: Option<Ms>,
    /// When the standby's group wanted as many instances as are needed.
    pub capacity_raised: Option<Ms>,
    /// When as many were healthy: the last time before users were sent there.
    pub capacity_healthy: Option<Ms>,
    /// When whatever steers the name was told to lead to the standby.
    pub shift_accepted: Option<Ms>,
    /// When every authoritative name server answered so.
    pub name_servers_moved: Option<Ms>,
    /// When the last resolver's users followed.
    pub last_resolver_moved: Option<Ms>,
    /// When a run saw a request through the name served there.
    pub verified: Option<Ms>,

    /// When the number of requests began to rise.
    pub load_rose: Option<Ms>,
    /// When the first instance that was launched came into service after that.
    pub more_in_service: Option<Ms>,
}
