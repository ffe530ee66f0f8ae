//! Rulings: what a person or a lot's rule says about a car where the gates did not see it, or saw it wrongly.
//!
//! A ruling is a fact like a read or a payment: it is added to the set and never changed, so repetition and order of
//! delivery change nothing. It is tied to a visit by its moment, not by the visit's id, which a late entry changes.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{BrokenWord, Facts, Pledge, Visit};
use crate::{EventId, OperatorId, PlateNumber, RulingId, lot::LotRules, notice::Contact};

/// One ruling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ruling {
    /// Derived from its cause: the same decision, sent twice, is one ruling.
    pub id: RulingId,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it.
    pub by: RuledBy,
    /// Why, in the person's own words. Never logged.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What it says.
    #[serde(flatten)]
    pub kind: RulingKind,
}

/// Who makes rulings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "who")]
pub enum RuledBy {
    /// A person at the lot's operator.
    Operator {
        /// The operator.
        operator: OperatorId,
        /// The person, by the name of the key that was used.
        name: String,
    },
    /// The lot's own rule about long stays.
    LotRule,
    /// The driver.
    Driver,
    /// Our own records: a payer is registered for the plate, or a charge was refused.
    Platform,
}

/// What a ruling says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ruling")]
pub enum RulingKind {
    /// A person says that the car left then. The visit that was open at that moment ends there.
    Left {
        /// When it left.
        #[serde(rename = "leftAt")]
        left_at: Timestamp,
    },
    /// There was no sign of the car for so long that it counts as gone. A later exit read of it wins over this.
    PresumedGone,
    /// A person has seen the car in the lot: a long stay is none by mistake.
    StillHere,
    /// A person lets the car out, and nothing is owed for leaving.
    LetGo,
    /// Nothing more is owed for a visit that is over.
    Waived,
    /// A read filed here is not this car's.
    NotThisCar {
        /// The read.
        event: EventId,
        /// The plate that the read was filed under instead, if a person knew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        whose: Option<PlateNumber>,
    },
    /// The driver disputes the visit. Until it is decided, the price does not grow.
    Disputed {
        /// On what ground.
        reason: DisputeReason,
        /// Whom to tell how it was decided. Kept and forgotten with the facts of the plate; shown to nobody.
        #[serde(default, skip_serializing_if = "Contact::is_empty")]
        contact: Contact,
    },
    /// Somebody pays for the visit that is open then, without being asked.
    Pledged(Pledge),
    /// The payer takes the word back.
    PledgeEnded,
    /// What was promised at this exit read could not be charged.
    PledgeBroken {
        /// The read.
        read: EventId,
        /// Why: the gateway's code, or ours.
        code: String,
        /// Whose word it was, for how much. Absent in rulings from before it was kept: those charges are not made again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        word: Option<BrokenWord>,
    },
    /// A dispute is decided; what else was decided with it is a ruling of its own.
    Decided {
        /// The dispute.
        dispute: RulingId,
        /// Whether the driver was right.
        upheld: bool,
    },
}

/// On what ground a driver disputes a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeReason {
    /// The car left before.
    AlreadyLeft,
    /// The car was never there: somebody else's plate was read as this one.
    NotMyCar,
    /// It came in at another time.
    WrongTimes,
    /// The price is wrong.
    WrongPrice,
    /// Something else, in the driver's words.
    Other,
}

/// What a lot's rule about long stays asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LongStayStep {
    /// A person should look.
    Ask,
    /// The car counts as gone.
    PresumeGone,
}

impl RulingKind {
    /// A dispute of somebody who wants to hear no more of it.
    pub fn disputed(reason: DisputeReason) -> Self {
        Self::Disputed { reason, contact: Contact::default() }
    }
}

impl Ruling {
    /// The moment of the visit it speaks of.
    pub fn concerns(&self) -> Timestamp {
        match self.kind {
            RulingKind::Left { left_at } => left_at,
            _ => self.at,
        }
    }
}

impl Facts {
    /// Whether a person let this plate out so shortly before `at` that the car may still be on its way.
    pub fn let_go(&self, rules: LotRules, at: Timestamp) -> bool {
        self.rulings.iter().any(|ruling| ruling.kind == RulingKind::LetGo && lately(rules, ruling.at, at))
    }

    /// The dispute of that id, with whom to tell of it.
    pub fn dispute(&self, id: &RulingId) -> Option<(&Ruling, &Contact)> {
        self.rulings.iter().find_map(|ruling| match &ruling.kind {
            RulingKind::Disputed { contact, .. } if ruling.id == *id => Some((ruling, contact)),
            _ => None,
        })
    }

    /// The plate that a person gave, a moment before `at`, for a read of this one: the car stands there yet, and is
    /// read wrongly again.
    pub fn known_as(&self, rules: LotRules, at: Timestamp) -> Option<&PlateNumber> {
        let lately = self.rulings.iter().filter(|ruling| lately(rules, ruling.at, at));
        let named = lately.filter_map(|ruling| match &ruling.kind {
            RulingKind::NotThisCar { whose: Some(plate), .. } => Some((ruling.at, &ruling.id, plate)),
            _ => None,
        });
        named.max().map(|(_, _, plate)| plate)
    }
}

/// Within the time that a driver has to reach the barrier. A gate's clock may be behind by a passage.
pub(super) fn lately(rules: LotRules, ruled_at: Timestamp, at: Timestamp) -> bool {
    let gap = at.duration_since(ruled_at).as_secs();
    -i64::from(rules.same_passage_s) < gap && gap < i64::from(rules.leave_grace_s)
}

impl Visit {
    /// The moment up to which leaving at `at` is priced: not beyond what holds the price.
    pub fn priced_until(&self, at: Timestamp) -> Timestamp {
        self.held_at.map_or(at, |held| at.min(held)).max(self.entered_at)
    }

    /// Whether something holds the price at `at`.
    pub fn is_held(&self, at: Timestamp) -> bool {
        self.held_at.is_some_and(|held| held < at)
    }

    /// From when on the stay is longer than is usual at the lot, if the lot says what is usual.
    pub fn long_since(&self, rules: LotRules) -> Option<Timestamp> {
        let usual = SignedDuration::from_secs(i64::from(rules.long_stay?.usual_s));
        self.vouched_at.checked_add(usual).ok()
    }

    /// When the lot's rule counts the car as gone, if the lot has one and nothing more is heard of it.
    pub fn gone_at(&self, rules: LotRules) -> Option<Timestamp> {
        let silence = SignedDuration::from_secs(i64::from(rules.long_stay?.close_after_s?));
        self.seen_at.checked_add(silence).ok()
    }

    /// What the lot's rule about long stays asks for at `now`. A disputed visit is a person's matter.
    pub fn long_stay_step(&self, rules: LotRules, now: Timestamp) -> Option<LongStayStep> {
        let is_past = |moment: Option<Timestamp>| moment.is_some_and(|moment| moment <= now);
        if !self.is_open() || !is_past(self.long_since(rules)) {
            return None;
        }
        let is_gone = is_past(self.gone_at(rules)) && self.disputed_at.is_none();
        Some(if is_gone { LongStayStep::PresumeGone } else { LongStayStep::Ask })
    }

    pub(super) fn hold(&mut self, rules: LotRules) {
        self.held_at = [self.long_since(rules), self.disputed_at].into_iter().flatten().min();
    }
}
