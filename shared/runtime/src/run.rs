//! Starting a function: configuration, telemetry, clients once; then one event after the other on a single thread, as Lambda hands them out.

use crate::config::Config;
use crate::http::request_id;
use crate::problem::{INTERNAL_ERROR, Problem, chain};
use crate::telemetry;
use ::http::Response;
use futures::FutureExt as _;
use lambda_http::{Body, Request};
use lambda_runtime::LambdaEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;

/// Why a function couldn't start.
pub type InitError = Box<dyn Error + Send + Sync>;

/// Runs a function behind API Gateway: `main` is this call and nothing else.
///
/// `init` builds what lives as long as the sandbox; it runs while a car may be waiting, so it does only what every request needs.
/// A problem that `handle` gives back, and a panic, are logged once and answered as problem+json.
pub fn run_http<S, Init, InitFut, Handle, HandleFut>(init: Init, handle: Handle) -> ExitCode
where
    S: Send + Sync + 'static,
    Init: FnOnce(Config) -> InitFut,
    InitFut: Future<Output = Result<S, InitError>>,
    Handle: Fn(Arc<S>, Request) -> HandleFut + Clone + Send + Sync + 'static,
    HandleFut: Future<Output = Result<Response<Body>, Problem>> + Send,
{
    start(init, async move |service: Arc<S>| {
        let service = lambda_http::service_fn(move |request: Request| {
            let (service, handle) = (Arc::clone(&service), handle.clone());
            async move { Ok::<_, Infallible>(answer(request, |request| handle(service, request)).await) }
        });
        lambda_http::run(service).await
    })
}

/// Runs a function that takes events of type `E`: queues, streams, schedules. An error fails the invocation; Lambda tries it again as the
/// event's source is configured to.
pub fn run_events<S, E, R, F, Init, InitFut, Handle, HandleFut>(init: Init, handle: Handle) -> ExitCode
where
    S: Send + Sync + 'static,
    E: DeserializeOwned + Send,
    R: Serialize,
    F: Error + 'static,
    Init: FnOnce(Config) -> InitFut,
    InitFut: Future<Output = Result<S, InitError>>,
    Handle: Fn(Arc<S>, E) -> HandleFut + Clone + Send + Sync + 'static,
    HandleFut: Future<Output = Result<R, F>> + Send,
{
    start(init, async move |service: Arc<S>| {
        let service = lambda_runtime::service_fn(move |event: LambdaEvent<E>| {
            let done = handle(Arc::clone(&service), event.payload);
            // As text: lambda_runtime writes the one log line of a failed invocation, with this in it.
            async move { done.await.map_err(|error| lambda_runtime::Error::from(chain(&error))) }
        });
        lambda_runtime::run(service).await
    })
}

/// The answer to one request as the client will see it: what [`run_http`] does around a handler, also for tests of handlers.
pub async fn answer<Handle, HandleFut>(request: Request, handle: Handle) -> Response<Body>
where
    Handle: FnOnce(Request) -> HandleFut,
    HandleFut: Future<Output = Result<Response<Body>, Problem>>,
{
    let id = request_id(&request).map(str::to_owned);
    let outcome = AssertUnwindSafe(async { handle(request).await }).catch_unwind().await;
    let problem = match outcome {
        Ok(Ok(response)) => return response,
        Ok(Err(problem)) => problem,
        Err(_) => INTERNAL_ERROR.problem().caused_by("panicked"),
    };
    problem.log();
    problem.or_instance(|| id.map(|id| format!("urn:uuid:{id}"))).into_response()
}

/// One thread: a sandbox handles one event at a time, and starting workers would cost init time.
fn start<S, Init, InitFut, Serve>(init: Init, serve: Serve) -> ExitCode
where
    Init: FnOnce(Config) -> InitFut,
    InitFut: Future<Output = Result<S, InitError>>,
    Serve: AsyncFnOnce(Arc<S>) -> Result<(), lambda_runtime::Error>,
{
    let config = Config::from_env();
    if let Err(error) = telemetry::init(&config) {
        // There is no log yet: Lambda takes standard error as well.
        eprintln!("the function can't start: {error}");
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime.map_err(InitError::from).and_then(|runtime| {
        runtime.block_on(async {
            let service = Arc::new(init(config).await?);
            serve(service).await
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(cause = chain(error.as_ref()), "the function can't start");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::respond_json;
    use ::http::StatusCode;
    use lambda_http::{Context, RequestExt as _};
    use serde_json::Value;

    async fn body_of<Fut>(handle: impl FnOnce(Request) -> Fut) -> (u16, Value)
    where
        Fut: Future<Output = Result<Response<Body>, Problem>>,
    {
        let mut context = Context::default();
        context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
        let request = Request::new(Body::Empty).with_lambda_context(context);
        let response = answer(request, handle).await;
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
    }

    #[tokio::test]
    async fn an_answer_passes_unchanged() {
        let (status, body) = body_of(async |_| respond_json(StatusCode::CREATED, "here")).await;
        assert_eq!((status, body), (201, Value::from("here")));
    }

    #[tokio::test]
    async fn a_panic_is_answered_as_a_problem_without_its_text() {
        let (status, body) = body_of(async |_| panic!("the plate is 12가3456")).await;
        assert_eq!((status, &body["code"]), (500, &Value::from("internal-error")));
        assert!(!body.to_string().contains("3456"));
    }

    #[tokio::test]
    async fn a_problem_carries_the_request_id() {
        let (status, body) = body_of(async |_| Err(crate::problem::ROUTE_NOT_FOUND.problem())).await;
        assert_eq!(status, 404);
        assert_eq!(body["instance"], "urn:uuid:8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    }
}
