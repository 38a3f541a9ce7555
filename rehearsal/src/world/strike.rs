//! How faults strike, and how they pass.

use domain::duration::Duration;
use domain::names::Region;

use super::fault::{Fault, Kind, Place, Since, Where};
use super::web::zones::Sickness;
use super::{Change, World};
use crate::facts;
use crate::timeline::Actor;

impl World {
    /// Enters the faults that are counted from that moment on.
    pub(super) fn enter_faults(&mut self, since: Since) {
        let begins = self.now;
        for index in 0..self.faults.len() {
            let fault = &self.faults[index];
            if fault.since == since {
                let (at, latest) = (fault.at, fault.latest());
                let after = self.dice.between("fault", at, latest).as_millis();
                self.enter(begins + after, Change::Strike(index));
            }
        }
    }

    /// Something strikes now, and passes after a while.
    pub fn befall(&mut self, kind: Kind, lasts: Duration) {
        self.faults.push(Fault {
            since: Since::Beginning,
            at: Duration::from_secs(0),
            within: Duration::from_secs(0),
            kind,
            lasts: Some(lasts),
        });
        self.strike(self.faults.len() - 1);
    }

    pub(super) fn strike(&mut self, index: usize) {
        let Some(fault) = self.faults.get(index).cloned() else {
            return;
        };
        let before = self.serves();
        let what = self.wreak(&fault);
        self.say(Actor::Fault, what);
        self.say_if_it_turned(before);
        if let Some(lasts) = fault.lasts {
            self.enter(self.now + lasts.as_millis(), Change::Heal(index));
        }
        if fault.kind == Kind::WriterHostLost {
            let notices = self.dice.draw(&facts::RDS_NOTICES).as_millis();
            let site = self.serving_site();
            self.enter(self.now + notices, Change::RdsNotices(site));
        }
    }

    /// Does what a fault does. Says what that is.
    fn wreak(&mut self, fault: &Fault) -> String {
        let writer = self.serving_site();
        let one_region = fault.kind.needs_two_regions() && self.sites.len() < 2;
        let Some(region) = self.region_of(fault).filter(|_| !one_region) else {
            return "nothing strikes: the system has no second Region".to_owned();
        };
        if let Some(missing) = fault.kind.needs().filter(|needs| !needs.is_in(&self.system)) {
            return format!("nothing strikes: the system has no {}", missing.table());
        }
        match &fault.kind {
            Kind::WriterHangs => self.sites[writer].database.writer_hangs(),
            Kind::WriterHostLost => self.sites[writer].database.writer_host_is_lost(),
            Kind::StandbyMissing => self.sites[writer].database.standby_is_missing(),
            Kind::RegionLost(_) => self.lose_region(&region),
            Kind::RegionBack(_) => self.bring_region_back(&region),
            Kind::ControlPlaneDown(_) => {
                self.regions.set_control(&region, false);
                format!("the control plane of {region} refuses everything")
            }
            Kind::DataPlaneDown(_) => {
                self.regions.set_data(&region, false);
                self.wake_checkers();
                format!("nothing in {region} serves any more; its control plane answers")
            }
            Kind::Partition => {
                self.regions.set_cut(true);
                "the network between the two Regions is cut; users reach both".to_owned()
            }
            Kind::RegionIsolated(_) => self.isolate_region(&region),
            Kind::ReplicationSlow(lag) => {
                self.set_slow(Some(lag.as_millis()));
                format!("the replication between the Regions falls behind, to {lag}")
            }
            Kind::CapacityShort(_, at_most) => {
                if let Some(web) = self.web_mut(&region) {
                    web.room = Some(*at_most);
                }
                format!("no more than {at_most} further instances can be had in {region}")
            }
            Kind::InstancesLost(_, count) => {
                let Some(site) = self.index_of(&region) else {
                    return format!("nothing strikes: the system has nothing in {region}");
                };
                self.lose_instances(site, *count)
            }
            Kind::WebUnreachable(_) => {
                if let Some(web) = self.web_mut(&region) {
                    web.answers = false;
                }
                format!("no instance in {region} answers")
            }
            Kind::DeploymentRunning(_) => {
                let out = self.web_mut(&region).map_or(0, super::web::Web::deploy);
                format!("a deployment in {region} has taken {out} instances out of service")
            }
            Kind::Deployment(does) => self.deploy_new(*does),
            Kind::ZoneLost(zone) => self.lose_zone(zone),
            Kind::ZoneGrey(zone) => {
                if let Some(web) = self.web_mut(&region) {
                    web.zones.set_sickness(&zone.0, Some(Sickness::Grey));
                }
                format!("{zone} is grey: its targets look healthy, and part of their requests fails")
            }
            Kind::BootLoop => {
                if let Some(web) = self.web_mut(&region) {
                    web.boots_well = false;
                }
                format!("what is launched in {region} from now on never becomes healthy")
            }
            Kind::LoadSpike(percent, over) => self.load_rises(*percent, *over),
            Kind::CachePrimaryLost => self.lose_cache(super::HOME),
            Kind::AlarmStorm(count) => self.storm(*count),
            Kind::AlarmFlaps(alarm, times) => self.flap(alarm, *times),
            Kind::AlarmSilent(alarm) => self.silence(alarm),
            Kind::HealthStorm(_, count) => self.health_storm(&region, *count),
            Kind::EventsDropped => {
                self.drops_events = true;
                "events that are delivered as well as possible are not delivered".to_owned()
            }
        }
    }

