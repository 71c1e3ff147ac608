//! The numbers as they were at one time.

use serde_json::{Map, Number, Value, json};

use super::{Family, Kind, OFFSETS, Row, TABLE};

/// Numbers of all families.
#[derive(Clone, Debug)]
pub struct Reading(Vec<u64>);

impl Reading {
    pub(super) fn new(cells: Vec<u64>) -> Self {
        Self(cells)
    }

    /// The number of a family that has one. Of seconds: nanoseconds.
    pub fn get(&self, family: Family) -> u64 {
        self.0[family.first()]
    }

    /// The number of one part of a family.
    pub fn part(&self, family: Family, part: usize) -> u64 {
        self.0[family.first() + part]
    }

    /// The sum of all parts of a family.
    pub fn sum(&self, family: Family) -> u64 {
        self.cells(family as usize).iter().fold(0, |sum, cell| sum.wrapping_add(*cell))
    }

    /// Puts in what is not counted but looked up.
    pub fn set(&mut self, family: Family, value: u64) {
        self.0[family.first()] = value;
    }

    /// The same for one part.
    pub fn set_part(&mut self, family: Family, part: usize, value: u64) {
        self.0[family.first() + part] = value;
    }

    fn cells(&self, index: usize) -> &[u64] {
        &self.0[OFFSETS[index]..OFFSETS[index + 1]]
    }

    /// The object that `dialogue.metrics()` gives.
    pub fn to_json(&self) -> Value {
        let mut root = Map::new();
        for (index, row) in TABLE.iter().enumerate() {
            let value = of_row(row, self.cells(index));
            match row.name.split_once('.') {
                None => {
                    root.insert(row.name.to_owned(), value);
                }
                Some((group, name)) => {
                    let group = root.entry(group).or_insert_with(|| json!({}));
                    group[name] = value;
                }
            }
        }
        Value::Object(root)
    }
}

fn of_row(row: &Row, cells: &[u64]) -> Value {
    let in_unit = |value: u64| match row.unit {
        "seconds" => json!(value as f64 / 1e9),
        _ => json!(value),
    };
    match row.kind {
        Kind::Histogram => {
            let (sum, counts) = cells.split_last().unwrap_or((&0, &[]));
            let mut count = 0;
            let buckets: Vec<_> = counts
                .iter()
                .zip(row.parts)
                .map(|(cell, bound)| {
                    count += cell;
                    json!({ "le": bound.parse::<Number>().ok(), "count": count })
                })
                .collect();
            let all: u64 = counts.iter().sum();
            json!({ "count": all, "sum": in_unit(*sum), "buckets": buckets })
        }
        Kind::Counter | Kind::Gauge if row.parts.is_empty() => in_unit(cells[0]),
        Kind::Counter | Kind::Gauge => {
            row.parts.iter().zip(cells).map(|(part, cell)| ((*part).to_owned(), in_unit(*cell))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Metrics, *};

    #[test]
    fn a_histogram_counts_what_is_at_most_its_bounds() {
        let metrics = Metrics::new(1);
        for nanoseconds in [100_000, 100_001, 2_000_000_000, 60_000_000_000] {
            metrics.observe(Family::DecisionsLatency, nanoseconds);
        }
        let json = metrics.read().to_json();
        let latency = &json["decisions"]["latencySeconds"];
        assert_eq!((&latency["count"], &latency["sum"]), (&json!(4), &json!(62.000200001)));
        let count = |le: f64| {
            let buckets = latency["buckets"].as_array().unwrap();
            buckets.iter().find(|bucket| bucket["le"].as_f64() == Some(le)).unwrap()["count"].as_u64()
        };
        assert_eq!(
            [count(0.0001), count(0.0003), count(1.0), count(10.0)],
            [Some(1), Some(2), Some(2), Some(3)]
        );
    }

    #[test]
    fn every_row_is_in_the_object() {
        let json = Metrics::new(1).read().to_json();
        for row in TABLE {
            assert!(
                row.name.split('.').fold(&json, |value, name| &value[name]).is_null().eq(&false),
                "{}",
                row.name
            );
        }
        assert_eq!(json["sessions"]["closed"]["pingTimeout"], 0);
        assert_eq!(json["errors"]["ROOM_FULL"], 0);
    }
}
