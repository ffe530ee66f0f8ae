//! A person's verdict on a task. The first counts; with its own key it may be sent again.

use baro_domain::{
    PlateNumber, PricedLot, RulingId,
    task::{FileChange, Outcome, Task, TaskError, Verdict, decide},
    visit::{Facts, Ruling, fold},
};
use baro_runtime::{
    Problem,
    http::{INVALID_MEMBER, IdempotencyKey, idempotency_key, json_body, respond_json},
};
use baro_store::{Ended, FileEntry, FiledTask};
use http::{Response, StatusCode};
use jiff::Timestamp;
use lambda_http::{Body, Request};
use serde::Deserialize;

use super::{filed, view::TaskView};
use crate::{
    OperatorApi,
    access::{Caller, admit},
    codes::{IDEMPOTENCY_KEY_REUSED, NO_OPEN_VISIT, TASK_ENDED, VERDICT_NOT_POSSIBLE, store},
};

const MAX_BODY_BYTES: usize = 4_096;
const MAX_NOTE_CHARS: usize = 300;

/// What a person sends.
#[derive(Debug, Deserialize)]
struct Resolution {
    #[serde(flatten)]
    verdict: Verdict,
    /// Why: 1 to 300 characters. It stays on file.
    note: String,
}

/// The same, with the key of the request.
struct Said {
    verdict: Verdict,
    note: String,
    key: IdempotencyKey,
}

impl Said {
    fn of(request: &Request, key: IdempotencyKey) -> Result<Self, Problem> {
        let sent: Resolution = json_body(request, MAX_BODY_BYTES)?;
        Ok(Self { note: note(&sent.note)?.to_owned(), verdict: sent.verdict, key })
    }
}

/// `POST /v1/operator/lots/{lotId}/tasks/{taskId}/resolution`
pub(crate) async fn resolve(api: &OperatorApi, request: &Request) -> Result<Response<Body>, Problem> {
    let key = idempotency_key(request)?;
    let (caller, lot) = admit(api, request).await?;
    let said = Said::of(request, key)?;
    let before = filed(api, request, &lot.lot.id).await?;
    let filed =
        if before.outcome.is_some() { before } else { end(api, &lot, &caller, &before.task, &said).await? };
    is_ours(&filed, &said)?;
    relist(api, &lot, &filed.task, &said.verdict).await?;
    respond_json(StatusCode::OK, &TaskView::new(&filed, lot.fees.zone()))
}

fn note(note: &str) -> Result<&str, Problem> {
    let note = note.trim();
    if note.is_empty() || note.chars().count() > MAX_NOTE_CHARS {
        let problem = INVALID_MEMBER.problem().with("pointer", "#/note");
        return Err(problem.detail("a note of 1 to 300 characters is needed"));
    }
    Ok(note)
}

/// Carries the verdict out, unless somebody was faster; answers the task as it is now.
async fn end(
    api: &OperatorApi,
    lot: &PricedLot,
    caller: &Caller,
    task: &Task,
    said: &Said,
) -> Result<FiledTask, Problem> {
    let Said { verdict, note, key } = said;
    let now = api.clock.now();
    let facts = match &task.plate {
        Some(plate) => api.parking.facts(&lot.lot.id, plate).await.map_err(store)?,
        None => Facts::none(PlateNumber::unread()),
    };
    let matched = match verdict {
        Verdict::Match { plate } => Some(api.parking.facts(&lot.lot.id, plate).await.map_err(store)?),
        _ => None,
    };
    let changes =
        decide(&lot.context(), &task.kind, &facts, matched.as_ref(), verdict, now).map_err(refused)?;
    let entries: Vec<FileEntry> =
        changes.into_iter().map(|change| entry(change, task, caller, note, now)).collect();
    let outcome = Outcome::Decided {
        at: now,
        by: caller.signature(),
        verdict: verdict.clone(),
        note: note.clone(),
        key: key.as_str().to_owned(),
    };
    match api.tasks.end(task, &outcome, &entries, now).await.map_err(store)? {
        Ended::Done => {
            tracing::info!(task = %task.id, lot = %lot.lot.id, operator = %caller.operator, "a task was decided");
            Ok(FiledTask { task: task.clone(), outcome: Some(outcome) })
        }
        Ended::Before(filed) => Ok(*filed),
    }
}

/// A task ends once, so ids derived from it are those of any repetition.
fn entry(change: FileChange, task: &Task, caller: &Caller, note: &str, now: Timestamp) -> FileEntry {
    let ruling = |(index, kind): (usize, _)| Ruling {
        id: RulingId::derive(&[task.id.as_str(), change.plate.as_str(), &index.to_string()]),
        at: now,
        by: caller.signature(),
        note: note.to_owned(),
        kind,
    };
    let rulings = change.rulings.into_iter().enumerate().map(ruling).collect();
    FileEntry { plate: change.plate, rulings, read: change.read }
}

fn refused(error: TaskError) -> Problem {
    match error {
        TaskError::NotThisWay => VERDICT_NOT_POSSIBLE.problem(),
        TaskError::NoVisit => NO_OPEN_VISIT.problem(),
        TaskError::Moment => INVALID_MEMBER.problem().with("pointer", "#/leftAt").detail(error.to_string()),
    }
}

/// Whether the task ended by this very request, now or at an earlier try of it.
fn is_ours(filed: &FiledTask, said: &Said) -> Result<(), Problem> {
    match &filed.outcome {
        Some(Outcome::Decided { key, verdict, .. }) if key == said.key.as_str() => {
            if *verdict == said.verdict { Ok(()) } else { Err(IDEMPOTENCY_KEY_REUSED.problem()) }
        }
        _ => Err(TASK_ENDED.problem()),
    }
}

/// Corrects the list of open plates. Done at a repetition too, since the first try may have ended before it.
async fn relist(api: &OperatorApi, lot: &PricedLot, task: &Task, verdict: &Verdict) -> Result<(), Problem> {
    let matched = match verdict {
        Verdict::Match { plate } => Some(plate),
        _ => None,
    };
    let plates: Vec<&PlateNumber> = task.plate.iter().chain(matched).collect();
    for plate in plates {
        let open = |facts: &_| fold(&lot.context(), facts).open().map(|visit| visit.entered_at);
        api.parking.relist(&lot.lot.id, plate, open).await.map_err(store)?;
    }
    Ok(())
}
