//! A database's security groups: with the isolating one alone, nobody gets in.

use aws_sdk_rds::Client;
use domain::step::Error;
use domain::system::region_failover::{Isolation, Replication};

use super::asked;
use super::half::{Group, Half};

/// Where a change of security groups stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In force.
    Done,
    /// On its way.
    Changing,
    /// Nobody asked for it.
    Undone,
}

/// Whether a database has the isolating security group and no other.
pub fn isolated(groups: &[Group], isolation: &Isolation) -> State {
    let isolating = |group: &Group| group.id == isolation.isolating_security_group;
    let Some(mine) = groups.iter().find(|group| isolating(group)) else {
        return State::Undone;
    };
    let mut others = groups.iter().filter(|group| !isolating(group));
    match (mine.status.as_str(), others.clone().next()) {
        ("active", None) => State::Done,
        // It goes away: somebody opens the database at this moment.
        ("removing", _) => State::Undone,
        _ if others.all(|group| group.status == "removing") => State::Changing,
        _ => State::Undone,
    }
}

/// Whether a database is rid of the isolating security group. Which others it has is nobody's business: only what was
/// done is undone.
pub fn opened(groups: &[Group], isolation: &Isolation) -> State {
    match groups
        .iter()
        .find(|group| group.id == isolation.isolating_security_group)
    {
        None => State::Done,
        Some(group) if group.status == "removing" => State::Changing,
        Some(_) => State::Undone,
    }
}

/// Asks RDS to give a database exactly these security groups. `ApplyImmediately`, because an instance's modification
/// waits for its maintenance window otherwise. Source: RDS API, ModifyDBInstance and ModifyDBCluster.
pub(super) async fn ask(rds: &Client, replication: &Replication, half: &Half, groups: &[String]) -> Error {
    let about = format!("{} VpcSecurityGroupIds={}", half.identifier, groups.join(","));
    let groups = Some(groups.to_vec());
    match replication {
        Replication::AuroraGlobal { .. } => {
            let request = rds.modify_db_cluster().db_cluster_identifier(&half.identifier);
            let request = request.set_vpc_security_group_ids(groups).apply_immediately(true);
            asked("rds:ModifyDBCluster", &about, request.send().await)
        }
        Replication::ReadReplica => {
            let request = rds.modify_db_instance().db_instance_identifier(&half.identifier);
            let request = request.set_vpc_security_group_ids(groups).apply_immediately(true);
            asked("rds:ModifyDBInstance", &about, request.send().await)
        }
    }
}

/// A database's security groups, to people.
pub(super) fn spoken(half: &Half) -> String {
    let groups: Vec<String> = half
        .groups
        .iter()
        .map(|group| format!("{} {}", group.id, group.status))
        .collect();
    format!("{}: security groups {}", half.identifier, groups.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn isolation() -> Isolation {
        Isolation {
            security_groups: vec!["sg-app".into()],
            isolating_security_group: "sg-nobody".into(),
        }
    }

    type Memberships<'a> = &'a [(&'a str, &'a str)];

    fn groups(groups: Memberships<'_>) -> Vec<Group> {
        groups
            .iter()
            .map(|(id, status)| Group {
                id: (*id).into(),
                status: (*status).into(),
            })
            .collect()
    }

    #[test]
    fn isolated_is_the_isolating_group_alone_and_in_force() {
        let cases: [(Memberships<'_>, State); 9] = [
            (&[], State::Undone),
            (&[("sg-app", "active")], State::Undone),
            (&[("sg-app", "active"), ("sg-nobody", "active")], State::Undone),
            (
                &[("sg-app", "removing"), ("sg-nobody", "adding")],
                State::Changing,
            ),
            (
                &[("sg-app", "removing"), ("sg-nobody", "active")],
                State::Changing,
            ),
            (&[("sg-nobody", "adding")], State::Changing),
            (&[("sg-nobody", "active")], State::Done),
            (&[("sg-nobody", "removing"), ("sg-app", "adding")], State::Undone),
            (&[("sg-nobody", "removing")], State::Undone),
        ];
        for (these, expected) in cases {
            assert_eq!(isolated(&groups(these), &isolation()), expected, "{these:?}");
        }
    }

    #[test]
    fn opened_is_without_the_isolating_group_whatever_else_there_is() {
        let cases: [(Memberships<'_>, State); 5] = [
            (&[], State::Done),
            (&[("sg-other", "active")], State::Done),
            (&[("sg-nobody", "active")], State::Undone),
            (&[("sg-nobody", "adding"), ("sg-app", "removing")], State::Undone),
            (
                &[("sg-nobody", "removing"), ("sg-app", "adding")],
                State::Changing,
            ),
        ];
        for (these, expected) in cases {
            assert_eq!(opened(&groups(these), &isolation()), expected, "{these:?}");
        }
    }
}
