//! What RDS noted down. Source: RDS API, DescribeEvents: the last hour by default, fourteen days at most.

use aws_sdk_rds::Client;
use aws_sdk_rds::operation::describe_events::{DescribeEventsInput, DescribeEventsOutput};
use aws_sdk_rds::types::{Event, SourceType};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use domain::duration::Duration;
use domain::names::Region;

use crate::cloud::desk::{Desk, Route};
use crate::cloud::refusal::Refusal;
use crate::world::site::{Recorded, Site};
use crate::world::{Ms, World};

/// Source: RDS API, DescribeEvents, `Duration`.
const BY_DEFAULT: Duration = Duration::from_mins(60);

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![mock!(Client::describe_events).then_compute_response(desk.control(route, describe))]
}

fn describe(
    world: &mut World,
    region: &Region,
    input: &DescribeEventsInput,
) -> Result<DescribeEventsOutput, Refusal> {
    if input.source_identifier().is_some() && input.source_type().is_none() {
        let why = "SourceType must be provided with SourceIdentifier";
        return Err(Refusal::new("InvalidParameterCombination", why));
    }
    let minutes = input.duration().and_then(|minutes| u64::try_from(minutes).ok());
    let reach = minutes.map_or(BY_DEFAULT, Duration::from_mins).as_millis();
    let since = input
        .start_time()
        .map_or(world.now.saturating_sub(reach), |start| ms_of(world, start));
    let until = input.end_time().map_or(world.now, |end| ms_of(world, end));
    let events = world.site(region).into_iter().flat_map(|site| {
        site.rds_events
            .iter()
            .filter(|recorded| (since..=until).contains(&recorded.at))
            .map(|recorded| (recorded, source_type(site, recorded)))
    });
    let wanted = events.filter(|(recorded, of)| {
        input.source_type().is_none_or(|asked| asked == of)
            && input
                .source_identifier()
                .is_none_or(|asked| recorded.source.eq_ignore_ascii_case(asked))
            && (input.event_categories().is_empty()
                || input
                    .event_categories()
                    .iter()
                    .any(|asked| asked == recorded.event.category))
    });
    let shown = wanted.map(|(recorded, of)| {
        // DescribeEvents has no field for the event's number; it stands in no message of AWS's either. The message is
        // what can be matched. Source: RDS API, Event.
        Event::builder()
            .source_identifier(&recorded.source)
            .source_type(of)
            .message(&recorded.event.message)
            .event_categories(recorded.event.category)
            .date(DateTime::from_millis(
                world.timestamp(recorded.at).as_millisecond(),
            ))
            .build()
    });
    Ok(DescribeEventsOutput::builder()
        .set_events(Some(shown.collect()))
        .build())
}

fn source_type(site: &Site, recorded: &Recorded) -> SourceType {
    if site.database.is_cluster() && !recorded.event.of_instance {
        SourceType::DbCluster
    } else {
        SourceType::DbInstance
    }
}

fn ms_of(world: &World, at: &DateTime) -> Ms {
    let start = world.timestamp(0).as_millisecond();
    u64::try_from(at.to_millis().unwrap_or_default() - start).unwrap_or(0)
}
