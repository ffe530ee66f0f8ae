//! A body of entries that are judged one by one: a bad one is named in the answer and holds up no good one.

use baro_domain::occupancy::ReportError;
use baro_door::{
    Knock,
    codes::{MAX_ENTRIES, TOO_MANY_ENTRIES},
};
use baro_runtime::{
    ErrorCode, Problem,
    http::{INVALID_MEMBER, respond_json},
};
use http::{Response, StatusCode};
use lambda_http::Body;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{Occupancy, codes};

/// Why an entry is not taken.
#[derive(Debug)]
pub(crate) struct Refusal {
    code: ErrorCode,
    detail: String,
}

impl From<ReportError> for Refusal {
    fn from(error: ReportError) -> Self {
        Self { code: codes::of(error), detail: error.to_string() }
    }
}

impl Refusal {
    /// A member is missing or not as it should be.
    pub(crate) fn member(detail: impl Into<String>) -> Self {
        Self { code: INVALID_MEMBER, detail: detail.into() }
    }
}

/// The entries of a body, judged.
#[derive(Debug)]
pub(crate) struct Judged<T> {
    /// With their places in the body.
    pub(crate) taken: Vec<(usize, T)>,
    refused: Vec<(usize, Refusal)>,
}

/// Reads and judges each entry. Errors: more than [`MAX_ENTRIES`].
pub(crate) fn judge<Entry: DeserializeOwned, T>(
    entries: Vec<Value>,
    read: impl Fn(Entry) -> Result<T, Refusal>,
) -> Result<Judged<T>, Problem> {
    if entries.len() > MAX_ENTRIES {
        let detail = format!("{} entries were sent, at most {MAX_ENTRIES} are taken", entries.len());
        return Err(TOO_MANY_ENTRIES.problem().detail(detail));
    }
    let mut judged = Judged { taken: Vec::with_capacity(entries.len()), refused: Vec::new() };
    for (index, entry) in entries.into_iter().enumerate() {
        let entry = serde_json::from_value(entry).map_err(|error| Refusal::member(error.to_string()));
        match entry.and_then(&read) {
            Ok(taken) => judged.taken.push((index, taken)),
            Err(refusal) => judged.refused.push((index, refusal)),
        }
    }
    Ok(judged)
}

impl<T> Judged<T> {
    /// Refuses what was taken at first.
    pub(crate) fn refuse(&mut self, is_refused: impl Fn(&T) -> Option<ReportError>) {
        let refused = self.taken.iter().filter_map(|(index, one)| Some((*index, is_refused(one)?.into())));
        self.refused.extend(refused);
        self.taken.retain(|(_, one)| is_refused(one).is_none());
        self.refused.sort_by_key(|(index, _)| *index);
    }

    /// What the refused ones are told as: the problem of the first, with all of them; nothing where none is.
    fn problem(&self) -> Option<Problem> {
        let (_, first) = self.refused.first()?;
        Some(first.code.problem().detail(first.detail.clone()).with("refused", self.listed()))
    }

    fn listed(&self) -> Value {
        let entry = |(index, refusal): &(usize, Refusal)| json!({"index": index, "code": refusal.code.code, "detail": refusal.detail});
        self.refused.iter().map(entry).collect()
    }

    /// Keeps the body where a part of it is refused. Errors: nothing of it can be taken.
    pub(crate) async fn keep(&self, service: &Occupancy, knock: &Knock<'_>) -> Result<(), Problem> {
        match self.problem() {
            None => Ok(()),
            Some(problem) if self.taken.is_empty() => Err(problem),
            Some(problem) => service.door.keep_refused(knock, &problem).await,
        }
    }

    /// How many were taken, and which were not and why.
    pub(crate) fn answer(&self) -> Result<Response<Body>, Problem> {
        respond_json(StatusCode::OK, &json!({"taken": self.taken.len(), "refused": self.listed()}))
    }
}
