//! Where a lot is, and how large.

use super::numbers::figure;
use super::remark::{RemarkCode, Remarks};
use super::row::Row;
use crate::Coordinate;

/// Position, address and number of spaces.
pub(super) fn read(row: &Row<'_>, remarks: &mut Remarks) -> (Option<Coordinate>, String, u32) {
    let position = position(row.cell("위도"), row.cell("경도"), remarks);
    let road = row.text("소재지도로명주소");
    let address = if road.is_empty() { row.text("소재지지번주소") } else { road };
    if address.is_empty() {
        remarks.add(RemarkCode::AddressMissing, "도로명주소와 지번주소가 모두 없습니다");
    }
    let capacity = figure(*row, "주차구획수", remarks).and_then(|spaces| u32::try_from(spaces).ok());
    if capacity.is_none() {
        remarks.add(RemarkCode::CapacityMissing, "주차구획수가 없습니다");
    }
    (position, address, capacity.unwrap_or(0))
}

fn position(lat: &str, lon: &str, remarks: &mut Remarks) -> Option<Coordinate> {
    if lat.is_empty() && lon.is_empty() {
        remarks.add(RemarkCode::PositionMissing, "위도와 경도가 없습니다");
        return None;
    }
    let (Ok(lat), Ok(lon)) = (lat.parse::<f64>(), lon.parse::<f64>()) else {
        remarks.add(RemarkCode::PositionUnreadable, "위도나 경도를 읽을 수 없습니다");
        return None;
    };
    let in_korea =
        |lat: f64, lon: f64| Coordinate::from_degrees(lat, lon).filter(|position| position.is_in_korea());
    if let Some(position) = in_korea(lat, lon) {
        return Some(position);
    }
    if let Some(position) = in_korea(lon, lat) {
        remarks.add(RemarkCode::PositionSwapped, "위도와 경도가 뒤바뀌어 있어 바로잡았습니다");
        return Some(position);
    }
    remarks.add(RemarkCode::PositionOutsideKorea, "좌표가 우리나라 밖이어서 쓰지 않았습니다");
    None
}
