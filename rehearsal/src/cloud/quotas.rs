//! Service Quotas.

use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::operation::get_service_quota::{GetServiceQuotaInput, GetServiceQuotaOutput};
use aws_sdk_servicequotas::types::ServiceQuota;
use aws_smithy_mocks::{Rule, mock};
use domain::names::Region;

use super::desk::{Desk, Route};
use super::refusal::Refusal;
use crate::world::World;

/// "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", counted in vCPUs. Source: EC2 User Guide,
/// ec2-on-demand-instances, limits.
const STANDARD_VCPUS: (&str, &str) = ("ec2", "L-1216C47A");

pub(super) fn rules(desk: &Desk, route: &Route) -> Vec<Rule> {
    vec![mock!(Client::get_service_quota).then_compute_response(desk.control(route, get))]
}

fn get(
    world: &mut World,
    region: &Region,
    input: &GetServiceQuotaInput,
) -> Result<GetServiceQuotaOutput, Refusal> {
    let asked = (
        input.service_code().unwrap_or_default(),
        input.quota_code().unwrap_or_default(),
    );
    let web = world.site(region).and_then(|site| site.web.as_ref());
    let vcpus = web.filter(|_| asked == STANDARD_VCPUS).map(|web| web.quota_vcpus);
    let vcpus = vcpus.ok_or_else(|| {
        let why = "The request failed because the specified quota code does not exist";
        Refusal::not_found("NoSuchResourceException", why)
    })?;
    let quota = ServiceQuota::builder()
        .service_code(asked.0)
        .quota_code(asked.1)
        .quota_name("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances")
        .value(f64::from(vcpus))
        .adjustable(true)
        .build();
    Ok(GetServiceQuotaOutput::builder().quota(quota).build())
}
