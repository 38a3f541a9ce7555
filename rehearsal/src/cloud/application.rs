//! The application's write check, as its servers would answer it: it stores and reads through a Region's database.
//!
//! Which Region's, the URL's host decides: the name leads to wherever an uncached resolution leads right now, a
//! Region's own host always to that Region.

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use domain::duration::Duration;
use domain::names::Region;

use super::Desk;
use super::wire::unreachable;
use crate::facts;
use crate::injection::{self, CallFault};
use crate::world::{Answers, World};

/// How long the application waits for a database that does not answer before it gives up itself. Longer than anybody
/// asks it.
const APPLICATION_GIVES_UP: Duration = Duration::from_secs(30);

/// A connector to the application, for whoever asks from a Region.
pub fn connector(desk: &Desk, from: &Region) -> SharedHttpConnector {
    SharedHttpConnector::new(Application {
        desk: desk.clone(),
        from: from.clone(),
    })
}

#[derive(Debug)]
struct Application {
    desk: Desk,
    from: Region,
}

impl HttpConnector for Application {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let clock = self.desk.clock();
        let fault = self
            .desk
            .pass(&format!("application:{}", request.method()), &self.from);
        let mut world = self.desk.world();
        let takes = world.dice().draw(&facts::APPLICATION);
        let (after, status, body) = match world.ask(&self.from, host(request.uri())) {
            Answers::Silent => return HttpConnectorFuture::new(unreachable(clock)),
            Answers::Hangs => (APPLICATION_GIVES_UP, 503, NO_WRITES.to_owned()),
            Answers::Unavailable(why) => (takes, 503, why),
            Answers::Site(site) => {
                let (status, body) = match fault {
                    None | Some(CallFault::Stale) => serve(&mut world, site, &request),
                    Some(CallFault::Refused) => (403, String::new()),
                    Some(CallFault::Throttled) => (429, String::new()),
                    Some(CallFault::Unanswered | CallFault::Late) => {
                        return HttpConnectorFuture::new(std::future::pending());
                    }
                    Some(CallFault::AnswerLost) => {
                        serve(&mut world, site, &request);
                        return HttpConnectorFuture::new(std::future::pending());
                    }
                    Some(CallFault::Crash) => {
                        serve(&mut world, site, &request);
                        injection::crash();
                        return HttpConnectorFuture::new(std::future::pending());
                    }
                    Some(CallFault::Twice) => {
                        serve(&mut world, site, &request);
                        serve(&mut world, site, &request)
                    }
                };
                (takes, status, body)
            }
        };
        drop(world);
        HttpConnectorFuture::new(async move {
            clock.pass(after).await;
            Ok(HttpResponse::new(
                StatusCode::try_from(status).expect("200, 204, 403, 405, 429 and 503 are statuses"),
                SdkBody::from(body),
            ))
        })
    }
}

const NO_WRITES: &str = "the database does not take writes";

/// A healthy instance of a Region answers.
fn serve(world: &mut World, site: usize, request: &HttpRequest) -> (u16, String) {
    match request.method() {
        "PUT" => {
            let token = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
            world.write(site, &token);
            (204, String::new())
        }
        "GET" => (200, world.read(site).unwrap_or_default().to_owned()),
        _ => (405, String::new()),
    }
}

/// The host of a URL, without its port.
fn host(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, after)| after);
    after.split(['/', ':', '?']).next().unwrap_or_default()
}
