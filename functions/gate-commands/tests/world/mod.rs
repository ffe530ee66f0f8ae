//! A lot with a controller that answers what a test tells it to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lambda_events::sqs::SqsEvent;
use baro_domain::{
    BarrierController, ControllerDialect, LaneId, Passage, PaymentId,
    command::{Action, Command, OpenCause, PassTerms, Report, Status, Step},
    lot::OpenRequest,
    visit::fold,
};
use baro_gate_commands::{Controllers, GateCommands, Pauses, Tables};
use baro_runtime::Clock;
use baro_store::{CommandRecord, LotRecord};
use baro_testing::{Cloud, at, lot_record, observation, plate};
use jiff::{SignedDuration, Timestamp, civil::date};
use serde_json::json;

/// What a controller was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) step: Step,
    pub(crate) area: u32,
}

#[derive(Default)]
struct Controller {
    calls: Mutex<Vec<Call>>,
    answers: Mutex<VecDeque<Report>>,
    dies: Mutex<bool>,
}

#[async_trait]
impl Controllers for Controller {
    async fn call(&self, controller: &BarrierController, _: &Command, step: Step) -> Report {
        self.calls.lock().unwrap().push(Call { step, area: controller.area });
        assert!(!std::mem::take(&mut *self.dies.lock().unwrap()), "the process dies");
        self.answers.lock().unwrap().pop_front().unwrap_or(Report::Done)
    }
}

pub(crate) struct World {
    pub(crate) cloud: Cloud,
    pub(crate) clock: Clock,
    controller: Arc<Controller>,
    commands: GateCommands,
}

/// So many seconds after the car asked to leave, an hour after it came.
pub(crate) fn seconds(count: i64) -> Timestamp {
    at(60) + SignedDuration::from_secs(count)
}

fn lot(with_controller: bool) -> LotRecord {
    let mut record = lot_record();
    record.lot.controller = with_controller.then(|| BarrierController {
        dialect: ControllerDialect::Amano,
        address: "http://10.20.0.5:9948".to_owned(),
        secret_id: "baro/controllers/lot_test".to_owned(),
        area: 20,
        barriers: BTreeMap::from([(LaneId::parse("lane_ask").unwrap(), "3".to_owned())]),
        open: Some(OpenRequest {
            resource: "openBarrier".to_owned(),
            barrier_field: "gateNo".to_owned(),
            fixed: BTreeMap::new(),
        }),
    });
    record
}

fn command(revision: u64, action: Action) -> Command {
    Command { lot: lot_record().lot.id, revision, requested_at: seconds(0), action }
}

/// The barrier for the car that came at ten, once this payment was made.
pub(crate) fn opening(payment: &str) -> Command {
    let priced = lot(true).priced().unwrap();
    let mut facts = baro_domain::visit::Facts::none(plate());
    facts.observations.push(observation("in", Passage::Entered, 0));
    let visit = fold(&priced.context(), &facts).visits[0].id.clone();
    let cause = OpenCause::Payment(PaymentId::derive(&[payment]));
    command(0, Action::Open { lane: LaneId::parse("lane_ask").unwrap(), plate: plate(), visit, cause })
}

pub(crate) fn set(revision: u64) -> Command {
    let pass = PassTerms { kind: "passType2".into(), from: date(2026, 11, 1), until: date(2026, 12, 31) };
    command(revision, Action::SetPass { plate: plate(), pass })
}

pub(crate) fn cleared(revision: u64) -> Command {
    command(revision, Action::ClearPass { plate: plate() })
}

pub(crate) fn event(commands: &[Command]) -> SqsEvent {
    let record = |(n, command): (usize, &Command)| {
        json!({"messageId": format!("m{n}"), "body": serde_json::to_string(command).unwrap(),
               "attributes": {"MessageGroupId": command.id()}, "messageAttributes": {},
               "eventSourceARN": "arn:aws:sqs:ap-northeast-2:000000000000:baro-gate-commands.fifo"})
    };
    let records: Vec<_> = commands.iter().enumerate().map(record).collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(&lot(true)).await
    }

    pub(crate) async fn without_controller() -> Self {
        Self::with(&lot(false)).await
    }

    async fn with(lot: &LotRecord) -> Self {
        let cloud = Cloud::start().await;
        cloud.directory().put_lots(std::slice::from_ref(lot)).await.unwrap();
        for read in [observation("in", Passage::Entered, 0), observation("ask", Passage::AtExit, 60)] {
            cloud.parking().record(&read, &plate(), None).await.unwrap();
        }
        let clock = Clock::at(seconds(2));
        let controller = Arc::new(Controller::default());
        let tables =
            Tables { activity: cloud.activity(), directory: cloud.directory(), parking: cloud.parking() };
        let commands = GateCommands::new(tables, controller.clone(), clock.clone(), Pauses::Skipped);
        cloud.forget_calls();
        Self { cloud, clock, controller, commands }
    }

    /// Hands the commands out in one batch; answers with the ids of the messages that failed.
    pub(crate) async fn handle(&self, commands: &[Command]) -> Vec<String> {
        self.handle_event(event(commands)).await
    }

    pub(crate) async fn handle_event(&self, event: SqsEvent) -> Vec<String> {
        let failures = self.commands.handle(event).await.unwrap().batch_item_failures;
        failures.into_iter().map(|failure| failure.item_identifier).collect()
    }

    /// What the controller answers next; afterwards it does as it is told.
    pub(crate) fn answers(&self, reports: impl IntoIterator<Item = Report>) {
        let mut answers = self.controller.answers.lock().unwrap();
        answers.clear();
        answers.extend(reports);
    }

    pub(crate) fn dies_in_call(&self) {
        *self.controller.dies.lock().unwrap() = true;
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.controller.calls.lock().unwrap().clone()
    }

    pub(crate) async fn records(&self) -> Vec<CommandRecord> {
        self.cloud.activity().commands(&lot_record().lot.id).await.unwrap()
    }

    pub(crate) async fn statuses(&self) -> Vec<Status> {
        self.records().await.iter().map(|record| record.progress.status).collect()
    }
}
