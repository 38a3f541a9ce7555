//! Zonal shift of Application Recovery Controller.

use aws_sdk_arczonalshift::Client;
use aws_sdk_arczonalshift::operation::cancel_zonal_shift::{CancelZonalShiftInput, CancelZonalShiftOutput};
use aws_sdk_arczonalshift::operation::get_managed_resource::{
    GetManagedResourceInput, GetManagedResourceOutput,
};
use aws_sdk_arczonalshift::operation::list_zonal_shifts::{ListZonalShiftsInput, ListZonalShiftsOutput};
use aws_sdk_arczonalshift::operation::start_zonal_shift::{StartZonalShiftInput, StartZonalShiftOutput};
use aws_sdk_arczonalshift::types::{
    AppliedStatus, ShiftType, ZonalAutoshiftStatus, ZonalShiftInResource, ZonalShiftStatus, ZonalShiftSummary,
};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::operation::BuildError;
use domain::duration::Duration;
use domain::names::Region;

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use crate::timeline::Actor;
use crate::world::web::ShiftRefusal;
use crate::world::web::zones::{Shift, ShiftStatus};
use crate::world::{Ms, World};

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![
        mock!(Client::start_zonal_shift).then_compute_response(desk.control(route, start)),
        mock!(Client::cancel_zonal_shift).then_compute_response(desk.control(route, cancel)),
        mock!(Client::list_zonal_shifts).then_compute_response(desk.control(route, list)),
        mock!(Client::get_managed_resource).then_compute_response(desk.control(route, get)),
    ]
}

fn start(
    world: &mut World,
    region: &Region,
    input: &StartZonalShiftInput,
) -> Result<StartZonalShiftOutput, Refusal> {
    let resource = input.resource_identifier().unwrap_or_default();
    let away_from = input.away_from().unwrap_or_default();
    let lasts = lasts(input.expires_in().unwrap_or_default())?;
    let comment = input.comment().unwrap_or_default();
    let line = format!("arc-zonal-shift:StartZonalShift away from {away_from} in {region} for {lasts}");
    let answer = world.start_shift(region, resource, away_from, lasts, comment);
    let shift = asked(world, &line, answer)?;
    built(
        StartZonalShiftOutput::builder()
            .zonal_shift_id(&shift.id)
            .resource_identifier(resource)
            .away_from(&shift.away_from)
            .expiry_time(time(world, shift.expires))
            .start_time(time(world, shift.started))
            .status(status(&shift))
            .comment(&shift.comment)
            .build(),
    )
}

fn cancel(
    world: &mut World,
    region: &Region,
    input: &CancelZonalShiftInput,
) -> Result<CancelZonalShiftOutput, Refusal> {
    let id = input.zonal_shift_id().unwrap_or_default();
    let line = format!("arc-zonal-shift:CancelZonalShift {id} in {region}");
    let answer = world.cancel_shift(region, id);
    let shift = asked(world, &line, answer)?;
    built(
        CancelZonalShiftOutput::builder()
            .zonal_shift_id(&shift.id)
            .resource_identifier(resource(world, region))
            .away_from(&shift.away_from)
            .expiry_time(time(world, shift.expires))
            .start_time(time(world, shift.started))
            .status(status(&shift))
            .comment(&shift.comment)
            .build(),
    )
}

/// Source: ARC zonal shift API, ListZonalShifts: of all resources unless one is named, of all statuses unless one is.
fn list(
    world: &mut World,
    region: &Region,
    input: &ListZonalShiftsInput,
) -> Result<ListZonalShiftsOutput, Refusal> {
    let resource = resource(world, region);
    if input.resource_identifier().is_some_and(|asked| asked != resource) {
        return Ok(ListZonalShiftsOutput::builder()
            .set_items(Some(Vec::new()))
            .build());
    }
    let wanted = |shift: &&Shift| input.status().is_none_or(|asked| *asked == status(shift));
    let summary = |shift: &Shift| {
        built(
            ZonalShiftSummary::builder()
                .zonal_shift_id(&shift.id)
                .resource_identifier(&resource)
                .away_from(&shift.away_from)
                .expiry_time(time(world, shift.expires))
                .start_time(time(world, shift.started))
                .status(status(shift))
                .comment(&shift.comment)
                .shift_type(ShiftType::ZonalShift)
                .build(),
        )
    };
    let items: Result<Vec<ZonalShiftSummary>, Refusal> = shifts(world, region)
        .iter()
        .rev()
        .filter(wanted)
        .map(summary)
        .collect();
    Ok(ListZonalShiftsOutput::builder().set_items(Some(items?)).build())
}

