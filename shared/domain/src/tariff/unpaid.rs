//! What a driver who left without paying is asked for, notice by notice.

use serde::{Deserialize, Serialize};

use crate::Won;
use crate::money::MoneyOverflow;

/// The notice with which the surcharge begins.
const SURCHARGED_FROM: u32 = 3;
/// The most a surcharge may be, in times the fee (주차장법 제9조).
const MAX_SURCHARGE_TIMES: u8 = 4;

/// A demand for an unpaid fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Demand {
    /// Which notice it is, from 1.
    pub notice: u32,
    /// The unpaid fee.
    pub principal: Won,
    /// The surcharge (가산금) on it.
    pub surcharge: Won,
}

/// The demand of a notice: the first two at principal, from the third with a surcharge of so many times the fee (4 at
/// most; 주차장법 제9조). After it the municipality seizes, which is not computed here.
pub fn demand(principal: Won, notice: u32, surcharge_times: u8) -> Result<Demand, MoneyOverflow> {
    let times = if notice >= SURCHARGED_FROM { surcharge_times.min(MAX_SURCHARGE_TIMES) } else { 0 };
    Ok(Demand { notice, principal, surcharge: principal.times(i64::from(times))? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_notice_bears_four_times_the_fee_on_top() {
        let fee = Won::new(8_700);
        assert_eq!(demand(fee, 1, 4).unwrap().surcharge, Won::ZERO);
        assert_eq!(demand(fee, 2, 4).unwrap().surcharge, Won::ZERO);
        assert_eq!(demand(fee, 3, 4).unwrap().surcharge, Won::new(34_800));
        assert_eq!(demand(fee, 3, 9).unwrap().surcharge, Won::new(34_800), "the law allows no more");
    }
}
