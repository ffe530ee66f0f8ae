//! Controllers that speak as Amano's do: `POST ADDRESS/interop/RESOURCE.do` with JSON in UTF-8 and HTTP Basic. A refusal
//! comes as HTTP 200 with `data.success` false and its cause, Korean, in `data.errorMessage`; the body is UTF-8 though no
//! header says so.
//!
//! What is attested (gates.md; public adapters of installations): the two resources of passes and their fields, the
//! refusal `이미 등록된 차량` for a plate that has a pass, that removing a pass which is not there succeeds, and that the
//! list of passes can't be asked for one plate: it always answers with all of them, thousands. No public source shows
//! how a barrier is raised, so its resource and fields come from the lot's configuration ([`OpenRequest`]).
//!
//! What may be repeated, where the outcome of a call is not known:
//! - removing a pass: always; the second time it succeeds too.
//! - setting a pass: always; the second time it is refused as registered already, and the command then makes sure by
//!   removing and setting (`baro_domain::command`). Asking first would mean reading the whole list.
//! - raising a barrier: only after the gates' own reads were asked whether the car has left. A barrier that is up stays
//!   up; one that has closed behind the car must not open for the next.
//!
//! [`OpenRequest`]: baro_domain::lot::OpenRequest

use async_trait::async_trait;
use baro_domain::{
    BarrierController,
    command::{Action, Command, PassTerms, Refusal, Report, Step},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControllerLogin, LotController};
use crate::http::{Answer, CallFailure, HttpClient};

/// Registers a pass.
const SET_PASS: &str = "setCustdefInfo";
/// Removes one.
const CLEAR_PASS: &str = "deleteCustdefInfo";
/// What a refusal holds when things are as they should be already. The first is attested; the others are the same
/// sentence of other resources, and cost nothing where they never come.
const ALREADY_SO: [&str; 4] = ["이미 등록된", "등록되지 않은", "존재하지 않는", "이미 열"];
/// What it holds when the controller has no time.
const BUSY: [&str; 3] = ["처리 중", "사용 중", "잠시 후"];
/// A controller's words are kept up to this many characters.
const MAX_SAID_CHARS: usize = 200;

/// A client of one lot's controller.
#[derive(Debug)]
pub struct Amano {
    http: HttpClient,
    base_url: String,
    controller: BarrierController,
    login: ControllerLogin,
}

#[derive(Deserialize)]
struct Said {
    data: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    success: bool,
    #[serde(default)]
    error_message: Option<String>,
}

fn day(date: Date) -> String {
    date.strftime("%Y%m%d").to_string()
}

fn refused(reason: Refusal, said: impl Into<String>) -> Report {
    Report::Refused { reason, said: said.into() }
}

impl Amano {
    /// Over the shared HTTP client, at an address that may be called.
    pub fn new(
        http: HttpClient,
        base_url: String,
        controller: BarrierController,
        login: ControllerLogin,
    ) -> Self {
        Self { http, base_url, controller, login }
    }

    /// The resource of a step and its body; `None` where the lot's controller is not set up for it.
    fn request(&self, command: &Command, step: Step) -> Option<(String, Value)> {
        match (step, &command.action) {
            (Step::Open, Action::Open { lane, .. }) => {
                let (open, barrier) = (self.controller.open.as_ref()?, self.controller.barriers.get(lane)?);
                let mut body: Map<String, Value> =
                    open.fixed.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
                body.insert("lotAreaNo".to_owned(), self.controller.area.into());
                body.insert(open.barrier_field.clone(), barrier.clone().into());
                Some((open.resource.clone(), body.into()))
            }
            (Step::SetPass, Action::SetPass { plate, pass }) => {
                Some((SET_PASS.to_owned(), self.pass(plate.as_str(), pass)))
            }
            (Step::ClearPass, Action::SetPass { plate, .. } | Action::ClearPass { plate }) => {
                let body = json!({"lotAreaNo": self.controller.area, "carNo": plate.as_str()});
                Some((CLEAR_PASS.to_owned(), body))
            }
            _ => None,
        }
    }

    /// Fields that speak of flats, phones and names stay empty: the controller needs none of them to open.
    fn pass(&self, plate: &str, pass: &PassTerms) -> Value {
        json!({
            "lotAreaNo": self.controller.area, "carNo": plate, "userName": "", "passType": pass.kind,
            "startDate": day(pass.from), "endDate": day(pass.until),
            "dongCode": "", "hoCode": "", "groupNo": 0, "remark": "", "tel": "", "mobile": "", "carModel": "",
            "noAlarm": false, "siteID": 0, "isVIP": false, "iTendatedOverlapped": 0
        })
    }
}

#[async_trait]
impl LotController for Amano {
    async fn call(&self, command: &Command, step: Step) -> Report {
        let Some((resource, body)) = self.request(command, step) else {
            return refused(Refusal::NotConfigured, "");
        };
        let url = format!("{}/interop/{resource}.do", self.base_url);
        let login = format!("{}:{}", self.login.user, self.login.password.expose());
        let request = self
            .http
            .inner()
            .post(url)
            .header("authorization", format!("Basic {}", STANDARD.encode(login)))
            .json(&body);
        match self.http.call(request).await {
            Ok(answer) => report(&answer),
            Err(CallFailure::NotSent(cause)) => Report::Busy(cause),
            Err(CallFailure::NoAnswer(cause)) => Report::NoAnswer(cause),
        }
    }
}

fn report(answer: &Answer) -> Report {
    let status = || format!("HTTP {}", answer.status);
    match answer.status {
        401 | 403 => return refused(Refusal::Credentials, status()),
        // Turned away before anything was done.
        429 | 503 => return Report::Busy(status()),
        _ if answer.is_passing_fault() => return Report::NoAnswer(status()),
        _ if !answer.is_success() => return refused(Refusal::Controller, status()),
        _ => {}
    }
    let Some(Said { data }) = answer.json::<Said>() else {
        return Report::NoAnswer("the answer can't be read".to_owned());
    };
    if data.success {
        return Report::Done;
    }
    let said: String = data.error_message.unwrap_or_default().chars().take(MAX_SAID_CHARS).collect();
    let holds = |phrases: &[&str]| phrases.iter().any(|phrase| said.contains(phrase));
    if holds(&ALREADY_SO) {
        Report::AlreadySo
    } else if holds(&BUSY) {
        Report::Busy(said)
    } else {
        refused(Refusal::Controller, said)
    }
}