/// Source: ARC zonal shift API, GetManagedResource: the shifts in it are those that are active.
fn get(
    world: &mut World,
    region: &Region,
    input: &GetManagedResourceInput,
) -> Result<GetManagedResourceOutput, Refusal> {
    let asked = input.resource_identifier().unwrap_or_default();
    let web = world.balanced_by(region, asked).ok_or_else(|| {
        Refusal::not_found(
            "ResourceNotFoundException",
            format!("The resource {asked} is not managed"),
        )
    })?;
    let applied = |shift: &Shift| {
        built(
            ZonalShiftInResource::builder()
                .applied_status(AppliedStatus::Applied)
                .zonal_shift_id(&shift.id)
                .resource_identifier(asked)
                .away_from(&shift.away_from)
                .expiry_time(time(world, shift.expires))
                .start_time(time(world, shift.started))
                .comment(&shift.comment)
                .shift_type(ShiftType::ZonalShift)
                .build(),
        )
    };
    let active: Result<Vec<ZonalShiftInResource>, Refusal> =
        web.zones.active_shift().into_iter().map(applied).collect();
    let active = active?;
    let weight = |id: &String| {
        let away = active.iter().any(|shift| shift.away_from() == id);
        (id.clone(), if away { 0.0 } else { 1.0 })
    };
    built(
        GetManagedResourceOutput::builder()
            .arn(asked)
            .name(asked.rsplit('/').nth(1).unwrap_or_default())
            .set_applied_weights(Some(web.zones.ids.values().map(weight).collect()))
            .set_zonal_shifts(Some(active.clone()))
            .set_autoshifts(Some(Vec::new()))
            .zonal_autoshift_status(ZonalAutoshiftStatus::Disabled)
            .build(),
    )
}

fn asked(world: &mut World, line: &str, answer: Result<Shift, ShiftRefusal>) -> Result<Shift, Refusal> {
    let answer = answer.map_err(|refusal| match refusal {
        ShiftRefusal::NotFound(why) => Refusal::not_found("ResourceNotFoundException", why),
        ShiftRefusal::Invalid(why, reason) => Refusal::new("ValidationException", why).because(reason),
        ShiftRefusal::Conflict(why, reason) => Refusal::conflict("ConflictException", why).because(reason),
    });
    let said = answer.as_ref().map_or_else(Refusal::code, |_| "accepted");
    world.say(Actor::Call, format!("{line}: {said}"));
    answer
}

/// Source: ARC zonal shift API, StartZonalShift, `expiresIn`: a whole number and `m` or `h`.
fn lasts(text: &str) -> Result<Duration, Refusal> {
    let number = |unit: char| {
        text.strip_suffix(unit)
            .and_then(|number| number.parse::<u64>().ok())
    };
    let minutes = number('m').or_else(|| number('h').map(|hours| hours * 60));
    minutes.map(Duration::from_mins).ok_or_else(|| {
        let why = format!("`{text}` is no time to expire in: write 30m, or 12h");
        Refusal::new("ValidationException", why).because("InvalidExpiresIn")
    })
}

fn shifts<'w>(world: &'w World, region: &Region) -> &'w [Shift] {
    let web = world.site(region).and_then(|site| site.web.as_ref());
    web.map_or(&[], |web| web.zones.shifts.as_slice())
}

fn resource(world: &World, region: &Region) -> String {
    let web = world.site(region).and_then(|site| site.web.as_ref());
    web.and_then(|web| web.zones.load_balancer.clone())
        .unwrap_or_default()
}

fn status(shift: &Shift) -> ZonalShiftStatus {
    match shift.status {
        ShiftStatus::Active => ZonalShiftStatus::Active,
        ShiftStatus::Expired => ZonalShiftStatus::Expired,
        ShiftStatus::Canceled => ZonalShiftStatus::Canceled,
    }
}

fn time(world: &World, at: Ms) -> DateTime {
    DateTime::from_millis(world.timestamp(at).as_millisecond())
}

/// Every field that the model requires is set above.
fn built<T>(answer: Result<T, BuildError>) -> Result<T, Refusal> {
    answer.map_err(|error| Refusal::new("InternalServerException", error.to_string()))
}
