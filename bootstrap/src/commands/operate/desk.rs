//! Where a person stands who works on the systems of an account.

use std::sync::Arc;

use aws_sdk_sfn::Client as Sfn;
use domain::journal::Journal;
use domain::names::{IncidentId, JOURNAL_TABLE, Recovery, Region, SystemName, execution_arn};
use domain::system::{System, Systems};
use evenkeel::stack::here;
use journal::DynamoJournal;
use operate::Hands;
use tokio::task::JoinSet;

use crate::account::{Account, Error};
use crate::cli::Place;
use crate::failure::Failure;
use crate::show;

/// The systems of an account, with the means to work on them.
pub(crate) struct Desk {
    pub(crate) account: Account,
    pub(crate) systems: Systems,
    /// The one Region that was named, if one was.
    pub(crate) region: Option<Region>,
}

/// A run, and where it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) system: SystemName,
    pub(crate) recovery: Recovery,
    pub(crate) region: Region,
    pub(crate) execution_arn: String,
}

/// A run, as far as its name says what it is.
struct Named<'d> {
    system: &'d System,
    recovery: Recovery,
}

impl Desk {
    /// Reads the system files, finds credentials, and makes sure that they are of the systems' account.
    pub(crate) async fn open(place: &Place) -> Result<Self, Failure> {
        let systems = crate::commands::read_systems(&place.files)?;
        one_deployment(&systems, place.aws.region.as_ref())?;
        let account = Account::open(&place.aws).await?;
        for system in &systems {
            let regions: Vec<Region> = match &place.aws.region {
                Some(region) => vec![region.clone()],
                None => here::regions(system).cloned().collect(),
            };
            match account.is(&system.account, &regions).await {
                Ok(()) => {}
                // A Region that is lost must keep nobody from acting in the other.
                Err(silent @ (Error::Unreachable { .. } | Error::Throttled { .. })) => {
                    show::note(&format!("whose credentials these are is not known: {silent}"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self {
            account,
            systems: systems.into(),
            region: place.aws.region.clone(),
        })
    }

    /// A person's hands in a Region.
    pub(crate) fn hands(&self, region: &Region) -> Hands<DynamoJournal> {
        let account = self.account.clone();
        let journal_in = move |region: &Region| DynamoJournal::new(account.dynamodb(region), JOURNAL_TABLE);
        Hands {
            systems: self.systems.clone(),
            region: region.clone(),
            journal: journal_in(region),
            journal_in: Arc::new(journal_in),
            sfn: self.sfn(region),
            clock: Arc::new(runtime::SystemClock),
        }
    }

    /// Step Functions in a Region.
    pub(crate) fn sfn(&self, region: &Region) -> Sfn {
        self.account.sfn(region)
    }

    /// The system of that name, or the only one.
    pub(crate) fn system(&self, named: Option<&SystemName>) -> Result<&System, Failure> {
        let mut all = self.systems.iter();
        let found = match (named, all.next(), all.next()) {
            (Some(name), ..) => self.systems.named(name),
            (None, only, None) => only,
            (None, ..) => None,
        };
        found.ok_or_else(|| {
            let name = named.map_or_else(|| "?".to_owned(), SystemName::to_string);
            let known = self
                .systems
                .iter()
                .map(|system| system.name.to_string())
                .collect();
            let error = operate::Error::NoSuchSystem { name, known };
            let hint = match named {
                Some(_) => error.hint(),
                None => format!("say which with --system NAME: {}", error.hint()),
            };
            Failure::Operate { error, hint }
        })
    }

    /// The Regions that a system lives in, or the one that was named.
    pub(crate) fn regions_of(&self, system: &System) -> Vec<Region> {
        match &self.region {
            Some(region) => vec![region.clone()],
            None => here::regions(system).cloned().collect(),
        }
    }

    /// Finds the Region of a run that is under way: where it holds the lock, or asks something. Where it is nowhere, the usual one: then
    /// it is said there that there is no such run.
    pub(crate) async fn find_open(&self, incident: &IncidentId) -> Result<Found, Failure> {
        let named = self.named(incident)?;
        let mut looks = JoinSet::new();
        for region in self.candidates(&named) {
            let (hands, name, incident) = (self.hands(&region), named.system.name.clone(), incident.clone());
            looks.spawn(async move {
                let held = hands.journal.lock(&name).await?;
                let here = held.is_some_and(|lock| lock.holder == incident)
                    || hands.journal.question(&name, &incident).await?.is_some();
                Ok::<_, domain::step::Error>(here.then_some(region))
            });
        }
        let usual = || {
            self.region
                .clone()
                .unwrap_or_else(|| named.system.region_for(named.recovery).clone())
        };
        let region = first(looks).await?.unwrap_or_else(usual);
        Ok(self.found(&named, incident, region))
    }

    /// Finds the Region of a run, under way or ended: where there is its execution.
    pub(crate) async fn find_execution(&self, incident: &IncidentId) -> Result<Found, Failure> {
        let named = self.named(incident)?;
        let mut looks = JoinSet::new();
        for region in self.candidates(&named) {
            let (sfn, found) = (self.sfn(&region), self.found(&named, incident, region.clone()));
            looks.spawn(async move {
                let described = sfn
                    .describe_execution()
                    .execution_arn(found.execution_arn)
                    .send()
                    .await;
                match described {
                    Ok(_) => Ok(Some(region)),
                    Err(error)
                        if error
                            .as_service_error()
                            .is_some_and(|error| error.is_execution_does_not_exist()) =>
                    {
                        Ok(None)
                    }
                    Err(error) => Err(runtime::aws::classify("states:DescribeExecution", error)),
                }
            });
        }
        match first(looks).await? {
            Some(region) => Ok(self.found(&named, incident, region)),
            None => Err(unknown(incident)),
        }
    }

    fn found(&self, named: &Named<'_>, incident: &IncidentId, region: Region) -> Found {
        let machine = named.recovery.state_machine_arn(&region, &named.system.account);
        Found {
            system: named.system.name.clone(),
            recovery: named.recovery,
            execution_arn: execution_arn(&machine, incident.as_str()),
            region,
        }
    }

    /// Where a run may be.
    fn candidates(&self, named: &Named<'_>) -> Vec<Region> {
        self.regions_of(named.system)
            .into_iter()
            .filter(|region| self.region.is_some() || here::carries_out(named.system, named.recovery, region))
            .collect()
    }

    /// What a run's name says: it begins with the system and the machine (`IncidentId::derive`). One system's name may begin with
    /// another's; the longest is meant.
    fn named(&self, incident: &IncidentId) -> Result<Named<'_>, Failure> {
        let begins = |system: &System, recovery: Recovery| {
            let beginning = format!("{}-{}-", system.name, recovery.machine());
            incident.as_str().starts_with(&beginning)
        };
        self.systems
            .iter()
            .flat_map(|system| Recovery::ALL.map(|recovery| Named { system, recovery }))
            .filter(|named| begins(named.system, named.recovery))
            .max_by_key(|named| named.system.name.as_str().len())
            .ok_or_else(|| unknown(incident))
    }
}

/// The files have to be of one account, each of its own system, and one has to live in the Region that was named.
fn one_deployment(systems: &[System], named: Option<&Region>) -> Result<(), Failure> {
    let Some(first) = systems.first() else {
        return Ok(());
    };
    let region = named.unwrap_or(&first.regions.primary);
    match here::Here::of(systems, region) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::NoStack {
            hint: error.hint(),
            error,
        }),
    }
}

fn unknown(incident: &IncidentId) -> Failure {
    let error = operate::Error::NoSuchRun {
        incident: incident.to_string(),
    };
    Failure::Operate {
        hint: "`evenkeel history` lists the runs; a run's name begins with its system's, whose file has to be named".to_owned(),
        error,
    }
}

/// The first Region in which it is. Where it is in none, an error of one that could not be asked: it may be there.
async fn first(mut looks: JoinSet<domain::step::Result<Option<Region>>>) -> Result<Option<Region>, Failure> {
    let mut failed = None;
    while let Some(look) = looks.join_next().await {
        match look.map_err(std::io::Error::other)? {
            Ok(Some(region)) => return Ok(Some(region)),
            Ok(None) => {}
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) => Err(Error::from(error).into()),
        None => Ok(None),
    }
}
