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

#[derive(Clone, Debug)]
struct Application {
    desk: Desk,
    from: Region,
}

/// What is asked of it.
#[derive(Clone, Debug)]
struct Asked {
    method: String,
    uri: String,
    body: String,
}

/// What comes of that.
enum Comes {
    /// No connection.
    NoConnection,
    /// A connection, and no answer.
    Nothing,
    /// An answer, after a while.
    Answer(Duration, u16, String),
}

impl Asked {
    fn of(request: &HttpRequest) -> Self {
        let body = request.body().bytes().unwrap_or_default();
        Self {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            body: String::from_utf8_lossy(body).into_owned(),
        }
    }
}

impl Application {
    fn ask(&self, asked: &Asked) -> Comes {
        let fault = self
            .desk
            .pass(format!("application:{}", asked.method), &self.from);
        let mut world = self.desk.world();
        let takes = world.dice().draw(&facts::APPLICATION);
        // What stands in front of it may refuse, however it is itself.
        match fault {
            Some(CallFault::Refused) => return Comes::Answer(takes, 403, String::new()),
            Some(CallFault::Throttled) => return Comes::Answer(takes, 429, String::new()),
            Some(CallFault::Unanswered | CallFault::Late) => return Comes::Nothing,
            Some(CallFault::AnswerLost | CallFault::Crash | CallFault::Twice | CallFault::Stale) | None => {}
        }
        let site = match world.ask(&self.from, host(&asked.uri)) {
            Answers::Silent => return Comes::NoConnection,
            Answers::Hangs => return Comes::Answer(APPLICATION_GIVES_UP, 503, NO_WRITES.to_owned()),
            Answers::Unavailable(why) => return Comes::Answer(takes, 503, why),
            Answers::Site(site) => site,
        };
        let (status, body) = serve(&mut world, site, asked);
        match fault {
            Some(CallFault::AnswerLost) => return Comes::Nothing,
            Some(CallFault::Crash) => {
                injection::crash();
                return Comes::Nothing;
            }
            Some(CallFault::Twice) => drop(serve(&mut world, site, asked)),
            Some(
                CallFault::Refused
                | CallFault::Throttled
                | CallFault::Unanswered
                | CallFault::Late
                | CallFault::Stale,
            )
            | None => {}
        }
        Comes::Answer(takes, status, body)
    }
}

impl HttpConnector for Application {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = Asked::of(&request);
        let comes = self.ask(&asked);
        self.desk.keep(|_| {
            let application = self.clone();
            move || drop(application.ask(&asked))
        });
        let clock = self.desk.clock();
        HttpConnectorFuture::new(async move {
            let (after, status, body) = match comes {
                Comes::NoConnection => return unreachable(clock).await,
                Comes::Nothing => std::future::pending().await,
                Comes::Answer(after, status, body) => (after, status, body),
            };
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
fn serve(world: &mut World, site: usize, asked: &Asked) -> (u16, String) {
    match asked.method.as_str() {
        "PUT" => {
            world.write(site, &asked.body);
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
