//! The operator's tasks: what waits for a person, the evidence, and the person's verdict.

pub(crate) mod evidence;
mod resolution;
mod view;

use baro_domain::TaskId;
use baro_runtime::{
    Problem,
    http::{INVALID_PARAMETER, path_parsed, query, respond_json},
};
use baro_store::FiledTask;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};

use crate::{
    OperatorApi,
    access::admit,
    codes::{TASK_NOT_FOUND, store},
};
pub(crate) use resolution::resolve;
use view::{TaskPage, TaskView};

/// `GET /v1/operator/lots/{lotId}/tasks?state=open&cursor=`: tasks that wait, oldest first, in one request a page; or
/// with `state=all` those that ended too, newest first.
pub(crate) async fn list(api: &OperatorApi, request: &Request) -> Result<Response<Body>, Problem> {
    let (_, lot) = admit(api, request).await?;
    let state: Option<String> = query(request, "state")?;
    let cursor: Option<TaskId> = query(request, "cursor")?;
    let id = &lot.lot.id;
    let (tasks, next) = match state.as_deref() {
        None | Some("open") => api.tasks.open_tasks(id, cursor.as_ref()).await,
        Some("all") => api.tasks.all_tasks(id, cursor.as_ref()).await,
        Some(_) => {
            let problem = INVALID_PARAMETER.problem().with("parameter", "state");
            return Err(problem.detail("the parameter state is open or all"));
        }
    }
    .map_err(store)?;
    let zone = lot.fees.zone();
    let tasks = tasks.iter().map(|filed| TaskView::new(filed, zone)).collect();
    respond_json(StatusCode::OK, &TaskPage { tasks, cursor: next.map(|id| id.to_string()) })
}

/// `GET /v1/operator/lots/{lotId}/tasks/{taskId}`: a task with its evidence, in two requests.
pub(crate) async fn one(api: &OperatorApi, request: &Request) -> Result<Response<Body>, Problem> {
    let (_, lot) = admit(api, request).await?;
    let filed = filed(api, request, &lot.lot.id).await?;
    let evidence = evidence::gather(api, &lot, &filed.task).await?;
    let task = TaskView::new(&filed, lot.fees.zone());
    respond_json(StatusCode::OK, &view::TaskInFull { task, evidence })
}

/// The task that the path names.
async fn filed(api: &OperatorApi, request: &Request, lot: &baro_domain::LotId) -> Result<FiledTask, Problem> {
    let id: TaskId = path_parsed(request, "taskId")?;
    api.tasks.task(lot, &id).await.map_err(store)?.ok_or_else(|| TASK_NOT_FOUND.problem())
}
