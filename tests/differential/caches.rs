//! ElastiCache: a replication group in each Region.

use aws_sdk_elasticache::types::{AutomaticFailoverStatus, ReplicationGroup};
use domain::names::Region;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::side::{Side, said};
use crate::table::Fields;

impl Side {
    /// The replication group of a Region.
    pub(crate) fn cache(&self, region: &Region) -> Option<&str> {
        let shared = self.system.region_failover.as_ref()?;
        let site = shared.sites.iter().find(|site| site.region == *region)?;
        site.cache.as_deref()
    }

    /// The replication group of the home Region, as it is described.
    pub(crate) async fn replication_group(&self) -> ReplicationGroup {
        let id = self.cache(&self.home).expect("a cache is declared");
        let asked = (self.elasticache)(&self.home).describe_replication_groups();
        let answer = asked.replication_group_id(id).send().await.expect("described");
        answer.replication_groups().first().expect("a group").clone()
    }
}

pub(crate) fn groups(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let group = side.replication_group().await;
        let nodes = group.node_groups().first().expect("a node group");
        let by_itself = group
            .automatic_failover()
            .map_or("not told", AutomaticFailoverStatus::as_str);
        let asked = (side.elasticache)(&side.home).describe_replication_groups();
        let unknown = asked.replication_group_id("nobody").send().await;
        Fields::default()
            .and("status", group.status().unwrap_or_default())
            .and("fails over by itself", by_itself)
            .and("node groups", group.node_groups().len())
            .and("status of the node group", nodes.status().unwrap_or_default())
            .and("nodes", nodes.node_group_members().len())
            .and("a group that is none", said(unknown))
    }
    .boxed_local()
}
