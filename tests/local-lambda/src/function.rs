//! A compiled function under a local Lambda.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::runtime_api::{self, Event, FunctionError, RuntimeApi, Said};

/// The access key that a function is given.
pub const ACCESS_KEY: &str = "ASIALOCALLAMBDA";
/// The secret that a function is given, which must be found nowhere.
pub const SECRET_KEY: &str = "local-lambda-secret-access-key";
/// The session token that a function is given, which must not be found in its logs.
pub const SESSION_TOKEN: &str = "local-lambda-session-token";

/// How long Lambda gives a function to start. Source: Lambda Developer Guide, "Understanding the Lambda execution
/// environment lifecycle", init phase.
const START: Duration = Duration::from_secs(10);

/// How long a function may take for one event. Generous, because tests share their machine with compilers.
const ANSWER: Duration = Duration::from_secs(20);

/// How long a process may take to end when told to.
const END: Duration = Duration::from_secs(5);

/// A function that has started.
#[derive(Debug)]
pub struct LocalLambda {
    process: Process,
    api: RuntimeApi,
    started_in: Duration,
    requests: u32,
}

/// A function that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// What it printed, standard output before standard error.
    pub output: String,
}

/// A function that did not start.
#[derive(Debug)]
pub struct NotStarted {
    /// What it told Lambda.
    pub reported: Option<FunctionError>,
    /// How it ended, unless it did not.
    pub ended: Option<Ended>,
}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reported {
            Some(error) => write!(f, "the function reported {error}")?,
            None => write!(f, "the function reported nothing")?,
        }
        match &self.ended {
            Some(ended) => write!(f, "; {}; it printed:\n{}", ended.status, ended.output),
            None => write!(f, "; it did not end"),
        }
    }
}

impl std::error::Error for NotStarted {}

impl LocalLambda {
    /// Starts a compiled function with Lambda's environment and whatever is added to it, and waits until it asks for
    /// its first event. It sees nothing of the environment of the test.
    ///
    /// # Errors
    /// [`NotStarted`] when it ends, or reports that it cannot start, before it asks.
    ///
    /// # Panics
    /// When the binary cannot be run at all.
    pub async fn start(binary: impl AsRef<Path>, variables: &[(&str, &str)]) -> Result<Self, NotStarted> {
        let binary = binary.as_ref();
        let mut api = runtime_api::open().await.expect("a port on loopback");
        let begun = now();
        let mut process = Process::start(binary, &api, variables).expect("the function's binary can be run");
        let said = timeout(START, process.listen(&mut api)).await.ok().flatten();
        match said {
            Some(Said::Ready) => Ok(Self {
                process,
                api,
                started_in: now() - begun,
                requests: 0,
            }),
            Some(Said::CannotStart(error)) => Err(NotStarted {
                reported: Some(error),
                ended: process.ended(END).await.ok(),
            }),
            Some(Said::Answered { .. }) | None => Err(NotStarted {
                reported: None,
                ended: process.ended(Duration::ZERO).await.ok(),
            }),
        }
    }

    /// How long it took from the start of the process to its asking for the first event.
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// The id of its process, while that lives.
    pub fn process_id(&self) -> Option<u32> {
        self.process.child.id()
    }

    /// Hands it an event and waits for its answer.
    ///
    /// # Errors
    /// What it answered. If it ends or does not answer in time: the error that Lambda's caller gets,
    /// `Runtime.ExitError` or `Sandbox.Timedout`.
    pub async fn invoke(&mut self, payload: impl Into<Bytes>) -> Result<Value, FunctionError> {
        self.requests += 1;
        let request = format!("{:08x}-0000-4000-8000-000000000000", self.requests);
        let event = Event {
            request: request.clone(),
            payload: payload.into(),
            timeout: ANSWER,
        };
        // A process that has ended is noticed below.
        let _ = self.api.events.send(event);
        let answer = async {
            loop {
                match self.process.listen(&mut self.api).await {
                    Some(Said::Answered { request: id, answer }) if id == request => break answer,
                    Some(Said::Answered { .. } | Said::Ready | Said::CannotStart(_)) => {}
                    None => {
                        break Err(FunctionError {
                            error_type: "Runtime.ExitError".to_owned(),
                            error_message: format!("RequestId: {request} Error: Runtime exited"),
                        });
                    }
                }
            }
        };
        timeout(ANSWER, answer).await.unwrap_or_else(|_| {
            Err(FunctionError {
                error_type: "Sandbox.Timedout".to_owned(),
                error_message: format!("RequestId: {request} Error: Task timed out"),
            })
        })
    }

    /// Tells it to end, as Lambda does, and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time. It is killed then.
    pub async fn shut_down(self) -> io::Result<Ended> {
        if let Some(id) = self.process.child.id() {
            let id = i32::try_from(id).ok().and_then(Pid::from_raw);
            kill_process(id.ok_or_else(|| io::Error::other("no process id"))?, Signal::TERM)?;
        }
        self.process.ended(END).await
    }
}

/// The function's process. Killed when dropped.
#[derive(Debug)]
struct Process {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

impl Process {
    fn start(binary: &Path, api: &RuntimeApi, variables: &[(&str, &str)]) -> io::Result<Self> {
        let name = binary.file_stem().unwrap_or_default();
        let root = binary.parent().unwrap_or(Path::new("/"));
        let mut child = Command::new(binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.server.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_SESSION_TOKEN", SESSION_TOKEN)
            .env("LAMBDA_TASK_ROOT", root)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        Ok(Self {
            child,
            stdout: tokio::spawn(read(stdout)),
            stderr: tokio::spawn(read(stderr)),
        })
    }

    /// What it says next; nothing if it has ended.
    async fn listen(&mut self, api: &mut RuntimeApi) -> Option<Said> {
        tokio::select! {
            // What it said before it ended counts.
            biased;
            said = api.said.recv() => said,
            _ = self.child.wait() => api.said.try_recv().ok(),
        }
    }

    async fn ended(mut self, patience: Duration) -> io::Result<Ended> {
        let Ok(status) = timeout(patience, self.child.wait()).await else {
            self.child.kill().await?;
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the process did not end"));
        };
        let status = status?;
        let mut output = self.stdout.await?;
        output.push_str(&self.stderr.await?);
        Ok(Ended { status, output })
    }
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        // What could be read until the stream broke is still worth reading.
        let _ = stream.read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a real process takes to start is measured in real time"
)]
fn now() -> Instant {
    Instant::now()
}
