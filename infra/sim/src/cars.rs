//! What cars do, and how their gates tell of it.

use baro_domain::{Passage, PlateNumber};
use jiff::SignedDuration;

use crate::{
    sim::{Place, Read, Sim},
    town::{self, Spot, report},
    world::{Post, Ran},
};

impl Sim {
    fn spot(&self, lot: usize, passages: &[Passage]) -> Option<Spot> {
        let lot = &self.lot_ids[lot];
        self.spots.iter().find(|spot| spot.lot == *lot && passages.contains(&spot.passage)).cloned()
    }

    pub(crate) fn move_car(&mut self) {
        let car = self.chance.below(self.cars.len());
        let lots = self.lot_ids.len();
        let (place, read) = match self.cars[car].1 {
            Place::Away => {
                let lot = self.chance.below(lots);
                (Place::Inside(lot), self.spot(lot, &[Passage::Entered]))
            }
            // It left behind the back of the camera, and comes in again.
            Place::Inside(lot) if self.chance.one_in(12) => {
                (Place::Inside(lot), self.spot(lot, &[Passage::Entered]))
            }
            Place::Inside(lot) => {
                (Place::AtExit(lot), self.spot(lot, &[Passage::AtExit, Passage::AtExitOnly]))
            }
            // It waits, and is read again.
            Place::AtExit(lot) if self.chance.one_in(5) => {
                (Place::AtExit(lot), self.spot(lot, &[Passage::AtExit, Passage::AtExitOnly]))
            }
            Place::AtExit(lot) => (Place::Away, self.spot(lot, &[Passage::Left])),
        };
        self.cars[car].1 = place;
        let plate = self.cars[car].0.clone();
        // Cameras miss cars.
        let Some(spot) = read.filter(|_| !self.chance.one_in(25)) else {
            return self.tell("unseen", &format!("{} goes to {place:?}", plate.as_str()));
        };
        self.take_read(plate, spot);
    }

    fn take_read(&mut self, plate: PlateNumber, spot: Spot) {
        let misread =
            if spot.passage.is_exit() && self.chance.one_in(15) { town::misread(&plate) } else { None };
        let told = misread.unwrap_or_else(|| plate.clone());
        let skew = self.skew_s.get(spot.gate.as_str()).copied().unwrap_or(0);
        let mut seen = self.world.now() + SignedDuration::from_secs(skew);
        // Two reads of a car in one second would be one read; a gate's clock set back must not make them so.
        while self
            .reads
            .iter()
            .rev()
            .take(2_000)
            .any(|read| read.plate == plate && read.seen == seen && read.spot.lot == spot.lot)
        {
            seen += SignedDuration::from_secs(1);
        }
        let (post, entry) = report(&spot, &told, seen);
        self.tell(
            "read",
            &format!("{} as {} {:?} at {} {seen}", plate.as_str(), told.as_str(), spot.passage, spot.gate),
        );
        let read = Read { plate, told, spot, seen, sent: false, acknowledged: false, post, entry };
        self.outbox.push(self.reads.len());
        self.reads.push(read);
    }

    /// A gate posts one of its reports, in any order; it keeps what was not acknowledged, and at times what was.
    pub(crate) async fn deliver(&mut self) {
        if self.outbox.is_empty() {
            return;
        }
        let place = self.chance.below(self.outbox.len());
        self.plan_fault();
        self.deliver_at(place).await;
    }

    pub(crate) async fn deliver_at(&mut self, place: usize) {
        let index = self.outbox[place];
        let post = self.reads[index].post.clone();
        self.reads[index].sent = true;
        let ran = self.world.post(&post).await;
        let heard = !self.chance.one_in(8);
        let answer = match &ran {
            Ran::Answered(said) => format!("{} {}", said.status, said.body["reason"]),
            Ran::Died => "died".to_owned(),
        };
        let taken = matches!(&ran, Ran::Answered(said) if said.status == 200);
        self.reads[index].acknowledged |= taken;
        if taken && heard && !self.chance.one_in(10) {
            self.outbox.swap_remove(place);
        }
        self.tell(
            "deliver",
            &format!("{} {} {answer}", self.reads[index].told.as_str(), self.reads[index].seen),
        );
    }

    /// A controller sends what it kept, all at once.
    pub(crate) async fn send_backlog(&mut self) {
        if self.outbox.is_empty() {
            return;
        }
        let gate = self.reads[*self.chance.pick(&self.outbox)].spot.gate.clone();
        let of_gate = |index: &usize| self.reads[*index].spot.gate == gate;
        let kept: Vec<usize> = self.outbox.iter().copied().filter(of_gate).collect();
        self.plan_fault();
        let entries: Vec<_> = kept.iter().map(|index| self.reads[*index].entry.clone()).collect();
        let post = Post {
            route: "backlog",
            content_type: "application/json".into(),
            body: serde_json::Value::Array(entries).to_string(),
            ..self.reads[kept[0]].post.clone()
        };
        for index in &kept {
            self.reads[*index].sent = true;
        }
        let ran = self.world.post(&post).await;
        let taken = matches!(&ran, Ran::Answered(said) if said.status == 202);
        if taken {
            for index in &kept {
                self.reads[*index].acknowledged = true;
            }
            if !self.chance.one_in(6) {
                self.outbox.retain(|index| !kept.contains(index));
            }
        }
        self.tell("backlog", &format!("{gate} sends {}, taken: {taken}", kept.len()));
    }
}
