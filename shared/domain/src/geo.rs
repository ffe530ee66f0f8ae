//! Where a lot is: WGS 84 coordinates in microdegrees (0.11 m), exact and comparable.
#![allow(clippy::float_arithmetic, reason = "distance is not money")]

use serde::{Deserialize, Serialize};

/// A place on earth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Coordinate {
    /// Latitude in 10⁻⁶ degrees, north positive.
    pub lat_e6: i32,
    /// Longitude in 10⁻⁶ degrees, east positive.
    pub lon_e6: i32,
}

/// Mean earth radius, metres (IUGG).
const EARTH_RADIUS_M: f64 = 6_371_008.8;

impl Coordinate {
    /// From degrees; `None` when out of range or not a number.
    #[allow(clippy::cast_possible_truncation, reason = "the range is checked first")]
    pub fn from_degrees(lat: f64, lon: f64) -> Option<Self> {
        let legal = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon);
        legal.then(|| Self { lat_e6: (lat * 1e6).round() as i32, lon_e6: (lon * 1e6).round() as i32 })
    }

    /// Latitude in degrees.
    pub fn lat(self) -> f64 {
        f64::from(self.lat_e6) / 1e6
    }

    /// Longitude in degrees.
    pub fn lon(self) -> f64 {
        f64::from(self.lon_e6) / 1e6
    }

    /// Great-circle distance in whole metres (haversine).
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 20,015 km, not negative"
    )]
    pub fn distance_m(self, other: Self) -> u32 {
        let (lat1, lat2) = (self.lat().to_radians(), other.lat().to_radians());
        let half_lat = ((lat2 - lat1) / 2.0).sin();
        let half_lon = ((other.lon() - self.lon()).to_radians() / 2.0).sin();
        let chord = half_lat.mul_add(half_lat, lat1.cos() * lat2.cos() * half_lon * half_lon);
        (2.0 * EARTH_RADIUS_M * chord.sqrt().min(1.0).asin()).round() as u32
    }

    /// Whether this lies in the box that holds Korea's territory (33–39° N, 124–132° E).
    pub fn is_in_korea(self) -> bool {
        (33_000_000..39_000_000).contains(&self.lat_e6) && (124_000_000..132_000_000).contains(&self.lon_e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daejeon_station_to_city_hall_is_about_five_kilometres() {
        let station = Coordinate::from_degrees(36.3323, 127.4344).unwrap();
        let city_hall = Coordinate::from_degrees(36.3504, 127.3845).unwrap();
        let distance = station.distance_m(city_hall);
        assert!((4_700..5_100).contains(&distance), "{distance}");
        assert_eq!(station.distance_m(station), 0);
    }

    #[test]
    fn nonsense_is_no_place() {
        assert!(Coordinate::from_degrees(f64::NAN, 0.0).is_none());
        assert!(Coordinate::from_degrees(91.0, 0.0).is_none());
    }
}
