//! CloudWatch, in the protocol that the Rust SDK speaks: CBOR.

use capacity::alarms::that_mean;
use database::observe::{Standby, observe};
use database::region::lag::{Reference, measure};
use database::target::read_lag;
use domain::system::Meaning;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::side::{Side, heard};
use crate::table::Fields;

pub(crate) fn lag(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        // A minute's datapoint is there when the minute is over.
        side.pass(180).await;
        let shared = side.system.region_failover.as_ref().expect("two Regions");
        let mut fields = Fields::default();
        for (what, region, cluster) in [
            (
                "behind the other Region",
                &side.away,
                shared.sites[1].database.as_str(),
            ),
            ("a cluster that is none", &side.away, "nobody"),
        ] {
            let client = (side.cloudwatch)(region);
            let measured = measure(&client, &shared.replication, cluster, Reference::Now, side.now()).await;
            let words = heard(measured, |measured| {
                format!("{}, fresh: {}", measured.what, measured.fresh().is_some())
            });
            fields = fields.and(what, words);
        }
        let observed = observe(&(side.rds)(&side.home), &side.system.database)
            .await
            .expect("described");
        let Standby::Readers(readers) = &observed.standby else {
            panic!("a cluster has readers");
        };
        let read = read_lag(
            &(side.cloudwatch)(&side.home),
            side.system.database.kind,
            readers,
            side.now(),
        )
        .await;
        fields.and(
            "readers behind their writer",
            heard(read, |lag| format!("{:?}", lag.keys().collect::<Vec<_>>())),
        )
    }
    .boxed_local()
}

pub(crate) fn alarms(side: &Side) -> LocalBoxFuture<'_, Fields> {
    async move {
        let client = (side.cloudwatch)(&side.away);
        let found = that_mean(&client, &side.system, &side.away, Meaning::RegionDown).await;
        let missing = (side.cloudwatch)(&"us-west-2".parse().expect("a Region"));
        // Asked in a Region that has none of them.
        let missing = that_mean(&missing, &side.system, &side.away, Meaning::RegionDown).await;
        let words = |found: std::collections::BTreeMap<String, capacity::alarms::AlarmObserved>| {
            let each = found.iter().map(|(name, alarm)| {
                format!(
                    "{name} {:?}, since known: {}, {:?}",
                    alarm.state,
                    alarm.since.is_some(),
                    alarm.breach
                )
            });
            each.collect::<Vec<_>>().join("; ")
        };
        Fields::default()
            .and("the alarms of a Region", heard(found, words))
            .and("alarms that are none", heard(missing, words))
    }
    .boxed_local()
}