    pub(super) fn heal(&mut self, index: usize) {
        let Some(fault) = self.faults.get(index).cloned() else {
            return;
        };
        let before = self.serves();
        if let Some(what) = self.mend(&fault) {
            self.say(Actor::World, what);
        }
        self.say_if_it_turned(before);
    }

    /// A fault passes. Says how, where there is something to say.
    fn mend(&mut self, fault: &Fault) -> Option<String> {
        let region = self.region_of(fault)?;
        match &fault.kind {
            Kind::WriterHangs => {
                let before = self.serves();
                for site in &mut self.sites {
                    site.database.heal();
                }
                (!before && self.serves()).then(|| "the writer answers again, by itself".to_owned())
            }
            Kind::WriterHostLost
            | Kind::StandbyMissing
            | Kind::InstancesLost(..)
            | Kind::RegionBack(_)
            | Kind::Deployment(_)
            | Kind::AlarmStorm(_)
            | Kind::AlarmFlaps(..)
            | Kind::HealthStorm(..) => None,
            Kind::AlarmSilent(alarm) => self.speaks_again(alarm),
            Kind::ZoneLost(zone) => Some(self.regain_zone(zone)),
            Kind::ZoneGrey(zone) => {
                self.web_mut(&region)?.zones.set_sickness(&zone.0, None);
                Some(format!("{zone} is well again"))
            }
            Kind::BootLoop => {
                self.web_mut(&region)?.boots_well = true;
                Some(format!("what is launched in {region} becomes healthy again"))
            }
            Kind::LoadSpike(..) => {
                self.traffic.demand_is(self.now, 100);
                Some("there are as many requests as on an ordinary day".to_owned())
            }
            Kind::CachePrimaryLost => {
                let cache = self.sites.get_mut(super::HOME)?.cache.as_mut()?;
                let was_down = std::mem::replace(&mut cache.down, false);
                was_down.then(|| "the cache's primary serves again, by itself".to_owned())
            }
            Kind::EventsDropped => {
                self.drops_events = false;
                Some("events are delivered again".to_owned())
            }
            Kind::RegionLost(_) => Some(self.bring_region_back(&region)),
            Kind::ControlPlaneDown(_) => {
                self.regions.set_control(&region, true);
                Some(format!("the control plane of {region} works again"))
            }
            Kind::DataPlaneDown(_) => {
                self.regions.set_data(&region, true);
                self.wake_checkers();
                self.old_primary_may_rejoin();
                Some(format!("{region} serves again"))
            }
            Kind::Partition => {
                self.regions.set_cut(false);
                self.old_primary_may_rejoin();
                Some("the two Regions reach each other again".to_owned())
            }
            Kind::RegionIsolated(_) => {
                self.regions.set_isolated(&region, false);
                self.wake_checkers();
                self.old_primary_may_rejoin();
                Some(format!(
                    "{region} and the rest of the world reach each other again"
                ))
            }
            Kind::ReplicationSlow(_) => {
                self.set_slow(None);
                Some("the replication is as fast as before".to_owned())
            }
            Kind::CapacityShort(..) => {
                self.web_mut(&region)?.room = None;
                Some(format!("there is capacity in {region} again"))
            }
            Kind::WebUnreachable(_) => {
                self.web_mut(&region)?.answers = true;
                Some(format!("the instances in {region} answer again, by themselves"))
            }
            Kind::DeploymentRunning(_) => {
                self.web_mut(&region)?.deployed();
                Some(format!("the deployment in {region} is over"))
            }
        }
    }

    fn lose_region(&mut self, region: &Region) -> String {
        self.regions.set_lost(region, true);
        self.begin_issue(region);
        self.note_the_lag_if_it_served(region);
        self.wake_checkers();
        format!("{region} is lost with everything in it")
    }

    fn isolate_region(&mut self, region: &Region) -> String {
        self.regions.set_isolated(region, true);
        self.note_the_lag_if_it_served(region);
        self.wake_checkers();
        format!("{region} is cut off from every other Region; only users near it still reach it")
    }

    fn note_the_lag_if_it_served(&mut self, region: &Region) {
        if self.sites[self.serving_site()].region == *region {
            self.moments.lost_at.get_or_insert(self.now);
            let outstanding = self.replication.as_ref().map(super::Replication::outstanding);
            if let Some(outstanding) = outstanding {
                self.moments.lag_at_loss.get_or_insert(outstanding.ms);
            }
        }
    }

    fn bring_region_back(&mut self, region: &Region) -> String {
        self.regions.set_lost(region, false);
        self.end_issue(region);
        self.wake_checkers();
        self.old_primary_may_rejoin();
        format!("{region} is back, as it was")
    }

    /// The Region that a fault strikes; home, if it strikes none in particular.
    fn region_of(&self, fault: &Fault) -> Option<Region> {
        self.region_at(fault.kind.place().unwrap_or(&Where::At(Place::Primary)))
    }

    fn web_mut(&mut self, region: &Region) -> Option<&mut super::web::Web> {
        let site = self.index_of(region)?;
        self.sites[site].web.as_mut()
    }
}
