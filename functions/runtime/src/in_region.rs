//! Clients for whichever Region a step speaks to.

use std::sync::Arc;

use domain::names::Region;

/// Gives a service's client for a Region.
pub type InRegion<C> = Arc<dyn Fn(&Region) -> C + Send + Sync>;
