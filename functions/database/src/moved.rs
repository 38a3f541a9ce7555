//! Another zone has the writer, and RDS calls it available. Only observes: whoever started the failover, this is
//! what it is for.

use aws_sdk_rds::Client;
use domain::step::{Error, Result};
use domain::steps::assess::Writer;
use domain::steps::database::Moved;
use domain::system::Database;

use crate::observe::{Observed, observe};

/// Ensures that the writer is in another zone than before.
///
/// # Errors
/// `NotYet` until then; `Unsafe` if another instance of the same zone became the writer, because that will not change
/// by waiting; `Throttled`, `Unavailable`, `Refused`.
pub async fn ensure(rds: &Client, database: &Database, before: &Writer) -> Result<Moved> {
    judge(observe(rds, database).await?, before)
}

fn judge(observed: Observed, before: &Writer) -> Result<Moved> {
    let settled = observed.status == "available" && observed.writer_status == "available";
    if observed.writer == *before || !settled {
        return Err(Error::NotYet {
            seen: observed.to_string(),
        });
    }
    if observed.writer.zone == before.zone {
        return Err(Error::Unsafe {
            why: format!("the writer moved, but not to another zone: {observed}"),
        });
    }
    Ok(Moved {
        seen: observed.to_string(),
        writer: observed.writer,
    })
}

#[cfg(test)]
mod tests {
    use domain::names::Zone;

    use super::*;
    use crate::observe::Standby;

    fn writer(instance: &str, zone: &str) -> Writer {
        Writer {
            instance: instance.to_owned(),
            zone: Zone(zone.to_owned()),
        }
    }

    fn judged(status: &str, writer_status: &str, writer: Writer, before: &Writer) -> &'static str {
        let observed = Observed {
            status: status.to_owned(),
            engine: "aurora-postgresql".to_owned(),
            writer,
            writer_status: writer_status.to_owned(),
            standby: Standby::Readers(vec![]),
        };
        judge(observed, before).map_or_else(|error| error.name(), |_| "moved")
    }

    #[test]
    fn it_has_moved_once_all_of_it_is_available_and_the_writer_is_in_another_zone() {
        let before = writer("one", "eu-central-1a");
        let away = || writer("two", "eu-central-1b");
        for (status, writer_status, now, said) in [
            ("available", "available", away(), "moved"),
            ("failing-over", "available", away(), Error::NOT_YET),
            ("available", "rebooting", away(), Error::NOT_YET),
            ("available", "available", before.clone(), Error::NOT_YET),
            ("available", "available", writer("one", "eu-central-1b"), "moved"),
            (
                "available",
                "available",
                writer("two", "eu-central-1a"),
                Error::UNSAFE,
            ),
        ] {
            assert_eq!(
                judged(status, writer_status, now.clone(), &before),
                said,
                "{now:?}"
            );
        }
    }
}
