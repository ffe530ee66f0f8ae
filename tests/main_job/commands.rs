//! What Baro asks of a barrier controller, through the deployed functions.

use anyhow::{Context, Result, ensure};
use baro::play::gates::Place;
use baro::sandbox::controller::{ControllerFault, ControllerFaultRule};
use baro_domain::{
    PlateNumber,
    command::{Action, Command, PassTerms, Progress, Status},
};
use jiff::civil::date;

use crate::city::{AREA, City, ago, until};

/// A car asks to leave, is told to pay, and pays where it stands; gives how its command ended.
async fn pays_where_it_stands(city: &City, plate: &str) -> Result<Progress> {
    city.read(Place::Entry, plate, ago(40)).await?;
    let asked = city.read(Place::Ask, plate, ago(0)).await?;
    ensure!(asked["decision"] == "amount_due", "unpaid, and told {asked}");
    let order = city.order(plate).await?;
    city.pay(&order).await?;
    city.wait_for(&order.id, "paid").await?;
    ended(city, plate, 0).await
}

/// Waits until the newest command for a plate is over.
async fn ended(city: &City, plate: &str, revision: u64) -> Result<Progress> {
    let (activity, own) = (city.platform.activity()?, PlateNumber::parse(plate));
    until(&format!("the command for {plate} is over"), async || {
        let mut records = activity.commands(&city.lot).await?;
        records.retain(|record| record.command.revision == revision);
        let mine = records.into_iter().find(|record| match &record.command.action {
            Action::Open { plate, .. } | Action::SetPass { plate, .. } | Action::ClearPass { plate } => {
                *plate == own
            }
        });
        Ok(mine.map(|record| record.progress).filter(|progress| progress.status.is_final()))
    })
    .await
}

pub(crate) async fn opened_at_once(city: &City) -> Result<()> {
    const PLATE: &str = "348다6780";
    let before = city.platform.controller.raised(AREA).len();
    let progress = pays_where_it_stands(city, PLATE).await?;
    ensure!(progress.status == Status::Done && progress.calls == 1, "{progress:?}");
    let raised = city.platform.controller.raised(AREA);
    ensure!(raised.len() == before + 1 && raised[before].barrier == "2", "{raised:?}");
    // It asks no more: the next that is heard of it is that it has left.
    city.read(Place::Out, PLATE, ago(0)).await?;
    let visit = city.api.visit(&city.lot, PLATE).await?.ok()?;
    ensure!(visit["state"] == "left" && visit["due"] == 0, "{visit}");
    Ok(())
}

pub(crate) async fn silent(city: &City) -> Result<()> {
    const PLATE: &str = "346라7891";
    let fault = ControllerFault::TimeoutAfterSuccess { millis: 30_000 };
    let resource = Some("openBarrier".to_owned());
    city.platform.controller.add_fault(ControllerFaultRule { fault, resource, times: Some(1) });
    let before = city.platform.controller.raised(AREA).len();
    let progress = pays_where_it_stands(city, PLATE).await?;
    ensure!(progress.status == Status::Done && progress.calls == 2, "{progress:?}");
    ensure!(city.platform.controller.raised(AREA).len() == before + 2, "the car still stood there");
    city.read(Place::Out, PLATE, ago(0)).await.map(drop)
}

pub(crate) async fn passes(city: &City) -> Result<()> {
    const PLATE: &str = "347마8902";
    let plate = PlateNumber::parse(PLATE);
    let set = |kind: &str| {
        let (from, until) = (date(2026, 11, 1), date(2026, 12, 31));
        Action::SetPass { plate: plate.clone(), pass: PassTerms { kind: kind.to_owned(), from, until } }
    };
    let ask = async |revision: u64, action: Action| {
        let command = Command { lot: city.lot.clone(), revision, requested_at: ago(0), action };
        let sent = city.platform.cloud.clients.sqs.send_message();
        sent.queue_url(city.platform.cloud.output("GateCommandQueueUrl")?)
            .message_body(serde_json::to_string(&command)?)
            .message_group_id(command.id().as_str())
            .message_deduplication_id(format!("{}-{revision}", command.id()))
            .send()
            .await
            .context("the command was not queued")?;
        let progress = ended(city, PLATE, revision).await?;
        ensure!(progress.status == Status::Done, "revision {revision}: {progress:?}");
        Ok(())
    };
    let kept = || city.platform.controller.pass(AREA, PLATE).map(|pass| pass.pass_type);
    ask(1, set("passType2")).await?;
    ensure!(kept().as_deref() == Some("passType2"), "{:?}", kept());
    ask(2, set("passType3")).await?;
    ensure!(kept().as_deref() == Some("passType3"), "{:?}", kept());
    ask(3, Action::ClearPass { plate: plate.clone() }).await?;
    ensure!(kept().is_none(), "{:?}", kept());
    Ok(())
}
