//! Members: drivers and companies that register plates, so that the visits of those plates are paid without anybody asking.
//! What they pay with is in [`crate::purse`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    AccessKey, BusinessNumber, PlateNumber, Won,
    visit::{Payer, Pledge},
};

/// A driver registers at most so many plates: a family's cars.
pub const MAX_PLATES_OF_DRIVER: usize = 5;
/// A company at most so many: its item stays small (60 bytes a plate).
pub const MAX_PLATES_OF_COMPANY: usize = 200;
/// Nobody pledges more than this for one visit, won.
pub const MAX_LIMIT: Won = Won::new(1_000_000);

/// A driver or a company that pays for visits without being asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Who.
    #[serde(flatten)]
    pub payer: Payer,
    /// What is known of a company; nothing is asked of a driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<Company>,
    /// One key for a driver; for a company one for each person or system that acts for it.
    pub keys: Vec<AccessKey>,
    /// Plates whose visits are paid, by plate.
    #[serde(default)]
    pub plates: Vec<MemberPlate>,
    /// Since when.
    pub registered_at: Timestamp,
}

/// A company, as its contract names it. It pays with its own card alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Company {
    /// Name, Korean.
    pub name: String,
    /// 사업자등록번호.
    pub business_number: BusinessNumber,
}

/// A plate whose visits a member pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberPlate {
    /// Plate.
    pub plate: PlateNumber,
    /// No more than this for one visit, won.
    pub limit: Won,
}

/// Why a plate is not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlateRefused {
    /// [`MAX_PLATES_OF_DRIVER`] or [`MAX_PLATES_OF_COMPANY`].
    #[error("no more plates can be registered")]
    Full,
    /// Not a plate of the grammar: a word for what no car can have would never be kept.
    #[error("this is not a plate")]
    NoPlate,
    /// Not between one won and [`MAX_LIMIT`].
    #[error("the limit is between 1 and {} won", MAX_LIMIT.get())]
    Limit,
}

impl Member {
    /// A driver or company without plates.
    pub fn new(payer: Payer, company: Option<Company>, key: AccessKey, now: Timestamp) -> Self {
        Self { payer, company, keys: vec![key], plates: Vec::new(), registered_at: now }
    }

    /// How many plates it may register.
    pub fn max_plates(&self) -> usize {
        match self.payer {
            Payer::Driver(_) => MAX_PLATES_OF_DRIVER,
            Payer::Company(_) => MAX_PLATES_OF_COMPANY,
        }
    }

    /// With this plate, and the word that is given for it. A plate that is there already takes the new limit.
    pub fn with_plate(&self, plate: &PlateNumber, limit: Won) -> Result<(Self, Pledge), PlateRefused> {
        if !plate.is_recognised() {
            return Err(PlateRefused::NoPlate);
        }
        if limit < Won::new(1) || limit > MAX_LIMIT {
            return Err(PlateRefused::Limit);
        }
        let mut next = self.without_plate(plate);
        if next.plates.len() >= self.max_plates() {
            return Err(PlateRefused::Full);
        }
        next.plates.push(MemberPlate { plate: plate.clone(), limit });
        next.plates.sort_by(|a, b| a.plate.cmp(&b.plate));
        Ok((next, Pledge { payer: self.payer.clone(), limit }))
    }

    /// Without this plate.
    #[must_use]
    pub fn without_plate(&self, plate: &PlateNumber) -> Self {
        let mut next = self.clone();
        next.plates.retain(|known| known.plate != *plate);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CompanyId, DriverId};

    fn member(payer: Payer) -> Member {
        let key = AccessKey { name: "driver".into(), secret_sha256: String::new() };
        Member::new(payer, None, key, Timestamp::UNIX_EPOCH)
    }

    fn driver() -> Member {
        member(Payer::Driver(DriverId::derive(&["d"])))
    }

    fn plate(serial: usize) -> PlateNumber {
        PlateNumber::parse(&format!("12가{serial:04}"))
    }

    #[test]
    fn a_driver_registers_five_cars_and_a_company_more() {
        let full = |mut member: Member| {
            for serial in 0..1_000 {
                match member.with_plate(&plate(serial), Won::new(50_000)) {
                    Ok((next, _)) => member = next,
                    Err(error) => return (member, error),
                }
            }
            (member, PlateRefused::Limit)
        };
        let (five, error) = full(driver());
        assert_eq!((five.plates.len(), error), (MAX_PLATES_OF_DRIVER, PlateRefused::Full));
        let (many, error) = full(member(Payer::Company(CompanyId::derive(&["c"]))));
        assert_eq!((many.plates.len(), error), (MAX_PLATES_OF_COMPANY, PlateRefused::Full));
        assert!(five.with_plate(&plate(0), Won::new(9)).is_ok(), "a new limit needs no room");
    }

    #[test]
    fn a_plate_registered_again_takes_the_new_limit() {
        let (member, pledge) = driver().with_plate(&plate(1), Won::new(10_000)).unwrap();
        assert_eq!(pledge.limit, Won::new(10_000));
        let (member, _) = member.with_plate(&plate(1), Won::new(20_000)).unwrap();
        assert_eq!(member.plates, [MemberPlate { plate: plate(1), limit: Won::new(20_000) }]);
        assert!(member.without_plate(&plate(1)).plates.is_empty());
    }

    #[test]
    fn no_word_is_taken_for_what_is_no_plate_or_for_no_sum() {
        for (plate, limit, error) in [
            (PlateNumber::parse("HELLO"), 1, PlateRefused::NoPlate),
            (PlateNumber::unread(), 1, PlateRefused::NoPlate),
            (plate(1), 0, PlateRefused::Limit),
            (plate(1), -1, PlateRefused::Limit),
            (plate(1), 1_000_001, PlateRefused::Limit),
        ] {
            assert_eq!(driver().with_plate(&plate, Won::new(limit)), Err(error));
        }
    }

    #[test]
    fn a_member_is_read_back_as_it_was_written() {
        let (member, _) = driver().with_plate(&plate(1), MAX_LIMIT).unwrap();
        let text = serde_json::to_string(&member).unwrap();
        assert_eq!(serde_json::from_str::<Member>(&text).unwrap(), member);
    }
}
