//! What a lot is owed, and giving it up.

use baro_domain::{
    PlateNumber, PricedLot, ReceivableId,
    receivable::{Command, Receivable, ReceivableState, Try, TryOutcome, WriteOff},
};
use baro_runtime::{
    Problem,
    http::{INVALID_MEMBER, json_body, local_time, path_parsed, query, respond_json},
    problem::internal,
};
use baro_store::OwedCursor;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use serde::{Deserialize, Serialize};

use crate::{
    OperatorApi,
    access::admit,
    codes::{RECEIVABLE_CLOSED, RECEIVABLE_NOT_FOUND, store},
};

const MAX_BODY_BYTES: usize = 4_096;
/// Long enough for a reason, short enough for a list.
const MAX_NOTE_CHARS: usize = 200;

/// A page of what is owed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Owed {
    receivables: Vec<ReceivableView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// A receivable as its lot's operator sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceivableView {
    receivable_id: ReceivableId,
    state: ReceivableState,
    plate: PlateNumber,
    visit_id: String,
    entered_at: String,
    left_at: String,
    principal: i64,
    surcharge: i64,
    currency: &'static str,
    notices: Vec<NoticeView>,
    tries: Vec<TryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    written_off: Option<WriteOffView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NoticeView {
    number: u32,
    at: String,
}

/// One more charge of the payer's card.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TryView {
    number: u32,
    at: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WriteOffView {
    at: String,
    by: String,
    note: String,
}

/// Why nothing more is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AskedWriteOff {
    note: String,
}

fn view(lot: &PricedLot, owed: &Receivable) -> Result<ReceivableView, Problem> {
    let zone = lot.fees.zone();
    let demand = owed.demand(lot.lot.rules.unpaid).map_err(|error| internal(&error))?;
    let notice = |sent: &baro_domain::receivable::SentNotice| NoticeView {
        number: sent.demand.notice,
        at: local_time(zone, sent.at),
    };
    let tried = |tried: &Try| {
        let outcome = owed.outcome(tried);
        let (number, at, name) = (tried.number, local_time(zone, tried.at), outcome.name());
        let code = match outcome {
            TryOutcome::Refused(code) => Some(code),
            TryOutcome::NotMade(why) => Some(why.code().to_owned()),
            TryOutcome::Pending | TryOutcome::Paid => None,
        };
        TryView { number, at, outcome: name, code }
    };
    Ok(ReceivableView {
        receivable_id: owed.id.clone(),
        state: owed.state(),
        plate: owed.plate.clone(),
        visit_id: owed.visit.to_string(),
        entered_at: local_time(zone, owed.entered_at),
        left_at: local_time(zone, owed.left_at),
        principal: demand.principal.get(),
        surcharge: demand.surcharge.get(),
        currency: "KRW",
        notices: owed.notices.iter().map(notice).collect(),
        tries: owed.tries.iter().map(tried).collect(),
        written_off: owed.write_off.as_ref().map(|write_off| WriteOffView {
            at: local_time(zone, write_off.at),
            by: write_off.by.clone(),
            note: write_off.note.clone(),
        }),
    })
}

/// `GET /v1/operator/lots/{lotId}/receivables?cursor=`: what is owed, oldest first. One request a page.
pub(crate) async fn list(api: &OperatorApi, request: &Request) -> Result<Response<Body>, Problem> {
    let (_, lot) = admit(api, request).await?;
    let cursor: Option<OwedCursor> = query(request, "cursor")?;
    let (found, next) = api.billing.owed_page(&lot.lot.id, cursor.as_ref()).await.map_err(store)?;
    let receivables = found.iter().map(|owed| view(&lot, owed)).collect::<Result<_, _>>()?;
    respond_json(StatusCode::OK, &Owed { receivables, cursor: next.map(|cursor| cursor.to_string()) })
}

/// `POST /v1/operator/lots/{lotId}/receivables/{receivableId}/write-off`: asked again, it stays what it is.
pub(crate) async fn write_off(api: &OperatorApi, request: &Request) -> Result<Response<Body>, Problem> {
    let (caller, lot) = admit(api, request).await?;
    let id: ReceivableId = path_parsed(request, "receivableId")?;
    let asked: AskedWriteOff = json_body(request, MAX_BODY_BYTES)?;
    let note = asked.note.trim();
    if note.is_empty() || note.chars().count() > MAX_NOTE_CHARS || note.chars().any(char::is_control) {
        let problem = INVALID_MEMBER.problem().with("pointer", "/note");
        return Err(problem.detail("the note is 1 to 200 characters on one line"));
    }
    let known = api.billing.receivable(&id).await.map_err(store)?.map(|found| found.value);
    let known = known.filter(|owed| owed.lot == lot.lot.id);
    let known = known.ok_or_else(|| RECEIVABLE_NOT_FOUND.problem())?;
    let now = api.clock.now();
    let command = Command::WriteOff(WriteOff { at: now, by: caller.name.clone(), note: note.to_owned() });
    let moved = api.billing.move_receivable(&id, &command, now).await.map_err(store)?;
    let owed = match moved {
        Some(moved) => {
            tracing::info!(visit = %known.visit, by = ?caller.signature(), "an unpaid fee was given up");
            moved.after
        }
        None if known.state() == ReceivableState::WrittenOff => known,
        None => return Err(RECEIVABLE_CLOSED.problem()),
    };
    respond_json(StatusCode::OK, &view(&lot, &owed)?)
}
