//! The application's write check, as a server would answer it: it stores and reads through the database's writer.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use domain::duration::Duration;

use super::Desk;
use crate::facts;
use crate::world::database::Health;

/// How long the application waits for a database that does not answer before it gives up itself. Longer than anybody
/// asks it.
const APPLICATION_GIVES_UP: Duration = Duration::from_secs(30);

/// A connector to the application.
pub fn connector(desk: &Desk) -> SharedHttpConnector {
    SharedHttpConnector::new(Application {
        desk: desk.clone(),
        stored: Arc::default(),
    })
}

#[derive(Debug)]
struct Application {
    desk: Desk,
    stored: Arc<Mutex<String>>,
}

impl HttpConnector for Application {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (clock, stored) = (self.desk.clock(), Arc::clone(&self.stored));
        let (serves, hangs, takes) = {
            let mut world = self.desk.world();
            let hangs = world.database.hosts[world.database.writer].health == Health::Hung
                && !world.database.is_failing_over();
            (world.serves(), hangs, world.dice().draw(&facts::APPLICATION))
        };
        HttpConnectorFuture::new(async move {
            clock.pass(if hangs { APPLICATION_GIVES_UP } else { takes }).await;
            let mut stored = stored.lock().unwrap_or_else(PoisonError::into_inner);
            let (status, body) = match (serves, request.method()) {
                (false, _) => (503_u16, "the database does not take writes".to_owned()),
                (true, "PUT") => {
                    *stored =
                        String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
                    (204, String::new())
                }
                (true, "GET") => (200, stored.clone()),
                (true, _) => (405, String::new()),
            };
            Ok(HttpResponse::new(
                StatusCode::try_from(status).expect("a status"),
                SdkBody::from(body),
            ))
        })
    }
}
