//! What people do, and where.

use domain::names::Region;

use super::run::{Jobs, Stage, region_of};
use crate::command::{Command, Done, Given};
use crate::timeline::Actor;
use crate::world::execution::Execution;

impl Stage<'_> {
    /// Somebody gives a command.
    pub(super) fn give<'s>(&'s self, jobs: &mut Jobs<'s>, command: Command) {
        let region = self.place(&command);
        let Some((region, functions)) = self.functions.get_key_value(&region) else {
            return;
        };
        self.commanding.set(self.commanding.get() + 1);
        let at = self.desk.clock().elapsed_ms();
        // A person is in no Region: what they began, they end, even if it ends in silence.
        let job = Box::pin(async move {
            let system = self.desk.world().system.name.clone();
            let answer = command.carry_out(functions.hands(), &system).await;
            if let Err(error) = &answer {
                self.desk.world().say(
                    Actor::People,
                    format!("{}: {error}; {}", command.by, error.hint()),
                );
            }
            for missed in answer.iter().flat_map(Done::not_in) {
                let said = format!("{}: not in {}: {}", command.by, missed.region, missed.why);
                self.desk.world().say(Actor::People, said);
            }
            self.given.borrow_mut().push(Given {
                at,
                region: region.clone(),
                command,
                answer,
            });
            self.commanding.set(self.commanding.get() - 1);
        });
        jobs.start_anywhere(job);
    }

    /// Where a command belongs: where it says, where the run is that it is about, or where its recovery runs.
    fn place(&self, command: &Command) -> Region {
        let world = self.desk.look();
        let home_of = |run: &Execution| region_of(&run.machine_arn)?.parse().ok();
        let named = command
            .incident()
            .and_then(|incident| world.executions.get(incident.as_str()));
        let open = || {
            let mut all = world.executions.iter().filter(|(_, run)| run.end.is_none());
            all.find_map(|(_, run)| home_of(run))
        };
        let regions = &world.system.regions;
        let standby = || regions.standby.clone().unwrap_or_else(|| regions.primary.clone());
        command
            .region
            .clone()
            .or_else(|| named.and_then(home_of))
            .unwrap_or_else(|| match command.recovery() {
                Some(recovery) => world.system.region_for(recovery).clone(),
                None => open().unwrap_or_else(standby),
            })
    }
}
