//! What a person at the lot's operator sees and decides, through the deployed functions.

use anyhow::{Context, Result, ensure};
use baro::play::{
    api::encoded,
    gates::{Controller, Place, nexpa},
};
use baro_domain::{GateId, GateVendor};
use serde_json::{Value, json};

use crate::city::{City, ago, until};

/// Waits until a task lies on the desk.
async fn task(city: &City, what: &str, is_it: impl Fn(&Value) -> bool) -> Result<Value> {
    until(&format!("a task: {what}"), async || {
        let page = city.at_desk("tasks", None).await?.ok()?;
        Ok(page["tasks"].as_array().context("no list")?.iter().find(|task| is_it(task)).cloned())
    })
    .await
}

async fn resolve(city: &City, task: &Value, verdict: &str) -> Result<Value> {
    let id = task["taskId"].as_str().context("no id")?;
    let body = json!({"verdict": verdict, "note": "사진 확인"});
    let (path, key) = (format!("tasks/{id}/resolution"), format!("{verdict}-{id}"));
    city.at_desk(&path, Some((&key, &body))).await?.ok()
}

pub(crate) async fn unexplained_exit(city: &City) -> Result<()> {
    const PLATE: &str = "118허3050";
    let asked = city.read(Place::Ask, PLATE, ago(0)).await?;
    ensure!(asked["decision"] == "ask_operator", "nobody saw it come: {asked}");
    let found =
        task(city, "an exit", |task| task["kind"] == "unexplained_exit" && task["plate"] == PLATE).await?;
    let id = found["taskId"].as_str().context("no id")?;
    let shown = city.at_desk(&format!("tasks/{id}"), None).await?.ok()?;
    ensure!(shown["evidence"]["reads"][0]["plateAsRead"] == PLATE, "{shown}");
    let ended = resolve(city, &found, "let_go").await?;
    ensure!(ended["state"] == "decided" && ended["resolution"]["by"] == "당직", "{ended}");
    let asked = city.read(Place::Ask, PLATE, ago(0)).await?;
    ensure!(asked["decision"] == "open", "let go by a person, and told {asked}");
    city.read(Place::Out, PLATE, ago(0)).await?;
    let open = city.at_desk("tasks", None).await?.ok()?;
    let mut open = open["tasks"].as_array().context("no list")?.iter();
    ensure!(!open.any(|task| task["plate"] == PLATE), "it lies on the desk yet, or again");
    Ok(())
}

pub(crate) async fn dispute(city: &City) -> Result<()> {
    const PLATE: &str = "119너4061";
    const PHONE: &str = "01055550119";
    city.read(Place::Entry, PLATE, ago(35)).await?;
    let path = format!("/v1/lots/{}/visits/{}/disputes", city.lot, encoded(PLATE));
    let body = json!({"reason": "wrong_times", "note": "방금 들어왔습니다", "contact": {"phone": PHONE}})
        .to_string();
    let headers = [("content-type", "application/json"), ("idempotency-key", "dispute-of-a-test")];
    let made = city.post(&path, &headers, body.as_bytes()).await?;
    ensure!(made.status == 201 && made.body["price"]["due"] == 1_300, "{} {}", made.status, made.body);
    let again = city.post(&path, &headers, body.as_bytes()).await?;
    ensure!(again.status == 200 && again.body["disputeId"] == made.body["disputeId"], "{}", again.body);
    let found = task(city, "a dispute", |task| task["kind"] == "dispute" && task["plate"] == PLATE).await?;
    ensure!(found["dispute"]["reason"] == "wrong_times" && !found.to_string().contains(PHONE), "{found}");
    resolve(city, &found, "dismiss").await?;
    let told = until("the driver hears of it", async || Ok(city.told(PHONE).into_iter().next())).await?;
    // 35 minutes: 400 for the first ten, 300 for each of three more tens begun.
    ensure!(told.text.contains("인정되지 않았습니다") && told.text.contains("1,300원"), "{}", told.text);
    city.quiet().await?;
    ensure!(city.told(PHONE).len() == 1, "told more than once");
    Ok(())
}

/// Eight cars at once by a gate whose clock is a day ahead: none is lost, and people are told of the clock.
pub(crate) async fn gate_health(city: &City) -> Result<()> {
    let mut shown = Value::Null;
    // A gate's count is given up when it takes longer than a car should wait, and written minutes later: then by another gate.
    for attempt in 0..5 {
        let gate = ahead(city, attempt).await?;
        // What the schedule does every minute.
        city.platform.cloud.invoke("GateHealthName", &json!({})).await?;
        let page = city.at_desk("gates?hours=1", None).await?.ok()?;
        let gates = page["gates"].as_array().context("no list")?;
        let own = |id: &GateId| gates.iter().find(|shown| shown["gateId"] == id.as_str());
        ensure!(own(&city.controller.gate.id).is_some_and(|gate| gate["lastSeenAt"].is_string()), "{page}");
        if let Some(found) = own(&gate) {
            shown = found.clone();
            break;
        }
    }
    let lane = &shown["lanes"][0];
    ensure!(lane["reads"] == 8 && lane["rates"]["unreadPerMille"] == 0, "{shown}");
    let ahead_s = lane["clock"]["aheadS"].as_i64().context("no estimate")?;
    ensure!(lane["clock"]["standing"] == "flagged" && (86_340..=86_400).contains(&ahead_s), "{shown}");
    let gate = shown["gateId"].clone();
    let found = task(city, "a clock", |task| task["kind"] == "wrong_clock" && task["gate"] == gate).await?;
    resolve(city, &found, "dismiss").await.map(drop)
}

async fn ahead(city: &City, attempt: usize) -> Result<GateId> {
    let mut installed = Controller::install(&city.lot, GateVendor::Nexpa, "Asia/Seoul")?;
    installed.gate.id = GateId::derive(&[city.lot.as_str(), "a day ahead", &attempt.to_string()]);
    city.platform.directory()?.put_gate(&installed.gate).await?;
    let tomorrow = ago(-24 * 60).in_tz("Asia/Seoul")?;
    let plates: Vec<String> = (1..=8).map(|car| format!("12{attempt}머{car}{car}0{car}")).collect();
    let body: Vec<Value> = plates.iter().map(|plate| nexpa(Place::Entry, plate, &tomorrow)).collect();
    let (gate, body) = (&installed.gate.id, json!(body).to_string().into_bytes());
    let answer = city.api.report(gate, &installed.secret, "application/json", body).await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    let visit = city.api.visit(&city.lot, &plates[0]).await?.ok()?;
    ensure!(visit["state"] == "inside", "{visit}");
    Ok(gate.clone())
}
